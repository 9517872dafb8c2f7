/** The built-in series: daily sales of an invented shop, with a trend, a week, noise and events that are planned ahead. */
import { Rng } from "../core/rng.ts";
import type { Table } from "../io/table-columns.ts";

const DAYS = 2922;
const FIRST = Date.UTC(2016, 0, 4);
/** Monday to Sunday: people buy before the weekend, and the shop opens for half of Sunday. */
const WEEK = [0.86, 0.82, 0.9, 1.02, 1.28, 1.42, 0.7];
/** A promotion soon after another one does little: it recovers by this share of what is missing each day. */
const RECOVERY = 0.12;
/** What a fresh promotion adds. */
const EFFECT = 0.8;

/**
 * A table of date, sales and promotion (0 or 1, in runs of two to four days). What a promotion adds depends on how long ago
 * the last one was, which no linear function of the last days knows; the day after it is weaker.
 */
export function inventSales(seed = 1): Table {
  const rng = new Rng(seed);
  const rows: string[][] = [];
  let [freshness, noise, left, wait, wasOn] = [1, 0, 0, 12, false];
  for (let day = 0; day < DAYS; day++) {
    if (left > 0) left--;
    else if (wait > 0) wait--;
    else {
      left = 1 + Math.floor(3 * rng.uniform());
      wait = 3 + Math.floor(28 * rng.uniform() ** 2);
    }
    const isOn = left > 0;
    noise = 0.6 * noise + 0.035 * normal(rng);
    const trend = 180 * (1 + (0.55 * day) / DAYS) * (1 + 0.08 * Math.sin((2 * Math.PI * day) / 365.25));
    const event = isOn ? 1 + EFFECT * freshness : wasOn ? 0.88 : 1;
    const sales = trend * WEEK[day % 7] * event * Math.exp(noise);
    freshness += isOn ? -0.45 * freshness : RECOVERY * (1 - freshness);
    wasOn = isOn;
    const date = new Date(FIRST + day * 86_400_000).toISOString().slice(0, 10);
    rows.push([date, sales.toFixed(1), isOn ? "1" : "0"]);
  }
  const lines = Int32Array.from(rows, (_, index) => index + 2);
  return { name: "built-in sales", columns: ["date", "sales", "promotion"], rows, lines };
}

/** Box and Muller 1958. */
function normal(rng: Rng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - rng.uniform()));
  return radius * Math.cos(2 * Math.PI * rng.uniform());
}
