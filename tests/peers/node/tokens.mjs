// Oracle's node-oracledb (thin mode) logs on with tokens that its own plugins and SDKs fetch.
//
// usage: node --require ./redirect.cjs tokens.mjs IDENTITY_FOLDER TCPS_CONNECT_STRING
//        [TCP_CONNECT_STRING]
//
// The folder is what `oraedge-simulator --identity-dir` writes. With the second connect string it
// also does what has to be refused. Prints one JSON object a line, {"step": name, "value": what
// came} or {"step": name, "error": text}; `cargo xtask test --only tokens` compares them with
// tokens.json. Trust comes from NODE_EXTRA_CA_CERTS.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder, tcps, tcp] = process.argv.slice(2);
const identity = JSON.parse(readFileSync(join(folder, 'environment.json'), 'utf8'));
process.env.OCI_REGION_METADATA = JSON.stringify(identity.regionMetadata);

const require = createRequire(import.meta.url);
const oracledb = require('oracledb');
const oci = require('oracledb/plugins/token/extensionOci');
const azure = require('oracledb/plugins/token/extensionAzure');
// The plugin's simpleAuthentication knows the regions that the SDK has met alone.
require('oci-common').Region.fromRegionId(identity.region);

const CONTEXT = [
  'current_user', 'authenticated_identity', 'enterprise_identity', 'authentication_method',
];

