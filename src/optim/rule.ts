import type { NamedParameter } from "../autograd/parameter.ts";
import type { Address, Kernels } from "../backend/backend.ts";
import type { Ranges } from "../core/options.ts";

/** Parameters with their own settings. Settings that a group does not have are those of the optimizer. */
export type ParameterGroup<Options> = Options & { readonly parameters: readonly NamedParameter[] };

/** The parameters of an optimizer: a list, or groups. */
export type Trainable<Options> = readonly NamedParameter[] | readonly ParameterGroup<Options>[];

/** A part of the state of an optimizer for each parameter, under its name in torch.optim. */
export interface Slot<Name extends string> {
  readonly name: Name;
  /** True for one number per parameter; otherwise there is one per element. */
  readonly scalar?: true;
  /** Its value before the first update; default 0. */
  readonly initial?: number;
}

/** The arguments of an update of one parameter, as addresses. */
export interface Update<Name extends string> {
  readonly kernels: Kernels;
  readonly parameter: Address;
  readonly gradient: Address;
  /** The clip that the kernel applies to the gradient while reading it, or 0: see kernels/unrolled.h. */
  readonly clip: Address;
  readonly size: number;
  /** The present learning rate. Replaces `lr` in the settings. */
  readonly learningRate: number;
  /** The address of a slot; 0 for a slot that these settings do not have. */
  readonly slot: (name: Name) => Address;
  /** The number in a scalar slot. CPU-only. */
  readonly read: (name: Name) => number;
  /** One of the rule's scratch arrays, of `size` elements at least. */
  readonly scratch: (index: number) => Address;
  /** Scratch for a single number. */
  readonly number: Address;
}

/** An optimizer: its options, the slots of its state, and an update that calls one or more kernels. */
export interface Rule<Settings extends { readonly lr: number }, Name extends string> {
  readonly name: string;
  readonly defaults: Settings;
  readonly ranges: Ranges<Settings>;
  /** What is wrong with a combination of options, each of which is valid; or undefined. */
  conflict?(settings: Settings): string | undefined;
  slots(settings: Settings): readonly Slot<Name>[];
  /** The number of scratch arrays, each as large as the largest parameter; default 0. */
  scratch?(settings: Settings): number;
  update(update: Update<Name>, settings: Settings): void;
}
