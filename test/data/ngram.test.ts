import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError, Rng } from "../../src/core/index.ts";
import { HashedCounts } from "../../src/data/count-table.ts";
import { TrigramModel, trigramBaseline, unigramLoss } from "../../src/data/index.ts";

const ids = (V: number, maxLength = 80) =>
  fc.array(fc.nat(V - 1), { minLength: 1, maxLength }).map((list) => Uint8Array.from(list));

/** Share of `c` among what follows `context` in a text; undefined where the context is never followed. */
function share(text: Uint8Array, context: number[], c: number): number | undefined {
  let all = 0;
  let hits = 0;
  for (let at = context.length; at < text.length; at++) {
    if (!context.every((id, k) => text[at - context.length + k] === id)) continue;
    all++;
    if (text[at] === c) hits++;
  }
  return all === 0 ? undefined : hits / all;
}

describe("TrigramModel", () => {
  it("interpolates the shares counted by hand, and sums to 1", () => {
    const V = 4;
    fc.assert(
      fc.property(ids(V), fc.nat(V - 1), fc.nat(V - 1), (text, a, b) => {
        const model = new TrigramModel(V);
        model.count(text.subarray(0, text.length >> 1));
        model.count(text.subarray(text.length >> 1));
        model.weights = { trigram: 0.5, bigram: 0.3, unigram: 0.15, uniform: 0.05 };
        let sum = 0;
        for (let c = 0; c < V; c++) {
          const p1 = share(text, [], c)!;
          const p2 = share(text, [b], c) ?? p1;
          const p3 = share(text, [a, b], c) ?? p2;
          const p = model.probability(a, b, c);
          expect(p).toBeCloseTo(0.5 * p3 + 0.3 * p2 + 0.15 * p1 + 0.05 / V, 12);
          sum += p;
        }
        expect(sum).toBeCloseTo(1, 12);
      }),
    );
  });

  it("finds weights that no small change improves", () => {
    const rng = new Rng(5);
    const text = Uint8Array.from({ length: 4000 }, (_, k) => (k % 3 === 0 ? k % 5 : rng.integer(5)));
    const model = new TrigramModel(5);
    model.count(text.subarray(0, 3000));
    const held = text.subarray(3000);
    model.fit(held);
    const best = model.loss(held);
    const { weights } = model;
    expect(weights.trigram + weights.bigram + weights.unigram + weights.uniform).toBeCloseTo(1, 12);
    for (const [from, to] of [
      ["trigram", "bigram"],
      ["bigram", "trigram"],
      ["unigram", "bigram"],
    ] as const) {
      const moved = Math.min(0.02, weights[from]);
      model.weights = { ...weights, [from]: weights[from] - moved, [to]: weights[to] + moved };
      expect(model.loss(held)).toBeGreaterThan(best - 0.2);
    }
  });
});

describe("trigramBaseline", () => {
  it("takes the context of the first validation characters from the training text", () => {
    const text = Uint8Array.from({ length: 400 }, (_, k) => k % 4);
    const { loss, weights } = trigramBaseline(text, Uint8Array.of(0, 1, 2, 3, 0, 1), 4);
    expect(loss).toBeLessThan(0.05);
    expect(weights.trigram + weights.bigram).toBeGreaterThan(0.9);
    // 3 follows 2 3 never: out of context the first character would be the surprise.
    expect(trigramBaseline(text, Uint8Array.of(3), 4).loss).toBeGreaterThan(2);
  });

  it("stays finite for characters that training never showed, and for the shortest texts", () => {
    expect(trigramBaseline(Uint8Array.of(0, 1, 0, 1), Uint8Array.of(2, 2, 2), 3).loss).toBeLessThan(100);
    expect(trigramBaseline(Uint8Array.of(0), Uint8Array.of(1), 2).loss).toBeGreaterThan(0);
    expect(() => trigramBaseline(Uint8Array.of(0), new Uint8Array(0), 2)).toThrow(InputError);
  });

  it("is close to the entropy of a first-order source, below its unigram loss", () => {
    const rng = new Rng(1);
    let last = 0;
    const source = Uint8Array.from(
      { length: 200_000 },
      () => (last = rng.uniform() < 0.9 ? last : rng.integer(4)),
    );
    const train = source.subarray(0, 180_000);
    const valid = source.subarray(180_000);
    const entropy = -(0.925 * Math.log(0.925) + 0.075 * Math.log(0.025));
    expect(trigramBaseline(train, valid, 4).loss).toBeCloseTo(entropy, 1.7);
    expect(unigramLoss(train, valid, 4)).toBeCloseTo(Math.log(4), 2);
  });

  it("gives the same loss with hashed counts", () => {
    const rng = new Rng(2);
    const text = Uint16Array.from({ length: 5000 }, () => Math.floor(20 * rng.uniform() * rng.uniform()));
    // 20 and 200 characters: dense and hashed trigram tables; the weights then differ through 1/V alone.
    const dense = new TrigramModel(20);
    const hashed = new TrigramModel(200);
    for (const model of [dense, hashed]) {
      model.count(text);
      model.weights = { trigram: 0.5, bigram: 0.3, unigram: 0.2, uniform: 0 };
    }
    expect(hashed.probability(1, 2, 3)).toBe(dense.probability(1, 2, 3));
    expect(hashed.loss(text.subarray(2000, 2100))).toBe(dense.loss(text.subarray(2000, 2100)));
  });
});

describe("HashedCounts", () => {
  it("counts like a Map, with keys beyond 32 bits", () => {
    const key = fc.oneof(
      fc.nat(9),
      fc.nat(9).map((k) => k * 2 ** 32 + 5),
      fc.maxSafeNat(),
    );
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), fc.array(key, { maxLength: 5 }), (keys, others) => {
        const table = new HashedCounts(4);
        const map = new Map<number, number>();
        for (const one of keys) {
          table.add(one);
          map.set(one, (map.get(one) ?? 0) + 1);
        }
        for (const one of [...keys, ...others]) expect(table.get(one)).toBe(map.get(one) ?? 0);
      }),
    );
  });
});
