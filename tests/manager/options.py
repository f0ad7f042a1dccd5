# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traits of a manager, which can be combined with each other and with every generation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from .dialect import DIALECTS, Dialect, Generation, Source
from .messages import Language
from .paging import Paging

AliasScope = Literal["project", "environment"]


@dataclass(frozen=True)
class Options:
    """The traits of a manager, which do not change while it exists.

    - `generation`: the generation of the API.
    - `language`: the language of the messages.
    - `duplicates`: create and update always add an entry, even if the environment already has one.
    - `list_content`, `get_content`: whether lists and single certificates include `base64EncodedContent`.
    - `bare_token_only`: accept `Authorization: TOKEN` and reject `Bearer TOKEN`.
    - `import_deploys`: import-file deploys to the gateways. Otherwise it only changes the record.
    - `import_reports_deployment`: include the deployment result in the response to import-file. If it does not deploy,
      the result is a success without environments.
    - `unresolved_references`: the unresolved references in the response to import-file.
    - `failures_in_message`: a failed deployment names its environments in the outer `resultMessage` only, and
      `detailList` is empty.
    - `truststore`: which calls tell what is in a truststore: `workers` (ZIP), `manager` (JSON), both, or neither. None:
      those of the generation.
    - `alias_scope`: where an alias must be unique in an environment: among the certificates of the project, or of all
      projects that deploy to the environment.
    - `page_size`: lists are cut into pages of at most this size, and `resultCount` is the length of the whole list. None:
      lists are complete, and `page` and `size` are ignored.
    - `paging`: the number of the first page, or `ignored`: only the first page can be read.
    """

    generation: Generation = "2026.09"
    language: Language = "en"
    duplicates: bool = False
    list_content: bool = True
    get_content: bool = True
    bare_token_only: bool = False
    import_deploys: bool = True
    import_reports_deployment: bool = False
    unresolved_references: Sequence[str] = ()
    failures_in_message: bool = False
    truststore: Collection[Source] | None = None
    alias_scope: AliasScope = "project"
    page_size: int | None = None
    paging: Paging = "from-1"

    def __post_init__(self) -> None:
        """Raise ValueError for an unknown value: a test that relies on it would prove nothing."""
        sources = () if self.truststore is None else self.truststore
        for value, kind in (
            (self.generation, Generation),
            (self.language, Language),
            (self.alias_scope, AliasScope),
            (self.paging, Paging),
            *((source, Source) for source in sources),
        ):
            if value not in get_args(kind):
                raise ValueError(f"{value!r} is not one of {get_args(kind)}")
        if self.page_size is not None and self.page_size < 1:
            raise ValueError("page_size must be positive")

    @property
    def dialect(self) -> Dialect:
        """The dialect of the generation."""
        return DIALECTS[self.generation]

    @property
    def truststore_sources(self) -> Collection[Source]:
        """Which calls tell what is in a truststore."""
        return self.dialect.truststore if self.truststore is None else self.truststore
