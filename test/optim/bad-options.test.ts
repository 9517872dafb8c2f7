import { describe, expect, it } from "vitest";
import { parameter } from "../../src/autograd/parameter.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  clipNorm,
  clipValue,
  rmsprop,
  sgd,
} from "../../src/optim/index.ts";
import { backends } from "../support/backends.ts";

const optimizers = { sgd, rmsprop, adagrad, adam, adamw, adadelta, adamax };
const given = () => [{ name: "w", tensor: parameter([1, 2], [2], backends[0].backend) }];

/** Every option of every optimizer with values outside its range. */
const BAD: Record<keyof typeof optimizers, Record<string, unknown[]>> = {
  sgd: {
    lr: [-1, Number.NaN, Number.POSITIVE_INFINITY, "0.1"],
    momentum: [-0.1, Number.NaN],
    dampening: [-0.1, 1.1],
    nesterov: [1],
    weightDecay: [-1, Number.POSITIVE_INFINITY],
  },
  rmsprop: {
    lr: [-1, Number.NaN],
    alpha: [-0.1, 1],
    eps: [-1e-8],
    momentum: [-0.5],
    centered: ["yes"],
    weightDecay: [-1],
  },
  adagrad: {
    lr: [-1, Number.NaN],
    lrDecay: [-0.1],
    initialAccumulator: [-1, Number.NaN],
    eps: [-1e-8],
    epsInsideRoot: [1],
    weightDecay: [-1],
  },
  adam: {
    lr: [-1, Number.NaN],
    betas: [[0.9, 1], [-0.1, 0.9], [0.9], 0.9, [Number.NaN, 0.9]],
    eps: [-1],
    weightDecay: [-1],
    amsgrad: [1, "yes"],
  },
  adadelta: {
    lr: [-1, Number.NaN],
    rho: [-0.1, 1.1, Number.NaN],
    eps: [0, -1, Number.POSITIVE_INFINITY],
    weightDecay: [-1, "0"],
  },
  adamax: {
    lr: [-1, Number.POSITIVE_INFINITY],
    betas: [[0.9, 1], [0.9], 0.9],
    eps: [0, Number.NaN],
    weightDecay: [-1],
  },
  adamw: { lr: [-1], betas: [[1, 0.9]], eps: [Number.NaN], weightDecay: [-1, Number.NaN] },
};

const cases = Object.entries(BAD).flatMap(([name, options]) =>
  Object.entries(options).flatMap(([option, values]) => values.map((value) => ({ name, option, value }))),
);

describe("settings outside their range", () => {
  it.each(cases)(
    "$name refuses $option = $value, by its name and with the range",
    ({ name, option, value }) => {
      const make = optimizers[name as "sgd"];
      const bad = { [option]: value };
      const message = expect.stringMatching(new RegExp(`^${name}: ${option} must be .+, got .+$`));
      expect(() => make(given(), bad)).toThrow(expect.objectContaining({ code: "INPUT", message }));
      const grouped = expect.stringMatching(new RegExp(`^${name}: group 0: ${option} must be .+, got .+$`));
      expect(() => make([{ parameters: given(), ...bad }])).toThrow(
        expect.objectContaining({ code: "INPUT", message: grouped }),
      );
    },
  );

  it("the range is in words", () => {
    expect(() => adam(given(), { betas: [0.9, 1] })).toThrow(
      "adam: betas must be 2 numbers, each at least 0 and below 1, got [0.9, 1]",
    );
  });

  it("Nesterov without momentum or with dampening is refused", () => {
    expect(() => sgd(given(), { nesterov: true })).toThrow(
      "sgd: nesterov needs momentum above 0 and dampening 0, got momentum 0, dampening 0",
    );
    expect(() => sgd(given(), { nesterov: true, momentum: 0.9, dampening: 0.1 })).toThrow("dampening 0.1");
  });

  it("an unknown option is refused with the nearest that there is", () => {
    const options: object = { weight_decay: 0.1 };
    expect(() => adam(given(), options)).toThrow(
      expect.objectContaining({
        problem: "adam: unknown option weight_decay",
        hint: "did you mean weightDecay?",
      }),
    );
  });

  it("undefined means the default", () => {
    expect(adam(given(), { lr: undefined }).learningRate).toBe(1e-3);
  });

  it("a group's own rate needs a rate above 0 to keep its ratio to", () => {
    expect(() => adam([{ parameters: given(), lr: 0.1 }], { lr: 0 })).toThrow(
      "adam: lr must be above 0 where a group has its own, got 0",
    );
  });

  it.each([0, -1, Number.NaN, "2"])(
    "clipping by the norm of order %s is refused, and so is another option",
    (norm) => {
      expect(() => clipNorm(1, { norm: norm as number })).toThrow(
        "clipNorm: norm must be a number above 0, or Infinity, got",
      );
      const misspelt: object = { normType: 1 };
      expect(() => clipNorm(1, misspelt)).toThrow("clipNorm: unknown option normType");
    },
  );

  it.each([0, -1, Number.NaN])("clipping at %d is refused", (limit) => {
    expect(() => clipNorm(limit)).toThrow(`clipNorm: max must be above 0, got ${limit}`);
    expect(() => clipValue(limit)).toThrow(`clipValue: limit must be above 0, got ${limit}`);
  });
});
