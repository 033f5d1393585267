import assert from "node:assert/strict";
import { test } from "node:test";

import { splitStatements, statementAt } from "../../src/statements.js";

const sqls = (text) => splitStatements(text).map(({ sql }) => sql);

test("semicolons end SQL, except in quotes and comments", () => {
  for (const [text, expected] of [
    ["", []],
    ["  \n-- only a comment", []],
    ["select 1 from dual", ["select 1 from dual"]],
    ["select 1 from dual;", ["select 1 from dual"]],
    ["a;b ;\n c", ["a", "b", "c"]],
    [";;", []],
    ["select ';' from dual; x", ["select ';' from dual", "x"]],
    ["select 'it''s; so' from dual; x", ["select 'it''s; so' from dual", "x"]],
    ['select ";" from dual; x', ['select ";" from dual', "x"]],
    ["select q'[a;'b]' from dual; x", ["select q'[a;'b]' from dual", "x"]],
    ["select nq'!a;'!' from dual; x", ["select nq'!a;'!' from dual", "x"]],
    ["select 1 -- no; end\nfrom dual; x", ["select 1 -- no; end\nfrom dual", "x"]],
    ["select /* ; */ 1; x", ["select /* ; */ 1", "x"]],
    ["-- first\nselect 1;\n/* second */ select 2", ["select 1", "select 2"]],
    ["select 'open; x", ["select 'open; x"]],
    ["select 4\n/\nselect 2", ["select 4", "select 2"]],
    ["select 4 / 2 from dual; x", ["select 4 / 2 from dual", "x"]],
  ]) {
    assert.deepEqual(sqls(text), expected, JSON.stringify(text));
  }
});

test("PL/SQL keeps its semicolons and ends with a slash on its own line", () => {
  for (const block of [
    "begin null; end;",
    "declare x number; begin x := 4 / 2; end;",
    "<<label>> begin null; end;",
    "create or replace procedure p is begin null; end;",
    "CREATE OR REPLACE EDITIONABLE PACKAGE p AS x number; END;",
    "create trigger t before insert on e begin null; end;",
    "with function f return number is begin return 1; end; select f from dual",
  ]) {
    assert.deepEqual(sqls(`${block}\n/\nselect 1`), [block, "select 1"]);
    assert.equal(splitStatements(block)[0].plsql, true);
  }
  assert.deepEqual(sqls("create table t (x number); begin_x"), [
    "create table t (x number)",
    "begin_x",
  ]);
});

test("positions point into the script", () => {
  const text = "-- c\n select 1 ;\n\nselect 2";
  for (const { from, to, sql } of splitStatements(text)) {
    assert.equal(text.slice(from, to), sql);
  }
});

test("the statement at the cursor is the one around it, before it on the line, or after it", () => {
  const text = "select 1;\nselect 2;  \n\n-- note\nselect 3";
  for (const [cursor, expected] of [
    [0, "select 1"],
    [8, "select 1"],
    [9, "select 1"],
    [10, "select 2"],
    [text.indexOf(";  ") + 3, "select 2"],
    [text.indexOf("\n\n") + 1, "select 3"],
    [text.indexOf("note"), "select 3"],
    [text.length, "select 3"],
  ]) {
    assert.equal(statementAt(text, cursor).sql, expected, `at ${cursor}`);
  }
  assert.equal(statementAt("select 1;\n\n\n", 12).sql, "select 1");
  assert.equal(statementAt(" -- nothing", 3), undefined);
});
