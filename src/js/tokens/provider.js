// A source of tokens with its memory: one token for many connections, one request at a time, a new
// token in good time.

/** A token this close to its end, in milliseconds, is not used for a log-on any more. */
export const MARGIN_MS = 60_000;
/** While somebody holds the provider, a token is renewed when so much of its life is over. */
const RENEW_AFTER = 0.8;
/** How soon a renewal that failed is tried again. */
const RETRY_MS = 15_000;
/** The longest time that setTimeout() takes. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

/**
 * @typedef {object} LogOnToken
 * @property {string} token
 * @property {(message: Uint8Array) => Promise<Uint8Array>} [sign] proves possession of the token's
 *   key; a bearer token has none
 * @property {number} [expiresAt] milliseconds since 1970
 */

export class TokenProvider {
  #acquire;
  #token;
  #since;
  #pending;
  #holders = 0;
  #timer;

  /** @param {(refresh: boolean) => Promise<LogOnToken>} acquire gets a new token */
  constructor(acquire) {
    this.#acquire = acquire;
  }

  /**
   * A token that is good for a minute at least, or as good as its source gives.
   *
   * @param {AbortSignal} [signal] ends the wait; who else waits for the same token goes on
   * @returns {Promise<LogOnToken>}
   */
  async get(signal) {
    signal?.throwIfAborted();
    if (isFresh(this.#token)) return this.#token;
    return signal ? abortable(this.#renew(), signal) : this.#renew();
  }

  /** Forgets a token that the database has refused, so that the next log-on gets another. */
  forget(token) {
    if (this.#token === token) this.#token = undefined;
  }

  /**
   * Renews the token before it expires for as long as somebody wants it, as a pool does.
   *
   * @returns {() => void} ends that
   */
  hold() {
    this.#holders += 1;
    this.#schedule();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      this.#schedule();
    };
  }

  #renew() {
    this.#pending ??= this.#acquire(this.#token !== undefined)
      .then((token) => {
        this.#token = token;
        this.#since = Date.now();
        return token;
      })
      .finally(() => {
        this.#pending = undefined;
        this.#schedule();
      });
    return this.#pending;
  }

  #schedule() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const expiresAt = this.#token?.expiresAt;
    if (this.#holders === 0 || expiresAt === undefined) return;
    const renewAt = this.#since + RENEW_AFTER * (expiresAt - this.#since);
    const wait = Math.max(renewAt - Date.now(), RETRY_MS);
    this.#timer = setTimeout(() => {
      // The log-on that needs the token reports what is wrong, if it still is by then.
      this.#renew().catch(() => {});
    }, Math.min(wait, LONGEST_TIMEOUT_MS));
    // A renewal is no reason for a process to stay alive.
    this.#timer.unref?.();
  }
}

function isFresh(token) {
  return token?.expiresAt !== undefined && token.expiresAt - MARGIN_MS > Date.now();
}

function abortable(promise, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
