// API key of an OCI user, from the configuration file of OCI's tools.
//
// Environment: CONNECT_STRING, PYO_OCI_CONFIG_FILE_LOCATION and PYO_OCI_PROFILE (by default
// ~/.oci/config and DEFAULT).

import { getConnection } from "oraedge";

const { env } = process;

const connection = await getConnection({
  connectString: env.CONNECT_STRING,
  extraAuthParams: {
    authType: "ConfigFileAuthentication",
    fileLocation: env.PYO_OCI_CONFIG_FILE_LOCATION,
    profile: env.PYO_OCI_PROFILE,
    endpoint: env.OCI_AUTH_ENDPOINT,
  },
});
const { rows } = await connection.execute("select user from dual");
console.log(rows[0]);
await connection.close();
