/** Values that a public function may be given and has to use or refuse. */
import { type Backend, scope, Tensor, tensor } from "../../../src/backend/index.ts";

export interface HostileValue {
  /** For the report: `1.5`, `an i32 tensor [2, 3]`. */
  readonly label: string;
  /** Made anew for each call, because a call may change or dispose of it. */
  readonly make: () => unknown;
}

const value = (label: string, make: () => unknown): HostileValue => ({ label, make });

/** Of every kind that is no tensor. */
export const PLAIN_VALUES: readonly HostileValue[] = [
  ...[undefined, null, true, false, "", "3", "sum", Number.NaN, Infinity, -Infinity].map((it) =>
    value(typeof it === "string" ? JSON.stringify(it) : String(it), () => it),
  ),
  ...[-1, 0, 1, 2, 3, 7, 0.5, 1.5, -100, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 1e300].map((it) =>
    value(String(it), () => it),
  ),
  value("10n", () => 10n),
  value("a symbol", () => Symbol("s")),
  value("a function", () => () => 1),
  value("an async function", () => async () => 1),
  value("{}", () => ({})),
  value("an object without prototype", () => Object.create(null)),
  value("{ length: 2 }", () => ({ length: 2 })),
  value("{ length: -1 }", () => ({ length: -1 })),
  value("{ length: 2^32 }", () => ({ length: 2 ** 32 })),
  value("{ shape: [2, 3] }", () => ({ shape: [2, 3], dtype: "f32", size: 6 })),
  value("{ hidden: 1 }", () => ({ hidden: 1 })),
  value("{ unknown: 1 }", () => ({ unknown: 1 })),
  value("[]", () => []),
  value("[0]", () => [0]),
  value("[1]", () => [1]),
  value("[-1]", () => [-1]),
  value("[1.5, 4]", () => [1.5, 4]),
  value("[-1, -3]", () => [-1, -3]),
  value("[-2, 3]", () => [-2, 3]),
  value("[NaN]", () => [Number.NaN]),
  value("[Infinity]", () => [Infinity]),
  value("[2^31, 2^31]", () => [2 ** 31, 2 ** 31]),
  value("[2^53, 2^53]", () => [2 ** 53, 2 ** 53]),
  value("[0, 0]", () => [0, 0]),
  value("[0, 1]", () => [0, 1]),
  value("[1, 2, 3]", () => [1, 2, 3]),
  value('["2", "3"]', () => ["2", "3"]),
  value("[null]", () => [null]),
  value("[[1], [2, 3]]", () => [[1], [2, 3]]),
  value("[{}]", () => [{}]),
  value("[a symbol]", () => [Symbol("s")]),
  value("an array with holes", () => new Array(3)),
  value("new Float32Array(3)", () => new Float32Array(3)),
  value("new Int32Array([0, 1])", () => Int32Array.of(0, 1)),
  value("new BigInt64Array(2)", () => new BigInt64Array(2)),
  value("new ArrayBuffer(8)", () => new ArrayBuffer(8)),
  value("new Map()", () => new Map()),
  value("new Date(NaN)", () => new Date(Number.NaN)),
  value("a promise", () => Promise.resolve(1)),
];

/** Numbers without any special meaning that no test relies on. */
function numbers(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i * 7) % 5) / 5 - 0.3);
}

function floats(backend: Backend, shape: readonly number[]): Tensor {
  return tensor(numbers(shape.reduce((all, size) => all * size, 1)), shape, "f32", backend);
}

function integers(backend: Backend, shape: readonly number[], fill: number): Tensor {
  const size = shape.reduce((all, length) => all * length, 1);
  return tensor(new Int32Array(size).fill(fill), shape, "i32", backend);
}

/** Tensors of many shapes, of both dtypes, out of range, of another backend and of the past. */
export function tensorValues(backend: Backend, other: Backend): HostileValue[] {
  const shapes = [
    [],
    [0],
    [1],
    [3],
    [2, 3],
    [3, 2],
    [0, 3],
    [2, 0],
    [2, 3, 4],
    [1, 2, 3, 4],
    [1, 1, 2, 1, 3],
  ];
  return [
    ...shapes.map((shape) => value(`a tensor [${shape}]`, () => floats(backend, shape))),
    ...[[], [3], [2, 3], [3, 2], [2, 0], [2, 3, 4]].flatMap((shape) =>
      [0, -1, 2 ** 31 - 1].map((fill) =>
        value(`an i32 tensor [${shape}] of ${fill}`, () => integers(backend, shape, fill)),
      ),
    ),
    value("a tensor [2, 3] of another backend", () => floats(other, [2, 3])),
    value("a tensor [3] of another backend", () => floats(other, [3])),
    value("an i32 tensor [2, 3] of another backend", () => integers(other, [2, 3], 0)),
    value("a tensor [2, 3] that is disposed of", () => {
      const made = floats(backend, [2, 3]);
      made.dispose();
      return made;
    }),
    value("a tensor [2, 3] of an ended scope", () => scope(() => floats(backend, [2, 3]), backend)),
    value("an object that has a tensor's prototype", () => Object.create(Tensor.prototype)),
  ];
}

/** NaN and infinities are in it: then a result of NaN is no surprise. */
export function isNotFinite(it: unknown): boolean {
  if (typeof it === "number") return !Number.isFinite(it);
  return Array.isArray(it) && it.some(isNotFinite);
}
