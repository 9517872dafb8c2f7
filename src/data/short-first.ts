import { type ItemBatch, ItemBatches, type ItemBatchOptions } from "./item-batches.ts";
import type { Items, ItemValues } from "./items.ts";
import type { PaddedItems } from "./padded-items.ts";

/** What a training asks of batches: those of `ItemBatches` and of {@link ShortFirstBatches}. */
export type PlannedBatches<Values extends ItemValues = ItemValues> = Pick<
  ItemBatches<Values>,
  "stepsPerPass" | "batch" | "fill"
>;

export type ShortFirstOptions = Omit<ItemBatchOptions, "shuffle" | "weights"> & {
  /** Passes in which longer items come in step by step, at least 1. */
  readonly passes: number;
};

/** The batches of one pass. */
interface Stage<Values extends ItemValues> {
  readonly pass: number;
  /** Which of all items each of `batches` is. */
  readonly chosen: Int32Array;
  readonly batches: ItemBatches<Values>;
}

/**
 * Batches for learning from short items first (a curriculum: Elman 1993, "Learning and development in neural networks:
 * the importance of starting small"; Bengio et al. 2009, "Curriculum learning"). Pass p of the first `passes` has the
 * items that are no longer than a share (p + 1) / (passes + 1) of all items are; they come more than once until the pass
 * has as many steps as every other. Later passes have all items once. The batch of a step is a function of the items, the
 * options and the step.
 */
export class ShortFirstBatches<Values extends ItemValues = ItemValues> implements PlannedBatches<Values> {
  readonly stepsPerPass: number;
  private readonly items: Items<Values>;
  private readonly passes: number;
  private readonly options: ItemBatchOptions;
  private readonly all: ItemBatches<Values>;
  /** In ascending order. */
  private readonly lengths: Int32Array;
  private current: Stage<Values> | undefined;

  /** @throws InputError without items, and for options of `ItemBatches` out of their range */
  constructor(items: Items<Values>, { passes, ...options }: ShortFirstOptions) {
    this.items = items;
    this.passes = passes;
    this.options = options;
    this.all = new ItemBatches(items, options);
    this.stepsPerPass = this.all.stepsPerPass;
    this.lengths = Int32Array.from(items.store.lengths).sort();
  }

  /** The rows of a step. */
  batch(step: number): ItemBatch {
    const stage = this.stageOf(step);
    if (stage === undefined) return this.all.batch(step);
    const batch = stage.batches.batch(step);
    return { ...batch, indices: batch.indices.map((index) => stage.chosen[index]) };
  }

  /** Rows `from`..`to` of the batch of a step, as `ItemBatches` fills them. */
  fill(step: number, from?: number, to?: number): PaddedItems<Values> {
    return (this.stageOf(step)?.batches ?? this.all).fill(step, from, to);
  }

  /** Undefined where the pass has all items. */
  private stageOf(step: number): Stage<Values> | undefined {
    const pass = Math.floor(step / this.stepsPerPass);
    if (pass >= this.passes) return undefined;
    if (this.current?.pass === pass) return this.current;
    const count = this.lengths.length;
    const longest = this.lengths[Math.ceil((count * (pass + 1)) / (this.passes + 1)) - 1];
    const chosen = new Int32Array(count);
    let size = 0;
    for (let index = 0; index < count; index++) {
      if (this.items.store.lengths[index] <= longest) chosen[size++] = index;
    }
    const batches = new ItemBatches(this.items.subset(chosen.subarray(0, size)), this.options);
    this.current = { pass, chosen, batches };
    return this.current;
  }
}
