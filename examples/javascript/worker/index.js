// A Cloudflare Worker that logs on with what its secrets and variables say, and answers who it is.
//
//   AUTH             the parameters, as JSON: {"authType": "SimpleAuthentication", "keyContent": ...}
//   CONNECT_STRING   of the database, as the bridge sees it
//   BRIDGE           address of the bridge, wss://...
//
// The bridge carries the connection; the Worker asks the identity services itself. Connections of
// one isolate share a token until a minute before it expires.

import { getConnection, webSocket } from "oraedge";

export default {
  async fetch(request, env) {
    await using connection = await getConnection({
      connectString: env.CONNECT_STRING,
      transport: webSocket(env.BRIDGE, { token: env.BRIDGE_TOKEN }),
      extraAuthParams: JSON.parse(env.AUTH),
      // Where a method reads variables (OCI_RESOURCE_PRINCIPAL_RPST ...), they are the Worker's.
      environment: env,
    });
    const { rows } = await connection.execute("select user from dual");
    return Response.json(rows[0]);
  },
};
