import type { Address } from "../backend/backend.ts";
import { scope } from "../backend/scope.ts";
import { empty } from "../backend/tensor.ts";

/** Run `work` with the address of `words` words of scratch, which is free again afterwards. */
export function withScratch(words: number, work: (scratch: Address) => void): void {
  scope(() => work(empty([words]).address));
}
