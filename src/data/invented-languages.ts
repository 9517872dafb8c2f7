import { InputError, Rng } from "../core/index.ts";
import { type Range, type Ranges, SIZE, settle } from "../core/options.ts";

export interface InventedLanguagesOptions {
  /** Names in each language, 1 to 2000. Default 400. */
  readonly words?: number;
  /** Chooses the names, an integer. Default 0. */
  readonly seed?: number;
}

export interface InventedLanguage {
  /** `Brakk`: the label of its names. */
  readonly name: string;
  /** Who speaks it, and how its names are built. */
  readonly about: string;
  /** Different names, of which no other language has one. */
  readonly words: readonly string[];
}

const RANGES: Ranges<InventedLanguagesOptions> = {
  words: {
    text: "an integer from 1 to 2000",
    fits: (value) => SIZE.fits(value) && (value as number) <= 2000,
  } satisfies Range,
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

/** Parts of words, each with how often it is chosen beside the others. */
class Parts {
  private readonly parts: readonly string[];

  /** @param text parts with spaces between; a part that is to come n times as often is `part*n`, and `-` is none */
  constructor(text: string) {
    this.parts = text.split(" ").flatMap((entry) => {
      const [part, times = "1"] = entry.split("*");
      return new Array<string>(Number(times)).fill(part === "-" ? "" : part);
    });
  }

  pick(rng: Rng): string {
    return this.parts[rng.integer(this.parts.length)];
  }
}

interface Grammar {
  readonly name: string;
  readonly about: string;
  /** A name in lower case. */
  word(rng: Rng): string;
}

/** Consonants that stand together, rough vowels, and endings as hard as the mountain. */
const BRAKK: Grammar = (() => {
  const onset = new Parts("br*3 kr*3 gr*3 dr*2 th*2 sk*2 b*2 d*2 g*2 k*3 t st hr v m");
  const vowel = new Parts("a*5 o*4 u*4 e i");
  const coda = new Parts("kk*3 rn*3 ld*2 gg*2 rg*2 nd n r*2 m -*2");
  const ending = new Parts("ak*3 und*3 grim*2 rok*2 orn*2 dur gar*2 in");
  return {
    name: "Brakk",
    about: "the smiths under the mountain: hard clusters, few vowels, endings such as -und and -grim",
    word(rng) {
      const middle = rng.uniform() < 0.35 ? onset.pick(rng) + vowel.pick(rng) : "";
      return middle + onset.pick(rng) + vowel.pick(rng) + coda.pick(rng) + ending.pick(rng);
    },
  };
})();

/** Elegant, and with more letters than sounds. */
const ESTELLE: Grammar = (() => {
  const onset = new Parts("l*4 m*3 v*3 s*3 f*2 r*3 d*2 b*2 ch*2 j qu fl cl gr t*2 p n*2");
  const vowel = new Parts("a*4 e*4 i*3 o*3 ou*3 ai*2 eau oi*2 u*2 au");
  const ending = new Parts("elle*4 ette*3 aine*3 ois*3 oir*2 ours enne*2 ard*2 ine*2 eux and ier*2");
  return {
    name: "Estelle",
    about:
      "the court by the river: soft syllables, several letters for one sound, -elle, -ette and -ois at the end",
    word(rng) {
      const syllables = 1 + Number(rng.uniform() < 0.6);
      let word = "";
      for (let at = 0; at < syllables; at++) word += onset.pick(rng) + vowel.pick(rng);
      return word + onset.pick(rng) + ending.pick(rng);
    },
  };
})();

/** Open syllables; a name ends in the syllable that it has just said. */
const LOALANI: Grammar = (() => {
  const onset = new Parts("l*4 n*4 m*3 k*3 w*2 h*3 p*2 -*2 t");
  const vowel = new Parts("a*6 i*4 o*4 u*3 e*2 ua ai oa");
  return {
    name: "Loalani",
    about:
      "the islands: open syllables, hardly a consonant without its vowel, and the last syllable said twice",
    word(rng) {
      const syllables = 1 + rng.integer(3);
      let word = "";
      let last = "";
      for (let at = 0; at < syllables || last === ""; at++) {
        last = onset.pick(rng) + vowel.pick(rng);
        word += last;
      }
      return rng.uniform() < 0.7 ? word + last : word + onset.pick(rng) + vowel.pick(rng);
    },
  };
})();

/** Roots of three consonants in patterns of vowels: names of one root look alike. */
const ZUBAR: Grammar = (() => {
  const radical = new Parts("z*3 b*4 r*4 q*2 d*3 kh*2 sh*3 h*3 m*3 n*3 l*2 s*2 f t*2 j");
  const pattern = new Parts(
    "_a_i_*4 ma__a_*3 _u__an*3 ta_a__u_*2 _a__ar*3 i__i_a*2 a__a_*3 mu_a__i_*2 _u_ay_",
  );
  return {
    name: "Zubar",
    about:
      "the scholars of the desert: three consonants are the root, and a pattern of vowels makes a name of it",
    word(rng) {
      return pattern.pick(rng).replaceAll("_", () => radical.pick(rng));
    },
  };
})();

/** Vowels of two kinds, and what stands between them, for two languages that have the same letters equally often. */
const BRIGHT = new Parts("e*4 i*4 ö*2 ü*2");
const DARK = new Parts("a*4 o*4 u*2 y*2");
const STEPPE_ONSET = new Parts("k*4 t*4 b*2 s*3 g*2 d*2 y m*2 n*2");
const STEPPE_MIDDLE = new Parts("lm*3 rt*3 nk*3 rk*2 ld*2 st*2 lt*2 mb rg sk nd*2 r l n");
const STEPPE_END = new Parts("k*2 r*3 n*3 l*2 sh -*3 t m");

/** @param isBright whether the next vowel is of the first kind, after one that was or was not */
function steppeWord(rng: Rng, isBright: (before: boolean) => boolean): string {
  let bright = rng.integer(2) === 0;
  let word = STEPPE_ONSET.pick(rng) + (bright ? BRIGHT : DARK).pick(rng);
  const syllables = 1 + Number(rng.uniform() < 0.6);
  for (let at = 0; at < syllables; at++) {
    bright = isBright(bright);
    word += STEPPE_MIDDLE.pick(rng) + (bright ? BRIGHT : DARK).pick(rng);
  }
  return word + STEPPE_END.pick(rng);
}

/** The vowels of a name are all bright (e, i, ö, ü) or all dark (a, o, u, y): vowel harmony, as in Turkish. */
const TEMURK: Grammar = {
  name: "Temürk",
  about:
    "the riders of the steppe: the vowels of a name are all bright (e, i, ö, ü) or all dark (a, o, u, y)",
  word: (rng) => steppeWord(rng, (before) => before),
};

/**
 * The neighbours have the same letters, as often and in the same places, but a bright vowel is followed by a dark one and
 * a dark one by a bright one. Only who remembers the last vowel over the consonants between can tell the two apart.
 */
const KANTIRO: Grammar = {
  name: "Kantiro",
  about: "their neighbours beyond the lake: the same letters, but bright and dark vowels take turns",
  word: (rng) => steppeWord(rng, (before) => !before),
};

const GRAMMARS: readonly Grammar[] = [BRAKK, ESTELLE, KANTIRO, LOALANI, TEMURK, ZUBAR];

/** Names in vain, for each name that is wanted, before a language is said to have no more. */
const TRIES = 100;

/**
 * Names of six invented languages, to try a classifier on without a file. Letters and endings give four of the languages
 * away; the other two differ by the order of their vowels alone, which a bag of short n-grams cannot see.
 *
 *     Brakk    Thurnund, Groldgrim        Kantiro  Sostesto, Gunderkash
 *     Estelle  Rimoulette, Vousinier      Temürk   Kembelmöm, Kundarka
 *     Loalani  Nulala, Wapiwiwi           Zubar    Luzhan, Tadashshur
 *
 * The names depend on the seed and on nothing else; a larger number of words begins with those of a smaller one, unless
 * two languages make the same name, which then belongs to the first of them.
 */
export function inventedLanguages(options: InventedLanguagesOptions = {}): InventedLanguage[] {
  const { words: count, seed } = settle("inventedLanguages", RANGES, { words: 400, seed: 0 }, options);
  const taken = new Set<string>();
  return GRAMMARS.map(({ name, about, word }, index) => {
    const rng = new Rng(seed).fork(index);
    const words: string[] = [];
    for (let tries = 0; words.length < count && tries < TRIES * count; tries++) {
      const made = capitalize(word(rng));
      if (taken.has(made)) continue;
      taken.add(made);
      words.push(made);
    }
    if (words.length < count) {
      throw new InputError(`inventedLanguages: ${name} has only ${words.length} names, ${count} are wanted`);
    }
    return { name, about, words };
  });
}

function capitalize(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
