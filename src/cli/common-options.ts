/** Options that several commands have, each said once. */
import { Option } from "commander";
import { choiceOf, pathOf } from "./values.ts";

export function backendOption(): Option {
  return new Option("--backend <NAME>", "auto, native, wasm or reference (default: auto)").argParser(
    choiceOf("--backend", ["auto", "native", "wasm", "reference"]),
  );
}

/** Of the commands that compute with a run's weights. */
export function weightsOption(): Option {
  return new Option(
    "--weights <FORMAT>",
    "f32, bf16 or int8: smaller is faster and rounds (default: f32)",
  ).argParser(choiceOf("--weights", ["f32", "bf16", "int8"]));
}

/** Of the commands that open a run. */
export function movedCellOption(): Option {
  return new Option(
    "--cell <FILE>",
    "the run's own cell (default: the file that you named before)",
  ).argParser(pathOf("--cell", "file"));
}

/** Of the commands whose result can be looked at. */
export function pictureOption(): Option {
  return new Option("--picture <FILE>", "write what there is to look at, as SVG").argParser(
    pathOf("--picture", "file"),
  );
}

/** Of the commands that open a run. */
export function movedTaskOption(): Option {
  return new Option(
    "--task <FILE>",
    "the run's own task (default: the file that you named before)",
  ).argParser(pathOf("--task", "file"));
}
