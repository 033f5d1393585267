import assert from "node:assert/strict";
import test from "node:test";

import { encodeBinds, encodeManyBinds } from "../binds.js";
import { BIND_OUT } from "../constants.js";
import {
  DB_TYPE_BINARY_DOUBLE, DB_TYPE_DATE, DB_TYPE_NUMBER, DB_TYPE_RAW, DB_TYPE_TIMESTAMP_TZ,
  DB_TYPE_VARCHAR, IntervalDS, IntervalYM, dbTypeByNumber,
} from "../types.js";

/** Reads a buffer of binds as src/wasm/border.rs describes it. */
function read(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  let at = 8;
  const text = (length) => decoder.decode(bytes.subarray(at, (at += length)));
  const rows = view.getUint32(0, true);
  const width = view.getUint16(4, true);
  const byName = bytes[6] === 1;
  const binds = [];
  for (let i = 0; i < width; i++) {
    const type = dbTypeByNumber(view.getUint16(at, true)).columnTypeName;
    const length = view.getUint16(at + 2, true);
    const maxSize = view.getUint32(at + 4, true);
    at += 8;
    binds.push({ type, maxSize, ...(byName ? { name: text(length) } : {}) });
  }
  const value = () => {
    const tag = bytes[at++];
    const number = (get, size) => {
      const found = view[get](at, true);
      at += size;
      return found;
    };
    const ints = (count) => Array.from({ length: count }, () => number("getInt32", 4));
    switch (tag) {
      case 0: return null;
      case 1: return { f64: number("getFloat64", 8) };
      case 2: return { i32: number("getInt32", 4) };
      case 3: return { text: text(number("getUint32", 4)) };
      case 4: {
        const length = number("getUint32", 4);
        return { bytes: [...bytes.subarray(at, (at += length))] };
      }
      case 5: return { local: new Date(number("getFloat64", 8)).toISOString() };
      case 6: return { utc: new Date(number("getFloat64", 8)).toISOString() };
      case 7: return false;
      case 8: return true;
      case 9: return { ym: ints(2) };
      case 10: return { ds: ints(5) };
      default: throw new Error(`unknown tag ${tag}`);
    }
  };
  const values = Array.from({ length: width === 0 ? 0 : rows }, () =>
    Array.from({ length: width }, value),
  );
  assert.equal(at, bytes.length, "bytes are left over");
  return { rows, byName, binds, values };
}

test("each JavaScript type is bound as the type that node-oracledb gives it", () => {
  const date = new Date(2024, 1, 3, 4, 5, 6, 7);
  const cases = [
    ["text", "VARCHAR2", { text: "text" }],
    ["grün 🍏", "VARCHAR2", { text: "grün 🍏" }],
    ["", "VARCHAR2", { text: "" }],
    [7, "NUMBER", { i32: 7 }],
    [-2147483648, "NUMBER", { i32: -2147483648 }],
    [2147483648, "NUMBER", { f64: 2147483648 }],
    [0.5, "NUMBER", { f64: 0.5 }],
    [12345678901234567890n, "NUMBER", { text: "12345678901234567890" }],
    [true, "BOOLEAN", true],
    [false, "BOOLEAN", false],
    [date, "TIMESTAMP", { local: "2024-02-03T04:05:06.007Z" }],
    [new Uint8Array([1, 2]), "RAW", { bytes: [1, 2] }],
    [Buffer.from("ab"), "RAW", { bytes: [97, 98] }],
    [new IntervalYM({ years: 1, months: -2 }), "INTERVAL YEAR TO MONTH", { ym: [1, -2] }],
    [
      new IntervalDS({ days: 1, hours: 2, minutes: 3, seconds: 4, fseconds: 5 }),
      "INTERVAL DAY TO SECOND",
      { ds: [1, 2, 3, 4, 5] },
    ],
    [null, "VARCHAR2", null],
    [undefined, "VARCHAR2", null],
  ];
  for (const [value, type, expected] of cases) {
    const { binds, values } = read(encodeBinds([value]));
    assert.equal(binds[0].type, type);
    assert.deepEqual(values, [[expected]], String(value));
  }
});

test("binds by name keep their names, with or without the colon", () => {
  const found = read(encodeBinds({ id: 1, ":name": "x" }));
  assert.equal(found.byName, true);
  assert.deepEqual(found.binds.map(({ name }) => name), ["id", "name"]);
});

