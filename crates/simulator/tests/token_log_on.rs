//! Our own client logs on by token to every generation, without sockets.

mod common;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{Pair, accounts, ora};
use oraedge::auth::{AccessToken, AuthMode};
use oraedge::connect_string::ConnectDescriptor;
use oraedge::session::SessionToken;
use oraedge::time::UnixTime;
use oraedge_simulator::engine::{Database, Settings};
use oraedge_simulator::generation::Generation;
use oraedge_simulator::identity::keys::PrivateKey;
use oraedge_simulator::identity::{Directory, Principal, PrincipalKind, sample};
use oraedge_simulator::server::{Account, ServerConfig};

const EVERY_DATABASE: &str = "urn:oracle:db::id::*";

/// Making keys takes long.
fn key() -> PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate().expect("random bytes")).clone()
}

fn directory() -> Directory {
    static DIRECTORY: OnceLock<Directory> = OnceLock::new();
    DIRECTORY
        .get_or_init(|| {
            let directory = Directory::new(sample::database()).expect("random bytes");
            sample::fill(&directory);
            directory
        })
        .clone()
}

fn server(generation: Generation) -> ServerConfig {
    let settings = Settings { sample_global_users: true, ..Settings::default() };
    let database = Database::in_memory(settings).expect("a database");
    let mut accounts = accounts();
    for name in ["vkv", "loner", "stranger"] {
        let mut account = Account::new(name, "password1");
        account.iam = true;
        accounts.push(account);
    }
    let mut config = ServerConfig::new(generation, database, accounts, &mut |bytes| bytes.fill(7));
    config.directory = Some(directory());
    config
}

fn unix_time(time: SystemTime) -> UnixTime {
    let millis = time.duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    UnixTime::from_millis(u64::try_from(millis).expect("a time"))
}

fn token(user: &str, scope: &str, issued: SystemTime) -> String {
    let user = directory().principal(user).expect("a principal of the sample");
    directory().issue_database_token(&user, scope, &key().public_key(), issued)
}

/// The cells of a query's first row, all of which are text.
fn one_row(pair: &mut Pair, sql: &str) -> Vec<String> {
    let outcome = pair.execute(sql).expect(sql);
    let batch = outcome.batch.expect("a query's rows");
    (0..batch.columns().len())
        .map(|column| {
            let cell = batch.cell(0, column).expect("not null");
            String::from_utf8(cell.to_vec()).expect("text")
        })
        .collect()
}

#[test]
fn every_generation_takes_a_token_with_its_proof() {
    let now = SystemTime::now();
    for generation in Generation::ALL {
        let config = Arc::new(server(generation));
        for (principal, user, identity) in [
            (sample::USER, "VK23C", "vk23c"),
            (sample::RESOURCE, "SHARED_USER", sample::RESOURCE),
            (sample::INSTANCE, "SHARED_USER", sample::INSTANCE),
        ] {
            let token = token(principal, EVERY_DATABASE, now);
            let mut pair = Pair::with_token(&config, &token, unix_time(now), Some(key()), true);
            pair.piece = 11;
            pair.log_on().unwrap_or_else(|error| panic!("{generation} {user}: {error}"));
            let sql = "select user, sys_context('userenv', 'authenticated_identity'), \
                       sys_context('userenv', 'authentication_method'), \
                       sys_context('userenv', 'network_protocol') from dual";
            assert_eq!(
                one_row(&mut pair, sql),
                [user, identity, "TOKEN_GLOBAL", "tcps"],
                "{generation}"
            );
            let parameters = &pair.client.info().parameters;
            assert!(!parameters.contains_key("AUTH_SVR_RESPONSE"), "{generation}");
            pair.ping().unwrap();
        }
    }
}

#[test]
fn tokens_that_are_not_good_here_are_refused_by_number() {
    let now = SystemTime::now();
    let before = now - Duration::from_secs(7200);
    let good = token(sample::USER, EVERY_DATABASE, now);
    let elsewhere = "urn:oracle:db::id::ocid1.compartment.oc1..other";
    let mut forged = good.clone();
    forged.truncate(good.rfind('.').expect("a signature"));
    forged.push_str(".AAAA");
    let other_key = PrivateKey::generate().expect("random bytes");
    let off = |seconds| unix_time(now - Duration::from_secs(seconds));
    for generation in Generation::ALL {
        let config = Arc::new(server(generation));
        for (what, token, made_at, key, encrypted, number) in [
            ("good", good.clone(), off(0), Some(key()), true, None),
            ("four minutes off", good.clone(), off(240), Some(key()), true, None),
            ("ten minutes off", good.clone(), off(600), Some(key()), true, Some(1017)),
            ("another's key", good.clone(), off(0), Some(other_key.clone()), true, Some(1017)),
            ("no proof", good.clone(), off(0), None, true, Some(1017)),
            ("without TLS", good.clone(), off(0), Some(key()), false, Some(25700)),
            ("forged", forged.clone(), off(0), Some(key()), true, Some(25707)),
            (
                "expired",
                self::token(sample::USER, EVERY_DATABASE, before),
                off(0),
                Some(self::key()),
                true,
                Some(25708),
            ),
            (
                "for another database",
                self::token(sample::USER, elsewhere, now),
                off(0),
                Some(self::key()),
                true,
                Some(1017),
            ),
            (
                "in no group",
                self::token(sample::LONER, EVERY_DATABASE, now),
                off(0),
                Some(self::key()),
                true,
                Some(1017),
            ),
        ] {
            let mut pair = Pair::with_token(&config, &token, made_at, key, encrypted);
            let came = pair.log_on().err().map(|error| ora(&error));
            assert_eq!(came, number, "{generation}: {what}");
        }
    }
}

