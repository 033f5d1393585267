// A service principal of Microsoft Entra ID.
//
// Environment: CONNECT_STRING, PYO_AZURE_AUTHORITY, PYO_AZURE_CLIENTID, PYO_AZURE_CLIENTSECRET,
// PYO_AZURE_SCOPES.

import { getConnection } from "oraedge";

const { env } = process;

const connection = await getConnection({
  connectString: env.CONNECT_STRING,
  extraAuthParams: {
    authType: "AzureServicePrincipal",
    authority: env.PYO_AZURE_AUTHORITY,
    clientId: env.PYO_AZURE_CLIENTID,
    clientSecret: env.PYO_AZURE_CLIENTSECRET,
    scopes: env.PYO_AZURE_SCOPES,
  },
});
const { rows } = await connection.execute("select user from dual");
console.log(rows[0]);
await connection.close();
