/** Pictures of two shapes, and captions that say what they are and where they stand to each other. */
import { Rng } from "../core/index.ts";
import { checkValue, FINITE, oneOf, type Range, type Ranges, SIZE, settle } from "../core/options.ts";

export const SCENE_SHAPES = ["circle", "square", "triangle", "cross"] as const;
export const SCENE_COLOURS = ["red", "green", "blue", "yellow", "purple", "white"] as const;
export const SCENE_SIZES = ["small", "large"] as const;
export const SCENE_RELATIONS = ["left of", "right of", "above", "below"] as const;

export type SceneRelation = (typeof SCENE_RELATIONS)[number];

export interface SceneObject {
  readonly shape: (typeof SCENE_SHAPES)[number];
  readonly colour: (typeof SCENE_COLOURS)[number];
  readonly size: (typeof SCENE_SIZES)[number];
  /** The middle, in pixels from the left and from the top. */
  readonly x: number;
  readonly y: number;
}

/** Two objects that differ in shape or colour. They are apart in one direction, and level in the other. */
export interface Scene {
  readonly first: SceneObject;
  readonly second: SceneObject;
  /** Of the first to the second. */
  readonly relation: SceneRelation;
}

export interface SceneOptions {
  /** Scenes, 1 to 100,000. Default 1000. */
  readonly count?: number;
  /**
   * `seen`: no object has a held-out combination of shape, colour and relation; `heldOut`: at least one has. Each shape,
   * colour and relation, and each shape in each colour, is seen. Default `seen`.
   */
  readonly part?: ScenePart;
  /** Captions of each scene, all different, 1 to 5. Default 2. */
  readonly captions?: number;
  /** Chooses everything, an integer. Default 0. */
  readonly seed?: number;
}

export type ScenePart = "seen" | "heldOut";

export interface CaptionedScene {
  readonly scene: Scene;
  /** [3 * 32 * 32]: red, green and blue, row by row. */
  readonly pixels: Uint8Array;
  readonly captions: readonly string[];
}

/** Height and width of a picture in pixels. */
export const SCENE_SIDE = 32;

