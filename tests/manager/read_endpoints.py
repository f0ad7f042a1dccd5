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
from .lookup import certificate_of, environment_of
from .model import ADMIN_PROJECT
from .paging import one_page
from .truststore import Truststore


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
    certificate = certificate_of(context, readable_project(context))
    item = payloads.certificate(certificate, context.dialect, content=context.options.get_content)
    return Outcome(json_response(payloads.result_list(context.dialect.get_envelope, [item])))


def list_truststore(context: Context) -> Outcome:
    """GET projects/{p}/certificates/truststore/{env}/, which only the project `admin` has.

    The page does not say where it reads: here, what the gateways trust, whether or not they can be reached.
    """
    project = readable_project(context)
    if project != ADMIN_PROJECT:
        raise ApiError(Problem.PERMISSION_MISSING)
    environment = environment_of(context, project)
    truststore = context.installation.gateways.get(environment, Truststore())
    return _listed(
        context,
        [
            payloads.trusted_certificate(
                name, trusted, environment, context.dialect, content=context.options.list_content
            )
            for name, trusted in zip(truststore.by_name(), truststore.trusted, strict=True)
        ],
    )


def _listed(context: Context, items: list[payloads.Json]) -> Outcome:
    envelope, size = context.dialect.list_envelope, context.options.page_size
    if size is None:
        return Outcome(json_response(payloads.result_list(envelope, items)))
    page = one_page(items, context.request.query, size, context.options.paging)
    return Outcome(json_response(payloads.result_list(envelope, page, total=len(items))))
