// What a flow needs of the runtime: requests, files, environment variables, key pairs.

import { misuse } from "../errors.js";
import { currentPlatform } from "../platform.js";
import { identityClient } from "./identity.js";

/** No file that a flow reads (configuration, key, token, certificate) comes near this size. */
const LARGEST_FILE = 1 << 20;

export class Host {
  #request;
  #variables;

  /**
   * @param {object} surroundings
   * @param {"direct" | "bridge" | string | URL | Function} [surroundings.identityVia] the option of
   *   getConnection()
   * @param {Record<string, string | undefined>} [surroundings.environment] the option of
   *   getConnection()
   * @param {{url: string, token?: string}} [surroundings.bridge] the bridge of the transport
   */
  constructor({ identityVia, environment, bridge }) {
    if (environment !== undefined && (typeof environment !== "object" || environment === null)) {
      throw misuse('"environment" must be an object with the names of variables as keys');
    }
    const { request, name } = identityClient(identityVia, bridge, currentPlatform().inPage === true);
    this.#request = request;
    this.#variables = environment;
    /** What tells this host's tokens from those of another with the same parameters. */
    this.cacheKey = name;
  }

  /** The variables as they are now, and the folder that `~` stands for. */
  environment() {
    const { variables = {}, home } = currentPlatform().environment?.() ?? {};
    // A Worker's `env` has bindings beside texts.
    const given = Object.entries({ ...variables, ...this.#variables });
    const texts = given.filter(([, value]) => typeof value === "string");
    return { variables: Object.fromEntries(texts), home };
  }

  /** Sends a request of a flow. */
  request(output) {
    if (output.ca === undefined) return this.#request(output);
    const { requestTrusting } = currentPlatform();
    if (requestTrusting) return requestTrusting(output);
    throw new Error("this runtime cannot trust a certificate authority for one request; Node can");
  }

  /** A file's content. */
  async readFile(path) {
    const { readFile } = currentPlatform();
    if (!readFile) {
      throw new Error(
        "this runtime has no files; pass what is in it as configContent, keyContent, securityToken",
      );
    }
    const bytes = await readFile(path);
    if (bytes.length <= LARGEST_FILE) return bytes;
    throw new Error(`it has ${bytes.length} bytes; ${LARGEST_FILE} are the most`);
  }

  /** Says something that the caller should know, and that stops nothing. */
  note(text) {
    const message = `oraedge: ${text}`;
    if (globalThis.process?.emitWarning) globalThis.process.emitWarning(message, "OraedgeWarning");
    else console.warn(message);
  }
}
