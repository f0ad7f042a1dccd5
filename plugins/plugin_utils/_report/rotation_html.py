# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a rotation as HTML."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import Held
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import Environment, Rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.templates import render_page
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.timeline import make_scale

_TEMPLATE = """\
{% extends "frame" %}
{% from "macros" import axis, badge, banner, bars, facts, grid, held_cells, held_heads, legend, state, tiles, value %}
{% block title %}Certificate rotation: {{ rotation.outcome.label }}, {{ rotation.host }}, {{ rotation.moment | day }}{% endblock %}

{% block main %}
{{ banner("Certificate rotation" ~ (" in check mode" if rotation.check_mode else ""), rotation.outcome,
          rotation.outcome.label, rotation.message) }}

{% if rotation.problems %}
<h2>What needs attention</h2>
<ul class="list card">
{% for problem in rotation.problems %}
<li>{{ badge(problem.state) }}
{% if problem.certificate %}<a href="#c{{ problem.certificate.number }}">
<bdi>{{ problem.certificate.project }}</bdi> / <bdi>{{ problem.certificate.name }}</bdi></a>
{%- if problem.environment is not none %} in <strong><bdi>{{ problem.environment }}</bdi></strong>{% endif %}: {% endif %}
<bdi>{{ problem.text }}</bdi></li>
{% endfor %}
</ul>
{% endif %}

<h2>Summary</h2>
{{ tiles(rotation.counts) }}
{{ facts(rotation.summary) }}

{% if rotation.waves %}
<h2>Waves</h2>
<ol class="waves">
{% for wave in rotation.waves %}
<li><strong>Wave {{ wave.number }}</strong>{{ badge(wave.outcome) }}<p>
{%- for name in wave.environments %}<bdi>{{ name }}</bdi>{{ ", " if not loop.last }}{% endfor %}</p></li>
{% endfor %}
</ol>
{% endif %}

<h2>Validity by certificate and environment</h2>
<div class="card">
{% if rotation.certificates %}
{{ grid(scale) }}
{{ legend([("held", "held now"), ("was", "held before"), ("not", "new, not held or not known")], scale) }}
<div class="scroll" role="region" aria-label="Validity by certificate and environment" tabindex="0">
<table class="timeline">
<thead><tr><th scope="col">Certificate</th><th scope="col">Environment</th><th scope="col" class="bars">{{ axis(scale) }}</th>
<th scope="col">Valid until</th><th scope="col">Holds now</th></tr></thead>
{% for certificate in rotation.certificates %}
<tbody>
{% for environment in certificate.environments %}
<tr>{% if loop.first %}<th scope="rowgroup" class="name" rowspan="{{ loop.length }}"><bdi>{{ certificate.project }}</bdi> / <bdi>{{ certificate.name }}</bdi>
<br>{{ badge(certificate.outcome) }}</th>{% endif %}
<th scope="row" class="place"><bdi>{{ environment.name }}</bdi></th>
<td class="bars">{{ bars(scale, "Validity of " ~ certificate.name ~ " in " ~ environment.name, lanes(environment)) }}</td>
<td class="date">{% for lane in lanes(environment) %}{{ lane.held.not_after | day }}
{%- if lane.look != "held" %} <span class="note">{{ lane.label }}</span>{% endif %}<br>{% endfor %}</td>
<td class="holds">{{ state(environment.holds) }}</td></tr>
{% else %}
<tr><th scope="row" class="name"><bdi>{{ certificate.project }}</bdi> / <bdi>{{ certificate.name }}</bdi><br>{{ badge(certificate.outcome) }}</th>
<td colspan="4">No environments</td></tr>
{% endfor %}
</tbody>
{% endfor %}
</table>
</div>
{% else %}
<p class="nothing">The run had no certificates to look at.</p>
{% endif %}
</div>

{% if rotation.changing %}
<h2>Details by certificate</h2>
{% for certificate in rotation.changing %}
<article class="card" id="c{{ certificate.number }}">
<header><h3><bdi>{{ certificate.project }}</bdi> / <bdi>{{ certificate.name }}</bdi></h3>{{ badge(certificate.outcome) }}</header>
<div class="scroll" role="region" aria-label="Environments of {{ certificate.name }}" tabindex="0">
<table>
<thead><tr><th scope="col">State</th>{{ held_heads() }}</tr></thead>
{% for environment in certificate.environments %}
<tbody>
<tr class="group"><th scope="rowgroup" colspan="7"><strong><bdi>{{ environment.name }}</bdi></strong>
{% if environment.wave is not none %}<span>Wave {{ environment.wave }}</span>{% endif %}
<span>{{ environment.todo }}</span>
{% if environment.deployment %}{{ badge(environment.deployment.state) }}
{% if environment.deployment.message %}<span><bdi>{{ environment.deployment.message }}</bdi></span>{% endif %}{% endif %}
{% if environment.rolled_back is not none %}<span>{{ "Rolled back" if environment.rolled_back else "Not rolled back" }}</span>{% endif %}
{% if environment.entries is not none and environment.entries > 1 %}<span class="warn">{{ environment.entries }} entries for this environment</span>{% endif %}
</th></tr>
{% for shown in environment.states %}
<tr{% if shown.is_now %} class="now"{% endif %}><th scope="row" class="state">{{ shown.label }}
{%- if shown.is_now %}<small>{{ state(environment.holds) }}</small>{% endif %}</th>
{% if shown.held %}{{ held_cells(shown.held) }}{% else %}<td colspan="6" class="muted">{{ shown.missing }}</td>{% endif %}</tr>
{% endfor %}
</tbody>
{% endfor %}
</table>
</div>
{% if certificate.guards %}
<div class="scroll" role="region" aria-label="Guards of {{ certificate.name }}" tabindex="0">
<table>
<caption>Guards: {{ certificate.guards | rejectattr("passed") | list | length }} of {{ certificate.guards | length }} failed</caption>
<thead><tr><th scope="col">Guard</th><th scope="col">Environment</th><th scope="col">Result</th><th scope="col">Message</th>
<th scope="col">Current</th><th scope="col">New</th></tr></thead>
<tbody>
{% for guard in certificate.guards %}
<tr><th scope="row" class="mono"><bdi>{{ guard.name }}</bdi></th>
<td>{% if guard.environment is none %}all{% else %}<bdi>{{ guard.environment }}</bdi>{% endif %}</td>
<td>{{ badge(guard.state) }}</td><td>{{ value(guard.message) }}</td><td>{{ value(guard.current) }}</td><td>{{ value(guard.new) }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% endif %}
</article>
{% endfor %}
{% endif %}

{% if rotation.unchanged %}
<h2>Certificates that needed nothing</h2>
<div class="card scroll" role="region" aria-label="Certificates that needed nothing" tabindex="0">
<table>
<thead><tr><th scope="col">Certificate</th><th scope="col">Environment</th>{{ held_heads() }}<th scope="col">Why</th></tr></thead>
<tbody>
{% for certificate in rotation.unchanged %}{% for environment in certificate.environments %}
<tr><th scope="row"><bdi>{{ certificate.project }}</bdi> / <bdi>{{ certificate.name }}</bdi></th><td class="place"><bdi>{{ environment.name }}</bdi></td>
{% if environment.now %}{{ held_cells(environment.now) }}{% else %}<td colspan="6">{{ environment.holds.label }}</td>{% endif %}
<td>{{ environment.todo }}</td></tr>
{% endfor %}{% endfor %}
</tbody>
</table>
</div>
{% endif %}

{% if rotation.rollback.performed or rotation.rollback.messages %}
<h2>Rollback</h2>
<ul class="list card">
<li>{{ badge(rotation.rollback.state) }}</li>
{% for message in rotation.rollback.messages %}
<li><bdi>{{ message }}</bdi></li>
{% endfor %}
</ul>
{% endif %}
{% endblock %}

{% block footer %}Written by the role apinizer.apiops.certificate_rotation. "Now" means {{ rotation.moment | clock }}.{% endblock %}
"""


@dataclass(frozen=True)
class _Lane:
    """A bar of the timeline: C(look) is held, was or not."""

    label: str
    look: str
    held: Held


def rotation_html(rotation: Rotation) -> str:
    """The whole page."""
    moments = (
        moment
        for certificate in rotation.certificates
        for environment in certificate.environments
        for lane in _lanes(environment)
        for moment in (lane.held.not_before, lane.held.not_after)
    )
    return render_page(_TEMPLATE, rotation=rotation, scale=make_scale(moments, rotation.moment), lanes=_lanes)


def _lanes(environment: Environment) -> list[_Lane]:
    """The certificates of an environment, oldest first. The one that it holds now looks full, whichever that is."""
    before, wanted, now = environment.before, environment.wanted, environment.now
    lanes = []
    if before and environment.changes:
        lanes.append(_Lane("before", "held" if now and before.same_as(now) else "was", before))
    if wanted and environment.changes:
        lanes.append(_Lane("new", "held" if now and wanted.same_as(now) else "not", wanted))
    if now and not any(lane.look == "held" for lane in lanes):
        lanes.append(_Lane("now", "held", now))
    return lanes
