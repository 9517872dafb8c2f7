/** Reads `unrolled.h`: the header is the list of the kernels and the one description of them and of their arguments. */
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

/** What an argument has to be, from the lines //@ above a declaration. */
export interface Extent {
  readonly parameter: string;
  /** 0 stands for absent. */
  readonly optional: boolean;
  /** C, of the parameters' names: words behind the address that a pointer reaches, 0 or less; only where it is not 0. */
  readonly from?: string;
  /** C: words from a pointer's address on; of a number, what is true when it is right. */
  readonly to: string;
}

export interface Declaration {
  readonly name: string;
  readonly returns: "void" | "double";
  readonly parameters: readonly Parameter[];
  /** In the order in which they are checked: later ones may read what earlier ones have found to be there. */
  readonly extents: readonly Extent[];
  /** The comments right above the declaration and behind it on its line. */
  readonly doc?: string;
}

export interface Enumeration {
  readonly tag: string;
  readonly doc?: string;
  readonly members: readonly { readonly name: string; readonly value: number; readonly doc?: string }[];
}

/** All that the header says. */
export interface Header {
  /** Its first comment. */
  readonly about: string;
  /** The titles between lines of dashes, and the first kernel after each. */
  readonly sections: readonly { readonly title: string; readonly before: string }[];
  readonly declarations: readonly Declaration[];
  readonly enumerations: readonly Enumeration[];
}

/** Elements that a pointer may point to; each takes one word of four bytes on the heap. */
const POINTER = /^(?:const )?(?:float|int32_t) \*$/;
const SCALARS: readonly string[] = ["int", "uint32_t", "float", "double"];

/** A comment that ends on the line before what it is about, and the lines //@ between them. */
const ABOVE = String.raw`(?:^\/\*(?!\s*-{4})((?:(?!\*\/)[\s\S])*)\*\/[ \t]*\n)?(?:^\/\/@.*\n)*^`;
/** A comment behind it, on the same line. */
const BEHIND = String.raw`(?:[ \t]*\/\*((?:(?!\*\/).)*)\*\/)?`;

/**
 * The declarations of a header, in its order. Understands functions of pointers and numbers, enums, comments and
 * preprocessor lines, and nothing else.
 * @throws Error with the first piece of text that is none of these, because a binding made from half a header is wrong
 */
export function parseHeader(text: string): Declaration[] {
  const extents = parseExtents(text);
  const docs = parseDocs(text);
  const plain = text
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, " ")
    .replace(/^[ \t]*#(?:\\\n|.)*/gm, " ")
    .replace(/\s+/g, " ");
  const statements = plain.split(";").map((statement) => statement.trim());
  if (statements.pop() !== "") throw new Error(`the header ends in the middle of: ${plain.slice(-60)}`);
  const declarations = statements
    .filter((statement) => !/^enum \w*\s?\{[^{}]*\}$/.test(statement))
    .map((statement) => parseDeclaration(statement, extents))
    .map((declaration) => {
      const doc = docs.get(declaration.name);
      return doc === undefined ? declaration : { ...declaration, doc };
    });
  const names = declarations.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`the header declares ${twice} twice`);
  return declarations;
}

/** The comments on kernels, by name. */
function parseDocs(text: string): Map<string, string> {
  const pattern = new RegExp(String.raw`${ABOVE}(?:void|double)\s+(\w+)\s*\([^()]*\);${BEHIND}`, "gm");
  const found = new Map<string, string>();
  for (const [, above, name, behind] of text.matchAll(pattern)) {
    const doc = [above, behind].filter((comment) => comment !== undefined).map(plainComment);
    if (doc.length > 0) found.set(name, doc.join("\n"));
  }
  return found;
}

