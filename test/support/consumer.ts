/** A program of a user's, in a folder of its own with the built package in its node_modules, for the compiler. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * What the compiler says of such a program; nothing where it compiles.
 * @param files TypeScript by its path in the program
 * @param compilerOptions beside the strictest checks, which are on
 */
export async function compileProgram(
  files: Readonly<Record<string, string>>,
  compilerOptions: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (!existsSync(join(ROOT, "dist/index.d.ts"))) throw new Error("dist/ is missing: run `npm run build`");
  const folder = mkdtempSync(join(tmpdir(), "unrolled-consumer-"));
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(ROOT, join(folder, "node_modules", "unrolled"), "junction");
    write("package.json", '{ "type": "module" }');
    for (const [name, text] of Object.entries(files)) write(name, text);
    const strict = {
      ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
      ...{ noImplicitOverride: true, skipLibCheck: false },
    };
    const shape = { target: "ES2022", module: "NodeNext", noEmit: true, preserveSymlinks: true };
    write(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: { ...shape, ...strict, ...compilerOptions },
        files: Object.keys(files),
      }),
    );
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    return await promisify(execFile)(process.execPath, [tsc, "-p", "."], { cwd: folder }).then(
      () => "",
      (error: { stdout?: string }) => {
        if (!error.stdout) throw error;
        return error.stdout;
      },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
