import assert from "node:assert/strict";
import test from "node:test";

import {
  KIND_BOOLEAN, KIND_BYTES, KIND_FLOAT64, KIND_INTERVAL_DS, KIND_INTERVAL_YM, KIND_LOCAL_TIME,
  KIND_TEXT, KIND_UTC_TIME,
} from "../border.js";
import { readBatch, rowMaker } from "../rows.js";
import { localClock } from "../times.js";
import { IntervalDS, IntervalYM } from "../types.js";
import { FakeMemory } from "./fake.js";

function shape(columns, count, { names, asObjects = false, compile = false, converters = [] } = {}) {
  const memory = new FakeMemory();
  const address = memory.batch(columns, count, true);
  const maker = rowMaker(names ?? columns.map((_, i) => `C${i}`), asObjects, compile);
  return readBatch(memory.buffer, address, maker, converters, localClock());
}

const EVERY_KIND = [
  { kind: KIND_FLOAT64, values: [1, null, -2.5] },
  { kind: KIND_TEXT, values: ["plain", "grün 🍏 \uFEFF", null] },
  { kind: KIND_LOCAL_TIME, values: [Date.UTC(2024, 0, 2, 3, 4, 5), null, 0] },
  { kind: KIND_UTC_TIME, values: [null, 1_700_000_000_000, 0] },
  { kind: KIND_BYTES, values: [[1, 2, 3], [], null] },
  { kind: KIND_BOOLEAN, values: [true, false, null] },
  { kind: KIND_INTERVAL_YM, values: [[1, 2], [-3, -4], null] },
  { kind: KIND_INTERVAL_DS, values: [[1, 2, 3, 4, 5], null, [-1, -2, -3, -4, -5]] },
];

for (const compile of [false, true]) {
  test(`every kind of column becomes values, compiled: ${compile}`, () => {
    const { rows, more } = shape(EVERY_KIND, 3, { compile });
    assert.equal(more, true);
    assert.deepEqual(rows, [
      [
        1, "plain", new Date(2024, 0, 2, 3, 4, 5), null, Buffer.from([1, 2, 3]), true,
        new IntervalYM({ years: 1, months: 2 }),
        new IntervalDS({ days: 1, hours: 2, minutes: 3, seconds: 4, fseconds: 5 }),
      ],
      [
        null, "grün 🍏 \uFEFF", null, new Date(1_700_000_000_000), Buffer.alloc(0), false,
        new IntervalYM({ years: -3, months: -4 }), null,
      ],
      [
        -2.5, null, new Date(1970, 0, 1), new Date(0), null, null, null,
        new IntervalDS({ days: -1, hours: -2, minutes: -3, seconds: -4, fseconds: -5 }),
      ],
    ]);
  });

  test(`rows are objects when asked for, whatever the columns are called, compiled: ${compile}`, () => {
    const names = ["ID", 'odd "name"\\', "__proto__", "constructor"];
    const columns = names.map((_, i) => ({ kind: KIND_FLOAT64, values: [i] }));
    const { rows } = shape(columns, 1, { names, asObjects: true, compile });
    assert.deepEqual(Object.entries(rows[0]), names.map((name, i) => [name, i]));
    assert.equal(Object.getPrototypeOf(rows[0]), Object.prototype);
  });
}

test("converters get the value, null included", () => {
  const { rows } = shape([{ kind: KIND_TEXT, values: ["1", null] }], 2, {
    converters: [(value) => (value === null ? "none" : BigInt(value))],
  });
  assert.deepEqual(rows, [[1n], ["none"]]);
});

test("values do not change when the wasm memory does", () => {
  const memory = new FakeMemory();
  const address = memory.batch([{ kind: KIND_BYTES, values: [[1, 2]] }], 1);
  const { rows } = readBatch(memory.buffer, address, rowMaker(["C"], false, false), [], localClock());
  new Uint8Array(memory.buffer).fill(0xff);
  assert.deepEqual([...rows[0][0]], [1, 2]);
});

test("a column of an unknown kind says that the versions differ", () => {
  assert.throws(() => shape([{ kind: 99, values: [] }], 0), /must be of one version/);
});
