/** Checks of a model at its initial values: its loss, and what its outputs depend on. */
import { InputError } from "../../core/errors.ts";
import type { BatchPlan, Task } from "../task.ts";
import { holdOut, rowsIn } from "./plans.ts";
import { type CheckHead, type CheckResult, showLoss, skip } from "./result.ts";
import { type Checked, type ShortTraining, weightedMean } from "./training.ts";

/** How far the loss at the start may be from that of guessing: a tenth of it, and at least so much. */
const SHARE = 0.1;
const LEAST = 0.1;

/** The loss before the first update is that of guessing. */
export async function checkInitialLoss(
  { task, data, config, settings }: Checked,
  training: ShortTraining,
  plan: BatchPlan<unknown>,
): Promise<CheckResult> {
  const guess = task.guess?.(data, config);
  const head: CheckHead = {
    check: "initial-loss",
    title: "the loss at the start",
    expected: "what guessing reaches",
  };
  if (guess === undefined) return skip(head, `the task ${task.name} does not say what guessing reaches`);
  const tolerance = Math.max(LEAST, SHARE * Math.abs(guess.loss));
  const { held } = holdOut(plan);
  const loss =
    held.length === 0
      ? await training.lossOf(plan.batch(0, 0, 1))
      : weightedMean(await training.measure(plan, held), held);
  const expected = `${guess.loss.toFixed(3)} within ${tolerance.toFixed(3)}: guessing among ${guess.among}`;
  const values = { loss, guess: guess.loss, tolerance };
  const found = showLoss(loss);
  if (Math.abs(loss - guess.loss) <= tolerance)
    return { ...head, expected, verdict: "passed", found, values };
  const smaller =
    settings.initUniform === null
      ? "make the initial weights of the output layer smaller"
      : `--init-uniform ${Number((settings.initUniform / 5).toPrecision(2))} or none (it was ${settings.initUniform})`;
  const advice =
    loss > guess.loss
      ? `the model is sure of itself before it has learned anything: ${smaller}, and scale numbers that are read`
      : "the model knows something before it has learned anything: look for targets among the inputs";
  return { ...head, expected, verdict: "failed", found, advice, values };
}

/** Rows that are looked at, and the steps whose batches are searched for padding. */
const ROWS = 4;
const STEPS = 16;

/** Numbers in f32 differ by about so much of their size when their order of summation does. */
const ROUNDING = 1e-4;

const isFar = (one: number, other: number): boolean =>
  !Object.is(one, other) &&
  !(Math.abs(one - other) <= ROUNDING * Math.max(1, Math.abs(one), Math.abs(other)));

/** Updates after which an output layer that begins with zeros passes on what the layers below it read. */
const FIRST_UPDATES = 3;

/** How other inputs in the first row change the outputs of each row; undefined where the task cannot tell. */
async function changesOfRows(
  { probe, name }: Task,
  training: ShortTraining,
  plan: BatchPlan<unknown>,
  rows: number,
): Promise<Change[] | undefined> {
  if (probe?.disturbInputs === undefined || probe.outputs === undefined) return undefined;
  const batch = plan.batch(0, 0, rows);
  const before = await readOutputs(training, batch, rows, name);
  const after = await readOutputs(training, probe.disturbInputs(batch, 0, 0), rows, name);
  return before.rows.map((outputs, row) => largestChange(outputs, after.rows[row]));
}

