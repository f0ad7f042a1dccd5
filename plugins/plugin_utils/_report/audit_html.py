# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of an audit as HTML."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import Held
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.templates import render_page
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.timeline import make_scale

_TEMPLATE = """\
{% extends "frame" %}
{% from "macros" import axis, badge, banner, bars, facts, grid, held_cells, held_heads, legend, tiles %}
{% block title %}Certificate audit: {{ audit.state.label }}, {{ audit.host }}, {{ audit.generated | day }}{% endblock %}

{% macro sign(place) -%}
{% if place.held.expired %}✕ {% elif audit.tone(place) == "warn" %}! {% endif %}
{%- endmacro %}

{% macro days_left(place) -%}
<span class="{{ audit.tone(place) }}">{{ place.held.days_remaining | days }}</span>
{%- if place.held.expired %}<small class="bad">{{ sign(place) }}expired</small>
{%- elif audit.tone(place) == "warn" %}<small class="warn">{{ sign(place) }}soon</small>{% endif %}
{%- if place.entries > 1 %}<small class="warn"><span aria-hidden="true">+</span> {{ place.entries }} entries</small>{% endif %}
{%- endmacro %}

{% block main %}
{{ banner("Certificate audit", audit.state, audit.state.label, audit.message) }}

<h2>Summary</h2>
{{ tiles(audit.counts) }}
{{ facts(audit.summary) }}

{% if audit.findings %}
<h2>Findings</h2>
<div class="card scroll" role="region" aria-label="Findings" tabindex="0">
<table>
<thead><tr><th scope="col">Finding</th><th scope="col">Certificate</th><th scope="col">Environments</th><th scope="col">What it is</th></tr></thead>
<tbody>
{% for finding in audit.findings %}
<tr><td class="nowrap">{{ badge(finding.kind) }}</td><th scope="row"><bdi>{{ finding.project }}</bdi> / <bdi>{{ finding.name }}</bdi></th>
<td>{% for name in finding.environments %}<bdi>{{ name }}</bdi>{{ ", " if not loop.last }}{% endfor %}</td><td><bdi>{{ finding.message }}</bdi></td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% endif %}

{% if audit.certificates %}
<h2>Days remaining by environment</h2>
<div class="card scroll" role="region" aria-label="Days remaining by environment" tabindex="0">
<table class="matrix">
<thead><tr><th scope="col">Certificate</th><th scope="col">Findings</th>
{% for name in audit.environments %}<th scope="col" class="number"><bdi>{{ name }}</bdi></th>{% endfor %}</tr></thead>
<tbody>
{% for certificate in audit.certificates %}
<tr><th scope="row" class="subject"><bdi>{{ certificate.project }}</bdi> / <bdi>{{ certificate.name }}</bdi></th>
<td>{% for kind in kinds.get((certificate.project, certificate.name), []) %}{{ badge(kind) }} {% else %}—{% endfor %}</td>
{% for name in audit.environments %}{% set place = certificate.place(name) %}
<td class="number">{% if place %}{{ days_left(place) }}{% else %}<span class="muted" title="not in this environment">·</span>{% endif %}</td>
{% endfor %}</tr>
{% endfor %}
</tbody>
</table>
</div>

<h2>Validity by certificate and environment</h2>
<div class="card">
{{ grid(scale) }}
{{ legend([("held", "held")], scale) }}
<div class="scroll" role="region" aria-label="Validity by certificate and environment" tabindex="0">
<table class="timeline">
<thead><tr><th scope="col">Certificate</th><th scope="col">Environment</th><th scope="col" class="bars">{{ axis(scale) }}</th>
<th scope="col">Valid until</th><th scope="col" class="number">Days left</th></tr></thead>
{% for certificate in audit.certificates %}
<tbody>
{% for place in certificate.places %}
<tr>{% if loop.first %}<th scope="rowgroup" class="name" rowspan="{{ loop.length }}">
<bdi>{{ certificate.project }}</bdi> / <bdi>{{ certificate.name }}</bdi></th>{% endif %}
<th scope="row" class="place"><bdi>{{ place.environment }}</bdi></th>
<td class="bars">{{ bars(scale, "Validity of " ~ certificate.name ~ " in " ~ place.environment, [lane(place.held)]) }}</td>
<td class="date">{{ place.held.not_after | day }}</td>
<td class="number {{ audit.tone(place) }}">{{ sign(place) }}{{ place.held.days_remaining | days }}</td></tr>
{% else %}
<tr><th scope="row" class="name"><bdi>{{ certificate.project }}</bdi> / <bdi>{{ certificate.name }}</bdi></th><td colspan="4">No environments</td></tr>
{% endfor %}
</tbody>
{% endfor %}
</table>
</div>
</div>

<h2>What the environments hold</h2>
<div class="card scroll" role="region" aria-label="What the environments hold" tabindex="0">
<table>
<thead><tr><th scope="col">Certificate</th><th scope="col">Environment</th>{{ held_heads() }}</tr></thead>
<tbody>
{% for certificate in audit.certificates %}{% for place in certificate.places %}
<tr><th scope="row"><bdi>{{ certificate.project }}</bdi> / <bdi>{{ certificate.name }}</bdi></th><td class="place"><bdi>{{ place.environment }}</bdi></td>
{{ held_cells(place.held) }}</tr>
{% endfor %}{% endfor %}
</tbody>
</table>
</div>
{% endif %}
{% endblock %}

{% block footer %}Written by the playbook apinizer.apiops.audit.{% endblock %}
"""


@dataclass(frozen=True)
class _Lane:
    """The bar of a certificate that is held."""

    held: Held
    label: str = "held"
    look: str = "held"


def audit_html(audit: Audit) -> str:
    """The whole page."""
    moments = (
        moment
        for certificate in audit.certificates
        for place in certificate.places
        for moment in (place.held.not_before, place.held.not_after)
    )
    scale = make_scale(moments, audit.generated)
    return render_page(_TEMPLATE, audit=audit, kinds=audit.kinds, scale=scale, lane=_Lane)
