// A transport over Node's sockets: TCP, and TLS in one direction (the database proves who it is).

import net from "node:net";
import tls from "node:tls";

import { OraedgeError, misuse } from "../errors.js";
import { Inbox, cannotConnect, withWebStreams } from "../streams.js";

// Above this, the socket is not read from until the chunks that are here are used up.
const HIGH_WATER = 1 << 20;

/**
 * @param {object} [options]
 * @param {string | Uint8Array | Array<string | Uint8Array>} [options.ca] certificates (PEM) that
 *   are trusted for TCPS, instead of those that Node trusts
 * @param {number} [options.connectTimeout] milliseconds until an attempt is given up; 20,000
 */
export function tcp(options = {}) {
  const { ca, connectTimeout = 20_000 } = options;
  return async (address) => {
    if (address.protocol !== "tcp" && address.protocol !== "tcps") {
      throw misuse(`tcp() speaks tcp and tcps, not ${String(address.protocol)}`);
    }
    const raw = await dial(address, connectTimeout);
    const link = new SocketLink(address, raw, ca);
    if (address.protocol === "tcps") await link.startTls();
    else link.listen(raw);
    return link.channel();
  };
}

const REMEDIES = {
  ECONNREFUSED: "check the port, and that the listener runs",
  ENOTFOUND: "check the name of the host",
  EAI_AGAIN: "check the name of the host and the name server",
};

function dial(address, connectTimeout) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: address.host, port: address.port, noDelay: true });
    socket.setTimeout(connectTimeout, () => {
      socket.destroy();
      reject(
        cannotConnect(
          `no answer within ${connectTimeout} ms`,
          "check the address and what lies in between (firewall, VPN)",
        ),
      );
    });
    socket.once("error", (error) => {
      reject(cannotConnect(error.message, REMEDIES[error.code], error));
    });
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("timeout");
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

/** One socket, in the clear or with TLS on it. */
class SocketLink {
  #address;
  #raw;
  #ca;
  #socket;
  #inbox = new Inbox();
  #draining;

  constructor(address, raw, ca) {
    this.#address = address;
    this.#raw = raw;
    this.#ca = ca;
  }

  /** Takes what arrives on `socket`. */
  listen(socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#inbox.push(bytes);
      if (this.#inbox.size > HIGH_WATER) socket.pause();
    });
    socket.on("end", () => this.#inbox.end());
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => {
      this.#inbox.end();
      this.#drained();
    });
    socket.on("drain", () => this.#drained());
  }

  /** Puts TLS on the socket; once more, after the listener asked for it. */
  startTls() {
    const address = this.#address;
    this.#socket?.removeAllListeners();
    return new Promise((resolve, reject) => {
      const name = address.serverName ?? address.host;
      const socket = tls.connect({
        socket: this.#raw,
        host: name,
        ca: this.#ca,
        servername: address.sni ?? "",
        minVersion: "TLSv1.2",
        checkServerIdentity: (_, certificate) => identityError(address, name, certificate),
      });
      socket.once("error", (error) => {
        reject(
          cannotConnect(
            `TLS failed: ${error.message}`,
            "give the certificate of the authority that signed the database's own: tcp({ ca })",
            error,
          ),
        );
      });
      socket.once("secureConnect", () => {
        socket.removeAllListeners("error");
        this.listen(socket);
        resolve();
      });
    });
  }

  channel() {
    return withWebStreams({
      read: () => {
        if (this.#socket.isPaused() && this.#inbox.size <= HIGH_WATER / 2) this.#socket.resume();
        return this.#inbox.next();
      },
      write: (bytes) => {
        if (this.#socket.destroyed) {
          return Promise.reject(
            new OraedgeError("OED-TRANSPORT", "the socket to the database is closed"),
          );
        }
        if (this.#socket.write(bytes)) return undefined;
        return new Promise((resolve) => {
          this.#draining = resolve;
        });
      },
      close: () => {
        this.#inbox.end();
        this.#socket.end();
        // A server that does not close its side must not keep the process alive.
        this.#socket.unref();
        this.#raw.unref();
      },
      restartTls: () => this.startTls(),
    });
  }

  #drained() {
    this.#draining?.();
    this.#draining = undefined;
  }

  #fail(error) {
    this.#inbox.end(
      new OraedgeError("OED-TRANSPORT", `the connection to the database broke: ${error.message}`, {
        cause: error,
      }),
    );
    this.#drained();
  }
}

/** What is wrong with the certificate's name; the chain has been checked by then. */
function identityError(address, name, certificate) {
  if (address.dnMatch === false) return undefined;
  if (address.certDn === undefined) return tls.checkServerIdentity(name, certificate);
  const subject = distinguishedName(certificate.subject);
  if (normalized(subject) === normalized(address.certDn)) return undefined;
  return new Error(
    `the certificate is for "${subject}", and SSL_SERVER_CERT_DN asks for "${address.certDn}"`,
  );
}

function distinguishedName(subject) {
  return Object.entries(subject ?? {})
    .flatMap(([key, value]) => [value].flat().map((one) => `${key}=${one}`))
    .join(",");
}

// Order and spaces differ from tool to tool; the parts do not.
function normalized(name) {
  return name
    .split(",")
    .map((part) => part.trim().replace(/\s*=\s*/, "=").toUpperCase())
    .sort()
    .join(",");
}
