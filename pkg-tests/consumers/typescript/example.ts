// Uses the whole API, so that the compiler checks the types that the package ships. Never run.

import oraedge, {
  BIND_IN, DB_TYPE_DATE, DB_TYPE_NUMBER, DB_TYPE_VARCHAR, DatabaseError, IntervalDS, IntervalYM,
  NUMBER, OUT_FORMAT_ARRAY, OUT_FORMAT_OBJECT, OraedgeError, SYSDBA, getConnection, sql, tcp,
  wasmMemoryBytes, webSocket,
} from "oraedge";
import type {
  AccessToken, AccessTokenCallback, Address, ByteChannel, Column, Connection, ConnectionOptions,
  CryptoKeyLike, DbType, ExecuteOptions, ExtraAuthParams, IdentityVia, ManyResult, Result, ResultSet,
  RowStream, SqlFragment, SqlRows, Transport,
} from "oraedge";

interface Employee {
  EMPNO: number;
  ENAME: string;
}

const own: Transport = async (address: Address) => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  console.log(address.protocol, address.host, address.port, address.dnMatch);
  return { readable, writable };
};
const channel: Transport = async () => {
  const made: ByteChannel = { read: () => undefined, write: () => {}, close: () => {} };
  return made;
};

const options: ConnectionOptions = {
  user: "scott", password: "tiger", connectString: "localhost/FREEPDB1", privilege: SYSDBA,
  transport: webSocket("wss://bridge.example/", { token: "t" }), stmtCacheSize: 10,
  signal: AbortSignal.timeout(1000),
};

const pair: AccessToken = { token: "t", privateKey: "PEM", passPhrase: "p" };
const callback: AccessTokenCallback = async (refresh, config) => (refresh ? pair : String(config));
const method: ExtraAuthParams = {
  authType: "ConfigFileAuthentication", profile: "DEFAULT", scopes: ["a", "b"], tokenTimeoutMs: 1000,
  regionId: undefined,
};
const ways: IdentityVia[] = ["direct", "bridge", new URL("wss://bridge.example/"), async (url) => url];

export async function logOns(connectString: string, key: CryptoKeyLike): Promise<void> {
  const { accessToken: none, ...rest }: ConnectionOptions = { connectString };
  console.log(none);
  for (const accessToken of ["token", pair, callback, { token: "t", privateKey: key }]) {
    const connection = await getConnection({ ...rest, accessToken, accessTokenConfig: { profile: "X" } });
    const expires: number | undefined = connection.tokenExpiresAt?.getTime();
    console.log(expires);
  }
  for (const identityVia of ways) {
    await getConnection({ connectString, extraAuthParams: method, identityVia, environment: { A: "b" } });
  }
  await getConnection({ connectString, tokenAuthConfigOci: method, externalAuth: true });
  await getConnection({ connectString, tokenAuthConfigAzure: { auth_type: "AzureServicePrincipal" } });
  // @ts-expect-error a token is text
  await getConnection({ connectString, accessToken: 5 });
  // @ts-expect-error a parameter is no object
  await getConnection({ connectString, extraAuthParams: { authType: "x", profile: {} } });
}

export async function main(): Promise<void> {
  await using connection: Connection = await getConnection(options);
  await using other = await getConnection({ ...options, transport: tcp({ ca: "PEM" }) });
  for (const transport of [own, channel]) await getConnection({ ...options, transport });

  const untyped: Result = await connection.execute("select 1 from dual");
  console.log(untyped.rows?.[0], untyped.metaData?.[0]?.name);
  const typed = await connection.execute<Employee>(
    "select * from emp where deptno = :d and hiredate > :h",
    { d: { val: 30, type: NUMBER, dir: BIND_IN }, h: new Date() },
    { outFormat: OUT_FORMAT_OBJECT, fetchArraySize: 500, maxRows: 10, numbers: "string" },
  );
  const name: string | undefined = typed.rows?.[0]?.ENAME;
  const binds = ["x", 1, 2n, true, new Uint8Array(1), null, new IntervalYM({ years: 1 }), new IntervalDS()];
  const dml = await connection.execute("insert into t values (:1)", binds, { autoCommit: true });
  const affected: number | undefined = dml.rowsAffected;
  console.log(name, affected, dml.lastRowid, dml.warning?.message);

  const handler: NonNullable<ExecuteOptions["fetchTypeHandler"]> = (column: Column) => {
    const type: DbType = column.dbType;
    if (type === DB_TYPE_NUMBER) return { type: DB_TYPE_VARCHAR };
    return type === DB_TYPE_DATE ? { converter: (value: Date | null) => value?.getTime() } : undefined;
  };
  const { resultSet } = await connection.execute("select 1 from dual", [], {
    resultSet: true, fetchTypeHandler: handler, fetchInfo: { X: { type: DB_TYPE_VARCHAR } },
  });
  const set: ResultSet = resultSet!;
  await set.getRow();
  await set.getRows(10);
  for await (const row of set) console.log(row);
  await set.close();

  const stream: RowStream<[number, string]> = connection.query("select id, name from t", [1]);
  for await (const [id, text] of stream) console.log(id.toFixed(), text.length);
  for await (const rows of connection.query<Employee>("x").batches()) console.log(rows[0]?.EMPNO);

  const many: ManyResult = await connection.executeMany("insert into t values (:a)", [{ a: 1 }], {
    bindDefs: { a: { type: NUMBER } }, batchErrors: true, dmlRowCounts: true,
  });
  await connection.executeMany("begin p; end;", 5);
  console.log(many.batchErrors?.[0]?.offset, many.dmlRowCounts?.length);

  const where: SqlFragment = sql`deptno = ${30} and ename in (${sql.join(["A", "B"])})`;
  const rows: SqlRows<Employee> = await connection.sql<Employee>`select * from emp where ${where}`;
  const arrays = connection.sql({ outFormat: OUT_FORMAT_ARRAY });
  for await (const row of arrays<[string]>`select ename from ${sql.identifier("SCOTT", "EMP")}`) {
    console.log(row[0].toUpperCase(), rows.rowsAffected);
  }
  await connection.execute(where);

  const inserted: number | undefined = await connection.transaction(async (tx) => {
    return (await tx.execute("insert into t values (1)")).rowsAffected;
  });
  await connection.commit();
  await connection.rollback();
  await connection.ping();
  await connection.break();
  await connection.breakExecution();
  connection.callTimeout = 1000;
  connection.module = "payroll";
  connection.currentSchema = "HR";
  console.log(connection.currentSchema, connection.dbName, connection.serviceName);
  console.log(inserted, connection.callTimeout, connection.oracleServerVersion, connection.isHealthy());
  console.log(connection.oracleServerVersionString, connection.thin, await wasmMemoryBytes());

  oraedge.fetchArraySize = 1000;
  oraedge.fetchAsString = [oraedge.NUMBER];
  oraedge.outFormat = oraedge.OUT_FORMAT_OBJECT;

  try {
    await other.close();
  } catch (error) {
    if (error instanceof DatabaseError) console.log(error.code, error.errorNum, error.offset);
    if (error instanceof OraedgeError) console.log(error.code, error.isRecoverable);
  }

  // @ts-expect-error a value that cannot be bound
  await connection.execute("x", [Symbol("x")]);
  // @ts-expect-error no such option
  await connection.execute("x", [], { outFromat: OUT_FORMAT_OBJECT });
  // @ts-expect-error a string is no template
  connection.sql("select 1 from dual");
}