/** A comment without its delimiters, the asterisks before its lines and what all its lines are indented by. */
function plainComment(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

/** The enums of a header. @throws Error for one without a tag, which names the constants that are made of it */
export function parseEnumerations(text: string): Enumeration[] {
  const pattern = new RegExp(String.raw`${ABOVE}enum\s*(\w*)\s*\{([\s\S]*?)\};${BEHIND}`, "gm");
  return [...text.matchAll(pattern)].map(([, above, tag, body, behind]) => {
    if (tag === "") throw new Error(`an enum without a tag: ${body.trim()}`);
    const doc = above ?? behind;
    const plain = body.replace(/\/\*[\s\S]*?\*\//g, " ");
    if (!/^\s*\w+(\s*,\s*\w+)*\s*$/.test(plain))
      throw new Error(`enum ${tag}: not a list of names: ${plain.trim()}`);
    const members = [...body.matchAll(/(\w+)\s*(?:,|$|(?=\/\*))[ \t]*(?:\/\*(.*?)\*\/)?/g)].map(
      ([, name, comment], value) => ({
        ...{ name, value },
        ...(comment !== undefined && { doc: plainComment(comment) }),
      }),
    );
    return { tag, members, ...(doc !== undefined && { doc: plainComment(doc) }) };
  });
}

function parseSections(text: string): Header["sections"] {
  const pattern = /^\/\* -{4,} (.*?) -+ \*\/$[\s\S]*?^(?:void|double)\s+(\w+)/gm;
  return [...text.matchAll(pattern)].map(([, title, before]) => ({ title, before }));
}

/** The lines //@ that stand right above the declaration of a kernel, by its name. */
function parseExtents(text: string): Map<string, Extent[]> {
  const found = new Map<string, Extent[]>();
  for (const [, lines, name] of text.matchAll(/((?:^\/\/@.*\n)+)\s*\w+\s+(\w+)/gm)) {
    const parts = lines
      .replace(/^\/\/@/gm, "")
      .split(";")
      .map((part) => part.trim())
      .filter((part) => part !== "");
    found.set(
      name,
      parts.map((part) => parseExtent(name, part)),
    );
  }
  return found;
}

function parseExtent(kernel: string, text: string): Extent {
  const match = /^(\??)(\w+)\s+(?:(.+?)\s+\.\.\s+)?(.+)$/s.exec(text);
  if (match === null) throw new Error(`${kernel}: not an extent: "${text}"`);
  const [, mark, parameter, from, to] = match;
  return { parameter, optional: mark === "?", ...(from !== undefined && { from }), to };
}

function parseDeclaration(statement: string, found: ReadonlyMap<string, readonly Extent[]>): Declaration {
  const match = /^(void|double) (\w+) ?\(([^()]*)\)$/.exec(statement);
  if (match === null) throw new Error(`not a declaration that can be bound: ${statement}`);
  const [, returns, name, list] = match;
  const parameters = list.trim() === "void" ? [] : list.split(",").map((text) => parseParameter(name, text));
  const extents = found.get(name) ?? [];
  const unknown = extents.find((extent) =>
    parameters.every((parameter) => parameter.name !== extent.parameter),
  );
  if (unknown !== undefined) throw new Error(`${name}: an extent of ${unknown.parameter}, which it has not`);
  return { name, returns: returns as Declaration["returns"], parameters, extents };
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

/** All of `unrolled.h`. @throws Error where it does not say how far a pointer reaches */
export function readHeader(): Header {
  const text = readFileSync(join(KERNELS, "unrolled.h"), "utf8");
  const declarations = parseHeader(text);
  for (const { name, parameters, extents } of declarations) {
    const known = new Set(extents.map(({ parameter }) => parameter));
    const missing = parameters.find(
      (parameter) => parameter.kind === "pointer" && !known.has(parameter.name),
    );
    if (missing !== undefined) throw new Error(`${name}: unrolled.h has no //@ for ${missing.name}`);
  }
  return {
    about: plainComment(/^\/\*([\s\S]*?)\*\//.exec(text)?.[1] ?? ""),
    sections: parseSections(text),
    declarations,
    enumerations: parseEnumerations(text),
  };
}

/** The kernels that `unrolled.h` declares, in its order. */
export function declaredKernels(): readonly Declaration[] {
  return readHeader().declarations;
}
