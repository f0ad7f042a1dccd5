# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the reports look: on a light and a dark screen, and on paper."""

from __future__ import annotations

import typing as t

# Each colour with its name. Text keeps a contrast of 4.5:1 to every ground that it stands on.
LIGHT: t.Mapping[str, str] = {
    "ground": "#f6f7f9",
    "card": "#ffffff",
    "raised": "#f0f2f5",
    "text": "#1a2230",
    "muted": "#566173",
    "line": "#d9dee6",
    "grid": "#e4e8ee",
    "good": "#11683f",
    "good-ground": "#e3f4ea",
    "info": "#1d4fa8",
    "info-ground": "#e6eefb",
    "neutral": "#4b5669",
    "neutral-ground": "#eceff3",
    "warn": "#854600",
    "warn-ground": "#fdf0d9",
    "bad": "#a5161d",
    "bad-ground": "#fde7e7",
    "held": "#2f6f8f",
    "today": "#b3261e",
}
DARK: t.Mapping[str, str] = {
    "ground": "#10141b",
    "card": "#181e28",
    "raised": "#202835",
    "text": "#e6eaf1",
    "muted": "#a3aec0",
    "line": "#313b4b",
    "grid": "#2a3342",
    "good": "#7edba8",
    "good-ground": "#14342a",
    "info": "#9cc1ff",
    "info-ground": "#1a2c4d",
    "neutral": "#b9c3d3",
    "neutral-ground": "#2a3443",
    "warn": "#f5c46b",
    "warn-ground": "#3c2d12",
    "bad": "#ff9d98",
    "bad-ground": "#471d1f",
    "held": "#62b3d6",
    "today": "#ff8a80",
}


