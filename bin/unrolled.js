#!/usr/bin/env node
// Plain JavaScript of an old kind: it has to run where the rest would not, to say so.
import { existsSync } from "node:fs";
import module from "node:module";

const OLDEST = [20, 16];

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  const here = process.versions.node;
  stop(`unrolled needs Node ${OLDEST.join(".")} or newer, this is Node ${here}`, "install Node 24 (LTS)");
} else if (!existsSync(new URL("../dist/cli/main.js", import.meta.url))) {
  stop("unrolled is not built yet", "run: npm ci (or: npm run build)");
} else {
  // Compiled code is kept between starts, where Node can (22.1 and newer): `sample` answers sooner.
  module.enableCompileCache?.();
  await import("../dist/cli/main.js");
}

function stop(message, hint) {
  process.stderr.write(`error: ${message} — ${hint}\n`);
  process.exitCode = 1;
}
