// A transport through an oraedge-bridge; crates/bridge/PROTOCOL.md is what both sides keep to.

import { OraedgeError, misuse } from "../errors.js";
import { Inbox, cannotConnect, withWebStreams } from "../streams.js";

const SUB_PROTOCOL = "oraedge.v1";
// Above this, writes wait until the network has taken what is there.
const HIGH_WATER = 1 << 20;
// A WebSocket tells nobody when its buffer drains, so one has to look.
const DRAIN_POLL_MS = 4;
const OPEN = 1;

/**
 * @param {string | URL} url of the bridge, `wss://bridge.example/`; in a page, a path on its host
 * @param {object} [options]
 * @param {string} [options.token] bearer token that the bridge asks for
 * @param {string[]} [options.protocols] more WebSocket sub-protocols to offer
 * @param {"bridge" | "relay"} [options.tls] who ends TLS of a TCPS database
 * @param {Function} [options.WebSocket] the class, where the runtime has none of its own
 */
export function webSocket(url, options = {}) {
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  if (typeof Socket !== "function") {
    throw misuse(
      "this runtime has no WebSocket; pass one: webSocket(url, { WebSocket }), " +
        "for instance that of the package ws",
    );
  }
  const target = absolute(url);
  const transport = (address) => open(Socket, target, address, options);
  // Where the requests of a log-on with a token may go through the same bridge.
  transport.bridge = { url: target, token: options.token };
  return transport;
}

function absolute(url) {
  let parsed;
  try {
    parsed = new URL(url, globalThis.location?.href);
  } catch (error) {
    throw misuse(`the bridge's address ${JSON.stringify(String(url))} is not a URL: ${error.message}`);
  }
  if (parsed.protocol === "http:") parsed.protocol = "ws:";
  if (parsed.protocol === "https:") parsed.protocol = "wss:";
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") {
    throw misuse(`the bridge's address must begin with ws: or wss:, not ${parsed.protocol}`);
  }
  return parsed.href;
}

async function open(Socket, url, address, options) {
  let socket;
  try {
    socket = new Socket(url, [SUB_PROTOCOL, ...(options.protocols ?? [])]);
  } catch (error) {
    throw cannotConnect(`the bridge ${url} cannot be asked: ${error.message}`, "", error);
  }
  socket.binaryType = "arraybuffer";
  const link = new BridgeLink(socket, url);
  await link.connect(connectFrame(address, options));
  return link.channel();
}

function connectFrame(address, options) {
  const frame = {
    type: "connect",
    host: address.host,
    port: address.port,
    protocol: address.protocol,
  };
  if (options.token !== undefined) frame.token = options.token;
  if (address.protocol === "tcps") {
    if (options.tls !== undefined) frame.tls = options.tls;
    if (address.dnMatch === false) frame.dnMatch = false;
    if (address.certDn !== undefined) frame.sslServerCertDn = address.certDn;
    if (address.serverName !== undefined) frame.serverName = address.serverName;
    if (address.sni !== undefined) frame.sni = address.sni;
  }
  return frame;
}

/** One WebSocket to the bridge, which carries one connection to the database. */
class BridgeLink {
  #socket;
  #url;
  #inbox = new Inbox();
  #connected = false;
  #told;
  #waiting;
  #maxMessage = 1 << 20;

  constructor(socket, url) {
    this.#socket = socket;
    this.#url = url;
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", (event) => this.#closed(event));
    // A "close" event, which says more, follows each "error" event.
    socket.addEventListener("error", () => {});
  }

  /** Asks the bridge for the database, and waits for its answer. */
  connect(frame) {
    return this.#ask("connected", () => {
      const send = () => this.#socket.send(JSON.stringify(frame));
      if (this.#socket.readyState === OPEN) send();
      else this.#socket.addEventListener("open", send, { once: true });
    });
  }

  #ask(type, send) {
    return new Promise((resolve, reject) => {
      this.#waiting = { type, resolve, reject };
      send();
    });
  }

  channel() {
    return withWebStreams({
      read: () => this.#inbox.next(),
      write: (bytes) => this.#write(bytes),
      close: () => {
        this.#inbox.end();
        this.#socket.close(1000);
      },
      restartTls: () =>
        this.#ask("tls_restarted", () => this.#socket.send('{"type":"restart_tls"}')),
    });
  }

  #write(bytes) {
    const socket = this.#socket;
    if (socket.readyState !== OPEN) {
      // What the bridge said of the end is worth more than that it ended.
      const error = this.#told ?? this.#failure("the connection to the bridge is closed", "");
      return Promise.reject(error);
    }
    for (let at = 0; at < bytes.length; at += this.#maxMessage) {
      socket.send(bytes.subarray(at, at + this.#maxMessage));
    }
    if (!(socket.bufferedAmount > HIGH_WATER)) return undefined;
    return new Promise((resolve) => {
      const look = () => {
        if (socket.readyState === OPEN && socket.bufferedAmount > HIGH_WATER) {
          setTimeout(look, DRAIN_POLL_MS);
        } else resolve();
      };
      setTimeout(look, DRAIN_POLL_MS);
    });
  }

  #receive(data) {
    if (typeof data !== "string") {
      this.#inbox.push(new Uint8Array(data));
      return;
    }
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      this.#fail(this.#failure("the bridge sent a text frame that is not JSON", ""));
      return;
    }
    if (frame.type === this.#waiting?.type) {
      if (frame.type === "connected") {
        this.#connected = true;
        if (frame.maxMessageBytes > 0) this.#maxMessage = frame.maxMessageBytes;
      }
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      resolve();
    } else if (frame.type === "refused" || frame.type === "error") {
      const error = this.#failure(frame.message ?? "the bridge refused", frame.remedy);
      error.bridgeCode = frame.code;
      this.#fail(error);
    } else if (frame.type === "eof") {
      this.#inbox.end();
    }
  }

  #closed({ code, reason }) {
    if (code === 1000 && this.#connected) {
      this.#inbox.end();
      return;
    }
    this.#fail(
      this.#connected
        ? this.#failure(`the bridge closed the connection (${code}${reason ? `, ${reason}` : ""})`, "")
        : this.#failure(
            `no WebSocket connection to the bridge ${this.#url} (close code ${code}` +
              `${reason ? `, ${reason}` : ""})`,
            "check that oraedge-bridge runs there and that the address is right",
          ),
    );
  }

  #failure(reason, remedy) {
    return this.#connected
      ? new OraedgeError("OED-TRANSPORT", `${reason}${remedy ? `; ${remedy}` : ""}`)
      : cannotConnect(reason, remedy);
  }

  // The first failure is the one that says why; what follows from it is passed over.
  #fail(error) {
    if (this.#told) return;
    this.#told = error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
    this.#inbox.end(error);
  }
}
