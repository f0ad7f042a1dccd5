# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call through the whole API: find the endpoint, authenticate, run it, put refusals into words."""

from __future__ import annotations

import time
from collections.abc import Sequence

from . import wire
from .access import authenticate
from .call import Call
from .context import Context, Options, Outcome
from .model import Installation
from .refusals import NotServed, Refusal
from .routes import find_route


class Api:
    """The Management API below `{prefix}/apiops/`."""

    def __init__(self, options: Options, prefix: str = "") -> None:
        """Serve below `prefix`, which is empty or starts with a slash."""
        self.options = options
        self._base = (*prefix.split("/")[1:], "apiops")

    def handle(self, installation: Installation, call: Call, failing: frozenset[str] = frozenset()) -> Outcome:
        """Carry out one call on the installation; deployments to `failing` environments fail."""
        dialect, language = self.options.dialect, self.options.language
        try:
            return self._dispatch(installation, call, failing)
        except NotServed as refusal:
            return Outcome(wire.not_served(refusal, call.path))
        except Refusal as refusal:
            return Outcome(wire.refused(refusal, dialect, language))

    def below_base(self, segments: Sequence[str]) -> tuple[str, ...] | None:
        """Return the segments after the API's base path; None for a path outside it."""
        size = len(self._base)
        return tuple(segments[size:]) if tuple(segments[:size]) == self._base else None

    def _dispatch(self, installation: Installation, call: Call, failing: frozenset[str]) -> Outcome:
        segments = self.below_base(call.segments)
        if segments is None:
            raise NotServed(404)
        route, names = find_route(call.method, segments, self.options.generation)
        token = None
        if route.needs_token:
            authorization = call.headers.get("Authorization", "")
            token = authenticate(installation.state, self.options, authorization, time.time())
        return route.endpoint(Context(installation, self.options, call, names, token, failing))
