import type { NamedParameter } from "../autograd/parameter.ts";
import { adagrad, adam, adamw, type Optimizer, rmsprop, sgd } from "../optim/index.ts";

/** What a training sets of every optimizer; the rest is torch.optim's. */
export interface OptimizerSettings {
  readonly lr: number;
  readonly weightDecay: number;
}

type Make = (parameters: readonly NamedParameter[], options: OptimizerSettings) => Optimizer;

const MAKERS = { sgd, rmsprop, adagrad, adam, adamw } satisfies Record<string, Make>;

export type OptimizerName = keyof typeof MAKERS;

export const OPTIMIZERS = Object.keys(MAKERS) as OptimizerName[];

export function makeOptimizer(
  name: OptimizerName,
  parameters: readonly NamedParameter[],
  options: OptimizerSettings,
): Optimizer {
  return MAKERS[name](parameters, options);
}
