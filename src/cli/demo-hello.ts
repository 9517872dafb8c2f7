/** `unrolled demo hello` */
import type { Command } from "commander";
import { type HelloOptions, helloDemo } from "../demos/hello/demo.ts";
import { HelloView } from "./hello-view.ts";
import { writeOut } from "./output.ts";
import { Status } from "./report.ts";
import { numberOf } from "./values.ts";

export function define(command: Command): () => Promise<number> {
  command
    .usage("[options]")
    .description(
      "The lecture's smallest example: a recurrent network with three hidden units learns to write hello. " +
        "Shows its input x, hidden state h, scores y and their softmax at every step, before and after, and " +
        "why it needs a memory.",
    )
    .option("--seed <N>", "of the weights that it starts from (default: 1)", numberOf("--seed"))
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
