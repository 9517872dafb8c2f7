import type { FloatArray } from "../backend/backend.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import {
  checkValue,
  FUNCTION,
  LIST,
  OBJECT,
  optional,
  type Range,
  type Ranges,
  SIZE,
  settle,
} from "../core/options.ts";
import { type Stepper, Stream, type StreamStart } from "../nn/stream.ts";
import { type BeamModel, checkSymbol } from "./beam-model.ts";
import type { GenerativeModel } from "./generate.ts";

export interface StreamModelOptions {
  /** The number of symbols that the model knows. */
  vocabulary: number;
  /** For each sentence the symbols that it continues, at least one. Default: one sentence, which begins with `start`. */
  primes?: readonly ArrayLike<number>[];
}

/** The stream of a search, and for each row what it has read: a state of a {@link Stream}, otherwise all symbols. */
export interface StreamRows {
  readonly stream: Stepper<number>;
  readonly states: readonly unknown[];
}

const PRIMES: Range = { text: "a list of lists of ids", fits: Array.isArray };
const RANGES: Ranges<StreamModelOptions> = { vocabulary: SIZE, primes: optional(PRIMES) };
const MODEL: Range = {
  text: "a model with a method stream",
  fits: (value) => OBJECT.fits(value) && FUNCTION.fits((value as Partial<GenerativeModel>).stream),
};

/**
 * A model that reads one symbol at a time, such as a `LanguageModel`, as a model for {@link beamSearch}. Its rows are read
 * one after the other by one stream. A {@link Stream} continues each row from its state; another stepper, such as that of a
 * cell of your own, reads all symbols of a row again at each step. It uses the weights as they were when the search
 * began. CPU-only.
 * @throws InputError for an option that is out of range and for a prime that is empty or has ids outside the vocabulary
 */
export function streamModel(model: GenerativeModel, options: StreamModelOptions): BeamModel<StreamRows> {
  checkValue("streamModel: model", MODEL, model);
  const { vocabulary, primes } = settle<StreamModelOptions>("streamModel", RANGES, {}, options);
  const given = primes && Array.from(primes, (prime, index) => checkPrime(prime, index, vocabulary));
  return {
    vocabulary,
    begin() {
      const stream = model.stream();
      const { after } = reader(stream);
      if (given === undefined) return { state: { stream, states: [after([])] }, rows: 1 };
      const states = given.map((prime) => after(prime.slice(0, -1)));
      const symbols = Int32Array.from(given, (prime) => prime[prime.length - 1]);
      return { state: { stream, states }, rows: states.length, symbols };
    },
    step(symbols, rows, { stream, states: before }) {
      const logits = new Float64Array(symbols.length * vocabulary);
      const states: unknown[] = [];
      const { read } = reader(stream);
      for (const [at, symbol] of symbols.entries()) {
        const { output, state } = read(before[rows[at]], symbol);
        if (output.length !== vocabulary) {
          throw new ShapeError("streamModel: a step of the stream", `[${vocabulary}]`, `[${output.length}]`);
        }
        logits.set(output, at * vocabulary);
        states.push(state);
      }
      return { logits, state: { stream, states } };
    },
    dispose: ({ stream }) => stream.dispose(),
  };
}

interface Reader {
  /** The state after these symbols. */
  after(symbols: readonly number[]): unknown;
  /** Reads one more symbol from a state on. */
  read(state: unknown, symbol: number): { output: FloatArray; state: unknown };
}

function reader(stream: Stepper<number>): Reader {
  const restart = (symbols: readonly number[]) => {
    stream.reset();
    for (const symbol of symbols) stream.step(symbol);
  };
  if (stream instanceof Stream) {
    return {
      after(symbols) {
        restart(symbols);
        return stream.state;
      },
      read(state, symbol) {
        stream.state = state as StreamStart;
        const output = stream.step(symbol);
        return { output, state: stream.state };
      },
    };
  }
  return {
    after: (symbols) => symbols,
    read(state, symbol) {
      const before = state as readonly number[];
      restart(before);
      return { output: stream.step(symbol), state: [...before, symbol] };
    },
  };
}

function checkPrime(prime: unknown, index: number, vocabulary: number): number[] {
  const where = `streamModel: primes[${index}]`;
  checkValue(where, { text: "a list of ids", fits: LIST.fits }, prime);
  const symbols = Array.from(prime as ArrayLike<number>);
  for (const [at, symbol] of symbols.entries()) checkSymbol(`${where}[${at}]`, symbol, vocabulary);
  if (symbols.length > 0) return symbols;
  throw new InputError(`${where} must hold at least one id, got none`, {
    hint: "give it what a text starts after: the id of a line end, for example",
  });
}
