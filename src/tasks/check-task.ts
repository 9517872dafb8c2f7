import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { FLAG, FUNCTION, OBJECT, type Range, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { flagOf, OPTION_GROUPS, type TaskOption } from "./option-schema.ts";
import type { Task } from "./task.ts";
import type { TaskProbe } from "./task-probe.ts";
import type { TaskView } from "./view.ts";

/** Names of the members that an object of a type must have. */
type RequiredNames<Of> = { [Name in keyof Of]-?: undefined extends Of[Name] ? never : Name }[keyof Of];

/** The members of a type with what each must be. A member that is missing here does not compile. */
interface Members<Of> {
  readonly required: { readonly [Name in RequiredNames<Of>]: Range };
  readonly optional: { readonly [Name in Exclude<keyof Of, RequiredNames<Of>>]: Range };
}

const NAME: Range = {
  text: "a name of letters, digits and dashes",
  fits: (value) => typeof value === "string" && /^[a-z][a-z0-9-]{0,31}$/.test(value),
};
const TEXTS: Range = {
  text: "a list of names",
  fits: (value) => Array.isArray(value) && value.every(TEXT.fits),
};
const LIST: Range = { text: "a list", fits: Array.isArray };

export const TASK_MEMBERS: Members<Task> = {
  required: {
    name: NAME,
    summary: TEXT,
    words: OBJECT,
    help: OBJECT,
    options: OBJECT,
    complete: FUNCTION,
    unit: FUNCTION,
    load: FUNCTION,
    loadTest: FUNCTION,
    facts: FUNCTION,
    configure: FUNCTION,
    parse: FUNCTION,
    build: FUNCTION,
    plan: FUNCTION,
    loss: FUNCTION,
    evaluation: FUNCTION,
    score: FUNCTION,
    baselines: FUNCTION,
    view: OBJECT,
  },
  optional: {
    standardOf: FUNCTION,
    leastConfig: FUNCTION,
    settingsOf: FUNCTION,
    start: FUNCTION,
    adopt: FUNCTION,
    details: FUNCTION,
    trainingBytes: FUNCTION,
    leastParameters: FUNCTION,
    isRandom: FUNCTION,
    guess: FUNCTION,
    check: FUNCTION,
    differences: FUNCTION,
    carried: FUNCTION,
    parts: TEXTS,
    language: OBJECT,
    sample: FUNCTION,
    predict: FUNCTION,
    predictFile: FUNCTION,
    readsWholeFile: FUNCTION,
    picture: FUNCTION,
    predictionPicture: FUNCTION,
    probe: OBJECT,
    searches: FLAG,
    fit: FUNCTION,
  },
};

type AnyView = TaskView<object, unknown, unknown, object>;

export const VIEW_MEMBERS: Members<AnyView> = {
  required: {
    data: FUNCTION,
    model: FUNCTION,
    toBeat: FUNCTION,
    validation: FUNCTION,
    result: FUNCTION,
    next: FUNCTION,
    chartBaselines: FUNCTION,
    figures: FUNCTION,
    terms: LIST,
    scoreTable: FUNCTION,
  },
  optional: {
    lossUnit: FUNCTION,
    startEvent: FUNCTION,
    ending: FUNCTION,
    drawing: FUNCTION,
    drawsEnding: FLAG,
  },
};

/** A check whose member has another name would be skipped as if there were none. */
const PROBE_MEMBERS: Members<TaskProbe> = {
  required: {},
  optional: {
    zeroInputs: FUNCTION,
    disturbInputs: FUNCTION,
    lengths: FUNCTION,
    outputs: FUNCTION,
    lookAhead: FUNCTION,
    keys: FUNCTION,
  },
};

const WORDS: Members<Task["words"]> = { required: { data: TEXT, rows: TEXT, split: TEXT }, optional: {} };
const HELP: Members<Task["help"]> = { required: { data: TEXT, notes: TEXT, examples: TEXT }, optional: {} };

/**
 * A task that somebody else has written.
 * @param where the task came from, for messages
 * @param value its members
 * @throws InputError naming the member that is missing, wrong or unknown
 */
export function checkTask(where: string, value: object): Task {
  checkMembers(`${where}: the task`, TASK_MEMBERS, value);
  const task = value as Task;
  checkMembers(`${where}: the task's words`, WORDS, task.words, { others: true });
  checkMembers(`${where}: the task's help`, HELP, task.help, { others: true });
  checkMembers(`${where}: the task's view`, VIEW_MEMBERS, task.view);
  if (task.probe !== undefined) checkMembers(`${where}: the task's probe`, PROBE_MEMBERS, task.probe);
  for (const [name, option] of Object.entries<unknown>(task.options)) {
    checkDeclaration(`${where}: the option ${flagOf(name)}`, option);
  }
  return task;
}

/** @param options.others whether there may be members of other names */
function checkMembers<Of>(
  what: string,
  { required, optional }: Members<Of>,
  value: object,
  { others = false } = {},
): void {
  const members = value as Readonly<Record<string, unknown>>;
  for (const [name, range] of Object.entries<Range>(required)) {
    if (range.fits(members[name])) continue;
    const got = members[name] === undefined ? "none" : showValue(members[name]);
    throw new InputError(`${what}'s ${name} must be ${range.text}, got ${got}`);
  }
  for (const [name, range] of Object.entries<Range>(optional)) {
    if (members[name] === undefined || range.fits(members[name])) continue;
    throw new InputError(`${what}'s ${name} must be ${range.text}, got ${showValue(members[name])}`);
  }
  if (others) return;
  const known = [...Object.keys(required), ...Object.keys(optional)];
  const unknown = Object.keys(members).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  throw new InputError(`${what} has no member ${showValue(unknown)}`, {
    hint: meant === undefined ? undefined : `did you mean ${meant}?`,
  });
}

const ROLES = ["model", "data", "training", "run"];

/** What each kind of option needs besides `group`, `role` and `text`. */
const KINDS: Readonly<Record<TaskOption["kind"], Readonly<Record<string, Range>>>> = {
  number: {
    value: TEXT,
    range: {
      text: "an object { text, fits }",
      fits: (range) =>
        OBJECT.fits(range) && TEXT.fits((range as Range).text) && FUNCTION.fits((range as Range).fits),
    },
  },
  choice: { choices: TEXTS },
  text: { value: TEXT },
  flag: {},
};

/** @throws InputError for an option that could not be shown, read or checked */
function checkDeclaration(what: string, option: unknown): void {
  if (!OBJECT.fits(option)) throw new InputError(`${what} must be an object, got ${showValue(option)}`);
  const members = option as Readonly<Record<string, unknown>>;
  const ranges: Readonly<Record<string, Range>> = {
    kind: nameOf(Object.keys(KINDS)),
    group: nameOf(OPTION_GROUPS),
    role: nameOf(ROLES),
    text: TEXT,
    ...KINDS[members.kind as TaskOption["kind"]],
  };
  for (const [name, range] of Object.entries(ranges)) {
    if (range.fits(members[name])) continue;
    const got = members[name] === undefined ? "none" : showValue(members[name]);
    throw new InputError(`${what}: ${name} must be ${range.text}, got ${got}`);
  }
}

const nameOf = (names: readonly string[]): Range => ({
  text: `one of ${names.join(", ")}`,
  fits: (value) => names.includes(value as string),
});
