// In a notebook, a function or a job of OCI: the resource itself logs on.
//
// Environment: CONNECT_STRING, OCI_RESOURCE_PRINCIPAL_*, which OCI sets.

import { getConnection } from "oraedge";

const { env } = process;

const connection = await getConnection({
  connectString: env.CONNECT_STRING,
  extraAuthParams: {
    authType: "ResourcePrincipal",
    endpoint: env.OCI_AUTH_ENDPOINT,
  },
});
const { rows } = await connection.execute("select user from dual");
console.log(rows[0]);
await connection.close();
