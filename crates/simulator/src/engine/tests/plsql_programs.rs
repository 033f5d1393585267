//! Procedures, functions, cursors, records and the errors of PL/SQL.

use oraedge::wire::value::{DbType, Value};

use super::super::{Generation, Session};
use super::{check, rows, scott};

/// What blocks write with DBMS_OUTPUT, or the error.
fn output(session: &mut Session, block: &str) -> String {
    match session.execute_text(block, &[]) {
        Ok(_) => session.take_output().join(","),
        Err(error) => error.message,
    }
}

/// Runs each block: what it writes, or its error.
fn all(session: &mut Session, table: &[(&str, &str)]) {
    let mut failures = Vec::new();
    for (block, wanted) in table {
        let got = output(session, block);
        if got != *wanted {
            failures.push(format!("{block}\n     got {got}\n  wanted {wanted}"));
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

fn with_output() -> Session {
    let mut session = scott(Generation::V19);
    session.execute_text("begin dbms_output.enable(null); end;", &[]).unwrap();
    session
}

#[test]
fn local_programs_pass_values_in_and_out() {
    let mut session = with_output();
    all(
        &mut session,
        &[
            (
                "declare
               function fact(n number) return number is
               begin
                 if n <= 1 then return 1; end if;
                 return n * fact(n - 1);
               end fact;
             begin dbms_output.put_line(fact(20)); end;",
                "2432902008176640000",
            ),
            (
                "declare
               x number := 1; y varchar2(10);
               procedure p(a in out number, b out varchar2, c in number default 5) is
               begin a := a + c; b := 'got ' || a; end;
             begin
               p(x, y); dbms_output.put_line(x || ' ' || y);
               p(c => 10, b => y, a => x); dbms_output.put_line(x || ' ' || y);
             end;",
                "6 got 6,16 got 16",
            ),
            (
                "declare
               total number := 0;
               procedure add_to(n number) is begin total := total + n; end;
             begin add_to(3); add_to(4); dbms_output.put_line(total); end;",
                "7",
            ),
            (
                "declare
               procedure a(n number);
               procedure b(n number) is begin a(n - 1); end;
               procedure a(n number) is begin
                 if n > 0 then dbms_output.put_line('a' || n); b(n); end if;
               end;
             begin a(3); end;",
                "a3,a2,a1",
            ),
            (
                "declare
               function even(n number) return boolean is begin return mod(n, 2) = 0; end;
             begin
               for i in 1..4 loop
                 continue when not even(i);
                 dbms_output.put_line(i);
               end loop;
               if even(3) or even(4) then dbms_output.put_line('one of them'); end if;
             end;",
                "2,4,one of them",
            ),
            (
                "declare function f return number is begin null; end; begin dbms_output.put_line(f); end;",
                "ORA-06503: PL/SQL: Function returned without value\nORA-06512: at line 1\nORA-06512: at line 1",
            ),
        ],
    );
}

#[test]
fn loops_end_where_they_are_told() {
    let mut session = with_output();
    all(&mut session, &[
        (
            "begin
               <<outer>> for i in 1..3 loop
                 for j in 1..3 loop
                   continue outer when j = 2;
                   exit outer when i = 3;
                   dbms_output.put_line(i || j);
                 end loop;
               end loop outer;
             end;",
            "11,21",
        ),
        ("begin for i in 3..1 loop dbms_output.put_line(i); end loop; dbms_output.put_line('none'); end;", "none"),
        ("declare n number := 2; m number := 4; begin for i in n..m loop dbms_output.put_line(i); end loop; end;", "2,3,4"),
        ("declare n number := 2; begin for i in n*2..5 loop dbms_output.put_line(i); end loop; end;", "4,5"),
        ("declare n number := 2; begin for i in 1..n loop dbms_output.put_line(i); end loop; end;", "1,2"),
        ("declare n number := 3; begin for i in n..4 loop dbms_output.put_line(i); end loop; end;", "3,4"),
        ("declare i number := 0; begin loop i := i + 1; exit when i > 2; end loop; dbms_output.put_line(i); end;", "3"),
        (
            "declare g varchar2(1) := 'B'; begin
               case g when 'A' then dbms_output.put_line('a'); when 'B' then dbms_output.put_line('b'); end case;
               case when g is null then null; else dbms_output.put_line('else'); end case;
             end;",
            "b,else",
        ),
        (
            "begin case 5 when 1 then null; end case; end;",
            "ORA-06592: CASE not found while executing CASE statement\nORA-06512: at line 1",
        ),
        ("begin dbms_output.put_line(case when 1 = 1 then 'yes' else 'no' end); end;", "yes"),
        ("begin exit; end;", "ORA-06550: line 1, column 7:\nPLS-00376: illegal EXIT statement; it must appear inside a loop\nORA-06550: line 1, column 7:\nPL/SQL: Statement ignored"),
    ]);
}

#[test]
fn cursors_and_records_hold_rows() {
    let mut session = with_output();
    all(
        &mut session,
        &[
            (
                "declare
               cursor c(d number) is select ename, sal from emp where deptno = d order by sal;
               r c%rowtype;
             begin
               open c(10);
               loop
                 fetch c into r; exit when c%notfound;
                 dbms_output.put_line(c%rowcount || r.ename);
               end loop;
               close c;
               if not c%isopen then dbms_output.put_line('closed'); end if;
             end;",
                "1MILLER,2CLARK,3KING,closed",
            ),
            (
                "declare cursor c is select dname from dept where deptno < 25 order by deptno;
             begin for r in c loop dbms_output.put_line(r.dname); end loop; end;",
                "ACCOUNTING,RESEARCH",
            ),
            (
                "declare
               type pair is record (name varchar2(20), amount number);
               a pair; b pair;
             begin
               select ename, sal into a from emp where empno = 7839;
               b := a; b.amount := b.amount + 1;
               dbms_output.put_line(b.name || ' ' || a.amount || ' ' || b.amount);
             end;",
                "KING 5000 5001",
            ),
            (
                "declare rc sys_refcursor; n varchar2(20);
             begin
               open rc for 'select ename from emp where empno = :1' using 7788;
               fetch rc into n; dbms_output.put_line(n); close rc;
               open rc for select dname from dept where deptno = 30;
               fetch rc into n; dbms_output.put_line(n);
             end;",
                "SCOTT,SALES",
            ),
            (
                "declare cursor c is select 1 x from dual; n number; begin fetch c into n; end;",
                "ORA-01001: invalid cursor\nORA-06512: at line 1",
            ),
            // A column goes before a variable of the same name.
            (
                "declare deptno number := 99; n number; begin select count(*) into n from dept where deptno = deptno; dbms_output.put_line(n); end;",
                "4",
            ),
            (
                "declare n number; begin execute immediate 'begin :1 := :2 * 2; end;' using out n, 21; dbms_output.put_line(n); end;",
                "42",
            ),
            (
                "declare n varchar2(20); begin execute immediate 'update dept set loc = :1 where deptno = 40 returning dname into :2' using 'X' returning into n; dbms_output.put_line(n || sql%rowcount); rollback; end;",
                "OPERATIONS1",
            ),
        ],
    );
}

#[test]
fn errors_carry_their_stack() {
    let mut session = with_output();
    all(
        &mut session,
        &[
            (
                "declare\n  procedure p is\n  begin\n    raise no_data_found;\n  end;\nbegin\n  p;\nend;",
                "ORA-01403: no data found\nORA-06512: at line 4\nORA-06512: at line 7",
            ),
            (
                "begin\n  begin\n    raise zero_divide;\n  exception when zero_divide then\n    raise;\n  end;\nend;",
                "ORA-01476: divisor is equal to zero\nORA-06512: at line 5\nORA-06512: at line 3",
            ),
            (
                "begin\n  raise value_error;\nexception when others then\n  raise_application_error(-20005, 'wrapped ' || sqlcode);\nend;",
                "ORA-20005: wrapped -6502\nORA-06512: at line 4",
            ),
            (
                "declare e exception; pragma exception_init(e, -942); begin execute immediate 'drop table nope'; exception when e then dbms_output.put_line(sqlcode || ' ' || sqlerrm); end;",
                "-942 ORA-00942: table or view does not exist",
            ),
            (
                "declare e exception; begin raise e; exception when others then dbms_output.put_line(sqlcode || ' ' || sqlerrm); end;",
                "1 User-Defined Exception",
            ),
            (
                "begin dbms_output.put_line(sqlcode || sqlerrm); end;",
                "0ORA-0000: normal, successful completion",
            ),
            (
                "begin raise no_data_found; exception when no_data_found then dbms_output.put_line(sqlcode); end;",
                "100",
            ),
            ("begin dbms_output.put_line(sqlerrm(-1403)); end;", "ORA-01403: no data found"),
            (
                "declare c constant number := 1; begin c := 2; end;",
                "ORA-06550: line 1, column 39:\nPLS-00363: expression 'C' cannot be used as an assignment target\nORA-06550: line 1, column 39:\nPL/SQL: Statement ignored",
            ),
            (
                "begin\n  insert into nope values (1);\nend;",
                "ORA-06550: line 2, column 15:\nPL/SQL: ORA-00942: table or view does not exist\nORA-06550: line 2, column 3:\nPL/SQL: SQL Statement ignored",
            ),
            (
                "declare x number; begin x := y + 1; end;",
                "ORA-06550: line 1, column 30:\nPLS-00201: identifier 'Y' must be declared\nORA-06550: line 1, column 25:\nPL/SQL: Statement ignored",
            ),
            (
                "begin dbms_output.nope('x'); end;",
                "ORA-06550: line 1, column 7:\nPLS-00302: component 'NOPE' must be declared\nORA-06550: line 1, column 7:\nPL/SQL: Statement ignored",
            ),
            (
                "begin dbms_output.put_line; end;",
                "ORA-06550: line 1, column 7:\nPLS-00306: wrong number or types of arguments in call to 'PUT_LINE'\nORA-06550: line 1, column 7:\nPL/SQL: Statement ignored",
            ),
            (
                "declare n number(3); begin n := 1000; end;",
                "ORA-06502: PL/SQL: numeric or value error: number precision too large\nORA-06512: at line 1",
            ),
            ("declare n number(4,1); begin n := 1.25; dbms_output.put_line(n); end;", "1.3"),
            (
                "declare n number; begin n := 'x' + 1; end;",
                "ORA-06502: PL/SQL: numeric or value error: character to number conversion error\nORA-06512: at line 1",
            ),
        ],
    );
    let mut newer = scott(Generation::V23);
    check(
        &mut newer,
        &[(
            "declare v varchar2(1); begin v := 'ab'; end;",
            "ORA-06502: PL/SQL: value or conversion error: character string buffer too small\nORA-06512: at line 1",
        )],
    );
}

#[test]
fn a_syntax_error_names_the_symbol() {
    let mut session = scott(Generation::V19);
    for (block, symbol, offset) in [
        ("begin null end;", "END", 11),
        ("begin null;", "end-of-file", 11),
        ("begin x = 1; end;", "=", 8),
        ("declare x number; begin x := ; end;", ";", 29),
        ("begin null; end; select", "SELECT", 17),
    ] {
        let error = session.prepare(block).unwrap_err();
        assert_eq!(error.number, 6550, "{block}");
        let wanted = format!("PLS-00103: Encountered the symbol \"{symbol}\" when expecting");
        assert!(error.message.contains(&wanted), "{block}: {}", error.message);
        assert_eq!(error.offset, Some(offset), "{block}: {}", error.message);
    }
}

#[test]
fn what_failed_is_undone_and_what_was_handled_stays() {
    let mut session = scott(Generation::V19);
    let count = |session: &mut Session| {
        rows(session, "select count(*) from dept where deptno > 40", &[]).unwrap().join("")
    };
    session.execute_text("insert into dept values (41, 'before', null)", &[]).unwrap();
    let block = "begin insert into dept values (42, 'x', null); insert into dept values (10, 'x', null); end;";
    session.execute_text(block, &[]).unwrap_err();
    assert_eq!(count(&mut session), "1");
    let block = "begin insert into dept values (42, 'x', null); insert into dept values (10, 'x', null); exception when dup_val_on_index then null; end;";
    session.execute_text(block, &[]).unwrap();
    assert_eq!(count(&mut session), "2");
    session.rollback().unwrap();
    assert_eq!(count(&mut session), "0");
    let block = "begin insert into dept values (43, 'x', null); commit; insert into dept values (44, 'x', null); raise no_data_found; end;";
    session.execute_text(block, &[]).unwrap_err();
    assert_eq!(count(&mut session), "1");
    let block = "begin insert into dept values (45, 'x', null); savepoint s; insert into dept values (46, 'x', null); rollback to s; commit; end;";
    session.execute_text(block, &[]).unwrap();
    assert_eq!(count(&mut session), "2");
}

#[test]
fn stored_programs_are_called_and_listed() {
    let mut session = with_output();
    session
        .execute_text(
            "create or replace procedure raise_sal(p_empno in emp.empno%type, p_by number := 100, p_new out number) as
             begin
               update emp set sal = sal + p_by where empno = p_empno returning sal into p_new;
               if sql%notfound then
                 raise_application_error(-20010, 'no employee ' || p_empno);
               end if;
             end raise_sal;",
            &[],
        )
        .unwrap();
    session
        .execute_text(
            "create function twice(n number) return number is begin return n * 2; end;",
            &[],
        )
        .unwrap();
    let statement = session.prepare("begin raise_sal(:1, p_new => :2); end;").unwrap();
    assert_eq!(statement.out_binds, [1]);
    let outcome = session.execute(&statement, &[Value::from(7839), Value::Null]).unwrap();
    assert_eq!(outcome.out_binds, [(1, vec![Value::from(5100)])]);
    let error = session.execute(&statement, &[Value::from(1), Value::Null]).unwrap_err();
    assert_eq!(
        error.message,
        "ORA-20010: no employee 1\nORA-06512: at \"SCOTT.RAISE_SAL\", line 5\nORA-06512: at line 1"
    );
    let statement = session.prepare("begin :r := twice(:n); end;").unwrap();
    let outcome = session.execute(&statement, &[Value::Null, Value::from(21)]).unwrap();
    assert_eq!(outcome.out_binds, [(0, vec![Value::from(42)])]);
    let statement = session.prepare("call twice(4) into :r").unwrap();
    let outcome = session.execute(&statement, &[Value::Null]).unwrap();
    assert_eq!(outcome.out_binds, [(0, vec![Value::from(8)])]);
    assert_eq!(output(&mut session, "call dbms_output.put_line('called')"), "called");
    check(
        &mut session,
        &[
            ("create procedure raise_sal is begin null; end;", "!955"),
            ("create procedure broken is begin nope; end;", "0 rows"),
            ("begin broken; end;", "!6550"),
            (
                "select object_name, object_type, status from user_objects where object_type in ('PROCEDURE', 'FUNCTION') order by 1",
                "BROKEN|PROCEDURE|INVALID / RAISE_SAL|PROCEDURE|VALID / TWICE|FUNCTION|VALID",
            ),
            (
                "select line, text from user_source where name = 'TWICE'",
                "1|function twice(n number) return number is begin return n * 2; end;",
            ),
            ("select count(*) from user_procedures", "3"),
            ("drop function twice", "0 rows"),
            ("drop procedure twice", "!4043"),
            ("declare x number; begin x := twice(1); end;", "!6550"),
        ],
    );
}

#[test]
fn returned_values_take_the_type_of_the_bind() {
    let mut session = scott(Generation::V19);
    for (value, db_type, wanted) in [
        (Value::from(42), DbType::Varchar, Value::from("42")),
        (Value::from("17"), DbType::Number, Value::from(17)),
        (Value::from("x"), DbType::Varchar, Value::from("x")),
        (Value::Null, DbType::Number, Value::Null),
    ] {
        assert_eq!(session.convert(value, db_type).unwrap(), wanted);
    }
    assert_eq!(session.convert(Value::from("x"), DbType::Number).unwrap_err().number, 6502);
    assert_eq!(session.convert(Value::from("x"), DbType::Clob).unwrap_err().number, 3001);
}

#[test]
fn calls_that_never_end_are_refused() {
    let mut session = with_output();
    let block = "declare procedure p is begin p; end; begin p; exception when storage_error then dbms_output.put_line('too deep'); end;";
    assert_eq!(output(&mut session, block), "too deep");
}
