//! The client against seerdb, a server that other people wrote from captures of real ones
//! (`tests/peers/seerdb/server.py`). Needs a Python that has it; `ORAEDGE_SEERDB_PYTHON` is its
//! path.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::Server;
use oraedge::client::ToSql;
use oraedge::wire::value::{Number, Value};
use oraedge::{Connection, Error};
use oraedge_native::{ConnectOptions, Trust, connect};
use rcgen::generate_simple_self_signed;

/// 12.1, 12.2, 18c, 19c, 21c, and the first and last of 23ai.
const FIELD_VERSIONS: [u8; 7] = [7, 8, 11, 12, 16, 17, 24];

/// A server of this field version; `None`, said aloud, without a Python for it.
fn server(field_version: u8, tls: &[&Path]) -> Option<Server> {
    let Some(python) = std::env::var_os("ORAEDGE_SEERDB_PYTHON") else {
        println!("NOT TESTED: set ORAEDGE_SEERDB_PYTHON to a Python that has seerdb 3.3.0");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/seerdb/server.py");
    let mut command = Command::new(python);
    command.arg(script).arg(field_version.to_string()).args(tls);
    Some(Server::start(&mut command))
}

async fn log_on(server: &Server) -> Connection {
    connect("scott", "tiger", &format!("127.0.0.1:{}/orcl", server.tcp)).await.unwrap()
}

#[tokio::test]
async fn every_type_is_read_at_every_field_version() {
    for field_version in FIELD_VERSIONS {
        let Some(server) = server(field_version, &[]) else { return };
        let connection = log_on(&server).await;
        let rows = connection.query("select * from every_type", ()).await.unwrap();
        let names: Vec<String> = rows.columns().iter().map(|column| column.name.clone()).collect();
        let rows = rows.all().await.unwrap();
        assert_eq!(rows.len(), 2);
        for (name, text) in [
            ("INTEGER_", "42"),
            ("NUMBER_", "-12345678901234567890.0123456789"),
            ("VARCHAR2_", "Grüße, 漢字 🔑"),
            ("CHAR_", "fixed     "),
            ("DATE_", "1999-12-31 23:59:58"),
            ("TIMESTAMP_", "2024-02-29 12:34:56.123456"),
            ("TIMESTAMP_TZ_", "2024-02-29 12:34:56.123456 +05:30"),
            ("INTERVAL_DS_", "+03 04:05:06.789000"),
            ("INTERVAL_YM_", "+02-03"),
        ] {
            let value: Value = rows[0].get_by_name(name).unwrap();
            assert_eq!(value.to_string(), text, "{name} at field version {field_version}");
        }
        assert_eq!(rows[0].get_by_name::<Vec<u8>>("RAW_").unwrap(), (0..20).collect::<Vec<u8>>());
        assert_eq!(rows[0].get_by_name::<f32>("BINARY_FLOAT_").unwrap(), 1.5);
        assert_eq!(rows[0].get_by_name::<f64>("BINARY_DOUBLE_").unwrap(), -2.25e100);
        for name in &names {
            assert_eq!(rows[1].get_by_name::<Value>(name).unwrap(), Value::Null, "{name}");
        }
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn binds_come_back_as_they_were_sent() {
    for field_version in FIELD_VERSIONS {
        let Some(server) = server(field_version, &[]) else { return };
        let connection = log_on(&server).await;
        let number: Number = "123456789012345678901234567890.12345678".parse().unwrap();
        let long = "x".repeat(20_000);
        let row = connection
            .query(
                "select :1, :2, :3, :4, :5 from dual",
                (number, "Grüße", vec![0u8, 255], Value::Null, &long),
            )
            .await
            .unwrap()
            .all()
            .await
            .unwrap()
            .remove(0);
        assert_eq!(row.get::<Number>(0).unwrap(), number);
        assert_eq!(row.get::<String>(1).unwrap(), "Grüße");
        assert_eq!(row.get::<Vec<u8>>(2).unwrap(), [0, 255]);
        assert_eq!(row.get::<Value>(3).unwrap(), Value::Null);
        assert!(row.get::<String>(4).unwrap() == long, "at field version {field_version}");
    }
}

#[tokio::test]
async fn after_an_error_the_connection_goes_on_at_every_field_version() {
    for field_version in FIELD_VERSIONS {
        let Some(server) = server(field_version, &[]) else { return };
        let connection = log_on(&server).await;
        for _ in 0..3 {
            let error = connection.execute("select * from nowhere", ()).await.unwrap_err();
            assert_eq!(error.code(), "ORA-00942", "{error}");
            connection.ping().await.unwrap();
        }
        assert_eq!(count(&connection).await, 0);
        connection.execute("insert into t values (:1)", (1,)).await.unwrap();
        connection.rollback().await.unwrap();
        let inserted = connection.execute("insert into t values (:1)", (2,)).await.unwrap();
        assert_eq!(inserted.rows_affected, 1);
        connection.commit().await.unwrap();
        connection.close().await.unwrap();
        assert_eq!(count(&log_on(&server).await).await, 1);
    }
}

async fn count(connection: &Connection) -> i64 {
    let rows = connection.query("select count(*) from t", ()).await.unwrap();
    rows.all().await.unwrap()[0].get(0).unwrap()
}

#[tokio::test]
async fn many_rows_come_complete_and_in_order() {
    for field_version in FIELD_VERSIONS {
        let Some(server) = server(field_version, &[]) else { return };
        let connection = log_on(&server).await;
        let mut rows = connection.query("select n, name from numbers(5000)", ()).await.unwrap();
        rows.set_array_size(1000);
        let mut expected = 0;
        while let Some(row) = rows.next().await.unwrap() {
            assert_eq!(row.get::<i64>(0).unwrap(), expected);
            assert_eq!(row.get::<String>(1).unwrap(), format!("name {}", expected / 2));
            expected += 1;
        }
        assert_eq!(expected, 5000, "at field version {field_version}");
    }
}

#[tokio::test]
async fn a_result_that_is_dropped_half_way_leaves_the_connection_clean() {
    let Some(server) = server(24, &[]) else { return };
    let connection = log_on(&server).await;
    for _ in 0..5 {
        let mut rows = connection.query("select n, name from numbers(5000)", ()).await.unwrap();
        for expected in 0..150 {
            let row = rows.next().await.unwrap().unwrap();
            assert_eq!(row.get::<i64>(0).unwrap(), expected);
        }
        drop(rows);
        assert_eq!(count(&connection).await, 0);
    }
}

#[tokio::test]
async fn a_connection_is_shared_by_tasks_on_any_thread() {
    let Some(server) = server(24, &[]) else { return };
    let connection = log_on(&server).await;
    let tasks: Vec<_> = (0..8i64)
        .map(|n| {
            let connection = connection.clone();
            tokio::spawn(async move {
                let binds: &[&dyn ToSql] = &[&n, &"text"];
                let rows = connection.query("select :1, :2 from dual", binds).await?;
                rows.all().await?[0].get::<i64>(0)
            })
        })
        .collect();
    for (n, task) in (0..8).zip(tasks) {
        assert_eq!(task.await.unwrap().unwrap(), n);
    }
}

#[tokio::test]
async fn a_wrong_password_is_ora_01017() {
    for field_version in FIELD_VERSIONS {
        let Some(server) = server(field_version, &[]) else { return };
        let connect_string = format!("127.0.0.1:{}/orcl", server.tcp);
        let error = connect("scott", "lion", &connect_string).await.unwrap_err();
        assert_eq!(error.code(), "ORA-01017", "{error}");
        assert!(!error.to_string().contains("lion"));
    }
}

#[tokio::test]
async fn a_server_older_than_12_1_is_refused_with_the_remedy() {
    let Some(server) = server(6, &[]) else { return };
    let connect_string = format!("127.0.0.1:{}/orcl", server.tcp);
    let error = connect("scott", "tiger", &connect_string).await.unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
    assert!(error.to_string().contains("12.1"), "{error}");
}

#[tokio::test]
async fn tcps_works_as_well() {
    let folder = std::env::temp_dir().join(format!("oraedge-seerdb-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("server.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = server(24, &[&certificate, &key]);
    let trust = Trust::only_file(&certificate).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let Some(server) = server else { return };
    let connect_string = format!("tcps://localhost:{}/orcl", server.tcps);
    let connection =
        ConnectOptions::new("scott", "tiger", connect_string).trust(trust).connect().await.unwrap();
    connection.set_call_timeout(Some(Duration::from_secs(20)));
    assert_eq!(count(&connection).await, 0);
    connection.close().await.unwrap();
}
