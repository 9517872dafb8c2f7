/**
 * Values that arrive one by one: a GRU learns to say the next one of a noisy wave, then runs as a stream, an answer for
 * every value, with its weights in f32, bf16 and int8.
 *
 *     npm run build && npx node examples/streaming.ts
 */
import { step } from "unrolled";
import { GRU, Linear, mseLoss, parameters, Rng, reshape, tensor, type WeightFormat } from "unrolled/nn";
import { adam, clipNorm } from "unrolled/optim";

const [batch, time, updates] = [16, 50, 200];
const NOISE = 0.1;

const rng = new Rng(1);
const rnn = new GRU(1, 48, { rng });
const head = new Linear(48, 1, { rng });
const optimizer = adam(parameters({ rnn, head }), { lr: 5e-3 });

for (let update = 0; update < updates; update++) {
  const waves = Array.from({ length: batch }, () => wave(time + 1));
  const { loss } = step(
    () => {
      const { output } = rnn.forward(
        tensor(
          waves.flatMap((one) => one.slice(0, -1)),
          [batch, time, 1],
        ),
      );
      const next = tensor(
        waves.flatMap((one) => one.slice(1)),
        [batch * time],
      );
      return mseLoss(reshape(head.forward(output), [batch * time]), next);
    },
    optimizer,
    clipNorm(1),
  );
  if (update === updates - 1) console.log(`training: mean squared error ${(await loss).toFixed(4)}`);
}

const sensor = wave(2000);
console.log(
  `the last value again: ${error((value) => value).toFixed(4)}; its noise alone is ${(NOISE ** 2).toFixed(4)}`,
);
for (const weights of ["f32", "bf16", "int8"] satisfies WeightFormat[]) {
  const stream = rnn.stream({ head, weights });
  const measured = error((value) => stream.step([value])[0]!);
  console.log(`a stream in ${weights}: ${measured.toFixed(4)}`);
  stream.dispose();
}

/** Mean squared error of what is said of the next value after each one. */
function error(predict: (value: number) => number): number {
  let total = 0;
  for (let t = 0; t + 1 < sensor.length; t++) total += (predict(sensor[t]!) - sensor[t + 1]!) ** 2;
  return total / (sensor.length - 1);
}

/** A sine of any phase and of a period from 10 to 20, with noise. */
function wave(length: number): number[] {
  const [phase, period] = [2 * Math.PI * rng.uniform(), 10 + 10 * rng.uniform()];
  return Array.from(
    { length },
    (_, t) => Math.sin(phase + (2 * Math.PI * t) / period) + NOISE * rng.normal(),
  );
}
