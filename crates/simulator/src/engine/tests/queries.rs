use super::super::Generation;
use super::{check, rows, scott};

#[test]
fn select_from_the_sample_schema() {
    check(
        &mut scott(Generation::V19),
        &[
            ("select * from dept where deptno = 10", "10|ACCOUNTING|NEW YORK"),
            ("select 'x' from dual", "x"),
            ("select dummy from dual", "X"),
            ("select count(*) from emp", "14"),
            (
                "select ename, sal from emp where deptno = 10 order by sal desc",
                "KING|5000 / CLARK|2450 / MILLER|1300",
            ),
            (
                "select e.ename, d.dname from emp e join dept d on e.deptno = d.deptno where e.empno = 7839",
                "KING|ACCOUNTING",
            ),
            (
                "select e.ename, d.dname from emp e, dept d where e.deptno = d.deptno and e.sal > 2999 order by 1",
                "FORD|RESEARCH / KING|ACCOUNTING / SCOTT|RESEARCH",
            ),
            (
                "select d.dname, e.ename from dept d, emp e where d.deptno = e.deptno(+) and d.deptno = 40",
                "OPERATIONS|NULL",
            ),
            (
                "select d.dname, count(e.empno) from dept d left join emp e on e.deptno = d.deptno group by d.dname order by 2, 1",
                "OPERATIONS|0 / ACCOUNTING|3 / RESEARCH|5 / SALES|6",
            ),
            (
                "select deptno, sum(sal), avg(sal), min(ename), max(hiredate) from emp group by deptno having count(*) > 5",
                "30|9400|1566.666666666666666666666666666666666667|ALLEN|1981-12-03 00:00:00",
            ),
            (
                "select ename from emp where comm is not null order by comm desc nulls last fetch first 2 rows only",
                "MARTIN / WARD",
            ),
            ("select ename from emp order by empno offset 12 rows", "FORD / MILLER"),
            (
                "select ename, comm from emp where deptno = 30 order by comm",
                "TURNER|0 / ALLEN|300 / WARD|500 / MARTIN|1400 / BLAKE|NULL / JAMES|NULL",
            ),
            ("select rownum, ename from emp where rownum <= 2", "1|SMITH / 2|ALLEN"),
            (
                "select * from (select ename from emp order by sal desc) where rownum < 3",
                "KING / SCOTT",
            ),
            ("select ename from emp where rownum = 1 order by ename", "SMITH"),
            ("select count(*) from emp where rownum <= 3", "3"),
            ("select ename from emp where rownum > 1", ""),
            ("select level from dual connect by level <= 3", "1 / 2 / 3"),
            (
                "select level, ename from emp start with mgr is null connect by prior empno = mgr order siblings by ename fetch first 4 rows only",
                "1|KING / 2|BLAKE / 3|ALLEN / 3|JAMES",
            ),
            (
                "select sys_connect_by_path(ename, '/'), connect_by_root ename, connect_by_isleaf from emp where level = 3 start with mgr is null connect by prior empno = mgr order by 1 fetch first 1 rows only",
                "/KING/BLAKE/ALLEN|KING|1",
            ),
            ("select deptno from dept minus select deptno from emp", "40"),
            (
                "select deptno from dept intersect select deptno from emp order by 1 desc",
                "30 / 20 / 10",
            ),
            (
                "select 1 from dual union all select 2 from dual union select 1 from dual order by 1",
                "1 / 2",
            ),
            (
                "with a as (select deptno, count(*) n from emp group by deptno), b (x) as (select max(n) from a) select deptno from a, b where n = x",
                "30",
            ),
            (
                "with t(n) as (select 1 from dual union all select n + 1 from t where n < 4) select sum(n) from t",
                "10",
            ),
            (
                "select ename from emp e where sal = (select max(sal) from emp where deptno = e.deptno) order by 1",
                "BLAKE / FORD / KING / SCOTT",
            ),
            (
                "select dname from dept d where not exists (select null from emp where deptno = d.deptno)",
                "OPERATIONS",
            ),
            (
                "select ename from emp where (deptno, job) in (select 20, 'CLERK' from dual) order by 1",
                "ADAMS / SMITH",
            ),
            (
                "select ename from emp where sal > all (select sal from emp where deptno = 30) order by 1",
                "FORD / JONES / KING / SCOTT",
            ),
            (
                "select ename from emp where job = any ('PRESIDENT', 'ANALYST') order by 1",
                "FORD / KING / SCOTT",
            ),
            (
                "select distinct job from emp order by job",
                "ANALYST / CLERK / MANAGER / PRESIDENT / SALESMAN",
            ),
            (
                "select listagg(ename, ',') within group (order by ename desc) from emp where deptno = 10",
                "MILLER,KING,CLARK",
            ),
            (
                "select ename, rank() over (partition by deptno order by sal desc) r from emp where deptno = 20 order by r, ename",
                "FORD|1 / SCOTT|1 / JONES|3 / ADAMS|4 / SMITH|5",
            ),
            (
                "select empno, sum(sal) over (order by empno) from emp where deptno = 10 order by 1",
                "7782|2450 / 7839|7450 / 7934|8750",
            ),
            (
                "select lag(ename) over (order by empno) from emp where deptno = 10",
                "NULL / CLARK / KING",
            ),
            (
                "select * from emp natural join dept where empno = 7839",
                "10|7839|KING|PRESIDENT|NULL|1981-11-17 00:00:00|5000|NULL|ACCOUNTING|NEW YORK",
            ),
            (
                "select deptno, dname from emp join dept using (deptno) where empno = 7839",
                "10|ACCOUNTING",
            ),
            ("select ename from emp where ename like 'S%' and ename like '_M%'", "SMITH"),
            ("select grade from salgrade where 1500 between losal and hisal", "3"),
            ("select column_value from table(sys.odcinumberlist(3, 1)) order by 1", "1 / 3"),
            (
                "select ename from emp where rowid = (select rowid from emp where empno = 7788)",
                "SCOTT",
            ),
            ("select ename \"Name\" from scott.emp where emp.empno = 7788", "SCOTT"),
            (
                "select deptno, sum(sal) from emp group by rollup(deptno) order by 1",
                "10|8750 / 20|10875 / 30|9400 / NULL|29025",
            ),
            (
                "select deptno, job, count(*), grouping(job) from emp where deptno = 10 group by rollup(deptno, job) order by 1, 2",
                "10|CLERK|1|0 / 10|MANAGER|1|0 / 10|PRESIDENT|1|0 / 10|NULL|3|1 / NULL|NULL|3|1",
            ),
            ("select count(*) from (select deptno, job from emp group by cube(deptno, job))", "18"),
            (
                "select nvl(job, 'all'), count(*) from emp where deptno = 20 group by grouping sets (job, ()) order by 1",
                "ANALYST|2 / CLERK|2 / MANAGER|1 / all|5",
            ),
            (
                "select sys_connect_by_path(level, '/') from emp where level = 3 start with mgr is null connect by prior empno = mgr fetch first 1 rows only",
                "/1/2/3",
            ),
            ("select max(sum(sal)) from emp group by deptno", "!935"),
            ("select ename top, sal limit from emp where rownum = 1", "SMITH|800"),
            (
                "select ratio_to_report(sal) over () from emp where empno in (7839, 7369) order by 1",
                "0.1379310344827586206896551724137931034483 / 0.8620689655172413793103448275862068965517",
            ),
        ],
    );
}

