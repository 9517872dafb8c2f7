/** Measuring a captioner: the teacher-forced loss of captions, and the captions that it writes by itself. */
import { Frames } from "../../backend/scope.ts";
import { ids, tensor } from "../../backend/tensor.ts";
import { Turns } from "../../core/job.ts";
import { Items } from "../../data/items.ts";
import { padItems } from "../../data/padded-items.ts";
import { judgeSceneCaption } from "../../data/scenes.ts";
import type { Captioner } from "../../models/captioner.ts";
import type { EvaluationContext, EvaluationOptions, EvaluationPlan, Score } from "../task.ts";
import type { CaptionData, CaptionPart } from "./data.ts";
import { completeSearch, greedy, SEARCHED, type Search, searchCaptions } from "./decode.ts";
import { limitOf, tokensOf } from "./facts.ts";
import { Layout, Sum, spread, Verdict } from "./layout.ts";
import { sizeOf, takePictures } from "./pictures.ts";

/** Captions of a batch of the loss. */
const ROWS = 64;

/** While training so many captions have their loss measured, and so many pictures are described. */
const MOST_MEASURED = 2048;
const MOST_WRITTEN = 256;

type Part =
  | { readonly kind: "loss"; readonly captions: readonly number[] }
  | { readonly kind: "text"; readonly pictures: readonly number[] };

/**
 * Parts are batches of two kinds: captions whose teacher-forced loss is measured, and pictures that are described. While
 * training these are a fixed choice, spread evenly, and the likeliest word is written at each step; otherwise all of them,
 * with the search that is asked for.
 */
export function planEvaluation(
  data: CaptionData,
  { isComplete, rows = ROWS, search: asked }: EvaluationOptions,
): EvaluationPlan<Captioner> {
  const { validation, facts } = data;
  const layout = new Layout(data);
  const { lengths } = validation.captions;
  const measured = spread(lengths.length, isComplete ? lengths.length : MOST_MEASURED);
  const described = describedOf(layout, validation.rows.length, isComplete);
  const search = asked === undefined ? greedy(limitOf(facts)) : completeSearch(asked, limitOf(facts));
  const parts: Part[] = [
    ...lossBatches(lengths, measured, rows).map((captions) => ({ kind: "loss", captions }) as const),
    ...cut(described, SEARCHED).map((pictures) => ({ kind: "text", pictures }) as const),
  ];
  return {
    parts: parts.length,
    width: layout.width,
    items: measured.reduce((sum, index) => sum + lengths[index] + 1, 0),
    async run(model, context, sums) {
      const measuring = new Measuring(data, layout, model, context, search);
      const turns = new Turns();
      for (let part = context.replica; part < parts.length; part += context.replicas) {
        context.onDone?.(part);
        const own = sums.subarray(part * layout.width, (part + 1) * layout.width);
        const one = parts[part];
        if (one.kind === "loss") await measuring.addLoss(own, one.captions);
        else await measuring.addTexts(own, one.pictures);
        if (turns.isDue) await turns.take();
      }
      context.onDone?.(parts.length);
      measuring.dispose();
    },
  };
}

/** The pictures that are shown, and others. */
function describedOf({ shown }: Layout, count: number, isComplete: boolean): number[] {
  const chosen = new Set([...shown, ...spread(count, isComplete ? count : MOST_WRITTEN)]);
  return [...chosen].sort((a, b) => a - b);
}

/** Captions of similar length together, which saves padding. */
function lossBatches(lengths: Int32Array, measured: readonly number[], rows: number): number[][] {
  return cut(
    measured.toSorted((a, b) => lengths[a] - lengths[b] || a - b),
    rows,
  );
}

function cut(list: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) =>
    list.slice(at * size, (at + 1) * size),
  );
}

/** The pictures of some captions. @returns [captions, numbers of a picture] */
export function picturesOf(part: CaptionPart, captions: ArrayLike<number>): Float32Array {
  return takePictures(
    part.pictures,
    Array.from(captions, (caption) => part.rows[part.pictureOf[caption]]),
  );
}

/** What one replica measures. */
class Measuring {
  private readonly frames: Frames;
  private readonly captions: Items<Int32Array>;
  private readonly data: CaptionData;
  private readonly layout: Layout;
  private readonly model: Captioner;
  private readonly context: EvaluationContext;
  private readonly search: Search;

  constructor(
    data: CaptionData,
    layout: Layout,
    model: Captioner,
    context: EvaluationContext,
    search: Search,
  ) {
    this.data = data;
    this.layout = layout;
    this.model = model;
    this.context = context;
    this.search = search;
    this.frames = new Frames(context.backend);
    this.captions = new Items(data.validation.captions);
  }

  dispose(): void {
    this.frames.dispose();
  }