/** One of the switches that the simulated services have for tests. */
async function control(path, body) {
  const options = body && { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${identity.endpoints.control}/${path}`, options);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Does something while the services have other settings. */
async function withSettings(settings, action) {
  const before = await control('settings');
  await control('settings', settings);
  try {
    return await action();
  } finally {
    await control('settings', before);
  }
}

/** Who the database says has logged on. */
async function who(connection) {
  const one = async (expression) =>
    (await connection.execute(`select ${expression} from dual`)).rows[0][0];
  const answer = { user: await one('user') };
  for (const name of CONTEXT) answer[name] = await one(`sys_context('userenv', '${name}')`);
  await connection.close();
  return answer;
}

/** Logs on as a program does whose environment has these variables. */
async function logOn(options, variables = {}) {
  Object.assign(process.env, variables);
  try {
    return await who(await oracledb.getConnection({
      connectString: tcps, externalAuth: true, ...options,
    }));
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

const withOci = (tokenAuthConfigOci, variables) => logOn({ tokenAuthConfigOci }, variables);
const withAzure = (tokenAuthConfigAzure) => logOn({ tokenAuthConfigAzure });

const simple = (changes = {}) => ({
  authType: 'simpleAuthentication',
  tenancy: identity.oci.tenancy,
  user: identity.oci.user,
  fingerprint: identity.oci.fingerprint,
  privateKeyLocation: identity.oci.keyFile,
  regionId: identity.oci.region,
  ...changes,
});

const configFile = (profile) => ({
  authType: 'configFileBasedAuthentication', configFileLocation: identity.config, profile,
});

const clientCredentials = (changes = {}) => ({
  authType: 'clientCredentials',
  authority: identity.domain.publicTokenUrl,
  clientId: identity.domain.clientId,
  clientSecret: identity.domain.clientSecret,
  scopes: identity.domain.scopes,
  ...changes,
});

const servicePrincipal = (changes = {}) => ({
  authType: 'azureServicePrincipal',
  authority: identity.azure.publicAuthority,
  clientId: identity.azure.clientId,
  clientSecret: identity.azure.clientSecret,
  scopes: identity.azure.scopes,
  ...changes,
});

/** Token and private key, as the plugin gives them to the driver. */
async function fetchToken(changes) {
  const { token, privateKey } = await oci.getTokenResult(simple(changes));
  return { token, privateKey };
}

/** Token and private key of a token that has ended. */
async function shortLived() {
  const pair = await withSettings({ tokenLifetimeSeconds: 1 }, () => fetchToken());
  const { exp } = JSON.parse(Buffer.from(pair.token.split('.')[1], 'base64url'));
  await sleep(Math.max(0, exp * 1000 - Date.now()) + 1000);
  return pair;
}

async function callable() {
  const asked = [];
  const accessToken = (refresh) => {
    asked.push(refresh);
    return fetchToken();
  };
  return { ...await logOn({ accessToken }), asked };
}

async function callableRefresh() {
  const asked = [];
  const expired = await shortLived();
  const accessToken = (refresh) => {
    asked.push(refresh);
    return refresh ? fetchToken() : expired;
  };
  return { ...await logOn({ accessToken }), asked };
}

async function pool() {
  const asked = [];
  const accessToken = (refresh) => {
    asked.push(refresh);
    return fetchToken();
  };
  const made = await oracledb.createPool({
    connectString: tcps, externalAuth: true, homogeneous: true, accessToken, poolMin: 2, poolMax: 2,
  });
  const connections = [await made.getConnection(), await made.getConnection()];
  const answers = [];
  for (const connection of connections) answers.push(await who(connection));
  await made.close(0);
  const same = JSON.stringify(answers[0]) === JSON.stringify(answers[1]);
  return { same, user: answers[0].user, asked };
}

/** What has to work. */
const steps = {
  simple: () => withOci(simple()),
  config_file: () => withOci(configFile('DEFAULT')),
  config_file_encrypted_key: () => withOci(configFile('ENCRYPTED')),
  scope_of_database: () => withOci(simple({
    scope: `urn:oracle:db::id::${identity.database.compartment}::${identity.database.ocid}`,
  })),
  instance_principal: () =>
    withOci({ authType: 'instancePrincipal' }, identity.principals.instance),
  'resource_principal_2.2': () =>
    withOci({ authType: 'resourcePrincipal' }, identity.principals['resource2.2Values']),
  'resource_principal_2.2_files': () =>
    withOci({ authType: 'resourcePrincipal' }, identity.principals['resource2.2']),
  client_credentials: () => withOci(clientCredentials()),
  token_and_key: async () => logOn({ accessToken: await fetchToken() }),
  callable,
  callable_refresh: callableRefresh,
  pool,
  azure_service_principal: () => withAzure(servicePrincipal()),
  token: async () =>
    logOn({ accessToken: (await azure.getTokenResult(servicePrincipal())).accessToken }),
};

const atAnotherTime = () =>
  withSettings({ clockOffsetSeconds: 600 }, () => withOci(simple()));

/** What the requests of plugins and SDKs looked like, each form once. */
async function requests() {
  const served = (await control('requests')).requests.filter(({ endpoint }) => endpoint);
  const sorted = (value) =>
    value?.constructor === Object
      ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
      : value;
  const texts = served.map(({ endpoint, shape }) => JSON.stringify(sorted({ endpoint, ...shape })));
  return [...new Set(texts)].sort().map((text) => JSON.parse(text));
}

async function withAnotherKey() {
  const [{ token }, { privateKey }] = [await fetchToken(), await fetchToken()];
  return logOn({ accessToken: { token, privateKey } });
}

/** What has to be refused: by the services, by the database, or by the driver itself. */
const refusals = {
  unregistered_key: () => withOci(configFile('UNREGISTERED_KEY')),
  wrong_fingerprint: () => withOci(configFile('WRONG_FINGERPRINT')),
  unknown_user: () => withOci(configFile('UNKNOWN_USER')),
  clock: atAnotherTime,
  unmapped_user: () => withOci(configFile('LONER')),
  another_database: () => withOci(simple({
    scope: 'urn:oracle:db::id::ocid1.compartment.oc1..aaaaaaaaanother',
  })),
  another_key: withAnotherKey,
  expired_token: async () => logOn({ accessToken: await shortLived() }),
  plain_tcp: async () => logOn({ accessToken: await fetchToken(), connectString: tcp }),
  azure_secret: () => withAzure(servicePrincipal({ clientSecret: 'another secret' })),
  domain_secret: () => withOci(clientCredentials({ clientSecret: 'another secret' })),
};

await control('reset', {});
console.log(JSON.stringify({ step: 'version', value: oracledb.versionString }));
for (const [step, run] of Object.entries({ ...steps, requests, ...(tcp ? refusals : {}) })) {
  let answer;
  try {
    answer = { value: await run() };
  } catch (error) {
    // What a driver, a plugin or an SDK throws is its own affair.
    answer = { error: String(error?.message ?? error) };
  }
  console.log(JSON.stringify({ step, ...answer }));
}
// The SDK leaves timers behind.
process.exit(0);
