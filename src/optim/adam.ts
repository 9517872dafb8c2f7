import { Gradients, type NamedParameter } from "../autograd/parameter.ts";
import { Frames } from "../backend/scope.ts";
import { persistent, type Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import type { Optimizer } from "./optimizer.ts";

export interface AdamOptions {
  /** Learning rate; default 1e-3. */
  lr?: number;
  /** Decay of the running means of g and g^2; default 0.9 and 0.999. */
  betas?: readonly [number, number];
  /** Added to the denominator; default 1e-8. */
  eps?: number;
  /** L2 penalty, added to the gradient; default 0. */
  weightDecay?: number;
}

class Adam implements Optimizer {
  readonly parameters: readonly NamedParameter[];
  readonly gradients: Gradients;
  readonly frames: Frames;
  learningRate: number;
  stepCount = 0;
  private readonly settings: Required<AdamOptions>;
  private readonly means = new Map<string, Tensor>();
  private readonly squares = new Map<string, Tensor>();

  constructor(parameters: readonly NamedParameter[], settings: Required<AdamOptions>) {
    this.parameters = parameters;
    this.settings = settings;
    this.learningRate = settings.lr;
    this.gradients = new Gradients(parameters);
    this.frames = new Frames(this.gradients.flat.backend);
    for (const { name, tensor } of parameters) {
      for (const moments of [this.means, this.squares]) {
        const moment = persistent(tensor.shape, "f32", tensor.backend);
        moment.backend.kernels.fill(moment.address, 0, moment.size);
        moments.set(name, moment);
      }
    }
  }

  update(): void {
    this.stepCount++;
    const [beta1, beta2] = this.settings.betas;
    const { eps, weightDecay } = this.settings;
    for (const { name, tensor } of this.parameters) {
      const [mean, square] = [this.means.get(name)!, this.squares.get(name)!];
      tensor.backend.kernels.adam(
        ...([tensor.address, this.gradients.of(tensor)!.address, mean.address, square.address] as const),
        ...([this.learningRate, beta1, beta2, eps, weightDecay, 0, this.stepCount, tensor.size] as const),
      );
    }
  }

  state(): Map<string, Tensor> {
    const all = new Map<string, Tensor>();
    for (const [name, mean] of this.means) all.set(`exp_avg.${name}`, mean);
    for (const [name, square] of this.squares) all.set(`exp_avg_sq.${name}`, square);
    return all;
  }

  dispose(): void {
    for (const tensor of this.state().values()) tensor.dispose();
    this.gradients.flat.dispose();
    this.gradients.norm.dispose();
    this.frames.dispose();
  }
}

/**
 * Adam (Kingma and Ba 2015) as torch.optim.Adam computes it.
 * @throws InputError for a setting outside its range
 */
export function adam(parameters: readonly NamedParameter[], options: AdamOptions = {}): Optimizer {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = options;
  const atLeast0 = { lr, eps, weightDecay };
  for (const [name, value] of Object.entries(atLeast0)) {
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new InputError(`adam: ${name} must be a finite number of at least 0, got ${value}`);
    }
  }
  for (const beta of betas) {
    if (!(beta >= 0 && beta < 1)) throw new InputError(`adam: betas must be in [0, 1), got ${beta}`);
  }
  return new Adam(parameters, { lr, betas, eps, weightDecay });
}