#[test]
fn functions_give_what_oracle_gives() {
    check(
        &mut scott(Generation::V19),
        &[
            ("select 1/3 from dual", "0.3333333333333333333333333333333333333333"),
            ("select 0.1 + 0.2, 7 - 10, 2 * 3.5, -5 from dual", "0.3|-3|7|-5"),
            (
                "select 12345678901234567890 * 98765432109876543210 from dual",
                "1219326311370217952237463801111263526900",
            ),
            (
                "select round(2.567, 2), trunc(2.567, 1), ceil(1.1), floor(-1.1), mod(10, 3), abs(-3), sign(-9), power(2, 10), sqrt(16) from dual",
                "2.57|2.5|2|-2|1|3|-1|1024|4",
            ),
            (
                "select nvl(null, 'a'), nvl2(null, 1, 2), coalesce(null, null, 3), nullif(1, 1), decode(2, 1, 'one', 2, 'two', 'x'), decode(null, null, 'null') from dual",
                "a|2|3|NULL|two|null",
            ),
            (
                "select 'a' || null || 'b', length(''), upper('aé'), initcap('hello wORLD'), lpad('7', 3, '0'), rpad('a', 3) || '|' from dual",
                "ab|NULL|AÉ|Hello World|007|a  |",
            ),
            (
                "select substr('hello', 2, 3), substr('hello', -3), instr('hello', 'l', 1, 2), replace('aba', 'a', 'c'), translate('abc', 'ab', 'x'), trim('  x '), ltrim('xxy', 'x'), rtrim('yxx', 'x') from dual",
                "ell|llo|4|cbc|xc|x|y|y",
            ),
            (
                "select to_char(1234.5, '9,999.99'), to_char(date '2024-02-03', 'YYYY-MM-DD'), to_number('12.5'), to_char(12) from dual",
                " 1,234.50|2024-02-03|12.5|12",
            ),
            (
                "select to_date('2024-02-03 04:05:06', 'YYYY-MM-DD HH24:MI:SS') from dual",
                "2024-02-03 04:05:06",
            ),
            (
                "select date '2024-02-28' + 1, date '2024-03-01' - date '2024-02-01', add_months(date '2024-01-31', 1), last_day(date '2024-02-03'), months_between(date '2024-03-01', date '2024-01-01') from dual",
                "2024-02-29 00:00:00|29|2024-02-29 00:00:00|2024-02-29 00:00:00|2",
            ),
            (
                "select trunc(date '2024-02-15', 'MM'), round(date '2024-07-01', 'YYYY'), next_day(date '2024-02-03', 'MONDAY'), extract(year from date '2024-02-03') from dual",
                "2024-02-01 00:00:00|2025-01-01 00:00:00|2024-02-05 00:00:00|2024",
            ),
            (
                "select interval '1-2' year to month + interval '0-11' year to month from dual",
                "+02-01",
            ),
            (
                "select to_char(timestamp '2024-01-01 10:00:00' + interval '90' minute, 'HH24:MI') from dual",
                "11:30",
            ),
            (
                "select to_char(timestamp '2024-01-01 10:00:00.5' - timestamp '2024-01-01 09:00:00') from dual",
                "+000000000 01:00:00.5",
            ),
            (
                "select case when 1 = 1 then 'y' else 'n' end, case 2 when 1 then 'a' when 2 then 'b' end from dual",
                "y|b",
            ),
            (
                "select greatest(1, 3, 2), least('b', 'a'), rawtohex(hextoraw('ff0a')), utl_raw.cast_to_varchar2(utl_raw.cast_to_raw('hi')), chr(65), ascii('A') from dual",
                "3|a|FF0A|hi|A|65",
            ),
            (
                "select regexp_replace('a1b2', '[0-9]', '#'), regexp_substr('foo123', '[0-9]+'), regexp_instr('abc', 'c'), regexp_count('aaa', 'a') from dual where regexp_like('abc', '^a')",
                "a#b#|123|3|3",
            ),
            (
                "select cast('123' as number), cast(1.567 as number(3,1)), cast('abcdef' as varchar2(3)), cast('a' as char(3)) || '|' from dual",
                "123|1.6|abc|a  |",
            ),
            ("select user, sys_context('userenv', 'current_schema') from dual", "SCOTT|SCOTT"),
            ("select 1 from dual where 'a' = 'a ' and cast('a' as char(3)) = 'a'", ""),
            ("select q'[it's]', n'x', 'it''s' from dual", "it's|x|it's"),
            ("select dump(1) from dual", "Typ=2 Len=2: 193,2"),
            ("select 1.5f + 1, 2d * 2 from dual", "2.5|4"),
            (
                "select from_tz(timestamp '2024-01-01 10:00:00', '+02:00') at time zone 'UTC' from dual",
                "2024-01-01 08:00:00 +00:00",
            ),
            (
                "select numtodsinterval(1.5, 'HOUR'), numtoyminterval(14, 'MONTH'), to_dsinterval('1 02:03:04') from dual",
                "+00 01:30:00.000000|+01-02|+01 02:03:04.000000",
            ),
            (
                "select count(distinct deptno), stddev(sal), median(sal) from emp where deptno = 10",
                "1|1893.629671644731419588549193663502608486|2450",
            ),
        ],
    );
}

