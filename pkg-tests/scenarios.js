// What every consumer of the package runs, in whatever runtime it lives. No Node modules here, no
// test framework: the same file is loaded by Node, workerd, Chromium and a bundler.

class Failure extends Error {}

function assert(condition, message) {
  if (!condition) throw new Failure(message);
}

function equal(actual, expected, what) {
  const show = (value) =>
    JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part));
  const [left, right] = [show(actual), show(expected)];
  assert(left === right, `${what}: expected ${right}, got ${left}`);
}

async function rejected(promise, what) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Failure(`${what}: an error was expected, and it worked`);
}

const ROWS = "select level as id, 'name ' || level as name from dual connect by level <= ";

/** Each scenario gets a connection of its own, and what the consumer imported. */
const SCENARIOS = {
  async "logs on and knows the server's version"({ connection }) {
    assert(connection.oracleServerVersion >= 1200000000, "a version of 12 or later");
    assert(/^\d+\.\d+/.test(connection.oracleServerVersionString), "a version as text");
    await connection.ping();
    equal(connection.isHealthy(), true, "isHealthy");
  },

  async "fetches every type"({ connection, api }) {
    const { rows, metaData } = await connection.execute(
      `select 1.5 as n, 'grün 🍏' as t, cast('ab' as char(4)) as c,
              date '2024-02-03' as d, timestamp '2024-02-03 04:05:06.789' as ts,
              timestamp '2024-02-03 04:05:06.789 +02:00' as tz,
              interval '1-2' year to month as ym, interval '1 02:03:04.5' day to second as ds,
              hextoraw('0aff') as r, cast(0.25 as binary_double) as bd, cast(null as number) as nothing
       from dual`,
    );
    const [n, t, c, d, ts, tz, ym, ds, r, bd, nothing] = rows[0];
    equal([n, t, c, bd, nothing], [1.5, "grün 🍏", "ab  ", 0.25, null], "scalars");
    equal(d, new Date(2024, 1, 3), "DATE");
    equal(ts, new Date(2024, 1, 3, 4, 5, 6, 789), "TIMESTAMP");
    equal(tz, new Date(Date.UTC(2024, 1, 3, 2, 5, 6, 789)), "TIMESTAMP WITH TIME ZONE");
    equal([ym.years, ym.months], [1, 2], "INTERVAL YEAR TO MONTH");
    equal([ds.days, ds.hours, ds.minutes, ds.seconds, ds.fseconds], [1, 2, 3, 4, 500000000], "INTERVAL DAY TO SECOND");
    assert(r instanceof Uint8Array, "RAW is a Uint8Array");
    equal([...r], [10, 255], "RAW");
    equal(metaData[0].name, "N", "a column's name");
    assert(metaData[3].dbType === api.DB_TYPE_DATE, "a column's type");
  },

  async "binds every type, and gets it back"({ connection, api }) {
    const when = new Date(2024, 5, 7, 8, 9, 10);
    const { rows } = await connection.execute(
      "select :1, :2, :3, :4, :5, :6, :7 from dual",
      ["text 🍏", -12.5, 12345678901234567890n, when, new Uint8Array([1, 2, 255]), null, 7],
      { fetchInfo: { ":3": { type: api.DB_TYPE_VARCHAR } }, numbers: "bigint-when-needed" },
    );
    const [text, number, big, date, bytes, nothing, seven] = rows[0];
    equal([text, number, nothing, seven], ["text 🍏", -12.5, null, 7], "scalars");
    equal(String(big), "12345678901234567890", "a bigint");
    equal(date, when, "a Date");
    equal([...bytes], [1, 2, 255], "bytes");
  },

  async "binds by name"({ connection }) {
    const { rows } = await connection.execute("select :a + :b, :a from dual", { b: 2, a: 40 });
    equal(rows, [[42, 40]], "the row");
  },

  async "long strings and bytes survive"({ connection, table }) {
    await connection.execute(`create table ${table} (t varchar2(4000), r raw(2000))`);
    const text = "0123456789".repeat(400);
    const bytes = new Uint8Array(2000).map((_, i) => i);
    await connection.execute(`insert into ${table} values (:1, :2)`, [text, bytes]);
    const { rows } = await connection.execute(`select t, r from ${table}`);
    equal(rows[0][0], text, "text");
    equal([...rows[0][1]], [...bytes], "bytes");
  },

  async "rows as objects, result sets, maxRows"({ connection, api }) {
    const { OUT_FORMAT_OBJECT } = api;
    const objects = await connection.execute(`${ROWS} 3`, [], { outFormat: OUT_FORMAT_OBJECT });
    equal(objects.rows[2], { ID: 3, NAME: "name 3" }, "an object");
    const some = await connection.execute(`${ROWS} 1000`, [], { maxRows: 150 });
    equal(some.rows.length, 150, "maxRows");
    const { resultSet } = await connection.execute(`${ROWS} 250`, [], { resultSet: true });
    equal(await resultSet.getRow(), [1, "name 1"], "getRow");
    equal((await resultSet.getRows(120)).length, 120, "getRows");
    equal((await resultSet.getRows()).length, 129, "the rest");
    await resultSet.close();
  },

  async "streams 100,000 rows with for await"({ connection }) {
    let expected = 0;
    for await (const [id, name] of connection.query(`${ROWS} 100000`, [], { fetchArraySize: 1000 })) {
      expected += 1;
      assert(id === expected && name === `name ${id}`, `row ${expected} is ${id}, ${name}`);
    }
    equal(expected, 100000, "rows");
  },

  async "leaving a query half-way leaves the connection clean"({ connection }) {
    for (let round = 0; round < 3; round++) {
      for await (const [id] of connection.query(`${ROWS} 100000`)) if (id === 150) break;
      equal((await connection.execute("select 1 from dual")).rows, [[1]], "the next statement");
    }
  },

  async "two queries take turns on one connection"({ connection }) {
    const first = connection.query(`${ROWS} 500`);
    const second = connection.query(`${ROWS} 500`);
    for (let i = 1; i <= 500; i++) {
      equal((await first.next()).value[0], i, "first");
      equal((await second.next()).value[0], i, "second");
    }
  },

  async "an error has code, number and offset, and the connection survives"({ connection, api }) {
    const error = await rejected(connection.execute("select * from no_such_table"), "no such table");
    assert(error instanceof api.DatabaseError, `a DatabaseError, not ${error}`);
    equal([error.code, error.errorNum, error.offset], ["ORA-00942", 942, 14], "the error");
    assert(error.message.startsWith("ORA-00942: "), error.message);
    equal((await connection.execute("select 1 from dual")).rows, [[1]], "the next statement");
  },

  async "DML, executeMany, commit and rollback"({ connection, table, connect }) {
    await connection.execute(`create table ${table} (id number primary key, name varchar2(40), d date)`);
    const one = await connection.execute(`insert into ${table} values (:1, :2, :3)`, [1, "one", new Date()]);
    equal(one.rowsAffected, 1, "rowsAffected");
    assert(typeof one.lastRowid === "string" && one.lastRowid.length === 18, `lastRowid ${one.lastRowid}`);
    await connection.commit();
    const rows = Array.from({ length: 5000 }, (_, i) => ({ id: i + 2, name: `name ${i}`, d: null }));
    const many = await connection.executeMany(`insert into ${table} values (:id, :name, :d)`, rows);
    equal(many.rowsAffected, 5000, "executeMany");
    const count = async (from) => (await from.execute(`select count(*) from ${table}`)).rows[0][0];
    equal(await count(connection), 5001, "rows in the transaction");
    const other = await connect();
    equal(await count(other), 1, "rows outside of the transaction");
    await connection.rollback();
    equal(await count(connection), 1, "rows after rollback");
    await connection.execute(`delete from ${table}`, [], { autoCommit: true });
    equal(await count(other), 0, "rows after autoCommit");
    await other.close();
  },

  async "executeMany reports the rows that failed"({ connection, table }) {
    await connection.execute(`create table ${table} (id number primary key)`);
    const result = await connection.executeMany(
      `insert into ${table} values (:1)`, [[1], [2], [2], [3]], { batchErrors: true, dmlRowCounts: true },
    );
    equal(result.dmlRowCounts, [1, 1, 0, 1], "dmlRowCounts");
    equal(result.batchErrors.map(({ errorNum, offset }) => [errorNum, offset]), [[1, 2]], "batchErrors");
  },

  async "transaction() commits or rolls back"({ connection, table }) {
    await connection.execute(`create table ${table} (id number)`);
    await connection.transaction((tx) => tx.execute(`insert into ${table} values (1)`));
    const error = await rejected(
      connection.transaction(async (tx) => {
        await tx.execute(`insert into ${table} values (2)`);
        throw new Error("no");
      }),
      "a transaction that throws",
    );
    equal(error.message, "no", "the error");
    equal((await connection.execute(`select id from ${table}`)).rows, [[1]], "rows");
  },

  async "a sessionless transaction goes from connection to connection"({ connection, table, connect }) {
    if (connection.oracleServerVersion < 2300000000) {
      const error = await rejected(connection.beginSessionlessTransaction(), "on this release");
      equal(error.code, "OED-UNSUPPORTED", "the error");
      return;
    }
    const count = async (on) => (await on.execute(`select count(*) from ${table}`)).rows[0][0];
    await connection.execute(`create table ${table} (id number)`);
    const id = await connection.beginSessionlessTransaction({ timeout: 15 });
    equal(id.length, 36, "a UUID");
    await connection.execute(`insert into ${table} (id) values (9001)`);
    await connection.suspendSessionlessTransaction();
    equal(await count(connection), 0, "nobody sees it");
    const second = await connect();
    await second.resumeSessionlessTransaction(id, { deferRoundTrip: true });
    await second.executeMany(`insert into ${table} (id) values (:1)`, [[9002], [9003]], { suspendOnSuccess: true });
    const none = await rejected(second.suspendSessionlessTransaction(), "none is active");
    assert(/ORA-26202/.test(none.message), none.message);
    const third = await connect();
    await third.resumeSessionlessTransaction(new TextDecoder().decode(id), { timeout: 5 });
    await third.commit();
    equal(await count(connection), 3, "rows after the commit");
    const gone = await rejected(third.resumeSessionlessTransaction(id), "it has ended");
    equal(gone.code, "ORA-26218", "the error");
    await third.ping();
    await second.close();
    await third.close();
  },

  async "the sql tag binds its values"({ connection, api }) {
    const evil = "x' or '1' = '1";
    const rows = await connection.sql`select ${evil} as v, ${2} + ${3} as n from dual where ${api.sql`1 = ${1}`}`;
    equal(rows, [{ V: evil, N: 5 }], "rows");
    let last;
    for await (const row of connection.sql`select level as l from dual connect by level <= ${300}`) last = row.L;
    equal(last, 300, "the last row");
  },

  async "callTimeout ends a slow call, and the connection survives"({ connection, slow }) {
    connection.callTimeout = 200;
    const error = await rejected(connection.execute(slow), "a slow statement");
    equal(error.code, "OED-TIMEOUT", "the error");
    connection.callTimeout = 0;
    equal((await connection.execute("select 1 from dual")).rows, [[1]], "the next statement");
  },

  async "an AbortSignal ends a slow call, and the connection survives"({ connection, slow }) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 200);
    const call = connection.execute(slow, [], { signal: controller.signal });
    const error = await rejected(call, "a slow statement").finally(() => clearTimeout(timer));
    equal(error.name, "AbortError", "the error");
    equal((await connection.execute("select 1 from dual")).rows, [[1]], "the next statement");
  },

  async "break() ends a slow call with ORA-01013"({ connection, slow }) {
    const timer = setTimeout(() => connection.break(), 200);
    const call = rejected(connection.execute(slow), "a slow statement");
    equal((await call.finally(() => clearTimeout(timer))).code, "ORA-01013", "the error");
    equal((await connection.execute("select 1 from dual")).rows, [[1]], "the next statement");
  },

  async "a wrong password is ORA-01017"({ connect, api }) {
    const error = await rejected(connect({ password: "wrong" }), "a wrong password");
    assert(error instanceof api.DatabaseError, `a DatabaseError, not ${error}`);
    equal(error.errorNum, 1017, "the number");
    assert(!error.message.includes("wrong"), "the password is not in the message");
  },

  async "a closed connection says so"({ connect }) {
    const connection = await connect();
    await connection.close();
    equal((await rejected(connection.execute("select 1 from dual"), "closed")).code, "OED-CLOSED", "the code");
  },

  async "a large result arrives in constant memory"({ connection, api, rows = 1_000_000 }) {
    let count = 0;
    let settled;
    let sum = 0;
    const query = connection.query(`${ROWS} ${rows}`, [], { fetchArraySize: 1000 });
    for await (const batch of query.batches()) {
      for (const [id] of batch) sum += id;
      count += batch.length;
      // By a tenth of the rows every buffer has the size that it keeps.
      if (settled === undefined && count >= rows / 10) settled = await api.wasmMemoryBytes();
    }
    equal([count, sum], [rows, (rows * (rows + 1)) / 2], "rows and their sum");
    const peak = await api.wasmMemoryBytes();
    equal(peak, settled, "wasm memory at a tenth of the rows and at the end");
    return `${rows} rows, peak of wasm memory: ${(peak / 1048576).toFixed(1)} MiB`;
  },
};