/** No loss and no output of a row depends on another row. */
export async function checkRows(
  { task }: Checked,
  training: ShortTraining,
  plan: BatchPlan<unknown>,
): Promise<CheckResult> {
  const head: CheckHead = {
    check: "rows",
    title: "rows are independent",
    expected: "no row changes what the model says of another one",
  };
  const rows = Math.min(ROWS, rowsIn(plan, 0));
  if (rows < 2) return skip(head, "the first batch has a single row");
  let changes = await changesOfRows(task, training, plan, rows);
  if (changes?.[0].size === 0) {
    await training.run(FIRST_UPDATES);
    changes = await changesOfRows(task, training, plan, rows);
  }
  const weights = plan.weights(0);
  let [sum, weight] = [0, 0];
  for (let row = 0; row < rows; row++) {
    if (!(weights[row] > 0)) continue;
    sum += weights[row] * (await training.lossOf(plan.batch(0, row, row + 1)));
    weight += weights[row];
  }
  const [alone, together] = [sum / weight, await training.lossOf(plan.batch(0, 0, rows))];
  const values: Record<string, number> = { alone, together };
  const mixed = { ...head, verdict: "failed" as const };
  const advice = "look for a reshape, a mean or a product that has the rows of a batch among its summed axes";
  if (isFar(alone, together)) {
    const found = `the loss of ${rows} rows is ${showLoss(together)} together, and ${showLoss(alone)} one at a time`;
    return { ...mixed, found, advice, values };
  }
  const found = `${rows} rows have the same loss together and one at a time`;
  if (changes === undefined) return { ...head, verdict: "passed", found, values };
  values.ownChange = changes[0].size;
  values.otherChange = Math.max(...changes.slice(1).map(({ size }) => size));
  const other = changes.findIndex(({ isFar: far }, row) => row > 0 && far);
  if (other > 0) {
    const what = `other inputs in row 0 changed the outputs of row ${other} by ${changes[other].size.toPrecision(2)}`;
    return { ...mixed, found: what, advice, values };
  }
  if (changes[0].size === 0) {
    const what = "other inputs in a row do not change its own outputs: the model does not read them";
    return { ...mixed, found: what, advice: "look at how inputs get into the model", values };
  }
  return {
    ...head,
    verdict: "passed",
    found: `${found}, and outputs change with the inputs of their own row`,
    values,
  };
}

/** Padding is never read: neither outputs nor loss change with it. */
export async function checkPadding(
  { task, config }: Checked,
  training: ShortTraining,
  plan: BatchPlan<unknown>,
): Promise<CheckResult> {
  const head: CheckHead = {
    check: "padding",
    title: "padding is not read",
    expected: "what stands behind the end of a row changes nothing",
  };
  const { probe } = task;
  if (probe?.disturbInputs === undefined || probe.lengths === undefined) {
    return skip(head, `the rows of ${task.name} have no padding, or it does not say where`);
  }
  for (let step = 0; step < Math.min(STEPS, plan.stepsPerEpoch); step++) {
    const rows = rowsIn(plan, step);
    const batch = plan.batch(step, 0, rows);
    const lengths = Array.from(probe.lengths(batch));
    const row = lengths.indexOf(Math.min(...lengths));
    const padding = Math.max(...lengths) - lengths[row];
    if (padding === 0) continue;
    const length = lengths[row];
    const changed = probe.disturbInputs(batch, row, length);
    const loss = await training.lossOf(batch);
    const disturbed = await training.lossOf(changed);
    const hasSteps = probe.lookAhead?.(config) !== undefined;
    const change =
      probe.outputs === undefined
        ? { size: 0, isFar: false }
        : await outputChange(
            training,
            [batch, changed],
            { row, rows, length: hasSteps ? length : undefined },
            task.name,
          );
    const values = { steps: padding, outputChange: change.size, lossChange: Math.abs(disturbed - loss) };
    if (!change.isFar && !isFar(loss, disturbed)) {
      const found = `${padding} ${padding === 1 ? "step" : "steps"} of padding behind a row of ${length} change neither outputs nor loss`;
      return { ...head, verdict: "passed", found, values };
    }
    const found = `other padding behind a row of ${length} changed its outputs by ${change.size.toPrecision(2)} and the loss by ${values.lossChange.toPrecision(2)}`;
    const advice = "give the lengths of the rows to the layers, to the pooling and to the loss";
    return { ...head, verdict: "failed", found, advice, values };
  }
  return skip(head, "no batch of the first pass has padding");
}

