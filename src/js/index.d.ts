/**
 * Oracle Database from a browser tab, an edge worker or Node, in Oracle's own wire protocol.
 *
 * Names, defaults and error texts are node-oracledb's wherever it has them.
 *
 * @example
 * ```js
 * import { getConnection, webSocket } from "oraedge";
 *
 * await using connection = await getConnection({
 *   user: "scott", password: "tiger", connectString: "db.example:2484/service",
 *   transport: webSocket("wss://bridge.example/"),
 * });
 * for await (const [name, salary] of connection.query("select ename, sal from emp")) {
 *   console.log(name, salary);
 * }
 * ```
 *
 * @packageDocumentation
 */

export * from "./types/values.js";
export * from "./types/errors.js";
export * from "./types/transports.js";
export * from "./types/connect.js";
export * from "./types/statements.js";
export * from "./types/sql.js";
export * from "./types/connection.js";
export * from "./types/package.js";
export { default } from "./types/package.js";
