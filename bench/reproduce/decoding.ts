import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Backend } from "../../src/backend/backend.ts";
import type { Seq2Seq } from "../../src/models/index.ts";
import { openRun } from "../../src/runs/index.ts";
import { limitOf, searchBatch } from "../../src/tasks/translate/decode.ts";
import { type TranslateFacts, tokensOf } from "../../src/tasks/translate/facts.ts";
import { findPython } from "../python.ts";
import { meanOf, printTable, readArguments } from "./_classify.ts";
import { readLines } from "./_translate.ts";

const SEARCH = { beam: 5, best: 1, lengthPenalty: 1, maxLength: undefined, copyUnknown: false } as const;
const ROWS = 64;
const ROUNDS = 3;
const PEER = fileURLToPath(new URL("../peers/pytorch_beam.py", import.meta.url));

/**
 * How long a translator with attention (a run of `multi30k`) takes for the lines of a file with beam 5 on one thread, beside
 * the same search with the same weights in PyTorch: three rounds of each, sorted by length, 64 sentences side by side.
 *
 *     npm run reproduce decoding -- RUN path/to/test.de [--quick]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { paths, quick } = readArguments(given, []);
  const [path, file] = paths;
  if (file === undefined) throw new Error("name a run and a file: npm run reproduce decoding -- RUN FILE");
  const run = await openRun(path);
  const facts = run.facts as TranslateFacts;
  const lines = readLines(file).slice(0, quick ? 20 : undefined);
  const sources = lines.map((line) => {
    const ids = tokensOf(facts).source.encode(line);
    return facts.reverseSource ? ids.reverse() : ids;
  });
  const own: number[] = [];
  let targets: number[][] = [];
  for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
    const began = performance.now();
    targets = await search(run.model as Seq2Seq, run.backend, sources);
    own.push((performance.now() - began) / 1000);
  }
  const peer = searchWithPyTorch(run.path, sources, quick ? 1 : ROUNDS);
  const equal = targets.filter((target, index) => target.join() === peer.targets[index].join()).length;
  printTable([
    ["", "s, mean", "s, each round"],
    ["this package", meanOf(own).toFixed(2), own.map((s) => s.toFixed(2)).join(", ")],
    [
      `PyTorch ${peer.version}`,
      meanOf(peer.seconds).toFixed(2),
      peer.seconds.map((s) => s.toFixed(2)).join(", "),
    ],
  ]);
  console.log(
    `${(meanOf(peer.seconds) / meanOf(own)).toFixed(2)} times as fast; ${equal} of ${sources.length} outputs are the same`,
  );
}

async function search(model: Seq2Seq, backend: Backend, sources: readonly Int32Array[]): Promise<number[][]> {
  const order = [...sources.keys()].sort((a, b) => sources[a].length - sources[b].length || a - b);
  const targets: number[][] = [];
  for (let at = 0; at < order.length; at += ROWS) {
    const part = order.slice(at, at + ROWS);
    const limit = Math.max(...part.map((index) => limitOf(sources[index].length)));
    const found = await searchBatch(
      { model, backend },
      part.map((index) => sources[index]),
      limit,
      SEARCH,
    );
    for (const [row, index] of part.entries()) targets[index] = Array.from(found[row].hypotheses[0].symbols);
  }
  return targets;
}

interface PeerResult {
  readonly seconds: number[];
  readonly targets: number[][];
  readonly version: string;
}

function searchWithPyTorch(weights: string, sources: readonly Int32Array[], rounds: number): PeerResult {
  const request = {
    weights,
    sources: sources.map((source) => Array.from(source)),
    limits: sources.map(({ length }) => limitOf(length)),
    beam: SEARCH.beam,
    penalty: SEARCH.lengthPenalty,
    rows: ROWS,
    rounds,
  };
  const python = findPython("torch");
  if (python === undefined) throw new Error("no Python with torch: name one in UNROLLED_PYTHON");
  const { stdout, stderr, status } = spawnSync(python, [PEER], {
    input: JSON.stringify(request),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`PyTorch did not run: ${stderr}`);
  return JSON.parse(stdout) as PeerResult;
}
