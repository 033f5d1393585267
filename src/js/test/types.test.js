import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import test from "node:test";

import * as api from "../api.js";

/** The files that index.d.ts puts together, as one text. */
async function declarations() {
  const folder = new URL("../types/", import.meta.url);
  const index = await readFile(new URL("../index.d.ts", import.meta.url), "utf8");
  const files = (await readdir(folder)).sort();
  const named = [...index.matchAll(/^export \* from ".\/types\/(\w+)\.js"/gm)].map(([, n]) => n);
  assert.deepEqual(named.map((name) => `${name}.d.ts`).sort(), files);
  return (await Promise.all(files.map((file) => readFile(new URL(file, folder), "utf8")))).join("");
}

test("the types name exactly what the package exports", async () => {
  const types = await declarations();
  const declared = [...types.matchAll(/^export (?:const|function|class) (\w+)/gm)].map(([, n]) => n);
  assert.deepEqual(declared.sort(), Object.keys(api).filter((name) => name !== "default").sort());
});

test("the default export has what its type says", async () => {
  const types = await declarations();
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