/**
 * Runs all scenarios.
 *
 * @param {object} setting
 * @param {object} setting.api what the consumer imported as `* as api from "oraedge"`
 * @param {object} setting.options for `getConnection()`
 * @param {string} setting.slow a statement that takes long, and can be interrupted
 * @param {number} [setting.rows] rows of the largest result
 * @param {(line: string) => void} report takes one line a scenario
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function run({ api, options, slow, rows }, report) {
  let passed = 0;
  let failed = 0;
  const connect = (changes) => api.getConnection({ ...options, ...changes });
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const started = Date.now();
    const table = `t_${Math.random().toString(36).slice(2, 10)}`;
    let connection;
    try {
      connection = await connect();
      const note = await scenario({ api, connection, connect, table, slow, rows });
      passed += 1;
      report(`ok   ${name} (${Date.now() - started} ms)${note ? ` - ${note}` : ""}`);
    } catch (error) {
      failed += 1;
      report(`FAIL ${name}: ${error instanceof Failure ? error.message : (error.stack ?? error)}`);
    }
    try {
      if (connection?.isHealthy()) {
        await connection.execute(`drop table ${table}`).catch(() => {});
        await connection.close();
      }
    } catch (error) {
      report(`note: closing after "${name}": ${error.message}`);
    }
  }
  return { passed, failed };
}