#[test]
fn errors_have_oracles_numbers_and_places() {
    check(
        &mut scott(Generation::V19),
        &[
            ("select * from nope", "!942@14"),
            ("select * from scott.nope", "!942@20"),
            ("select nope from emp", "!904@7"),
            ("select e.nope from emp e", "!904@7"),
            ("selec 1 from dual", "!900@0"),
            ("select 1 frm dual", "!923"),
            ("select from dual", "!936"),
            ("select 1", "!923"),
            ("select 1 from dual where", "!936"),
            ("select (1 from dual", "!907"),
            ("select 1 from dual order by", "!936"),
            ("select 1/0 from dual", "!1476"),
            ("select to_number('x') from dual", "!1722"),
            ("select ename, count(*) from emp", "!937@7"),
            ("select ename, count(*) from emp group by deptno", "!979@7"),
            ("select 1 from emp where count(*) > 1", "!934"),
            ("select deptno from emp, dept", "!918@7"),
            ("select 1 from dual union select 'a' from dual", "!1790"),
            ("select 1, 2 from dual union select 1 from dual", "!1789"),
            ("select 1 from dual where 1", "!920"),
            ("select (select ename from emp) from dual", "!1427"),
            ("select 'abc from dual", "!1756"),
            ("select to_date('x', 'YYYY') from dual", "!1858"),
            ("select date '2024-02-30' from dual", "!1839"),
            ("select foo(1) from dual", "!904@7"),
            ("select seq.nextval from dual", "!2289"),
            ("select 1 from dual;", "!933@18"),
            ("select sysdate + sysdate from dual", "!975"),
            ("select level from dual", "!1788"),
            ("select true from dual", "!904"),
        ],
    );
}

