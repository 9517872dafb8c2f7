/** Writes the TypeScript that describes the kernels, from what `unrolled.h` declares and says. */
import { join } from "node:path";
import type { Declaration, Enumeration, Header, Parameter } from "./header.ts";
import { KERNELS } from "./toolchain.ts";

/** What {@link typescriptSource} gives is kept here, so that nobody needs to run it. */
export const GENERATED = join(KERNELS, "..", "src", "backend", "kernels.generated.ts");

/** Biome's line width (biome.json): the file is written as it would format it. */
const LINE_WIDTH = 110;

/**
 * The kinds as constants, the table of kernels as an interface with the header's comments, and the list of their names.
 */
export function typescriptSource({ about, sections, declarations, enumerations }: Header): string {
  const members = declarations.flatMap((declaration) => [
    ...sections.filter(({ before }) => before === declaration.name).map(({ title }) => `\n  // ${title}\n`),
    method(declaration),
  ]);
  return `// Generated from kernels/unrolled.h by node kernels/build.ts.
import type { Address } from "./address.ts";

${enumerations.map(constants).join("\n")}
${docComment(about, "")}export interface Kernels {
${members.join("\n").replace(/^\n/, "")}
}

/** The names of all kernels, in the order of the header. */
export const KERNEL_NAMES: readonly (keyof Kernels)[] = [
${declarations.map(({ name }) => `  "${name}",`).join("\n")}
];
`;
}

/** An enum as an object: its tag in capitals, its members without the prefix that all of them have. */
function constants({ tag, doc, members }: Enumeration): string {
  const prefix = commonPrefix(members.map(({ name }) => name));
  const lines = members.map(
    ({ name, value, doc }) =>
      `${docComment(doc, "  ")}  ${camelCase(name.slice(prefix.length).toLowerCase())}: ${value},\n`,
  );
  return `${docComment(doc, "")}export const ${tag.toUpperCase()} = {\n${lines.join("")}} as const;\n`;
}

/** As many words, each with its underscore, as all names begin with. */
function commonPrefix(names: readonly string[]): string {
  const words = names[0].split("_");
  let length = 0;
  for (let count = 1; count < words.length; count++) {
    const prefix = `${words.slice(0, count).join("_")}_`;
    if (names.every((name) => name.startsWith(prefix))) length = prefix.length;
  }
  return names[0].slice(0, length);
}

function method({ name, returns, parameters, doc }: Declaration): string {
  const typed = parameters.map(typedParameter);
  const result = returns === "void" ? "void" : "number";
  const line = `  ${name}(${typed.join(", ")}): ${result};`;
  if (line.length <= LINE_WIDTH) return docComment(doc, "  ") + line;
  return `${docComment(doc, "  ")}  ${name}(\n${typed.map((text) => `    ${text},\n`).join("")}  ): ${result};`;
}

function typedParameter({ name, kind }: Parameter): string {
  return `${camelCase(name)}: ${kind === "pointer" ? "Address" : "number"}`;
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A comment of C as one of TypeScript, or nothing. */
function docComment(text: string | undefined, indent: string): string {
  if (text === undefined) return "";
  const lines = text.split("\n");
  if (lines.length === 1) return `${indent}/** ${text} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}
