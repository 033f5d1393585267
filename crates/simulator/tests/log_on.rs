//! Our own client logs on to every generation, without sockets.

mod common;

use std::sync::Arc;

use common::{Pair, ora, server};
use oraedge::auth::{AuthMode, Secret};
use oraedge_simulator::generation::Generation;

#[test]
fn every_generation_takes_both_kinds_of_verifier_in_pieces_of_any_size() {
    for generation in Generation::ALL {
        let config = Arc::new(server(generation));
        for (user, piece) in
            [("scott", usize::MAX), ("old", usize::MAX), ("scott", 1), ("old", 11), ("expiring", 1)]
        {
            let mut pair = Pair::new(&config, user, "tiger");
            pair.piece = piece;
            pair.log_on().unwrap_or_else(|error| panic!("{generation} {user}: {error}"));
            let info = pair.client.info();
            assert_eq!(info.version, generation.version(), "{generation}");
            let service = info.parameters.get("AUTH_SC_SERVICE_NAME").map(String::as_str);
            assert_eq!(service, Some("FREEPDB1"));
            pair.ping().unwrap();
        }
    }
}

#[test]
fn accounts_that_may_not_log_on_are_told_why() {
    for generation in Generation::ALL {
        let config = Arc::new(server(generation));
        for (user, password, number) in [
            ("scott", "wrong", 1017),
            ("old", "wrong", 1017),
            ("nobody", "tiger", 1017),
            ("locked", "tiger", 28000),
            ("expired", "tiger", 28001),
            ("sys", "tiger", 28009),
        ] {
            let mut pair = Pair::new(&config, user, password);
            let error = pair.log_on().expect_err(user);
            assert_eq!(ora(&error), number, "{generation} {user}: {error}");
        }
    }
}

#[test]
fn an_expired_password_can_be_changed_while_logging_on() {
    let config = Arc::new(server(Generation::V19c));
    let new = || Secret::new(b"lion".to_vec());
    let mut pair = Pair::with_options(&config, "expired", "tiger", |options| {
        options.new_password = Some(new());
    });
    pair.log_on().unwrap();
    assert_eq!(ora(&Pair::new(&config, "expired", "tiger").log_on().unwrap_err()), 1017);
    Pair::new(&config, "expired", "lion").log_on().unwrap();
}

#[test]
fn only_those_who_may_become_sysdba() {
    let config = Arc::new(server(Generation::V23ai));
    for (user, number) in [("sys", None), ("scott", Some(1017))] {
        let mut pair = Pair::with_options(&config, user, "tiger", |options| {
            options.mode = AuthMode::SysDba;
        });
        let number_came = pair.log_on().err().map(|error| ora(&error));
        assert_eq!(number_came, number, "{user}");
    }
}

#[test]
fn a_service_that_is_not_there_is_named() {
    let mut config = server(Generation::V21c);
    config.services = vec!["ELSEWHERE".to_owned()];
    let error = Pair::new(&Arc::new(config), "scott", "tiger").log_on().unwrap_err();
    assert!(error.to_string().contains("ORA-12514"), "{error}");
}

#[test]
fn small_packets_will_do() {
    for sdu in [512, 513, 2048] {
        let mut config = server(Generation::V23ai);
        config.sdu = sdu;
        let mut pair = Pair::new(&Arc::new(config), "scott", "tiger");
        pair.log_on().unwrap();
        pair.ping().unwrap();
    }
}

#[test]
fn notices_of_a_shared_server_are_passed_over() {
    let mut config = server(Generation::V19c);
    config.shared_server = true;
    let mut pair = Pair::new(&Arc::new(config), "scott", "tiger");
    pair.log_on().unwrap();
    pair.ping().unwrap();
}

#[test]
fn after_an_error_the_session_goes_on() {
    for generation in Generation::ALL {
        let config = Arc::new(server(generation));
        let mut pair = Pair::new(&config, "scott", "tiger");
        pair.log_on().unwrap();
        for _ in 0..3 {
            let error = pair.execute("select * from no_such_table").unwrap_err();
            assert!(!error.is_fatal(), "{generation}: {error}");
            ora(&error);
            pair.ping().unwrap();
        }
    }
}
