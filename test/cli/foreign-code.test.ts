/** A run or a checkpoint from somebody else never decides which code is loaded. */
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { book, emptyFolder, expectRefusal, type Outcome, refused, TINY, unrolledHere } from "./unrolled.ts";

/** A cell that leaves a file in the current folder as soon as it is loaded. */
const CELL = `import { writeFileSync } from "node:fs";
import { add, Linear, tanh, zeros } from "unrolled/nn";
writeFileSync("mark", "loaded");
export default class Plain {
  constructor(inputs, hidden, options) {
    this.input = new Linear(inputs, hidden, options);
    this._hidden = hidden;
  }
  zeroState(batch) { return zeros([batch, this._hidden]); }
  step(x, h) {
    const next = tanh(add(this.input.forward(x), h));
    return { output: next, state: next };
  }
}
`;

interface Person {
  readonly cwd: string;
  readonly env: { readonly UNROLLED_STATE: string };
}

/** Whoever has made the archive. */
let author: Person;

function type(args: readonly string[], { cwd, env }: Person): Promise<Outcome> {
  vi.stubEnv("UNROLLED_STATE", env.UNROLLED_STATE);
  return unrolledHere(args, cwd);
}

async function trainAs(person: Person, cell: string, out: string): Promise<void> {
  const options = [...TINY, "--cell", cell, "--steps", "2", "--out", out];
  expect((await type(["train", "text", "book.txt", ...options], person)).status).toBe(0);
}

beforeAll(async () => {
  author = { cwd: emptyFolder(), env: { UNROLLED_STATE: emptyFolder() } };
  copyFileSync(book, join(author.cwd, "book.txt"));
  writeFileSync(join(author.cwd, "cell.mjs"), CELL);
  await trainAs(author, "./cell.mjs", "run");
  rmSync(join(author.cwd, "mark"));
});

/** In a folder with all that came out of the archive: a run, its cell and its text. */
function person(): Person {
  const cwd = emptyFolder();
  cpSync(author.cwd, cwd, { recursive: true });
  return { cwd, env: { UNROLLED_STATE: join(emptyFolder(), "state") } };
}

const wasLoaded = ({ cwd }: Person) => existsSync(join(cwd, "mark"));
const forget = ({ cwd }: Person) => rmSync(join(cwd, "mark"));

const INSPECT = ["inspect", "run", "--length", "200"];
const RESUME = ["train", "text", "--resume", "--out", "run", "--steps", "3"];

describe("a run that names a cell's file", () => {
  test.each<[string, string[]]>([
    ["sample", ["sample", "run"]],
    ["sample of a checkpoint file", ["sample", "run/checkpoints/step-2.safetensors"]],
    ["eval", ["eval", "run"]],
    ["inspect", INSPECT],
    ["train --resume", RESUME],
    ["train --from", ["train", "text", "book.txt", "--from", "run", "--steps", "1", "--out", "new"]],
    [
      "train --from with threads",
      ["train", "text", "book.txt", "--from", "run", "--steps", "1", "--out", "new", "--threads", "2"],
    ],
  ])("loads nothing on %s, and the hint that the error gives works", async (_, command) => {
    const me = person();
    const first = await type(command, me);
    expectRefusal(
      first,
      2,
      /needs the code of the cell \.\/cell\.mjs \(SHA-256 [0-9a-f]{12}\.\.\.\), which you have not named/,
    );
    expect(wasLoaded(me)).toBe(false);
    const hint = /--cell \S+$/.exec(first.stderr.trimEnd())?.[0].split(" ");
    expect(hint).toEqual(["--cell", "./cell.mjs"]);
    expect(await type([...command, ...hint!], me)).toMatchObject({ status: 0 });
    expect(wasLoaded(me)).toBe(true);
    // From now on it is known.
    const again = command
      .map((word) => (word === "new" ? "newer" : word))
      .map((word) => (word === "3" ? "4" : word));
    expect(await type(again, me)).toMatchObject({ status: 0 });
  });
});

const NAMED = ["sample", "run", "--length", "3", "--cell", "./cell.mjs"];
const UNNAMED = ["sample", "run", "--length", "3"];

describe("what was named before counts", () => {
  test("only for the same content: the file of that path may have come with another archive", async () => {
    const me = person();
    expect((await type(NAMED, me)).status).toBe(0);
    expect((await type(UNNAMED, me)).status).toBe(0);
    const other = { ...author, cwd: emptyFolder() };
    cpSync(author.cwd, other.cwd, { recursive: true });
    writeFileSync(join(other.cwd, "cell.mjs"), CELL.replace("Plain", "Evil"));
    await trainAs(other, "./cell.mjs", "second");
    cpSync(join(other.cwd, "second"), join(me.cwd, "run"), { recursive: true });
    copyFileSync(join(other.cwd, "cell.mjs"), join(me.cwd, "cell.mjs"));
    forget(me);
    expectRefusal(await type(UNNAMED, me), 2, /which you have not named/);
    expect(wasLoaded(me)).toBe(false);
  });

  test("only at the same path: a relative one means another file in another folder", async () => {
    const me = person();
    await type(NAMED, me);
    const elsewhere = { ...person(), env: me.env };
    expectRefusal(await type(UNNAMED, elsewhere), 2, /which you have not named/);
    expect(wasLoaded(elsewhere)).toBe(false);
  });

  test("not when the path has become a link to another folder, where other files lie beside it", async () => {
    const me = person();
    await type(NAMED, me);
    const cell = join(me.cwd, "cell.mjs");
    rmSync(cell);
    symlinkSync(join(person().cwd, "cell.mjs"), cell);
    forget(me);
    expectRefusal(await type(UNNAMED, me), 2, /which you have not named/);
    expect(wasLoaded(me)).toBe(false);
  });
});

