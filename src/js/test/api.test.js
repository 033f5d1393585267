import assert from "node:assert/strict";
import test from "node:test";

import { Connection, SYSDBA, getConnection, wasmMemoryBytes } from "../api.js";
import { setPlatform } from "../platform.js";
import { FakeClient, FakeMemory } from "./fake.js";

const OPTIONS = { user: "scott", password: "tiger", connectString: "db.test/x" };

/** Puts a platform in place whose log-on is `connect`; returns what it was called with. */
function platform(connect = async () => new FakeClient(), load) {
  const seen = {};
  setPlatform({
    load:
      load ??
      (async () => ({
        memory: new FakeMemory(),
        Client: {
          connect(options, open) {
            Object.assign(seen, { options, open });
            return connect(options, open);
          },
        },
      })),
    defaultTransport: () => async () => {
      seen.usedDefault = true;
      return { read() {}, write() {}, close() {} };
    },
    identity: () => ({ program: "node", machine: "host", osUser: "me", pid: 7 }),
  });
  return seen;
}

test("getConnection() hands over what it was given, and who connects", async () => {
  const seen = platform();
  const connection = await getConnection({
    username: "scott", password: "tiger", connectionString: "db.test/x", privilege: SYSDBA,
    stmtCacheSize: 5, callTimeout: 1000, program: "mine", tnsNames: "x = y",
  });
  assert.ok(connection instanceof Connection);
  assert.equal(connection.callTimeout, 1000);
  const { zoneMinutes, ...options } = seen.options;
  assert.equal(zoneMinutes, -new Date().getTimezoneOffset());
  assert.deepEqual(options, {
    user: "scott", password: "tiger", newPassword: undefined, connectString: "db.test/x",
    tnsNames: "x = y", privilege: 2, stmtCacheSize: 5, callTimeout: 1000, program: "mine",
    machine: "host", osUser: "me", terminal: undefined, driverName: undefined, pid: 7,
  });
});

test("without a transport the runtime's own is used", async () => {
  const seen = platform();
  await getConnection(OPTIONS);
  await seen.open({ host: "db.test", port: 1521 });
  assert.equal(seen.usedDefault, true);
});

test("options that are wrong are named, and no secret is in the message", async () => {
  platform();
  const cases = [
    [{ user: undefined }, /"user" must be a string/],
    [{ username: "x" }, /only one of "user" and "username"/],
    [{ password: 12345678 }, /"password" must be a string/],
    [{ connectString: " " }, /"connectString" must be/],
    [{ transport: "tcp" }, /transport must be a function/],
    [{ privilege: "SYSDBA" }, /"privilege" must be one of the constants/],
    [{ callTimeout: -1 }, /"callTimeout" must be/],
    [{ externalAuth: true }, /externalAuth without a token/],
    [{ walletLocation: "/x" }, /"walletLocation"/],
    [{ signal: 1 }, /"signal" must be an AbortSignal/],
  ];
  for (const [changes, message] of cases) {
    await assert.rejects(getConnection({ ...OPTIONS, ...changes }), { code: "OED-MISUSE", message });
  }
  for (const name of ["password", "newPassword"]) {
    await assert.rejects(getConnection({ ...OPTIONS, [name]: 98765 }), ({ message }) => {
      assert.match(message, new RegExp(`"${name}" must be a string`));
      assert.doesNotMatch(message, /98765/);
      return true;
    });
  }
});

test("a transport that fails is the cause of the error", async () => {
  platform(async (_, open) => {
    try {
      await open({ host: "db.test", port: 1521 });
    } catch (error) {
      throw ["OED-TRANSPORT", `connecting to db.test:1521: ${error.message}`, true];
    }
  });
  const failure = Object.assign(new Error("no way"), { bridgeCode: "UNREACHABLE" });
  const transport = async () => {
    throw failure;
  };
  await assert.rejects(getConnection({ ...OPTIONS, transport }), {
    code: "OED-TRANSPORT", cause: failure, bridgeCode: "UNREACHABLE", isRecoverable: true,
    message: "connecting to db.test:1521: no way",
  });
});

test("a log-on can be given up, and an abort after it changes nothing", async () => {
  const controller = new AbortController();
  let closed = 0;
  const transport = async () => ({ read() {}, write() {}, close: () => void (closed += 1) });
  platform(async (_, open) => {
    await open({});
    controller.abort(new Error("enough"));
    throw ["OED-CLOSED", "the stream ended", true];
  });
  await assert.rejects(getConnection({ ...OPTIONS, transport, signal: controller.signal }), /enough/);
  assert.equal(closed, 1);

  const later = new AbortController();
  platform(async (_, open) => {
    await open({});
    return new FakeClient();
  });
  await getConnection({ ...OPTIONS, transport, signal: later.signal });
  later.abort();
  assert.equal(closed, 1);
});

test("a wasm file that cannot be loaded is asked for again by the next call", async () => {
  let attempts = 0;
  platform(undefined, async () => {
    attempts += 1;
    if (attempts === 1) throw new Error("HTTP status 404");
    return { memory: { buffer: new ArrayBuffer(65536) }, Client: {} };
  });
  await assert.rejects(wasmMemoryBytes(), { code: "OED-TRANSPORT", message: /HTTP status 404.*served/ });
  assert.equal(await wasmMemoryBytes(), 65536);
});
