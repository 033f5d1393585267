import assert from "node:assert/strict";
import test from "node:test";

import { OUT_FORMAT_ARRAY, OUT_FORMAT_OBJECT } from "../constants.js";
import { makeTag, sql } from "../sql.js";

/** A connection that records what it is asked to execute. */
function recorder(result = { rows: [{ ID: 1 }], metaData: [{ name: "ID" }] }) {
  const calls = [];
  const record = (call) => (fragment, binds, options) => {
    calls.push({ call, statement: fragment.statement, values: fragment.values, binds, options });
  };
  const connection = {
    calls,
    async execute(...args) {
      record("execute")(...args);
      if (result instanceof Error) throw result;
      return result;
    },
    query(...args) {
      record("query")(...args);
      return (async function* () {
        yield* result.rows;
      })();
    },
  };
  connection.sql = makeTag(connection);
  return connection;
}

test("values become placeholders, and never text", () => {
  const evil = "x'; drop table emp --";
  const { statement, values } = sql`select * from emp where ename = ${evil} and deptno = ${30}`;
  assert.equal(statement, "select * from emp where ename = :1 and deptno = :2");
  assert.deepEqual(values, [evil, 30]);
});

test("fragments nest, and their values are numbered through", () => {
  const dept = sql`deptno = ${30}`;
  const where = sql`where ${dept} and sal > ${1000}`;
  const { statement, values } = sql`select ${"x"} from emp ${where} order by ${sql`ename`}`;
  assert.equal(statement, "select :1 from emp where deptno = :2 and sal > :3 order by ename");
  assert.deepEqual(values, ["x", 30, 1000]);
});

test("lists are joined, and identifiers quoted", () => {
  assert.equal(sql`in (${sql.join([1, 2, 3])})`.statement, "in (:1, :2, :3)");
  assert.equal(sql`${sql.join([sql`a = ${1}`, sql`b = ${2}`], " or ")}`.statement, "a = :1 or b = :2");
  assert.equal(sql`from ${sql.identifier("SCOTT", "My Table")}`.statement, 'from "SCOTT"."My Table"');
  assert.throws(() => sql.identifier('a" or "b'), /no double quotes/);
  assert.throws(() => sql.join([]), /at least one value/);
  assert.throws(() => sql`in (${[1, 2]})`.statement, /sql\.join\(values\)/);
});

test("a statement of a connection is executed when it is awaited, once", async () => {
  const connection = recorder();
  const statement = connection.sql`select id from t where id = ${1}`;
  assert.equal(connection.calls.length, 0);
  const rows = await statement;
  assert.deepEqual(rows, [{ ID: 1 }]);
  assert.deepEqual(rows.metaData, [{ name: "ID" }]);
  assert.equal(await statement, rows);
  assert.deepEqual(connection.calls, [
    {
      call: "execute",
      statement: "select id from t where id = :1",
      values: [1],
      binds: undefined,
      options: { outFormat: OUT_FORMAT_OBJECT },
    },
  ]);
});

test("a statement can be iterated, and then it is a query", async () => {
  const connection = recorder();
  const rows = [];
  for await (const row of connection.sql`select id from t`) rows.push(row);
  assert.deepEqual(rows, [{ ID: 1 }]);
  assert.deepEqual(connection.calls.map(({ call }) => call), ["query"]);
});

test("a statement that is only nested is not executed", async () => {
  const connection = recorder();
  const inner = connection.sql`select max(id) from t where x = ${1}`;
  const outer = connection.sql`select * from t where id = (${inner}) and y = ${2}`;
  await outer;
  assert.equal(connection.calls.length, 1);
  assert.equal(
    connection.calls[0].statement,
    "select * from t where id = (select max(id) from t where x = :1) and y = :2",
  );
});

test("the tag takes options, which hold for the tag that it gives", async () => {
  const connection = recorder();
  const arrays = connection.sql({ outFormat: OUT_FORMAT_ARRAY, maxRows: 5 });
  await arrays`select 1 from dual`;
  assert.deepEqual(connection.calls[0].options, { outFormat: OUT_FORMAT_ARRAY, maxRows: 5 });
});

test("a DML statement gives no rows, and tells how many it changed", async () => {
  const connection = recorder({ rowsAffected: 3 });
  const result = await connection.sql`delete from t`;
  assert.equal(result.length, 0);
  assert.equal(result.rowsAffected, 3);
});

test("errors reach catch() and finally()", async () => {
  const connection = recorder(new Error("ORA-00942"));
  assert.equal(await connection.sql`x`.catch((error) => error.message), "ORA-00942");
  let settled = false;
  await assert.rejects(connection.sql`x`.finally(() => (settled = true)));
  assert.equal(settled, true);
});

test("the tag is no function for strings", () => {
  const connection = recorder();
  assert.throws(() => connection.sql("select 1 from dual"), /template tag/);
  assert.throws(() => sql("select 1 from dual"), /template tag/);
});
