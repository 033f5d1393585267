// Builds the page into dist/. It finds the package at ./oraedge/, where whoever serves it puts it.

import { cp, mkdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const out = new URL("dist/", import.meta.url).pathname;
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const oraedge = {
  name: "oraedge",
  setup({ onResolve }) {
    onResolve({ filter: /^oraedge$/ }, () => ({ path: "./oraedge/browser.js", external: true }));
  },
};

await build({
  absWorkingDir: new URL(".", import.meta.url).pathname,
  entryPoints: { app: "src/main.js" },
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  legalComments: "linked",
  plugins: [oraedge],
  logLevel: "warning",
});
await cp(new URL("src/index.html", import.meta.url), `${out}index.html`);
await cp(new URL("src/icon.svg", import.meta.url), `${out}icon.svg`);
