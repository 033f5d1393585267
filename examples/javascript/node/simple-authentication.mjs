// API key of an OCI user; nothing is read from a configuration file.
//
// Environment: CONNECT_STRING, PYO_OCI_USER_OCID, PYO_OCI_KEYFILE, PYO_OCI_FINGERPRINT,
// PYO_OCI_TENANCY, PYO_OCI_REGION.

import { getConnection } from "oraedge";

const { env } = process;

const connection = await getConnection({
  connectString: env.CONNECT_STRING,
  extraAuthParams: {
    authType: "SimpleAuthentication",
    user: env.PYO_OCI_USER_OCID,
    keyFile: env.PYO_OCI_KEYFILE,
    fingerprint: env.PYO_OCI_FINGERPRINT,
    tenancy: env.PYO_OCI_TENANCY,
    region: env.PYO_OCI_REGION,
    endpoint: env.OCI_AUTH_ENDPOINT,
  },
});
const { rows } = await connection.execute("select user from dual");
console.log(rows[0]);
await connection.close();
