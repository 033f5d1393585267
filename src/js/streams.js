// Byte streams, as transports give them and as the wasm side reads them.
//
// The wasm side wants a channel: `read()` gives the next bytes (or undefined at the end), `write()`
// takes bytes, and both answer at once instead of with a promise where they can, which saves a turn
// of the event loop for each packet. A transport may give such a channel itself, as those of this
// package do, or what the web has: `{ readable, writable }`.

import { OraedgeError, misuse, transportError } from "./errors.js";

/**
 * Makes the function with which the wasm side opens a connection to an address. Its property
 * `failure` is the last error of the transport.
 *
 * @param {Function} transport of the caller
 * @param {AbortSignal} [signal] closes what was opened, which makes the log-on fail at once
 */
export function opener(transport, signal) {
  const open = async (address) => {
    try {
      signal?.throwIfAborted();
      const channel = channelOf(await transport(address));
      if (signal) closeOnAbort(channel, signal);
      return channel;
    } catch (error) {
      open.failure = error;
      throw error;
    }
  };
  return open;
}

function closeOnAbort(channel, signal) {
  if (signal.aborted) {
    channel.close();
    signal.throwIfAborted();
  }
  signal.addEventListener("abort", () => channel.close(), { once: true });
}

function channelOf(stream) {
  if (typeof stream?.read === "function" && typeof stream.write === "function") return stream;
  if (stream?.readable && stream?.writable) return streamChannel(stream);
  throw misuse(
    "a transport must resolve to an object with `readable` and `writable`, as a WebSocketStream " +
      "or a socket of Cloudflare's has them",
  );
}

/** A channel over a pair of web streams. */
function streamChannel(stream) {
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  return {
    async read() {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return undefined;
        const bytes = asBytes(value);
        if (bytes.length > 0) return bytes;
      }
    },
    async write(bytes) {
      await writer.write(bytes);
    },
    async close() {
      // Either direction may be closed or broken already; closing is best effort.
      await Promise.allSettled([writer.close(), reader.cancel()]);
      if (typeof stream.close === "function") await Promise.allSettled([stream.close()]);
    },
  };
}

function asBytes(value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw transportError(`a transport's stream must give bytes, and gave a ${typeof value}`);
}

/** Chunks that have come, and at most one reader that waits for the next. */
export class Inbox {
  #chunks = [];
  #ended = false;
  #error;
  #waiter;
  size = 0;

  /** Takes a chunk in. */
  push(bytes) {
    if (bytes.length === 0) return;
    if (this.#waiter) {
      const { resolve } = this.#waiter;
      this.#waiter = undefined;
      resolve(bytes);
    } else {
      this.#chunks.push(bytes);
      this.size += bytes.length;
    }
  }

  /** Nothing more will come; with an error, reads fail once the chunks are used up. */
  end(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (!waiter) return;
    if (error) waiter.reject(error);
    else waiter.resolve(undefined);
  }

  /** The next chunk, at once or as a promise; undefined at the end. */
  next() {
    if (this.#chunks.length > 0) {
      const bytes = this.#chunks.shift();
      this.size -= bytes.length;
      return bytes;
    }
    if (this.#ended) return this.#error ? Promise.reject(this.#error) : undefined;
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }
}

/** Adds `readable` and `writable` to a channel, so that other transports can be put around it. */
export function withWebStreams(channel) {
  let readable;
  let writable;
  return Object.defineProperties(channel, {
    readable: {
      get: () =>
        (readable ??= new ReadableStream({
          async pull(controller) {
            const bytes = await channel.read();
            if (bytes) controller.enqueue(bytes);
            else controller.close();
          },
          cancel: () => channel.close(),
        })),
    },
    writable: {
      get: () =>
        (writable ??= new WritableStream({
          write: (bytes) => channel.write(bytes),
          close: () => channel.close(),
          abort: () => channel.close(),
        })),
    },
  });
}

/** The error of a transport that got no connection: why, and what helps. */
export function cannotConnect(reason, remedy, cause) {
  const text = remedy ? `${reason}; ${remedy}` : reason;
  // Where it was connecting to is put in front by the wasm side, which tries the addresses.
  return new OraedgeError("OED-TRANSPORT", text, cause === undefined ? {} : { cause });
}
