/** Advice of forecast: series over time. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { readSeries } from "../../src/data/series.ts";
import { parseTable } from "../../src/io/index.ts";
import { file, fresh } from "../cli/unrolled.ts";
import { type Entries, works } from "./harness.ts";

const forecast = (data: string, more = "") =>
  `train forecast ${data} --hidden 4 --window 3 --horizon 1 --season 1 --transform none --threads 1 --steps 2 --out ${fresh()} ${more}`;

/** A table of months, from January 2020 on, with one number each. */
function months(count = 24, value: (t: number) => unknown = (t) => (t * 7) % 5, first = 0): string {
  const rows = Array.from({ length: count }, (_, at) => {
    const t = at + first;
    return `${2020 + Math.floor(t / 12)}-${String((t % 12) + 1).padStart(2, "0")},${value(t)}`;
  });
  return rows.join("\n");
}

const csv = (rows: string, header = "month,sales") => file(`${header}\n${rows}\n`, "sales.csv");
/** Rows with more columns. */
const wider = (more: (row: number) => string, rows = months()) =>
  rows
    .split("\n")
    .map((row, at) => `${row},${more(at)}`)
    .join("\n");

async function forecaster(data: string, more = ""): Promise<string> {
  const out = fresh("forecaster");
  await works(forecast(data, more).replace(/--out \S+/, `--out ${out}`));
  return out;
}

