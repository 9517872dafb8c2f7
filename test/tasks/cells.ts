/** Files of users' own cells, as they would write them. */
import { writeFileSync } from "node:fs";
import { fresh } from "./text-runs.ts";

/** A tanh cell with two state tensors, one of them in an array; `body` goes before the end of its step. */
export function cellText(body = ""): string {
  return `import { add, type CreateCellOptions, Linear, type StepContext, type Tensor, tanh, zeros } from "unrolled/nn";

type State = { h: Tensor; past: Tensor[] };

export default class Echo {
  readonly input: Linear;
  readonly recurrent: Linear;
  private readonly _hidden: number;

  constructor(inputs: number, hidden: number, options: CreateCellOptions) {
    this.input = new Linear(inputs, hidden, options);
    this.recurrent = new Linear(hidden, hidden, options);
    this._hidden = hidden;
  }

  zeroState(batch: number): State {
    return { h: zeros([batch, this._hidden]), past: [zeros([batch, this._hidden])] };
  }

  step(x: Tensor, { h, past }: State, _: StepContext) {
    const next = tanh(add(add(this.input.forward(x), this.recurrent.forward(h)), past[0]));
    ${body}
    return { output: next, state: { h: next, past: [h] } };
  }
}
`;
}

export function cellFile(text = cellText(), name = "my-cell.ts"): string {
  const path = `${fresh("cell")}-${name}`;
  writeFileSync(path, text);
  return path;
}