#[test]
fn error_texts_are_those_of_the_generation() {
    for (generation, text) in [
        (Generation::V19, "ORA-00942: table or view does not exist"),
        (Generation::V23, "ORA-00942: table or view \"SCOTT\".\"NOPE\" does not exist"),
    ] {
        let error = rows(&mut scott(generation), "select * from nope", &[]).unwrap_err();
        assert_eq!(error.message, text);
        assert_eq!(error.offset, Some(14));
    }
}

#[test]
fn newer_generations_know_more() {
    check(
        &mut scott(Generation::V23),
        &[
            ("select 1", "1"),
            ("select true, false, 1 = 1", "TRUE|FALSE|TRUE"),
            (
                "select substr(ename, 1, 1) i, count(*) from emp where deptno = 10 group by i order by i",
                "C|1 / K|1 / M|1",
            ),
            ("drop table if exists nope", "0 rows"),
        ],
    );
}

#[test]
fn large_results_stream() {
    let mut session = scott(Generation::V19);
    let mut outcome =
        session.execute_text("select level n from dual connect by level <= 100000", &[]).unwrap();
    let source = outcome.rows.as_mut().unwrap();
    let (mut row, mut count) = (Vec::new(), 0u64);
    while source.next_row(&mut row).unwrap() {
        count += 1;
        assert_eq!(row[0].to_string(), count.to_string());
    }
    assert_eq!(count, 100_000);
    // One that is left half-way does not hinder the session.
    let mut outcome = session.execute_text("select * from bench_b_1000000", &[]).unwrap();
    assert!(outcome.rows.as_mut().unwrap().next_row(&mut row).unwrap());
    assert_eq!(row.len(), 20);
    drop(outcome);
    assert_eq!(rows(&mut session, "select count(*) from bench_a_1000", &[]).unwrap(), ["1000"]);
}

