# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values -> a page of HTML that needs nothing but itself: no script, no font, no picture, no request.

Everything that is not part of a template is escaped. The pages share their frame and the macros below.
"""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import text
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.css import CSS

_FRAME = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{% block title %}{% endblock %}</title>
<style>{{ css }}</style>
</head>
<body>
<main>
{% block main %}{% endblock %}
</main>
<footer>
<p>{% block footer %}{% endblock %} All times are UTC.</p>
</footer>
</body>
</html>
"""

_MACROS = """\
{% macro banner(eyebrow, state, heading, message) %}
<p class="eyebrow">{{ eyebrow }}</p>
<div class="banner {{ state.tone }}">
<span class="sign" aria-hidden="true">{{ state.sign }}</span>
<h1>{{ heading }}</h1>
<p><bdi>{{ message }}</bdi></p>
</div>
{% endmacro %}

{% macro badge(state) -%}
<span class="badge {{ state.tone }}"><span aria-hidden="true">{{ state.sign }}</span> {{ state.label }}</span>
{%- endmacro %}

{% macro facts(pairs) %}
<dl class="facts">
{% for name, value in pairs %}
<dt>{{ name }}</dt><dd><bdi>{{ value }}</bdi></dd>
{% endfor %}
</dl>
{% endmacro %}

{% macro tiles(counted) %}
<ul class="tiles">
{% for state, number in counted %}
<li><b>{{ number }}</b><span class="{{ state.tone if number else "neutral" }}"><span aria-hidden="true">{{ state.sign }}</span> {{ state.label }}</span></li>
{% endfor %}
</ul>
{% endmacro %}

{% macro state(of) -%}
<span class="{{ of.tone }}"><span aria-hidden="true">{{ of.sign }}</span> {{ of.label }}</span>
{%- endmacro %}

{% macro value(it) -%}
{% if it is none or it == "" %}—{% else %}<bdi>{{ it }}</bdi>{% endif %}
{%- endmacro %}

{% macro fingerprint(held) -%}
{% if held.fingerprint -%}
<span class="mono print" title="{{ held.fingerprint.algorithm }} {{ held.fingerprint.value }}">{{ held.fingerprint.value }}</span>
{%- if held.fingerprint.algorithm != "SHA-256" %} <span class="note">{{ held.fingerprint.algorithm }}</span>{% endif %}
{%- else %}—{% endif %}
{%- endmacro %}

{% macro held_heads() -%}
<th scope="col">Subject and issuer</th><th scope="col">Serial number</th><th scope="col">Valid from</th>
<th scope="col">Valid until</th><th scope="col" class="number">Days left</th><th scope="col">Fingerprint (SHA-256)</th>
{%- endmacro %}

{% macro held_cells(held) -%}
<td class="subject">{{ value(held.subject) }}<br><span class="note">issued by {{ value(held.issuer) }}, alias {{ value(held.alias) }}</span></td>
<td class="mono serial">{{ value(held.serial_number) }}</td>
<td class="date">{{ held.not_before | day }}</td><td class="date">{{ held.not_after | day }}</td>
<td class="number{% if held.expired %} bad{% endif %}">{{ held.days_remaining | days }}{% if held.expired %}<br>expired{% endif %}</td>
<td>{{ fingerprint(held) }}</td>
{%- endmacro %}

{% macro anchor(x) -%}
{% if x < 8 %}start{% elif x > 92 %}end{% else %}middle{% endif %}
{%- endmacro %}

{% macro axis(scale) %}
<svg height="34" role="img">
<title>Axis of time</title>
<desc>From {{ scale.start | day }} to {{ scale.end | day }}; the line marks {{ scale.now | day }}.</desc>
<text class="today" x="{{ scale.today }}%" y="11" text-anchor="{{ anchor(scale.today) }}">{{ scale.now | day }}</text>
{% for tick in scale.ticks %}
<text x="{{ tick.x }}%" y="28" text-anchor="{{ anchor(tick.x) }}">{{ tick.label }}</text>
{% endfor %}
</svg>
{% endmacro %}

{% macro grid(scale) %}
<svg width="0" height="0" aria-hidden="true" class="defs"><defs><g id="grid">
{% for tick in scale.ticks %}
<line class="tick" x1="{{ tick.x }}%" x2="{{ tick.x }}%" y1="0" y2="100%"/>
{% endfor %}
<line class="today" x1="{{ scale.today }}%" x2="{{ scale.today }}%" y1="0" y2="100%"/>
</g></defs></svg>
{% endmacro %}

{% macro bars(scale, title, lanes) -%}
<svg height="{{ 12 + 20 * (lanes | length or 1) }}" role="img"><title>{{ title }}</title>
<desc>{% for lane in lanes %}{{ lane.label }}: {{ lane.held.not_before | day }} to {{ lane.held.not_after | day }}. {% endfor %}</desc>
<use href="#grid"/>
{%- for lane in lanes %}
{% set bar = scale.bar_of(lane.held.not_before, lane.held.not_after) %}
{% set y = 12 + 20 * loop.index0 %}
{% if bar %}
<rect class="{{ lane.look }}" x="{{ bar.x }}%" y="{{ y }}" width="{{ bar.width | round(2) }}%" height="10" rx="2"/>
{% if bar.cut_start %}<text class="cut" x="{{ bar.x }}%" dx="-9" y="{{ y + 9 }}">◂</text>{% endif %}
{% if bar.cut_end %}<text class="cut" x="{{ (bar.x + bar.width) | round(2) }}%" dx="3" y="{{ y + 9 }}">▸</text>{% endif %}
{% endif %}
{%- endfor %}</svg>
{%- endmacro %}

{% macro legend(looks, scale) %}
<ul class="legend">
{% for look, label in looks %}
<li><svg height="10" aria-hidden="true"><rect class="{{ look }}" x="1" width="28" height="10" rx="2"/></svg>{{ label }}</li>
{% endfor %}
<li><svg height="14" aria-hidden="true"><line class="today" x1="15" x2="15" y1="0" y2="14"/></svg>{{ scale.now | day }}</li>
<li><span aria-hidden="true">◂ ▸</span> goes on beyond the axis, or the date is not known</li>
</ul>
{% endmacro %}
"""


def render_page(template: str, **values: t.Any) -> str:
    """Render a template that extends C(frame) and imports C(macros)."""
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=DictLoader({"frame": _FRAME, "macros": _MACROS, "page": template}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(clock=text.clock, day=text.day, days=text.days)
    return environment.get_template("page").render(css=Markup(CSS), **values)  # noqa: S704
