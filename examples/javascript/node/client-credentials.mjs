// An application of an OCI identity domain.
//
// Environment: CONNECT_STRING, OCI_DOMAIN_TOKEN_URL, OCI_DOMAIN_CLIENT_ID, OCI_DOMAIN_CLIENT_SECRET,
// OCI_DOMAIN_SCOPES.

import { getConnection } from "oraedge";

const { env } = process;

const connection = await getConnection({
  connectString: env.CONNECT_STRING,
  extraAuthParams: {
    authType: "ClientCredentials",
    authority: env.OCI_DOMAIN_TOKEN_URL,
    clientId: env.OCI_DOMAIN_CLIENT_ID,
    clientSecret: env.OCI_DOMAIN_CLIENT_SECRET,
    scopes: env.OCI_DOMAIN_SCOPES,
  },
});
const { rows } = await connection.execute("select user from dual");
console.log(rows[0]);
await connection.close();
