import { InputError } from "../core/index.ts";
import { checkValue, type Range, refuseOthers, SIZE, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { checkIndices, ID_ITEMS, type Items, ItemsBuilder } from "./items.ts";
import { normalizeLine } from "./labelled-lines.ts";
import { Vocabulary } from "./vocabulary.ts";

export interface LineVocabularyOptions {
  /**
   * Characters in fewer lines than this become the unknown symbol, so that it is met in training. Default 2; where no
   * character is in so many lines, all are kept.
   */
  readonly minLines?: number;
}

const VOCABULARY: Range = { text: "a Vocabulary", fits: (value) => value instanceof Vocabulary };

/** Stands for the unknown symbol in a text: the replacement character of Unicode. */
const REPLACEMENT = "\ufffd";

/**
 * The symbols of a model that reads lines: the characters of the training part, and one symbol for all others. It is
 * what a rare character of the training part becomes, and what a character that was never met becomes in an evaluation or
 * a prediction, so that no line is refused for a letter.
 */
export class LineVocabulary {
  /** Their ids are their places. */
  readonly characters: Vocabulary;

  /** @param characters all that are known */
  constructor(characters: Vocabulary) {
    checkValue("LineVocabulary: characters", VOCABULARY, characters);
    this.characters = characters;
  }

  /**
   * The symbols of the lines of a training part.
   * @param lines code points, as those of `LabelledLines`; at least one line
   */
  static fromLines(lines: Items<Int32Array>, options: LineVocabularyOptions = {}): LineVocabulary {
    refuseOthers("LineVocabulary.fromLines", { minLines: 0 }, options);
    const { minLines = 2 } = options;
    checkValue("LineVocabulary.fromLines: minLines", SIZE, minLines);
    checkCodePoints("LineVocabulary.fromLines: lines", lines);
    const counts = new Map<number, number>();
    for (let index = 0; index < lines.count; index++) {
      for (const point of new Set(lines.item(index))) counts.set(point, (counts.get(point) ?? 0) + 1);
    }
    const all = [...counts.keys()];
    const frequent = all.filter((point) => counts.get(point)! >= minLines);
    const kept = frequent.length > 0 ? frequent : all;
    return new LineVocabulary(new Vocabulary(kept.map((point) => String.fromCodePoint(point))));
  }

  /** The number of symbols: the characters and the unknown symbol. */
  get size(): number {
    return this.characters.size + 1;
  }

  /** The id of the unknown symbol: the last one. */
  get unknown(): number {
    return this.characters.size;
  }

  /** The characters of a text, in the form of `normalizeLine`: what {@link encode} gives an id each. */
  split(text: string): string[] {
    checkValue("lineVocabulary.split: text", TEXT, text);
    return Array.from(normalizeLine(text));
  }

  /** The ids of a line that somebody gives, in the form of `normalizeLine`: none for a text of white space. */
  encode(text: string): Int32Array {
    checkValue("lineVocabulary.encode: text", TEXT, text);
    return Int32Array.from(this.split(text), (character) => this.idOf(character));
  }

  /** The ids of many lines, in shared memory where there is any. @param lines code points, as those of `LabelledLines` */
  encodeLines(lines: Items<Int32Array>): Items<Int32Array> {
    checkCodePoints("lineVocabulary.encodeLines: lines", lines);
    const ids = new Map<number, number>();
    const builder = new ItemsBuilder("lineVocabulary.encodeLines", new Int32Array(0), 1);
    const idOf = (point: number): number => {
      const known = ids.get(point);
      if (known !== undefined) return known;
      const id = this.idOf(String.fromCodePoint(point));
      ids.set(point, id);
      return id;
    };
    for (let index = 0; index < lines.count; index++) builder.add(lines.item(index).map(idOf));
    return builder.finish();
  }

  /** The text of a list of ids; the unknown symbol is shown as U+FFFD. */
  decode(ids: ArrayLike<number>): string {
    checkIndices("lineVocabulary.decode: ids", ids, this.size);
    const { characters } = this.characters;
    let text = "";
    for (let at = 0; at < ids.length; at++) text += characters[ids[at]] ?? REPLACEMENT;
    return text;
  }

  /** The characters; the unknown symbol goes without saying. */
  toJSON(): string[] {
    return this.characters.toJSON();
  }

  /**
   * The vocabulary that {@link toJSON} wrote. The value comes from a file, so everything is checked.
   * @param where names the file and field in a `FormatError`
   */
  static fromJSON(value: unknown, where = "vocabulary"): LineVocabulary {
    return new LineVocabulary(Vocabulary.fromJSON(value, where));
  }

  private idOf(character: string): number {
    const id = this.characters.id(character);
    return id < 0 ? this.unknown : id;
  }
}

/** @throws InputError naming the first element that is no character */
function checkCodePoints(where: string, lines: Items<Int32Array>): void {
  checkValue(where, ID_ITEMS, lines);
  for (let index = 0; index < lines.count; index++) {
    for (const point of lines.item(index)) {
      if (point >= 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)) continue;
      throw new InputError(`${where} must hold code points, got ${showValue(point)} in line ${index}`);
    }
  }
}
