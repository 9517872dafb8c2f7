import { oneFactQuestions } from "../../src/data/index.ts";
import { reproduceSet } from "./_generated-set.ts";

/**
 * Questions that one statement of a story answers, after the idea of bAbI's first task: a vanilla RNN, an LSTM, and
 * attention over a bidirectional LSTM, beside what counting words reaches. Five seeds:
 *
 *     npm run reproduce facts [-- --quick] [--seeds 1,2,3] [--only LSTM]
 */
export const reproduce = (given: string[]): Promise<void> =>
  reproduceSet(given, {
    set: "facts",
    test: (seed) => oneFactQuestions({ count: 2000, seed }),
    epochs: 20,
    shared: { tokens: "word", pooling: "last" },
    models: {
      "vanilla RNN": { cell: "rnn", bidirectional: false, lr: 1e-3 },
      LSTM: { cell: "lstm", bidirectional: false },
      "LSTM in both directions": { cell: "lstm" },
      "LSTM in both directions, attention": { cell: "lstm", pooling: "attention" },
      "mean embeddings, blind to order": { cell: "none", bidirectional: false, pooling: "mean" },
    },
  });
