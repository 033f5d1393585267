//! The client against the simulator over real sockets, for every release that it passes for.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use oraedge::auth::AuthMode;
use oraedge::client::ToSql;
use oraedge::wire::value::Value;
use oraedge::{Connection, Error, Named};
use oraedge_native::{ConnectOptions, Trust, connect};
use oraedge_simulator::generation::Generation;
use oraedge_simulator::listen::{Builder, Simulator};
use oraedge_simulator::server::{Account, AccountState, VerifierKind};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn simulator(generation: Generation) -> Simulator {
    let old = Account { verifier: VerifierKind::Oracle11g, ..Account::new("old", "Pässwört") };
    Builder::default()
        .generation(generation)
        .listen(ANY_PORT)
        .listen_tls(ANY_PORT)
        .account(Account { sysdba: true, ..Account::new("scott", "tiger") })
        .account(Account { state: AccountState::Locked, ..Account::new("locked", "x") })
        .account(Account { state: AccountState::Expired, ..Account::new("expired", "before") })
        .account(old)
        .start()
        .await
        .unwrap()
}

fn at(simulator: &Simulator) -> String {
    format!("localhost:{}/FREEPDB1", simulator.tcp_address().unwrap().port())
}

async fn log_on(simulator: &Simulator) -> Connection {
    connect("scott", "tiger", &at(simulator)).await.unwrap()
}

