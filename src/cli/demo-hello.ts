/** `unrolled demo hello` */
import type { Command } from "commander";
import {
  type HelloEvent,
  type HelloMemory,
  type HelloOptions,
  type HelloStart,
  type HelloStep,
  type HelloTrace,
  helloDemo,
} from "../demos/hello/demo.ts";
import type { LetterPairs } from "../demos/hello/pairs.ts";
import { parseNumber } from "./command.ts";
import { wrapWords } from "./format.ts";
import { formatTrace, formatWeights } from "./hello-numbers.ts";
import { Status, writeOut } from "./output.ts";
import { paint } from "./terminal.ts";

export function define(command: Command): () => Promise<number> {
  command
    .usage("[options]")
    .description(
      "The lecture's smallest example: a recurrent network with three hidden units learns to write hello. " +
        "Shows its input x, hidden state h, scores y and their softmax at every step, before and after, and " +
        "why it needs a memory.",
    )
    .option("--seed <N>", "seed of the initial weights (default: 1)", parseNumber("--seed"))
    .option("--json", "one JSON object per line on stdout")
    .addHelpText("after", "\nExamples:\n  npx unrolled demo hello\n  npx unrolled demo hello --seed 7");

  return async () => {
    const { json = false, ...options } = command.opts<HelloOptions & { json?: boolean }>();
    const view = new HelloView(process.stdout.columns || 80);
    for await (const event of helloDemo(options)) {
      const text = json ? JSON.stringify(event) : view.show(event).join("\n");
      if (text !== "") await writeOut(`${text}\n`);
    }
    return Status.done;
  };
}

/** Longer lines of prose are hard to read, however wide the terminal is. */
const WIDEST = 80;

/** Shows the demo: events in, lines of at most so many columns out (from 40 on). Plain characters only. */
export class HelloView {
  private readonly columns: number;
  /** The last update for which a line was printed. */
  private shown = 0;

  constructor(columns: number) {
    this.columns = Math.min(columns, WIDEST);
  }

  show(event: HelloEvent): string[] {
    switch (event.event) {
      case "start":
        return this.start(event);
      case "trace":
        return event.when === "before" ? this.before(event) : this.after(event);
      case "step":
        return isRound(event.step) ? this.update(event) : [];
      case "memory":
        return this.memory(event);
      case "end":
        return [];
    }
  }

  private start({ parameters, seed }: HelloStart): string[] {
    return [
      ...wrapWords(
        `A recurrent network reads "hell" letter by letter and learns to say what comes next: "ello". It has ` +
          `three hidden units and ${parameters} weights, drawn with --seed ${seed}:`,
        this.columns,
      ),
      "",
      "  h = tanh(W_xh x + W_hh h')",
      "  y = W_hy h",
      "",
      ...wrapWords(
        `x is the letter, one-hot in the order h e l o; h' is h of the step before. "<" marks the right answer.`,
        this.columns,
      ),
      "",
    ];
  }

  private before({ weights, steps, ...standing }: HelloTrace): string[] {
    return [
      heading("Before training"),
      "",
      ...formatWeights(weights, this.columns),
      "",
      ...formatTrace(steps, this.columns),
      "",
      heading("Training"),
      "",
      "update    loss  writes",
      updateLine(standing),
    ];
  }

  private update(standing: HelloStep | Omit<HelloTrace, "steps" | "weights">): string[] {
    this.shown = standing.step;
    return [updateLine(standing)];
  }

  private after({ weights, steps, ...standing }: HelloTrace): string[] {
    const last = this.shown < standing.step ? this.update(standing) : [];
    return [
      ...last,
      "",
      heading("After training"),
      "",
      ...formatWeights(weights, this.columns),
      "",
      ...formatTrace(steps, this.columns),
      "",
    ];
  }

  private memory({ pairs, bound, withoutMemory, loss, step }: HelloMemory): string[] {
    const all = pairs.flatMap(({ next }) => next).reduce((total, { times }) => total + times, 0);
    const doubtful = pairs.filter(({ next }) => next.length > 1);
    const letters = doubtful.map(({ letter }) => letter).join(", ");
    const times = doubtful.flatMap(({ next }) => next).reduce((total, { times }) => total + times, 0);
    const text =
      `${listed(pairs)} A model of letter pairs sees the same ${letters} each time: it can do no better than to ` +
      `give each continuation one half, which costs ln 2 nats at ${times} of the ${all} steps. A recurrent network ` +
      `remembers what it has read: its h is another one at the second ${letters}.`;
    return [
      heading("Why it needs a memory"),
      "",
      ...wrapWords(text, this.columns),
      "",
      "nats per step",
      lossLine("letter pairs, best", bound, `(${times} ln 2)/${all}`),
      lossLine("without its memory", withoutMemory.loss, `${withoutMemory.step} updates`),
      lossLine("this network", loss, `${step} updates`),
    ];
  }
}

function heading(text: string): string {
  return paint("bold", text, process.stdout);
}

/** 1, 2, 5, 10, 20, 50, ...: more often at the start, where the loss changes most. */
function isRound(step: number): boolean {
  return /^[125]0*$/.test(String(step));
}

function updateLine({ step, loss, spells }: { step: number; loss: number; spells: string }): string {
  return `${String(step).padStart(6)}  ${loss.toFixed(4)}  ${spells}`;
}

function lossLine(name: string, loss: number, how: string): string {
  return `${name.padEnd(18)}  ${loss.toFixed(4)}  ${how}`;
}

/** `After h comes e, after e comes l, after l comes l once and o once.` */
function listed(pairs: readonly LetterPairs[]): string {
  const times = (n: number) => (n === 1 ? "once" : `${n} times`);
  const parts = pairs.map(({ letter, next }) => {
    const all = next.map((after) =>
      next.length === 1 ? after.letter : `${after.letter} ${times(after.times)}`,
    );
    return `after ${letter} comes ${all.join(" and ")}`;
  });
  const text = parts.join(", ");
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
