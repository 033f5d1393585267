// Private keys for the proof that a token is its owner's: RSASSA-PKCS1-v1_5 with SHA-256.
//
// WebCrypto keeps a key outside of JavaScript's reach and signs several times faster than wasm, so
// it is used wherever it can be. It reads only keys in PKCS#8 without a pass phrase, and browsers
// have it only in secure contexts (https:, localhost); for all else there is the tokens' wasm file.

import { fromWasm, misuse } from "../errors.js";
import { loadTokens } from "../platform.js";

const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const PEM = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----([^-]*)-----END \1-----/;

/** WebCrypto, where this runtime has it. */
export const subtle = () => globalThis.crypto?.subtle;

/**
 * The function that signs with a private key.
 *
 * @param {string | CryptoKey} privateKey PEM (PKCS#8 or PKCS#1, also encrypted), the base64 text of
 *   a PKCS#8 key alone, or a key of WebCrypto's
 * @param {string} [passPhrase] of an encrypted PEM
 * @returns {Promise<(message: Uint8Array) => Promise<Uint8Array>>}
 */
export async function signerOf(privateKey, passPhrase) {
  if (typeof privateKey !== "string") return signerOfCryptoKey(privateKey);
  const pkcs8 = subtle() ? plainPkcs8(privateKey) : undefined;
  if (pkcs8) {
    try {
      return webCryptoSigner(await subtle().importKey("pkcs8", pkcs8, ALGORITHM, false, ["sign"]));
    } catch {
      // The wasm side either reads it or says what is wrong with it.
    } finally {
      pkcs8.fill(0);
    }
  }
  return wasmSigner(withHeader(privateKey), passPhrase);
}

/**
 * Makes a fresh key pair whose private half stays where it was made.
 *
 * @param {number} bits of the modulus
 * @returns {Promise<{publicKey: Uint8Array, sign: Function}>} the public key as SPKI in DER
 */
export async function generateKeyPair(bits) {
  if (!subtle()) {
    const { RsaKey } = await loadTokens();
    const key = wasmCall(() => RsaKey.generate(bits));
    return { publicKey: key.publicKey(), sign: async (message) => wasmCall(() => key.sign(message)) };
  }
  const made = await subtle().generateKey(
    { ...ALGORITHM, modulusLength: bits, publicExponent: Uint8Array.of(1, 0, 1) },
    false,
    ["sign", "verify"],
  );
  const publicKey = new Uint8Array(await subtle().exportKey("spki", made.publicKey));
  return { publicKey, sign: webCryptoSigner(made.privateKey) };
}

function webCryptoSigner(key) {
  return async (message) => new Uint8Array(await subtle().sign(ALGORITHM.name, key, message));
}

function signerOfCryptoKey(key) {
  const { algorithm, type, usages } = key ?? {};
  if (type !== "private" || !Array.isArray(usages)) {
    throw misuse('"privateKey" must be the text of a PEM file or a CryptoKey');
  }
  const fits = algorithm?.name === ALGORITHM.name && algorithm.hash?.name === ALGORITHM.hash;
  if (!fits || !usages.includes("sign")) {
    throw misuse(
      `"privateKey" must be a CryptoKey for ${ALGORITHM.name} with ${ALGORITHM.hash} and the usage ` +
        `"sign", not for ${algorithm?.name} with ${algorithm?.hash?.name} and [${usages.join(", ")}]`,
    );
  }
  return webCryptoSigner(key);
}

async function wasmSigner(pem, passPhrase) {
  const { RsaKey } = await loadTokens();
  const key = wasmCall(() => RsaKey.fromPem(pem, passPhrase));
  return async (message) => wasmCall(() => key.sign(message));
}

/** The bytes of an unencrypted PKCS#8 key; undefined if the text is something else. */
function plainPkcs8(text) {
  const [, label, body] = PEM.exec(withHeader(text)) ?? [];
  if (label !== "PRIVATE KEY") return undefined;
  try {
    return Uint8Array.from(atob(body.replace(/\s/g, "")), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

// node-oracledb's thick mode wants the text without its first and last line, so people have it so.
function withHeader(text) {
  if (text.includes("-----") || !/^[A-Za-z0-9+/=\s]+$/.test(text)) return text;
  return `-----BEGIN PRIVATE KEY-----\n${text.trim()}\n-----END PRIVATE KEY-----\n`;
}

function wasmCall(call) {
  try {
    return call();
  } catch (raw) {
    throw fromWasm(raw);
  }
}
