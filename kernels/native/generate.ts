/** Writes the C that binds the kernels to JavaScript, from what `unrolled.h` declares. */
import type { Declaration, Extent, Parameter } from "../header.ts";

/** A wrapper marks refused arguments in the bits of a 32-bit word. */
const MAXIMUM_PARAMETERS = 32;

/**
 * A wrapper for each kernel, and the list of them. A wrapper turns numbers into addresses and C numbers, refuses what
 * is neither, and calls the kernel of the heap's instruction set by its place in the table.
 */
export function bindingSource(declarations: readonly Declaration[]): string {
  const wrappers = declarations.map((declaration, place) => wrapper(declaration, place, declarations));
  const rows = declarations.map(({ name }) => `    {"${name}", call_${name}},`);
  return `/* Generated from unrolled.h by kernels/native/generate.ts. */
#include "extents.h"

${wrappers.join("\n")}
const Binding bindings[] = {
${rows.join("\n")}
};
const int binding_count = ${declarations.length};
`;
}

/** A kernel of the heap's instruction set, cast back to its type. */
function kernel({ returns, parameters }: Declaration, place: number): string {
  const type = `${returns} (*)(${parameters.map((parameter) => parameter.type).join(", ") || "void"})`;
  return `((${type})heap->kernels[${place}])`;
}

function wrapper(declaration: Declaration, place: number, all: readonly Declaration[]): string {
  const { name, returns, parameters, extents } = declaration;
  if (parameters.length > MAXIMUM_PARAMETERS) {
    throw new Error(`${name}: ${parameters.length} parameters, at most ${MAXIMUM_PARAMETERS} can be bound`);
  }
  const signature = `"${name}(${parameters.map((parameter) => parameter.name).join(", ")})"`;
  // Places, not the header's names: those are free to be the names of this file's own variables.
  const call = `${kernel(declaration, place)}(${parameters.map((_, index) => `p${index}`).join(", ")})`;
  return `static napi_value call_${name}(napi_env env, napi_callback_info info) {
  napi_value v[${Math.max(parameters.length, 1)}];
  const Heap *heap = begin(env, info, ${signature}, ${parameters.length}, v);
  if (!heap) return 0;
  uint32_t refused = 0;
${parameters.map(conversion).join("\n")}
${extents.map((extent) => check(extent, parameters, all)).join("\n")}
  if (refused) return refuse(env, ${signature}, v, refused);
  ${returns === "double" ? `return from_double(env, ${call});` : `${call};\n  return 0;`}
}
`;
}

/** Refuses an argument that reaches beyond the heap; what comes later may then not be looked at. */
function check(
  { parameter, optional, from, to }: Extent,
  parameters: readonly Parameter[],
  all: readonly Declaration[],
): string {
  const index = parameters.findIndex(({ name }) => name === parameter);
  const bit = `${2 ** index}u`;
  const words = inC(to, parameters, all);
  if (parameters[index].kind !== "pointer") return `  if (!refused && !(${words})) refused = ${bit};`;
  const behind = from === undefined ? "0" : inC(from, parameters, all);
  return `  if (!refused && lacks(heap, p${index}, ${optional ? 1 : 0}, ${behind}, ${words})) refused = ${bit};`;
}

/** An expression with a wrapper's variables for the parameters, numbers in double, and calls of this heap's kernels. */
function inC(text: string, parameters: readonly Parameter[], all: readonly Declaration[]): string {
  return text.replace(/[A-Za-z_]\w*/g, (word) => {
    const index = parameters.findIndex(({ name }) => name === word);
    if (index >= 0) return parameters[index].kind === "pointer" ? `p${index}` : `(double)p${index}`;
    const place = all.findIndex(({ name }) => name === word);
    return place < 0 ? word : kernel(all[place], place);
  });
}

function conversion({ kind, type }: Parameter, index: number): string {
  const heap = kind === "pointer" ? "heap, " : "";
  const declared = type.endsWith("*") ? `${type}p${index}` : `${type} p${index}`;
  return `  ${declared} = to_${kind}(env, ${heap}v[${index}], ${2 ** index}u, &refused);`;
}

/** The kernels of one instruction set in the order of the wrappers, compiled with the names that `renaming` gives. */
export function tableSource(declarations: readonly Declaration[]): string {
  return `/* Generated from unrolled.h by kernels/native/generate.ts. */
#include "unrolled.h"

extern void (*const TABLE[])(void);
void (*const TABLE[])(void) = {
${declarations.map(({ name }) => `    (void (*)(void))${name},`).join("\n")}
};
`;
}

/**
 * A header that gives every name shared between the kernels' files another one for each instruction set, so that all
 * of them fit into one binary.
 */
export function renaming(instructions: string, names: readonly string[]): string {
  return names.map((name) => `#define ${name} ${instructions}_${name}\n`).join("");
}

/** The names that assembly text defines for other files. */
export function globalNames(assembly: string): string[] {
  // Mach-O puts an underscore before every name of C.
  const underscore = /^\s*\.section\s+__TEXT/m.test(assembly) ? "_" : "";
  const names = [...assembly.matchAll(/^\s*\.glob[a]?l\s+([\w$.]+)/gm)].map((match) => match[1]);
  return [...new Set(names)].map((name) => name.slice(underscore.length)).sort();
}
