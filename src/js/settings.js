// The settings that hold for every call that does not say otherwise, with node-oracledb's names
// and defaults. They are properties of the package's default export.

import { OUT_FORMAT_ARRAY } from "./constants.js";

export const settings = {
  autoCommit: false,
  fetchArraySize: 100,
  fetchAsString: [],
  fetchTypeHandler: undefined,
  maxRows: 0,
  numbers: "number",
  outFormat: OUT_FORMAT_ARRAY,
  prefetchRows: 2,
  stmtCacheSize: 30,
};
