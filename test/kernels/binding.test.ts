/** What `unrolled.h` may hold, and the C that is written from it. */
import { describe, expect, test } from "vitest";
import { declaredKernels, parseHeader } from "../../kernels/header.ts";
import { bindingSource, globalNames, renaming, tableSource } from "../../kernels/native/generate.ts";

describe("the header's reader", () => {
  test("finds every kernel that the header declares, with all arguments", () => {
    const kernels = declaredKernels();
    const gemm = kernels.find(({ name }) => name === "gemm");
    expect(gemm?.parameters.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      ...["pointer c", "pointer a", "pointer b", "pointer row_bias", "int m", "int n", "int k"],
      ...["int transpose_a", "int transpose_b", "int accumulate", "pointer scratch"],
    ]);
    expect(kernels.find(({ name }) => name === "gemm_scratch")?.returns).toBe("double");
    expect(kernels.find(({ name }) => name === "dropout")?.parameters.map(({ type }) => type)).toEqual([
      ...["float *", "const float *", "uint32_t", "uint32_t", "double", "double", "int"],
    ]);
  });

  test("passes over comments, preprocessor lines and enums, and reads over several lines", () => {
    const text = `
      #define WIDE(x) \\
        (x; y)
      /* void old(int a); */
      enum { A, B /* ; */, C };
      enum kind { D = 1 };
      // int older(int b);
      void
      kernel(float *y,
             const int32_t* ids, float x);
      double size(void);`;
    expect(parseHeader(text)).toEqual([
      {
        name: "kernel",
        returns: "void",
        parameters: [
          { name: "y", kind: "pointer", type: "float *" },
          { name: "ids", kind: "pointer", type: "const int32_t *" },
          { name: "x", kind: "float", type: "float" },
        ],
        extents: [],
      },
      { name: "size", returns: "double", parameters: [], extents: [] },
    ]);
  });

  test.each([
    ["a pointer to what is no word of the heap", "void f(double *y);", /f: not a parameter .*"double \*y"/],
    ["a pointer to pointers", "void f(float **y);", /f: not a parameter/],
    ["a type of its own", "void f(size_t n);", /"size_t n"/],
    ["a parameter without a name", "void f(float *);", /"float \*"/],
    ["an array", "void f(float y[4]);", /"float y\[4\]"/],
    ["a function pointer", "void f(void (*g)(int));", /not a declaration .*void f\(void \(\*g\)/],
    ["variable arguments", "void f(int n, ...);", /"\.\.\."/],
    ["another result", "float f(int n);", /not a declaration .*float f/],
    ["a variable", "extern const float table[4];", /not a declaration .*table/],
    ["a structure", "typedef struct { int a; } Pair;", /not a declaration/],
    ["an end in the middle", "void f(int n); void g(int", /ends in the middle/],
    ["a name twice", "void f(int n); double f(int n);", /declares f twice/],
  ])("refuses %s", (_, text, message) => {
    expect(() => parseHeader(text)).toThrow(message);
  });
});

describe("the binding", () => {
  const [declaration] = parseHeader(`
//@ refused v * env[0]; ?env g(heap) .. 2;
//@ v v > 1
double f(float *refused, const int32_t *env, uint32_t v, double heap);
`);

  test("turns each argument into its C type, whatever the header calls it", () => {
    const text = bindingSource([declaration]);
    expect(text).toContain('begin(env, info, "f(refused, env, v, heap)", 4, v)');
    expect(text).toContain("float *p0 = to_pointer(env, heap, v[0], 1u, &refused);");
    expect(text).toContain("const int32_t *p1 = to_pointer(env, heap, v[1], 2u, &refused);");
    expect(text).toContain("uint32_t p2 = to_uint32_t(env, v[2], 4u, &refused);");
    expect(text).toContain("double p3 = to_double(env, v[3], 8u, &refused);");
    expect(text).toContain(
      "(double (*)(float *, const int32_t *, uint32_t, double))heap->kernels[0])(p0, p1, p2, p3)",
    );
  });

  test("checks how far pointers reach and what holds for numbers, in the order of the header", () => {
    const text = bindingSource([declaration]);
    const checks = text.split("\n").filter((line) => line.includes("if (!refused &&"));
    expect(checks.map((line) => line.trim())).toEqual([
      "if (!refused && lacks(heap, p0, 0, 0, (double)p2 * p1[0])) refused = 1u;",
      "if (!refused && lacks(heap, p1, 1, g((double)p3), 2)) refused = 2u;",
      "if (!refused && !((double)p2 > 1)) refused = 4u;",
    ]);
  });

  test("refuses an extent of what a kernel has not, and one that cannot be read", () => {
    expect(() => parseHeader("//@ z n\nvoid f(float *y, int n);")).toThrow(
      "f: an extent of z, which it has not",
    );
    expect(() => parseHeader("//@ y\nvoid f(float *y, int n);")).toThrow('f: not an extent: "y"');
  });

  test("has a kernel's place in the table the same in both files", () => {
    const kernels = declaredKernels();
    const wrapped = [...bindingSource(kernels).matchAll(/\{"(\w+)", call_\1\}/g)].map((match) => match[1]);
    const table = [...tableSource(kernels).matchAll(/\)\)(\w+),$/gm)].map((match) => match[1]);
    expect(wrapped).toEqual(kernels.map(({ name }) => name));
    expect(table).toEqual(wrapped);
  });

  test("refuses more arguments than it can mark", () => {
    const list = Array.from({ length: 33 }, (_, index) => `int a${index}`).join(", ");
    expect(() => bindingSource(parseHeader(`void f(${list});`))).toThrow("f: 33 parameters, at most 32");
  });

  test("renames what assembly text defines, in ELF and Mach-O", () => {
    expect(globalNames("\t.text\n\t.globl\tadd\nadd:\n\t.globl\tadd\n\t.globl zero\n")).toEqual([
      "add",
      "zero",
    ]);
    expect(globalNames("\t.section\t__TEXT,__text\n\t.globl\t_add ## -- Begin\n_add:\n")).toEqual(["add"]);
    expect(renaming("avx2", ["add", "zero"])).toBe("#define add avx2_add\n#define zero avx2_zero\n");
  });
});
