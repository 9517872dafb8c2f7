/** Calls of what handles lines of text with labels. */
import * as data from "../../../src/data/index.ts";
import type { HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isList = (value: unknown): value is unknown[] => Array.isArray(value) || ArrayBuffer.isView(value);
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const items = arg.only(() => data.idItems([[97, 98, 97], [98], [99, 97]]));

export function lineTargets(): HostileTarget[] {
  const text = (valid: string) => arg.text(valid);
  const bytes = arg.only(() => Uint8Array.of(97, 10));
  const begun = (...labels: string[]) => {
    const builder = new data.LabelledLinesBuilder();
    for (const label of labels) {
      builder.begin(label, label);
      builder.push(Uint8Array.of(97, 10, 98));
    }
    return builder;
  };
  const settings = arg.options({
    maxLength: arg.optional(arg.size(5)),
    keepRepeated: arg.optional(arg.flag()),
    hasher: arg.optional(arg.only(() => new data.Sha256())),
  });
  const vocabulary = () => new data.LineVocabulary(new data.Vocabulary("ab"));
  const isId = (value: unknown) => isCount(value) && (value as number) < 3;
  return [
    { name: "LabelledLinesBuilder", args: {}, call: () => new data.LabelledLinesBuilder() },
    {
      name: "LabelledLinesBuilder#begin",
      args: { label: text("a"), name: text("a.txt") },
      call: (label: never, name: never) => begun().begin(label, name),
    },
    {
      name: "LabelledLinesBuilder#push",
      args: { piece: bytes },
      call: (piece: never) => begun("a").push(piece),
    },
    ...arg.withJob(
      {
        name: "LabelledLinesBuilder#finish",
        args: { options: settings },
        call: (options: never) => begun("a", "b").finish(options),
      },
      (options: never) => begun("a", "b").finishJob(options),
    ),
    {
      name: "labelOfFile",
      args: {
        path: arg.such(
          () => "a/b.txt",
          (value) => typeof value === "string" && value !== "",
        ),
      },
      call: (path: never) => data.labelOfFile(path),
    },
    { name: "keyOfText", args: { text: text("a ") }, call: (text: never) => data.keyOfText(text) },
    {
      name: "keyOfNumbers",
      args: {
        numbers: arg.such(
          () => [1, 2.5],
          (value) => isList(value) && Array.from(value).every((each) => typeof each === "number"),
        ),
      },
      call: (numbers: never) => data.keyOfNumbers(numbers),
    },
    { name: "normalizeLine", args: { text: text("a ") }, call: (text: never) => data.normalizeLine(text) },
    {
      name: "LineVocabulary",
      args: { characters: arg.only(() => new data.Vocabulary("ab")) },
      call: (characters: never) => new data.LineVocabulary(characters),
    },
    {
      name: "LineVocabulary.fromLines",
      args: { lines: items, options: arg.options({ minLines: arg.optional(arg.size(1)) }) },
      call: (lines: never, options: never) => data.LineVocabulary.fromLines(lines, options),
    },
    {
      name: "LineVocabulary#split",
      args: { text: text("ab") },
      call: (text: never) => vocabulary().split(text),
    },
    {
      name: "LineVocabulary#encode",
      args: { text: text("ab") },
      call: (text: never) => vocabulary().encode(text),
    },
    {
      name: "LineVocabulary#encodeLines",
      args: { lines: items },
      call: (lines: never) => vocabulary().encodeLines(lines),
    },
    {
      name: "LineVocabulary#decode",
      args: {
        ids: arg.such(
          () => [0, 2],
          (value) => isList(value) && Array.from(value).every(isId),
        ),
      },
      call: (ids: never) => vocabulary().decode(ids),
    },
    {
      name: "LineVocabulary.fromJSON",
      args: {
        value: arg.such(
          () => ["a", "b"],
          (value) => Array.isArray(value) && value[0] === "2" && value[1] === "3",
        ),
        where: arg.such(
          () => "file",
          (value) => value === undefined || typeof value === "string",
        ),
      },
      call: (value: never, where: never) => data.LineVocabulary.fromJSON(value, where),
    },
    {
      name: "inventedLanguages",
      args: {
        options: arg.options({
          words: arg.such(
            () => 3,
            (value) => value === undefined || (isCount(value) && value !== 0 && (value as number) <= 2000),
          ),
          seed: arg.optional(arg.integer(1)),
        }),
      },
      call: (options: never) => data.inventedLanguages(options),
    },
    ...generators(),
  ];
}

/** An integer from `least` to `most`, or nothing. */
const between = (least: number, most: number, value: number) =>
  arg.such(
    () => value,
    (given) =>
      given === undefined || (isCount(given) && (given as number) >= least && (given as number) <= most),
  );

function generators(): HostileTarget[] {
  return [
    {
      name: "runningSums",
      args: {
        options: arg.options({
          count: arg.such(
            () => 2,
            (value) => isCount(value) && value !== 0 && (value as number) <= 2 ** 27,
          ),
          digits: between(2, 10, 2),
          modulus: between(2, 2, 2),
          shortest: between(1, 1, 1),
          longest: between(1, 100_000, 1),
          seed: arg.optional(arg.integer(1)),
        }),
      },
      call: (options: never) => data.runningSums(options),
    },
    {
      name: "negationSentences",
      args: {
        options: arg.options({
          count: arg.such(
            () => 4,
            (value) => value === undefined || (isCount(value) && value !== 0 && (value as number) % 2 === 0),
          ),
          seed: arg.optional(arg.integer(1)),
        }),
      },
      call: (options: never) => data.negationSentences(options),
    },
    {
      name: "oneFactQuestions",
      args: {
        options: arg.options({
          count: between(1, 200_000, 3),
          fewest: between(2, 8, 3),
          most: between(3, 100, 5),
          seed: arg.optional(arg.integer(1)),
        }),
      },
      call: (options: never) => data.oneFactQuestions(options),
    },
  ];
}
