use std::time::Duration;

use oraedge::wire::value::Value;

use super::super::{Generation, StatementKind};
use super::{check, rows, scott};

#[test]
fn blocks_run() {
    let mut session = scott(Generation::V19);
    session.execute_text("begin dbms_output.enable; end;", &[]).unwrap();
    for (block, output) in [
        ("begin null; end;", ""),
        ("begin dbms_output.put_line('hello ' || user); end;", "hello SCOTT"),
        (
            "declare n number := 2; v varchar2(20); begin n := n * 21; v := n; dbms_output.put_line(v); end;",
            "42",
        ),
        ("begin for i in 1..3 loop dbms_output.put_line(i); end loop; end;", "1,2,3"),
        (
            "begin for i in reverse 1 .. 3 loop exit when i = 1; dbms_output.put_line(i); end loop; end;",
            "3,2",
        ),
        (
            "declare i number := 0; begin while i < 2 loop i := i + 1; dbms_output.put_line('w' || i); end loop; end;",
            "w1,w2",
        ),
        (
            "declare i number := 5; begin if i > 9 then dbms_output.put_line('big'); elsif i = 5 then dbms_output.put_line('five'); else dbms_output.put_line('small'); end if; end;",
            "five",
        ),
        (
            "declare s emp.sal%type; begin select sal into s from emp where empno = 7839; dbms_output.put_line(s); end;",
            "5000",
        ),
        (
            "begin for r in (select ename, sal from emp where deptno = 10 order by sal) loop dbms_output.put_line(r.ename || '=' || r.sal); end loop; end;",
            "MILLER=1300,CLARK=2450,KING=5000",
        ),
        (
            "declare r dept%rowtype; begin select * into r from dept where deptno = 10; dbms_output.put_line(r.dname); end;",
            "ACCOUNTING",
        ),
        (
            "begin update emp set sal = sal where deptno = 10; dbms_output.put_line(sql%rowcount); end;",
            "3",
        ),
        (
            "declare x number; begin x := 1 / 0; exception when zero_divide then dbms_output.put_line('div ' || sqlcode); end;",
            "div -1476",
        ),
        (
            "declare x number; begin select empno into x from emp where 1 = 0; exception when no_data_found then dbms_output.put_line('none'); when others then null; end;",
            "none",
        ),
        (
            "declare e exception; begin raise e; exception when e then dbms_output.put_line('mine'); end;",
            "mine",
        ),
        (
            "declare n number; begin execute immediate 'select count(*) from emp where deptno = :1' into n using 10; dbms_output.put_line(n); end;",
            "3",
        ),
        (
            "declare b boolean := true; begin if b and not false then dbms_output.put_line('yes'); end if; end;",
            "yes",
        ),
        ("begin dbms_output.put('a'); dbms_output.put('b'); dbms_output.new_line; end;", "ab"),
        (
            "begin begin raise_application_error(-20001, 'x'); exception when others then dbms_output.put_line(sqlerrm); end; end;",
            "ORA-20001: x",
        ),
    ] {
        session.execute_text(block, &[]).unwrap_or_else(|e| panic!("{block}: {e}"));
        assert_eq!(session.take_output().join(","), output, "{block}");
    }
}

#[test]
fn blocks_take_and_give_binds() {
    let mut session = scott(Generation::V19);
    let statement = session.prepare("begin :out := :a + :b; :a := 'x'; end;").unwrap();
    assert_eq!(statement.kind, StatementKind::PlSql);
    assert_eq!(statement.bind_names, ["OUT", "A", "B"]);
    assert_eq!(statement.out_binds, [0, 1]);
    let outcome =
        session.execute(&statement, &[Value::Null, Value::from(40), Value::from(2)]).unwrap();
    assert_eq!(outcome.out_binds, [(0, vec![Value::from(42)]), (1, vec![Value::from("x")])]);
    session
        .execute_text(
            "begin insert into dept values (:1, :2, null); end;",
            &[Value::from(50), Value::from("B")],
        )
        .unwrap();
    assert_eq!(rows(&mut session, "select dname from dept where deptno = 50", &[]).unwrap(), ["B"]);
    let statement = session
        .prepare("begin insert into dept values (60, 'R', null) returning dname into :d; end;")
        .unwrap();
    let outcome = session.execute(&statement, &[Value::Null]).unwrap();
    assert_eq!(outcome.out_binds, [(0, vec![Value::from("R")])]);
}

#[test]
fn blocks_fail_as_in_oracle() {
    let mut session = scott(Generation::V19);
    check(
        &mut session,
        &[
            (
                "begin raise_application_error(-20123, 'my error'); end;",
                "ORA-20123: my error\nORA-06512: at line 1",
            ),
            (
                "begin\n  insert into dept values (50, 'A', 'B');\n  insert into dept values (10, 'A', 'B');\nend;",
                "ORA-00001: unique constraint (SCOTT.PK_DEPT) violated\nORA-06512: at line 3",
            ),
            ("select count(*) from dept", "4"),
            (
                "begin nope; end;",
                "ORA-06550: line 1, column 7:\nPLS-00201: identifier 'NOPE' must be declared\nORA-06550: line 1, column 7:\nPL/SQL: Statement ignored",
            ),
            ("begin x := 1; end;", "!6550"),
            ("begin null end;", "!6550"),
            ("begin", "!6550"),
            ("begin select 1 from dual; end;", "!6550"),
            (
                "declare v varchar2(2); begin v := 'abc'; end;",
                "ORA-06502: PL/SQL: numeric or value error: character string buffer too small\nORA-06512: at line 1",
            ),
            ("declare n number; begin n := 'abc'; end;", "!6502"),
            ("declare n number; begin select empno into n from emp; end;", "!1422"),
            ("declare e exception; begin raise e; end;", "!6510"),
        ],
    );
}

#[test]
fn sleeping_is_left_to_the_server() {
    let mut session = scott(Generation::V19);
    let outcome =
        session.execute_text("begin dbms_session.sleep(:1); end;", &[Value::from(30)]).unwrap();
    assert_eq!(outcome.sleep, Duration::from_secs(30));
    session
        .execute_text("begin dbms_session.set_identifier('me'); dbms_application_info.set_module('m', 'a'); end;", &[])
        .unwrap();
    check(
        &mut session,
        &[(
            "select sys_context('userenv', 'client_identifier'), sys_context('userenv', 'module') from dual",
            "me|m",
        )],
    );
}
