import { analyticGradients, numericGradients, STEP } from "../../autograd/gradcheck.ts";
import { type NamedParameter, parameters } from "../../autograd/parameter.ts";
import { createReferenceBackend } from "../../backend/reference/reference.ts";
import { scope } from "../../backend/scope.ts";
import { ids, type Tensor } from "../../backend/tensor.ts";
import type { Hooks } from "../../core/hooks.ts";
import { Rng } from "../../core/rng.ts";
import { MinCharRnn, STEPS } from "./model.ts";
import { readProgramText } from "./text.ts";
import { Stream } from "./training.ts";

/** One entry of a parameter. */
export interface CheckedEntry {
  readonly parameter: string;
  /** Row and column; one number for a bias. */
  readonly entry: readonly number[];
  readonly analytic: number;
  readonly numeric: number;
  /** |analytic - numeric| / |analytic + numeric|; 0 where both are 0. */
  readonly relativeError: number;
  readonly passed: boolean;
}

/** Entries of each parameter, as in the program. */
const ENTRIES = 10;

/** Of these so many, if there are, where the gradient is zero: in Wxh all letters that the 25 characters lack. */
const ZEROS = 2;

/** The program asks for about 1e-7, and gets it where the gradient is not small. */
const TOLERANCE = 1e-5;

/** Roundings on the way to a loss, each 2^-53 of it at most, that a difference quotient divides by the step. */
const ROUNDINGS = 10;

/**
 * The gradient check of Karpathy's min-char-rnn.py on the first 25 characters of a text: 10 entries of each
 * parameter, drawn at random, against central differences.
 * @param path undefined: the bundled corpus
 */
export async function* checkMinCharRnn(
  path: string | undefined,
  seed: number,
  hooks: Pick<Hooks, "onProgress" | "onNote">,
): AsyncGenerator<CheckedEntry> {
  const corpus = await readProgramText(path, hooks);
  const backend = createReferenceBackend();
  const rng = new Rng(seed);
  const model = new MinCharRnn(corpus.vocabulary.size, { rng: rng.fork(Stream.weights), backend });
  const column = (from: number) => ids(corpus.ids.subarray(from, from + STEPS), [STEPS, 1]);
  yield* checkEntries(() => model.loss(column(0), column(1)).loss, parameters(model), rng.fork(Stream.check));
}

/** The same for any scalar function of parameters on the reference backend. */
export async function* checkEntries(
  loss: () => Tensor,
  named: readonly NamedParameter[],
  rng: Rng,
): AsyncGenerator<CheckedEntry> {
  const tensors = named.map(({ tensor }) => tensor);
  const gradients = await analyticGradients(loss, tensors);
  const [value] = await scope(() => loss().read(), tensors[0].backend);
  const noise = (ROUNDINGS * 2 ** -53 * Math.abs(value)) / STEP;
  for (const [index, { name, tensor }] of named.entries()) {
    const elements = chooseEntries(gradients[index], rng);
    const numeric = await numericGradients(loss, tensor, elements);
    for (const [position, element] of elements.entries()) {
      const [a, n] = [gradients[index][element], numeric[position]];
      const [difference, size] = [Math.abs(a - n), Math.abs(a + n)];
      yield {
        parameter: name,
        entry: placeOf(element, tensor.shape),
        analytic: a,
        numeric: n,
        relativeError: difference === 0 ? 0 : difference / size,
        passed: difference <= TOLERANCE * size + noise,
      };
    }
  }
}

/** Different entries in random order: most of those whose gradient is not zero, where a mistake shows. */
function chooseEntries(gradient: ArrayLike<number>, rng: Rng): number[] {
  const all = Array.from({ length: gradient.length }, (_, element) => element);
  const shuffled = all.map((element) => ({ element, key: rng.uniform() })).sort((a, b) => a.key - b.key);
  const order = shuffled.map(({ element }) => element);
  const zeros = order.filter((element) => gradient[element] === 0);
  const others = order.filter((element) => gradient[element] !== 0);
  const fewest = Math.max(ENTRIES - others.length, Math.min(ZEROS, zeros.length));
  return [...others.slice(0, ENTRIES - fewest), ...zeros.slice(0, fewest)];
}

function placeOf(element: number, shape: readonly number[]): number[] {
  return shape.length === 1
    ? [element]
    : [
        ...placeOf(Math.floor(element / shape[shape.length - 1]), shape.slice(0, -1)),
        element % shape[shape.length - 1],
      ];
}
