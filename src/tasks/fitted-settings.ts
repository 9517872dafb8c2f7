/** Settings that fit the data better than the defaults, where nobody has said anything. */
import type { LoadHooks } from "../core/hooks.ts";
import { flagOf } from "./option-schema.ts";
import type { Loaded, Task } from "./task.ts";
import type { TrainingSettings } from "./training-options.ts";

/**
 * Loaded data with the settings that fit it; each that differs from the default is told with its reason.
 * @param isChosen whether a person or a run decided about a setting
 * @param threads replicas that need a row each, where a person asked for a number
 */
export function fitLoaded(
  task: Task,
  loaded: Loaded<TrainingSettings, unknown>,
  { isChosen, threads }: { isChosen(name: string): boolean; readonly threads: number | undefined },
  { onNote }: LoadHooks,
): Loaded<TrainingSettings, unknown> {
  const { data, settings } = loaded;
  const fitted = { ...settings } as Record<string, unknown>;
  for (const { name, value, reason } of task.fit?.(data, settings, threads ?? 1) ?? []) {
    const before = fitted[name];
    if (isChosen(name) || before === value) continue;
    onNote(`${flagOf(name)} is ${value} instead of ${before}, which fits this data better: ${reason}`);
    fitted[name] = value;
  }
  return { data, settings: fitted as unknown as TrainingSettings };
}
