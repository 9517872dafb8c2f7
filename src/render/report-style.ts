/** The style sheet of a report: light and dark, for phones and larger screens. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --panel: #f4f6f9;
  --training: #3b78c2; --validation: #c2410c; --level: #6b7280; --rate: #6d57b8;
  --warning: #fff3d6; --warning-line: #d99a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181f; --ink: #e4e8ee; --soft: #9aa5b4; --line: #303845; --panel: #1c222c;
    --training: #6aa5ec; --validation: #fb923c; --level: #9aa5b4; --rate: #a996ec;
    --warning: #3a2f12; --warning-line: #c99a2e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 920px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 32px 0 8px; }
h3 { font-size: .85rem; font-weight: 600; color: var(--soft); margin: 0 0 6px; }
header p, .caption { color: var(--soft); margin: 4px 0 0; }
.caption { font-size: .85rem; }
.warning { background: var(--warning); border-left: 4px solid var(--warning-line); padding: 10px 14px; margin: 20px 0 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin: 20px 0 0; }
.figures div { background: var(--panel); border-radius: 8px; padding: 10px 14px; }
.figures dt { color: var(--soft); font-size: .85rem; }
.figures dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
.figures small { display: block; color: var(--soft); font-size: .8rem; line-height: 1.35; }
.narrow { display: none; }
svg { display: block; height: auto; }
.wide svg, .narrow svg { width: 100%; }
.grid { stroke: var(--line); stroke-width: 1; fill: none; }
.tick { fill: var(--soft); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
polyline.training { stroke: var(--training); }
polyline.validation { stroke: var(--validation); stroke-width: 1.2; }
polyline.rate { stroke: var(--rate); }
circle.validation { fill: var(--validation); }
.level { stroke: var(--level); stroke-width: 1.2; stroke-dasharray: 5 4; fill: none; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 0 0 6px; padding: 0; font-size: .85rem; }
.legend li::before { content: ""; display: inline-block; width: 18px; margin-right: 6px; vertical-align: middle; border-top: 3px solid; }
.legend .training::before { border-color: var(--training); }
.legend .validation::before { border-color: var(--validation); }
.legend .level::before { border-top: 2px dashed var(--level); }
.picture { overflow-x: auto; }
.picture svg { max-width: max(100%, 640px); }
.samples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 14px; }
article { background: var(--panel); border-radius: 8px; padding: 10px 14px; min-width: 0; }
pre { margin: 0; font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.commands { background: var(--panel); border-radius: 8px; padding: 10px 14px; }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 1fr)); gap: 0 32px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; font-weight: 400; padding: 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); padding-right: 16px; }
td { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.terms dt { font-weight: 600; }
.terms dd { margin: 0 0 8px; color: var(--soft); }
@media (max-width: 600px) {
  main { padding: 16px 14px 32px; }
  .wide { display: none; }
  .narrow { display: block; }
  .figures { grid-template-columns: 1fr 1fr; }
}
`;
