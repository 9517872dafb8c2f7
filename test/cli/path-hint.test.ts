/** A path in the place of a command or a task: the suggestion is followed, whatever the spelling. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyFolder, expectRefusal, madeText, refused, TINY, trained } from "./unrolled.ts";

const cwd = emptyFolder();
const content = madeText(40);
mkdirSync(join(cwd, "notes"));
for (const name of [
  "mybook.txt",
  "mybook",
  "my book's.txt",
  "text.txt",
  "texts",
  "-odd.txt",
  "notes/a.txt",
]) {
  writeFileSync(join(cwd, name), content);
}

/** Arguments of a command line in which words may be quoted, as a shell reads it. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:'[^']*'|\\.|[^\s'\\])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|\\(.)/g, (_, quoted, escaped) => quoted ?? escaped),
  );
}

async function from<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return await work();
  } finally {
    process.chdir(before);
  }
}

describe("a path in the task's place", () => {
  test.each([
    ["a file", ["mybook.txt"], "mybook.txt"],
    ["a relative path", ["./mybook.txt"], "./mybook.txt"],
    ["an absolute path", [join(cwd, "mybook.txt")], join(cwd, "mybook.txt")],
    ["a file without extension", ["mybook"], "mybook"],
    ["a folder", ["notes"], "notes"],
    ["a folder with a slash", ["notes/"], "notes/"],
    ["flags before it", ["--hidden", "8", "--json", "mybook.txt"], "mybook.txt"],
    ["flags after it", ["mybook.txt", "--hidden", "8"], "mybook.txt"],
    ["several", ["mybook.txt", "notes"], "mybook.txt notes"],
    ["spaces and quotes", ["my book's.txt"], "'my book'\\''s.txt'"],
    ["a name close to the task's", ["text.txt"], "text.txt"],
    ["another name close to the task's", ["texts"], "texts"],
    ["a name that begins like an option", ["--", "-odd.txt"], "./-odd.txt"],
    ["standard input", ["-"], "-"],
  ])("as %s is suggested as a text", async (_, args, suggested) => {
    const outcome = await from(cwd, () => refused(["train", ...args]));
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toMatch(/^error: there is no task '/);
    expect(outcome.stderr).toContain(` — to train on that text: npx unrolled train text ${suggested}\n`);
  });

  test("is a training when the suggestion is typed, also where the name needs quotes or begins like an option", async () => {
    for (const args of [
      ["my book's.txt", "mybook"],
      ["--", "-odd.txt", "notes"],
    ]) {
      const { stderr } = await from(cwd, () => refused(["train", ...args]));
      const [, command] = / — to train on that text: npx unrolled train text (.*)\n$/.exec(stderr) ?? [];
      const out = join(cwd, `run-${args.length}`);
      const events = await trained([...TINY, "--steps", "1", "--out", out, ...wordsOf(command)], { cwd });
      expect(events.at(-1)).toMatchObject({ event: "end", step: 1 });
    }
  });

  test("that is a folder with the file of a task is answered with that file", async () => {
    mkdirSync(join(cwd, "my-task"));
    writeFileSync(join(cwd, "my-task", "model.ts"), "export default {};");
    const outcome = await from(cwd, () => refused(["train", "my-task", "notes"]));
    expectRefusal(outcome, 2, /— that folder has a task: npx unrolled train my-task\/model\.ts notes\n$/);
  });

  test("that does not exist is no text", async () => {
    expectRefusal(
      await from(cwd, () => refused(["train", "missing.txt"])),
      2,
      /— the tasks are: text, classify, tag, translate, caption, forecast\n$/,
    );
  });

  test("that is a run is named as one", async () => {
    await trained(["mybook.txt", ...TINY, "--steps", "1", "--out", "mine"], { cwd });
    const outcome = await from(cwd, () => refused(["train", "mine"]));
    expectRefusal(outcome, 2, /no task 'mine' — that is a run: npx unrolled sample mine\n$/);
  });
});

describe("a path in the command's place", () => {
  test("is suggested as a text, unless the name is close to a command's", async () => {
    const at = (...args: string[]) => from(cwd, () => refused(args));
    expectRefusal(
      await at("mybook.txt"),
      2,
      /no command 'mybook\.txt' — .*: npx unrolled train text mybook\.txt\n$/,
    );
    expectRefusal(await at("notes/"), 2, /no command 'notes\/' — .*: npx unrolled train text notes\/\n$/);
    mkdirSync(join(cwd, "samples"));
    expectRefusal(await at("samples"), 2, /no command 'samples' — did you mean sample\?/);
  });
});
