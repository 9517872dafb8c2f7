/** What of data and of measurements is kept and shown, whatever the task. */

/** What run.json and checkpoints keep of the data. */
export interface DataFacts<Facts> {
  /** SHA-256 of the data as it was read, 64 hexadecimal digits: a run is resumed on the same data only. */
  readonly fingerprint: string;
  /** Sizes under their names: characters, items. */
  readonly counts: Readonly<Record<string, number>>;
  /** SHA-256 of data that was given to validate on. */
  readonly validation?: string;
  /** What a model needs to be used without its data, as JSON: a vocabulary, labels. Each stands under its name. */
  readonly facts: Facts;
}

export interface Score {
  /** In nats per unit. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** The number that selects the best checkpoint; lower is better. */
  readonly choose: number;
}

/** What something trivial reaches on the same data: there is no figure without it. */
export interface Baseline {
  /** As "interpolated trigram". */
  readonly name: string;
  /** In nats per unit; null where it gives no probabilities. */
  readonly loss: number | null;
  readonly metrics?: Readonly<Record<string, number>>;
}
