import { InputError, Rng } from "../core/index.ts";
import { type Range, type Ranges, SIZE, settle } from "../core/options.ts";
import type { LabelledText } from "./labelled-lines.ts";

export interface OneFactOptions {
  /** How many stories with a question, 1 to 200,000. Default 5000. */
  readonly count?: number;
  /** Statements of the shortest story, at least 2. Default 2. */
  readonly fewest?: number;
  /** Statements of the longest story, at most 100. Default 8. */
  readonly most?: number;
  /** Chooses the stories, an integer. Default 0. */
  readonly seed?: number;
}

const COUNT: Range = {
  text: "an integer from 1 to 200000",
  fits: (value) => SIZE.fits(value) && (value as number) <= 200_000,
};
const STATEMENTS: Range = {
  text: "an integer from 2 to 100",
  fits: (value) => SIZE.fits(value) && (value as number) >= 2 && (value as number) <= 100,
};

const RANGES: Ranges<OneFactOptions> = {
  count: COUNT,
  fewest: STATEMENTS,
  most: STATEMENTS,
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

const PEOPLE = ["ada", "bruno", "clara", "emil"];
const PLACES = ["attic", "barn", "cellar", "garden", "kitchen", "workshop"];
const MOVES = ["went to the", "walked to the", "ran to the", "is back in the", "hurried to the"];
const THINGS = ["lamp", "basket", "book", "hammer"];
const DEEDS = ["took the", "put down the", "looked for the"];

/** The share of statements that say nothing of where somebody is. */
const IDLE = 0.25;

/**
 * Short stories with a question that one statement answers, after the idea of the first of the bAbI tasks (Weston et al.
 * 2015, "Towards AI-complete question answering", task 1), with words and a grammar of our own:
 *
 *     clara went to the barn . emil took the lamp . ada ran to the attic . where is clara ?     barn
 *
 * People move between places and do things with objects; the answer, which is the label, is the place that the person was
 * last said to be in. All answers are equally frequent as far as `count` can be divided by six; no story occurs twice.
 * The question comes last, so who reads from left to right has to remember where everybody is.
 * @throws InputError for an option out of range, or for more different stories than there are
 */
export function oneFactQuestions(options: OneFactOptions = {}): LabelledText[] {
  const defaults = { count: 5000, fewest: 2, most: 8, seed: 0 };
  const { count, fewest, most, seed } = settle("oneFactQuestions", RANGES, defaults, options);
  if (most < fewest) {
    throw new InputError(`oneFactQuestions: most must be at least fewest, ${fewest}, got ${most}`);
  }
  const rng = new Rng(seed);
  const taken = new Set<string>();
  const byAnswer = new Map<string, LabelledText[]>(PLACES.map((place) => [place, []]));
  const each = Math.ceil(count / PLACES.length);
  let missing = each * PLACES.length;
  for (let tries = 0; missing > 0; tries++) {
    if (tries > 50 * (count + 100)) throw new InputError(`oneFactQuestions: there are no ${count} stories`);
    const question = tellStory(rng, fewest + rng.integer(most - fewest + 1));
    if (question === undefined || taken.has(question.text)) continue;
    const own = byAnswer.get(question.label)!;
    if (own.length === each) continue;
    taken.add(question.text);
    own.push(question);
    missing--;
  }
  return Array.from({ length: count }, (_, index) => {
    return byAnswer.get(PLACES[index % PLACES.length])![Math.floor(index / PLACES.length)];
  });
}

/** Undefined where nobody has moved. */
function tellStory(rng: Rng, statements: number): LabelledText | undefined {
  const pick = (list: readonly string[]): string => list[rng.integer(list.length)];
  const placeOf = new Map<string, string>();
  let text = "";
  for (let at = 0; at < statements; at++) {
    const person = pick(PEOPLE);
    if (rng.uniform() < IDLE) {
      text += `${person} ${pick(DEEDS)} ${pick(THINGS)} . `;
    } else {
      const place = pick(PLACES);
      placeOf.set(person, place);
      text += `${person} ${pick(MOVES)} ${place} . `;
    }
  }
  if (placeOf.size === 0) return undefined;
  const asked = pick([...placeOf.keys()]);
  return { text: `${text}where is ${asked} ?`, label: placeOf.get(asked)! };
}
