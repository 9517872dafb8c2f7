/** Sizes of a model that suit its data, where nobody has chosen them. */
import type { FittedSetting } from "../task.ts";
import type { TranslateSettings } from "./defaults.ts";
import type { Judge } from "./facts.ts";

/** What of the data sizes depend on. */
export interface DataSizes {
  /** Pairs to train on. */
  readonly pairs: number;
  /** Symbols of the larger side. */
  readonly symbols: number;
  readonly judgedBy: Judge;
}

/** For sentences: more pairs can teach larger models. The last one that has no more pairs than there are. */
const SIZES = [
  { pairs: 0, hidden: 128, embedding: 128 },
  { pairs: 20_000, hidden: 256, embedding: 256 },
  { pairs: 150_000, hidden: 512, embedding: 256 },
] as const;

/** Sentences are learned by heart without it (Zaremba et al. 2014). */
const DROPOUT = 0.3;

/** A larger rate makes models of sentences diverge or end worse. */
const RATE = 1e-3;

/** From so many symbols on the output matrix takes most of the time, which a layer before it makes smaller. */
const MANY_SYMBOLS = 1000;

export function fitSettings(
  settings: TranslateSettings,
  { pairs, symbols, judgedBy }: DataSizes,
): FittedSetting<TranslateSettings>[] {
  if (judgedBy === "exactMatch") return [];
  const size = SIZES.findLast((one) => pairs >= one.pairs)!;
  const count = `${pairs.toLocaleString("en")} pairs of sentences`;
  const fitted: FittedSetting<TranslateSettings>[] = [
    { name: "hidden", value: size.hidden, reason: count },
    { name: "embedding", value: size.embedding, reason: count },
    { name: "dropout", value: DROPOUT, reason: "sentences are easily learned by heart" },
  ];
  if (["adam", "adamw"].includes(settings.optimizer)) {
    fitted.push({ name: "lr", value: RATE, reason: "sentences of words" });
  }
  if (symbols >= MANY_SYMBOLS) {
    const many = `it makes the output matrix of ${symbols.toLocaleString("en")} symbols smaller`;
    fitted.push({ name: "readout", value: true, reason: many });
  }
  return fitted;
}
