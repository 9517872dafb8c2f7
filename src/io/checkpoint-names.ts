/** The names of tensors in a checkpoint. Parameters have the names that the model gives them, all others a prefix. */
const OPTIMIZER = "optimizer.";
const CARRIED = "carried";

/** Whether a tensor of a checkpoint is a parameter of the model. */
export function isParameterName(name: string): boolean {
  return name !== CARRIED && !name.startsWith(`${CARRIED}.`) && !name.startsWith(OPTIMIZER);
}

/** The name of a tensor of the optimizer's state: `optimizer.exp_avg.rnn.weight_ih_l0`. */
export function optimizerName(name: string): string {
  return `${OPTIMIZER}${name}`;
}

/** The name of a tensor of the carried state: `carried.hidden`; `carried` if the state is one tensor without a name. */
export function carriedName(name: string): string {
  return name === "" ? CARRIED : `${CARRIED}.${name}`;
}
