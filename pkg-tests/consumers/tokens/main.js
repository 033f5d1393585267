// Node: what a log-on with a token gives, how tokens are kept, and each way in which it fails. The
// simulated services are told to fail by their control address.

import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { inspect } from "node:util";

import { getConnection, tcp } from "oraedge";

const { tcp: plain, tcps, ca, environment } = JSON.parse(process.env.ORAEDGE_SETTING);
const world = JSON.parse(readFileSync(environment, "utf8"));
const { oci, azure, endpoints, principals, passPhrase } = world;
const transport = tcp({ ca: readFileSync(ca) });
const text = (file) => readFileSync(file, "utf8");

/** Whatever must never be printed. */
const SECRETS = [
  text(oci.keyFile).split("\n")[3], text(oci.sessionKeyFile).split("\n")[3], passPhrase, "another one",
  azure.clientSecret, text(oci.securityTokenFile).trim(), "a made-up secret",
];

/** Longer than this no attempt may take: the flow's own limit, and what a slow machine adds. */
const LONGEST_ATTEMPT_MS = 75_000;

let attempt = 0;
/** Connects with parameters that no attempt before had, so that none gets its token. */
function connect(extraAuthParams, more = {}) {
  attempt += 1;
  const scope = { scope: "urn:oracle:db::id::*" };
  return getConnection({
    connectString: tcps, transport,
    extraAuthParams: { ...scope, tokenTimeoutMs: 60_000 - attempt, ...extraAuthParams },
    environment: { OCI_REGION_METADATA: JSON.stringify(world.regionMetadata) },
    ...more,
  });
}

const configFile = (profile, more) => ({
  authType: "configFileBasedAuthentication", configFileLocation: world.config, profile,
  endpoint: endpoints.auth, ...more,
});
const azurePrincipal = (more) => ({
  authType: "azureServicePrincipal", authority: azure.authority, clientId: azure.clientId,
  clientSecret: azure.clientSecret, scopes: azure.scopes, scope: undefined, ...more,
});
const instance = () => ({
  authType: "InstancePrincipal", endpoint: endpoints.auth, federationEndpoint: endpoints.federation,
});

