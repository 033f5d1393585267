// Session token that `oci session authenticate` has put into a profile.
//
// Environment: CONNECT_STRING, PYO_OCI_PROFILE, PYO_OCI_CONFIG_FILE_LOCATION (by default
// ~/.oci/config).

import { getConnection } from "oraedge";

const { env } = process;

const connection = await getConnection({
  connectString: env.CONNECT_STRING,
  extraAuthParams: {
    authType: "SecurityToken",
    profile: env.PYO_OCI_PROFILE,
    fileLocation: env.PYO_OCI_CONFIG_FILE_LOCATION,
    endpoint: env.OCI_AUTH_ENDPOINT,
  },
});
const { rows } = await connection.execute("select user from dual");
console.log(rows[0]);
await connection.close();
