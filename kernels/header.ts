/** Reads `unrolled.h`: the header is the list of the kernels and the one description of their arguments. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KERNELS } from "./toolchain.ts";

export type ParameterKind = "pointer" | "int" | "uint32_t" | "float" | "double";

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
  /** As C writes it, without the name: `const float *`. */
  readonly type: string;
}

export interface Declaration {
  readonly name: string;
  readonly returns: "void" | "int";
  readonly parameters: readonly Parameter[];
}

/** Elements that a pointer may point to; each takes one word of four bytes on the heap. */
const POINTER = /^(?:const )?(?:float|int32_t) \*$/;
const SCALARS: readonly string[] = ["int", "uint32_t", "float", "double"];

/**
 * The declarations of a header, in its order. Understands functions of pointers and numbers, enums, comments and
 * preprocessor lines, and nothing else.
 * @throws Error with the first piece of text that is none of these, because a binding made from half a header is wrong
 */
export function parseHeader(text: string): Declaration[] {
  const plain = text
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, " ")
    .replace(/^[ \t]*#(?:\\\n|.)*/gm, " ")
    .replace(/\s+/g, " ");
  const statements = plain.split(";").map((statement) => statement.trim());
  if (statements.pop() !== "") throw new Error(`the header ends in the middle of: ${plain.slice(-60)}`);
  const declarations = statements
    .filter((statement) => !/^enum \w*\s?\{[^{}]*\}$/.test(statement))
    .map(parseDeclaration);
  const names = declarations.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`the header declares ${twice} twice`);
  return declarations;
}

function parseDeclaration(statement: string): Declaration {
  const match = /^(void|int) (\w+) ?\(([^()]*)\)$/.exec(statement);
  if (match === null) throw new Error(`not a declaration that can be bound: ${statement}`);
  const [, returns, name, list] = match;
  const parameters = list.trim() === "void" ? [] : list.split(",").map((text) => parseParameter(name, text));
  return { name, returns: returns as Declaration["returns"], parameters };
}

function parseParameter(kernel: string, text: string): Parameter {
  const match = /^(.*?[\s*])(\w+)$/.exec(text.trim());
  const type = match?.[1].trim().replace(/ ?\*$/, " *") ?? "";
  const kind = POINTER.test(type) ? "pointer" : SCALARS.includes(type) ? (type as ParameterKind) : undefined;
  if (match === null || kind === undefined) {
    throw new Error(`${kernel}: not a parameter that can be bound: "${text.trim()}"`);
  }
  return { name: match[2], kind, type };
}

/** What `unrolled.h` declares. */
export function declaredKernels(): Declaration[] {
  return parseHeader(readFileSync(join(KERNELS, "unrolled.h"), "utf8"));
}