const upTo = (most: number): Range => ({
  text: `an integer from 1 to ${most}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= most,
});

const RANGES: Ranges<SceneOptions> = {
  count: upTo(100_000),
  part: oneOf("seen", "heldOut"),
  captions: upTo(5),
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

/** Scenes with their pictures and captions. The first n of more scenes are those of n scenes. */
export function captionedScenes(options: SceneOptions = {}): CaptionedScene[] {
  const defaults = { count: 1000, part: "seen", captions: 2, seed: 0 } as const;
  const { count, part, captions, seed } = settle<Required<SceneOptions>>(
    "captionedScenes",
    RANGES,
    defaults,
    options,
  );
  return Array.from({ length: count }, (_, index) => {
    const rng = new Rng(seed).fork(part === "seen" ? 0 : 1, index);
    const scene = drawScene(rng, part);
    return { scene, pixels: paintScene(scene, rng), captions: writeCaptions(scene, rng, captions) };
  });
}

const pick = <Value>(values: readonly Value[], rng: Rng): Value => values[rng.integer(values.length)];

/** Pixels from the middle to the edge. */
const RADIUS = { small: 3.5, large: 5.5 } as const;
/** Between the middles of two objects, in the direction in which they are apart and in the other one. */
const APART = { least: 13, most: 17 };
const LEVEL = 3;

function drawScene(rng: Rng, part: ScenePart): Scene {
  for (;;) {
    const relation = pick(SCENE_RELATIONS, rng);
    const draw = () => ({
      shape: pick(SCENE_SHAPES, rng),
      colour: pick(SCENE_COLOURS, rng),
      size: pick(SCENE_SIZES, rng),
    });
    const [one, other] = [draw(), draw()];
    if (one.shape === other.shape && one.colour === other.colour) continue;
    const isHeldOut =
      isHeldOutCombination(one.shape, one.colour, relation) ||
      isHeldOutCombination(other.shape, other.colour, inverseOf(relation));
    if (isHeldOut !== (part === "heldOut")) continue;
    const apart = APART.least + rng.integer(APART.most - APART.least + 1);
    const level = rng.integer(2 * LEVEL + 1) - LEVEL;
    const isHorizontal = relation === "left of" || relation === "right of";
    const sign = relation === "left of" || relation === "above" ? -1 : 1;
    const [dx, dy] = isHorizontal ? [sign * apart, level] : [level, sign * apart];
    // Both lie within the picture, whatever their sizes are.
    const start = (distance: number) => {
      const edge = Math.ceil(RADIUS.large) + 1;
      const [least, most] = [edge - Math.min(0, distance), SCENE_SIDE - 1 - edge - Math.max(0, distance)];
      return least + rng.integer(Math.max(1, most - least + 1));
    };
    const [x, y] = [start(dx), start(dy)];
    return { first: { ...one, x: x + dx, y: y + dy }, second: { ...other, x, y }, relation };
  }
}

/** Whether an object of this shape and colour stands in this relation to the other one in no scene that is `seen`. */
export function isHeldOutCombination(
  shape: SceneObject["shape"],
  colour: SceneObject["colour"],
  relation: SceneRelation,
): boolean {
  const at =
    SCENE_SHAPES.indexOf(shape) + 2 * SCENE_COLOURS.indexOf(colour) + 3 * SCENE_RELATIONS.indexOf(relation);
  // No shape and colour meets this for two relations.
  return at % 5 === 0;
}

const INVERSE: Readonly<Record<SceneRelation, SceneRelation>> = {
  "left of": "right of",
  "right of": "left of",
  above: "below",
  below: "above",
};

function inverseOf(relation: SceneRelation): SceneRelation {
  return INVERSE[relation];
}

const PAINT: Readonly<Record<SceneObject["colour"], readonly [number, number, number]>> = {
  red: [220, 50, 40],
  green: [50, 170, 70],
  blue: [50, 90, 220],
  yellow: [240, 210, 50],
  purple: [150, 60, 190],
  white: [245, 245, 245],
};

/** Points along a side of a pixel that are looked at, so that edges are smooth. */
const POINTS = 3;
/** Of the ground, and of what is added to each pixel. */
const GROUND = { least: 10, most: 90 };
const NOISE = 8;

function paintScene(scene: Scene, rng: Rng): Uint8Array {
  const plane = SCENE_SIDE * SCENE_SIDE;
  const pixels = new Uint8Array(3 * plane);
  const ground = GROUND.least + rng.integer(GROUND.most - GROUND.least + 1);
  const objects = [scene.second, scene.first];
  const noise = drawNoise(rng, pixels.length);
  for (let y = 0; y < SCENE_SIDE; y++) {
    for (let x = 0; x < SCENE_SIDE; x++) {
      const shares = objects.map((object) => coverage(object, x, y));
      for (let channel = 0; channel < 3; channel++) {
        let value = ground;
        for (const [at, object] of objects.entries()) {
          value += shares[at] * (PAINT[object.colour][channel] - value);
        }
        const noisy = value + noise[channel * plane + y * SCENE_SIDE + x];
        pixels[channel * plane + y * SCENE_SIDE + x] = Math.max(0, Math.min(255, Math.round(noisy)));
      }
    }
  }
  return pixels;
}

/** The standard deviation of the sum of two uniform numbers in [0, 1). */
const DEVIATION = Math.sqrt(1 / 6);

/** Noise of mean 0 for each of some pixels: the sum of two uniform bytes, since a normal number takes far longer. */
function drawNoise(rng: Rng, count: number): Float32Array {
  const noise = new Float32Array(count);
  for (let at = 0; at < count; ) {
    for (const word of rng.words()) {
      for (let shift = 0; shift < 32 && at < count; shift += 16) {
        const sum = ((word >>> shift) & 255) + ((word >>> (shift + 8)) & 255);
        noise[at++] = (NOISE / DEVIATION) * (sum / 255 - 1);
      }
    }
  }
  return noise;
}

/** The share of a pixel that an object covers. */
function coverage(object: SceneObject, x: number, y: number): number {
  const edge = RADIUS[object.size] + 1;
  if (Math.abs(x - object.x) > edge || Math.abs(y - object.y) > edge) return 0;
  let inside = 0;
  for (let i = 0; i < POINTS; i++) {
    for (let j = 0; j < POINTS; j++) {
      const [right, down] = [(i + 0.5) / POINTS - 0.5, (j + 0.5) / POINTS - 0.5];
      if (isInside(object, x + right - object.x, y + down - object.y)) inside++;
    }
  }
  return inside / POINTS ** 2;
}

function isInside({ shape, size }: SceneObject, x: number, y: number): boolean {
  const radius = RADIUS[size];
  if (shape === "circle") return x * x + y * y <= radius * radius;
  if (shape === "square") return Math.max(Math.abs(x), Math.abs(y)) <= 0.85 * radius;
  if (shape === "triangle") return y <= 0.8 * radius && Math.abs(x) <= (y + radius) * 0.6;
  const arm = 0.35 * radius;
  return Math.max(Math.abs(x), Math.abs(y)) <= radius && Math.min(Math.abs(x), Math.abs(y)) <= arm;
}

const PHRASES: Readonly<Record<SceneRelation, readonly string[]>> = {
  "left of": ["left of", "to the left of"],
  "right of": ["right of", "to the right of"],
  above: ["above", "over"],
  below: ["below", "under"],
};

/** Different captions of a scene, all of them complete and true. */
export function writeCaptions(scene: Scene, rng: Rng, count: number): string[] {
  const found = new Set<string>();
  while (found.size < count) found.add(writeCaption(scene, rng));
  return [...found];
}

function writeCaption({ first, second, relation }: Scene, rng: Rng): string {
  const isTurned = rng.integer(2) === 1;
  const [one, other] = isTurned ? [second, first] : [first, second];
  const article = pick(["a", "the"], rng);
  const noun = ({ shape, colour, size }: SceneObject) =>
    [article, ...(rng.integer(2) === 0 ? [size] : []), colour, shape].join(" ");
  const phrase = pick(PHRASES[isTurned ? inverseOf(relation) : relation], rng);
  const verb = pick(["is", "stands"], rng);
  const [subject, object] = [noun(one), noun(other)];
  return article === "a" && rng.integer(3) === 0
    ? `there is ${subject} ${phrase} ${object}`
    : `${subject} ${verb} ${phrase} ${object}`;
}

export interface SceneVerdict {
  /** Whether both objects with their colours and their relation are named, and all that is said is true. */
  readonly isRight: boolean;
  /** What is wrong, in words; undefined for a caption that is right. */
  readonly problem?: string;
}

interface Claim {
  readonly shape: string;
  readonly colour: string;
  readonly size: string | undefined;
}

const oneOfWords = (words: readonly string[]): string => `(?:${words.join("|")})`;
const THING = `(?:an?|the) (?:(${SCENE_SIZES.join("|")}) )?(${SCENE_COLOURS.join("|")}) (${SCENE_SHAPES.join("|")})`;
const WHERE = Object.values(PHRASES).flat();
const SENTENCE = new RegExp(
  `^(?:there is )?${THING} (?:(?:is|stands) )?(${oneOfWords(WHERE)}) ${THING}$`,
  "u",
);

const KINDS = [oneOf(...SCENE_SHAPES), oneOf(...SCENE_COLOURS), oneOf(...SCENE_SIZES), FINITE, FINITE];
const isObject = (value: unknown): boolean => {
  const { shape, colour, size, x, y } = Object(value) as Partial<SceneObject>;
  return [shape, colour, size, x, y].every((own, at) => KINDS[at].fits(own));
};
const SCENE: Range = {
  text: "a scene, as captionedScenes makes it",
  fits: (value) => {
    const { first, second, relation } = Object(value) as Partial<Scene>;
    return isObject(first) && isObject(second) && oneOf(...SCENE_RELATIONS).fits(relation);
  },
};

/** Longer texts are no captions. */
const LONGEST = 400;

/**
 * Reads a caption of a scene: "a small red circle is left of the blue square". Several captions of a scene are true.
 * @param caption in lower or upper case, with or without a full stop; what is no sentence of this kind is wrong
 * @throws InputError for what is no scene
 */
export function judgeSceneCaption(caption: string, scene: Scene): SceneVerdict {
  checkValue("judgeSceneCaption: scene", SCENE, scene);
  const wrong = (problem: string): SceneVerdict => ({ isRight: false, problem });
  if (typeof caption !== "string" || caption.length > LONGEST) return wrong("no sentence about two objects");
  const text = caption.toLowerCase().replaceAll(/\s+/g, " ").trim().replace(/ ?\.$/, "");
  const match = SENTENCE.exec(text);
  if (match === null) return wrong("no sentence about two objects");
  const [, oneSize, oneColour, oneShape, phrase, otherSize, otherColour, otherShape] = match;
  const one: Claim = { size: oneSize, colour: oneColour, shape: oneShape };
  const other: Claim = { size: otherSize, colour: otherColour, shape: otherShape };
  const { first, second } = scene;
  const isDirect = isNamed(one, first) && isNamed(other, second);
  const isTurned = isNamed(one, second) && isNamed(other, first);
  if (!isDirect && !isTurned) return wrong("an object that is not there, or not of this colour");
  const [subject, object] = isDirect ? [first, second] : [second, first];
  if ((one.size ?? subject.size) !== subject.size || (other.size ?? object.size) !== object.size) {
    return wrong("a size that is not true");
  }
  const relation = isDirect ? scene.relation : inverseOf(scene.relation);
  return PHRASES[relation].includes(phrase) ? { isRight: true } : wrong("a relation that is not true");
}

const isNamed = ({ shape, colour }: Claim, object: SceneObject): boolean =>
  shape === object.shape && colour === object.colour;
