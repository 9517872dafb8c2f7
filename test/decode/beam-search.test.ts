/** Searching for the most probable sequences: against exhaustive and plain searches, and what is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BeamOptions, type BeamResult, beamSearch, greedySearch } from "../../src/decode/index.ts";
import { exhaustive, type Logits, plainBeam, randomLogits, tableModel } from "./models.ts";

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
}: { symbols: ArrayLike<number> } & Record<string, unknown>) => ({
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
});
