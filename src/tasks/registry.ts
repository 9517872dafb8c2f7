import type { Task } from "./task.ts";

/**
 * Tasks by their names, each loaded when it is used. A task of its own type is used through the contract alone, which
 * hands back to it what it made itself, so its type parameters are not known here.
 */
export const TASKS = {
  text: async () => (await import("./text/model.ts")).text as unknown as Task,
  classify: async () => (await import("./classify/model.ts")).classify as unknown as Task,
  tag: async () => (await import("./tag/model.ts")).tag as unknown as Task,
  translate: async () => (await import("./translate/model.ts")).translate as unknown as Task,
  caption: async () => (await import("./caption/model.ts")).caption as unknown as Task,
  forecast: async () => (await import("./forecast/model.ts")).forecast as unknown as Task,
} as const satisfies Readonly<Record<string, () => Promise<Task>>>;

export const TASK_NAMES: readonly string[] = Object.keys(TASKS);

/** The task of a name; undefined where there is none. */
export async function findTask(name: string): Promise<Task | undefined> {
  return Object.hasOwn(TASKS, name) ? TASKS[name as keyof typeof TASKS]() : undefined;
}
