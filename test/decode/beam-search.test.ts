/** Searching for the most probable sequences: against exhaustive and plain searches, and what is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BeamOptions, type BeamResult, beamSearch, greedySearch } from "../../src/decode/index.ts";
import { type Tensor, tensor } from "../../src/index.ts";
import { backends } from "../support/backends.ts";
import {
  exhaustive,
  gruModel,
  type Logits,
  logSoftmax,
  plainBeam,
  randomLogits,
  tableModel,
} from "./models.ts";

const penalties = fc.constantFrom(0, 0.3, 0.6, 1, 2);
/** Short sequences for searches of everything. */
const problems = fc.record({
  vocabulary: fc.integer({ min: 2, max: 4 }),
  maxLength: fc.integer({ min: 1, max: 5 }),
  lengthPenalty: penalties,
  seed: fc.nat(1e6),
  spread: fc.constantFrom(0, 1, 6, 30),
  endBias: fc.constantFrom(-4, 0, 3),
});
type Problem = typeof problems extends fc.Arbitrary<infer Value> ? Value : never;

const logitsOf = ({ vocabulary, seed, spread, endBias }: Problem) =>
  randomLogits(vocabulary, seed, spread, endBias);
const bestOf = ({ hypotheses }: BeamResult) => hypotheses[0];
const shown = ({
  symbols,
  logProbability,
  score,
}: {
  readonly symbols: ArrayLike<number>;
  readonly logProbability: number;
  readonly score: number;
}) => ({
  symbols: [...Array.from(symbols)],
  logProbability,
  score,
});
const search = (logits: Logits, vocabulary: number, options: BeamOptions) =>
  beamSearch(tableModel(vocabulary, [logits]), options).then(([result]) => result);

