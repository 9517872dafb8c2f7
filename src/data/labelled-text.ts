/** A text with its label, as generators make them. */
export interface LabelledText {
  readonly text: string;
  readonly label: string;
}
