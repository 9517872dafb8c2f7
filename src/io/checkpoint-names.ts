/** Which tensors of a checkpoint are what: parameters have the names that the model gives them, the rest a prefix. */
const OPTIMIZER = "optimizer.";
const CARRIED = "carried";

/** Whether a tensor of a checkpoint is one of the model's. */
export function isParameterName(name: string): boolean {
  return name !== CARRIED && !name.startsWith(`${CARRIED}.`) && !name.startsWith(OPTIMIZER);
}

/** The tensor of an optimizer's state: `optimizer.exp_avg.rnn.weight_ih_l0`. */
export function optimizerName(name: string): string {
  return `${OPTIMIZER}${name}`;
}

/** The tensor of the carried state: `carried.hidden`; `carried` for a state of one tensor, which has no name. */
export function carriedName(name: string): string {
  return name === "" ? CARRIED : `${CARRIED}.${name}`;
}
