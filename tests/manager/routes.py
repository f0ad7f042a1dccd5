# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of each generation. Paths must match exactly, including the trailing slash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .context import Endpoint
from .dialect import Generation, Source
from .errors import HttpError
from .export_endpoints import export_certificate, export_truststore
from .options import Options
from .read_endpoints import (
    get_certificate,
    healthcheck,
    list_certificates,
    list_environments,
    list_jwks,
    list_projects,
    list_truststore,
)
from .token_endpoint import create_token
from .write_endpoints import create_certificate, delete_certificate, import_certificate_file, update_certificate

_ALL: tuple[Generation, ...] = ("2024.09", "2025", "2026.04", "2026.09", "openapi")
_SINCE_2025 = _ALL[1:]
_SINCE_2026_04 = _ALL[2:]
_SINCE_2026_09 = _ALL[3:]


@dataclass(frozen=True)
class Route:
    """A method and a path template, in which `{name}` stands for one segment.

    A route with a `source` is a truststore call, and the trait `truststore` decides whether the manager has it.
    """

    method: str
    template: str
    endpoint: Endpoint
    generations: tuple[Generation, ...] = _ALL
    needs_token: bool = True
    source: Source | None = None

    def offered(self, options: Options) -> bool:
        """Whether a manager with these options has the endpoint."""
        if self.source is not None:
            return self.source in options.truststore_sources
        return options.generation in self.generations

    def names(self, segments: Sequence[str]) -> Mapping[str, str] | None:
        """Return the names in the path by placeholder; None if the path does not match."""
        pieces = self.template.split("/")
        if len(pieces) != len(segments):
            return None
        names = {}
        for piece, segment in zip(pieces, segments, strict=True):
            if piece.startswith("{") and segment:
                names[piece.strip("{}")] = segment
            elif piece != segment:
                return None
        return names


ROUTES = (
    Route("GET", "test/healthcheck", healthcheck, needs_token=False),
    Route("POST", "auth/token", create_token, needs_token=False),
    Route("GET", "projects/", list_projects),
    Route("GET", "environments/{project}", list_environments, ("2025",)),
    Route("GET", "projects/{project}/environments/", list_environments, _SINCE_2026_04),
    Route("GET", "projects/{project}/jwks/", list_jwks, _SINCE_2025),
    Route("GET", "projects/{project}/certificates/", list_certificates),
    Route("POST", "projects/{project}/certificates/", create_certificate),
    Route("POST", "projects/{project}/certificates/import-file/", import_certificate_file, _SINCE_2026_09),
    Route(
        "GET",
        "projects/{project}/certificates/truststore/{environment}/",
        list_truststore,
        _SINCE_2025,
        source="manager",
    ),
    Route(
        "GET",
        "projects/{project}/certificates/truststore/{environment}/export-file/",
        export_truststore,
        _SINCE_2026_09,
        source="workers",
    ),
    Route("GET", "projects/{project}/certificates/{certificate}/export/", export_certificate),
    Route("GET", "projects/{project}/certificates/{certificate}/export-file/", export_certificate, _SINCE_2026_09),
    Route("GET", "projects/{project}/certificates/{certificate}/", get_certificate),
    Route("PUT", "projects/{project}/certificates/{certificate}/", update_certificate),
    Route("DELETE", "projects/{project}/certificates/{certificate}/", delete_certificate),
)


def find_route(method: str, segments: Sequence[str], options: Options) -> tuple[Route, Mapping[str, str]]:
    """Return the route for a path relative to the base of the API, and the names in it. Raises HttpError(404)."""
    for route in ROUTES:
        names = route.names(segments)
        if names is not None and route.method == method and route.offered(options):
            return route, names
    raise HttpError(404)
