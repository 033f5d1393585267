import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

import * as border from "../border.js";

test("both sides of the wasm border have the same numbers", async () => {
  const rust = await readFile(new URL("../../wasm/border.rs", import.meta.url), "utf8");
  const found = {};
  for (const [, name, value] of rust.matchAll(/const ([A-Z0-9_]+): u32 = (\d+);/g)) {
    found[name] = Number(value);
  }
  assert.deepEqual(found, { ...border });
});
