/** Phrases of sentences, as SST-2 has them: which belong together, and which give a test sentence away. */
import type { LabelledText } from "../../src/data/index.ts";

export interface GroupedPhrase extends LabelledText {
  /** The longest sentence that contains the phrase. */
  readonly group: string;
}

/** Rows of a table with the columns `sentence` and `label`, without blanks at their ends. */
export function readPhrases(table: string, names: readonly [string, string]): LabelledText[] {
  const [header, ...lines] = table.split("\n").filter((line) => line.trim() !== "");
  if (header.trim() !== "sentence\tlabel")
    throw new Error(`the header must be sentence, label; got ${header}`);
  return lines.map((line, index) => {
    const [text, label, ...rest] = line.split("\t");
    const name = names[Number(label)];
    if (rest.length > 0 || name === undefined || label.trim() === "") {
      throw new Error(`line ${index + 2} must have a sentence and 0 or 1`);
    }
    return { text: text.trim(), label: name };
  });
}

/** Finds the sentences that contain a phrase, as words that follow each other, through their rarest word. */
class SentenceIndex {
  private readonly sentences: string[] = [];
  private readonly places = new Map<string, number[]>();

  add(text: string): void {
    const place = this.sentences.push(` ${text} `) - 1;
    for (const word of new Set(text.split(" "))) {
      const known = this.places.get(word);
      if (known === undefined) this.places.set(word, [place]);
      else known.push(place);
    }
  }

  /** The first sentence that was added and contains the phrase; undefined if none does. */
  find(phrase: string): string | undefined {
    let rarest: readonly number[] | undefined;
    for (const word of phrase.split(" ")) {
      const places = this.places.get(word) ?? [];
      if (rarest === undefined || places.length < rarest.length) rarest = places;
    }
    const place = rarest?.find((one) => this.sentences[one].includes(` ${phrase} `));
    return place === undefined ? undefined : this.sentences[place].trim();
  }
}

const wordsOf = (text: string): number => text.split(" ").length;

/** The phrases that lie in none of the sentences. */
export function dropContained(
  phrases: readonly LabelledText[],
  sentences: readonly LabelledText[],
): LabelledText[] {
  const index = new SentenceIndex();
  for (const { text } of sentences) index.add(text);
  return phrases.filter(({ text }) => index.find(text) === undefined);
}

/**
 * Each phrase with the longest of all that contains it, in words; a phrase that lies in no other is its own. A phrase that
 * lies in several of one length belongs to the first of them.
 */
export function groupPhrases(phrases: readonly LabelledText[]): GroupedPhrase[] {
  const index = new SentenceIndex();
  const groups = new Map<string, string>();
  const byLength = phrases.toSorted((a, b) => wordsOf(b.text) - wordsOf(a.text));
  for (const { text } of byLength) {
    if (groups.has(text)) continue;
    const sentence = index.find(text);
    if (sentence === undefined) index.add(text);
    groups.set(text, sentence ?? text);
  }
  return phrases.map((phrase) => ({ ...phrase, group: groups.get(phrase.text)! }));
}
