// Node, over plain TCP, and over TCPS where the server has it.

import { readFileSync } from "node:fs";

import * as api from "oraedge";

import { run } from "./scenarios.js";

const { tcp, tcps, ca, options, ...setting } = JSON.parse(process.env.ORAEDGE_SETTING);
const result = { passed: 0, failed: 0 };

async function add(name, more) {
  const report = (line) => console.log(`${name}: ${line}`);
  const { passed, failed } = await run({ api, ...setting, ...more }, report);
  result.passed += passed;
  result.failed += failed;
}

await add("TCP", { options: { ...options, connectString: tcp } });
if (tcps) {
  const transport = api.tcp({ ca: readFileSync(ca) });
  await add("TCPS", { options: { ...options, connectString: tcps, transport }, rows: 10_000 });
}
console.log(`RESULT ${JSON.stringify(result)}`);
