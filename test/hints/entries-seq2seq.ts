/** Advice of models that write sequences. */

import { Tape, withTape } from "../../src/autograd/tape.ts";
import { SequenceDecoder } from "../../src/models/index.ts";
import { bindDotMemory, noGradient, Rng, scope, tensor } from "../../src/nn/index.ts";
import type { Entries } from "./harness.ts";

const decoder = () => new SequenceDecoder({ vocabulary: 5, hidden: 2, context: 2 }, { rng: new Rng(1) });
const START = Int32Array.of(1);

export const SEQ2SEQ: Entries = {
  "autograd/ops/attention.ts": [
    {
      hint: "call it in noGradient(() => ...)",
      async follow(met) {
        const attend = () => {
          const memory = tensor([1, 2], [1, 1, 2]);
          const query = tensor([1, 2], [1, 2]);
          query.needsGradient = true;
          return bindDotMemory(memory, memory).attendRows(query, [0]);
        };
        await met.code(() => scope(() => withTape(new Tape(), attend)));
        scope(() => withTape(new Tape(), () => noGradient(attend)));
      },
    },
  ],
  "models/read-integers.ts": [
    {
      hint: "* are for the CPU: use a wasm or native backend",
      explains: "there is no backend yet whose memory cannot be read at once",
    },
  ],
  "models/sequence-decoder-state.ts": [
    {
      hint: "a step uses its state up: continue with the new one, or with copy() of the old",
      async follow(met) {
        const model = decoder();
        await scope(() => {
          const begun = model.begin({ context: tensor([1, 2], [1, 2]) });
          const copy = begun.copy();
          const { state } = model.step(START, begun);
          const failed = met.code(() => model.step(START, begun));
          model.step(START, copy);
          model.step(START, state).state.close();
          return failed;
        });
      },
    },
  ],
};
