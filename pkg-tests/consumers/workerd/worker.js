// A Cloudflare Worker, over a WebSocket to the bridge.

import * as api from "oraedge";

import { run } from "./scenarios.js";

export default {
  async fetch(request) {
    const setting = await request.json();
    const options = {
      ...setting.options,
      connectString: setting.wsTarget,
      transport: api.webSocket(setting.ws),
    };
    const lines = [];
    const result = await run({ api, ...setting, options }, (line) => lines.push(line));
    return Response.json({ lines, result });
  },
};
