/** One call of every kernel of unrolled.h that is not recurrent, at any size and with any values. */
import { ATTENTION_SCORES, BINARY, REDUCE, TERNARY, UNARY } from "../../src/backend/kernels.generated.ts";
import type { Argument, Call } from "./against-reference.ts";

export interface Sizes {
  readonly rows: number;
  readonly n: number;
  readonly inner: number;
}

/** Values for a call: `any` may be special, `small` are finite, `above` 0 are so, `p` lie in [0, 1]. */
export interface Draw {
  any(count: number): number[];
  small(count: number): number[];
  above(count: number): number[];
}

const reads = (values: number[]): Argument => ({ reads: values });
const changes = (values: number[]): Argument => ({ changes: values });
const writes = (count: number): Argument => ({ writes: count });
const ids = (count: number, below: number, from = 0): Argument => ({
  ids: Array.from({ length: count }, (_, i) => ((i * 7 + (i >> 2)) % (below - from)) + from),
});

export function callsOf({ rows, n, inner }: Sizes, draw: Draw): Call[] {
  const { any, small, above } = draw;
  const all = rows * n;
  const elementwise: Call[] = [
    { kernel: "fill", args: [writes(n), any(1)[0], n] },
    { kernel: "copy", args: [writes(n), reads(any(n)), n] },
    ...["add", "sub", "mul", "sigmoid_backward", "tanh_backward"].map((kernel) => ({
      kernel,
      args: [writes(n), reads(any(n)), reads(any(n)), n],
    })),
    { kernel: "scale", args: [writes(n), reads(any(n)), 0.75, n] },
    { kernel: "scale_by", args: [writes(n), reads(any(n)), reads(any(1)), 3, n] },
    { kernel: "accumulate", args: [changes(any(n)), reads(any(n)), n] },
    ...["sigmoid", "tanh_forward"].map((kernel) => ({ kernel, args: [writes(n), reads(any(n)), n] })),
    { kernel: "dropout", args: [writes(n), reads(any(n)), 5, 9, 2 ** 33 - 3, 0.4, n] },
    { kernel: "random_normal", args: [writes(n), 5, 9, 2 ** 33 - 3, n] },
    ...Object.values(UNARY).flatMap((kind) => [
      { kernel: "unary", args: [kind, writes(n), reads(any(n)), kind === UNARY.pow ? 3 : -1, 2, n] },
      {
        kernel: "unary_backward",
        args: [kind, writes(n), reads(small(n)), reads(any(n)), kind === UNARY.pow ? 3 : -1, 2, n],
      },
    ]),
  ];
  const moving: Call[] = [
    { kernel: "copy_rows", args: [changes(any(rows * (n + 1))), n + 1, reads(any(all)), n, rows, n] },
    { kernel: "swap_axes", args: [writes(all * inner), reads(any(all * inner)), rows, n, inner] },
    { kernel: "gather_rows", args: [writes(all), reads(any(5 * n)), ids(rows, 5, -1), rows, n] },
    { kernel: "scatter_add_rows", args: [changes(any(5 * n)), reads(any(all)), ids(rows, 5, -1), rows, n] },
    {
      kernel: "move_strided",
      args: [writes(all), reads(any(all)), 1, 1, rows, n, 0, 0, n, 1, 0, 0, n, 1],
    },
    { kernel: "sum", args: [writes(1), reads(any(n)), n] },
    { kernel: "sum_rows", args: [writes(n), reads(any(all)), rows, n] },
  ];
  const [dense, column, row] = [
    [0, 0, n, 1],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ] as const;
  const strided: Call[] = [
    ...Object.values(BINARY).flatMap((kind) =>
      [
        { a: dense, b: dense, sizes: [all, all] },
        { a: column, b: row, sizes: [rows, n] },
      ].map(({ a, b, sizes }) => ({
        kernel: "binary",
        args: [
          ...[kind, writes(all)],
          ...sizes.map((size) => (kind === BINARY.equalIntegers ? ids(size, 3, -1) : reads(any(size)))),
          ...[1, 1, rows, n, ...a, ...b],
        ],
      })),
    ),
    ...Object.values(TERNARY).map((kind) => ({
      kernel: "ternary",
      args: [
        /* A condition is a word of any type: -0, which is no word of zeros, means nothing to float64. */
        ...[kind, writes(all), reads(any(all).map((x) => x || Math.abs(x))), reads(any(all)), reads(any(n))],
        ...[1, 1, rows, n, ...dense, ...dense, ...row],
      ],
    })),
  ];
  if (n === 0) return [...elementwise, ...moving, ...strided];
  /* Upstream gradients of a loss are finite: p * infinity - infinity is NaN, here and in PyTorch, where the reference,
   * (p - 1) * infinity, has an infinity. */
  const targets = ids(rows, n);
  const weights = reads(above(n));
  const gains = [reads(small(n)), reads(small(n))];
  const along: Call[] = [
    { kernel: "take_along", args: [writes(rows * 3), reads(any(all)), ids(rows * 3, n, -1), rows, n, 3] },
    {
      kernel: "scatter_add_along",
      args: [changes(any(all)), reads(any(rows * 3)), ids(rows * 3, n, -1), rows, n, 3],
    },
    { kernel: "argmax", args: [{ writesIds: rows * inner }, reads(any(all * inner)), rows, n, inner] },
    ...Object.values(REDUCE).map((kind) => ({
      kernel: "reduce",
      args: [kind, writes(rows * inner), reads(any(all * inner)), rows, n, inner],
    })),
    ...[0, 1].flatMap((logarithm) => [
      { kernel: "softmax", args: [writes(all), reads(any(all)), logarithm, rows, n] },
      {
        kernel: "softmax_backward",
        args: [writes(all), reads(any(all)), reads(small(all)), logarithm, rows, n],
      },
    ]),
    {
      kernel: "layer_norm",
      args: [writes(all), writes(rows), writes(rows), reads(any(all)), ...gains, 1e-5, rows, n],
    },
    {
      kernel: "layer_norm_backward",
      args: [
        ...[writes(all), writes(n), writes(n), reads(any(all)), reads(small(all))],
        ...[reads(small(rows)), reads(above(rows)), reads(small(n)), rows, n],
      ],
    },
    {
      kernel: "cross_entropy",
      args: [writes(1), writes(rows), writes(rows), reads(any(all)), targets, rows, n],
    },
    {
      kernel: "cross_entropy_backward",
      args: [writes(all), reads(small(1)), reads(small(rows)), reads(small(all)), targets, rows, n],
    },
    {
      kernel: "cross_entropy_rows",
      args: [writes(rows), writes(rows), writes(rows), reads(any(all)), targets, weights, 0, 0.1, rows, n],
    },
    {
      kernel: "cross_entropy_rows_backward",
      args: [
        ...[writes(all), reads(small(rows)), reads(small(rows)), reads(small(all)), targets, weights],
        ...[0, 0.1, rows, n],
      ],
    },
  ];
  /* A memory of two sequences of n places, the second of them shorter; `rows` queries for each; features and values of n. */
  const memory = () => [reads(small(2 * n * n)), reads(small(2 * n * n)), reads(small(n))];
  const lengths: Argument = { ids: [n, Math.ceil(n / 2)] };
  const attention: Call[] = Object.values(ATTENTION_SCORES).flatMap((kind) => [
    {
      kernel: "attention",
      args: [
        ...[kind, writes(2 * all), writes(2 * all), reads(small(2 * all)), ...memory(), lengths],
        ...[0.25, 2, rows, n, n, n],
      ],
    },
    {
      kernel: "attention_backward",
      args: [
        ...[kind, writes(2 * all), changes(small(2 * n * n)), changes(small(2 * n * n)), changes(small(n))],
        ...[reads(small(2 * all)), reads(small(2 * all)), reads(small(2 * all)), ...memory()],
        ...[reads(above(2 * all).map((x) => Math.fround(x / n))), lengths, 0.25, 2, rows, n, n, n],
        { scratch: n } as const,
      ],
    },
  ]);
  /* A window of 2 x 3 over planes of (rows + 1) x (n + 2), padded by one. */
  const [h, w] = [rows + 1, n + 2];
  const [oh, ow] = [h + 1, w];
  const window = [inner, h, w, 2, 3, 1, 1, 1, 1, oh, ow];
  const image: Call[] = [
    { kernel: "im2col", args: [writes(inner * 6 * oh * ow), reads(any(inner * h * w)), ...window] },
    { kernel: "col2im", args: [changes(any(inner * h * w)), reads(any(inner * 6 * oh * ow)), ...window] },
    {
      kernel: "max_pool",
      args: [writes(inner * oh * ow), { writesIds: inner * oh * ow }, reads(any(inner * h * w)), ...window],
    },
  ];
  const state = () => changes(above(n));
  const clip = reads([0.5, 0.25]);
  const updates: Call[] = [
    { kernel: "clip_norm", args: [writes(1), writes(2), reads(any(n)), 0.5, n] },
    { kernel: "clip_gradient", args: [changes(any(n)), clip, n] },
    {
      kernel: "sgd",
      args: [changes(small(n)), reads(any(n)), clip, state(), changes([2]), 0.1, 0.9, 0.1, 0.01, 0, n],
    },
    {
      kernel: "rmsprop",
      args: [changes(small(n)), reads(any(n)), clip, state(), 0, state(), 0.1, 0.9, 1e-8, 0.9, 0.01, n],
    },
    {
      kernel: "adagrad",
      args: [changes(small(n)), reads(any(n)), 0, state(), changes([2]), 0.1, 0.1, 1e-8, 0.01, 0, n],
    },
    {
      kernel: "adam",
      args: [
        changes(small(n)),
        reads(any(n)),
        clip,
        state(),
        state(),
        changes([2]),
        0.1,
        0.9,
        0.99,
        1e-8,
        0.01,
        1,
        n,
      ],
    },
  ];
  return [...elementwise, ...moving, ...strided, ...along, ...attention, ...image, ...updates];
}
