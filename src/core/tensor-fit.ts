import { escapeControl } from "./errors.ts";
import { type Shape, sameShape, showShape } from "./shape.ts";

/** How the tensors of a file differ from those of a model. */
export interface TensorFit {
  /** Names that only the model has. */
  readonly missing: readonly string[];
  /** Names that only the file has. */
  readonly unexpected: readonly string[];
  /** Names that both have, but with different shapes. */
  readonly misshaped: readonly {
    readonly name: string;
    /** The shape in the model. */
    readonly expected: Shape;
    /** The shape in the file. */
    readonly found: Shape;
  }[];
}

interface Shaped {
  readonly shape: Shape;
}

/** Compares names and shapes. All lists are empty if every tensor fits. */
export function compareTensors(
  expected: ReadonlyMap<string, Shaped>,
  stored: ReadonlyMap<string, Shaped>,
): TensorFit {
  const pairs = [...expected].map(([name, { shape }]) => ({
    name,
    expected: shape,
    found: stored.get(name)?.shape,
  }));
  return {
    missing: pairs.filter(({ found }) => found === undefined).map(({ name }) => name),
    unexpected: [...stored.keys()].filter((name) => !expected.has(name)),
    misshaped: pairs.flatMap(({ name, expected, found }) =>
      found === undefined || sameShape(expected, found) ? [] : [{ name, expected, found }],
    ),
  };
}

/** What does not fit, as the end of a sentence about the file; undefined if everything fits. */
export function describeMisfit({ missing, unexpected, misshaped }: TensorFit): string | undefined {
  const list = (names: readonly string[]) => escapeControl(names.join(", "));
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`has no tensor ${list(missing)}`);
  for (const { name, expected, found } of misshaped) {
    parts.push(`tensor ${escapeControl(name)} must be ${showShape(expected)}, got ${showShape(found)}`);
  }
  if (unexpected.length > 0) parts.push(`the model has no parameter ${list(unexpected)}`);
  return parts.length === 0 ? undefined : parts.join("; ");
}
