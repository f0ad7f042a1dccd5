# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the report of a rotation as HTML and as Markdown."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import same_certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rendering import render_html, render_markdown
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import EnvironmentResult, Rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.timeline import Lane, make_scale


def rotation_html(rotation: Rotation) -> str:
    """Render the page."""
    moments = (
        moment
        for certificate in rotation.certificates
        for environment in certificate.environments
        for lane in _lanes(environment)
        for moment in (lane.entry.not_before, lane.entry.not_after)
    )
    scale = make_scale(moments, rotation.moment)
    return render_html("rotation.html.j2", rotation=rotation, scale=scale, lanes=_lanes)


def rotation_markdown(rotation: Rotation) -> str:
    """Render the document."""
    return render_markdown("rotation.md.j2", rotation=rotation)


def _lanes(environment: EnvironmentResult) -> list[Lane]:
    """Return the certificates of an environment, oldest first. The one that it holds now is drawn solid."""
    previous, desired, current = environment.previous, environment.desired, environment.current
    lanes = []
    if previous and environment.changes:
        is_current = current and same_certificate(previous, current)
        lanes.append(Lane("previous", "current" if is_current else "previous", previous))
    if desired and environment.changes:
        is_current = current and same_certificate(desired, current)
        lanes.append(Lane("new", "current" if is_current else "desired", desired))
    if current and not any(lane.look == "current" for lane in lanes):
        lanes.append(Lane("current", "current", current))
    return lanes
