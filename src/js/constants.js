// The numbers that node-oracledb gives to its constants, so that code and stored options carry over.

/** @see https://node-oracledb.readthedocs.io/en/latest/api_manual/oracledb.html#constants */
export const BIND_IN = 3001;
export const BIND_INOUT = 3002;
export const BIND_OUT = 3003;

export const OUT_FORMAT_ARRAY = 4001;
export const OUT_FORMAT_OBJECT = 4002;

/** `fetchInfo: { COLUMN: { type: DEFAULT } }`: fetch this column as if nothing had been said. */
export const DEFAULT = 0;

export const SYSASM = 0x00008000;
export const SYSBACKUP = 0x00020000;
export const SYSDBA = 0x00000002;
export const SYSDG = 0x00040000;
export const SYSKM = 0x00080000;
export const SYSOPER = 0x00000004;
export const SYSPRELIM = 0x00000008;
export const SYSRAC = 0x00100000;
