import { describe, expect, it } from "vitest";
import {
  completeSeq2SeqConfig,
  parseSeq2SeqConfig,
  seq2seqParameterCount,
  seq2seqTrainingBytes,
} from "../../src/models/seq2seq-config.ts";
import { ids, parameters, Rng, scope } from "../../src/nn/index.ts";
import { firstDifference } from "../support/backends.ts";

import {
  ALL,
  CASES,
  lossOf,
  make,
  padded,
  read,
  reference,
  SOURCE,
  SOURCES,
  TARGET,
  TARGETS,
  TIGHT,
} from "./seq2seq-cases.ts";

describe("random numbers", () => {
  const CASE = { name: "", settings: { ...CASES[5].settings, dropout: 0.4 } };

  it.each([1, 0.5])(
    "are those of the rows: replicas draw what one does, with teacherForcing %d",
    async (teacherForcing) => {
      for (const attention of ["none", "additive"] as const) {
        const model = make(
          {
            name: "",
            settings: { ...CASE.settings, attention, attentionUnits: attention === "none" ? 0 : 4 },
          },
          reference,
        );
        const options = (rows: readonly number[]) => ({ teacherForcing, rng: new Rng(11).forRows(rows, 5) });
        const [whole] = await read(model, () => lossOf(model, ALL, options(ALL)));
        let sum = 0;
        for (const rows of [[3, 0], [1, 4], [2]]) {
          sum += (await read(model, () => lossOf(model, rows, options(rows))))[0];
        }
        expect(firstDifference([sum], [whole], TIGHT), attention).toBeUndefined();
        // A generator for all rows draws the same.
        const [plain] = await read(model, () => lossOf(model, ALL, { teacherForcing, rng: new Rng(11) }));
        expect(firstDifference([plain], [whole], TIGHT), attention).toBeUndefined();
      }
    },
  );

  it("move on with every loss, and change it", async () => {
    const model = make(CASE, reference);
    const own = new Rng(4);
    const losses = [];
    for (let i = 0; i < 3; i++) losses.push((await read(model, () => lossOf(model, ALL, { rng: own })))[0]);
    expect(new Set(losses).size).toBe(3);
    const [bare] = await read(model, () => lossOf(model, ALL));
    expect(losses).not.toContain(bare);
  });
});

describe("the config", () => {
  const LEAST = { sourceVocabulary: 7, targetVocabulary: 6, hidden: 4 };

  it.each(CASES)("counts the parameters, and is read back from a file: $name", (one) => {
    const model = make(one, reference);
    const count = parameters(model).reduce((sum, { tensor }) => sum + tensor.size, 0);
    expect(seq2seqParameterCount(model.config)).toBe(count);
    expect(parseSeq2SeqConfig(JSON.parse(JSON.stringify(model.config)), "m")).toEqual(model.config);
  });

  it("refuses what makes no model", () => {
    const refused = (settings: object, message: string) =>
      expect(() => completeSeq2SeqConfig({ ...LEAST, ...settings })).toThrow(message);
    refused({ tieEmbeddings: true }, "tieEmbeddings needs one vocabulary, got 7 source and 6 target symbols");
    refused({ tieWeights: true, readout: 3 }, "readout must be embedding=4 with tied weights, got 3");
    refused({ attentionUnits: 3 }, "attentionUnits must be 0 without attention, got 3");
    refused(
      { attention: "dot", attentionUnits: 0 },
      "attentionUnits must be at least 1 with attention, got 0",
    );
    refused({ attention: "loud" }, 'attention must be "none", "additive" or "dot"');
    refused({ sourceVocabulary: 3 }, "sourceVocabulary must be an integer of at least 4");
    refused({ dropout: 1 }, "dropout must be at least 0 and below 1");
    refused({ cells: "gru" }, "did you mean cell?");
  });

  it("refuses hostile files by the field", () => {
    const good = completeSeq2SeqConfig(LEAST);
    const refused = (value: unknown, message: string) =>
      expect(() => parseSeq2SeqConfig(value, "model.json")).toThrow(message);
    refused(null, "model.json: model must be an object");
    refused([good], "model must be an object");
    refused({}, "model.cell must be");
    for (const name of Object.keys(good)) {
      for (const bad of [undefined, null, Number.NaN, -1, 1.5, {}, [], "1", "__proto__"]) {
        expect(() => parseSeq2SeqConfig({ ...good, [name]: bad }, "m"), `${name} ${bad}`).toThrow(
          `model.${name} must be`,
        );
      }
    }
    refused({ ...good, hidden: 1e6 }, "larger than the heap");
    refused({ ...good, targetVocabulary: 2 ** 40 }, "larger than the heap");
    refused({ ...good, attention: "dot" }, "attentionUnits must be at least 1");
    const inherited = Object.create(good) as object;
    refused(inherited, "model.cell must be");
    expect(parseSeq2SeqConfig({ ...good, extra: 1 }, "m")).toEqual(good);
  });

  it("takes more memory for more of everything", () => {
    const config = completeSeq2SeqConfig({ ...LEAST, attention: "additive" });
    const bytes = seq2seqTrainingBytes(config, 8, 10, 10);
    expect(seq2seqTrainingBytes(config, 16, 10, 10)).toBeGreaterThan(bytes);
    expect(seq2seqTrainingBytes(config, 8, 20, 10)).toBeGreaterThan(bytes);
    expect(seq2seqTrainingBytes(config, 8, 10, 20)).toBeGreaterThan(bytes);
  });
});

describe("bad input", () => {
  const model = make(CASES[4], reference);
  const refused = (work: () => unknown, message: string) =>
    expect(() => scope(() => void work(), reference)).toThrow(message);

  it("is refused by what is wrong with it", () => {
    const source = () => padded(SOURCE, ALL, 5, 0);
    const target = () => padded(TARGET, ALL, 4, 0);
    refused(
      () => model.encode(ids([SOURCES], [1, 1])),
      `ids must be integers from 0 to ${SOURCES - 1}, got ${SOURCES}`,
    );
    refused(() => model.encode(ids([], [0, 0])), "source is empty");
    refused(() => model.encode(source(), { lengths: [0, 1, 1, 1, 1] }), "from 1 to 5, got 0 at position 0");
    refused(() => model.loss(source(), ids([TARGETS, 2, 2, 2, 2], [5, 1])), "symbols must be integers");
    refused(() => model.loss(source(), ids([2], [1, 1])), "memory must be [batch=1");
    refused(() => model.loss(source(), ids([], [5, 0])), "targets are empty");
    refused(() => model.loss(source(), target(), { targetLengths: [5, 0, 0, 0, 0] }), "from 0 to 4, got 5");
    refused(() => model.loss(source(), target(), { teacherForcing: 0.5 }), "needs rng");
    refused(() => model.loss(source(), target(), { lengths: [1] } as object), "unknown option lengths");
    refused(() => model.decoder({}), "memory must be given");
  });
});
