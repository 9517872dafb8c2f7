/** The package as npm publishes it, in the node_modules of a program's folder. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The paths of all files that `npm pack` packs. */
async function packedFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    shell: process.platform === "win32",
    maxBuffer: 2 ** 24,
  });
  const [pack] = JSON.parse(stdout) as { files: { path: string }[] }[];
  return pack.files.map(({ path }) => path);
}

/**
 * Copies what npm would publish into `folder`/node_modules/unrolled, with links to its dependencies beside it.
 * @returns the folder of the package, and the paths of its files
 */
export async function installPackage(folder: string): Promise<{ installed: string; files: string[] }> {
  const installed = join(folder, "node_modules", "unrolled");
  const files = await packedFiles();
  for (const file of files) {
    mkdirSync(dirname(join(installed, file)), { recursive: true });
    cpSync(join(ROOT, file), join(installed, file));
  }
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link, "junction");
  }
  return { installed, files };
}