def _variables(colours: t.Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


CSS = (
    f"""
:root {{ {_variables(LIGHT)} color-scheme: light; }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} color-scheme: dark; }} }}
"""
    """
*, ::before, ::after { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
body { margin: 0; background: var(--ground); color: var(--text); overflow-wrap: anywhere; }
main, footer { max-width: 82rem; margin: 0 auto; padding: 0 1.5rem; }
h1, h2, h3, p, dl, ol, ul, figure { margin: 0; }
h1 { font-size: 1.75rem; line-height: 1.25; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem; }
h3 { font-size: 1rem; }
.eyebrow { color: var(--muted); font-size: .85rem; font-weight: 600; margin-top: 2.25rem; }
.muted, .note { color: var(--muted); }
.note { font-size: .85rem; }
.mono { font-family: ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: .92em; }
.nowrap { white-space: nowrap; }

.banner { display: grid; grid-template-columns: auto 1fr; gap: .15rem 1rem; margin: .6rem 0 1.5rem; padding: 1.15rem 1.4rem;
  border: 1px solid; border-left-width: 6px; border-radius: 10px; }
.banner .sign { grid-row: span 2; font-size: 1.75rem; line-height: 1.25; font-weight: 700; }
.banner p { color: var(--text); max-width: 75ch; white-space: pre-line; }
.good { color: var(--good); } .info { color: var(--info); } .neutral { color: var(--neutral); }
.warn { color: var(--warn); } .bad { color: var(--bad); }
.banner.good, .badge.good { background: var(--good-ground); } .banner.info, .badge.info { background: var(--info-ground); }
.banner.neutral, .badge.neutral { background: var(--neutral-ground); }
.banner.warn, .badge.warn { background: var(--warn-ground); } .banner.bad, .badge.bad { background: var(--bad-ground); }
.badge { display: inline-block; padding: .08rem .55rem; border-radius: 99px; font-size: .8rem; font-weight: 600; line-height: 1.5; }

.tiles { display: flex; flex-wrap: wrap; gap: .75rem; padding: 0; list-style: none; margin-bottom: 1rem; }
.tiles li { flex: 0 1 auto; min-width: 8.5rem; padding: .7rem 1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; }
.tiles b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; color: var(--text); }
.tiles span { font-size: .85rem; font-weight: 600; }
.facts { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .35rem 1.5rem; padding: 1rem 1.25rem;
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.facts dt { color: var(--muted); } .facts dd { margin: 0; }

.waves { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem; padding: 0; list-style: none; }
.waves li { padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.waves strong { display: inline-block; margin-right: .5rem; }
.waves p { margin-top: .3rem; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.card + .card { margin-top: 1rem; }
.card > header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .75rem; padding: .8rem 1rem; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--info); outline-offset: -2px; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; line-height: 1.45; }
caption { text-align: left; padding: .55rem 1rem; color: var(--muted); font-size: .85rem; }
th, td { padding: .45rem .75rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 1rem; } th:last-child, td:last-child { padding-right: 1rem; }
thead th { font-size: .78rem; font-weight: 600; color: var(--muted); background: var(--raised); vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 600; }
th[scope=row] { min-width: 8rem; }
.serial { min-width: 11.5rem; } .place { min-width: 8rem; }
.state { min-width: 11rem; } .holds, .state small { white-space: nowrap; } .state small { display: block; font-size: .8rem; font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.date { font-variant-numeric: tabular-nums; white-space: nowrap; }
.group th { background: var(--raised); font-weight: 400; } .group th > * { margin-right: .9rem; }
.now > * { background: var(--info-ground); }
.print { display: inline-block; max-width: 13ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom; }
.print:hover { max-width: none; white-space: normal; }
.subject { min-width: 14rem; }

.timeline td, .timeline tbody th { padding-top: .4rem; padding-bottom: .4rem; }
.timeline tbody + tbody { border-top: 2px solid var(--line); }
.timeline tbody tr + tr > * { border-top-style: dotted; }
.timeline .bars { width: 46%; min-width: 25rem; padding: 0 1rem; }
.timeline .name { width: 19%; min-width: 9rem; } .timeline .place { padding-left: .75rem; }
.timeline tbody td { line-height: 20px; }
svg { display: block; width: 100%; overflow: visible; }
svg.defs { position: absolute; }
svg text { font-size: 11px; fill: var(--muted); font-variant-numeric: tabular-nums; }
/* No ancestors in the next two: the lines are drawn by reference, where selectors do not see beyond the reference. */
line.tick { stroke: var(--grid); }
line.today { stroke: var(--today); stroke-width: 1.5; }
svg text.today { fill: var(--today); font-weight: 700; }
svg .held { fill: var(--held); }
svg .was { fill: var(--card); stroke: var(--neutral); stroke-width: 1.25; }
svg .not { fill: var(--card); stroke: var(--info); stroke-width: 1.25; stroke-dasharray: 4 3; }
svg .cut { font-size: 13px; font-weight: 700; fill: var(--text); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; padding: .65rem 1rem; font-size: .85rem; color: var(--muted); list-style: none; }
.legend li { display: flex; align-items: center; gap: .45rem; } .legend svg { width: 30px; flex: none; }

.list { padding: 0; list-style: none; }
.list li { padding: .55rem 1rem; border-top: 1px solid var(--line); } .list li:first-child { border-top: 0; }
.list .badge { margin-right: .4rem; }
a { color: inherit; } .nothing { padding: .9rem 1rem; color: var(--muted); }
.matrix td { white-space: nowrap; } .matrix small { display: block; font-size: .78rem; }
footer { margin-top: 3rem; margin-bottom: 2rem; color: var(--muted); font-size: .85rem; }
article { content-visibility: auto; contain-intrinsic-size: auto 22rem; }

@media (max-width: 40rem) {
  main, footer { padding: 0 .9rem; }
  .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: .6rem; }
  .tiles li { flex: 1 1 40%; min-width: 0; }
  h1 { font-size: 1.4rem; }
}
@media print {
  @page { size: A4 landscape; margin: 12mm; }
  html { font-size: 11px; }
  body { background: #fff; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main, footer { max-width: none; padding: 0; }
  .eyebrow { margin-top: 0; } h2 { margin-top: 1.6rem; }
  h2, h3, caption, .legend, .card > header { break-after: avoid; }
  tr, .banner, .tiles, .waves li { break-inside: avoid; }
  .card { overflow: visible; } .scroll { overflow: visible; }
  .print { max-width: 34ch; white-space: normal; }
  article { content-visibility: visible; }
}
"""
)
