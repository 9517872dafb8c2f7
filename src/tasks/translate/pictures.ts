/** What there is to look at of an evaluation: scores by length, and what some targets were written from. */
import { type LengthValue, lengthsPart, terminalLengths } from "../../render/lengths.ts";
import { alignmentPart, describeAlignment } from "../../render/svg-alignment.ts";
import { svgPage } from "../../render/svg-page.ts";
import { terminalAlignment } from "../../render/terminal-alignment.ts";
import type { DrawingOptions } from "../view.ts";
import type { TranslateData } from "./data.ts";
import { Layout, type ShownPair, shownPairs } from "./layout.ts";
import { lengthsOf } from "./metrics.ts";

/** Lengths that have fewer sentences say little, and are not drawn. */
const LEAST_SENTENCES = 3;

interface Lengths {
  readonly values: LengthValue[];
  readonly what: string;
}

function lengthValues(sums: Float64Array, data: TranslateData): Lengths {
  const layout = new Layout(data);
  const { facts } = data;
  const scores = lengthsOf(layout.addParts(sums), layout, facts);
  const ofBleu = facts.judgedBy === "bleu";
  const values = scores
    .filter(({ sentences }) => sentences >= LEAST_SENTENCES)
    .map(({ from, to, sentences, metrics }) => ({
      from,
      to,
      items: sentences,
      value: ofBleu ? metrics.bleu : 100 * metrics.exactMatch,
    }));
  return { values, what: `${ofBleu ? "BLEU" : "per cent of exact matches"} by length of the source` };
}

const headingOf = ({ source, written }: ShownPair): string => `${source.length} symbols to ${written.length}`;

export function drawEvaluation(sums: Float64Array, data: TranslateData): string {
  const { values, what } = lengthValues(sums, data);
  const attended = shownPairs(sums, data).flatMap((pair) => {
    const { source, written: target, weights } = pair;
    return weights === undefined ? [] : [{ pair, alignment: { source, target, weights } }];
  });
  const parts = [
    lengthsPart(values, what),
    ...attended.map(({ pair, alignment }) =>
      alignmentPart(alignment, { heading: `Attention: ${headingOf(pair)}` }),
    ),
  ];
  const described = values.map(({ from, to, value }) => `${from} to ${to}: ${value.toFixed(1)}`).join(", ");
  const title = `Validation: ${what}`;
  return svgPage(
    parts,
    title,
    [`${what}: ${described}.`, ...attended.map(({ alignment }) => describeAlignment(alignment))].join(" "),
  );
}

/** The first pair with attention, and the scores by length. */
export function drawInTerminal(sums: Float64Array, data: TranslateData, options: DrawingOptions): string[] {
  const { values, what } = lengthValues(sums, data);
  const [first] = shownPairs(sums, data);
  const lines: string[] = [];
  if (first?.weights !== undefined) {
    const { source, written: target, weights } = first;
    const matrix = terminalAlignment({ source, target, weights }, options);
    if (matrix.length > 0) lines.push("attention: rows were written, columns were read", ...matrix, "");
  }
  return [...lines, ...terminalLengths(values, what, options)];
}
