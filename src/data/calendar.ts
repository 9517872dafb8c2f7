/** Times of a series: text to steps of a calendar and back. */
import { InputError } from "../core/errors.ts";
import { quote } from "../io/table-columns.ts";

/** How times are written. `row`: there are none, and steps are numbered. */
export type TimeForm =
  | "month"
  | "quarter"
  | "month-day"
  | "month-end"
  | "day"
  | "minute"
  | "second"
  | "number"
  | "row";
const FORMS: readonly TimeForm[] = [
  "month",
  "quarter",
  "month-day",
  "month-end",
  "day",
  "minute",
  "second",
  "number",
  "row",
];

/** Steps of equal length: step p is at `origin + p * step`. It goes into JSON as it is. */
export interface Calendar {
  readonly form: TimeForm;
  /** In months, milliseconds or, of numbers, in their own unit. */
  readonly step: number;
  readonly origin: number;
  /** Day of the month, for the form `month-day`. */
  readonly day: number;
}

/** Steps that are numbered from 1 on. */
export const ROWS: Calendar = { form: "row", step: 1, origin: 1, day: 1 };

/** A time as it was read: in months (years * 12 + month), milliseconds or a number. */
interface ParsedTime {
  readonly form: TimeForm;
  readonly value: number;
  readonly day: number;
  readonly isMonthEnd: boolean;
}

const DAY = 86_400_000;
const DATE = /^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?Z?)?)?$/;
const QUARTER = /^(\d{4})[- ]?Q([1-4])$/i;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

const daysOf = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** Undefined for what is no time. */
export function parseTime(text: string): ParsedTime | undefined {
  const cell = text.trim();
  const [, quarterYear, quarter] = QUARTER.exec(cell) ?? [];
  if (quarter !== undefined) {
    return {
      form: "quarter",
      value: 12 * Number(quarterYear) + 3 * (Number(quarter) - 1),
      day: 1,
      isMonthEnd: false,
    };
  }
  const parts = DATE.exec(cell);
  if (parts !== null) return parseDate(parts);
  const value = NUMBER.test(cell) ? Number(cell) : Number.NaN;
  return Number.isFinite(value) ? { form: "number", value, day: 1, isMonthEnd: false } : undefined;
}

