import { requireFloats } from "../autograd/check.ts";
import type { Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import { checkValue, OBJECT, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

/**
 * Checks what an optimizer is to train: a list of parameters or a list of groups.
 * @throws InputError for anything else; StaleTensorError for a parameter that was freed
 */
export function checkTrainable(where: string, given: unknown): void {
  checkList(`${where}: parameters`, given);
  let [groups, list] = [0, 0];
  for (let index = 0; index < given.length; index++) {
    const one: unknown = given[index];
    const place = `${where}: parameters[${index}]`;
    checkValue(place, { text: "{ name, tensor } or a group { parameters }", fits: OBJECT.fits }, one);
    if (!("parameters" in (one as object))) {
      list++;
      checkParameter(place, one as object);
      continue;
    }
    groups++;
    const { parameters } = one as { parameters: unknown };
    checkList(`${where}: group ${index}: parameters`, parameters);
    for (let at = 0; at < parameters.length; at++) {
      const inner = `${where}: group ${index}: parameters[${at}]`;
      checkValue(inner, { text: "{ name, tensor }", fits: OBJECT.fits }, parameters[at]);
      checkParameter(inner, parameters[at] as object);
    }
  }
  if (groups > 0 && list > 0) {
    throw new InputError(
      `${where}: parameters must be all groups or none, got ${groups} of ${groups + list}`,
    );
  }
}

function checkList(where: string, list: unknown): asserts list is readonly unknown[] {
  if (Array.isArray(list)) return;
  throw new InputError(`${where} must be a list of { name, tensor }, got ${showValue(list)}`, {
    hint: "give parameters(model)",
  });
}

function checkParameter(where: string, one: { name?: unknown; tensor?: unknown }): void {
  checkValue(`${where}.name`, TEXT, one.name);
  requireFloats(where, { tensor: one.tensor });
  // Reading the address throws if the tensor was freed.
  void (one.tensor as Tensor).address;
}
