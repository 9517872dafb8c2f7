/** What the built-in tasks say of an input: the lines of `unrolled predict --json`, and what an opened run predicts. */

/** Of `classify`: a label for a text, a row or a sequence. */
export interface ClassifyPrediction {
  /** The text; of numbers the file and the line. */
  readonly input: string;
  /** The likeliest label; null where a text is empty. */
  readonly label: string | null;
  /** Of all labels, the likeliest first. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** What a text says up to and with each of its tokens; not of models that read every beginning anew, if it is long. */
  readonly scores?: readonly {
    readonly token: string;
    /** The likeliest label so far, and how likely it is. */
    readonly label: string;
    readonly probability: number;
    /** How likely the label is by now that is predicted in the end. */
    readonly predicted: number;
  }[];
  /** The label that the file gives. */
  readonly expected?: string;
}

/** Of `tag`: a label for each step of a sequence. */
export interface TagPrediction {
  /** Name of the sequence, or the text. */
  readonly input: string;
  readonly words?: readonly string[];
  /** One for each step. */
  readonly labels: readonly string[];
  /** Of each of the labels. */
  readonly probabilities?: readonly number[];
  /** Labels that the file gives; an empty text where it gives none. */
  readonly truth?: readonly string[];
}

/** Of `forecast`: one step of a series that is still to come. */
export interface ForecastPrediction {
  readonly series: string;
  /** The column that is forecast. */
  readonly target: string;
  /** As the table has times: "2024-05-31". */
  readonly time: string;
  /** From 1 on. */
  readonly step: number;
  readonly value: number;
  /** By their shares: `quantiles["0.9"]`. Empty for models that make one number. */
  readonly quantiles: Readonly<Record<string, number>>;
  /** The last value that is known. */
  readonly naive: number;
}

/** Of `caption`: words for a picture. */
export interface CaptionPrediction {
  /** The file of the picture; of given features their name, or the file and the row. */
  readonly input: string;
  readonly caption: string;
  /** The best first: `--best` of them. */
  readonly hypotheses: readonly {
    readonly caption: string;
    /** Of all words and the end, in nats. */
    readonly logProbability: number;
    /** What hypotheses are ranked by: `logProbability` divided by a function of the length. */
    readonly score: number;
    /** Whether the model ended the caption. False: it was cut at `--max-length`. */
    readonly ended: boolean;
  }[];
  /** Where the model looked as it wrote each word of `caption`; only of models with attention. */
  readonly attention?: {
    /** The places of the picture lie in so many rows and columns. */
    readonly rows: number;
    readonly columns: number;
    /** The words, and the end where there was one. */
    readonly words: readonly string[];
    /** For each of the words a share for each place, row by row. */
    readonly weights: readonly (readonly number[])[];
  };
}

/** Of `translate`: what a model writes for a source. */
export interface TranslatePrediction {
  readonly input: string;
  /** Empty where the input is. */
  readonly translation: string;
  /** `logProbability` divided by the length normalization: what results are ranked by. */
  readonly score?: number;
  /** In nats. */
  readonly logProbability?: number;
  /** Whether the model ended the translation by itself. */
  readonly ended?: boolean;
  /** The best results of the search, where more than one was asked for. */
  readonly hypotheses?: readonly {
    readonly translation: string;
    readonly score: number;
    readonly logProbability: number;
    readonly ended: boolean;
  }[];
  /** Pieces of the input that the model does not know. */
  readonly unknown?: readonly string[];
  /** What each symbol was written from, with attention: rows of `target` and of the end, columns of `source`. */
  readonly alignment?: {
    readonly source: readonly string[];
    readonly target: readonly string[];
    readonly weights: readonly (readonly number[])[];
  };
  /** What is to be known of the translation: that there was no text, that the source was cut, that it did not end. */
  readonly notes?: readonly string[];
  /** The target that the file gives. */
  readonly expected?: string;
}
