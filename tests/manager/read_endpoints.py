# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that only read."""

from __future__ import annotations

from . import wire
from .access import readable_project, visible_projects
from .call import json_answer, text_answer
from .context import Context, Outcome
from .refusals import Problem, Refusal


def healthcheck(_context: Context) -> Outcome:
    """GET test/healthcheck: plain text, no authentication."""
    return Outcome(text_answer("OK"))


def list_projects(context: Context) -> Outcome:
    """GET projects/: those that the token may read."""
    projects = context.installation.state.projects
    return _listed(context, [wire.project(projects[name]) for name in visible_projects(context)])


def list_environments(context: Context) -> Outcome:
    """GET the environments of a project; the pseudo-environment is never among them."""
    known = context.installation.state.environments[readable_project(context)]
    return _listed(context, [wire.environment(environment) for environment in known.values()])


def list_jwks(context: Context) -> Outcome:
    """GET projects/{p}/jwks/."""
    project = readable_project(context)
    jwks = context.installation.state.jwks.values()
    return _listed(context, [wire.jwk(jwk) for jwk in jwks if jwk.project == project])


def list_certificates(context: Context) -> Outcome:
    """GET projects/{p}/certificates/, with or without content."""
    certificates = context.installation.state.certificates_of(readable_project(context))
    content = context.options.list_content
    return _listed(context, [wire.certificate(value, context.dialect, content=content) for value in certificates])


def get_certificate(context: Context) -> Outcome:
    """GET projects/{p}/certificates/{c}/."""
    name = context.names["certificate"]
    certificate = context.installation.state.certificates.get((readable_project(context), name))
    if certificate is None:
        raise Refusal(Problem.CERTIFICATE_MISSING, name)
    item = wire.certificate(certificate, context.dialect, content=context.options.get_content)
    return Outcome(json_answer(wire.result_list(context.dialect.get_envelope, [item])))


def _listed(context: Context, items: list[wire.Json]) -> Outcome:
    return Outcome(json_answer(wire.result_list(context.dialect.list_envelope, items)))
