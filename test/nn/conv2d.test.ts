/** Convolutions of batches, small and large ones, against plain loops in float64. */
import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { scope } from "../../src/backend/scope.ts";
import { type Tensor, tensor } from "../../src/backend/tensor.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import {
  Conv2d,
  type Conv2dOptions,
  conv2d,
  maxPool2d,
  mul,
  type Pair,
  parameters,
  Rng,
  sum,
} from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

interface Setting {
  readonly what: string;
  /** [N, C, H, W] */
  readonly x: Shape;
  readonly outputs: number;
  readonly kernel: Pair;
  readonly options: Omit<Conv2dOptions, "rng">;
}

const settings: Setting[] = [
  { what: "of a batch in one product", x: [5, 2, 6, 5], outputs: 3, kernel: 3, options: { padding: 1 } },
  { what: "of one image", x: [1, 3, 4, 4], outputs: 2, kernel: [2, 3], options: { bias: false } },
  {
    what: "with strides and borders",
    ...{ x: [4, 2, 7, 6], outputs: 3, kernel: [3, 2] },
    options: { stride: [2, 1], padding: [0, 1] },
  },
  // 205 kB of patches an image: two at a time, and a last one by itself.
  { what: "of a batch in several products", x: [5, 8, 20, 20], outputs: 4, kernel: 5, options: {} },
  // 1.2 MB of patches: every image by itself.
  { what: "of large images", x: [2, 3, 112, 110], outputs: 2, kernel: 3, options: { stride: 1, padding: 1 } },
];

const values = (shape: Shape, seed: number) => {
  const rng = new Rng(seed);
  return Float32Array.from({ length: sizeOf(shape) }, () => rng.uniform() - 0.5);
};

const both = (pair: Pair) => (typeof pair === "number" ? [pair, pair] : pair);

/** y, and for dy the gradients of x, weight and bias: loops over everything. */
function loops(setting: Setting, x: ArrayLike<number>, weight: ArrayLike<number>, bias?: ArrayLike<number>) {
  const [N, C, H, W] = setting.x;
  const O = setting.outputs;
  const [kh, kw] = both(setting.kernel);
  const [sh, sw] = both(setting.options.stride ?? 1);
  const [ph, pw] = both(setting.options.padding ?? 0);
  const [oh, ow] = [Math.floor((H + 2 * ph - kh) / sh) + 1, Math.floor((W + 2 * pw - kw) / sw) + 1];
  const y = new Float64Array(N * O * oh * ow);
  const dx = new Float64Array(x.length);
  const dWeight = new Float64Array(weight.length);
  const dBias = new Float64Array(bias === undefined ? 0 : O);
  const dy = values([y.length], 4);
  const visit = (each: (y: number, x: number, weight: number) => void) => {
    for (let at = 0; at < y.length; at++) {
      const [n, o, i, j] = [
        Math.floor(at / (O * oh * ow)),
        Math.floor(at / (oh * ow)) % O,
        Math.floor(at / ow) % oh,
        at % ow,
      ];
      for (let k = 0; k < C * kh * kw; k++) {
        const [c, a, b] = [Math.floor(k / (kh * kw)), Math.floor(k / kw) % kh, k % kw];
        const [row, column] = [i * sh + a - ph, j * sw + b - pw];
        if (row < 0 || row >= H || column < 0 || column >= W) continue;
        each(at, ((n * C + c) * H + row) * W + column, o * C * kh * kw + k);
      }
    }
  };
  for (let at = 0; at < y.length; at++) {
    const o = Math.floor(at / (oh * ow)) % O;
    y[at] = bias?.[o] ?? 0;
    if (bias !== undefined) dBias[o] += dy[at];
  }
  visit((at, i, k) => {
    y[at] += x[i] * weight[k];
    dx[i] += dy[at] * weight[k];
    dWeight[k] += dy[at] * x[i];
  });
  return { shape: [N, O, oh, ow], y, dy, dx, dWeight, dBias };
}

const LOOSE = { absolute: 2e-4, relative: 1e-4 };

