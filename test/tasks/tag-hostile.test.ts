/** What a checkpoint says of a tagger may come from anywhere; so may the bytes of a file. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { UnrolledError } from "../../src/core/errors.ts";
import { readStepFile } from "../../src/data/read-step-sequences.ts";
import { writeNpz } from "../../src/io/index.ts";
import { completeTaggerConfig } from "../../src/models/sequence-tagger-config.ts";
import { tag } from "../../src/tasks/tag/model.ts";

const scaling = (features: number) => ({
  mean: new Array(features).fill(0),
  deviation: new Array(features).fill(1),
});
const VALID = [
  {
    labels: ["a", "b"],
    input: { kind: "words", vocabulary: ["x", "y"] },
    model: completeTaggerConfig({ vocabulary: 3, classes: 2, hidden: 4, delay: 1 }),
  },
  {
    labels: ["a", "b"],
    input: { kind: "frames", features: ["u", "v"], scaling: scaling(2) },
    model: completeTaggerConfig({ features: 2, classes: 2, hidden: 4, bidirectional: true }),
  },
  {
    labels: ["a", "b", "c"],
    input: { kind: "images", image: [1, 8, 8], scaling: scaling(1) },
    model: completeTaggerConfig({ image: [1, 8, 8], classes: 3, hidden: 4 }),
  },
];
const parse = (value: Record<string, unknown>) => tag.parse((name) => value[name], "file");

test("what was written is read", () => {
  for (const one of VALID) {
    const { config, facts } = parse(JSON.parse(JSON.stringify(one)));
    expect({ ...facts, model: config }).toEqual(one);
  }
});

test("anything else in its place is refused by name, and makes no model", () => {
  const junk = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(-1, 0.5, 2 ** 40, "", [], {}, null, ["a", "a"], true),
  );
  fc.assert(
    fc.property(fc.constantFrom(...VALID), fc.integer({ min: 0, max: 30 }), junk, (valid, at, value) => {
      const copy = JSON.parse(JSON.stringify(valid)) as Record<string, Record<string, unknown>>;
      const places = [
        ...Object.keys(copy).map((key) => [copy, key] as const),
        ...Object.keys(copy.input).map((key) => [copy.input, key] as const),
        ...Object.keys(copy.model).map((key) => [copy.model, key] as const),
      ];
      const [owner, key] = places[at % places.length];
      (owner as Record<string, unknown>)[key] = value;
      try {
        const { config, facts } = parse(copy);
        expect(config.classes).toBe(facts.labels.length);
      } catch (error) {
        expect(error).toBeInstanceOf(UnrolledError);
        expect((error as Error).message).toMatch(/^file: /);
      }
    }),
    { numRuns: 400 },
  );
});

test("files with changed bytes are read or refused, whatever their format", async () => {
  const npz = writeNpz(
    new Map([
      ["x", { shape: [2, 2, 2, 2], values: new Float32Array(16) }],
      ["y", { shape: [2, 2], values: ["a", "b", "", "a"] }],
    ]),
  );
  const text = (content: string) => new TextEncoder().encode(content);
  const files = [
    ["a.npz", npz],
    ["a.csv", text("sequence,label,x\na,u,1\na,,2\nb,v,3\n")],
    ["a.conll", text("Ada B-X\nLee I-X\n\nsaw O\n")],
  ] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.option(fc.nat()),
      async ([name, bytes], changes, cut) => {
        const changed = bytes.slice(0, cut === null ? bytes.length : cut % (bytes.length + 1));
        for (const [at, byte] of changes) if (changed.length > 0) changed[at % changed.length] = byte;
        try {
          const { lengths, labels } = await readStepFile({ name, size: null, read: async () => changed }, {});
          const steps = lengths.reduce((sum, length) => sum + length, 0);
          expect(labels === undefined || labels.length === steps).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(UnrolledError);
        }
      },
    ),
    { numRuns: 300 },
  );
});