#[test]
fn a_running_statement_can_be_stopped() {
    let mut session = scott(Generation::V19);
    for sql in [
        "select count(*) from emp a, emp b, emp c, emp d, emp e, emp f, emp g, emp h, emp i",
        "select level from dual where level < 0 connect by level <= 100000000000",
        "insert into bonus (sal) select level from dual where level < 0 connect by level <= 100000000000",
    ] {
        let interrupter = session.interrupter();
        let other = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            interrupter.interrupt();
        });
        assert_eq!(rows(&mut session, sql, &[]).unwrap_err().number, 1013, "{sql}");
        other.join().unwrap();
        assert_eq!(rows(&mut session, "select count(*) from dept", &[]).unwrap(), ["4"]);
    }
    assert!(!session.in_transaction());
}

#[test]
fn dictionary_shows_what_there_is() {
    let mut session = scott(Generation::V19);
    check(
        &mut session,
        &[
            (
                "select table_name from user_tables order by 1",
                "ALL_LOBS / ALL_TYPES / BENCH_D / BONUS / DEPT / EMP / SALGRADE",
            ),
            (
                "select column_name, data_type, data_length, data_precision, data_scale, nullable from user_tab_columns where table_name = 'DEPT' order by column_id",
                "DEPTNO|NUMBER|22|2|0|N / DNAME|VARCHAR2|14|NULL|NULL|Y / LOC|VARCHAR2|13|NULL|NULL|Y",
            ),
            (
                "select constraint_name, constraint_type, r_constraint_name from user_constraints where table_name = 'EMP' order by 1",
                "FK_DEPTNO|R|PK_DEPT / PK_EMP|P|NULL",
            ),
            (
                "select index_name, uniqueness from user_indexes where table_name = 'EMP'",
                "PK_EMP|UNIQUE",
            ),
            (
                "select object_type, count(*) from user_objects where object_name in ('EMP', 'SAMPLE_SEQ') group by object_type order by 1",
                "SEQUENCE|1 / TABLE|1",
            ),
            ("select sequence_name, last_number from user_sequences", "SAMPLE_SEQ|1"),
            ("select count(*) from all_tables where owner = 'SCOTT' and table_name = 'EMP'", "1"),
            (
                "select banner from v$version",
                "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production",
            ),
            ("select username from user_users", "SCOTT"),
            (
                "select value from nls_session_parameters where parameter = 'NLS_DATE_FORMAT'",
                "DD-MON-RR",
            ),
            (
                "select column_name from user_cons_columns where constraint_name = 'FK_DEPTNO'",
                "DEPTNO",
            ),
            ("select count(*) from dict where table_name = 'ALL_TABLES'", "1"),
        ],
    );
    // Every view of the dictionary can be read.
    let views =
        rows(&mut session, "select view_name from all_views where owner = 'SYS'", &[]).unwrap();
    assert!(views.len() > 60);
    for view in views {
        rows(&mut session, &format!("select * from {view}"), &[])
            .unwrap_or_else(|e| panic!("{view}: {e}"));
    }
}
