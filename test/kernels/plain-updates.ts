/** The optimizers of torch.optim, one step in float64, element by element. State arrays are changed in place. */

export interface AdamOptions {
  lr: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  decoupled: boolean;
}

export function adam(p: number[], g: number[], [m, v]: number[][], o: AdamOptions, step: number): void {
  for (let i = 0; i < p.length; i++) {
    if (o.decoupled) p[i] *= 1 - o.lr * o.weightDecay;
    const d = o.decoupled ? g[i] : g[i] + o.weightDecay * p[i];
    m[i] = o.beta1 * m[i] + (1 - o.beta1) * d;
    v[i] = o.beta2 * v[i] + (1 - o.beta2) * d * d;
    const denominator = Math.sqrt(v[i]) / Math.sqrt(1 - o.beta2 ** step) + o.epsilon;
    p[i] -= ((o.lr / (1 - o.beta1 ** step)) * m[i]) / denominator;
  }
}

export interface SGDOptions {
  lr: number;
  momentum: number;
  dampening: number;
  weightDecay: number;
  nesterov: boolean;
}

export function sgd(p: number[], g: number[], [buffer]: number[][], o: SGDOptions, step: number): void {
  for (let i = 0; i < p.length; i++) {
    let d = g[i] + o.weightDecay * p[i];
    if (o.momentum !== 0) {
      buffer[i] = step === 1 ? d : o.momentum * buffer[i] + (1 - o.dampening) * d;
      d = o.nesterov ? d + o.momentum * buffer[i] : buffer[i];
    }
    p[i] -= o.lr * d;
  }
}

export interface RMSpropOptions {
  lr: number;
  alpha: number;
  epsilon: number;
  momentum: number;
  weightDecay: number;
  centered: boolean;
}

export function rmsprop(p: number[], g: number[], state: number[][], o: RMSpropOptions): void {
  const [square, mean, buffer] = state;
  for (let i = 0; i < p.length; i++) {
    const d = g[i] + o.weightDecay * p[i];
    square[i] = o.alpha * square[i] + (1 - o.alpha) * d * d;
    if (o.centered) mean[i] = o.alpha * mean[i] + (1 - o.alpha) * d;
    const spread = Math.sqrt(square[i] - (o.centered ? mean[i] ** 2 : 0));
    buffer[i] = o.momentum * buffer[i] + d / (spread + o.epsilon);
    p[i] -= o.lr * buffer[i];
  }
}

export interface AdagradOptions {
  lr: number;
  lrDecay: number;
  epsilon: number;
  weightDecay: number;
  inside: boolean;
}

export function adagrad(
  p: number[],
  g: number[],
  [total]: number[][],
  o: AdagradOptions,
  step: number,
): void {
  for (let i = 0; i < p.length; i++) {
    const d = g[i] + o.weightDecay * p[i];
    total[i] += d * d;
    const length = o.inside ? Math.sqrt(total[i] + o.epsilon) : Math.sqrt(total[i]) + o.epsilon;
    p[i] -= ((o.lr / (1 + (step - 1) * o.lrDecay)) * d) / length;
  }
}