describe.each(backends)("on $name", ({ backend, name }) => {
  it.each(settings)("a convolution $what has the values and gradients of plain loops", async (setting) => {
    const conv = new Conv2d(setting.x[1], setting.outputs, setting.kernel, {
      rng: new Rng(1),
      backend,
      ...setting.options,
    });
    const x = tensor(values(setting.x, 2), setting.x, "f32", backend);
    x.needsGradient = true;
    const read = async (one: Tensor | undefined) => (one === undefined ? undefined : await one.read());
    const expected = loops(setting, await x.read(), (await read(conv.weight))!, await read(conv.bias));
    const { shape, reads } = scope(() => {
      const tape = new Tape();
      const { y, loss } = withTape(tape, () => {
        const y = conv.forward(x);
        return { y, loss: sum(mul(y, tensor(expected.dy, y.shape))) };
      });
      const gradientOf = backward(tape, loss);
      const all = {
        y,
        dx: gradientOf(x),
        dWeight: gradientOf(conv.weight),
        dBias: conv.bias && gradientOf(conv.bias),
      };
      return {
        shape: y.shape,
        reads: Object.entries(all).map(([part, one]) => [part, one?.read()] as const),
      };
    }, backend);
    expect(shape).toEqual(expected.shape);
    const tolerance = name === "reference" ? { absolute: 1e-9, relative: 0 } : LOOSE;
    for (const [part, got] of reads) {
      const difference = firstDifference((await got) ?? [], expected[part as "y"], tolerance);
      expect(difference, part).toBeUndefined();
    }
  });

  it("an image has the same bits alone and in a batch", async () => {
    const [batch, weight, bias] = [[6, 2, 5, 5], [3, 2, 3, 3], [3]].map((shape, i) =>
      tensor(values(shape, i), shape, "f32", backend),
    );
    const [all, one] = scope(
      () => [
        conv2d(batch, weight, bias).read(),
        conv2d(batch.view([1, 2, 5, 5], 4 * 50), weight, bias).read(),
      ],
      backend,
    );
    expect(Array.from(await all).slice(4 * 27, 5 * 27)).toEqual(Array.from(await one));
  });
});

describe("Conv2d", () => {
  const reference = createReferenceBackend();

  it("starts as PyTorch's does: uniform within 1 / sqrt(C kh kw)", async () => {
    const conv = new Conv2d(4, 200, [3, 5], { rng: new Rng(3), backend: reference });
    expect(parameters(conv).map(({ name, tensor }) => [name, tensor.shape])).toEqual([
      ["weight", [200, 4, 3, 5]],
      ["bias", [200]],
    ]);
    const bound = 1 / Math.sqrt(60);
    for (const { tensor } of parameters(conv)) {
      const all = Array.from(await tensor.read());
      expect(Math.max(...all.map(Math.abs))).toBeLessThanOrEqual(bound);
      expect(Math.max(...all)).toBeGreaterThan(0.9 * bound);
      expect(Math.min(...all)).toBeLessThan(-0.9 * bound);
    }
  });

  it("and maximum pooling: gradients equal central differences", async () => {
    const conv = new Conv2d(2, 3, 3, { rng: new Rng(3), backend: reference, padding: 1 });
    const x = tensor(values([2, 2, 4, 4], 5), [2, 2, 4, 4], "f32", reference);
    const loss = () => {
      const y = maxPool2d(conv.forward(x), 2);
      return sum(mul(y, tensor(values([y.size], 6), y.shape)));
    };
    for (const { name, error } of await checkGradients(loss, { x, weight: conv.weight, bias: conv.bias! })) {
      expect(error, name).toBeLessThanOrEqual(1e-6);
    }
  });

  it.each([
    [
      () => new Conv2d(0, 2, 3, { rng: new Rng(1) }),
      "Conv2d: channels must be an integer of at least 1, got 0",
    ],
    [
      () => new Conv2d(1, 2, 0, { rng: new Rng(1) }),
      "Conv2d: kernel must be a whole number from 1 up, or two, got [0, 0]",
    ],
    [
      () => new Conv2d(1, 2, 3, { rng: new Rng(1), stride: [1, 0] }),
      "Conv2d: stride must be a whole number from 1 up",
    ],
    [
      () => new Conv2d(1, 2, 3, { rng: new Rng(1), padding: -1 }),
      "Conv2d: padding must be a whole number from 0 up",
    ],
    [() => new Conv2d(1, 2, 3, { rng: new Rng(1), dilation: 2 } as never), "Conv2d: unknown option dilation"],
  ])("refuses what is no convolution: %#", (make, message) => {
    expect(make).toThrow(message);
  });
});
