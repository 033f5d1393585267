// Node, over plain TCP.

import * as api from "oraedge";

import { run } from "./scenarios.js";

const setting = JSON.parse(process.env.ORAEDGE_SETTING);
const options = { ...setting.options, connectString: setting.tcp };
const result = await run({ api, ...setting, options }, (line) => console.log(line));
console.log(`RESULT ${JSON.stringify(result)}`);
