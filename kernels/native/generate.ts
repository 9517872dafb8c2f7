/** Writes the C that binds the kernels to JavaScript, from what `unrolled.h` declares. */
import type { Declaration, Parameter } from "../header.ts";

/** A wrapper marks refused arguments in the bits of a 32-bit word. */
const MAXIMUM_PARAMETERS = 32;

/**
 * A wrapper for each kernel, and the list of them. A wrapper turns numbers into addresses and C numbers, refuses what
 * is neither, and calls the kernel of the heap's instruction set by its place in the table.
 */
export function bindingSource(declarations: readonly Declaration[]): string {
  const wrappers = declarations.map(wrapper);
  const rows = declarations.map(({ name }) => `    {"${name}", call_${name}},`);
  return `/* Generated from unrolled.h by kernels/native/generate.ts. */
#include "addon.h"

${wrappers.join("\n")}
const Binding bindings[] = {
${rows.join("\n")}
};
const int binding_count = ${declarations.length};
`;
}

function wrapper({ name, returns, parameters }: Declaration, place: number): string {
  if (parameters.length > MAXIMUM_PARAMETERS) {
    throw new Error(`${name}: ${parameters.length} parameters, at most ${MAXIMUM_PARAMETERS} can be bound`);
  }
  const signature = `"${name}(${parameters.map((parameter) => parameter.name).join(", ")})"`;
  const type = `${returns} (*)(${parameters.map((parameter) => parameter.type).join(", ") || "void"})`;
  // Places, not the header's names: those are free to be the names of this file's own variables.
  const call = `((${type})heap->kernels[${place}])(${parameters.map((_, index) => `p${index}`).join(", ")})`;
  return `static napi_value call_${name}(napi_env env, napi_callback_info info) {
  napi_value v[${Math.max(parameters.length, 1)}];
  const Heap *heap = begin(env, info, ${signature}, ${parameters.length}, v);
  if (!heap) return 0;
  uint32_t refused = 0;
${parameters.map(conversion).join("\n")}
  if (refused) return refuse(env, ${signature}, v, refused);
  ${returns === "int" ? `return from_int(env, ${call});` : `${call};\n  return 0;`}
}
`;
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
