import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";

import { requestTrusting } from "../tokens/https.js";
import { identityClient } from "../tokens/identity.js";
import { webSocket } from "../transports/websocket.js";

const REQUEST = {
  method: "POST",
  url: "https://auth.us-phoenix-1.oraclecloud.com/v1/actions/generateScopedAccessToken",
  headers: [["date", "Thu, 05 Jan 2014 21:31:40 GMT"], ["host", "auth.us-phoenix-1.oraclecloud.com"],
    ["content-length", "3"], ["content-type", "application/json"]],
  body: Uint8Array.of(1, 2, 255),
  timeout: 2000,
};

/** A server that answers as `answer` says; gives its address, and what it was asked. */
async function server(t, answer) {
  const asked = [];
  const listener = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { method, url, headers } = request;
    asked.push({ method, url, headers, body: Buffer.concat(parts) });
    answer(response, asked.at(-1));
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  return { address: `127.0.0.1:${listener.address().port}`, asked };
}

test("a request goes out with the headers that were signed, and its answer comes back whole", async (t) => {
  const { address, asked } = await server(t, (response) => {
    response.writeHead(401, { "opc-request-id": "abc" }).end("no\n");
  });
  const { request } = identityClient(undefined, undefined, false);
  const { status, headers, body } = await request({ ...REQUEST, url: `http://${address}/v1/x` });
  assert.deepEqual([status, Buffer.from(body).toString()], [401, "no\n"]);
  assert.equal(new Headers(headers).get("opc-request-id"), "abc");
  const [{ method, url, headers: sent, body: got }] = asked;
  assert.deepEqual([method, url, [...got]], ["POST", "/v1/x", [1, 2, 255]]);
  assert.deepEqual(
    [sent.date, sent.host, sent["content-length"]],
    ["Thu, 05 Jan 2014 21:31:40 GMT", address, "3"],
  );
});

test("a redirect is an answer, and is not followed", async (t) => {
  const { address, asked } = await server(t, (response) => {
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  const { request } = identityClient("direct", undefined, false);
  assert.equal((await request({ ...REQUEST, url: `http://${address}/` })).status, 302);
  assert.equal(asked.length, 1);
});

test("no answer, a late one and an endless one are told apart", async (t) => {
  const { address } = await server(t, (response, { url }) => {
    if (url === "/endless") response.end(Buffer.alloc(2 << 20));
  });
  const { request } = identityClient("direct", undefined, false);
  const ask = (url, timeout = 5000) => request({ ...REQUEST, url, timeout });
  await assert.rejects(ask(`http://${address}/late`, 50), /^Error: no answer within 50 ms$/);
  await assert.rejects(ask(`http://${address}/endless`), /more than 1048576 bytes/);
  await assert.rejects(ask("http://127.0.0.1:1/"), /bad port|ECONNREFUSED/);
  const inPage = identityClient("direct", undefined, true).request;
  await assert.rejects(inPage({ ...REQUEST, url: "http://127.0.0.1:9/" }), /identityVia/);
});

test("a function takes the place of fetch", async () => {
  const own = async (url, { method }) => new Response(`${method} ${url}`, { status: 200 });
  const { body } = await identityClient(own, undefined, false).request(REQUEST);
  assert.equal(Buffer.from(body).toString(), `POST ${REQUEST.url}`);
});

test("a bridge gets the request in an envelope with its own token, and unwraps the answer", async (t) => {
  const { address, asked } = await server(t, (response) => {
    const answer = { type: "answer", status: 404, headers: [["a", "b"]], body: btoa("hello") };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  const { bridge } = webSocket(`ws://${address}/some/path`, { token: "secret", WebSocket: class {} });
  const cases = [
    ["bridge", bridge, true], [undefined, bridge, true], [`http://${address}`, bridge, false],
    [new URL(`ws://${address}/x`), undefined, false],
  ];
  for (const [via, given, inPage] of cases) {
    const { status, headers, body } = await identityClient(via, given, inPage).request(REQUEST);
    assert.deepEqual([status, headers, Buffer.from(body).toString()], [404, [["a", "b"]], "hello"]);
    const { method, url, headers: sent, body: envelope } = asked.at(-1);
    assert.deepEqual([method, url], ["POST", "/identity"]);
    assert.equal(sent.authorization, given ? "Bearer secret" : undefined);
    assert.deepEqual(JSON.parse(envelope), {
      method: "POST", url: REQUEST.url, headers: REQUEST.headers, body: "AQL/", timeoutMs: 2000,
    });
  }
});

test("a bridge's token goes to that bridge alone", async (t) => {
  const { address, asked } = await server(t, (response) => response.end());
  const other = { url: "wss://other.example/", token: "secret" };
  const { request } = identityClient(`http://${address}/`, other, true);
  await assert.rejects(request(REQUEST), /answered 200, and not as an oraedge-bridge does/);
  assert.equal(asked[0].headers.authorization, undefined);
});

test("what a bridge refuses is told with its code and remedy", async (t) => {
  const { address } = await server(t, (response) => {
    const refused = { type: "refused", code: "TARGET_NOT_ALLOWED", message: "no", remedy: "list it" };
    response.writeHead(403).end(JSON.stringify(refused));
  });
  await assert.rejects(identityClient(`http://${address}/`).request(REQUEST), {
    code: "OED-TRANSPORT", bridgeCode: "TARGET_NOT_ALLOWED", message: /: no; list it$/,
  });
});

test("a way that cannot be is refused", () => {
  assert.throws(() => identityClient("bridge", undefined, true), /identityVia: url/);
  assert.throws(() => identityClient("somehow", undefined, true), /must be "direct", "bridge"/);
  assert.throws(() => identityClient("ftp://x/", undefined, true), /wss: or https:, not ftp:/);
});

test("a request that brings its authority trusts that alone", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "oraedge-"));
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => path.join(folder, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], { stdio: "ignore" });
  const [ca, asked] = [readFileSync(cert, "utf8"), []];
  const server = https.createServer({ key: readFileSync(key), cert: ca }, async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    asked.push([request.method, request.url, request.headers.authorization, Buffer.concat(parts).toString()]);
    if (request.url === "/late") return;
    response.writeHead(201, { "x-a": "b" }).end(request.url === "/endless" ? Buffer.alloc(2 << 20) : "yes");
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const ask = (changes) => requestTrusting({
    method: "POST", url: `https://localhost:${server.address().port}/x`, headers: [["authorization", "Bearer t"]],
    body: Buffer.from("{}"), timeout: 5000, ca, ...changes,
  });
  const { status, headers, body } = await ask({});
  assert.deepEqual([status, new Headers(headers).get("x-a"), String(Buffer.from(body))], [201, "b", "yes"]);
  assert.deepEqual(asked, [["POST", "/x", "Bearer t", "{}"]]);
  const address = `https://localhost:${server.address().port}`;
  await assert.rejects(ask({ ca: undefined }), /self-signed certificate/);
  await assert.rejects(ask({ url: `${address}/late`, timeout: 100 }), /no answer within 100 ms/);
  await assert.rejects(ask({ url: `${address}/endless` }), /more than 1048576 bytes/);
});
