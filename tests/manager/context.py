# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an endpoint is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .call import Answer, Call
from .dialect import DIALECTS, Dialect, Generation
from .model import Installation, Token
from .texts import Language


@dataclass(frozen=True)
class Options:
    """How a manager behaves, fixed for its lifetime. `Manager` explains each of them."""

    generation: Generation = "2026"
    language: Language = "en"
    duplicates: bool = False
    list_content: bool = True
    get_content: bool = True
    bare_token_only: bool = False
    import_reports_deployment: bool = False
    unresolved_references: tuple[str, ...] = ()

    @property
    def dialect(self) -> Dialect:
        """The facts of the generation."""
        return DIALECTS[self.generation]


@dataclass(frozen=True)
class Context:
    """One call to one endpoint. `names` are the names from the path; `failing` environments cannot be deployed to."""

    installation: Installation
    options: Options
    call: Call
    names: Mapping[str, str]
    token: Token | None
    failing: frozenset[str] = frozenset()

    @property
    def dialect(self) -> Dialect:
        """The facts of the generation."""
        return self.options.dialect


@dataclass(frozen=True)
class Outcome:
    """An answer, and whether the call changed the manager's record."""

    answer: Answer
    applied: bool = False


Endpoint = Callable[[Context], Outcome]
