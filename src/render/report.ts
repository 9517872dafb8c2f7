/** The report of a training: one HTML file without scripts, which loads no other files. */
import type { ChartPoint, LossChart } from "./chart.ts";
import { escapeHtml } from "./escape-html.ts";
import { STYLE } from "./report-style.ts";
import { type Size, svgLossChart, svgRateChart } from "./svg-chart.ts";

export interface TrainingReport {
  readonly title: string;
  readonly subtitle: string;
  /** Warnings, each with a hint. */
  readonly warnings: readonly { readonly message: string; readonly hint: string }[];
  /** The most important numbers with their names. */
  readonly figures: readonly { readonly name: string; readonly value: string; readonly about?: string }[];
  readonly loss: LossChart;
  readonly learningRate: readonly ChartPoint[];
  /** SVG of the last evaluation, where the task has a picture of one. It goes into the file as it is. */
  readonly picture?: string | undefined;
  /** Samples of the model, in the order of the steps. */
  readonly samples: readonly { readonly step: string; readonly text: string }[];
  readonly tables: readonly {
    readonly heading: string;
    readonly rows: readonly (readonly [string, string])[];
  }[];
  readonly terms: readonly { readonly term: string; readonly meaning: string }[];
  /** Commands to run next. */
  readonly commands: readonly string[];
}

/** Each chart is drawn twice, so that its text is legible on large and small screens; the style sheet shows one. */
const SIZES: Readonly<Record<"loss" | "rate", Readonly<Record<"wide" | "narrow", Size>>>> = {
  loss: { wide: { width: 860, height: 340 }, narrow: { width: 360, height: 270 } },
  rate: { wide: { width: 860, height: 150 }, narrow: { width: 360, height: 130 } },
};

/** Renders the file. All text from outside (names, samples) is escaped. */
export function renderReport(report: TrainingReport): string {
  const { title, subtitle, loss, learningRate } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(subtitle)}</p>
</header>
${report.warnings.map(warning).join("\n")}
<dl class="figures">
${report.figures.map(figure).join("\n")}
</dl>
<section>
<h2>Loss</h2>
${legend(loss)}
${chart("loss", (size) => svgLossChart(loss, size))}
<p class="caption">${escapeHtml(loss.unit)} over the steps; lower is better</p>
</section>
<section>
<h2>Learning rate</h2>
${chart("rate", (size) => svgRateChart(learningRate, size))}
</section>
${picture(report.picture)}
${samples(report.samples)}
<section class="tables">
${report.tables.map(table).join("\n")}
</section>
${terms(report.terms)}
${commands(report.commands)}
</main>
</body>
</html>
`;
}

function warning({ message, hint }: TrainingReport["warnings"][number]): string {
  return `<p class="warning"><strong>${escapeHtml(message)}</strong><br>${escapeHtml(hint)}</p>`;
}

function figure({ name, value, about }: TrainingReport["figures"][number]): string {
  const small = about === undefined ? "" : `<small>${escapeHtml(about)}</small>`;
  return `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}${small}</dd></div>`;
}

function chart(kind: keyof typeof SIZES, draw: (size: Size) => string): string {
  const { wide, narrow } = SIZES[kind];
  return `<div class="wide">${draw(wide)}</div>\n<div class="narrow">${draw(narrow)}</div>`;
}

function legend({ validation, baselines }: LossChart): string {
  const entry = (kind: string, name: string) => `<li class="${kind}">${escapeHtml(name)}</li>`;
  const evaluated = validation.length > 0 ? [entry("validation", "validation")] : [];
  const levels = baselines.map(({ name }) => entry("level", name));
  return `<ul class="legend">${[entry("training", "training"), ...evaluated, ...levels].join("")}</ul>`;
}

/** Its text stays legible: what is too wide for a small screen is scrolled. */
function picture(svg: TrainingReport["picture"]): string {
  if (svg === undefined) return "";
  return `<section>\n<h2>The last validation</h2>\n<div class="picture" role="region" aria-label="The last validation" tabindex="0">${svg}</div>\n</section>`;
}

function samples(all: TrainingReport["samples"]): string {
  if (all.length === 0) return "";
  const articles = all.map(
    ({ step, text }) =>
      `<article><h3>${escapeHtml(step)}</h3><pre dir="auto">${escapeHtml(text)}</pre></article>`,
  );
  return `<section>\n<h2>What it wrote</h2>\n<div class="samples">\n${articles.join("\n")}\n</div>\n</section>`;
}

function table({ heading, rows }: TrainingReport["tables"][number]): string {
  const lines = rows.map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<div>\n<h2>${escapeHtml(heading)}</h2>\n<table>\n${lines.join("\n")}\n</table>\n</div>`;
}

function terms(all: TrainingReport["terms"]): string {
  if (all.length === 0) return "";
  const entries = all.map(
    ({ term, meaning }) => `<dt>${escapeHtml(term)}</dt>\n<dd>${escapeHtml(meaning)}</dd>`,
  );
  return `<section>\n<h2>What the words mean</h2>\n<dl class="terms">\n${entries.join("\n")}\n</dl>\n</section>`;
}

function commands(all: TrainingReport["commands"]): string {
  if (all.length === 0) return "";
  return `<section>\n<h2>What to type next</h2>\n<pre class="commands">${escapeHtml(all.join("\n"))}</pre>\n</section>`;
}
