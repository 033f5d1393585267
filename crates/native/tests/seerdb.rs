//! Our client against `seerdb`, a server that other people wrote from captures of real ones, at
//! every TTC field version whose layouts differ (12.1, 12.2, 18c, 19c, 21c, 23ai and 26ai).
//!
//! The server runs in a Python environment of its own under `target/peers/seerdb`, which is made
//! when it is missing; `ORAEDGE_SEERDB_PYTHON` names another Python that has the package. What it
//! serves is `tests/peers/seerdb/serve.py`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use oraedge::client::ToSql;
use oraedge::wire::ttc::binds::BindBatch;
use oraedge::wire::value::{DateTime, DbType, IntervalDs, IntervalYm, Number, TimestampTz};
use oraedge::{Connection, Error, Row};
use oraedge_native::{ConnectOptions, Trust};

/// The package that is installed.
const SEERDB: &str = "seerdb==3.3.0";

/// TTC field versions, and the release that the server presents with each. Those at 7, 11 and 12
/// are the server's own: it presents 11.2 below 12.2, and 12.2 up to 21c; from 18c on the packed
/// number has another layout, in which its 12.2.0.1 reads as 12.32.0.16.
const FIELD_VERSIONS: [(u8, &str); 7] = [
    (7, "11.2.0.2.0"),
    (8, "12.2.0.1.0"),
    (11, "12.32.0.16.0"),
    (12, "12.32.0.16.0"),
    (16, "21.3.0.0.0"),
    (17, "23.26.2.0.0"),
    (24, "23.26.2.0.0"),
];

/// From here on there is a type BOOLEAN.
const FIRST_WITH_BOOLEAN: u8 = 17;

struct Server {
    field_version: u8,
    release: &'static str,
    port: u16,
    // The server ends when its standard input does, at the latest with this process.
    _process: Child,
}

static SERVERS: LazyLock<Vec<Server>> = LazyLock::new(|| {
    FIELD_VERSIONS
        .iter()
        .map(|(field_version, release)| Server::start(*field_version, release, &[]))
        .collect()
});

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Python that has seerdb.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(python);

/// Installs seerdb where it is missing.
fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("ORAEDGE_SEERDB_PYTHON") {
        return PathBuf::from(python);
    }
    let folder = checkout().join("target/peers/seerdb");
    let python = folder.join("bin/python");
    let mark = folder.join("installed-packages");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == SEERDB) {
        return python;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", SEERDB];
    run(Command::new(&python).args(pip));
    std::fs::write(&mark, SEERDB).unwrap();
    python
}

fn run(command: &mut Command) {
    let status = command.status();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "{command:?}: {status:?}; Python 3 with venv and pip is needed (`cargo xtask setup`)"
    );
}

