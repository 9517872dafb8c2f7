/** The words that losses are told in, explained where a person first meets them. */

/** What a loss in nats is, for a line that has just named one. */
export function natsMeaning(unit: string): string {
  return `nats: mean of -ln p of the right ${unit}; lower is better`;
}

export const PERPLEXITY = "e^nats: as unsure as among so many equal choices";

export const TERMS: readonly { readonly term: string; readonly meaning: string }[] = [
  {
    term: "nats",
    meaning:
      "The loss. For each character (word, token) of the text, the model gives a probability to the one that comes next; its loss is minus the natural logarithm of it, and the mean is shown. 0 is certainty; divided by ln 2 it is bits.",
  },
  {
    term: "trigram",
    meaning:
      "What there is to beat: a table that predicts each character from the two before it, by counting triples in the training text (mixed with pairs and single characters where a triple is rare).",
  },
  {
    term: "perplexity",
    meaning:
      "e to the power of the nats: a model with perplexity 5 is as unsure as one that chooses among 5 equally likely characters.",
  },
  {
    term: "validation",
    meaning:
      "A part of the text that is not trained on. When its loss rises while the training loss falls, the model learns the training text by heart (overfitting).",
  },
];