describe("beamSearch", () => {
  it("with a width of 1 takes the most probable symbol of each step", async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        const { vocabulary, maxLength, lengthPenalty } = problem;
        const logits = logitsOf(problem);
        const model = () => tableModel(vocabulary, [logits]);
        const beam = await beamSearch(model(), { width: 1, maxLength, lengthPenalty, trace: true });
        const greedy = await greedySearch(model(), { maxLength, lengthPenalty, trace: true });
        expect(greedy).toEqual(beam);
        const symbols: number[] = [];
        let ended = false;
        while (!ended && symbols.length < maxLength) {
          const values = Array.from(logits(symbols));
          const id = values.indexOf(Math.max(...values));
          ended = id === 0;
          if (!ended) symbols.push(id);
        }
        expect([...bestOf(beam[0]).symbols]).toEqual(symbols);
        expect(bestOf(beam[0]).ended).toBe(ended);
      }),
    );
  });

  it("finds the best of all sequences if it is as wide as the tree", async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        const { vocabulary, maxLength } = problem;
        const logits = logitsOf(problem);
        const all = exhaustive(logits, problem);
        const options = { maxLength, lengthPenalty: problem.lengthPenalty };
        const { hypotheses } = await search(logits, vocabulary, {
          ...options,
          width: vocabulary ** maxLength,
          nBest: all.length,
        });
        expect(hypotheses).toHaveLength(all.length);
        for (const [at, { score }] of hypotheses.entries()) expect(score).toBeCloseTo(all[at].score, 10);
        const best = await search(logits, vocabulary, { ...options, width: vocabulary ** maxLength });
        expect(shown(bestOf(best))).toEqual(shown(hypotheses[0]));
        expect(bestOf(best).score).toBeCloseTo(all[0].score, 10);
      }),
    );
  });

  it("finds what a search finds that gives nothing up and runs to the end", async () => {
    const settings = fc.record({
      width: fc.integer({ min: 1, max: 6 }),
      nBest: fc.integer({ min: 1, max: 4 }),
    });
    const longer = problems.map((problem) => ({ ...problem, maxLength: 3 * problem.maxLength }));
    let saved = 0;
    await fc.assert(
      fc.asyncProperty(longer, settings, async (problem, { width, nBest }) => {
        const { vocabulary, maxLength, lengthPenalty } = problem;
        const logits = logitsOf(problem);
        const plain = plainBeam(logits, width, problem);
        const result = await search(logits, vocabulary, { width, nBest, maxLength, lengthPenalty });
        if (plain.length === 0) expect(bestOf(result).ended).toBe(false);
        else expect(result.hypotheses.map(shown)).toEqual(plain.slice(0, nBest).map(shown));
        saved += maxLength - result.steps;
      }),
      { numRuns: 300 },
    );
    expect(saved).toBeGreaterThan(0);
  });

  it("gives a sentence of a batch what it gives it alone, to the bit", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(1e6), { minLength: 1, maxLength: 6 }),
        penalties,
        async (seeds, lengthPenalty) => {
          const sentences = seeds.map((seed) => randomLogits(5, seed, 4, seed % 3));
          const options = { width: 3, nBest: 2, maxLength: 12, lengthPenalty, trace: true };
          const together = await beamSearch(tableModel(5, sentences), options);
          const alone = await Promise.all(
            sentences.map((sentence) => beamSearch(tableModel(5, [sentence]), options)),
          );
          expect(together).toEqual(alone.flat());
        },
      ),
    );
  });

  it.each(backends)(
    "does so with the tensors of $name too, and finds what arrays give",
    async ({ backend, tolerance }) => {
      const seeds = [3, 4, 5, 6, 7];
      const options = { width: 3, nBest: 3, maxLength: 9, lengthPenalty: 0.6, trace: true };
      const together = await beamSearch(gruModel(backend, seeds), options);
      for (const [at, seed] of seeds.entries()) {
        const [alone] = await beamSearch(gruModel(backend, [seed]), options);
        expect(alone).toEqual(together[at]);
        const best = bestOf(alone);
        expect(best.weights).toHaveLength(best.symbols.length + (best.ended ? 1 : 0));
        for (const row of best.weights!) expect(row.reduce((sum, one) => sum + one)).toBeCloseTo(1, 5);
      }
      const model = gruModel(backend, seeds);
      const asArrays: typeof model = {
        ...model,
        step(...given) {
          const { logits, ...rest } = model.step(...given);
          return {
            ...rest,
            logits: Float64Array.from(
              (logits as Tensor).backend.memory.readSync!(
                (logits as Tensor).address,
                (logits as Tensor).size,
              ),
            ),
          };
        },
      };
      const ofArrays = await beamSearch(asArrays, options);
      for (const [at, result] of ofArrays.entries()) {
        expect(bestOf(result).symbols).toEqual(bestOf(together[at]).symbols);
        const [actual, expected] = [bestOf(result).logProbability, bestOf(together[at]).logProbability];
        expect(Math.abs(actual - expected)).toBeLessThan(100 * tolerance.absolute);
      }
      expect(new Set(together.map((result) => bestOf(result).symbols.join())).size).toBeGreaterThan(1);
    },
  );

  it("asks for nothing more of sentences that are finished", async () => {
    // Sentence n ends after n symbols, for certain.
    const none = Number.NEGATIVE_INFINITY;
    const sentences = [1, 2, 3].map(
      (length): Logits =>
        (symbols) =>
          symbols.length === length ? [0, none, none] : [none, none, 0],
    );
    const model = tableModel(3, sentences);
    const asked: number[] = [];
    const counted = {
      ...model,
      step(...given: Parameters<typeof model.step>) {
        asked.push(given[0].length);
        return model.step(...given);
      },
    };
    const results = await beamSearch(counted, { width: 4, maxLength: 50 });
    expect(asked).toEqual([3, 3, 2, 1]);
    expect(results.map(({ steps }) => steps)).toEqual([2, 3, 4]);
    expect(results.map((result) => bestOf(result).symbols.length)).toEqual([1, 2, 3]);
    expect(results.map((result) => bestOf(result).logProbability)).toEqual([0, 0, 0]);
  });

  it("stops at the limit where nothing ends, and says so", async () => {
    const endless: Logits = () => [Number.NEGATIVE_INFINITY, 0, 1];
    const { hypotheses, steps } = await search(endless, 3, {
      width: 2,
      nBest: 5,
      maxLength: 40,
      lengthPenalty: 1,
    });
    expect(steps).toBe(40);
    expect(hypotheses).toHaveLength(2);
    expect(hypotheses.map(({ ended }) => ended)).toEqual([false, false]);
    expect([...hypotheses[0].symbols]).toEqual(new Array(40).fill(2));
    expect(hypotheses[0].score).toBeGreaterThan(hypotheses[1].score);
    const [greedy] = await greedySearch(tableModel(3, [endless]), { maxLength: 1 });
    expect(bestOf(greedy)).toMatchObject({ ended: false, symbols: Int32Array.of(2) });
  });

  it("may have a limit of its own for each sentence", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ seed: fc.nat(1e6), limit: fc.integer({ min: 1, max: 9 }) }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (sentences) => {
          const logits = sentences.map(({ seed }) => randomLogits(4, seed, 4, (seed % 3) - 1));
          const options = { width: 3, lengthPenalty: 1 };
          const maxLength = sentences.map(({ limit }) => limit);
          const together = await beamSearch(tableModel(4, logits), { ...options, maxLength });
          for (const [at, result] of together.entries()) {
            expect(result).toEqual(await search(logits[at], 4, { ...options, maxLength: maxLength[at] }));
          }
        },
      ),
    );
    const two = tableModel(3, [() => [0, 0, 0], () => [0, 0, 0]]);
    await expect(beamSearch(two, { maxLength: [3] })).rejects.toThrow(
      "beamSearch: maxLength must be [2], got [1]",
    );
    await expect(beamSearch(two, { maxLength: [3, 0] })).rejects.toThrow(
      "beamSearch: maxLength must be an integer of at least 1, or a list of them",
    );
  });

  it("ranks equally probable symbols by their hypotheses, then by their ids", async () => {
    const equal: Logits = (symbols) =>
      symbols.length < 2 ? [Number.NEGATIVE_INFINITY, 0, 0, 0] : [0, -99, -99, -99];
    const { hypotheses } = await search(equal, 4, { width: 4, nBest: 9, maxLength: 3 });
    expect(hypotheses.map(({ symbols }) => symbols.join(""))).toEqual(["11", "12", "13", "21"]);
  });

  it("never chooses what is forbidden, and leaves the probabilities of the rest as they are", async () => {
    const logits: Logits = (symbols) => [symbols.length, 5, 3, 2];
    const { hypotheses } = await search(logits, 4, { width: 1, maxLength: 3, forbidden: [1, 3] });
    expect([...hypotheses[0].symbols]).toEqual([2, 2, 2]);
    const expected = [0, 1, 2].map((length) => logSoftmax([length, 5, 3, 2])[2]);
    expect(hypotheses[0].logProbability).toBeCloseTo(
      expected.reduce((a, b) => a + b),
      12,
    );
    const open = await search(logits, 4, { width: 3, maxLength: 2, forbidden: Int32Array.of(0) });
    expect(open.hypotheses[0].ended).toBe(false);
  });

  it("begins with the symbol that it is told, or with those of the model", async () => {
    const model = tableModel(4, [() => [1, 0, 0, 0], () => [1, 0, 0, 0]]);
    const read: number[][] = [];
    const watched = (symbols?: Int32Array) => ({
      ...model,
      begin: () => ({ ...model.begin(), symbols }),
      step(...given: Parameters<typeof model.step>) {
        read.push([...given[0]]);
        return model.step(...given);
      },
    });
    await greedySearch(watched(), { maxLength: 1 });
    await greedySearch(watched(), { maxLength: 1, start: 3 });
    await greedySearch(watched(Int32Array.of(2, 0)), { maxLength: 1 });
    expect(read).toEqual([
      [1, 1],
      [3, 3],
      [2, 0],
    ]);
    await expect(greedySearch(watched(Int32Array.of(2, 0)), { maxLength: 1, start: 3 })).rejects.toThrow(
      "greedySearch: start cannot be used, because the model begins with symbols of its own",
    );
    await expect(greedySearch(watched(Int32Array.of(2)), { maxLength: 1 })).rejects.toThrow("[2]");
  });

  it("gives the tree of what it considered, with the best way in it", async () => {
    await fc.assert(
      fc.asyncProperty(problems, fc.integer({ min: 1, max: 4 }), async (problem, width) => {
        const { vocabulary, maxLength, lengthPenalty } = problem;
        const logits = logitsOf(problem);
        const { tree, hypotheses, steps } = await search(logits, vocabulary, {
          width,
          maxLength,
          lengthPenalty,
          trace: true,
        });
        const { nodes } = tree!;
        const best = nodes.filter(({ inBest }) => inBest).slice(1);
        const [{ symbols, ended, logProbability, score }] = hypotheses;
        expect(best.map(({ symbol }) => symbol)).toEqual([...symbols, ...(ended ? [0] : [])]);
        expect(best.at(-1)).toMatchObject({ ended, logProbability, score });
        for (const [at, { id, parent, logProbability: log }] of nodes.entries()) {
          expect(id).toBe(at);
          expect(parent).toBeLessThan(id);
          if (parent < 0) continue;
          expect(nodes[parent].kept && !nodes[parent].ended).toBe(true);
          expect(log).toBeLessThanOrEqual(nodes[parent].logProbability);
        }
        expect(nodes.length).toBeLessThanOrEqual(1 + 2 * width * steps);
      }),
    );
  });

  it("disposes of the last state of the model, once, after an error too", async () => {
    const disposed: unknown[] = [];
    const model = (fail: boolean) => ({
      vocabulary: 2,
      begin: () => ({ state: 0, rows: 1 }),
      step(_symbols: Int32Array, _rows: Int32Array, state: number) {
        if (fail && state === 2) throw new Error("broken");
        return { logits: Float32Array.of(-50, 0), state: state + 1 };
      },
      dispose: (state: number) => disposed.push(state),
    });
    await beamSearch(model(false), { maxLength: 5 });
    expect(disposed).toEqual([5]);
    await expect(beamSearch(model(true), { maxLength: 5 })).rejects.toThrow("broken");
    expect(disposed).toEqual([5, 2]);
  });

  it("is ended by a signal", async () => {
    const controller = new AbortController();
    let steps = 0;
    const model = {
      vocabulary: 2,
      begin: () => ({ state: 0, rows: 1 }),
      step: () => {
        if (++steps === 7) controller.abort(new Error("enough"));
        return { logits: Float32Array.of(-99, 0), state: 0 };
      },
    };
    const { signal } = controller;
    await expect(beamSearch(model, { maxLength: 1e9, signal })).rejects.toThrow("enough");
    expect(steps).toBe(7);
    await expect(greedySearch(model, { maxLength: 1e9, signal })).rejects.toThrow("enough");
    expect(steps).toBe(7);
  });

  it("lets timers have their turn, by which it can be ended", async () => {
    const endless = tableModel(2, [() => [-99, 0]]);
    const model = {
      ...endless,
      step: (...given: Parameters<typeof endless.step>) =>
        endless.step(given[0].fill(1), given[1], { ...given[2], read: [[]] }),
    };
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("time")), 30);
    await expect(beamSearch(model, { maxLength: 1e9, signal: controller.signal })).rejects.toThrow("time");
  });
});

