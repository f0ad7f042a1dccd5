# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints that only read."""

from __future__ import annotations

from . import payloads
from .access import readable_project, visible_projects
from .context import Context, Outcome
from .errors import ApiError, Problem
from .http_types import json_response, text_response


def healthcheck(_context: Context) -> Outcome:
    """GET test/healthcheck. The response is plain text, and no token is needed."""
    return Outcome(text_response("OK"))


def list_projects(context: Context) -> Outcome:
    """GET projects/. Lists the projects that the token may read."""
    projects = context.installation.state.projects
    return _listed(context, [payloads.project(projects[name]) for name in visible_projects(context)])


def list_environments(context: Context) -> Outcome:
    """GET the environments of a project, without the pseudo-environment."""
    known = context.installation.state.environments[readable_project(context)]
    return _listed(context, [payloads.environment(environment) for environment in known.values()])


def list_jwks(context: Context) -> Outcome:
    """GET projects/{p}/jwks/."""
    project = readable_project(context)
    jwks = context.installation.state.jwks.values()
    return _listed(context, [payloads.jwk(jwk) for jwk in jwks if jwk.project == project])


def list_certificates(context: Context) -> Outcome:
    """GET projects/{p}/certificates/. The option `list_content` says whether it includes the content."""
    certificates = context.installation.state.certificates_of(readable_project(context))
    content = context.options.list_content
    return _listed(context, [payloads.certificate(value, context.dialect, content=content) for value in certificates])


def get_certificate(context: Context) -> Outcome:
    """GET projects/{p}/certificates/{c}/."""
    name = context.names["certificate"]
    certificate = context.installation.state.certificates.get((readable_project(context), name))
    if certificate is None:
        raise ApiError(Problem.CERTIFICATE_MISSING, name)
    item = payloads.certificate(certificate, context.dialect, content=context.options.get_content)
    return Outcome(json_response(payloads.result_list(context.dialect.get_envelope, [item])))


def _listed(context: Context, items: list[payloads.Json]) -> Outcome:
    return Outcome(json_response(payloads.result_list(context.dialect.list_envelope, items)))
