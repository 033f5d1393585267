//! What programs do with statements, against the simulator over TCP.

use std::net::{Ipv4Addr, SocketAddr};

use oraedge::client::{MaybeSync, ToSql};
use oraedge::session::ExecuteOptions;
use oraedge::wire::ttc::binds::BindBatch;
use oraedge::wire::value::{Number, Value};
use oraedge::{Connection, Error, Named, Row};
use oraedge_native::connect;
use oraedge_simulator::generation::Generation;
use oraedge_simulator::listen::Simulator;

/// One before 32k strings, one with packets that do not mark the end, one of today.
const RELEASES: [Generation; 3] = [Generation::V12_1, Generation::V19c, Generation::V26ai];

async fn start(generation: Generation) -> (Simulator, Connection) {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator =
        Simulator::builder().generation(generation).listen(any_port).start().await.unwrap();
    let port = simulator.tcp_address().unwrap().port();
    let connection =
        connect("scott", "tiger", &format!("localhost:{port}/FREEPDB1")).await.unwrap();
    (simulator, connection)
}

async fn rows(connection: &Connection, sql: &str) -> Vec<Row> {
    connection.query(sql, ()).await.unwrap().all().await.unwrap()
}

async fn number(connection: &Connection, sql: &str) -> i64 {
    rows(connection, sql).await[0].get(0).unwrap()
}

/// Rows of two values each.
fn batch<A: ToSql + MaybeSync, B: ToSql + MaybeSync>(
    rows: impl IntoIterator<Item = (A, B)>,
) -> BindBatch {
    let mut batch = BindBatch::new(2);
    for (first, second) in rows {
        first.push_to(&mut batch).unwrap();
        second.push_to(&mut batch).unwrap();
    }
    batch
}

