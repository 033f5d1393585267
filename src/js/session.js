// The one path on which calls reach the wasm side: in order, abortable, with errors made good.

import { closed, fromWasm } from "./errors.js";

const nothing = () => {};

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
    // Made here, because after an await the caller's lines are no longer on the stack.
    const creation = {};
    Error.captureStackTrace?.(creation, this.turn);
    const before = this.#last;
    const turn = this.#take(before, signal, work, creation);
    // A call that was aborted in the queue must not let the next one overtake those before it.
    this.#last = signal ? Promise.allSettled([before, turn]) : turn.then(nothing, nothing);
    return turn;
  }

  async #take(before, signal, work, creation) {
    signal?.throwIfAborted();
    await (signal ? abortable(before, signal) : before);
    const client = this.client;
    if (!signal) {
      try {
        return await work({ client, memory: this.#wasm.memory });
      } catch (error) {
        throw this.#explain(error, creation);
      }
    }
    const interrupt = () => client.interrupt();
    signal.addEventListener("abort", interrupt, { once: true });
    try {
      return await work({ client, memory: this.#wasm.memory });
    } catch (error) {
      const explained = this.#explain(error, creation);
      throw signal.aborted ? signal.reason : explained;
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  }

  #explain(raw, creation) {
    const error = fromWasm(raw, creation);
    // After a broken connection and after a trap nothing can be said of the session any more.
    if (error.isRecoverable || error.code === "OED-INTERNAL") this.#broken = true;
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