describe("beamSearch refuses", () => {
  const usual = { maxLength: 4 };
  const step = (logits: unknown, more: object = {}) => ({
    vocabulary: 3,
    begin: () => ({ state: 0, rows: 1 }),
    step: () => ({ logits, state: 0, ...more }) as never,
  });
  const good = step(Float32Array.of(1, 2, 3));
  const none = Number.NEGATIVE_INFINITY;
  const place = "sentence 0, step 1";
  it.each<[string, object, object, string]>([
    ["no model", 3 as never, {}, "beamSearch: model must be a model with vocabulary, begin and step, got 3"],
    [
      "a model without a step",
      { vocabulary: 3, begin() {} },
      {},
      "beamSearch: model.step must be a function",
    ],
    [
      "half a vocabulary",
      { ...good, vocabulary: 1.5 },
      {},
      "beamSearch: model.vocabulary must be an integer",
    ],
    [
      "a backend that is none",
      { ...good, backend: "wasm" },
      {},
      "beamSearch: model.backend must be a backend",
    ],
    [
      "no limit",
      good,
      { maxLength: undefined },
      "beamSearch: maxLength must be an integer of at least 1, or a list of them, got undefined",
    ],
    ["no width", good, { width: 0 }, "beamSearch: width must be an integer of at least 1, got 0"],
    ["no best", good, { nBest: 0 }, "beamSearch: nBest must be an integer of at least 1, got 0"],
    [
      "a negative penalty",
      good,
      { lengthPenalty: -1 },
      "beamSearch: lengthPenalty must be a number from 0 to 10, got -1",
    ],
    [
      "NaN as penalty",
      good,
      { lengthPenalty: Number.NaN },
      "lengthPenalty must be a number from 0 to 10, got NaN",
    ],
    ["a start that does not exist", good, { start: 3 }, "beamSearch: start must be an id from 0 to 2, got 3"],
    ["an end that does not exist", good, { end: 3 }, "beamSearch: end must be an id from 0 to 2, got 3"],
    [
      "to forbid what does not exist",
      good,
      { forbidden: [0, -1] },
      "beamSearch: forbidden[1] must be an id from 0 to 2, got -1",
    ],
    ["to forbid everything", good, { forbidden: [0, 1, 2] }, "beamSearch: forbidden leaves no symbol of 3"],
    ["another signal", good, { signal: {} }, "beamSearch: signal must be an AbortSignal"],
    ["a misspelt option", good, { witdh: 3 }, "beamSearch: unknown option witdh — did you mean width?"],
    [
      "NaN",
      step(Float32Array.of(1, Number.NaN, 0)),
      {},
      `beamSearch: logits must be numbers below infinity, got NaN for symbol 1, ${place}`,
    ],
    [
      "infinity",
      step(Float64Array.of(1, 0, 1 / 0)),
      {},
      `logits must be numbers below infinity, got Infinity for symbol 2, ${place}`,
    ],
    [
      "-infinity for all",
      step(Float64Array.of(none, none, none)),
      {},
      `one logit at least must be above -infinity, got none, ${place}`,
    ],
    [
      "where nothing can follow",
      step(Float64Array.of(none, 0, none)),
      { forbidden: [1] },
      `beamSearch: no symbol can follow, because all that are not forbidden have the probability 0, ${place}`,
    ],
    [
      "logits of another size",
      step(new Float32Array(4)),
      {},
      "beamSearch: the logits of model.step() must be [1, 3], got [4]",
    ],
    [
      "logits in a list",
      step([1, 2, 3]),
      {},
      "beamSearch: the logits of model.step() must be a tensor of floats, a Float32Array or a Float64Array",
    ],
    ["integers", step(Int32Array.of(1, 2, 3)), {}, "the logits of model.step() must be a tensor of floats"],
    [
      "a step that answers nothing",
      { ...good, step() {} },
      {},
      "beamSearch: what model.step() returns must be { logits, state }",
    ],
    [
      "a promise of a step",
      { ...good, step: async () => 0 },
      {},
      "beamSearch: the logits of model.step() must be",
    ],
    [
      "a beginning that is none",
      { ...good, begin() {} },
      {},
      "beamSearch: what model.begin() returns must be { state, rows }",
    ],
    [
      "a beginning of half a row",
      { ...good, begin: () => ({ rows: 0.5 }) },
      {},
      "beamSearch: the rows of model.begin() must be an integer",
    ],
  ])("%s", async (_, model, options, message) => {
    await expect(beamSearch(model as typeof good, { ...usual, ...options })).rejects.toThrow(message);
  });

  it.each(backends)("NaN and infinities of tensors of $name", async ({ backend }) => {
    for (const [logits, message] of [
      [[1, Number.NaN, 0], "got NaN for symbol 1"],
      [[1, 0, 1 / 0], "got Infinity for symbol 2"],
      [[none, none, none], "one logit at least must be above -infinity"],
    ] as const) {
      const model = step(tensor([...logits], [1, 3], "f32", backend));
      await expect(beamSearch({ ...model, backend }, usual)).rejects.toThrow(message);
    }
    const [possible] = await beamSearch(
      { ...step(tensor([none, none, 0], [1, 3], "f32", backend)), backend },
      usual,
    );
    expect(bestOf(possible)).toMatchObject({ logProbability: 0, symbols: Int32Array.of(2, 2, 2, 2) });
  });

  it("weights that are no rows", async () => {
    const model = { ...tableModel(3, [() => [0, 1, 1], () => [0, 1, 1]]) };
    const wrong = {
      ...model,
      step: (...given: Parameters<typeof model.step>) => ({
        ...model.step(...given),
        weights: new Float32Array(3),
      }),
    };
    await expect(beamSearch(wrong, usual)).rejects.toThrow(
      "the weights of model.step() must be [2, places], got [3]",
    );
  });

  it("nothing of a model without sentences, and answers nothing", async () => {
    expect(await beamSearch(tableModel(3, []), usual)).toEqual([]);
  });
});
