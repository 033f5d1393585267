use oraedge::wire::value::{DbType, Value};

use super::super::Generation;
use super::{check, rows, scott};

#[test]
fn describe_tells_oracles_types() {
    let mut session = scott(Generation::V19);
    for (sql, expected) in [
        (
            "select empno, ename, hiredate, sal from emp",
            "EMPNO Number 4,0 22 n; ENAME Varchar 0,0 10 y; HIREDATE Date 0,0 7 y; SAL Number 7,2 22 y",
        ),
        (
            "select 1, 'abc', null, sysdate from dual",
            "1 Number 0,-127 22 n; 'ABC' Char 0,0 3 n; NULL Varchar 0,0 0 y; SYSDATE Date 0,0 7 n",
        ),
        (
            "select count(*), sum(sal) total, upper(ename) from emp group by ename",
            "COUNT(*) Number 0,-127 22 n; TOTAL Number 0,-127 22 y; UPPER(ENAME) Varchar 0,0 10 y",
        ),
        ("select sal * 12 + 1 from emp", "SAL*12+1 Number 0,-127 22 y"),
        ("select :1, :x || 'a' from dual", ":1 Varchar 0,0 32 y; :X||'A' Varchar 0,0 2 n"),
        (
            "select systimestamp, cast(sysdate as timestamp(3)) t, interval '1' day d from dual",
            "SYSTIMESTAMP TimestampTz 0,6 13 n; T Timestamp 0,3 11 n; D IntervalDs 2,0 11 n",
        ),
        (
            "select rowid, rownum, emp.comm as \"Comm\" from emp",
            "ROWID Rowid 0,0 10 n; ROWNUM Number 0,-127 22 y; Comm Number 7,2 22 y",
        ),
        (
            "select * from (select ename n, sal from emp union all select 'x', 1 from dual)",
            "N Varchar 0,0 10 y; SAL Number 0,-127 22 y",
        ),
        (
            "select c_char, c_nvarchar2, c_varchar2_char, c_raw, c_binary_double, c_interval_ym from all_types",
            "C_CHAR Char 0,0 10 y; C_NVARCHAR2 Nvarchar 0,0 200 y; C_VARCHAR2_CHAR Varchar 0,0 400 y; C_RAW Raw 0,0 2000 y; C_BINARY_DOUBLE BinaryDouble 0,0 8 y; C_INTERVAL_YM IntervalYm 4,0 5 y",
        ),
    ] {
        let statement = session.prepare(sql).unwrap();
        let columns: Vec<String> = statement
            .columns
            .iter()
            .map(|c| {
                let nullable = if c.nullable { "y" } else { "n" };
                format!(
                    "{} {:?} {},{} {} {nullable}",
                    c.name, c.db_type, c.precision, c.scale, c.max_size
                )
            })
            .collect();
        assert_eq!(columns.join("; "), expected, "{sql}");
    }
}

#[test]
fn binds_decide_the_type_of_their_column() {
    let mut session = scott(Generation::V19);
    let statement = session.prepare("select :1 from dual").unwrap();
    assert_eq!(statement.bind_names, ["1"]);
    for (value, db_type) in [
        (Value::from(5i64), DbType::Number),
        (Value::from("text"), DbType::Varchar),
        (Value::from(1.5f64), DbType::BinaryDouble),
        (Value::from(vec![1u8, 2]), DbType::Raw),
        (Value::Null, DbType::Varchar),
    ] {
        let mut outcome = session.execute(&statement, std::slice::from_ref(&value)).unwrap();
        let source = outcome.rows.as_mut().unwrap();
        assert_eq!(source.columns()[0].db_type, db_type);
        let mut row = Vec::new();
        assert!(source.next_row(&mut row).unwrap());
        assert_eq!(row, [value]);
    }
}

#[test]
fn every_type_comes_back_as_it_went_in() {
    let mut session = scott(Generation::V19);
    let all = rows(&mut session, "select * from all_types order by id", &[]).unwrap();
    assert_eq!(all.len(), 5);
    let statement = session.prepare("select * from all_types where id = :1").unwrap();
    for id in 1..=5i64 {
        let mut outcome = session.execute(&statement, &[Value::from(id)]).unwrap();
        let mut row = Vec::new();
        assert!(outcome.rows.as_mut().unwrap().next_row(&mut row).unwrap());
        // The same values bound again are the same row again.
        let names: Vec<String> =
            statement.columns.iter().map(|c| c.name.to_lowercase()).skip(1).collect();
        let list: Vec<String> = (2..=row.len()).map(|at| format!(":{at}")).collect();
        let insert = format!(
            "insert into all_types (id, {}) values (:1 + 100, {})",
            names.join(", "),
            list.join(", ")
        );
        session.execute_text(&insert, &row).unwrap();
        let mut copy = Vec::new();
        let mut outcome = session.execute(&statement, &[Value::from(id + 100)]).unwrap();
        assert!(outcome.rows.as_mut().unwrap().next_row(&mut copy).unwrap());
        assert_eq!(format!("{:?}", &row[1..]), format!("{:?}", &copy[1..]), "row {id}");
    }
}

#[test]
fn binds_are_found_by_occurrence() {
    let mut session = scott(Generation::V19);
    let statement =
        session.prepare("select :a, ':no', :b /* :no */ from dual where :a = :\"A\"").unwrap();
    assert_eq!(statement.bind_names, ["A", "B", "A", "A"]);
    assert_eq!(session.execute(&statement, &[Value::from(1)]).unwrap_err().number, 1008);
}

#[test]
fn comparisons_follow_the_types() {
    check(
        &mut scott(Generation::V19),
        &[
            ("select count(*) from emp where empno = '7839'", "1"),
            ("select count(*) from emp where hiredate = '17-NOV-81'", "1"),
            ("select count(*) from emp where hiredate > timestamp '1981-11-17 00:00:00.5'", "5"),
            ("select count(*) from all_types where c_char = 'fixed'", "1"),
            ("select count(*) from all_types where c_char = 'fixed     '", "1"),
            (
                "select count(*) from all_types where c_timestamp_tz = timestamp '2024-02-29 07:04:56.5 +00:00'",
                "1",
            ),
            ("select count(*) from all_types where c_raw = 'DEADBEEF'", "1"),
            ("select count(*) from all_types where c_binary_double = 2.5", "1"),
            ("select count(*) from all_lobs where c_clob = 'x'", "!932"),
            ("select count(*) from emp where ename = 1", "!1722"),
            ("select count(*) from emp where hiredate = 1", "!932"),
        ],
    );
}
