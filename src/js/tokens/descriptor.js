// What a connect string says about tokens (TOKEN_AUTH and its companions, with the names of Oracle
// Net), for log-ons that name neither a password nor a token.

import { OraedgeError, misuse } from "../errors.js";
import { currentPlatform } from "../platform.js";

/** The folder of the token and its key unless TOKEN_LOCATION says another. */
const DEFAULT_LOCATION = "~/.oci/db-token";
const VALUES =
  "OCI_TOKEN, OAUTH, OCI_API_KEY, OCI_INSTANCE_PRINCIPAL, OCI_RESOURCE_PRINCIPAL, DISABLED";
const METHODS = {
  OCI_API_KEY: "ConfigFileAuthentication",
  OCI_INSTANCE_PRINCIPAL: "InstancePrincipal",
  OCI_RESOURCE_PRINCIPAL: "ResourcePrincipal",
};

/**
 * @param {Record<string, string>} settings the parameters of SECURITY that are about tokens
 * @returns {undefined | {callback: Function} | {parameters: object}} as `tokenOptions()` does
 */
export function descriptorTokens(settings) {
  const auth = settings.TOKEN_AUTH?.toUpperCase();
  const location = settings.TOKEN_LOCATION;
  if (auth === undefined || auth === "DISABLED") return undefined;
  if (auth === "OCI_TOKEN") {
    return { callback: () => tokenFile(location ?? DEFAULT_LOCATION, true) };
  }
  if (auth === "OAUTH") {
    if (location !== undefined) return { callback: () => tokenFile(location, false) };
    throw misuse(
      "the connect string says TOKEN_AUTH=OAUTH but not where the token is; add TOKEN_LOCATION " +
        "with the path of the token's file, or of the folder where it is named `token`",
    );
  }
  const authType = METHODS[auth];
  if (authType === undefined) {
    throw misuse(
      `the connect string says TOKEN_AUTH=${settings.TOKEN_AUTH}, which is not known here; use one ` +
        `of ${VALUES}, or name the method with extraAuthParams instead of TOKEN_AUTH`,
    );
  }
  return { parameters: { authType, ...methodParameters(authType, settings) } };
}

function methodParameters(authType, settings) {
  const parameters = {};
  if (authType === METHODS.OCI_API_KEY) {
    if (settings.OCI_CONFIG_FILE !== undefined) parameters.fileLocation = settings.OCI_CONFIG_FILE;
    if (settings.OCI_PROFILE !== undefined) parameters.profile = settings.OCI_PROFILE;
  }
  const { OCI_COMPARTMENT: compartment, OCI_DATABASE: database } = settings;
  if (compartment !== undefined) {
    parameters.scope = ["urn:oracle:db::id", compartment, database].filter(Boolean).join("::");
  } else if (database !== undefined) {
    throw misuse(
      "the connect string has OCI_DATABASE without OCI_COMPARTMENT; " +
        "add the OCID of the compartment that the database is in",
    );
  }
  return parameters;
}

/** Reads a token, and the key that lies beside it, as `oci iam db-token get` writes them. */
async function tokenFile(location, withKey) {
  const { environment, readFile } = currentPlatform();
  if (!readFile) {
    throw misuse(
      "this runtime has no files, so TOKEN_LOCATION leads nowhere; give accessToken instead",
    );
  }
  const home = environment?.().home;
  const expand = (path) => (home === undefined ? path : path.replace(/^~(?=$|[/\\])/, home));
  const text = async (path) => new TextDecoder().decode(await readFile(path)).trim();
  const failed = (path, error) =>
    new OraedgeError("OED-AUTH", `cannot read ${path}: ${error.message}; ${remedy(withKey)}`, {
      cause: error,
    });
  let path = expand(location);
  let token;
  try {
    token = await text(path);
  } catch (error) {
    // A folder: the token is in it.
    if (error.code !== "EISDIR") throw failed(path, error);
    path = `${path.replace(/[/\\]+$/, "")}/token`;
    token = await text(path).catch((inside) => {
      throw failed(path, inside);
    });
  }
  if (!withKey) return token;
  const keyPath = path.replace(/[^/\\]*$/, "oci_db_key.pem");
  const privateKey = await text(keyPath).catch((error) => {
    throw failed(keyPath, error);
  });
  return { token, privateKey };
}

function remedy(withKey) {
  return withKey
    ? "get a token with: oci iam db-token get (it writes ~/.oci/db-token/token and " +
        "oci_db_key.pem), or set TOKEN_LOCATION to the folder that has them"
    : "set TOKEN_LOCATION to the file with the token, or to the folder where it is named `token`";
}