/** No output depends on inputs that come later than it may see. */
export async function checkLookAhead(
  { task, config }: Checked,
  training: ShortTraining,
  plan: BatchPlan<unknown>,
): Promise<CheckResult> {
  const head: CheckHead = {
    check: "look-ahead",
    title: "no look ahead",
    expected: "an output does not change with inputs that come later",
  };
  const { probe } = task;
  const reach = probe?.lookAhead?.(config);
  if (reach === undefined || probe?.disturbInputs === undefined || probe.outputs === undefined) {
    return skip(head, "outputs do not stand for steps of the input");
  }
  if (reach === Number.POSITIVE_INFINITY) return skip(head, "this model reads from both ends");
  const rows = Math.min(ROWS, rowsIn(plan, 0));
  const batch = plan.batch(0, 0, rows);
  const { shape } = await training.outputsOf(batch);
  const lengths =
    probe.lengths === undefined ? new Array<number>(rows).fill(shape[1]) : Array.from(probe.lengths(batch));
  const row = lengths.indexOf(Math.max(...lengths));
  const length = lengths[row];
  if (length < reach + 2) return skip(head, `the longest row has ${length} steps`);
  const expected =
    reach === 0
      ? head.expected
      : `an output does not change with inputs that come more than ${reach} steps later`;
  const places = new Set([reach + 1, Math.max(reach + 1, Math.floor(length / 2)), length - 1]);
  let size = 0;
  for (const step of places) {
    const changed = probe.disturbInputs(batch, row, step);
    const change = await outputChange(
      training,
      [batch, changed],
      { row, rows, length: step - reach },
      task.name,
    );
    size = Math.max(size, change.size);
    if (!change.isFar) continue;
    const found = `other inputs from step ${step} on changed outputs before step ${step - reach} by ${change.size.toPrecision(2)}`;
    const advice =
      "look for layers that read backwards, centred windows, and normalisation or attention over all steps";
    return { ...head, expected, verdict: "failed", found, advice, values: { change: change.size } };
  }
  const found = `other inputs from each of ${places.size} steps on left the outputs before it as they were`;
  return { ...head, expected, verdict: "passed", found, values: { change: size } };
}

interface Change {
  readonly size: number;
  readonly isFar: boolean;
}

/** @param length steps of the outputs that are compared; all where it is undefined */
async function outputChange(
  training: ShortTraining,
  [one, other]: readonly [unknown, unknown],
  { row, rows, length }: { readonly row: number; readonly rows: number; readonly length: number | undefined },
  task: string,
): Promise<Change> {
  const before = await readOutputs(training, one, rows, task);
  const after = await readOutputs(training, other, rows, task);
  const compared = length === undefined ? undefined : (before.rows[row].length / before.steps) * length;
  return largestChange(before.rows[row].slice(0, compared), after.rows[row].slice(0, compared));
}

function largestChange(before: readonly number[], after: readonly number[]): Change {
  let [size, far] = [0, false];
  for (const [index, value] of before.entries()) {
    if (Object.is(value, after[index])) continue;
    const change = Math.abs(value - after[index]);
    // What is no number on one side only is a change, too.
    size = Math.max(size, Number.isNaN(change) ? Number.POSITIVE_INFINITY : change);
    far ||= isFar(value, after[index]);
  }
  return { size, isFar: far };
}

/**
 * The outputs of each row, and the size of the second axis.
 * @throws InputError for a task whose outputs have another number of rows
 */
async function readOutputs(
  training: ShortTraining,
  batch: unknown,
  rows: number,
  task: string,
): Promise<{ readonly rows: number[][]; readonly steps: number }> {
  const { values, shape } = await training.outputsOf(batch);
  if (shape[0] !== rows) {
    const got = `[${shape.join(", ")}]`;
    throw new InputError(
      `the task ${task}: probe.outputs must return [${rows}, ...] for ${rows} rows, got ${got}`,
    );
  }
  const size = values.length / rows;
  const all = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: size }, (_, at) => values[row * size + at]),
  );
  return { rows: all, steps: shape[1] ?? 1 };
}