function parseDate([, y, m, d, h, min, s]: readonly (string | undefined)[]): ParsedTime | undefined {
  const [year, month, day] = [Number(y), Number(m), Number(d ?? 1)];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  if (d === undefined) return { form: "month", value: 12 * year + month - 1, day: 1, isMonthEnd: false };
  const [hour, minute, second] = [Number(h ?? 0), Number(min ?? 0), Number(s ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const form = h === undefined ? "day" : s === undefined ? "minute" : "second";
  const value = Date.UTC(year, month - 1, day, hour, minute, second);
  return { form, value, day, isMonthEnd: form === "day" && day === daysOf(year, month) };
}

/** Names of columns that are times, unless another one is named. */
const TIME_NAMES = /^(date|time|datetime|date_?time|timestamp|ds|month|day|year|week|quarter|hour|period)$/i;

/** The column that holds times: by its name, else the first one whose first cell is a date. -1: none. */
export function findTimeColumn(columns: readonly string[], firstRow: readonly string[]): number {
  const named = columns.findIndex((name) => TIME_NAMES.test(name.trim()));
  if (named >= 0) return named;
  return firstRow.findIndex((cell) => {
    const time = parseTime(cell);
    return time !== undefined && time.form !== "number";
  });
}

/** The times of one series, and where each stands, for errors. */
export interface TimeTexts {
  readonly texts: readonly string[];
  place(index: number): string;
}

/** Steps that may be missing for each that is there, before times count as irregular. */
const MOST_MISSING = 20;

/**
 * The calendar of some series: the longest step of which all times are multiples.
 * @param all of each series, in the order of its rows
 * @throws InputError naming the line of a cell that is no time, and of one that is not after the one before
 */
export function findCalendar(all: readonly TimeTexts[]): Calendar {
  const parsed = all.map(parseAll);
  const form = formOf(parsed.flat());
  const values = parsed.map((times) => times.map((time) => valueIn(form, time)));
  const origin = values.reduce((least, [first]) => Math.min(least, first), Number.POSITIVE_INFINITY);
  let step = 0;
  for (const own of values) {
    step = commonStep(step, own[0] - origin);
    for (let at = 1; at < own.length; at++) step = commonStep(step, own[at] - own[at - 1]);
  }
  const last = values.reduce((most, own) => Math.max(most, own[own.length - 1]), Number.NEGATIVE_INFINITY);
  const rows = values.reduce((most, own) => Math.max(most, own.length), 0);
  if (step > 0) refuseIrregular((last - origin) / step, rows);
  return { form, step: step || 1, origin, day: parsed[0][0].day };
}

/** @throws InputError for many more steps than rows: most of such series would be filled in */
export function refuseIrregular(steps: number, rows: number): void {
  if (steps <= MOST_MISSING * rows + 1000) return;
  throw new InputError("the times are too irregular to be steps of one length", {
    hint: "take each row as one step with --gaps skip, or give the values at equal intervals",
  });
}

/** @throws InputError naming the line of a cell that is no time, and of one that is not after the one before */
export function checkTimes(all: readonly TimeTexts[]): void {
  for (const times of all) parseAll(times);
}

const unknownForm = (place: string, text: string): InputError =>
  new InputError(`${place}: ${quote(text)} is no time in a form that is known`, {
    hint: "write times as 2024-05-31, 2024-05, 2024-Q2, 2024-05-31 14:00 or numbers, or name their column with --time-column",
  });

const otherForm = (place: string, text: string, first: string): InputError =>
  new InputError(`${place}: ${quote(text)} is not a time as ${quote(first)}`, {
    hint: "write all times alike, or name the column that has them with --time-column",
  });

function parseAll({ texts, place }: TimeTexts): ParsedTime[] {
  const times: ParsedTime[] = [];
  for (const [index, text] of texts.entries()) {
    const time = parseTime(text);
    if (time === undefined || (times.length > 0 && time.form !== times[0].form)) {
      throw times.length === 0 ? unknownForm(place(index), text) : otherForm(place(index), text, texts[0]);
    }
    const before = times.at(-1);
    if (before !== undefined && time.value <= before.value) {
      const problem = time.value === before.value ? "stands there twice" : "is before the one above it";
      throw new InputError(`${place(index)}: the time ${quote(text)} ${problem}`, {
        hint: "sort the rows by time, each once; name the column that tells several series apart with --series",
      });
    }
    times.push(time);
  }
  return times;
}

/** Days that are all the same one of their month, or the last, are months. */
function formOf(times: readonly ParsedTime[]): TimeForm {
  const { form, day } = times[0];
  if (times.some((time) => time.form !== form)) {
    throw new InputError("the series have times of different kinds", {
      hint: "write the times of all series alike",
    });
  }
  if (form !== "day" || times.length < 3) return form;
  if (times.every((time) => time.day === day && day <= 28)) return "month-day";
  return times.every(({ isMonthEnd }) => isMonthEnd) ? "month-end" : form;
}

const isMonths = (form: TimeForm): boolean =>
  form === "month" || form === "quarter" || form === "month-day" || form === "month-end";

function valueIn(form: TimeForm, { form: own, value }: ParsedTime): number {
  if (!isMonths(form) || own !== "day") return value;
  const date = new Date(value);
  return 12 * date.getUTCFullYear() + date.getUTCMonth();
}

/** The greatest common divisor, also of numbers that are no integers. */
function commonStep(a: number, b: number): number {
  let [x, y] = [Math.max(a, b), Math.min(a, b)];
  const least = Number.isInteger(x) && Number.isInteger(y) ? 0 : 1e-6 * x;
  while (y > least) {
    const rest = x % y;
    // A remainder that is nearly the divisor is a rounding error.
    [x, y] = [y, y - rest < least ? 0 : rest];
  }
  return x;
}

/**
 * The step of a time.
 * @returns undefined for what is no time of this calendar
 */
export function stepOfTime(calendar: Calendar, text: string): number | undefined {
  const time = parseTime(text);
  if (time === undefined) return undefined;
  const isDay = calendar.form === "month-day" || calendar.form === "month-end";
  if (time.form !== (isDay ? "day" : calendar.form)) return undefined;
  const step = (valueIn(calendar.form, time) - calendar.origin) / calendar.step;
  const whole = Math.round(step);
  return Math.abs(step - whole) < 1e-4 ? whole : undefined;
}

/** The time of a step, written as the times that were read. */
export function formatStep({ form, step, origin, day }: Calendar, position: number): string {
  const value = origin + position * step;
  // Dates end there.
  if (!isMonths(form) && Math.abs(value) > 8.64e15) return String(position);
  if (form === "row" || form === "number") return String(Number(value.toPrecision(12)));
  if (!isMonths(form)) {
    const text = new Date(value).toISOString();
    return form === "day" ? text.slice(0, 10) : text.slice(0, form === "minute" ? 16 : 19).replace("T", " ");
  }
  const [year, month] = [Math.floor(value / 12), (value % 12) + 1];
  const years = String(year).padStart(4, "0");
  if (form === "quarter") return `${years}-Q${Math.floor((month - 1) / 3) + 1}`;
  const two = (number: number) => String(number).padStart(2, "0");
  if (form === "month") return `${years}-${two(month)}`;
  return `${years}-${two(month)}-${two(form === "month-end" ? daysOf(year, month) : day)}`;
}

/** What a step is called: "month", "2 days"; "step" where it has no name. */
export function describeStep({ form, step }: Calendar): string {
  const plural = (count: number, name: string) => (count === 1 ? name : `${count} ${name}s`);
  if (isMonths(form)) {
    if (step % 12 === 0) return plural(step / 12, "year");
    return step === 3 ? "quarter" : plural(step, "month");
  }
  if (form === "row" || form === "number") return "step";
  for (const [name, size] of [
    ["week", 7 * DAY],
    ["day", DAY],
    ["hour", 3_600_000],
    ["minute", 60_000],
  ] as const) {
    if (step % size === 0) return plural(step / size, name);
  }
  return plural(step / 1000, "second");
}

/** @throws InputError for what is no calendar */
export function calendarFromJSON(value: unknown, where: string): Calendar {
  const { form, step, origin, day } = (Object(value) ?? {}) as Partial<Calendar>;
  const fits =
    FORMS.includes(form as TimeForm) &&
    typeof step === "number" &&
    Number.isFinite(step) &&
    step > 0 &&
    typeof origin === "number" &&
    Math.abs(origin) < 8e15 &&
    Number.isInteger(day) &&
    (day as number) >= 1 &&
    (day as number) <= 31;
  if (!fits) throw new InputError(`${where}: calendar must have form, step, origin and day`);
  return { form: form as TimeForm, step, origin, day: day as number };
}
