import type { Command } from "commander";

/** What each command's module exports. */
export interface CommandModule {
  /** Adds arguments, options and help; `args` are those of the whole command line. Returns what the command does: parsed, it resolves to the exit status. */
  define(command: Command, args: readonly string[]): (() => Promise<number>) | Promise<() => Promise<number>>;
  /** Subcommands, such as `hello` in `unrolled demo hello`. */
  readonly SUBCOMMANDS?: readonly Listed[];
}

/** A command by its name. */
export interface Listed {
  readonly name: string;
  readonly summary: string;
  /** Only the command that is used is loaded, so that `sample` starts quickly. */
  readonly load: () => Promise<CommandModule>;
}
