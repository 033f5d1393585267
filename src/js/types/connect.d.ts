// Logging on.

import type { Transport, webSocket } from "./transports.js";
import type { Connection } from "./connection.js";

/** A database token: a bearer token (Azure), or one that goes with a private key (OCI). */
export type AccessToken =
  | string
  | {
      token: string;
      /** PEM (PKCS#8 or PKCS#1, also encrypted), or a key that WebCrypto keeps. */
      privateKey?: string | CryptoKeyLike;
      /** Of an encrypted PEM. */
      passPhrase?: string;
    };

/** A `CryptoKey` for RSASSA-PKCS1-v1_5 with SHA-256 and the usage `sign`. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly usages: readonly string[];
  readonly algorithm: { readonly name: string };
}

/**
 * Gets a token. `refresh` is true when the last one has expired: it must then get a new one, and
 * not one that it kept.
 */
export type AccessTokenCallback = (
  refresh: boolean,
  config?: any,
) => AccessToken | Promise<AccessToken>;

/** The methods of {@link ExtraAuthParams}, in any letter case. */
export type AuthType =
  | "ConfigFileAuthentication"
  | "configFileBasedAuthentication"
  | "SimpleAuthentication"
  | "SecurityToken"
  | "SecurityTokenSimple"
  | "InstancePrincipal"
  | "ResourcePrincipal"
  | "OkeWorkloadIdentity"
  | "ClientCredentials"
  | "AzureServicePrincipal"
  | (string & {});

/**
 * A method and its parameters, with the names of python-oracledb (`key_file`) or of node-oracledb
 * (`keyFile`); docs/tokens.md lists them by method. An unknown one is an error that says which
 * there are.
 */
export interface ExtraAuthParams {
  authType?: AuthType;
  auth_type?: AuthType;
  [parameter: string]: string | number | boolean | readonly string[] | null | undefined;
}

/**
 * `"direct"`: this program asks the identity services itself, the default but in a browser.
 * `"bridge"`: the bridge of {@link webSocket} relays the requests, the default in a browser, which
 * may not read those services' answers. An address: this bridge relays them. A function: called
 * in the place of `fetch`.
 */
export type IdentityVia =
  | "direct"
  | "bridge"
  | URL
  | (string & {})
  | ((url: string, init: any) => Promise<any>);

/** Options of {@link getConnection}. */
export interface ConnectionOptions {
  /** Who logs on with a password; with a token, `[NAME]` for whom to be by proxy. */
  user?: string;
  /** The same as `user`. */
  username?: string;
  /** Not with a token. */
  password?: string;
  /** Sets a new password while logging on with the old one. */
  newPassword?: string;
  /** Easy Connect (`host:1521/service`), a connect descriptor, or an alias of `tnsNames`. */
  connectString?: string;
  /** The same as `connectString`. */
  connectionString?: string;
  /** The text of a tnsnames.ora, in which `connectString` is looked up. */
  tnsNames?: string;
  /** What carries the bytes; `tcp()` in Node, `webSocket("/oraedge")` in a browser. */
  transport?: Transport;
  /** SYSDBA, SYSOPER ...; none by default. */
  privilege?: number;
  /** How many statements stay parsed; 30 by default, 0 for none. */
  stmtCacheSize?: number;
  /** Milliseconds that each call may take; 0, the default, for no limit. */
  callTimeout?: number;
  /** Gives the log-on up. */
  signal?: AbortSignal;
  /** A token in the place of user and password; only over TCPS. */
  accessToken?: AccessToken | AccessTokenCallback;
  /** Handed to the `accessToken` function as its second argument. */
  accessTokenConfig?: object;
  /** A method of OCI or Azure that gets the token, with its parameters. */
  extraAuthParams?: ExtraAuthParams;
  /** The same as `extraAuthParams`: the name that node-oracledb's plug-in for OCI has. */
  tokenAuthConfigOci?: ExtraAuthParams;
  /** The same as `extraAuthParams`: the name that node-oracledb's plug-in for Azure has. */
  tokenAuthConfigAzure?: ExtraAuthParams;
  /** For node-oracledb's programs, which say true with a token; it makes no difference here. */
  externalAuth?: boolean;
  /** The way of requests to identity services; see {@link IdentityVia}. */
  identityVia?: IdentityVia;
  /**
   * Environment variables that a method reads (`OCI_RESOURCE_PRINCIPAL_RPST` ...), on top of
   * those of the process: a Worker's `env`, for instance.
   */
  environment?: object;
  /** What the database shows in V$SESSION about who is connected. */
  program?: string;
  machine?: string;
  osUser?: string;
  terminal?: string;
  driverName?: string;
}

/** Logs on to a database. */
export function getConnection(options: ConnectionOptions): Promise<Connection>;
