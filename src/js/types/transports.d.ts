// What carries the bytes: transports.

/** Where a transport is to connect to; an entry of the connect descriptor. */
export interface Address {
  readonly protocol: "tcp" | "tcps";
  readonly host: string;
  readonly port: number;
  /** For TCPS: `SSL_SERVER_DN_MATCH`; false takes a certificate with any name. */
  readonly dnMatch?: boolean;
  /** For TCPS: `SSL_SERVER_CERT_DN`, the subject that the certificate must have. */
  readonly certDn?: string;
  /** For TCPS: the name that the certificate must have, if not `host`. */
  readonly serverName?: string;
  /** For TCPS: the Server Name Indication to send. */
  readonly sni?: string;
}

/** A connection of bytes, as the web has it. */
export interface ByteStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Called when the connection is closed, besides closing both streams. */
  close?(): unknown;
}

/** A connection of bytes that can answer at once; the faster way, and what built-in ones do. */
export interface ByteChannel {
  /** The next bytes; undefined at the end of the stream. */
  read(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Sends bytes; the promise is for back-pressure. */
  write(bytes: Uint8Array): void | Promise<void>;
  close(): unknown;
  /** Makes a new TLS handshake on the same connection; for TCPS where the transport ends TLS. */
  restartTls?(): Promise<void>;
}

/** Opens a connection to an address. Write your own to go through whatever you have. */
export type Transport = (address: Address) => Promise<ByteStream | ByteChannel>;

/** Options of {@link webSocket}. */
export interface WebSocketOptions {
  /** The bearer token that the bridge asks for. */
  token?: string;
  /** More WebSocket sub-protocols to offer, for a proxy on the way. */
  protocols?: string[];
  /** Who ends TLS of a TCPS database: the bridge (the default), or nobody before this side. */
  tls?: "bridge" | "relay";
  /** The WebSocket class, where the runtime has none of its own (Node 20: that of `ws`). */
  WebSocket?: new (url: string, protocols?: string[]) => unknown;
}

/**
 * A transport through an `oraedge-bridge`.
 *
 * @param url of the bridge; in a page, a path is on the page's own host
 */
export function webSocket(url: string | URL, options?: WebSocketOptions): Transport;

/** Options of {@link tcp}. */
export interface TcpOptions {
  /** Certificates (PEM) to trust for TCPS, instead of those that the runtime trusts. */
  ca?: string | Uint8Array | Array<string | Uint8Array>;
  /** Milliseconds until an attempt to connect is given up; 20,000 by default. */
  connectTimeout?: number;
}

/** A transport over the runtime's own sockets: Node, Deno, Bun. Throws elsewhere. */
export function tcp(options?: TcpOptions): Transport;
