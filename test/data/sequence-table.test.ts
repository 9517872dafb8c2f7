import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/index.ts";
import { type SequenceTableOptions, sequencesFromTable } from "../../src/data/sequence-table.ts";
import { parseTable } from "../../src/io/table.ts";

const read = (text: string, options: Partial<SequenceTableOptions> = {}) =>
  sequencesFromTable(parseTable(new TextEncoder().encode(text), { name: "d.csv" }), {
    labels: "sequence",
    ...options,
  });

describe("sequencesFromTable", () => {
  test("reads sequences of several steps, with one label each", () => {
    const found = read("x,sequence,label,y\n1,a,up,2\n3,a,up,4\n5,b,down,6\n");
    expect(found.features).toEqual(["x", "y"]);
    expect(found.names).toEqual(["a", "b"]);
    expect([...found.items.item(0)]).toEqual([1, 2, 3, 4]);
    expect([...found.items.item(1)]).toEqual([5, 6]);
    expect(found.labels).toEqual(["up", "down"]);
    expect(found.groups).toBeUndefined();
    expect(found.placeOf(1)).toBe("d.csv:4");
  });

  test("reads one label per step, empty where there is none, and a group per sequence", () => {
    const found = read("sequence,group,x,label\na,p,1,up\na,p,2,\nb,q,3,down\n", { labels: "step" });
    expect(found.labels).toEqual(["up", "", "down"]);
    expect(found.groups).toEqual(["p", "q"]);
  });

  test("takes each row as an item of one step where no column says otherwise", () => {
    const found = read("x,label\n1,a\n2,b\n");
    expect([...found.items.store.lengths]).toEqual([1, 1]);
    expect(found.names).toEqual(["2", "3"]);
    expect(found.labels).toEqual(["a", "b"]);
  });

  test("may be without labels, to predict from, and orders the columns as the model has them", () => {
    const found = read("y,x\n1,2\n", { features: ["x", "y"] });
    expect(found.labels).toBeUndefined();
    expect([...found.items.item(0)]).toEqual([2, 1]);
  });

  test("columns have other names if the caller says so", () => {
    const found = read("id,class,x\n1,a,5\n1,a,6\n", { sequenceColumn: "id", labelColumn: "class" });
    expect(found.features).toEqual(["x"]);
    expect(found.names).toEqual(["1"]);
  });

  test.each([
    [
      "sequence,x,label\na,1,u\nb,2,u\na,3,u\n",
      {},
      "d.csv:4: the rows of sequence 'a' do not stand together: it began at line 2",
    ],
    ["sequence,x,label\na,1,u\na,2,v\n", {}, "d.csv:3, column 'label': 'v', but the sequence began with 'u'"],
    ["sequence,x,label\na,1,\n", {}, "d.csv:2, column 'label': the cell is empty"],
    ["sequence,x\n,1\n", {}, "d.csv:2, column 'sequence': the cell is empty"],
    ["sequence,x\na,1\na,one\n", {}, "d.csv:3, column 'x': 'one' is no finite number"],
    ["sequence,x\na,1\na,1e39\n", {}, "d.csv:3, column 'x': 1e+39 is too large for 32 bits"],
    ["sequence,label\na,u\n", {}, "d.csv: no column of numbers beside 'sequence', 'label'"],
    [
      "x,z\n1,2\n",
      { features: ["x", "y"] },
      "d.csv: the columns are not those of the model: 'y' missing, 'z' unknown",
    ],
  ])("refuses %j", (text, options, message) => {
    expect(() => read(text, options)).toThrow(FormatError);
    expect(() => read(text, options)).toThrow(message);
  });

  test("holds a sequence of 100,000 steps", () => {
    const rows = Array.from({ length: 100_000 }, (_, step) => `a,${step}`);
    const { items } = read(`sequence,x\n${rows.join("\n")}\n`);
    expect(items.longest).toBe(100_000);
    expect(items.item(0)[99_999]).toBe(99_999);
  });
});
