// Requests that trust the certificates that they bring, over Node's own HTTPS: `fetch` has no way to
// say so. The API of a Kubernetes cluster is signed by an authority of the cluster's own.

import https from "node:https";

/** No answer comes near this size. */
const LARGEST_ANSWER = 1 << 20;

/**
 * @param {{method: string, url: string, headers: string[][], body?: Uint8Array, timeout: number,
 *   ca: string}} request with the certificates (PEM) that alone are trusted
 * @returns {Promise<{status: number, headers: string[][], body: Uint8Array}>}
 */
export function requestTrusting({ method, url, headers, body, timeout, ca }) {
  return new Promise((resolve, reject) => {
    const options = { method, ca, agent: false, signal: AbortSignal.timeout(timeout) };
    const request = https.request(url, options, (response) => {
      const parts = [];
      let size = 0;
      response.on("data", (part) => {
        parts.push(part);
        size += part.length;
        if (size > LARGEST_ANSWER) {
          response.destroy(new Error(`the answer has more than ${LARGEST_ANSWER} bytes`));
        }
      });
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status, rawHeaders } = response;
        resolve({ status, headers: pairs(rawHeaders), body: new Uint8Array(Buffer.concat(parts)) });
      });
    });
    request.on("error", (error) => {
      const late = error.name === "AbortError" || error.name === "TimeoutError";
      reject(late ? new Error(`no answer within ${timeout} ms`) : error);
    });
    for (const [name, value] of headers) request.setHeader(name, value);
    request.end(body);
  });
}

function pairs(list) {
  const result = [];
  for (let i = 0; i < list.length; i += 2) result.push([list[i], list[i + 1]]);
  return result;
}
