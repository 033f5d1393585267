import assert from "node:assert/strict";
import test from "node:test";

import { KIND_FLOAT64, KIND_TEXT } from "../border.js";
import { Connection } from "../connection.js";
import { OUT_FORMAT_OBJECT } from "../constants.js";
import { DatabaseError, OraedgeError } from "../errors.js";
import { setPlatform } from "../platform.js";
import { Session } from "../session.js";
import { sql } from "../sql.js";
import { DB_TYPE_DATE, DB_TYPE_NUMBER, DB_TYPE_VARCHAR } from "../types.js";
import { FakeClient, FakeMemory, dmlOutcome, queryOutcome } from "./fake.js";

setPlatform({ canCompile: true });

const COLUMNS = [{ name: "ID", type: DB_TYPE_NUMBER }, { name: "NAME", type: DB_TYPE_VARCHAR }];

/** A connection on a fake client, and what a test needs of both. */
function setUp(...answers) {
  const memory = new FakeMemory();
  const client = new FakeClient(...answers);
  const connection = new Connection(new Session(client, { memory }));
  return { memory, client, connection };
}

/** A query outcome of `sizes.length` batches with the numbers from 1. */
function numbers(memory, sizes) {
  let next = 1;
  const batches = sizes.map((size, i) => {
    const ids = Array.from({ length: size }, () => next++);
    const columns = [
      { kind: KIND_FLOAT64, values: ids },
      { kind: KIND_TEXT, values: ids.map((id) => `name ${id}`) },
    ];
    return memory.batch(columns, size, i < sizes.length - 1);
  });
  return queryOutcome(COLUMNS, batches);
}

const raw = (code, message, fatal, num, offset) => () =>
  Promise.reject([code, message, fatal, num, offset]);