#[test]
fn the_database_says_who_lacks_a_session_and_whom_it_does_not_trust() {
    static NOTES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let now = SystemTime::now();
    let token = token(sample::USER, EVERY_DATABASE, now);
    for (generation, text) in [
        (Generation::V19c, "user VK23C lacks CREATE SESSION privilege; logon denied"),
        (Generation::V26ai, "User VK23C does not have CREATE SESSION privilege"),
    ] {
        let mut config = server(generation);
        config.notes = Some(|note| NOTES.lock().expect("notes").push(note.to_owned()));
        let config = Arc::new(config);
        let try_it =
            || Pair::with_token(&config, &token, unix_time(now), Some(key()), true).log_on();
        let mut admin = config.database.session("ADMIN").expect("a session");
        admin.execute_text("drop role export_role", &[]).expect("the role");
        let error = try_it().expect_err("no CREATE SESSION");
        assert_eq!(ora(&error), 1045);
        assert!(error.to_string().contains(text), "{error}");
        admin.execute_text("grant create session to vk23c", &[]).expect("the user");
        try_it().expect("a session");
        let sql = "begin dbms_cloud_admin.disable_external_authentication; end;";
        admin.execute_text(sql, &[]).expect("the package");
        assert_eq!(ora(&try_it().expect_err("not enabled")), 1017);
        let notes = NOTES.lock().expect("notes");
        let said = notes.last().expect("a note");
        assert!(said.contains("IDENTITY_PROVIDER_TYPE is not OCI_IAM"), "{said}");
        assert!(!said.contains(&token), "a token was shown");
    }
}

#[test]
fn a_scope_may_name_the_compartment_and_the_database() {
    let now = SystemTime::now();
    let mut elsewhere = sample::database();
    elsewhere.ocid = "ocid1.autonomousdatabase.oc1.sim-local-1.another".to_owned();
    let in_compartment = format!("urn:oracle:db::id::{}", sample::COMPARTMENT);
    let in_database = format!("{in_compartment}::{}", sample::DATABASE);
    for (identity, scope, number) in [
        (None, &in_compartment, None),
        (None, &in_database, None),
        (Some(elsewhere.clone()), &in_compartment, None),
        (Some(elsewhere), &in_database, Some(1017)),
    ] {
        let mut config = server(Generation::V23ai);
        config.database_identity = identity;
        let token = token(sample::USER, scope, now);
        let mut pair =
            Pair::with_token(&Arc::new(config), &token, unix_time(now), Some(key()), true);
        assert_eq!(pair.log_on().err().map(|error| ora(&error)), number, "{scope}");
    }
}

#[test]
fn a_token_makes_nobody_an_administrator() {
    let now = SystemTime::now();
    let config = Arc::new(server(Generation::V23ai));
    let token = token(sample::USER, EVERY_DATABASE, now);
    for (mode, number) in [(AuthMode::Default, None), (AuthMode::SysDba, Some(1017))] {
        let pair = Pair::with_options(&config, "", "", |options| {
            options.mode = mode;
            options.descriptor =
                ConnectDescriptor::parse("tcps://localhost:2484/FREEPDB1").expect("a descriptor");
            options.token = Some(SessionToken {
                access: AccessToken::new(token.as_str()).expect("a token"),
                proof: true,
                made_at: unix_time(now),
            });
        });
        let mut pair = pair.over_tls();
        pair.key = Some(key());
        assert_eq!(pair.log_on().err().map(|error| ora(&error)), number, "{mode:?}");
    }
}

#[test]
fn a_password_of_iam_logs_on_under_any_case_of_the_name() {
    for generation in Generation::ALL {
        let config = Arc::new(server(generation));
        for name in ["vkv", "VKV", "Vkv"] {
            let mut pair = Pair::new(&config, name, "password1");
            pair.log_on().unwrap_or_else(|error| panic!("{generation} {name}: {error}"));
            let sql = "select sys_context('userenv', 'current_user'), \
                       sys_context('userenv', 'authenticated_identity'), \
                       sys_context('userenv', 'authentication_method') from dual";
            assert_eq!(one_row(&mut pair, sql), ["VKV", "vkv", "PASSWORD_GLOBAL"], "{generation}");
        }
        for (name, password) in
            [("vkv", "wrong"), ("loner", "password1"), ("stranger", "password1")]
        {
            let error = Pair::new(&config, name, password).log_on().expect_err(name);
            assert_eq!(ora(&error), 1017, "{generation} {name}");
        }
    }
}

#[test]
fn only_users_have_passwords_of_iam() {
    let directory = directory();
    directory.add_principal(Principal {
        kind: PrincipalKind::Instance,
        ocid: "ocid1.instance.oc1..stranger".to_owned(),
        name: "stranger".to_owned(),
        groups: vec!["demodg".to_owned()],
        roles: Vec::new(),
        tenancy: sample::TENANCY.to_owned(),
    });
    let config = Arc::new(server(Generation::V23ai));
    let error = Pair::new(&config, "stranger", "password1").log_on().expect_err("an instance");
    assert_eq!(ora(&error), 1017);
}
