import type { NamedParameter } from "../autograd/parameter.ts";
import type { Address, Kernels } from "../backend/backend.ts";
import type { Ranges } from "../core/options.ts";

/** Parameters with settings of their own; what a group does not say is as in the options of the optimizer. */
export type ParameterGroup<Options> = Options & { readonly parameters: readonly NamedParameter[] };

/** What an optimizer trains: a list of parameters, or groups of them. */
export type Trainable<Options> = readonly NamedParameter[] | readonly ParameterGroup<Options>[];

/** Something that an optimizer remembers of each parameter, under the name that torch.optim has for it. */
export interface Slot<Name extends string> {
  readonly name: Name;
  /** One number for the whole parameter; otherwise one for each of its elements. */
  readonly scalar?: true;
  /** Its value before the first update; default 0. */
  readonly initial?: number;
}

/** One update of one parameter, in addresses. */
export interface Update<Name extends string> {
  readonly kernels: Kernels;
  readonly parameter: Address;
  readonly gradient: Address;
  /** What the update does to the gradient as it reads it, or 0: see kernels/unrolled.h. */
  readonly clip: Address;
  readonly size: number;
  /** As the schedule has it now; it counts instead of `lr` in the settings. */
  readonly learningRate: number;
  /** Where a slot lies; 0 for one that these settings do not have. */
  readonly slot: (name: Name) => Address;
  /** The number in a scalar slot. CPU-only. */
  readonly read: (name: Name) => number;
  /** One of the rule's scratch arrays, of `size` elements at least. */
  readonly scratch: (index: number) => Address;
  /** Scratch for a single number. */
  readonly number: Address;
}

/** An optimizer is its options, what it remembers, and a kernel or several. */
export interface Rule<Settings extends { readonly lr: number }, Name extends string> {
  readonly name: string;
  readonly defaults: Settings;
  readonly ranges: Ranges<Settings>;
  /** What is wrong with options that are fine one by one, or undefined. */
  conflict?(settings: Settings): string | undefined;
  slots(settings: Settings): readonly Slot<Name>[];
  /** How many arrays as large as the largest parameter the update needs besides; default none. */
  scratch?(settings: Settings): number;
  update(update: Update<Name>, settings: Settings): void;
}
