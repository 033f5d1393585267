// A database token and its private key, as `oci iam db-token get` leaves them in a folder. The
// function is asked for the next log-on's token; `refresh` says that the last one has expired.
//
// Environment: CONNECT_STRING, DB_TOKEN_FOLDER (by default ~/.oci/db-token).

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

import { getConnection } from "oraedge";

const { CONNECT_STRING, DB_TOKEN_FOLDER = path.join(homedir(), ".oci/db-token") } = process.env;
const read = (name) => readFile(path.join(DB_TOKEN_FOLDER, name), "utf8");

const connection = await getConnection({
  connectString: CONNECT_STRING,
  accessToken: async (refresh) => {
    if (refresh) console.error("the token has expired: run `oci iam db-token get`");
    return { token: (await read("token")).trim(), privateKey: await read("oci_db_key.pem") };
  },
});
const { rows } = await connection.execute("select user from dual");
console.log(rows[0], "until", connection.tokenExpiresAt.toISOString());
await connection.close();
