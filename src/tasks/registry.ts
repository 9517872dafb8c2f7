import type { Task } from "./task.ts";

/** One line for each task. */
const OWN = {
  text: async () => (await import("./text/model.ts")).text as unknown as Task,
  classify: async () => (await import("./classify/model.ts")).classify as unknown as Task,
};

/**
 * Tasks by their names, each loaded when it is used. A task of its own type is used through the contract alone, which
 * hands back to it what it made itself, so its type parameters are not known here.
 */
export const TASKS: Readonly<typeof OWN & Record<string, () => Promise<Task>>> = OWN;

export const TASK_NAMES = Object.keys(TASKS);
