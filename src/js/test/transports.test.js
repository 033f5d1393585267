import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import tls from "node:tls";

import { opener } from "../streams.js";
import { tcp } from "../transports/tcp.js";
import { webSocket } from "../transports/websocket.js";

const echo = (socket) => {
  socket.on("data", (bytes) => socket.write(bytes));
  socket.on("error", () => {});
};

async function listening(server, t) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return server.address().port;
}

async function exactly(channel, length) {
  const parts = [];
  let size = 0;
  while (size < length) {
    const bytes = await channel.read();
    assert.ok(bytes, "the stream ended early");
    parts.push(bytes);
    size += bytes.length;
  }
  return Buffer.concat(parts);
}

test("tcp() carries bytes both ways, more than any buffer holds", async (t) => {
  const port = await listening(net.createServer(echo), t);
  const channel = await tcp()({ protocol: "tcp", host: "127.0.0.1", port });
  const sent = Buffer.alloc(5 << 20, 7);
  const received = exactly(channel, sent.length);
  for (let at = 0; at < sent.length; at += 8192) await channel.write(sent.subarray(at, at + 8192));
  assert.ok((await received).equals(sent));
  channel.close();
  assert.equal(await channel.read(), undefined);
});

test("tcp() tells the end of the stream from an error", async (t) => {
  const port = await listening(net.createServer((socket) => socket.end("bye")), t);
  const channel = await tcp()({ protocol: "tcp", host: "127.0.0.1", port });
  assert.equal((await exactly(channel, 3)).toString(), "bye");
  assert.equal(await channel.read(), undefined);
  channel.close();
});

test("tcp() says where it could not connect to, and what to check", async (t) => {
  const server = net.createServer();
  const port = await listening(server, t);
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(tcp()({ protocol: "tcp", host: "127.0.0.1", port }), {
    code: "OED-TRANSPORT",
    message: /ECONNREFUSED.*listener/,
  });
});

function certificate() {
  const folder = mkdtempSync(path.join(tmpdir(), "oraedge-"));
  const file = (name) => path.join(folder, name);
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
    "-keyout", file("key.pem"), "-out", file("cert.pem"), "-days", "2", "-subj", "/CN=db.test/O=Oraedge",
    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
  ], { stdio: "ignore" });
  return { key: readFileSync(file("key.pem")), cert: readFileSync(file("cert.pem")) };
}

test("tcp() puts TLS on the socket, checks the name, and can start TLS once more", async (t) => {
  const { key, cert } = certificate();
  const secure = (socket) => new tls.TLSSocket(socket, { isServer: true, key, cert });
  const server = net.createServer((socket) => {
    const first = secure(socket);
    first.on("error", () => {});
    first.on("data", (bytes) => {
      if (bytes.toString() !== "again") return first.write(bytes);
      first.write("ok", () => {
        first.removeAllListeners();
        echo(secure(socket));
      });
    });
  });
  const port = await listening(server, t);
  const address = { protocol: "tcps", host: "127.0.0.1", port };

  const channel = await tcp({ ca: cert })(address);
  await channel.write(Buffer.from("hello"));
  assert.equal((await exactly(channel, 5)).toString(), "hello");
  await channel.write(Buffer.from("again"));
  assert.equal((await exactly(channel, 2)).toString(), "ok");
  await channel.restartTls();
  await channel.write(Buffer.from("once more"));
  assert.equal((await exactly(channel, 9)).toString(), "once more");
  channel.close();

  await assert.rejects(tcp()(address), { code: "OED-TRANSPORT", message: /TLS failed: .*ca/ });
  await assert.rejects(tcp({ ca: cert })({ ...address, serverName: "other" }), {
    message: /TLS failed: .*other/,
  });
  await assert.rejects(tcp({ ca: cert })({ ...address, certDn: "CN=x" }), {
    message: /SSL_SERVER_CERT_DN asks for "CN=x"/,
  });
  (await tcp({ ca: cert })({ ...address, certDn: "O=oraedge, CN=db.test" })).close();
  (await tcp({ ca: cert })({ ...address, serverName: "other", dnMatch: false })).close();
});

test("a transport of web streams becomes a channel", async () => {
  const written = [];
  const open = opener(async () => ({
    readable: new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(0));
        controller.enqueue(new Uint8Array([1, 2]));
        controller.close();
      },
    }),
    writable: new WritableStream({ write: (bytes) => void written.push(...bytes) }),
  }));
  const channel = await open({});
  assert.deepEqual([...(await channel.read())], [1, 2]);
  assert.equal(await channel.read(), undefined);
  await channel.write(new Uint8Array([3]));
  assert.deepEqual(written, [3]);
  await channel.close();
  await assert.rejects(opener(async () => ({}))({}), /`readable` and `writable`/);
});

