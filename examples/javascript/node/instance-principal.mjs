// On a compute instance of OCI: the instance itself logs on, and there is nothing to configure.
//
// Environment: CONNECT_STRING, OCI_METADATA_BASE_URL for another metadata service.

import { getConnection } from "oraedge";

const { env } = process;

const connection = await getConnection({
  connectString: env.CONNECT_STRING,
  extraAuthParams: {
    authType: "InstancePrincipal",
    endpoint: env.OCI_AUTH_ENDPOINT,
    federationEndpoint: env.OCI_FEDERATION_ENDPOINT,
  },
});
const { rows } = await connection.execute("select user from dual");
console.log(rows[0]);
await connection.close();