test("a cell inside of the run's own folder is loaded no sooner, and nothing is remembered of it", async () => {
  copyFileSync(join(author.cwd, "cell.mjs"), join(author.cwd, "inner.mjs"));
  await trainAs(author, "./inner.mjs", "inner");
  const me = person();
  const path = join(me.cwd, "inner", "run.json");
  writeFileSync(path, readFileSync(path, "utf8").replaceAll("./inner.mjs", "inner/inner.mjs"));
  copyFileSync(join(me.cwd, "inner.mjs"), join(me.cwd, "inner", "inner.mjs"));
  rmSync(join(me.cwd, "mark"), { force: true });
  const resume = ["train", "text", "--resume", "--out", "inner", "--steps", "3"];
  expectRefusal(await type(resume, me), 2, /the cell inner\/inner\.mjs .* not named/);
  expect(wasLoaded(me)).toBe(false);
  expect(existsSync(me.env.UNROLLED_STATE)).toBe(false);
});

test.each(["evil; rm -rf x.mjs", "$(evil).mjs", "-evil.mjs", "\\\\evil\\share\\cell.mjs", "\u001b[2J.mjs"])(
  "a path such as %j is told, but no command is made of it",
  async (path) => {
    const me = person();
    const json = join(me.cwd, "run", "run.json");
    const run = JSON.parse(readFileSync(json, "utf8"));
    writeFileSync(json, JSON.stringify({ ...run, cellFile: { ...run.cellFile, path } }));
    const { stderr, status } = await refused(["train", "text", "--resume", "--out", join(me.cwd, "run")]);
    expect(stderr).toMatch(
      /which you have not named here before — if you trust that file, repeat --cell FILE\n$/,
    );
    expect(stderr).not.toContain("\u001b");
    expect(status).toBe(2);
  },
);

test("a state folder that cannot be written is a note: the cell that was named is used, and has to be named again", async () => {
  const me = person();
  // A file where the folder would be.
  const blocked = join(emptyFolder(), "file");
  writeFileSync(blocked, "");
  const env = { UNROLLED_STATE: blocked };
  for (const command of [["sample", "run", "--length", "3"], ["eval", "run"], INSPECT, RESUME]) {
    const outcome = await type([...command, "--cell", "./cell.mjs"], { ...me, env });
    expect(outcome.status).toBe(0);
    expect(
      outcome.stderr.match(/^note: .*cell\.mjs has to be named again the next time: cannot/gm),
    ).toHaveLength(1);
  }
  expectRefusal(await type(["sample", "run"], { ...me, env }), 2, /which you have not named/);
});

describe("a file that changes after it was looked at", () => {
  const classOf = (name: string) => `class ${name} { zeroState() {} step() {} }`;
  const javascript = (name: string) => `export default ${classOf(name)}`;
  const formats: [string, (name: string) => string][] = [
    ["cell.mjs", javascript],
    ["cell.cjs", (name) => `module.exports = ${classOf(name)}`],
    // Without a package.json Node looks at the content for what it is.
    ["cell.js", javascript],
  ];
  if (process.features.typescript) {
    formats.push(["cell.ts", (name) => `const name: string = "";\nexport default ${classOf(name)}`]);
  }

  test.each(formats)("is run as it was then: %s", (file, text) => {
    const path = join(emptyFolder(), file);
    writeFileSync(path, text("Named"));
    const module = pathToFileURL(join(import.meta.dirname, "../../dist/runs/own-cell.js")).href;
    // Whoever has read the file finds another one in its place right after.
    const script = `import fsp from "node:fs/promises";
      import { writeFileSync } from "node:fs";
      import { syncBuiltinESMExports } from "node:module";
      const { readFile } = fsp;
      fsp.readFile = async (...args) => {
        const bytes = await readFile(...args);
        writeFileSync(${JSON.stringify(path)}, ${JSON.stringify(text("Swapped"))});
        return bytes;
      };
      syncBuiltinESMExports();
      const { loadOwnCell } = await import(${JSON.stringify(module)});
      console.log((await loadOwnCell(${JSON.stringify(path)})).name);`;
    const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect(readFileSync(path, "utf8")).toContain("Swapped");
    expect(printed).toBe("Named\n");
  });
});
