create table dept (
  deptno number(2) constraint pk_dept primary key,
  dname varchar2(14),
  loc varchar2(13)
);
create table emp (
  empno number(4) constraint pk_emp primary key,
  ename varchar2(10),
  job varchar2(9),
  mgr number(4),
  hiredate date,
  sal number(7,2),
  comm number(7,2),
  deptno number(2) constraint fk_deptno references dept
);
create table bonus (ename varchar2(10), job varchar2(9), sal number, comm number);
create table salgrade (grade number, losal number, hisal number);
insert into dept values (10, 'ACCOUNTING', 'NEW YORK');
insert into dept values (20, 'RESEARCH', 'DALLAS');
insert into dept values (30, 'SALES', 'CHICAGO');
insert into dept values (40, 'OPERATIONS', 'BOSTON');
insert into emp values (7369, 'SMITH', 'CLERK', 7902, date '1980-12-17', 800, null, 20);
insert into emp values (7499, 'ALLEN', 'SALESMAN', 7698, date '1981-02-20', 1600, 300, 30);
insert into emp values (7521, 'WARD', 'SALESMAN', 7698, date '1981-02-22', 1250, 500, 30);
insert into emp values (7566, 'JONES', 'MANAGER', 7839, date '1981-04-02', 2975, null, 20);
insert into emp values (7654, 'MARTIN', 'SALESMAN', 7698, date '1981-09-28', 1250, 1400, 30);
insert into emp values (7698, 'BLAKE', 'MANAGER', 7839, date '1981-05-01', 2850, null, 30);
insert into emp values (7782, 'CLARK', 'MANAGER', 7839, date '1981-06-09', 2450, null, 10);
insert into emp values (7788, 'SCOTT', 'ANALYST', 7566, date '1987-04-19', 3000, null, 20);
insert into emp values (7839, 'KING', 'PRESIDENT', null, date '1981-11-17', 5000, null, 10);
insert into emp values (7844, 'TURNER', 'SALESMAN', 7698, date '1981-09-08', 1500, 0, 30);
insert into emp values (7876, 'ADAMS', 'CLERK', 7788, date '1987-05-23', 1100, null, 20);
insert into emp values (7900, 'JAMES', 'CLERK', 7698, date '1981-12-03', 950, null, 30);
insert into emp values (7902, 'FORD', 'ANALYST', 7566, date '1981-12-03', 3000, null, 20);
insert into emp values (7934, 'MILLER', 'CLERK', 7782, date '1982-01-23', 1300, null, 10);
insert into salgrade values (1, 700, 1200);
insert into salgrade values (2, 1201, 1400);
insert into salgrade values (3, 1401, 2000);
insert into salgrade values (4, 2001, 3000);
insert into salgrade values (5, 3001, 9999);
create table all_types (
  id number(9) constraint pk_all_types primary key,
  c_varchar2 varchar2(4000),
  c_varchar2_char varchar2(100 char),
  c_nvarchar2 nvarchar2(100),
  c_char char(10),
  c_nchar nchar(10),
  c_number number,
  c_number_9 number(9),
  c_number_38 number(38),
  c_number_12_2 number(12,2),
  c_float float,
  c_binary_float binary_float,
  c_binary_double binary_double,
  c_date date,
  c_timestamp timestamp,
  c_timestamp_9 timestamp(9),
  c_timestamp_tz timestamp with time zone,
  c_timestamp_ltz timestamp with local time zone,
  c_interval_ym interval year(4) to month,
  c_interval_ds interval day(9) to second(9),
  c_raw raw(2000),
  c_rowid rowid,
  c_urowid urowid
);
insert into all_types values (
  1, 'hello', 'h' || nchr(233) || 'llo', n'hello', 'fixed', n'fixed', 3.14159, 123456789,
  12345678901234567890123456789012345678, 1234567890.12, 1.5, 1.5f, 2.5d, date '2024-02-29',
  timestamp '2024-02-29 12:34:56.789012', timestamp '2024-02-29 12:34:56.123456789',
  timestamp '2024-02-29 12:34:56.5 +05:30', timestamp '2024-02-29 12:34:56.5',
  interval '3-2' year to month, interval '4 5:12:10.222' day to second, hextoraw('DEADBEEF'),
  chartorowid('AAAR3sAAHAAAACDAAA'), 'AAAR3sAAHAAAACDAAA'
);
insert into all_types (id) values (2);
insert into all_types values (
  3, rpad('x', 4000, 'x'), rpad('y', 100, 'y'), rpad('z', 100, 'z'), 'a', 'b', 9.99e125, 999999999,
  99999999999999999999999999999999999999, 9999999999.99, 1e30, 3.4e38f, 1.7e308d,
  to_date('9999-12-31 23:59:59', 'YYYY-MM-DD HH24:MI:SS'),
  timestamp '9999-12-31 23:59:59.999999', timestamp '9999-12-31 23:59:59.999999999',
  timestamp '9999-12-30 23:59:59.999999 +14:00', timestamp '9999-12-30 23:59:59.999999',
  interval '9999-11' year(4) to month, interval '999999999 23:59:59.999999999' day(9) to second(9),
  hextoraw(rpad('FF', 4000, 'FF')), null, null
);
insert into all_types values (
  4, ' ', nchr(8364), nchr(8364), ' ', nchr(8364), 1e-130, -999999999,
  -99999999999999999999999999999999999999, -9999999999.99, -1e-30, -1.4e-45f, -4.9e-324d,
  date '0001-01-01', timestamp '0001-01-01 00:00:00.000001', timestamp '0001-01-01 00:00:00.000000001',
  timestamp '0001-01-02 00:00:00.000001 -12:00', timestamp '0001-01-01 00:00:00.000001',
  interval '-9999-11' year(4) to month, interval '-999999999 23:59:59.999999999' day(9) to second(9),
  hextoraw('00'), null, null
);
insert into all_types (id, c_number, c_binary_float, c_binary_double, c_number_12_2)
  values (5, 0, to_binary_float('NaN'), to_binary_double('Inf'), 0);
create table all_lobs (id number(9) constraint pk_all_lobs primary key, c_clob clob, c_nclob nclob, c_blob blob, c_long long);
insert into all_lobs values (1, 'a short clob', 'a short nclob', hextoraw('0102030405'), 'a long');
insert into all_lobs (id) values (2);
create table bench_d (id number, name varchar2(40), d date, amount number);
create sequence sample_seq
