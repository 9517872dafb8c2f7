import type { TrainEvent } from "../train/events.ts";
import { writeOut } from "./output.ts";
import type { TrainView } from "./view.ts";

/** For programs: each event is a line on stdout. */
export class JsonView implements TrainView {
  progress(): void {}

  begin(): void {}

  event(event: TrainEvent): Promise<void> {
    return writeOut(`${JSON.stringify(event)}\n`);
  }
}
