// The same page, put together by a bundler.

import * as api from "oraedge";

import { run } from "./scenarios.js";

window.runScenarios = (setting) => {
  const options = {
    ...setting.options,
    connectString: setting.wsTarget,
    transport: api.webSocket(setting.ws),
  };
  return run({ api, ...setting, options }, (line) => console.log(line));
};