async function control(method, route, body) {
  const response = await fetch(`${endpoints.control}${route}`, {
    method, body: body && JSON.stringify(body), headers: { "content-type": "application/json" },
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${route}: ${JSON.stringify(answer)}`);
  return answer;
}
const fault = (endpoint, kind, count = 1) => control("POST", "/faults", { endpoint, fault: kind, count });
const settings = (changes) => control("POST", "/settings", changes);
const counts = async () => (await control("GET", "/requests")).counts;

/** A port at which nobody listens. */
async function closedPort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function whoAmI(connection) {
  const { rows } = await connection.execute("select user from dual");
  await connection.close();
  return rows[0][0];
}

/** Fails to connect, in time, with an error of the package that shows no secret. */
async function refused(extraAuthParams, code, message, more) {
  const started = Date.now();
  const error = await connect(extraAuthParams, more).then(
    (connection) => connection.close().then(() => assert.fail("it connected")),
    (caught) => caught,
  );
  const took = Date.now() - started;
  assert.match(error.message, message);
  assert.equal(error.code, code, error.message);
  assert.ok(took < LONGEST_ATTEMPT_MS, `it took ${took} ms`);
  const shown = `${inspect(error, { depth: 9, showHidden: true })} ${error.stack}`;
  for (const secret of SECRETS) assert.ok(!shown.includes(secret), `a secret in: ${error.message}`);
  return error.message.split("\n")[0];
}

const WORKS = {
  async "a session says when its token expires, and shows nothing of it"() {
    const connection = await connect(configFile("DEFAULT"));
    const left = connection.tokenExpiresAt - Date.now();
    assert.ok(left > 60_000 && left < 4_000_000, `${left} ms are left`);
    const shown = inspect(connection, { depth: 9, showHidden: true });
    assert.doesNotMatch(shown, /eyJ|PRIVATE KEY|accessToken/);
    assert.equal(await whoAmI(connection), "VK23C");
  },

  async "connections with the same parameters share one token and one request"() {
    await control("DELETE", "/requests");
    const parameters = { ...configFile("DEFAULT"), tokenTimeoutMs: 50_001 };
    const many = Array.from({ length: 5 }, async () => whoAmI(await connect(parameters)));
    assert.deepEqual(new Set(await Promise.all(many)), new Set(["VK23C"]));
    await whoAmI(await connect(parameters));
    assert.equal((await counts())["scoped-token"], 1);
  },

  async "a token that is about to expire is fetched anew"() {
    await settings({ tokenLifetimeSeconds: 61 });
    const parameters = { ...configFile("DEFAULT"), tokenTimeoutMs: 50_002 };
    await control("DELETE", "/requests");
    await whoAmI(await connect(parameters));
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await whoAmI(await connect(parameters));
    assert.equal((await counts())["scoped-token"], 2);
  },

  async "node-oracledb's names for the options work"() {
    const given = { externalAuth: true, extraAuthParams: undefined };
    const tokenAuthConfigOci = {
      authType: "simpleAuthentication", user: oci.user, tenancy: oci.tenancy, regionId: oci.region,
      fingerprint: oci.fingerprint, privateKeyLocation: oci.keyFile, endpoint: endpoints.auth,
    };
    assert.equal(await whoAmI(await connect({}, { ...given, tokenAuthConfigOci })), "VK23C");
    const tokenAuthConfigAzure = azurePrincipal({ scopes: [azure.scopes] });
    assert.equal(await whoAmI(await connect({}, { ...given, tokenAuthConfigAzure })), "AZURE_APP");
  },

  async "a token and its key, from a function that is asked again when the first has expired"() {
    const asked = [];
    const accessToken = async (refresh) => {
      asked.push(refresh);
      if (!refresh) return "e30.eyJleHAiOjF9.c2ln";
      return { token: text("db-token/token"), privateKey: text("db-token/oci_db_key.pem") };
    };
    const connection = await connect({}, { extraAuthParams: undefined, accessToken });
    assert.deepEqual(asked, [false, true]);
    assert.equal(await whoAmI(connection), "VK23C");
  },

  async "token files that the connect string names"() {
    const folder = path.resolve("db-token");
    for (const location of [folder, `${folder}/token`]) {
      const connectString = `${tcps}?token_auth=OCI_TOKEN&token_location=${location}`;
      const given = { extraAuthParams: undefined, connectString };
      assert.equal(await whoAmI(await connect({}, given)), "VK23C");
    }
  },

  async "a token whose key is in WebCrypto"() {
    const der = createPrivateKey(text("db-token/oci_db_key.pem")).export({ type: "pkcs8", format: "der" });
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const privateKey = await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
    const accessToken = { token: text("db-token/token"), privateKey };
    assert.equal(await whoAmI(await connect({}, { extraAuthParams: undefined, accessToken })), "VK23C");
  },

  async "an encrypted key with its pass phrase"() {
    const more = {
      authType: "SimpleAuthentication", user: oci.user, tenancy: oci.tenancy, region: oci.region,
      fingerprint: oci.fingerprint, keyFile: oci.encryptedKeyFile, passphrase: passPhrase,
      endpoint: endpoints.auth,
    };
    assert.equal(await whoAmI(await connect(more)), "VK23C");
  },

  async "a certificate of Entra ID, and on behalf of a user"() {
    const certificate = { clientSecret: undefined, clientCertificateFile: azure.certificateFile, keyFile: azure.keyFile };
    assert.equal(await whoAmI(await connect(azurePrincipal(certificate))), "AZURE_APP");
    const onBehalfOf = {
      authFlow: "on_behalf_of", userAssertion: text(azure.userTokenFile).trim(),
      scopes: azure.onBehalfOfScopes,
    };
    assert.equal(await whoAmI(await connect(azurePrincipal(onBehalfOf))), "PETER_FITCH");
  },

  async "a service that is busy for a moment is asked again"() {
    for (const status of [429, 503]) {
      await fault("scoped-token", status);
      assert.equal(await whoAmI(await connect(configFile("DEFAULT"))), "VK23C");
    }
  },

  async "a clock that is ten minutes off is told, and the request signed with the service's time"() {
    await settings({ clockOffsetSeconds: 600 });
    const warned = new Promise((resolve) => process.once("warning", ({ message }) => resolve(message)));
    assert.equal(await whoAmI(await connect(configFile("DEFAULT"))), "VK23C");
    const warning = await warned;
    assert.match(warning, /clock says .*Set the clock/);
    return warning;
  },

  async "an instance of OCI"() {
    assert.equal(await whoAmI(await connect(instance(), { environment: principals.instance })), "SHARED_USER");
  },
};

const database = (more) => configFile("DEFAULT", more);

const FAILS = {
  "a token with another key": () =>
    refused({}, "ORA-01017", /ORA-01017/, {
      extraAuthParams: undefined, accessToken: { token: text("db-token/token"), privateKey: text(oci.keyFile) },
    }),
  "a token without its key": () =>
    refused({}, "ORA-01017", /ORA-01017/, { extraAuthParams: undefined, accessToken: text("db-token/token") }),
  "without TLS": () => refused(database(), "OED-AUTH", /tcps/i, { connectString: plain }),
  "a method that there is not": () =>
    refused({ authType: "ApiKey" }, "OED-MISUSE", /ConfigFileAuthentication.*AzureServicePrincipal/s),
  "a parameter that is missing": () =>
    refused({ authType: "SimpleAuthentication", user: oci.user }, "OED-MISUSE", /tenancy/),
  "a parameter that is mistyped": () =>
    refused(configFile("DEFAULT", { profil: "X" }), "OED-MISUSE", /`profil`.*`profile`/s),
  "a profile that there is not": () => refused(configFile("NOBODY"), "OED-AUTH", /NOBODY/),
  "a file that there is not": () =>
    refused(configFile("DEFAULT", { configFileLocation: "/nowhere/config" }), "OED-AUTH", /\/nowhere\/config/),
  "a key file that there is not": () => refused(configFile("MISSING_KEY_FILE"), "OED-AUTH", /no_such_key\.pem/),
  "a wrong fingerprint": () => refused(configFile("WRONG_FINGERPRINT"), "OED-AUTH", /fingerprint/),
  "a key that OCI does not know": () => refused(configFile("UNREGISTERED_KEY"), "OED-AUTH", /401/),
  "a user that there is not": () => refused(configFile("UNKNOWN_USER"), "OED-AUTH", /401|404/),
  "a wrong pass phrase": () => refused(configFile("WRONG_PASS_PHRASE"), "OED-AUTH", /pass phrase/),
  "no pass phrase": () => refused(configFile("ENCRYPTED_NO_PASS_PHRASE"), "OED-AUTH", /pass phrase/),
  "an expired session token": async () => {
    await control("DELETE", "/requests");
    const words = await refused({ ...configFile("EXPIRED"), authType: "SecurityToken" }, "OED-AUTH", /oci session (refresh|authenticate)/);
    assert.equal((await counts())["scoped-token"], 0);
    return words;
  },
  "a token for another database": () =>
    refused(database({ scope: "urn:oracle:db::id::ocid1.compartment.oc1..other::ocid1.autonomousdatabase.oc1..other" }), "ORA-01017", /ORA-01017/),
  "a user whom the database does not know": () => refused(configFile("LONER"), "ORA-01017", /ORA-01017/),
  "no metadata service": async () =>
    refused({ ...instance(), metadataBaseUrl: `http://127.0.0.1:${await closedPort()}/opc/v2`, tokenTimeoutMs: 5000 }, "OED-TRANSPORT", /metadata.*ECONNREFUSED/i),
  "status 401": async () => {
    await fault("scoped-token", 401, 20);
    return refused(database(), "OED-AUTH", /401/);
  },
  "status 404 NotAuthorizedOrNotFound": async () => {
    await fault("scoped-token", 404, 20);
    return refused(database(), "OED-AUTH", /NotAuthorizedOrNotFound/);
  },
  "status 429 for long": async () => {
    await fault("scoped-token", 429, 50);
    return refused(database({ tokenTimeoutMs: 3000 }), "OED-AUTH", /429/);
  },
  "status 500 for long": async () => {
    await fault("scoped-token", 500, 50);
    return refused(database({ tokenTimeoutMs: 3001 }), "OED-AUTH", /500/);
  },
  "truncated JSON": async () => {
    await fault("scoped-token", "truncated", 50);
    return refused(database({ tokenTimeoutMs: 3002 }), "OED-AUTH", /JSON/i);
  },
  "an answer that does not come": async () => {
    await fault("scoped-token", "stall:30", 50);
    return refused(database({ tokenTimeoutMs: 2000, tokenRequestTimeoutMs: 500 }), "OED-TRANSPORT", /no answer within \d+ ms/);
  },
  "a certificate that expired": async () => {
    await settings({ expiredCertificate: true });
    return refused(instance(), "OED-AUTH", /certificate/i, { environment: principals.instance });
  },
  "a token with a broken exp": async () => {
    await settings({ brokenExpiry: "tomorrow" });
    return refused(database(), "OED-AUTH", /exp/);
  },
  "a wrong client secret": () =>
    refused(azurePrincipal({ clientSecret: "a made-up secret" }), "OED-AUTH", /AADSTS7000215|invalid_client/),
};

const result = { passed: 0, failed: 0 };
for (const [table, cases] of [["works", WORKS], ["fails", FAILS]]) {
  for (const [name, scenario] of Object.entries(cases)) {
    const started = Date.now();
    try {
      await control("POST", "/reset");
      const note = await scenario();
      result.passed += 1;
      console.log(`ok   ${table}: ${name} (${Date.now() - started} ms)${note ? ` - ${note}` : ""}`);
    } catch (error) {
      result.failed += 1;
      console.log(`FAIL ${table}: ${name}: ${error.message}`);
    }
  }
}
await control("POST", "/reset");
console.log(`RESULT ${JSON.stringify(result)}`);
