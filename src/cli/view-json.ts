import type { TrainEvent } from "../train/events.ts";
import { writeOut } from "./output.ts";
import type { TrainView } from "./view.ts";

/** Prints each event as a line of JSON on stdout. */
export class JsonView implements TrainView {
  progress(): void {}

  begin(): void {}

  event(event: TrainEvent): Promise<void> {
    return writeOut(`${JSON.stringify(event)}\n`);
  }
}
