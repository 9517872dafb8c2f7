import type { NamedParameter } from "../autograd/parameter.ts";
import { adagrad, adam, adamw, type Optimizer, rmsprop, sgd } from "../optim/index.ts";

type Make = (parameters: readonly NamedParameter[], options: { lr: number }) => Optimizer;

const MAKERS = { sgd, rmsprop, adagrad, adam, adamw } satisfies Record<string, Make>;

export type OptimizerName = keyof typeof MAKERS;

export const OPTIMIZERS = Object.keys(MAKERS) as OptimizerName[];

/** The settings of each are torch.optim's, but for the learning rate. */
export function makeOptimizer(
  name: OptimizerName,
  parameters: readonly NamedParameter[],
  options: { lr: number },
): Optimizer {
  return MAKERS[name](parameters, options);
}
