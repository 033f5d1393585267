import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

import * as api from "../api.js";

test("the types name exactly what the package exports", async () => {
  const types = await readFile(new URL("../index.d.ts", import.meta.url), "utf8");
  const declared = [...types.matchAll(/^export (?:const|function|class) (\w+)/gm)].map(([, n]) => n);
  assert.deepEqual(declared.sort(), Object.keys(api).filter((name) => name !== "default").sort());
});

test("the default export has what its type says", async () => {
  const types = await readFile(new URL("../index.d.ts", import.meta.url), "utf8");
  const body = /export interface Oraedge \{([^]*?)\n\}/.exec(types)[1];
  const declared = [...body.matchAll(/^ {2}(?:readonly )?(\w+):/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.keys(api.default).sort());
});

test("settings are checked when they are set", () => {
  assert.throws(() => (api.default.fetchArraySize = 0), /"fetchArraySize"/);
  api.default.fetchArraySize = 50;
  assert.equal(api.default.fetchArraySize, 50);
  api.default.fetchArraySize = 100;
});
