// The one thing that this side reads from a token: until when it is good.

/** Beyond this no claims are read; real tokens have a few thousand characters. */
const LONGEST_TOKEN = 100_000;

/** When a token expires, in milliseconds since 1970; undefined if it does not say. */
export function expiryOf(token) {
  const payload = token.length <= LONGEST_TOKEN ? token.split(".")[1] : undefined;
  if (!payload) return undefined;
  try {
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const { exp } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof exp === "number" && Number.isFinite(exp) ? exp * 1000 : undefined;
  } catch {
    // Not a JWT: it is the database's to judge.
    return undefined;
  }
}
