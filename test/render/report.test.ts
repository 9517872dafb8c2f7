import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeHtml } from "../../src/render/escape-html.ts";
import { renderReport, type TrainingReport } from "../../src/render/report.ts";

const reportOf = (text: string): TrainingReport => ({
  title: text,
  subtitle: text,
  warnings: [{ message: text, hint: text }],
  figures: [{ name: text, value: text, about: text }],
  loss: {
    unit: text,
    training: [{ step: 1, value: 2 }],
    validation: [{ step: 1, value: 2 }],
    baselines: [{ name: text, loss: 1 }],
  },
  learningRate: [{ step: 1, value: 0.01 }],
  samples: [{ step: text, text }],
  tables: [{ heading: text, rows: [[text, text]] }],
  terms: [{ term: text, meaning: text }],
  commands: [text],
});

const tagsOf = (html: string) => [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/"[^"]*"/g, '""'));

describe("a report", () => {
  test("has the same elements and attributes whatever the texts in it are", () => {
    const expected = tagsOf(renderReport(reportOf("plain")));
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "</script><script>alert(1)</script>",
        '" onload="x',
        "'><img src=x>",
        "&lt;",
        "</style>",
        "<!--",
      ),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        expect(tagsOf(renderReport(reportOf(text)))).toEqual(expected);
      }),
    );
  });

  test("loads nothing: no address, no script, and a policy that forbids both", () => {
    const html = renderReport(reportOf("plain"));
    expect(html).not.toMatch(/https?:|<script|<link|<img|\bsrc=|url\(|@import/);
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  test("leaves out the sections that have nothing in them", () => {
    const empty = { ...reportOf("plain"), samples: [], warnings: [], terms: [], commands: [] };
    expect(renderReport(empty)).not.toMatch(/What it wrote|What the words mean|What to type|class="warning"/);
  });

  test("shows control characters and keeps line breaks", () => {
    expect(escapeHtml("a\u001b[31m<b>\n\tc\u202e")).toBe("a\\u{1b}[31m&lt;b&gt;\n  c\\u{202e}");
  });
});
