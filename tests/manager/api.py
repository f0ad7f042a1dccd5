# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handle one request from start to end: find the endpoint, authenticate, run the endpoint, format errors."""

from __future__ import annotations

import time
from collections.abc import Sequence

from . import payloads
from .access import authenticate
from .context import Context, Outcome
from .errors import ApiError, HttpError
from .http_types import HttpRequest
from .model import Installation
from .options import Options
from .routes import find_route


class Api:
    """The Management API under `{prefix}/apiops/`."""

    def __init__(self, options: Options, prefix: str = "") -> None:
        """Set the path prefix, which is empty or starts with a slash."""
        self.options = options
        self._base = (*prefix.split("/")[1:], "apiops")

    def handle(
        self, installation: Installation, request: HttpRequest, failing: frozenset[str] = frozenset()
    ) -> Outcome:
        """Carry out one request on the installation. Deployments to the `failing` environments fail, too."""
        dialect, language = self.options.dialect, self.options.language
        try:
            return self._dispatch(installation, request, failing)
        except HttpError as error:
            return Outcome(payloads.http_error(error, request.path))
        except ApiError as error:
            return Outcome(payloads.api_error(error, dialect, language))

    def below_base(self, segments: Sequence[str]) -> tuple[str, ...] | None:
        """Return the path segments after the base path of the API; None for a path outside of it."""
        size = len(self._base)
        return tuple(segments[size:]) if tuple(segments[:size]) == self._base else None

    def _dispatch(self, installation: Installation, request: HttpRequest, failing: frozenset[str]) -> Outcome:
        segments = self.below_base(request.segments)
        if segments is None:
            raise HttpError(404)
        route, names = find_route(request.method, segments, self.options)
        token = None
        if route.needs_token:
            authorization = request.headers.get("Authorization", "")
            token = authenticate(installation.state, self.options, authorization, time.time())
        failing |= installation.undeployable(names.get("project", ""))
        return route.endpoint(Context(installation, self.options, request, names, token, failing))
