import { Gradients } from "../autograd/gradients.ts";
import type { NamedParameter } from "../autograd/parameter.ts";
import { kernelsOf } from "../autograd/tape.ts";
import { Frames } from "../backend/scope.ts";
import { noteWrite, persistent, type Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import { AT_LEAST_0, COUNT, checkValue, settle } from "../core/options.ts";
import type { Optimizer } from "./optimizer.ts";
import type { ParameterGroup, Rule, Trainable } from "./rule.ts";
import { checkTrainable } from "./trainable.ts";

interface Group<Settings> {
  readonly settings: Settings;
  readonly parameters: readonly NamedParameter[];
}

/** Applies one rule to groups of parameters. */
class GroupedOptimizer<Settings extends { readonly lr: number }, Name extends string> implements Optimizer {
  readonly parameters: readonly NamedParameter[];
  readonly gradients: Gradients;
  readonly frames: Frames;
  private rate: number;
  private updates = 0;
  private readonly rule: Rule<Settings, Name>;
  private readonly startRate: number;
  private readonly groups: readonly Group<Settings>[];
  private readonly slots = new Map<string, Tensor>();
  private readonly scratch: readonly Tensor[];
  private readonly number: Tensor | undefined;

  constructor(rule: Rule<Settings, Name>, groups: readonly Group<Settings>[], lr: number) {
    this.rule = rule;
    this.groups = groups;
    this.parameters = groups.flatMap((group) => group.parameters);
    checkParameters(rule.name, this.parameters);
    this.startRate = this.rate = lr;
    const trained = this.parameters.filter(({ tensor }) => tensor.needsGradient);
    this.gradients = new Gradients(trained);
    this.frames = new Frames(this.gradients.flat.backend);
    for (const { settings, parameters } of groups) {
      for (const { name: slot, scalar, initial = 0 } of rule.slots(settings)) {
        for (const { name, tensor } of parameters) {
          if (!tensor.needsGradient) continue;
          const made = persistent(scalar ? [] : tensor.shape, "f32", tensor.backend);
          made.backend.kernels.fill(made.address, initial, made.size);
          this.slots.set(`${slot}.${name}`, made);
        }
      }
    }
    const { backend } = this.frames;
    const largest = Math.max(...trained.map(({ tensor }) => tensor.size));
    const arrays = Math.max(0, ...groups.map(({ settings }) => rule.scratch?.(settings) ?? 0));
    this.scratch = Array.from({ length: arrays }, () => persistent([largest], "f32", backend));
    this.number = arrays > 0 ? persistent([], "f32", backend) : undefined;
  }

  get learningRate(): number {
    return this.rate;
  }

  set learningRate(rate: number) {
    checkValue(`${this.rule.name}: learningRate`, AT_LEAST_0, rate);
    this.rate = rate;
  }

  get stepCount(): number {
    return this.updates;
  }

  set stepCount(count: number) {
    checkValue(`${this.rule.name}: stepCount`, COUNT, count);
    this.updates = count;
  }

  update(): void {
    for (const { name, tensor } of this.parameters) {
      if (!tensor.needsGradient || this.gradients.has(tensor)) continue;
      throw new InputError(`${this.rule.name}: ${name} was frozen when the optimizer was made`, {
        hint: "make the optimizer before freezing, or a new one after unfreezing",
      });
    }
    this.updates++;
    for (const { settings, parameters } of this.groups) {
      const learningRate = this.rateOf(settings);
      for (const { name, tensor } of parameters) {
        if (!tensor.needsGradient) continue;
        const update = {
          kernels: tensor.backend.kernels,
          parameter: tensor.address,
          ...this.gradients.forUpdate(tensor),
          size: tensor.size,
          learningRate,
          slot: (slot: Name) => this.slots.get(`${slot}.${name}`)?.address ?? 0,
          read: (slot: Name) => readNumber(this.slots.get(`${slot}.${name}`)!),
          scratch: (index: number) => this.scratch[index].address,
          number: this.number?.address ?? 0,
        };
        this.rule.update(update, settings);
        noteWrite(tensor);
      }
    }
  }

  state(): Map<string, Tensor> {
    return new Map(this.slots);
  }

  dispose(): void {
    for (const tensor of [...this.slots.values(), ...this.scratch]) tensor.dispose();
    this.number?.dispose();
    this.gradients.dispose();
    this.frames.dispose();
  }

  private rateOf({ lr }: Settings): number {
    return lr === this.startRate ? this.learningRate : lr * (this.learningRate / this.startRate);
  }
}

/** @throws InputError if the memory of the backend cannot be read synchronously */
function readNumber({ backend, address }: Tensor): number {
  const { name, memory } = backend;
  if (memory.readSync === undefined) {
    throw new InputError(`memory of the ${name} backend cannot be read at once`, {
      hint: "this optimizer is for the CPU: use a wasm or native backend",
    });
  }
  return memory.readSync(address, 1)[0];
}

/** @throws InputError for a parameter that occurs twice, and for two parameters with one name */
function checkParameters(where: string, parameters: readonly NamedParameter[]): void {
  const names = new Set<string>();
  const tensors = new Map<Tensor, string>();
  for (const { name, tensor } of parameters) {
    const before = tensors.get(tensor);
    if (before !== undefined) {
      throw new InputError(`${where}: the parameter ${name} is given twice, the first time as ${before}`);
    }
    if (names.has(name)) {
      throw new InputError(`${where}: two parameters have the name ${name}`, {
        hint: "give each module a name of its own: parameters({ encoder }), parameters({ decoder })",
      });
    }
    names.add(name);
    tensors.set(tensor, name);
  }
  if (parameters.length > 0) kernelsOf(where, ...tensors.keys());
}

function isGrouped<Options>(given: Trainable<Options>): given is readonly ParameterGroup<Options>[] {
  return given.length > 0 && "parameters" in given[0];
}

/**
 * Makes an optimizer that updates parameters by `rule`.
 * @throws InputError for an option that is unknown or out of range, and if all parameters are frozen
 */
export function optimizerOf<Settings extends { readonly lr: number }, Name extends string>(
  rule: Rule<Settings, Name>,
  given: Trainable<Partial<Settings>>,
  options: Partial<Settings>,
): Optimizer {
  const checked = (where: string, base: Settings, own: Partial<Settings>): Settings => {
    const settings = settle(where, rule.ranges, base, own);
    const conflict = rule.conflict?.(settings);
    if (conflict !== undefined) throw new InputError(`${where}: ${conflict}`);
    return settings;
  };
  checkTrainable(rule.name, given);
  const base = checked(rule.name, rule.defaults, options);
  if (!isGrouped(given)) {
    return new GroupedOptimizer(rule, [{ settings: base, parameters: given }], base.lr);
  }
  const groups = given.map(({ parameters, ...own }, index) => ({
    settings: checked(`${rule.name}: group ${index}`, base, own as unknown as Partial<Settings>),
    parameters,
  }));
  if (base.lr === 0 && groups.some(({ settings }) => settings.lr !== 0)) {
    throw new InputError(`${rule.name}: lr must be above 0 where a group has its own, got 0`, {
      hint: "to keep the other parameters as they are, freeze them",
    });
  }
  return new GroupedOptimizer(rule, groups, base.lr);
}
