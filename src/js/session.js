// The one path on which calls reach the wasm side: in order, abortable, with errors made good.

import { closed, fromWasm, isFatal } from "./errors.js";

/** A logged-on wasm client, used by one call at a time. */
export class Session {
  #client;
  #wasm;
  #last = Promise.resolve();
  #broken = false;

  /**
   * @param {object} client the wasm side's handle
   * @param {{memory: WebAssembly.Memory}} wasm the loaded module
   */
  constructor(client, wasm) {
    this.#client = client;
    this.#wasm = wasm;
  }

  get isOpen() {
    return this.#client !== undefined;
  }

  /** Whether it is open, and no call has found it broken. */
  get isHealthy() {
    return this.isOpen && !this.#broken;
  }

  /** The wasm client; fails when the connection is closed. */
  get client() {
    if (!this.#client) throw closed("connection");
    return this.#client;
  }

  /**
   * Runs `work` when the calls before it have ended. `signal` takes the call out of the queue, or
   * interrupts it on the server; the connection stays usable either way.
   */
  turn(signal, work) {
    const before = this.#last;
    let done;
    this.#last = new Promise((resolve) => {
      done = resolve;
    });
    return this.#take(before, done, signal, work);
  }

  async #take(before, done, signal, work) {
    if (signal) await this.#abortable(before, done, signal);
    else await before;
    try {
      const { client } = this;
      if (!signal) return await work({ client, memory: this.#wasm.memory });
      return await this.#interruptible(client, signal, work);
    } catch (error) {
      const explained = this.#explain(error);
      throw signal?.aborted ? signal.reason : explained;
    } finally {
      done();
    }
  }

  // Waits for the calls before. A call that is aborted meanwhile must not let the next one overtake
  // those before it.
  async #abortable(before, done, signal) {
    try {
      signal.throwIfAborted();
      await abortable(before, signal);
    } catch (error) {
      before.then(done);
      throw error;
    }
  }

  async #interruptible(client, signal, work) {
    const interrupt = () => client.interrupt();
    signal.addEventListener("abort", interrupt, { once: true });
    try {
      return await work({ client, memory: this.#wasm.memory });
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  }

  #explain(raw) {
    const error = fromWasm(raw);
    // After a broken connection and after a trap nothing can be said of the session any more.
    if (isFatal(raw) || error.code === "OED-INTERNAL") this.#broken = true;
    return error;
  }

  /** Interrupts the call that is running, if one is; that call fails with ORA-01013. */
  interrupt() {
    this.client.interrupt();
  }

  /** Ends the session; calls that are queued behind fail. */
  async close() {
    await this.turn(undefined, async ({ client }) => {
      this.#client = undefined;
      try {
        await client.close();
      } finally {
        client.free();
      }
    });
  }
}

/** Settles as `promise` does, unless `signal` aborts before. */
function abortable(promise, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
