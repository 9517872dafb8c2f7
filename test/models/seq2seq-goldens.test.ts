import { describe, expect, it } from "vitest";
import { Seq2Seq, type Seq2SeqConfig } from "../../src/models/index.ts";
import { ids, Rng, scope } from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";
import { Goldens } from "../support/goldens.ts";
import { loadParameters, recorded } from "../support/recorded.ts";

interface Case extends Seq2SeqConfig {
  readonly name: string;
  /** The attention. */
  readonly kind: Seq2SeqConfig["attention"];
  readonly sourceLengths: readonly number[];
  readonly targetLengths: readonly number[];
}

/** What test/goldens/make_seq2seq_goldens.py computed. */
const goldens = new Goldens<Case>("seq2seq.safetensors");
const CASES = (["none", "additive", "dot"] as const).flatMap((kind) => goldens.cases(kind));

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it.each(CASES)("the model has PyTorch's loss and gradients: $name", async (one) => {
    const { name, kind: attention, sourceLengths, targetLengths, attentionUnits, ...sizes } = one;
    const model = new Seq2Seq(
      { ...sizes, attention, attentionUnits: attention === "none" ? 0 : attentionUnits },
      { rng: new Rng(1), backend },
    );
    const found = loadParameters(model, goldens.under(`${name}.param`));
    const reads = scope(() => {
      const [source, target] = ["source", "target"].map((side) => {
        const { values, shape } = goldens.get(`${name}.in.${side}`);
        return ids(values, shape);
      });
      return recorded(
        () => ({
          loss: model.loss(source, target, { sourceLengths, targetLengths }).loss,
          outputs: {},
          inputs: {},
        }),
        found,
      );
    }, backend);
    for (const [what, values] of reads) {
      const expected = goldens.get(`${name}.${what}`).values;
      expect(firstDifference(await values, expected, tolerance), what).toBeUndefined();
    }
  });
});