  async addLoss(sums: Float64Array, captions: readonly number[]): Promise<void> {
    const { validation } = this.data;
    const { values, rows, time, lengths } = padItems(this.captions, captions);
    const pictures = picturesOf(validation, captions);
    const losses = await this.frames.run(() => {
      const input = tensor(pictures, [rows, sizeOf(validation.pictures)]);
      return this.model.loss(input, ids(values, [rows, time]), { lengths, reduction: "none" }).loss.read();
    });
    for (let row = 0; row < rows; row++) {
      for (let t = 0; t <= lengths[row]; t++) sums[Sum.loss] += losses[row * (time + 1) + t];
      sums[Sum.symbols] += lengths[row] + 1;
    }
  }

  async addTexts(sums: Float64Array, pictures: readonly number[]): Promise<void> {
    const { validation, facts } = this.data;
    const { model, layout, search, context } = this;
    const taken = takePictures(
      validation.pictures,
      pictures.map((picture) => validation.rows[picture]),
    );
    const results = await searchCaptions({ model, backend: context.backend }, taken, pictures.length, search);
    const tokens = tokensOf(facts);
    for (const [row, picture] of pictures.entries()) {
      const [{ symbols, ended }] = results[row].hypotheses;
      const caption = tokens.decode(symbols);
      if (!ended) sums[Sum.open]++;
      const verdict = addCaption(sums, layout, validation, picture, caption);
      layout.keepShown(sums, picture, symbols, verdict);
    }
  }
}

/** Counts a caption of a picture. Returns whether it is right. */
export function addCaption(
  sums: Float64Array,
  layout: Layout,
  validation: CaptionPart,
  picture: number,
  caption: string,
): number {
  const scene = validation.scenes?.[picture];
  sums[Sum.written]++;
  layout.addScores(sums, caption, validation.references[picture]);
  if (scene === undefined) return Verdict.unknown;
  const isRight = judgeSceneCaption(caption, scene).isRight;
  sums[Sum.judged]++;
  if (isRight) sums[Sum.right]++;
  return isRight ? Verdict.right : Verdict.wrong;
}

/** The metrics of captions. @param all sums of all parts */
export function metricsOf(all: Float64Array, layout: Layout): Record<string, number> {
  const { bleu, chrf } = layout.scores(all);
  return {
    ...(all[Sum.judged] > 0 && { right: all[Sum.right] / all[Sum.judged] }),
    bleu: bleu.bleu,
    bleu1: bleu.cumulative[0],
    chrf: chrf.chrf,
  };
}

export function scoreCaptions(sums: Float64Array, data: CaptionData): Score {
  const layout = new Layout(data);
  const all = layout.addParts(sums);
  const metrics = metricsOf(all, layout);
  const loss = all[Sum.loss] / Math.max(1, all[Sum.symbols]);
  return {
    loss,
    metrics: { ...metrics, perplexity: Math.exp(loss), described: all[Sum.written] },
    choose: data.facts.judgedBy === "right" ? 1 - (metrics.right ?? 0) : 1 - metrics.bleu / 100,
  };
}

/** What `eval --json` says besides: BLEU in full, signatures, and the first captions. */
export function describeScores(sums: Float64Array, data: CaptionData): Readonly<Record<string, unknown>> {
  const layout = new Layout(data);
  const all = layout.addParts(sums);
  const { bleu, chrf } = layout.scores(all);
  const { cumulative, precisions, brevityPenalty, hypothesisLength, referenceLength, signature } = bleu;
  return {
    scores: {
      bleu: {
        value: bleu.bleu,
        cumulative,
        precisions,
        brevityPenalty,
        hypothesisLength,
        referenceLength,
        signature,
      },
      chrf: { value: chrf.chrf, signature: chrf.signature },
    },
    tokens: tokensOf(data.facts).rule,
    unended: all[Sum.open],
    captions: shownCaptions(sums, data).map(({ name, caption, references }) => ({
      name,
      caption,
      references,
    })),
  };
}

/** A picture with what was written for it. */
export interface ShownCaption {
  readonly name: string;
  /** The place of the picture among those that are measured. */
  readonly picture: number;
  readonly caption: string;
  readonly references: readonly string[];
  /** Whether it is right; undefined where nobody can say. */
  readonly isRight: boolean | undefined;
}

/** What a picture of an evaluation shows. */
export function shownCaptions(sums: Float64Array, data: CaptionData): ShownCaption[] {
  const layout = new Layout(data);
  const { validation, facts } = data;
  const tokens = tokensOf(facts);
  return layout.readShown(layout.addParts(sums)).map(({ picture, symbols, verdict }) => ({
    name: validation.names[picture],
    picture,
    caption: tokens.decode(symbols),
    references: validation.references[picture],
    isRight: verdict === Verdict.unknown ? undefined : verdict === Verdict.right,
  }));
}