test("execute() gives all rows and the columns", async () => {
  const { memory, client, connection } = setUp();
  const outcome = numbers(memory, [2, 3, 3, 1]);
  client.answers.push(outcome);
  const result = await connection.execute("select id, name from t");
  assert.deepEqual(result.rows.map(([id]) => id), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(result.rows[8], [9, "name 9"]);
  assert.deepEqual(result.metaData.map(({ name, dbType }) => [name, dbType]), [
    ["ID", DB_TYPE_NUMBER], ["NAME", DB_TYPE_VARCHAR],
  ]);
  assert.equal(outcome.freed, 1);
  assert.equal(client.calls[0].prefetchRows, 2);
  assert.equal(client.calls[0].fetchArraySize, 100);
});

test("maxRows ends the fetch early and frees the cursor", async () => {
  const { memory, client, connection } = setUp();
  const outcome = numbers(memory, [4, 4, 4]);
  client.answers.push(outcome);
  const { rows } = await connection.execute("select", [], { maxRows: 6, outFormat: OUT_FORMAT_OBJECT });
  assert.deepEqual(rows.map(({ ID }) => ID), [1, 2, 3, 4, 5, 6]);
  assert.equal(outcome.fetches, 2);
  assert.equal(outcome.freed, 1);
});

test("a result set gives rows one by one, some at a time, and the rest", async () => {
  const { memory, client, connection } = setUp();
  client.answers.push(numbers(memory, [3, 3, 3]));
  const { resultSet } = await connection.execute("select", [], { resultSet: true });
  assert.deepEqual(await resultSet.getRow(), [1, "name 1"]);
  assert.deepEqual((await resultSet.getRows(4)).map(([id]) => id), [2, 3, 4, 5]);
  assert.deepEqual((await resultSet.getRows()).map(([id]) => id), [6, 7, 8, 9]);
  assert.equal(await resultSet.getRow(), undefined);
  assert.deepEqual(await resultSet.getRows(10), []);
  await resultSet.close();
  await assert.rejects(resultSet.getRow(), { code: "OED-CLOSED" });
});

test("calls of a result set that overlap get different rows, in order", async () => {
  const { memory, client, connection } = setUp();
  client.answers.push(numbers(memory, [2, 2]));
  const { resultSet } = await connection.execute("select", [], { resultSet: true });
  const rows = await Promise.all([1, 2, 3, 4, 5].map(() => resultSet.getRow()));
  assert.deepEqual(rows.map((row) => row?.[0]), [1, 2, 3, 4, undefined]);
});

test("query() executes when the first row is taken and fetches as rows are taken", async () => {
  const { memory, client, connection } = setUp();
  const outcome = numbers(memory, [2, 2, 2]);
  client.answers.push(outcome);
  const rows = connection.query("select");
  assert.equal(client.calls.length, 0);
  const seen = [];
  for await (const [id] of rows) {
    seen.push([id, outcome.fetches]);
  }
  assert.deepEqual(seen, [[1, 1], [2, 1], [3, 2], [4, 2], [5, 3], [6, 3]]);
  assert.equal(outcome.freed, 1);
});

test("leaving a query half-way frees the cursor and fetches no more", async () => {
  const { memory, client, connection } = setUp();
  const outcome = numbers(memory, [2, 2, 2]);
  client.answers.push(outcome, dmlOutcome());
  for await (const [id] of connection.query("select")) if (id === 3) break;
  assert.equal(outcome.fetches, 2);
  assert.equal(outcome.freed, 1);
  await connection.execute("delete from t");
});

test("batches() gives whole batches", async () => {
  const { memory, client, connection } = setUp();
  client.answers.push(numbers(memory, [2, 3]));
  const sizes = [];
  for await (const rows of connection.query("select").batches()) sizes.push(rows.length);
  assert.deepEqual(sizes, [2, 3]);
});

test("DML gives rowsAffected and lastRowid", async () => {
  const outcome = dmlOutcome({ rowsAffected: 4, lastRowid: "AAAR3sAAEAAAACXAAA" });
  const { connection } = setUp(outcome);
  const result = await connection.execute("update t set x = :1", [1], { autoCommit: true });
  assert.deepEqual(result, { rowsAffected: 4, lastRowid: "AAAR3sAAEAAAACXAAA" });
  assert.equal(outcome.freed, 1);
});

test("executeMany() hands over counts and errors of single rows", async () => {
  const { connection } = setUp(
    dmlOutcome({
      rowsAffected: 2,
      rowCounts: () => Uint32Array.of(1, 0, 1),
      batchErrors: () => [[1, 1, "ORA-00001: unique constraint violated"]],
    }),
  );
  const result = await connection.executeMany("insert", [[1], [1], [2]], {
    batchErrors: true,
    dmlRowCounts: true,
  });
  assert.deepEqual(result.dmlRowCounts, [1, 0, 1]);
  assert.equal(result.batchErrors[0].code, "ORA-00001");
  assert.equal(result.batchErrors[0].offset, 1);
});

test("an error of the database has code, number, offset and the caller's stack", async () => {
  const { connection } = setUp(raw("ORA-00942", "ORA-00942: table or view does not exist", false, 942, 14));
  async function callerWithAName() {
    await connection.execute("select * from nope");
  }
  await assert.rejects(callerWithAName(), (error) => {
    assert.ok(error instanceof DatabaseError);
    assert.equal(error.code, "ORA-00942");
    assert.equal(error.errorNum, 942);
    assert.equal(error.offset, 14);
    assert.equal(error.isRecoverable, false);
    assert.equal(
      error.message,
      "ORA-00942: table or view does not exist\nHelp: https://docs.oracle.com/error-help/db/ora-00942/",
    );
    assert.match(error.stack, /callerWithAName/);
    return true;
  });
});

test("an error of a server that says where to read about it says so once", async () => {
  const message = "ORA-00942: x\nHelp: https://docs.oracle.com/error-help/db/ora-00942/";
  const { connection } = setUp(raw("ORA-00942", message, false, 942));
  await assert.rejects(connection.execute("x"), { message });
});

test("an error while rows are fetched frees the cursor", async () => {
  const { memory, client, connection } = setUp();
  const outcome = queryOutcome(COLUMNS, [
    memory.batch([{ kind: KIND_FLOAT64, values: [1] }, { kind: KIND_TEXT, values: ["a"] }], 1, true),
    raw("ORA-01555", "ORA-01555: snapshot too old", false, 1555),
  ]);
  client.answers.push(outcome);
  await assert.rejects(connection.execute("select"), { errorNum: 1555 });
  assert.equal(outcome.freed, 1);
});

test("errors that are not the database's are OraedgeErrors", async () => {
  const { connection } = setUp(raw("OED-TIMEOUT", "call: timeout of 5 ms exceeded", false));
  await assert.rejects(connection.execute("x"), (error) => {
    assert.ok(error instanceof OraedgeError);
    assert.equal(error.code, "OED-TIMEOUT");
    return true;
  });
});

test("an error leaves the connection usable, and calls run in the order of their making", async () => {
  const { client, connection } = setUp(raw("ORA-00900", "ORA-00900: x", false, 900), dmlOutcome());
  const first = assert.rejects(connection.execute("first"));
  const second = connection.execute("second");
  const third = connection.commit();
  await Promise.all([first, second, third]);
  assert.deepEqual(client.calls.map(({ call, sql: text }) => text ?? call), ["first", "second", "commit"]);
});

test("transaction() commits on return and rolls back on throw", async () => {
  const { client, connection } = setUp(dmlOutcome(), dmlOutcome());
  assert.equal(await connection.transaction(async (tx) => (await tx.execute("a")).rowsAffected), 1);
  await assert.rejects(
    connection.transaction(async (tx) => {
      await tx.execute("b");
      throw new Error("no");
    }),
    /no/,
  );
  assert.deepEqual(client.calls.map(({ call, sql: text }) => text ?? call), ["a", "commit", "b", "rollback"]);
  await assert.rejects(connection.transaction((tx) => tx.transaction(() => {})), /cannot be nested/);
  await assert.rejects(
    connection.transaction((tx) => tx.execute("x", [], { autoCommit: true })),
    /would end the transaction/,
  );
});

test("a signal interrupts the call that runs", async () => {
  const { client, connection } = setUp();
  const controller = new AbortController();
  client.answers.push(
    () =>
      new Promise((_, reject) => {
        client.onInterrupt = () => reject(["ORA-01013", "ORA-01013: x", false, 1013]);
      }),
    dmlOutcome(),
  );
  const call = connection.execute("slow", [], { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 5);
  await assert.rejects(call, /enough/);
  assert.equal(client.interrupts, 1);
  await connection.execute("next");
});

test("a signal takes a waiting call out of the queue, and the others keep their order", async () => {
  const { client, connection } = setUp();
  const controller = new AbortController();
  let finish;
  client.answers.push(() => new Promise((resolve) => (finish = resolve)), dmlOutcome());
  const first = connection.execute("first");
  const second = connection.execute("second", [], { signal: controller.signal });
  const third = connection.execute("third");
  await new Promise((resolve) => setTimeout(resolve));
  controller.abort();
  await assert.rejects(second, { name: "AbortError" });
  assert.equal(client.interrupts, 0);
  finish(dmlOutcome());
  await Promise.all([first, third]);
  assert.deepEqual(client.calls.map(({ sql: text }) => text), ["first", "third"]);
});

test("a signal that was aborted before sends nothing", async () => {
  const { client, connection } = setUp();
  await assert.rejects(connection.execute("x", [], { signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(client.calls.length, 0);
});

test("attributes are set in order with the calls around them", async () => {
  const { client, connection } = setUp(dmlOutcome(), dmlOutcome());
  const first = connection.execute("first");
  connection.module = "payroll";
  connection.currentSchema = "HR";
  const second = connection.execute("second");
  await Promise.all([first, second]);
  assert.deepEqual(client.calls.map(({ call, sql: text, name, value }) => text ?? [call, name, value]), [
    "first", ["setAttribute", "module", "payroll"], ["setAttribute", "currentSchema", "HR"], "second",
  ]);
  assert.equal(connection.currentSchema, "HR");
  assert.equal(connection.dbName, "FREE");
  assert.equal(connection.maxOpenCursors, 300);
  assert.throws(() => (connection.action = 1), /"action" must be a string, not number/);
});

test("a closed connection says so", async () => {
  const { client, connection } = setUp();
  await connection.close();
  await assert.rejects(connection.execute("x"), { code: "OED-CLOSED" });
  await assert.rejects(connection.close(), { code: "OED-CLOSED" });
  await connection[Symbol.asyncDispose]();
  assert.equal(connection.oracleServerVersion, undefined);
  assert.deepEqual(client.calls, [{ call: "close" }]);
});

test("a sql fragment is executed with its own binds", async () => {
  const { client, connection } = setUp(dmlOutcome());
  await connection.execute(sql`delete from t where id = ${5}`);
  assert.equal(client.calls[0].sql, "delete from t where id = :1");
  await assert.rejects(connection.execute(sql`x`, [1]), /brings its own binds/);
});

test("options are checked, and the message names the option", async () => {
  const { client, connection } = setUp();
  const cases = [
    [{ fetchArraySize: 0 }, /"fetchArraySize" must be a positive integer, not 0/],
    [{ maxRows: -1 }, /"maxRows"/],
    [{ outFormat: 7 }, /OUT_FORMAT_ARRAY or OUT_FORMAT_OBJECT/],
    [{ autoCommit: "yes" }, /"autoCommit" must be a boolean, not "yes"/],
    [{ signal: {} }, /an AbortSignal/],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(connection.execute("x", [], options), { code: "OED-MISUSE", message });
  }
  await assert.rejects(connection.execute(42), /must be a string/);
  assert.equal(client.calls.length, 0);
});

test("fetchTypeHandler, fetchInfo and numbers choose how a column comes", async () => {
  const big = "12345678901234567890";
  const columns = [
    { name: "ID", type: DB_TYPE_NUMBER }, { name: "AMOUNT", type: DB_TYPE_NUMBER },
    { name: "D", type: DB_TYPE_DATE },
  ];
  const texts = [
    { kind: KIND_TEXT, values: [big, "7", null] },
    { kind: KIND_TEXT, values: ["0.10", "1", "2"] },
    { kind: KIND_TEXT, values: ["d", "d", "d"] },
  ];
  const run = async (options) => {
    const { memory, client, connection } = setUp();
    const outcome = queryOutcome(columns, [memory.batch(texts, 3)]);
    client.answers.push(outcome);
    const { rows } = await connection.execute("select", [], options);
    return { rows, kinds: outcome.kinds };
  };
  assert.deepEqual((await run({ numbers: "string" })).kinds, [1, 1, 0]);
  const { rows } = await run({ numbers: "bigint-when-needed" });
  assert.deepEqual(rows.map((row) => row.slice(0, 2)), [[12345678901234567890n, 0.1], [7, 1], [null, 2]]);
  assert.deepEqual((await run({ fetchInfo: { AMOUNT: { type: DB_TYPE_VARCHAR } } })).kinds, [0, 1, 0]);
  const handled = await run({
    fetchTypeHandler: ({ name }) =>
      name === "D"
        ? { type: DB_TYPE_VARCHAR, converter: (value) => value.toUpperCase() }
        : { type: DB_TYPE_VARCHAR },
  });
  assert.deepEqual(handled.rows[0], [big, "0.10", "D"]);
});

test("a column name that comes twice is numbered, as node-oracledb does", async () => {
  const { memory, client, connection } = setUp();
  const twice = ["A", "A", "A_1", "A"].map((name) => ({ name, type: DB_TYPE_NUMBER }));
  const column = { kind: KIND_FLOAT64, values: [1] };
  client.answers.push(queryOutcome(twice, [memory.batch([column, column, column, column], 1)]));
  const { metaData } = await connection.execute("select");
  assert.deepEqual(metaData.map(({ name }) => name), ["A", "A_2", "A_1", "A_3"]);
});
