// The programs of examples/javascript against the simulated identity services, in Node, workerd and
// Chromium. `environment.json`, which the simulator writes, says where everything is.

import { execFile } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";

const EXAMPLES = path.join(import.meta.dirname, "../examples/javascript");
/** How long one program may take; the simulator is built without optimisation. */
const TIMEOUT_MS = 60_000;

/** What the programs of the sample's people and machines need, from the folder of the simulator. */
export function world(file, { tcps, ca, ws, wsTarget }) {
  const { oci, azure, domain, endpoints, principals, ...rest } = JSON.parse(readFileSync(file, "utf8"));
  const variables = { OCI_REGION_METADATA: JSON.stringify(rest.regionMetadata) };
  const endpoint = { OCI_AUTH_ENDPOINT: endpoints.auth, OCI_FEDERATION_ENDPOINT: endpoints.federation };
  const text = (name) => readFileSync(name, "utf8");
  return {
    ...rest, oci, azure, domain, endpoints, principals, tcps, ca, ws, wsTarget, text,
    configuration: rest.config,
    endpoint,
    variables,
  };
}

/**
 * Gets a database token as `oci iam db-token get` does, and leaves it and its key in a folder. Written
 * with Node's own cryptography, so that nothing of the package is in it.
 */
export async function getDatabaseToken(folder, { oci, endpoints, text }) {
  const encoding = { privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } };
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048, ...encoding });
  const url = new URL(endpoints.scopedToken);
  const body = JSON.stringify({ scope: "urn:oracle:db::id::*", publicKey });
  const signed = {
    date: new Date().toUTCString(),
    "(request-target)": `post ${url.pathname}`,
    host: url.host,
    "content-length": String(Buffer.byteLength(body)),
    "content-type": "application/json",
    "x-content-sha256": createHash("sha256").update(body).digest("base64"),
  };
  const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}`);
  const signature = sign("sha256", lines.join("\n"), text(oci.keyFile)).toString("base64");
  const { "(request-target)": _, host, "content-length": __, ...headers } = signed;
  headers.authorization =
    `Signature version="1",keyId="${oci.tenancy}/${oci.user}/${oci.fingerprint}",algorithm="rsa-sha256",` +
    `headers="${Object.keys(signed).join(" ")}",signature="${signature}"`;
  const response = await fetch(url, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`${host} answered ${response.status}: ${await response.text()}`);
  const { token } = await response.json();
  await mkdir(path.join(folder, "db-token"), { recursive: true });
  await writeFile(path.join(folder, "db-token/token"), token);
  await writeFile(path.join(folder, "db-token/oci_db_key.pem"), privateKey);
  return { token, privateKey };
}

/** Each program, its variables, and what it must print. */
const PROGRAMS = [
  ["simple-authentication.mjs", "VK23C", ({ oci }) => ({
    PYO_OCI_USER_OCID: oci.user, PYO_OCI_KEYFILE: oci.keyFile, PYO_OCI_FINGERPRINT: oci.fingerprint,
    PYO_OCI_TENANCY: oci.tenancy, PYO_OCI_REGION: oci.region,
  })],
  ["config-file.mjs", "VK23C", ({ configuration }) => ({ PYO_OCI_CONFIG_FILE_LOCATION: configuration })],
  ["config-file.mjs", "VK23C", ({ configuration }) => ({
    PYO_OCI_CONFIG_FILE_LOCATION: configuration, PYO_OCI_PROFILE: "ENCRYPTED",
  })],
  ["config-file.mjs", "VK23C", ({ configuration }) => ({
    PYO_OCI_CONFIG_FILE_LOCATION: configuration, PYO_OCI_PROFILE: "PKCS1",
  })],
  ["session-token.mjs", "VK23C", ({ configuration }) => ({
    PYO_OCI_CONFIG_FILE_LOCATION: configuration, PYO_OCI_PROFILE: "st_1",
  })],
  ["session-token-simple.mjs", "VK23C", ({ oci }) => ({
    PYO_STSA_OCI_KEYFILE: oci.sessionKeyFile, PYO_STSA_OCI_FINGERPRINT: oci.sessionFingerprint,
    PYO_STSA_OCI_TENANCY: oci.tenancy, PYO_STSA_OCI_REGION: oci.region,
    PYO_STSA_OCI_SECURITY_TOKEN_FILE: oci.securityTokenFile,
  })],
  ["instance-principal.mjs", "SHARED_USER", ({ principals }) => principals.instance],
  ["resource-principal.mjs", "SHARED_USER", ({ principals }) => principals["resource2.2"]],
  ["resource-principal.mjs", "SHARED_USER", ({ principals }) => principals["resource2.2Values"]],
  ["client-credentials.mjs", "DOMAIN_APP", ({ domain }) => ({
    OCI_DOMAIN_TOKEN_URL: domain.tokenUrl, OCI_DOMAIN_CLIENT_ID: domain.clientId,
    OCI_DOMAIN_CLIENT_SECRET: domain.clientSecret, OCI_DOMAIN_SCOPES: domain.scopes,
  })],
  ["azure.mjs", "AZURE_APP", ({ azure }) => ({
    PYO_AZURE_AUTHORITY: azure.authority, PYO_AZURE_CLIENTID: azure.clientId,
    PYO_AZURE_CLIENTSECRET: azure.clientSecret, PYO_AZURE_SCOPES: azure.scopes,
  })],
  ["token-pair.mjs", "VK23C", (_, folder) => ({ DB_TOKEN_FOLDER: path.join(folder, "db-token") })],
];

/** Counts what passes, and reports it line by line. */
export class Tally {
  passed = 0;
  failed = 0;

  constructor(report) {
    this.report = report;
  }

  async check(name, work) {
    const started = Date.now();
    try {
      const note = await work();
      this.passed += 1;
      this.report(`ok   ${name} (${Date.now() - started} ms)${note ? ` - ${note}` : ""}`);
    } catch (error) {
      this.failed += 1;
      this.report(`FAIL ${name}: ${error.message}`);
    }
  }
}

/** Copies the programs into a consumer's folder, where they find the package. */
export async function copyExamples(folder) {
  await cp(EXAMPLES, folder, { recursive: true });
}

/** The programs in Node, as a user runs them: all that they get is their environment. */
export async function inNode(folder, given, report) {
  const tally = new Tally(report);
  for (const [program, expected, variables] of PROGRAMS) {
    const env = {
      PATH: process.env.PATH, HOME: given.folder, NODE_EXTRA_CA_CERTS: given.ca,
      CONNECT_STRING: given.tcps, ...given.endpoint, ...given.variables,
      ...variables(given, folder),
    };
    const what = [program, env.PYO_OCI_PROFILE].filter(Boolean).join(" ");
    await tally.check(what, async () => {
      const printed = await run(path.join(folder, "node", program), env);
      if (expected && !printed.includes(`'${expected}'`)) throw new Error(`it printed ${printed}`);
      return printed.trim();
    });
  }
  return tally;
}

function run(program, env) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program], { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim() || error.message));
      else resolve(stdout);
    });
  });
}

/** Parameters without a file, for where there are none. */
export function parametersAsText({ oci, azure, configuration, endpoints, text }) {
  const endpoint = endpoints.auth;
  return {
    simple: {
      authType: "SimpleAuthentication", user: oci.user, tenancy: oci.tenancy, region: oci.region,
      fingerprint: oci.fingerprint, keyContent: text(oci.keyFile), endpoint,
    },
    config: {
      authType: "ConfigFileAuthentication", configContent: text(configuration),
      keyContent: text(oci.keyFile), endpoint,
    },
    session: {
      authType: "SecurityTokenSimple", tenancy: oci.tenancy, region: oci.region,
      keyContent: text(oci.sessionKeyFile), securityToken: text(oci.securityTokenFile), endpoint,
    },
    azure: {
      authType: "AzureServicePrincipal", authority: azure.authority, clientId: azure.clientId,
      clientSecret: azure.clientSecret, scopes: azure.scopes,
    },
  };
}