export const FORECAST: Entries = {
  "data/calendar": [
    {
      hint: "take each row as one step with --gaps skip, or give the values at equal intervals",
      async follow(met) {
        const times = Array.from({ length: 24 }, (_, t) => `${t === 23 ? 1e6 : t},${t % 5}`);
        await met.command(forecast(csv(times.join("\n"), "time,sales")));
        await works(forecast(csv(times.join("\n"), "time,sales"), "--gaps skip"));
        await works(forecast(csv(times.slice(0, 23).join("\n"), "time,sales")));
      },
    },
    {
      hint: "write all times alike, or name the column that has them with --time-column",
      async follow(met) {
        await met.command(forecast(csv(months().replace("2020-03", "31.3.2020"))));
        await works(forecast(csv(months())));
      },
    },
    {
      hint: "write times as 2024-05-31, 2024-05, 2024-Q2, 2024-05-31 14:00 or numbers, or name their column with --time-column",
      async follow(met) {
        const days = wider((at) => `day ${at}`);
        await met.command(forecast(csv(days, "month,sales,date"), "--target sales --time-column date"));
        await works(forecast(csv(days, "month,sales,date"), "--target sales --time-column month"));
      },
    },
    {
      hint: "sort the rows by time, each once; name the column that tells several series apart with --series",
      async follow(met) {
        const both = [wider(() => "a"), wider(() => "b")].join("\n");
        await met.command(forecast(csv(both, "month,sales,shop"), "--target sales"));
        await works(forecast(csv(both, "month,sales,shop"), "--series shop"));
        await works(
          forecast(
            csv(
              wider(() => "a"),
              "month,sales,shop",
            ),
            "--target sales",
          ),
        );
      },
    },
    {
      hint: "write the times of all series alike",
      async follow(met) {
        const days = Array.from(
          { length: 24 },
          (_, t) => `2020-01-${String(t + 1).padStart(2, "0")},${t % 5}`,
        );
        const other = file(`month,sales\n${days.join("\n")}\n`, "other.csv");
        await met.command(forecast(`${csv(months())} ${other}`));
        await works(forecast(`${csv(months())} ${file(`month,sales\n${months()}\n`, "third.csv")}`));
      },
    },
  ],
  "data/series": [
    {
      hint: "name the columns to forecast with --target, as --target sales or --target sales,stock",
      async follow(met) {
        const data = csv(
          wider((at) => String(at % 7)),
          "month,sales,stock",
        );
        await met.command(forecast(data));
        await works(forecast(data, "--target sales"));
        await works(forecast(data, "--target sales,stock"));
      },
    },
    {
      hint: "name each column once: as a target, as --exogenous, as --known-ahead, as the time or as the series",
      async follow(met) {
        const data = csv(
          wider((at) => String(at % 7)),
          "month,sales,stock",
        );
        await met.command(forecast(data, "--target sales,stock --exogenous stock"));
        await works(forecast(data, "--target sales --exogenous stock"));
      },
    },
    {
      hint: "give each series one file or one name",
      async follow(met) {
        const both = wider(() => "a");
        const [one, other] = [csv(both, "month,sales,shop"), csv(both, "month,sales,shop")];
        await met.command(forecast(`${one} ${other}`, "--series shop"));
        await works(
          forecast(
            `${one} ${csv(
              wider(() => "b"),
              "month,sales,shop",
            )}`,
            "--series shop",
          ),
        );
      },
    },
    {
      hint: "give times as those that the model was trained on, at the same intervals",
      async follow(met) {
        const run = await forecaster(csv(months()));
        await met.command(`predict ${run} ${csv("2020-01-01,3\n2020-01-02,4\n2020-01-03,4")}`);
        await works(`predict ${run} ${csv(months(6))}`);
      },
    },
    {
      hint: "fill in the numbers of its columns, or leave the series out",
      async follow(met) {
        const empty = wider(
          () => "b",
          months(24, () => ""),
        );
        await met.command(
          forecast(csv(`${wider(() => "a")}\n${empty}`, "month,sales,shop"), "--series shop"),
        );
        await works(
          forecast(
            csv(
              wider(() => "a"),
              "month,sales,shop",
            ),
            "--series shop",
          ),
        );
      },
    },
    {
      hint: "give numbers between -1e100 and 1e100, in a larger unit",
      async follow(met) {
        await met.command(forecast(csv(months(24, (t) => `${1 + (t % 5)}e120`))));
        await works(forecast(csv(months(24, (t) => `${1 + (t % 5)}e90`))));
      },
    },
    {
      hint: "fill it in, or choose --gaps interpolate or --gaps skip",
      async follow(met) {
        const data = csv(months(24, (t) => (t === 4 ? "" : t % 5)));
        await met.command(forecast(data, "--gaps refuse"));
        await works(forecast(data, "--gaps interpolate"));
        await works(forecast(data, "--gaps skip"));
        await works(forecast(csv(months()), "--gaps refuse"));
        const table = parseTable(new TextEncoder().encode("month,y\n2020-01,1\n2020-04,2\n2020-05,2\n"), {
          name: "y.csv",
        });
        const columns = { targets: ["y"], exogenous: [], ahead: [], time: "month", series: undefined };
        await met.code(() => readSeries([table], columns, "refuse"));
        readSeries([table], columns, "interpolate");
      },
    },
    {
      hint: "choose --transform none, difference or seasonal",
      async follow(met) {
        await met.command(forecast(csv(months()), "--transform log"));
        for (const transform of ["none", "difference", "seasonal"]) {
          await works(forecast(csv(months()), `--transform ${transform}`));
        }
      },
    },
  ],
  "tasks/forecast": [
    {
      hint: "use --lags * or less, or a larger --window",
      async follow(met) {
        const hint = await met.command(forecast(csv(months()), "--lags 4"));
        const [, most] = /--lags (\d+)/.exec(hint)!;
        await works(forecast(csv(months()), `--lags ${most}`));
        await works(forecast(csv(months()), "--lags 4").replace("--window 3", "--window 4"));
      },
    },
    {
      hint: "use --lags * or less, or a larger --window",
      async follow(met) {
        const found = forecast(csv(months()), "--lags 20").replace("--window 3", "");
        const hint = await met.command(found);
        const [, most] = /--lags (\d+)/.exec(hint)!;
        await works(found.replace("--lags 20", `--lags ${most}`));
      },
    },
    {
      hint: "use a smaller --window or --horizon, or give a longer series",
      async follow(met) {
        await met.command(forecast(csv(months(4))));
        await works(forecast(csv(months(4))).replace("--window 3", "--window 1"));
        await works(forecast(csv(months(10))));
      },
    },
    {
      hint: "name another column with --target, or give a longer series",
      async follow(met) {
        const data = csv(
          wider(() => "4"),
          "month,sales,shelves",
        );
        await met.command(forecast(data, "--target shelves"));
        await works(forecast(data, "--target sales"));
      },
    },
    {
      hint: "as --quantiles 0.1,0.5,0.9",
      async follow(met) {
        await met.command(forecast(csv(months()), "--quantiles 0.9,0.1"));
        await works(forecast(csv(months()), "--quantiles 0.1,0.5,0.9"));
      },
    },
    {
      hint: "add 0.5, as --quantiles 0.1,0.5,0.9",
      async follow(met) {
        await met.command(forecast(csv(months()), "--quantiles 0.1,0.9"));
        await works(forecast(csv(months()), "--quantiles 0.1,0.5,0.9"));
      },
    },
    {
      hint: "the loss pinball has quantiles, the others make one number",
      async follow(met) {
        await met.command(forecast(csv(months()), "--loss mse --quantiles 0.5"));
        await works(forecast(csv(months()), "--loss mse"));
        await works(forecast(csv(months()), "--loss pinball --quantiles 0.5"));
      },
    },
    {
      hint: "leave --lags out: the linear part then reads the window",
      async follow(met) {
        await met.command(forecast(csv(months()), "--cell none --lags 0"));
        await works(forecast(csv(months()), "--cell none"));
      },
    },
    {
      hint: "give the rows before them too",
      async follow(met) {
        const run = await forecaster(csv(months()));
        await met.command(`predict ${run} ${csv(months(2, undefined, 24))}`);
        await works(`predict ${run} ${csv(months(26))}`);
      },
    },
    {
      hint: "add * rows with the time and the columns known ahead, the target empty",
      async follow(met) {
        const event = (at: number) => String(at % 2);
        const known = wider(event);
        const more = "--target sales --known-ahead event";
        const run = await forecaster(csv(known, "month,sales,event"), more);
        const hint = await met.command(`predict ${run} ${csv(known, "month,sales,event")}`);
        const [, rows] = /add (\d+) rows/.exec(hint)!;
        const ahead = wider(
          event,
          months(Number(rows), () => "", 24),
        );
        await works(`predict ${run} ${csv(`${known}\n${ahead}`, "month,sales,event")}`);
      },
    },
    {
      hint: "* missing steps were filled in between their neighbours; none is measured",
      explains: "how many steps of the calendar have no row, and what is read in their place",
    },
    {
      hint: "* empty cells were filled in between their neighbours; none is measured",
      explains: "how many cells have no number, and what is read in their place",
    },
    {
      hint: "* series were not trained on: they are scaled by their own first window",
      explains: "why forecasts of such series may be worse than those of the others",
    },
    {
      hint: "a cell of your own: --cell ./my-cell.ts",
      async follow(met) {
        const hint = await met.command(forecast(csv(months()), "--cell zzzzzz"));
        copyFileSync(join(import.meta.dirname, "../../examples/my-cell.ts"), "my-cell.ts");
        await works(forecast(csv(months()), /--cell \S+$/.exec(hint)![0]));
      },
    },
  ],
};