test("a bind object says type, size and value", () => {
  const when = new Date(Date.UTC(2024, 0, 1));
  const found = read(
    encodeBinds([
      { val: 1.5, type: DB_TYPE_BINARY_DOUBLE },
      { val: when, type: DB_TYPE_TIMESTAMP_TZ },
      { val: null, type: DB_TYPE_DATE },
      { val: "ab", type: DB_TYPE_VARCHAR, maxSize: 100 },
      { val: "123.456789012345678901234567890", type: DB_TYPE_NUMBER },
    ]),
  );
  assert.deepEqual(found.binds.map(({ type }) => type), [
    "BINARY_DOUBLE", "TIMESTAMP WITH TIME ZONE", "DATE", "VARCHAR2", "NUMBER",
  ]);
  assert.deepEqual(found.values[0], [
    { f64: 1.5 }, { utc: "2024-01-01T00:00:00.000Z" }, null, { text: "ab" },
    { text: "123.456789012345678901234567890" },
  ]);
  assert.equal(found.binds[3].maxSize, 100);
});

test("executeMany() takes type and size from all rows", () => {
  const found = read(encodeManyBinds([[null, "a"], [2, "größer"], [3.5, null]]));
  assert.equal(found.rows, 3);
  assert.deepEqual(found.binds, [{ type: "NUMBER", maxSize: 1 }, { type: "VARCHAR2", maxSize: 8 }]);
  assert.deepEqual(found.values, [
    [null, { text: "a" }], [{ i32: 2 }, { text: "größer" }], [{ f64: 3.5 }, null],
  ]);
});

test("executeMany() takes rows as objects in whatever order their keys have", () => {
  const found = read(encodeManyBinds([{ a: 1, b: "x" }, { b: "y", a: 2 }]));
  assert.deepEqual(found.values, [[{ i32: 1 }, { text: "x" }], [{ i32: 2 }, { text: "y" }]]);
});

test("executeMany() takes a number of executions", () => {
  assert.deepEqual(read(encodeManyBinds(5)), { rows: 5, byName: false, binds: [], values: [] });
});

test("a buffer that must grow keeps what is in it", () => {
  const long = "ü".repeat(40_000);
  const found = read(encodeBinds(["first", long, new Uint8Array(70_000).fill(9)]));
  assert.equal(found.values[0][0].text, "first");
  assert.equal(found.values[0][1].text, long);
  assert.equal(found.values[0][2].bytes.length, 70_000);
});

test("what cannot be bound is refused with its place and a reason", () => {
  const cases = [
    [() => encodeBinds([Symbol("x")]), /a symbol cannot be bound in position 1/],
    [() => encodeBinds([[1, 2]]), /an array cannot be bound/],
    [() => encodeBinds([{ a: 1 }]), /must have at least one of "dir", "type"/],
    [() => encodeBinds([NaN]), /in position 1 is NaN.*DB_TYPE_BINARY_DOUBLE/],
    [() => encodeBinds({ x: Infinity }), /":x" is Infinity/],
    [() => encodeBinds([new Date(NaN)]), /invalid Date/],
    [() => encodeBinds([{ val: 1, dir: BIND_OUT }]), /OUT or IN OUT, which is not supported yet/],
    [() => encodeBinds([{ val: "x", type: DB_TYPE_RAW }]), /is a RAW, and the value.*a string/],
    [() => encodeBinds("x"), /binds must be an array or an object, not a string/],
    [() => encodeManyBinds([]), /at least one row/],
    [() => encodeManyBinds([[1], { a: 1 }]), /cannot be mixed/],
    [() => encodeManyBinds([[1], ["x"]]), /is a NUMBER, and the value/],
    [() => encodeManyBinds([["a"]], [{ type: DB_TYPE_VARCHAR }]), /"maxSize" must be specified/],
    [
      () => encodeManyBinds([["abc"]], [{ type: DB_TYPE_VARCHAR, maxSize: 2 }]),
      /maxSize of 2 .* too small for the value of 3 bytes in row 0/,
    ],
  ];
  for (const [attempt, message] of cases) {
    assert.throws(attempt, { code: /OED-MISUSE|OED-UNSUPPORTED/, message });
  }
});