#[tokio::test]
async fn result_sets_are_read_side_by_side() {
    for generation in RELEASES {
        let (_simulator, connection) = start(generation).await;
        let sql = "select level, rpad('x', mod(level, 50), 'x') from dual connect by level <= 2500";
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push(connection.query(sql, ()).await.unwrap());
        }
        for expected in 1..=2500i64 {
            for rows in &mut open {
                let row = rows.next().await.unwrap().unwrap();
                assert_eq!(row.get::<i64>(0).unwrap(), expected, "{generation}");
                let text: Option<String> = row.get(1).unwrap();
                assert_eq!(text.map_or(0, |text| text.len()) as i64, expected % 50);
            }
        }
        for mut rows in open {
            assert!(rows.next().await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn array_dml_binds_thousands_of_rows_at_once() {
    for generation in RELEASES {
        let (_simulator, connection) = start(generation).await;
        connection.execute("create table t (id number, name varchar2(100))", ()).await.unwrap();
        let insert = "insert into t (id, name) values (:1, :2)";
        // Rows with nulls, and names that grow, so that the room that was declared does not do.
        for round in 0..3i64 {
            let rows = (0..5000).map(|n| {
                let name = "n".repeat(usize::try_from(round * 20 + n % 20).unwrap());
                (round * 5000 + n, (n % 3 != 0).then_some(name))
            });
            let inserted = connection.execute(insert, batch(rows)).await.unwrap();
            assert_eq!(inserted.rows_affected, 5000, "{generation}");
        }
        connection.commit().await.unwrap();
        assert_eq!(number(&connection, "select count(*) from t").await, 15_000);
        assert_eq!(number(&connection, "select max(length(name)) from t").await, 59);
        assert_eq!(number(&connection, "select sum(id) from t").await, 14_999 * 15_000 / 2);
    }
}

#[tokio::test]
async fn rows_that_fail_are_told_apart_from_those_that_do_not() {
    for generation in RELEASES {
        let (_simulator, connection) = start(generation).await;
        connection
            .execute("create table t (id number primary key, name varchar2(3))", ())
            .await
            .unwrap();
        let insert = "insert into t (id, name) values (:1, :2)";
        let rows = [(1, "one"), (2, "two"), (1, "dup"), (4, "four"), (5, "fiv")];
        let options = ExecuteOptions { batch_errors: true, ..ExecuteOptions::default() };
        let result = connection.execute_with(insert, batch(rows), options).await.unwrap();
        let errors: Vec<(u32, u32)> =
            result.batch_errors.iter().map(|error| (error.row, error.number)).collect();
        assert_eq!(errors, [(2, 1), (3, 12899)], "{generation}");
        assert_eq!(number(&connection, "select count(*) from t").await, 3);

        // Without it, the first error ends the statement.
        let error = connection.execute(insert, batch([(6, "six"), (6, "dup")])).await.unwrap_err();
        let Error::Database(error) = error else { panic!("{error:?}") };
        assert_eq!((error.number, error.rows_affected), (1, 1), "{generation}");
        connection.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn a_query_notices_that_its_table_has_changed() {
    for generation in RELEASES {
        let (_simulator, connection) = start(generation).await;
        connection.execute("create table t (a number)", ()).await.unwrap();
        connection.execute("insert into t values (1)", ()).await.unwrap();
        assert_eq!(rows(&connection, "select * from t").await[0].columns().len(), 1);
        connection.execute("alter table t add (b varchar2(10))", ()).await.unwrap();
        connection.execute("update t set b = 'two'", ()).await.unwrap();
        for _ in 0..2 {
            let row = rows(&connection, "select * from t").await.remove(0);
            assert_eq!(row.get_by_name::<String>("b").unwrap(), "two", "{generation}");
        }
        connection.execute("drop table t", ()).await.unwrap();
        let error = connection.query("select * from t", ()).await.unwrap_err();
        assert_eq!(error.code(), "ORA-00942", "{generation}: {error}");
    }
}

#[tokio::test]
async fn a_statement_is_run_again_with_binds_of_other_types_and_lengths() {
    for generation in RELEASES {
        let (_simulator, connection) = start(generation).await;
        let longest = if generation == Generation::V12_1 { 4000 } else { 32_767 };
        let long = "ä".repeat(longest / 2);
        let values: [Value; 9] = [
            Value::Text("short".into()),
            Value::Text(long.clone()),
            Value::Null,
            Value::Number(Number::from(42)),
            Value::Text("short again".into()),
            Value::Null,
            Value::Bytes(vec![0xff; 2000]),
            Value::BinaryDouble(-0.5),
            Value::Text(long),
        ];
        for value in &values {
            let result = connection.query("select :1 from dual", (value,)).await.unwrap();
            let row = result.all().await.unwrap().remove(0);
            assert!(&row.get::<Value>(0).unwrap() == value, "{generation}: {value:?}");
        }
    }
}

#[tokio::test]
async fn binds_by_name_may_stand_in_several_places() {
    for generation in RELEASES {
        let (_simulator, connection) = start(generation).await;
        let sql = "select ename from emp where (job = :job or :job is null) and sal > :Sal \
                   and deptno in (:dept, :dept + 10) order by ename";
        let binds = [("job", &"CLERK" as &dyn ToSql), ("sal", &1000), ("DEPT", &10)];
        let rows = connection.query(sql, Named(&binds)).await.unwrap().all().await.unwrap();
        let names: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(names, ["ADAMS", "MILLER"], "{generation}");
        let error = connection.query(sql, Named(&binds[..2])).await.unwrap_err();
        assert!(error.to_string().contains("DEPT"), "{error}");
    }
}

#[tokio::test]
async fn auto_commit_commits_and_errors_do_not_undo_what_was_before() {
    for generation in RELEASES {
        let (simulator, connection) = start(generation).await;
        let port = simulator.tcp_address().unwrap().port();
        let other = connect("scott", "tiger", &format!("localhost:{port}/FREEPDB1")).await.unwrap();
        let insert = "insert into dept values (:1, :2, 'X')";
        let auto_commit = ExecuteOptions { auto_commit: true, ..ExecuteOptions::default() };
        connection.execute(insert, (50, "FIFTY")).await.unwrap();
        let error = connection.execute(insert, (50, "AGAIN")).await.unwrap_err();
        assert_eq!(error.code(), "ORA-00001", "{error}");
        assert_eq!(number(&other, "select count(*) from dept").await, 4);
        connection.execute_with(insert, (60, "SIXTY"), auto_commit).await.unwrap();
        assert!(!connection.in_transaction().await, "{generation}");
        assert_eq!(number(&other, "select count(*) from dept").await, 6, "{generation}");
    }
}

#[tokio::test]
async fn statements_that_leave_the_cache_are_closed_and_come_back() {
    let (_simulator, connection) = start(Generation::V19c).await;
    for round in 0..3 {
        for n in 0..80i64 {
            let sql = format!("select {n} + :1 from dual");
            let row =
                connection.query(&sql, (round,)).await.unwrap().all().await.unwrap().remove(0);
            assert_eq!(row.get::<i64>(0).unwrap(), n + round);
        }
    }
}

#[tokio::test]
async fn results_of_no_rows_and_of_one_batch_exactly_end_properly() {
    for generation in RELEASES {
        let (_simulator, connection) = start(generation).await;
        for count in [0, 1, 2, 99, 100, 101, 199, 200, 201, 1000] {
            let sql =
                format!("select level from dual where {count} > 0 connect by level <= {count}");
            for array_size in [1, 100, 1000] {
                let mut rows = connection.query(&sql, ()).await.unwrap();
                rows.set_array_size(array_size);
                let mut read = 0;
                while rows.next().await.unwrap().is_some() {
                    read += 1;
                }
                assert_eq!(read, count, "{generation}, {array_size} a fetch");
                assert!(rows.next().await.unwrap().is_none());
            }
        }
    }
}
