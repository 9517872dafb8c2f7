import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildAddon, KEPT } from "../../kernels/native/build.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { createNativeBackend } from "../../src/backend/native/native.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { createWasmBackend } from "../../src/backend/wasm/wasm.ts";
import { describeMachine } from "../machine.ts";
import { errorsOf, LAYERS, type LayerName, runLayer } from "./_layer-errors.ts";
import { STEPS, trainSmall } from "./_small-training.ts";

const PAGE = fileURLToPath(new URL("../../docs/precision.md", import.meta.url));
const [TIME, BATCH, SIZES, SEEDS] = [64, 32, [128, 256], [1, 2, 3, 4, 5]] as const;

interface Contestant {
  readonly name: string;
  readonly backend: Backend;
}

/**
 * The error of `highest` and of `high`, and what becomes of a training with each. Puts its tables into
 * docs/precision.md.
 *
 *     npm run reproduce precision
 */
export async function reproduce(): Promise<void> {
  const { high, isEmulated } = openHigh();
  const highest = (["avx512", "avx2"] as const).flatMap((name) => {
    const { backend } = createNativeBackend(name);
    return backend === undefined ? [] : [{ name: `\`highest\`, ${name}`, backend }];
  });
  const wasm = createWasmBackend();
  const exact: Contestant[] = [
    ...highest,
    ...(wasm === undefined ? [] : [{ name: `\`highest\`, wasm ${wasm.instructions}`, backend: wasm }]),
  ];
  const { cpu, node } = describeMachine();
  const lines = [
    `${cpu}, Node ${node}; AMX ${isEmulated ? "**emulated**: its instructions in software, as their manual page defines them" : "of the processor"}.`,
    "",
    ...(await layerTable([...exact, high])),
    "",
    ...(await trainingTable([exact[0], high])),
  ];
  console.log(lines.join("\n"));
  const page = readFileSync(PAGE, "utf8");
  const between = /(?<=<!-- measured -->\n)[\s\S]*(?=<!-- end -->)/;
  writeFileSync(
    PAGE,
    page.replace(between, () => `\n${lines.join("\n")}\n\n`),
  );
}

/** AMX of this processor, or in software. */
function openHigh(): { high: Contestant; isEmulated: boolean } {
  const own = createNativeBackend("amx").backend;
  if (own !== undefined) return { high: { name: "`high`, amx", backend: own }, isEmulated: false };
  const folder = mkdtempSync(join(tmpdir(), "unrolled-emulated-amx-"));
  try {
    buildAddon({ ...KEPT, emulateAmx: true }, folder);
    const { backend, reason } = createNativeBackend("amx", pathToFileURL(`${folder}/`));
    if (backend === undefined) throw new Error(reason);
    return { high: { name: "`high`, amx", backend }, isEmulated: true };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const power = (value: number) => value.toExponential(1);

async function layerTable(contestants: readonly Contestant[]): Promise<string[]> {
  const reference = createReferenceBackend();
  const lines = [
    `| layer, T=${TIME}, B=${BATCH} | kernels | h: rms | h: max | gradients: max | gradients: rms |`,
    "| --- | --- | --- | --- | --- | --- |",
  ];
  for (const name of Object.keys(LAYERS) as LayerName[]) {
    for (const size of SIZES) {
      const shape = { time: TIME, batch: BATCH, size };
      const exact = await runLayer(name, shape, reference);
      for (const { name: kernels, backend } of contestants) {
        const { hRms, hMax, gradient, gradientRms } = errorsOf(await runLayer(name, shape, backend), exact);
        const cells = [hRms, hMax, gradient, gradientRms].map(power);
        lines.push(`| ${[`${name}, H=${size}`, kernels, ...cells].join(" | ")} |`);
        console.error(lines.at(-1));
      }
    }
  }
  return lines;
}

async function trainingTable(contestants: readonly Contestant[]): Promise<string[]> {
  const lines = [
    `| after ${STEPS} steps, nats per character | ${SEEDS.map((seed) => `seed ${seed}`).join(" | ")} | mean | lowest to highest |`,
    `| ${Array.from({ length: SEEDS.length + 3 }, () => "---").join(" | ")} |`,
  ];
  for (const { name, backend } of contestants) {
    const losses: number[] = [];
    for (const seed of SEEDS) {
      losses.push(await trainSmall(seed, backend));
      console.error(`${name}, seed ${seed}: ${losses.at(-1)}`);
    }
    const mean = losses.reduce((sum, loss) => sum + loss) / losses.length;
    const spread = `${Math.min(...losses).toFixed(4)} to ${Math.max(...losses).toFixed(4)}`;
    lines.push(
      `| ${[name, ...losses.map((loss) => loss.toFixed(4)), mean.toFixed(4), spread].join(" | ")} |`,
    );
  }
  return lines;
}
