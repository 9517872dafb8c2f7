/** Terms that describe losses, the same for all tasks. */

export const TERMS: readonly { readonly term: string; readonly meaning: string }[] = [
  {
    term: "nats",
    meaning:
      "The loss. The model gives a probability to what is right (of a text: to the character, word or token that comes next); its loss is minus the natural logarithm of it, and the mean is shown. 0 is certainty; divided by ln 2 it is bits.",
  },
  {
    term: "validation",
    meaning:
      "A part of the data that is not trained on. When its loss rises while the training loss falls, the model learns the training data by heart (overfitting).",
  },
];
