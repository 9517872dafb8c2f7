import { homedir } from "node:os";
import { posix, win32 } from "node:path";
import { escapeControl, InputError, StorageError } from "../core/errors.ts";

/** What the place of the state depends on; tests put another machine here. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The person's home folder; may throw or be empty. */
  home(): string;
}

const HERE: Machine = { platform: process.platform, env: process.env, home: homedir };

/**
 * The folder of what the program remembers for a person, outside of every run: `UNROLLED_STATE`, or else what the
 * platform has for it. It need not exist. Always absolute: below the current folder it could come with an archive.
 * @throws InputError for a relative `UNROLLED_STATE`; StorageError where nobody has a home folder
 */
export function stateFolder({ platform, env, home }: Machine = HERE): string {
  const path = platform === "win32" ? win32 : posix;
  const chosen = env.UNROLLED_STATE;
  if (chosen) {
    if (path.isAbsolute(chosen)) return chosen;
    throw new InputError(`UNROLLED_STATE must be an absolute path, got '${escapeControl(chosen)}'`);
  }
  const base = (name: string | undefined, ...inHome: string[]): string => {
    // The XDG specification has relative paths ignored.
    if (name && path.isAbsolute(name)) return name;
    const folder = home();
    if (path.isAbsolute(folder)) return path.join(folder, ...inHome);
    throw new StorageError("there is no home folder", { hint: "set UNROLLED_STATE to a folder for it" });
  };
  if (platform === "win32") return path.join(base(env.LOCALAPPDATA, "AppData", "Local"), "unrolled");
  if (platform === "darwin") return path.join(base(undefined, "Library", "Application Support"), "unrolled");
  return path.join(base(env.XDG_STATE_HOME, ".local", "state"), "unrolled");
}
