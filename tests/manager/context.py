# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The input and output of an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .dialect import Dialect
from .http_types import HttpRequest, HttpResponse
from .model import Installation, Token
from .options import Options


@dataclass(frozen=True)
class Context:
    """A request to an endpoint.

    `names` are the names in the path, by placeholder. Deployments to the `failing` environments fail. `token` is None
    if the endpoint needs none.
    """

    installation: Installation
    options: Options
    request: HttpRequest
    names: Mapping[str, str]
    token: Token | None
    failing: frozenset[str] = frozenset()

    @property
    def dialect(self) -> Dialect:
        """The dialect of the generation."""
        return self.options.dialect


@dataclass(frozen=True)
class Outcome:
    """The response, and whether the request changed the manager's record."""

    response: HttpResponse
    applied: bool = False


Endpoint = Callable[[Context], Outcome]
