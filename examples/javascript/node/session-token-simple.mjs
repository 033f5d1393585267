// Session token of `oci session authenticate`, each part of it as a parameter.
//
// Environment: CONNECT_STRING, PYO_STSA_OCI_KEYFILE, PYO_STSA_OCI_FINGERPRINT, PYO_STSA_OCI_TENANCY,
// PYO_STSA_OCI_REGION, PYO_STSA_OCI_SECURITY_TOKEN_FILE.

import { getConnection } from "oraedge";

const { env } = process;

const connection = await getConnection({
  connectString: env.CONNECT_STRING,
  extraAuthParams: {
    authType: "SecurityTokenSimple",
    keyFile: env.PYO_STSA_OCI_KEYFILE,
    fingerprint: env.PYO_STSA_OCI_FINGERPRINT,
    tenancy: env.PYO_STSA_OCI_TENANCY,
    region: env.PYO_STSA_OCI_REGION,
    securityTokenFile: env.PYO_STSA_OCI_SECURITY_TOKEN_FILE,
    endpoint: env.OCI_AUTH_ENDPOINT,
  },
});
const { rows } = await connection.execute("select user from dual");
console.log(rows[0]);
await connection.close();
