/** The task `caption` as these programs use it, on pictures that are in memory. */
import type { Backend } from "../../src/backend/backend.ts";
import type { Captioner } from "../../src/models/captioner.ts";
import { openRun } from "../../src/runs/open-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { arrangeCaptions, type CaptionData } from "../../src/tasks/caption/data.ts";
import type { CaptionSettings } from "../../src/tasks/caption/defaults.ts";
import type { CaptionFacts } from "../../src/tasks/caption/facts.ts";
import { caption } from "../../src/tasks/caption/model.ts";
import type { CaptionedPictures } from "../../src/tasks/caption/read-data.ts";
import type { Task } from "../../src/tasks/index.ts";
import type { Baseline } from "../../src/tasks/results.ts";
import type { SearchOptions } from "../../src/tasks/search-options.ts";

export type CaptionTraining = Partial<TrainOptions<CaptionSettings>> & { readonly out: string };

/** What is trained on, and what chooses the checkpoint. */
export interface CaptionParts {
  readonly all: CaptionedPictures;
  readonly held: CaptionedPictures;
}

export interface CaptionRun {
  readonly seconds: number;
  readonly steps: number;
  readonly baselines: readonly Baseline[];
}

const HOOKS = { signal: new AbortController().signal, onProgress() {}, onNote() {} };

/** What chooses the checkpoint, lower being better: the task's own measure, the loss on `held`, or anything of the model. */
export type ChosenBy = "own" | "loss" | ((opened: OpenedCaptioner, data: CaptionData) => Promise<number>);

/** Trains with one thread, with a line for each evaluation. */
export async function trainCaptions(
  parts: CaptionParts,
  options: CaptionTraining,
  name: string,
  chosenBy: ChosenBy = "own",
): Promise<CaptionRun> {
  let measured: number | undefined;
  const evaluation: typeof caption.evaluation = (data, how) => {
    const plan = caption.evaluation(data, how);
    if (typeof chosenBy === "string") return plan;
    return {
      ...plan,
      async run(model, context, sums) {
        await plan.run(model, context, sums);
        measured = await chosenBy({ model, facts: data.facts, backend: context.backend }, data);
      },
    };
  };
  const score: typeof caption.score = (...given) => {
    const own = caption.score(...given);
    return { ...own, choose: measured ?? (chosenBy === "loss" ? own.loss : own.choose) };
  };
  const task = {
    ...caption,
    evaluation,
    score,
    load: (request: Parameters<typeof caption.load>[0], hooks: typeof HOOKS) =>
      arrangeCaptions(parts, request, hooks),
  } as unknown as Task;
  const all = { data: [], threads: 1, ...options } as unknown as TrainOptions;
  const training = await trainTask({ task }, all, HOOKS);
  let [seconds, steps] = [0, 0];
  for await (const event of training.events) {
    if (event.event === "eval") {
      const { right, bleu } = event.metrics;
      const score = right === undefined ? `BLEU ${bleu.toFixed(2)}` : `right ${(100 * right).toFixed(2)} %`;
      const chosen = measured === undefined ? "" : `, chosen by ${measured.toFixed(4)}`;
      console.log(`${name}, step ${event.step}: validation loss ${event.loss.toFixed(3)}, ${score}${chosen}`);
    }
    if (event.event === "end") ({ seconds, step: steps } = event);
  }
  return { seconds, steps, baselines: training.baselines };
}

/** The best checkpoint of a run. */
export interface OpenedCaptioner {
  readonly model: Captioner;
  readonly facts: CaptionFacts;
  readonly backend: Backend;
}

export async function openCaptioner(run: string): Promise<OpenedCaptioner> {
  const { model, facts, backend } = await openRun(run);
  return { model: model as Captioner, facts: facts as CaptionFacts, backend };
}

/** Pictures and captions as a model reads them. */
export async function dataOf(pictures: CaptionedPictures, facts: CaptionFacts): Promise<CaptionData> {
  const request = {
    source: undefined,
    validation: undefined,
    settings: caption.complete({}),
    isChosen: () => false,
    known: { of: "weights", facts } as const,
    threads: 1,
    verify() {},
    asset: () => {
      throw new Error("there is no asset");
    },
  };
  return (await arrangeCaptions({ all: pictures, held: pictures }, request, HOOKS)).data;
}

/** What a model has on pictures that nothing was trained or chosen on. */
export async function testCaptions(
  { model, facts, backend }: OpenedCaptioner,
  pictures: CaptionedPictures,
  search?: SearchOptions,
) {
  const data = await dataOf(pictures, facts);
  const plan = caption.evaluation(data, { isComplete: true, ...(search && { search }) });
  const sums = new Float64Array(plan.parts * plan.width);
  await plan.run(model, { backend, replica: 0, replicas: 1 }, sums);
  const { loss, metrics } = caption.score(sums, data, plan, []);
  return { loss, metrics, details: caption.details!(sums, data) };
}

/** The same pictures, each with the captions of another one. @param order a permutation of the pictures */
export function withCaptionsOf(set: CaptionedPictures, order: readonly number[]): CaptionedPictures {
  return { ...set, captions: order.map((index) => set.captions[index]) };
}
