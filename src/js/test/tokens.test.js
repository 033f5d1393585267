import assert from "node:assert/strict";
import { createPublicKey, createVerify, generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import test from "node:test";

import { getConnection } from "../api.js";
import { setPlatform } from "../platform.js";
import { expiryOf } from "../tokens/jwt.js";
import { generateKeyPair, signerOf } from "../tokens/keys.js";
import { TokenProvider } from "../tokens/provider.js";
import { FakeClient, FakeMemory } from "./fake.js";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PKCS8 = privateKey.export({ type: "pkcs8", format: "pem" });
const PKCS1 = privateKey.export({ type: "pkcs1", format: "pem" });
const MESSAGE = new TextEncoder().encode("date: x\nhost: y");

const claims = (payload) => Buffer.from(JSON.stringify(payload)).toString("base64url");
/** A token that expires in so many seconds. */
const jwt = (seconds, more = {}) =>
  `${claims({ alg: "RS256" })}.${claims({ exp: Math.floor(Date.now() / 1000) + seconds, ...more })}.c2ln`;

/** Puts a platform in place whose log-ons are kept in the array that comes back. */
function platform(logOn = async () => new FakeClient()) {
  const seen = [];
  const connect = (options) => {
    seen.push(options);
    return logOn(options);
  };
  setPlatform({
    load: async () => ({ memory: new FakeMemory(), Client: { connect } }),
    defaultTransport: () => async () => ({ read() {}, write() {}, close() {} }),
    identity: () => ({}),
  });
  return seen;
}

const connect = (options) => getConnection({ connectString: "tcps://db.test/x", ...options });
const verifies = (signature) =>
  createVerify("sha256").update(MESSAGE).verify(publicKey, signature);

test("a string is a bearer token, and no password is asked for", async () => {
  const [token, seen] = [jwt(3600), platform()];
  await connect({ accessToken: token, externalAuth: true });
  assert.equal(seen[0].accessToken, token);
  assert.equal(seen[0].sign, undefined);
  assert.equal(seen[0].password, undefined);
});

test("a pair signs with its key, however the key is given", async () => {
  const cryptoKey = await crypto.subtle.importKey(
    "pkcs8", privateKey.export({ type: "pkcs8", format: "der" }),
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["sign"],
  );
  const bare = PKCS8.replace(/-----.*?-----/g, "").trim();
  for (const key of [PKCS8, bare, bare.replaceAll("\n", ""), PKCS8.replaceAll("\n", "\r\n"), cryptoKey]) {
    const seen = platform();
    await connect({ accessToken: { token: jwt(60), privateKey: key } });
    assert.ok(verifies(await seen[0].sign(MESSAGE)));
  }
});

test("a key that WebCrypto cannot read goes to the tokens' wasm file, with its pass phrase", async () => {
  const given = [];
  setPlatform({
    loadTokens: async () => ({
      RsaKey: {
        fromPem(...values) {
          given.push(values);
          return { sign: () => Uint8Array.of(1, 2) };
        },
      },
    }),
  });
  const sign = await signerOf(PKCS1, "phrase");
  assert.deepEqual(given, [[PKCS1, "phrase"]]);
  assert.deepEqual(await sign(MESSAGE), Uint8Array.of(1, 2));
});

test("a fresh key pair cannot be taken out of WebCrypto, and gives its public half", async () => {
  const pair = await generateKeyPair(2048);
  const key = createPublicKey({ key: Buffer.from(pair.publicKey), format: "der", type: "spki" });
  assert.equal(key.asymmetricKeyDetails.modulusLength, 2048);
  assert.ok(createVerify("sha256").update(MESSAGE).verify(key, await pair.sign(MESSAGE)));
  assert.deepEqual(Object.keys(pair), ["publicKey", "sign"]);
});

test("the accessToken function is asked again, with refresh, when its token has expired", async () => {
  const [seen, asked, fresh] = [platform(), [], jwt(3600)];
  const accessToken = async (refresh, config) => {
    asked.push([refresh, config]);
    return refresh ? fresh : jwt(-5);
  };
  await connect({ accessToken, accessTokenConfig: { profile: "X" } });
  assert.deepEqual(asked, [[false, { profile: "X" }], [true, { profile: "X" }]]);
  assert.equal(seen[0].accessToken, fresh);
  await assert.rejects(connect({ accessToken: () => jwt(-5) }), {
    code: "OED-AUTH", message: /^the token that the accessToken function gave expired at 20.*refresh/,
  });
});

test("an expired token is told before anything is sent", async () => {
  const seen = platform();
  await assert.rejects(connect({ accessToken: jwt(-5) }), {
    code: "OED-AUTH", message: /^the access token expired at .*; get a new one$/,
  });
  assert.equal(seen.length, 0);
});

test("options that do not go together are refused by name", async () => {
  platform();
  const token = jwt(60);
  const cases = [
    [{ accessToken: token, password: "x" }, /only one of "accessToken" and "password"/],
    [{ accessToken: token, user: "scott" }, /"user" goes with a password/],
    [{ accessToken: token, extraAuthParams: {} }, /only one of "accessToken" and "extraAuthParams"/],
    [{ extraAuthParams: {}, tokenAuthConfigOci: {} }, /only one of/],
    [{ extraAuthParams: "DEFAULT" }, /"extraAuthParams" must be an object/],
    [{ accessToken: 5 }, /must be a token, or an object/],
    [{ accessToken: { privateKey: PKCS8 } }, /must be a token, or an object/],
    [{ accessToken: () => ({}) }, /what the accessToken function gives must be a token/],
    [{ accessToken: { token, privateKey: 5 } }, /"privateKey" must be the text of a PEM file/],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(connect(options), { code: "OED-MISUSE", message });
  }
  await connect({ accessToken: token, user: "[HR]" });
});

test("a CryptoKey for something else is refused with what it is for", async () => {
  const { privateKey: key } = await crypto.subtle.generateKey(
    { name: "RSA-PSS", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-256" },
    false, ["sign", "verify"],
  );
  await assert.rejects(signerOf(key), { code: "OED-MISUSE", message: /not for RSA-PSS with SHA-256/ });
});

test("nothing of token and key is in an error or in what is printed of a connection", async () => {
  const token = jwt(60, { marker: "x".repeat(40) });
  platform(async () => {
    throw ["ORA-01017", "ORA-01017: invalid credential", false, 1017];
  });
  const shown = (value) => inspect(value, { depth: 9, showHidden: true });
  const failures = [
    connect({ accessToken: { token, privateKey: PKCS8 } }),
    connect({ accessToken: { token, privateKey: `${token}\n${PKCS8.slice(0, 400)}` } }),
    connect({ accessToken: token, password: "pass-word" }),
    connect({ accessToken: { tokens: token } }),
    connect({ extraAuthParams: [token] }),
  ];
  for (const failure of failures) {
    const error = await failure.then(assert.fail, (caught) => caught);
    const text = `${shown(error)} ${error.stack} ${shown(error.cause)}`;
    for (const secret of [token, token.split(".")[1], PKCS8.slice(30, 90), "pass-word"]) {
      assert.ok(!text.includes(secret), text);
    }
  }
  platform(async () => Object.assign(new FakeClient(), { tokenExpiresAt: 1_900_000_000_000 }));
  const connection = await connect({ accessToken: { token, privateKey: PKCS8 } });
  assert.ok(!shown(connection).includes(token));
  assert.deepEqual(connection.tokenExpiresAt, new Date(1_900_000_000_000));
});

test("what a token says of its end is read, and anything else is not", () => {
  assert.equal(expiryOf(`${claims({})}.${claims({ exp: 12 })}.s`), 12_000);
  const mute = ["", "opaque", "a.b", "a.!.c", `a.${claims({ exp: "12" })}.c`, `a.${claims([])}.c`,
    `a.${claims({ exp: 1e999 })}.c`, `${"a".repeat(200_000)}.${claims({ exp: 12 })}.c`];
  for (const token of mute) assert.equal(expiryOf(token), undefined, token.slice(0, 20));
});

test("a provider asks once for many, keeps a token until a minute before its end, and forgets", async (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"], now: 1_000_000 });
  let calls = 0;
  const provider = new TokenProvider(async (refresh) => {
    calls += 1;
    return { token: `t${calls} ${refresh}`, expiresAt: Date.now() + 3_600_000 };
  });
  const many = await Promise.all(Array.from({ length: 20 }, () => provider.get()));
  assert.deepEqual(new Set(many.map(({ token }) => token)), new Set(["t1 false"]));
  t.mock.timers.tick(3_539_999);
  assert.equal((await provider.get()).token, "t1 false");
  t.mock.timers.tick(1);
  const second = await provider.get();
  assert.equal(second.token, "t2 true");
  provider.forget(many[0]);
  assert.equal(await provider.get(), second);
  provider.forget(second);
  assert.equal((await provider.get()).token, "t3 false");
});

test("a provider that is held renews its token in time, and after a failure tries again", async (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"], now: 1_000_000 });
  const asked = [];
  let fails = false;
  const provider = new TokenProvider(async () => {
    asked.push(Date.now());
    if (fails) throw new Error("no");
    return { token: `t${asked.length}`, expiresAt: Date.now() + 600_000 };
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const release = provider.hold();
  await provider.get();
  t.mock.timers.tick(480_000);
  await settled();
  assert.equal(asked.length, 2);
  assert.equal((await provider.get()).token, "t2");
  fails = true;
  t.mock.timers.tick(480_000);
  await settled();
  assert.equal(asked.length, 3);
  fails = false;
  t.mock.timers.tick(15_000);
  await settled();
  assert.equal((await provider.get()).token, "t4");
  release();
  release();
  t.mock.timers.tick(10_000_000);
  await settled();
  assert.equal(asked.length, 4);
});

test("one that gives up waiting leaves the others waiting", async () => {
  let finish;
  const provider = new TokenProvider(() => new Promise((resolve) => (finish = resolve)));
  const controller = new AbortController();
  const first = provider.get(controller.signal);
  const second = provider.get();
  controller.abort(new Error("enough"));
  await assert.rejects(first, /enough/);
  finish({ token: "t" });
  assert.equal((await second).token, "t");
});

test("where WebCrypto is missing, as in an insecure page, the wasm file makes keys and signs", async () => {
  const asked = [];
  const key = { publicKey: () => Uint8Array.of(9), sign: (message) => Uint8Array.of(message.length) };
  const RsaKey = {
    generate: (bits) => (asked.push(bits), key),
    fromPem: (pem) => (asked.push(pem), key),
  };
  setPlatform({ loadTokens: async () => ({ RsaKey }) });
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
  try {
    const pair = await generateKeyPair(3072);
    assert.deepEqual([pair.publicKey, await pair.sign(MESSAGE)], [Uint8Array.of(9), Uint8Array.of(MESSAGE.length)]);
    assert.deepEqual(await (await signerOf(PKCS8))(MESSAGE), Uint8Array.of(MESSAGE.length));
  } finally {
    Object.defineProperty(globalThis, "crypto", own);
  }
  assert.deepEqual(asked, [3072, PKCS8]);
});

/** A platform whose connect strings say `settings` about tokens, and that has `files`. */
function descriptorPlatform(settings, files = {}) {
  const seen = [];
  const connect = async (options) => {
    seen.push(options);
    return new FakeClient();
  };
  setPlatform({
    load: async () => ({ memory: new FakeMemory(), Client: { connect, tokenSettings: () => settings } }),
    defaultTransport: () => async () => ({ read() {}, write() {}, close() {} }),
    identity: () => ({}),
    environment: () => ({ variables: {}, home: "/home/me" }),
    async readFile(path) {
      if (files[path] === null) throw Object.assign(new Error("is a directory"), { code: "EISDIR" });
      if (files[path] === undefined) throw new Error("no such file");
      return new TextEncoder().encode(files[path]);
    },
  });
  return seen;
}

const byDescriptor = () => connect({ connectString: "tcps://db.test/x?token_auth=x" });

test("token files that the connect string names are read", async () => {
  const token = jwt(3600);
  const cases = [
    [{ TOKEN_AUTH: "OCI_TOKEN" }, {
      "/home/me/.oci/db-token": null, "/home/me/.oci/db-token/token": `${token}\n`,
      "/home/me/.oci/db-token/oci_db_key.pem": PKCS8,
    }],
    [{ TOKEN_AUTH: "oci_token", TOKEN_LOCATION: "/t/mine" }, {
      "/t/mine": token, "/t/oci_db_key.pem": PKCS8,
    }],
    [{ TOKEN_AUTH: "OAUTH", TOKEN_LOCATION: "~/jwt" }, { "/home/me/jwt": `${token}\r\n` }],
  ];
  for (const [settings, files] of cases) {
    const seen = descriptorPlatform(settings, files);
    await byDescriptor();
    assert.equal(seen[0].accessToken, token);
    assert.equal(seen[0].sign !== undefined, "/t/oci_db_key.pem" in files || settings.TOKEN_LOCATION === undefined);
  }
});

test("what is wrong with a connect string's token is told", async () => {
  const cases = [
    [{ TOKEN_AUTH: "OAUTH" }, /TOKEN_LOCATION/],
    [{ TOKEN_AUTH: "KERBEROS" }, /OCI_INSTANCE_PRINCIPAL/],
    [{ TOKEN_AUTH: "OCI_API_KEY", OCI_DATABASE: "d" }, /OCI_COMPARTMENT/],
    [{ TOKEN_AUTH: "OCI_TOKEN" }, /oci iam db-token get/],
    [{ TOKEN_AUTH: "DISABLED" }, /"user" must be a string/],
    [{}, /"user" must be a string/],
  ];
  for (const [settings, message] of cases) {
    descriptorPlatform(settings);
    await assert.rejects(byDescriptor(), message);
  }
});
