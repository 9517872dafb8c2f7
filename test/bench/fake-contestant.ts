/**
 * A contestant that trains nothing. Arguments: how it behaves; optionally a file to which it adds a line
 * `BEHAVIOUR N` for every request of N steps.
 */

import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [behaviour, diary] = process.argv.slice(2);
const reply = (message: object) => console.log(JSON.stringify(message));
let loss = 4;

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as { cmd: "init" } | { cmd: "step"; n: number };
  if (request.cmd === "init") {
    if (behaviour === "missing") reply({ missing: "Cannot find package 'fake'" });
    else if (behaviour === "hangs-at-start") setInterval(() => {}, 1000);
    else {
      console.log("a banner that a library prints");
      reply({ ready: true, library: "fake", version: "1.0.0", settings: "none" });
    }
    continue;
  }
  if (diary !== undefined) appendFileSync(diary, `${behaviour} ${request.n}\n`);
  if (behaviour === "crashes" && loss < 3.9) {
    console.error("out of luck");
    process.exit(7);
  }
  if (behaviour === "hangs" && loss < 3.9) {
    setInterval(() => {}, 1000);
    continue;
  }
  if (behaviour === "refuses") {
    reply({ error: "this step\ncannot be made" });
    continue;
  }
  const ms: number[] = [];
  const losses: number[] = [];
  for (let i = 0; i < request.n; i++) {
    ms.push(behaviour === "slow" ? 50 : 10);
    losses.push(loss);
    loss *= 0.99;
  }
  if (behaviour === "miscounts") losses.pop();
  reply({ ms, losses });
}
process.exit(0);