impl Server {
    fn start(field_version: u8, release: &'static str, certificate_and_key: &[&Path]) -> Server {
        let logs = checkout().join("target/peers/seerdb-logs");
        std::fs::create_dir_all(&logs).unwrap();
        let log = std::fs::File::create(logs.join(format!("{field_version}.log"))).unwrap();
        let mut process = Command::new(&*PYTHON)
            .arg(checkout().join("tests/peers/seerdb/serve.py"))
            .arg(field_version.to_string())
            .args(certificate_and_key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("{\"port\": ").and_then(|rest| rest.strip_suffix('}'));
        let port = port.unwrap_or_else(|| panic!("the server said {line:?}; see {logs:?}"));
        Server { field_version, release, port: port.parse().unwrap(), _process: process }
    }

    async fn try_connect(&self, user: &str, password: &str) -> oraedge::Result<Connection> {
        let connect_string = format!("127.0.0.1:{}/seer", self.port);
        oraedge_native::connect(user, password, &connect_string).await
    }

    async fn connect(&self) -> Connection {
        let connection = self.try_connect("scott", "tiger").await;
        let connection =
            connection.unwrap_or_else(|error| panic!("{}: {error}", self.field_version));
        connection.set_call_timeout(Some(Duration::from_secs(20)));
        connection
    }
}

/// Runs a test at each field version, and says at which it fails.
async fn at_each_version(test: impl AsyncFn(&Server, Connection)) {
    for server in SERVERS.iter() {
        println!("field version {}", server.field_version);
        let connection = server.connect().await;
        test(server, connection.clone()).await;
        connection.close().await.unwrap();
    }
}

async fn all(connection: &Connection, sql: &str) -> Vec<Row> {
    connection.query(sql, ()).await.unwrap().all().await.unwrap()
}

fn texts(row: &Row) -> Vec<Option<String>> {
    (0..row.columns().len()).map(|column| row.get(column).unwrap()).collect()
}

async fn count(connection: &Connection, table: &str) -> i64 {
    all(connection, &format!("select count(*) from {table}")).await[0].get(0).unwrap()
}

/// The database's own error; anything else is a failure of the test.
fn database_error<T: std::fmt::Debug>(result: oraedge::Result<T>) -> oraedge::DbError {
    match result {
        Err(Error::Database(error)) => *error,
        other => panic!("expected an error of the database, got {other:?}"),
    }
}

#[tokio::test]
async fn logs_on_and_learns_who_the_server_is() {
    at_each_version(async |server, connection| {
        assert_eq!(connection.info().version_text(), server.release);
        assert_eq!(connection.info().banner, "x86_64/Linux 2.4.xx");
        connection.ping().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_or_user_is_ora_01017() {
    for server in SERVERS.iter() {
        for (user, password) in [("scott", "lion"), ("nobody", "tiger"), ("scott", "")] {
            let error = server.try_connect(user, password).await.map(|_| ()).unwrap_err();
            assert_eq!(error.code(), "ORA-01017", "{user} at {}: {error}", server.field_version);
            assert!(!format!("{error:?} {error}").contains("lion"), "{error:?}");
        }
        // And the next log-on is as if nothing had been.
        server.connect().await.close().await.unwrap();
    }
}

#[tokio::test]
async fn every_type_comes_as_the_server_holds_it() {
    let fraction = format!("0.{}1", "0".repeat(9));
    let big = format!("25{}", "0".repeat(99));
    let small = format!("-0.{}1", "0".repeat(299));
    let (nines, long_text) = ("9".repeat(38), "x".repeat(1000));
    let negative_nines = format!("-{nines}");
    let bytes: String = (0..512).map(|i| format!("{:02X}", i % 256)).collect();
    let expected: [(&str, DbType, &str, &str); 20] = [
        ("ID", DbType::Number, "1", "2"),
        ("N_INT", DbType::Number, "42", "-7"),
        ("N_DEC", DbType::Number, "-1234.5678", &fraction),
        ("N_38", DbType::Number, &nines, &negative_nines),
        ("BF", DbType::BinaryFloat, "1.5", "-0.25"),
        ("BD", DbType::BinaryDouble, &big, &small),
        ("VC", DbType::Varchar, "Grüße, 世界 🙂", &long_text),
        ("CH", DbType::Char, "abc       ", "äöü    "),
        ("NVC", DbType::Nvarchar, "Ωmega 🙂", "y"),
        ("NCH", DbType::Nchar, "äöü       ", "z         "),
        ("RW", DbType::Raw, "00FF10ABCD", &bytes),
        ("DT", DbType::Date, "1999-12-31 23:59:58", "0001-01-01 00:00:00"),
        ("TS", DbType::Timestamp, "2024-02-29 12:34:56.123456", "9999-12-31 23:59:59.999999"),
        (
            "TZ",
            DbType::TimestampTz,
            "2024-02-29 12:34:56.123456 +05:30",
            "2024-01-01 00:00:00 -09:30",
        ),
        ("LTZ", DbType::TimestampLtz, "2024-02-29 12:34:56.123456", "1970-01-01 00:00:00"),
        ("IYM", DbType::IntervalYm, "+12-11", "-03-02"),
        ("IDS", DbType::IntervalDs, "+12 03:04:05.678000", "-01 00:00:01.000001"),
        ("RID", DbType::Rowid, "AAAR3sAAEAAAACXAAA", "AAAR3sAAEAAAACXAAB"),
        ("URID", DbType::Urowid, "AAAR3sAAEAAAACXAAA", "AAAR3sAAEAAAACXAAC"),
        ("BO", DbType::Boolean, "TRUE", "FALSE"),
    ];
    at_each_version(async |server, connection| {
        let with_boolean = server.field_version >= FIRST_WITH_BOOLEAN;
        let expected = &expected[..if with_boolean { 20 } else { 19 }];
        // The second time, the open cursor is executed again without the text.
        for _ in 0..2 {
            let rows = all(&connection, "select * from every_type order by id").await;
            let described: Vec<_> = rows[0]
                .columns()
                .iter()
                .map(|column| {
                    (column.name.clone(), DbType::from_wire(column.ora_type, column.csfrm))
                })
                .collect();
            let wanted: Vec<_> = expected
                .iter()
                .map(|(name, kind, ..)| (String::from(*name), Some(*kind)))
                .collect();
            assert_eq!(described, wanted);
            let first: Vec<_> = expected.iter().map(|(.., text, _)| Some((*text).into())).collect();
            let second: Vec<_> = expected.iter().map(|(.., text)| Some((*text).into())).collect();
            assert_eq!(rows.len(), 3);
            assert_eq!(texts(&rows[0]), first);
            assert_eq!(texts(&rows[1]), second);
            assert!(texts(&rows[2])[1..].iter().all(Option::is_none), "{:?}", texts(&rows[2]));
        }
    })
    .await;
}

#[tokio::test]
async fn long_values_come_whole() {
    let bytes: Vec<u8> = (0..=255).cycle().take(256 * 200).collect();
    at_each_version(async |_, connection| {
        for (table, text) in
            [("longs", "long text é".repeat(5000)), ("lobs", "clob text é🙂".repeat(5000))]
        {
            let rows = all(&connection, &format!("select * from {table}")).await;
            assert_eq!(rows.len(), 3, "{table}");
            assert!(rows[0].get::<String>(1).unwrap() == text, "{table}: another text");
            assert!(rows[0].get::<Vec<u8>>(2).unwrap() == bytes, "{table}: other bytes");
            let second: (String, Vec<u8>) = (rows[1].get(1).unwrap(), rows[1].get(2).unwrap());
            assert_eq!(second, ("short".to_owned(), vec![1]), "{table}");
            let third: (Option<String>, Option<Vec<u8>>) =
                (rows[2].get(1).unwrap(), rows[2].get(2).unwrap());
            assert_eq!(third, (None, None), "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_server_decodes_binds_to_what_was_bound() {
    let text = |text: &str| text.parse::<Number>().unwrap();
    let (long_text, long_raw) = ("ä🙂".repeat(500), vec![0xab; 2000]);
    let moment: DateTime = "2024-02-29 12:34:56.123456".parse().unwrap();
    let zoned: TimestampTz = "2024-02-29 12:34:56.123456 -03:30".parse().unwrap();
    let years: IntervalYm = "-12-11".parse().unwrap();
    let days: IntervalDs = "+12 03:04:05.678000".parse().unwrap();
    let thirty_eight = text("-99999999999999999999999999999999999999");
    let fraction = text("0.000000000000000000000000000001");
    let values: [(&dyn ToSql, &str); 14] = [
        (&0_i64, "0"),
        (&i64::MIN, "-9223372036854775808"),
        (&u64::MAX, "18446744073709551615"),
        (&thirty_eight, "-99999999999999999999999999999999999999"),
        (&fraction, "0.000000000000000000000000000001"),
        (&1.5_f64, "1.5"),
        (&-0.25_f32, "-0.25"),
        (&"Grüße, 世界 🙂", "Grüße, 世界 🙂"),
        (&long_text, &long_text),
        (&moment, "2024-02-29 12:34:56.123456"),
        (&zoned, "2024-02-29 12:34:56.123456 -03:30"),
        (&years, "-12-11"),
        (&days, "+12 03:04:05.678000"),
        (&None::<String>, ""),
    ];
    at_each_version(async |server, connection| {
        let names: Vec<String> = (1..=values.len()).map(|index| format!(":{index}")).collect();
        let sql = format!("select {} from echo", names.join(", "));
        let binds: Vec<&dyn ToSql> = values.iter().map(|(value, _)| *value).collect();
        for _ in 0..2 {
            let rows = connection.query(&sql, binds.as_slice()).await.unwrap().all().await.unwrap();
            let got: Vec<String> =
                texts(&rows[0]).into_iter().map(Option::unwrap_or_default).collect();
            let wanted: Vec<&str> = values.iter().map(|(_, text)| *text).collect();
            assert_eq!(got, wanted);
        }
        let longer_text = "x".repeat(20_000);
        let rows = connection.query("select :r, :t from echo", (&long_raw, &longer_text)).await;
        let rows = rows.unwrap().all().await.unwrap();
        assert_eq!(rows[0].get::<Vec<u8>>(0).unwrap(), long_raw);
        assert!(rows[0].get::<String>(1).unwrap() == longer_text);
        if server.field_version >= FIRST_WITH_BOOLEAN {
            let rows = connection.query("select :t, :f from echo", (true, false));
            let rows = rows.await.unwrap().all().await.unwrap();
            let got: (bool, bool) = (rows[0].get(0).unwrap(), rows[0].get(1).unwrap());
            assert_eq!(got, (true, false));
        }
    })
    .await;
}

#[tokio::test]
async fn others_see_changes_after_commit_and_never_after_rollback() {
    at_each_version(async |server, connection| {
        let other = server.connect().await;
        connection
            .execute("create table tx (id integer primary key, name text)", &[])
            .await
            .unwrap();
        let insert = "insert into tx (id, name) values (:id, :name)";
        let result = connection.execute(insert, (1, "eins")).await.unwrap();
        assert_eq!((result.rows_affected, result.result_set.is_none()), (1, true));
        assert_eq!((count(&connection, "tx").await, count(&other, "tx").await), (1, 0));
        connection.commit().await.unwrap();
        assert_eq!(count(&other, "tx").await, 1);

        let mut batch = BindBatch::new(2);
        for id in 2..=300 {
            id.push_to(&mut batch).unwrap();
            format!("name {id}").push_to(&mut batch).unwrap();
        }
        let result = connection.execute(insert, batch).await.unwrap();
        assert_eq!(result.rows_affected, 299);
        let update = "update tx set name = :name where id > :id";
        let result = connection.execute(update, ("neu", 290)).await.unwrap();
        assert_eq!(result.rows_affected, 10);
        assert_eq!((count(&connection, "tx").await, count(&other, "tx").await), (300, 1));
        connection.rollback().await.unwrap();
        assert_eq!((count(&connection, "tx").await, count(&other, "tx").await), (1, 1));
        assert_eq!(texts(&all(&connection, "select name from tx").await[0]), [Some("eins".into())]);
        connection.execute("drop table tx", ()).await.unwrap();
        other.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_error_leaves_the_connection_working() {
    at_each_version(async |_, connection| {
        connection.execute("create table er (id integer primary key not null)", ()).await.unwrap();
        connection.execute("insert into er values (1)", ()).await.unwrap();
        for (sql, number, offset) in [
            ("select * from no_such_table", 942, 0),
            ("select no_such_column from dual", 904, 0),
            ("selec 1", 900, 0),
            ("insert into er values (1)", 1, 0),
            ("select * from fails_at(17)", 1476, 17),
        ] {
            for _ in 0..2 {
                let error = database_error(connection.execute(sql, ()).await);
                assert_eq!(error.number, number, "{sql}: {error}");
                assert!(error.message.starts_with(&format!("ORA-{number:05}: ")), "{error}");
                assert_eq!(error.offset.unwrap_or(0), offset, "{sql}");
            }
            let rows = all(&connection, "select dummy from dual").await;
            assert_eq!(texts(&rows[0]), [Some("X".into())], "after {sql}");
        }
        // A bind that is missing is noticed here, before anything is sent.
        let trips = connection.round_trips().await;
        let error = connection.execute("select :a, :b from echo", (1,)).await;
        assert!(matches!(error, Err(Error::Misuse { .. })), "{error:?}");
        assert_eq!(connection.round_trips().await, trips);
        connection.rollback().await.unwrap();
        connection.execute("drop table er", ()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn rows_of_many_fetches_come_complete_and_in_order() {
    at_each_version(async |_, connection| {
        for (rows_per_fetch, total) in [(100, 0), (100, 1), (100, 100), (1, 250), (1000, 12_345)] {
            let sql = format!("select * from numbered({total})");
            let mut rows = connection.query(&sql, ()).await.unwrap();
            rows.set_array_size(rows_per_fetch);
            let mut id = 0;
            while let Some(row) = rows.next().await.unwrap() {
                id += 1;
                let got: (i64, String, f64) =
                    (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
                assert_eq!(got, (id, format!("row {id}"), id as f64 / 4.0));
            }
            assert_eq!(id, total);
        }
    })
    .await;
}

#[tokio::test]
async fn a_result_that_is_dropped_half_way_leaves_the_connection_clean() {
    at_each_version(async |_, connection| {
        for _ in 0..3 {
            let mut rows = connection.query("select * from numbered(5000)", ()).await.unwrap();
            for _ in 0..150 {
                rows.next().await.unwrap().unwrap();
            }
            drop(rows);
            assert_eq!(all(&connection, "select * from numbered(7)").await.len(), 7);
        }
        // Two results are read in turn.
        let mut left = connection.query("select * from numbered(500)", ()).await.unwrap();
        let mut right = connection.query("select * from numbered(400)", ()).await.unwrap();
        let (mut of_left, mut of_right) = (0, 0);
        loop {
            let (l, r) = (left.next().await.unwrap(), right.next().await.unwrap());
            of_left += usize::from(l.is_some());
            of_right += usize::from(r.is_some());
            if l.is_none() && r.is_none() {
                break;
            }
        }
        assert_eq!((of_left, of_right), (500, 400));
    })
    .await;
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_broken_off_and_the_connection_goes_on() {
    at_each_version(async |_, connection| {
        connection.set_call_timeout(Some(Duration::from_millis(150)));
        let start = Instant::now();
        // This server heeds a break only when the call is done.
        let error = connection.execute("select * from sleeps(500)", ()).await.map(|_| ());
        assert!(matches!(error, Err(Error::TimedOut { .. })), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        connection.set_call_timeout(Some(Duration::from_secs(20)));
        assert_eq!(all(&connection, "select * from numbered(3)").await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_is_closed_says_so() {
    at_each_version(async |_, connection| {
        connection.close().await.unwrap();
        let error = connection.execute("select dummy from dual", ()).await.map(|_| ());
        assert!(matches!(error, Err(Error::Closed { .. })), "{error:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_shared_by_tasks_on_any_thread() {
    at_each_version(async |_, connection| {
        let tasks: Vec<_> = (0..8_i64)
            .map(|n| {
                let connection = connection.clone();
                tokio::spawn(async move {
                    let rows = connection.query("select :1, :2 from echo", (n, "text")).await?;
                    rows.all().await?[0].get::<i64>(0)
                })
            })
            .collect();
        for (n, task) in (0..8).zip(tasks) {
            assert_eq!(task.await.unwrap().unwrap(), n);
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_older_than_12_1_is_refused_with_the_remedy() {
    let server = Server::start(6, "11.2.0.2.0", &[]);
    let error = server.try_connect("scott", "tiger").await.unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
    assert!(error.to_string().contains("upgrade the database to 12.1 or later"), "{error}");
}

#[tokio::test]
async fn tcps_works_as_well() {
    let folder = checkout().join("target/peers/seerdb-certificate");
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("server.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = Server::start(24, "23.26.2.0.0", &[&certificate, &key]);
    let connect_string = format!("tcps://localhost:{}/seer", server.port);
    let trust = Trust::only_file(&certificate).unwrap();
    let options = ConnectOptions::new("scott", "tiger", &connect_string);
    let connection = options.clone().trust(trust).connect().await.unwrap();
    assert_eq!(all(&connection, "select * from numbered(3000)").await.len(), 3000);
    connection.close().await.unwrap();
    // Without the certificate there is no connection, and the error says what to do.
    let error = options.connect().await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. }), "{error:?}");
}