#[tokio::test]
async fn log_on_over_tcp_and_tcps_to_every_release() {
    for generation in Generation::ALL {
        let simulator = simulator(generation).await;
        let connection = log_on(&simulator).await;
        connection.ping().await.unwrap();
        connection.close().await.unwrap();

        let trust = Trust::only_pem(simulator.ca_pem().unwrap().as_bytes()).unwrap();
        let over_tls =
            format!("tcps://localhost:{}/FREEPDB1", simulator.tcps_address().unwrap().port());
        let options = ConnectOptions::new("scott", "tiger", over_tls).trust(trust);
        for _ in 0..2 {
            let connection = options.connect().await.unwrap();
            connection.ping().await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn accounts_are_let_in_or_refused_as_oracle_does() {
    for generation in Generation::ALL {
        let simulator = simulator(generation).await;
        let at = at(&simulator);
        connect("old", "Pässwört", &at).await.unwrap().close().await.unwrap();
        for (user, password, code) in [
            ("scott", "lion", "ORA-01017"),
            ("old", "passwort", "ORA-01017"),
            ("nobody", "tiger", "ORA-01017"),
            ("locked", "x", "ORA-28000"),
            ("expired", "before", "ORA-28001"),
        ] {
            let error = connect(user, password, &at).await.unwrap_err();
            assert_eq!(error.code(), code, "{user} on {generation}: {error}");
        }
    }
}

#[tokio::test]
async fn a_password_is_changed_while_logging_on() {
    for generation in Generation::ALL {
        let simulator = simulator(generation).await;
        let at = at(&simulator);
        for (user, before) in [("expired", "before"), ("old", "Pässwört")] {
            let options = ConnectOptions::new(user, before, &at).new_password("afterwards");
            options.connect().await.unwrap().close().await.unwrap();
            connect(user, "afterwards", &at).await.unwrap().close().await.unwrap();
            let error = connect(user, before, &at).await.unwrap_err();
            assert_eq!(error.code(), "ORA-01017", "{user} on {generation}");
        }
    }
}

#[tokio::test]
async fn sysdba_is_for_those_who_have_it() {
    let simulator = simulator(Generation::V19c).await;
    let at = at(&simulator);
    let as_sysdba = |user: &str, password: &str| {
        ConnectOptions::new(user, password, at.as_str()).mode(AuthMode::SysDba)
    };
    as_sysdba("scott", "tiger").connect().await.unwrap().close().await.unwrap();
    let error = as_sysdba("old", "Pässwört").connect().await.unwrap_err();
    assert!(matches!(error, Error::Database(_)), "{error:?}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_named() {
    let simulator = simulator(Generation::V23ai).await;
    let elsewhere = at(&simulator).replace("FREEPDB1", "NOWHERE");
    let error = connect("scott", "tiger", &elsewhere).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("12514") && text.contains("NOWHERE"), "{text}");
}

#[tokio::test]
async fn failover_goes_to_the_address_that_works() {
    let simulator = simulator(Generation::V19c).await;
    let port = simulator.tcp_address().unwrap().port();
    let unused = tokio::net::TcpListener::bind(ANY_PORT).await.unwrap();
    let closed = unused.local_addr().unwrap().port();
    drop(unused);
    let descriptor = format!(
        "(DESCRIPTION=(ADDRESS_LIST=(ADDRESS=(PROTOCOL=tcp)(HOST=localhost)(PORT={closed}))\
         (ADDRESS=(PROTOCOL=tcp)(HOST=localhost)(PORT={port})))\
         (CONNECT_DATA=(SERVICE_NAME=FREEPDB1)))"
    );
    connect("scott", "tiger", &descriptor).await.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_followed() {
    let target = simulator(Generation::V23ai).await;
    let port = target.tcp_address().unwrap().port();
    let listener = Builder::default()
        .listen(ANY_PORT)
        .redirect(format!("(ADDRESS=(PROTOCOL=tcp)(HOST=localhost)(PORT={port}))"))
        .start()
        .await
        .unwrap();
    let connection = log_on(&listener).await;
    connection.ping().await.unwrap();
}

#[tokio::test]
async fn a_simulator_that_ends_ends_its_connections() {
    let simulator = simulator(Generation::V23ai).await;
    let connection = log_on(&simulator).await;
    drop(simulator);
    connection.set_call_timeout(Some(Duration::from_secs(5)));
    let error = connection.ping().await.unwrap_err();
    assert!(error.is_fatal(), "{error:?}");
    assert!(matches!(connection.ping().await.unwrap_err(), Error::Closed { .. }));
}

#[tokio::test]
async fn queries_binds_and_errors_on_every_release() {
    for generation in Generation::ALL {
        let simulator = simulator(generation).await;
        let connection = log_on(&simulator).await;
        let query = "select empno, ename, sal from emp where deptno = :1 order by empno";
        let rows = connection.query(query, (10,)).await.unwrap().all().await.unwrap();
        let employees: Vec<(i64, String, f64)> = rows
            .iter()
            .map(|row| (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap()))
            .collect();
        assert_eq!(
            employees,
            [
                (7782, "CLARK".to_owned(), 2450.0),
                (7839, "KING".to_owned(), 5000.0),
                (7934, "MILLER".to_owned(), 1300.0)
            ],
            "{generation}"
        );
        let error = connection.execute("select * from nowhere", ()).await.unwrap_err();
        let Error::Database(error) = error else { panic!("{error:?}") };
        assert_eq!((error.code().as_str(), error.offset), ("ORA-00942", Some(14)), "{generation}");
        let rows = connection.query(query, Named(&[("1", &30)])).await.unwrap();
        assert_eq!(rows.all().await.unwrap().len(), 6);
    }
}

#[tokio::test]
async fn a_hundred_thousand_rows_come_complete_and_in_order_on_every_release() {
    for generation in Generation::ALL {
        let simulator = simulator(generation).await;
        let connection = log_on(&simulator).await;
        let query = "select level, 'row ' || level from dual connect by level <= 100000";
        let mut rows = connection.query(query, ()).await.unwrap();
        rows.set_array_size(1000);
        let mut expected = 0;
        while let Some(row) = rows.next().await.unwrap() {
            expected += 1;
            assert_eq!(row.get::<i64>(0).unwrap(), expected);
            assert_eq!(row.get::<String>(1).unwrap(), format!("row {expected}"));
        }
        assert_eq!(expected, 100_000, "{generation}");
    }
}

#[tokio::test]
async fn other_sessions_see_what_was_committed_and_no_more() {
    let simulator = simulator(Generation::V23ai).await;
    let (one, other) = (log_on(&simulator).await, log_on(&simulator).await);
    let count = async || {
        let rows = other.query("select count(*) from dept", ()).await.unwrap();
        rows.all().await.unwrap()[0].get::<i64>(0).unwrap()
    };
    let insert = "insert into dept (deptno, dname, loc) values (:1, :2, :3)";
    for end in ["rollback", "commit"] {
        let done = one.execute(insert, (50, "RESEARCH", "ZÜRICH")).await.unwrap();
        assert_eq!(done.rows_affected, 1);
        assert!(one.in_transaction().await);
        assert_eq!(count().await, 4, "before {end}");
        match end {
            "commit" => one.commit().await.unwrap(),
            _ => one.rollback().await.unwrap(),
        }
        assert!(!one.in_transaction().await);
    }
    assert_eq!(count().await, 5);
}

async fn all_types(connection: &Connection, id: i64) -> Vec<(String, Value)> {
    let rows = connection.query("select * from all_types where id = :1", (id,)).await.unwrap();
    let row = rows.all().await.unwrap().remove(0);
    (0..row.columns().len())
        .map(|column| (row.columns()[column].name.clone(), row.get(column).unwrap()))
        .collect()
}

#[tokio::test]
async fn every_type_comes_and_goes_on_every_release() {
    for generation in Generation::ALL {
        let simulator = simulator(generation).await;
        let options = ConnectOptions::new("scott", "tiger", at(&simulator)).time_zone("+00:00");
        let connection = options.connect().await.unwrap();
        let first = all_types(&connection, 1).await;
        for (name, expected) in [
            ("C_VARCHAR2", "hello"),
            ("C_VARCHAR2_CHAR", "héllo"),
            ("C_NVARCHAR2", "hello"),
            ("C_CHAR", "fixed     "),
            ("C_NCHAR", "fixed     "),
            ("C_NUMBER", "3.14159"),
            ("C_NUMBER_38", "12345678901234567890123456789012345678"),
            ("C_NUMBER_12_2", "1234567890.12"),
            ("C_FLOAT", "1.5"),
            ("C_BINARY_FLOAT", "1.5"),
            ("C_BINARY_DOUBLE", "2.5"),
            ("C_DATE", "2024-02-29 00:00:00"),
            ("C_TIMESTAMP", "2024-02-29 12:34:56.789012"),
            ("C_TIMESTAMP_9", "2024-02-29 12:34:56.123456789"),
            ("C_TIMESTAMP_TZ", "2024-02-29 12:34:56.5 +05:30"),
            ("C_TIMESTAMP_LTZ", "2024-02-29 12:34:56.5"),
            ("C_INTERVAL_YM", "+03-02"),
            ("C_INTERVAL_DS", "+04 05:12:10.222000"),
            ("C_ROWID", "AAAR3sAAHAAAACDAAA"),
            ("C_UROWID", "AAAR3sAAHAAAACDAAA"),
        ] {
            let (_, value) = first.iter().find(|(column, _)| column == name).unwrap();
            assert_eq!(value.to_string(), expected, "{name} on {generation}");
        }
        assert!(first.contains(&("C_RAW".to_owned(), Value::Bytes(vec![0xde, 0xad, 0xbe, 0xef]))));
        let nulls = all_types(&connection, 2).await;
        assert!(nulls.iter().skip(1).all(|(_, value)| value.is_null()), "{generation}");

        // Whatever was read can be bound, and comes back the same.
        let places: Vec<String> = (1..=first.len()).map(|n| format!(":{n}")).collect();
        let insert = format!("insert into all_types values ({})", places.join(", "));
        for id in [1, 2, 3, 4] {
            let mut values = all_types(&connection, id).await;
            values[0].1 = Value::Number((id + 100).into());
            let binds: Vec<&dyn ToSql> =
                values.iter().map(|(_, value)| value as &dyn ToSql).collect();
            let inserted = connection.execute(&insert, binds.as_slice()).await;
            assert_eq!(
                inserted
                    .unwrap_or_else(|error| panic!("{id} on {generation}: {error}"))
                    .rows_affected,
                1
            );
            assert_eq!(all_types(&connection, id + 100).await, values, "{generation}");
        }
        connection.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_broken_off_and_the_connection_goes_on() {
    for generation in [Generation::V12_1, Generation::V19c, Generation::V23ai] {
        let simulator = simulator(generation).await;
        let connection = log_on(&simulator).await;
        connection.set_call_timeout(Some(Duration::from_millis(300)));
        // DBMS_SESSION has SLEEP from 18c on only.
        let sleep = "begin dbms_lock.sleep(20); end;";
        let error = connection.execute(sleep, ()).await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{generation}: {error:?}");
        connection.set_call_timeout(None);
        connection.ping().await.unwrap();

        let (slow, canceller) = (connection.clone(), connection.clone());
        let running = tokio::spawn(async move { slow.execute(sleep, ()).await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        canceller.cancel();
        let error = running.await.unwrap().unwrap_err();
        assert_eq!(error.code(), "ORA-01013", "{generation}: {error:?}");
        connection.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_future_that_is_dropped_leaves_the_connection_usable() {
    let simulator = simulator(Generation::V23ai).await;
    let connection = log_on(&simulator).await;
    for _ in 0..3 {
        let slow = connection.execute("begin dbms_session.sleep(20); end;", ());
        assert!(tokio::time::timeout(Duration::from_millis(100), slow).await.is_err());
        let rows = connection.query("select 1 from dual", ()).await.unwrap();
        assert_eq!(rows.all().await.unwrap()[0].get::<i64>(0).unwrap(), 1);
    }
}
