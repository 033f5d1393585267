import assert from "node:assert/strict";
import { test } from "node:test";

import { errorRange, indexOfByte } from "../../src/positions.js";

test("bytes are not characters", () => {
  for (const [text, bytes, index] of [
    ["abc", 2, 2],
    ["äbc", 2, 1],
    ["€bc", 3, 1],
    ["😀b", 4, 2],
    ["abc", 99, 3],
    ["", 0, 0],
  ]) {
    assert.equal(indexOfByte(text, bytes), index, text);
  }
});

const marked = (sql, error) => {
  const range = errorRange(sql, error);
  return range && sql.slice(range.from, range.to);
};

test("an error covers the word at its offset", () => {
  const sql = "select 'ü' from no_such_table where 1 = 1";
  const offset = Buffer.from(sql.slice(0, sql.indexOf("no_such"))).length;
  assert.equal(marked(sql, { offset, message: "ORA-00942" }), "no_such_table");
  assert.equal(marked('select "A b" c', { offset: 7, message: "" }), '"A b"');
  assert.equal(marked("select )", { offset: 7, message: "" }), ")");
});

test("an error behind the end covers the last word, and one without a place nothing", () => {
  assert.equal(marked("select 1 from", { offset: 13, message: "" }), "from");
  assert.equal(marked("select 1 from  ", { offset: 99, message: "" }), "from");
  assert.equal(errorRange("select 1", { message: "ORA-03113" }), undefined);
});

test("PL/SQL's line and column win over the offset", () => {
  const sql = "begin\n  wrong;\nend;";
  const message = "ORA-06550: line 2, column 3:\nPLS-00201: identifier 'WRONG' must be declared";
  assert.equal(marked(sql, { offset: 0, message }), "wrong");
});
