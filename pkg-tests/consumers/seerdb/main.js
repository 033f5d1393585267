// Node against seerdb, a server that other people wrote from captures of real ones, at the field
// version that the server was started with. Its statements are those of tests/peers/seerdb/serve.py.

import assert from "node:assert/strict";

import * as api from "oraedge";

const { connectString, fieldVersion } = JSON.parse(process.env.ORAEDGE_SETTING);
const FIRST_WITH_BOOLEAN = 17;
const LONG_TEXT = "long text é".repeat(5000);

const connect = (changes) =>
  api.getConnection({
    user: "scott", password: "tiger", connectString, callTimeout: 20_000, ...changes,
  });

const SCENARIOS = {
  async "every type"(connection) {
    const { rows } = await connection.execute("select * from every_type order by id", [], {
      outFormat: api.OUT_FORMAT_OBJECT,
      fetchInfo: { N_38: { type: api.STRING } },
    });
    const [first, second, nothing] = rows;
    assert.equal(first.N_INT, 42);
    assert.equal(first.N_DEC, -1234.5678);
    assert.equal(first.N_38, "9".repeat(38));
    assert.equal(second.N_38, `-${"9".repeat(38)}`);
    assert.equal(first.BF, 1.5);
    assert.equal(first.BD, 2.5e100);
    assert.equal(second.BD, -1e-300);
    assert.equal(first.VC, "Grüße, 世界 🙂");
    assert.equal(second.VC, "x".repeat(1000));
    assert.equal(first.CH, "abc       ");
    assert.equal(first.NVC, "Ωmega 🙂");
    assert.equal(first.NCH, "äöü       ");
    assert.ok(Buffer.isBuffer(first.RW));
    assert.equal(first.RW.toString("hex"), "00ff10abcd");
    assert.equal(second.RW.length, 512);
    assert.deepEqual(first.DT, new Date(1999, 11, 31, 23, 59, 58));
    assert.equal(second.DT.getFullYear(), 1);
    assert.deepEqual(first.TS, new Date(2024, 1, 29, 12, 34, 56, 123));
    assert.equal(second.TS.getFullYear(), 9999);
    assert.equal(first.TZ.toISOString(), "2024-02-29T07:04:56.123Z");
    assert.equal(second.TZ.toISOString(), "2024-01-01T09:30:00.000Z");
    assert.deepEqual({ ...first.IYM }, { months: 11, years: 12 });
    assert.deepEqual({ ...second.IYM }, { months: -2, years: -3 });
    assert.deepEqual(
      { ...first.IDS },
      { days: 12, hours: 3, minutes: 4, seconds: 5, fseconds: 678000000 },
    );
    assert.equal(first.RID, "AAAR3sAAEAAAACXAAA");
    assert.equal(second.URID, "AAAR3sAAEAAAACXAAC");
    if (fieldVersion >= FIRST_WITH_BOOLEAN) assert.deepEqual([first.BO, second.BO], [true, false]);
    for (const [name, value] of Object.entries(nothing)) {
      if (name !== "ID") assert.equal(value, null, name);
    }
    const longs = (await connection.execute("select * from longs")).rows;
    assert.equal(longs[0][1], LONG_TEXT);
    assert.equal(longs[0][2].length, 51_200);
  },

  async "binds as the server decoded them"(connection) {
    const when = new Date(2024, 5, 7, 8, 9, 10, 250);
    const cases = [
      ["text äöü 🙂", {}], ["x".repeat(4000), {}], [42, {}], [-0.125, {}], [1e100, {}],
      [2 ** 53, {}], [when, {}], [when, { type: api.DB_TYPE_TIMESTAMP_TZ }],
      [when, { type: api.DB_TYPE_TIMESTAMP_LTZ }], [2.5, { type: api.DB_TYPE_BINARY_DOUBLE }],
      [new Date(2024, 5, 7, 8, 9, 10), { type: api.DB_TYPE_DATE }],
      [Buffer.from([0, 1, 255]), {}], [null, {}],
      [new api.IntervalYM({ years: -3, months: -2 }), {}],
      [new api.IntervalDS({ days: 1, hours: 2, minutes: 3, seconds: 4, fseconds: 5000 }), {}],
    ];
    if (fieldVersion >= FIRST_WITH_BOOLEAN) cases.push([true, {}]);
    for (const [val, more] of cases) {
      const { rows } = await connection.execute("select :a from echo", { a: { val, ...more } });
      assert.deepEqual(rows[0][0], val, `${more.type ?? typeof val}`);
    }
    const { rows } = await connection.execute("select :a, :b from echo", { b: "second", a: 1 });
    assert.deepEqual(rows, [[1, "second"]]);
    const big = (await connection.execute("select :a from echo", [12345678901234567890123n], { numbers: "string" })).rows;
    assert.deepEqual(big, [["12345678901234567890123"]]);
  },

  async "many rows, whole and left half-way"(connection) {
    let count = 0;
    for await (const [id, name, amount] of connection.query("select * from numbered(20000)")) {
      count += 1;
      assert.deepEqual([id, name, amount], [count, `row ${count}`, count / 4]);
    }
    assert.equal(count, 20_000);
    for await (const [id] of connection.query("select * from numbered(20000)")) if (id === 777) break;
    assert.deepEqual((await connection.execute("select * from numbered(1)")).rows, [[1, "row 1", 0.25]]);
  },

  async "an error with its place, and the connection goes on"(connection) {
    await assert.rejects(connection.execute("select * from fails_at(9)"), {
      name: "DatabaseError", code: "ORA-01476", errorNum: 1476, offset: 9,
    });
    assert.equal((await connection.execute("select * from numbered(3)")).rows.length, 3);
  },

  async "DML, commit and rollback"(connection) {
    await connection.execute("create table t (id number, name varchar2(40))");
    const rows = [[1, "a"], [2, null], [3, "c"]];
    assert.equal((await connection.executeMany("insert into t values (:1, :2)", rows)).rowsAffected, 3);
    await connection.rollback();
    assert.deepEqual((await connection.execute("select count(*) from t")).rows, [[0]]);
    await connection.transaction((tx) => tx.executeMany("insert into t values (:1, :2)", rows));
    const found = await connection.sql`select id, name from t where id >= ${2} order by id`;
    assert.deepEqual(found.map(Object.values), [[2, null], [3, "c"]]);
    await connection.execute("drop table t");
  },

  async "a call that takes too long"(connection) {
    connection.callTimeout = 150;
    await assert.rejects(connection.execute("select * from sleeps(500)"), { code: "OED-TIMEOUT" });
    connection.callTimeout = 20_000;
    assert.deepEqual((await connection.execute("select * from numbered(1)")).rows[0][0], 1);
  },

  async "a wrong password"() {
    await assert.rejects(connect({ password: "wrong" }), { errorNum: 1017 });
  },
};

const result = { passed: 0, failed: 0 };
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  const started = Date.now();
  let connection;
  try {
    connection = await connect();
    await scenario(connection);
    result.passed += 1;
    console.log(`ok   field version ${fieldVersion}: ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    result.failed += 1;
    console.log(`FAIL field version ${fieldVersion}: ${name}: ${error.stack}`);
  }
  await connection?.close().catch(() => {});
}
console.log(`RESULT ${JSON.stringify(result)}`);
