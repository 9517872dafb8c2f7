/** Checks of data, before any model: copies in both parts, and whether there is anything to learn. */
import { Turns } from "../../core/job.ts";
import { TextHash } from "../../data/item-keys.ts";
import type { Baseline } from "../task.ts";
import { type CheckHead, type CheckResult, skip } from "./result.ts";
import type { Checked } from "./training.ts";

/** Copies of less than this share of the validation items change no figure that anybody reads. */
const FEW_COPIES = 0.01;

/** Validation items that also stand in the training part, after normalisation. */
export async function checkDuplicates({ task, data, hooks }: Checked): Promise<CheckResult> {
  const head: CheckHead = {
    check: "duplicates",
    title: "copies in both parts",
    expected: "no validation item stands in the training part",
  };
  const { probe } = task;
  if (probe?.keys === undefined)
    return skip(head, `the task ${task.name} does not say which items are the same`);
  const turns = new Turns(hooks.signal);
  const known = new Set<number>();
  for (const key of probe.keys(data, "train")) {
    known.add(hashOf(key));
    if (turns.isDue) await turns.take();
  }
  let [items, copies] = [0, 0];
  let example: string | undefined;
  for (const key of probe.keys(data, "validation")) {
    items++;
    if (known.has(hashOf(key))) {
      copies++;
      example ??= `item ${items}${NUMBERS.test(key) ? "" : `, "${shorten(key)}"`}`;
    }
    if (turns.isDue) await turns.take();
  }
  const values = { items, copies };
  if (items === 0 || known.size === 0) return skip(head, "there are no items to compare");
  if (copies === 0) return { ...head, verdict: "passed", found: `none of ${items}`, values };
  const share = (100 * copies) / items;
  return {
    ...head,
    verdict: share < 100 * FEW_COPIES ? "warning" : "failed",
    found: `${copies} of ${items} (${share < 10 ? share.toFixed(1) : share.toFixed(0)}%), the first is ${example}`,
    advice:
      "leave the copies out of one part: what is learned by heart counts as right there, and the figures are too good",
    values,
  };
}

/**
 * 53 bits of two hashes in the place of a text, since those of a large part would not fit into memory. Among a million texts
 * one is taken for another with a probability of 1e-10.
 */
function hashOf(text: string): number {
  const hash = new TextHash();
  hash.add(text);
  const [one, two] = hash.values;
  return (one & 0x1fffff) * 2 ** 32 + two;
}

/** What keyOfNumbers makes says nothing to people. */
const NUMBERS = /^\d+:[0-9a-f]+$/;

function shorten(text: string): string {
  const points = [...text];
  return points.length > 40 ? `${points.slice(0, 40).join("")}...` : text;
}

/** An accuracy that a model cannot be seen to beat. */
const ALMOST_ALL = 0.99;

/** What trivial guesses reach, and whether they leave anything to do. */
export async function checkBaselines({ task, data, config, hooks }: Checked): Promise<CheckResult> {
  const head: CheckHead = {
    check: "baselines",
    title: "the trivial baselines",
    expected: "they leave something to learn",
  };
  const baselines = await task.baselines(data, hooks);
  if (baselines.length === 0) return skip(head, `the task ${task.name} has no baselines for this data`);
  const guess = task.guess?.(data, config);
  const found = [
    ...baselines.map(describeBaseline),
    ...(guess === undefined ? [] : [`guessing among ${guess.among} loss ${guess.loss.toFixed(3)}`]),
  ].join("; ");
  const values = Object.fromEntries(baselines.flatMap(numbersOf));
  const best = Math.max(...baselines.map(({ metrics }) => metrics?.accuracy ?? 0));
  // Some losses, as those of densities, are below 0.
  if (baselines.some(({ loss }) => loss !== null && Math.abs(loss) < 1e-6)) {
    const advice = "a guess that reads nothing is always right: look for targets that differ";
    return { ...head, verdict: "failed", found, advice, values };
  }
  if (best < ALMOST_ALL) return { ...head, verdict: "passed", found, values };
  const advice =
    "accuracy can hardly rise: one label may have nearly all items, or a word may give the label away; look at macro F1 and the loss";
  return { ...head, verdict: "warning", found, advice, values };
}

/** Metrics of a baseline that are told; `values` has all. */
const SHOWN = 2;

function describeBaseline({ name, loss, metrics = {} }: Baseline): string {
  const figures = Object.entries(metrics)
    .slice(0, SHOWN)
    .map(([metric, value]) => `${metric} ${value.toFixed(3)}`);
  return [name, ...(loss === null ? [] : [`loss ${loss.toFixed(3)}`]), ...figures].join(" ");
}

function numbersOf({ name, loss, metrics = {} }: Baseline): [string, number][] {
  const figures = Object.entries(metrics).map(([metric, value]): [string, number] => [
    `${name}: ${metric}`,
    value,
  ]);
  return [...(loss === null ? [] : [[`${name}: loss`, loss] as [string, number]]), ...figures];
}
