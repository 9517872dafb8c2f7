import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Rng } from "../../src/core/index.ts";
import {
  type CaptionedScene,
  captionedScenes,
  isHeldOutCombination,
  judgeSceneCaption,
  SCENE_COLOURS,
  SCENE_RELATIONS,
  SCENE_SHAPES,
  SCENE_SIDE,
  type Scene,
  writeCaptions,
} from "../../src/data/scenes.ts";

const seen = captionedScenes({ count: 2000, captions: 3 });
const heldOut = captionedScenes({ count: 500, part: "heldOut" });

const OPPOSITE = { "left of": "right of", "right of": "left of", above: "below", below: "above" } as const;
const combinationsOf = ({ first, second, relation }: Scene) =>
  [
    [first.shape, first.colour, relation],
    [second.shape, second.colour, OPPOSITE[relation]],
  ] as const;

describe("scenes", () => {
  test("are the same for the same seed, whatever their number is", () => {
    expect(captionedScenes({ count: 3, captions: 3 })).toEqual(seen.slice(0, 3));
    expect(captionedScenes({ count: 3, seed: 1 })[0].pixels).not.toEqual(seen[0].pixels);
  });

  test("have objects that differ, lie inside the picture, and are apart in the direction of their relation", () => {
    for (const { scene } of [...seen, ...heldOut]) {
      const { first, second, relation } = scene;
      expect([first.shape, first.colour]).not.toEqual([second.shape, second.colour]);
      for (const { x, y } of [first, second]) {
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(6);
        expect(Math.max(x, y)).toBeLessThanOrEqual(SCENE_SIDE - 7);
      }
      const [dx, dy] = [first.x - second.x, first.y - second.y];
      const isHorizontal = relation.endsWith("of");
      expect(Math.abs(isHorizontal ? dx : dy)).toBeGreaterThan(3 * Math.abs(isHorizontal ? dy : dx));
      expect(relation).toBe(isHorizontal ? (dx < 0 ? "left of" : "right of") : dy < 0 ? "above" : "below");
    }
  });

  test("that are held out have a combination of shape, colour and relation that no other scene has", () => {
    const known = new Set(seen.flatMap(({ scene }) => combinationsOf(scene).map((one) => one.join("/"))));
    for (const { scene } of heldOut) {
      expect(combinationsOf(scene).some((one) => !known.has(one.join("/")))).toBe(true);
    }
    // Every shape is seen in every colour, and in every relation.
    const all = seen.flatMap(({ scene }) => combinationsOf(scene));
    expect(new Set(all.map(([shape, colour]) => `${shape}/${colour}`)).size).toBe(
      SCENE_SHAPES.length * SCENE_COLOURS.length,
    );
    expect(new Set(all.map(([shape, , relation]) => `${shape}/${relation}`)).size).toBe(
      SCENE_SHAPES.length * SCENE_RELATIONS.length,
    );
    const share =
      SCENE_SHAPES.flatMap((shape) =>
        SCENE_COLOURS.flatMap((colour) =>
          SCENE_RELATIONS.filter((relation) => isHeldOutCombination(shape, colour, relation)),
        ),
      ).length /
      (SCENE_SHAPES.length * SCENE_COLOURS.length * SCENE_RELATIONS.length);
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.25);
  });

  test("show their colours where the objects are", () => {
    const plane = SCENE_SIDE * SCENE_SIDE;
    const red = seen.find(({ scene: { first } }) => first.colour === "red" && first.shape !== "triangle")!;
    const at = red.scene.first.y * SCENE_SIDE + red.scene.first.x;
    const [r, g, b] = [0, 1, 2].map((channel) => red.pixels[channel * plane + at]);
    expect(r).toBeGreaterThan(2 * Math.max(g, b));
  });

  test("refuse options that make none", () => {
    expect(() => captionedScenes({ count: 0 })).toThrow("captionedScenes: count");
    expect(() => captionedScenes({ part: "test" as never })).toThrow("captionedScenes: part");
    expect(() => captionedScenes({ captions: 9 })).toThrow("captionedScenes: captions");
    expect(() => captionedScenes({ seed: 0.5 })).toThrow("captionedScenes: seed");
  });
});

describe("judgeSceneCaption", () => {
  test("finds every caption of the grammar right, for its own scene", () => {
    for (const { scene, captions } of [...seen, ...heldOut]) {
      expect(new Set(captions).size).toBe(captions.length);
      for (const caption of [...captions, ...writeCaptions(scene, new Rng(7), 5)]) {
        expect(judgeSceneCaption(caption, scene), caption).toEqual({ isRight: true });
        expect(judgeSceneCaption(`${caption.toUpperCase()}.`, scene).isRight).toBe(true);
      }
    }
  });

  test.each([
    [
      "another colour",
      ({ scene, captions }: CaptionedScene) => {
        const other = SCENE_COLOURS.find(
          (colour) => ![scene.first.colour, scene.second.colour].includes(colour),
        )!;
        return captions[0].replace(scene.first.colour, other);
      },
    ],
    [
      "another shape",
      ({ scene, captions }: CaptionedScene) => {
        const other = SCENE_SHAPES.find((shape) => ![scene.first.shape, scene.second.shape].includes(shape))!;
        return captions[0].replace(scene.second.shape, other);
      },
    ],
    [
      "the other relation",
      ({ captions }: CaptionedScene) =>
        captions[0].replace(
          /left of|right of|above|over|below|under/,
          (word) =>
            ({
              "left of": "right of",
              "right of": "left of",
              above: "under",
              over: "below",
              below: "over",
              under: "above",
            })[word]!,
        ),
    ],
    [
      "a relation in the other direction",
      ({ captions }: CaptionedScene) =>
        captions[0].replace(/(to the )?(left|right) of|above|over|below|under/, (word) =>
          /of/.test(word) ? "above" : "left of",
        ),
    ],
    [
      "one object alone",
      ({ scene }: CaptionedScene) => `there is a ${scene.first.colour} ${scene.first.shape}`,
    ],
    [
      "the same object twice",
      ({ scene: { first, relation } }: CaptionedScene) =>
        `a ${first.colour} ${first.shape} is ${relation} a ${first.colour} ${first.shape}`,
    ],
    [
      "a size that is not true",
      ({ scene: { first, second, relation } }: CaptionedScene) =>
        `a ${first.size === "small" ? "large" : "small"} ${first.colour} ${first.shape} is ${relation} a ${second.colour} ${second.shape}`,
    ],
    [
      "no colour",
      ({ scene: { first, second, relation } }: CaptionedScene) =>
        `a ${first.shape} is ${relation} a ${second.colour} ${second.shape}`,
    ],
  ])("finds %s wrong", (_, change) => {
    for (const one of seen.slice(0, 300)) {
      const changed = change(one);
      expect(judgeSceneCaption(changed, one.scene), changed).toMatchObject({ isRight: false });
    }
  });

  test("answers for every text", () => {
    const { scene } = seen[0];
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
        expect(judgeSceneCaption(text, scene).isRight).toBe(false);
      }),
    );
    expect(judgeSceneCaption("a ".repeat(1e6), scene).isRight).toBe(false);
    expect(judgeSceneCaption(undefined as never, scene).isRight).toBe(false);
  });
});
