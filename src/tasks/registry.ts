import type { Task } from "./task.ts";

/**
 * Tasks by their names, each loaded when it is used. A task of its own type is used through the contract alone, which
 * hands back to it what it made itself, so its type parameters are not known here.
 */
export const TASKS: Readonly<Record<string, () => Promise<Task>>> = {
  text: async () => (await import("./text/model.ts")).text as unknown as Task,
  classify: async () => (await import("./classify/model.ts")).classify as unknown as Task,
};

export const TASK_NAMES = Object.keys(TASKS);