test("an abort closes what was opened for the log-on", async () => {
  let closed = 0;
  const channel = { read() {}, write() {}, close: () => void (closed += 1) };
  const controller = new AbortController();
  await opener(async () => channel, controller.signal)({});
  assert.equal(closed, 0);
  controller.abort();
  assert.equal(closed, 1);
  await assert.rejects(opener(async () => channel, controller.signal)({}), { name: "AbortError" });
});

/** A WebSocket whose other end is the test. */
class FakeWebSocket extends EventTarget {
  static last;
  readyState = 0;
  bufferedAmount = 0;
  sent = [];

  constructor(url, protocols) {
    super();
    Object.assign(this, { url, protocols });
    FakeWebSocket.last = this;
    queueMicrotask(() => {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
    });
  }

  send(data) {
    this.sent.push(typeof data === "string" ? JSON.parse(data) : [...data]);
  }

  close(code) {
    this.closedWith = code;
  }

  receive(data) {
    const text = typeof data === "object" && !(data instanceof ArrayBuffer);
    this.dispatchEvent(Object.assign(new Event("message"), { data: text ? JSON.stringify(data) : data }));
  }

  ended(code, reason = "") {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

const target = { protocol: "tcps", host: "db.test", port: 2484, dnMatch: true };
const turn = () => new Promise((resolve) => setTimeout(resolve));

async function opened(options = {}, reply = { type: "connected", maxMessageBytes: 4 }) {
  const opening = webSocket("wss://bridge.test/", { WebSocket: FakeWebSocket, ...options })(target);
  await turn();
  const socket = FakeWebSocket.last;
  socket.receive(reply);
  return { channel: await opening, socket };
}

test("webSocket() keeps to the bridge's protocol", async () => {
  const { channel, socket } = await opened({ token: "secret", protocols: ["x"] });
  assert.equal(socket.url, "wss://bridge.test/");
  assert.deepEqual(socket.protocols, ["oraedge.v1", "x"]);
  assert.equal(socket.binaryType, "arraybuffer");
  assert.deepEqual(socket.sent.shift(), {
    type: "connect", host: "db.test", port: 2484, protocol: "tcps", token: "secret",
  });
  // No frame is longer than the bridge allows.
  await channel.write(new Uint8Array([1, 2, 3, 4, 5]));
  assert.deepEqual(socket.sent, [[1, 2, 3, 4], [5]]);
  socket.receive(new Uint8Array([9]).buffer);
  assert.deepEqual([...(await channel.read())], [9]);
  socket.receive({ type: "draining", closesInMs: 1 });
  const restarting = channel.restartTls();
  assert.deepEqual(socket.sent.at(-1), { type: "restart_tls" });
  socket.receive({ type: "tls_restarted", tls: {} });
  await restarting;
  socket.receive({ type: "eof" });
  assert.equal(await channel.read(), undefined);
  channel.close();
  assert.equal(socket.closedWith, 1000);
});

test("webSocket() shows the bridge's reason for refusing", async () => {
  const refusal = {
    type: "refused", code: "TARGET_NOT_ALLOWED", message: "db.test:2484 is not on the list",
    remedy: "add --target db.test:2484=tcps",
  };
  await assert.rejects(opened({}, refusal), {
    code: "OED-TRANSPORT",
    bridgeCode: "TARGET_NOT_ALLOWED",
    message: "db.test:2484 is not on the list; add --target db.test:2484=tcps",
  });
});

test("webSocket() says so when there is no bridge, and when the bridge goes away", async () => {
  const opening = webSocket("ws://bridge.test/", { WebSocket: FakeWebSocket })(target);
  FakeWebSocket.last.ended(1006);
  await assert.rejects(opening, /no WebSocket connection to the bridge ws:\/\/bridge.test\/.*1006/);

  const { channel, socket } = await opened();
  const reading = channel.read();
  socket.ended(1006);
  await assert.rejects(reading, { code: "OED-TRANSPORT" });
  await assert.rejects(channel.write(new Uint8Array([1])), { code: "OED-TRANSPORT" });
});

test("after the bridge gave a reason, writes fail for that reason", async () => {
  const { channel, socket } = await opened();
  socket.receive({ type: "error", code: "IDLE_TIMEOUT", message: "idle too long", remedy: "ping" });
  socket.ended(4408);
  await assert.rejects(channel.write(new Uint8Array([1])), {
    message: "idle too long; ping", bridgeCode: "IDLE_TIMEOUT",
  });
});

test("webSocket() refuses addresses that are none", () => {
  const options = { WebSocket: FakeWebSocket };
  assert.throws(() => webSocket("ftp://x/", options), /begin with ws: or wss:/);
  assert.throws(() => webSocket("/path", options), /is not a URL/);
  assert.throws(() => webSocket("ws://x/"), /no WebSocket; pass one/);
});
