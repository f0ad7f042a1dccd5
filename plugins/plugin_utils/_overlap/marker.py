# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marker in the description of a companion: the certificate that it belongs to, and when its overlap began. Pure.

It follows the companion's own text, for example
C(Partner certificate [overlap of my-certificate since 2026-11-26T10:00:00Z]). In a name that contains the beginning of a marker,
that is escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote, unquote

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso

_BEGINNING = "[overlap of "
_MARKER = re.compile(r"(?:(?P<text>.*) )?\[overlap of (?P<name>.+) since (?P<since>[0-9T:-]{19}Z)\]", re.DOTALL)


@dataclass(frozen=True)
class Marker:
    """A marker.

    :arg name: the certificate that the companion belongs to, which is in the same project.
    :arg since: when the overlap began, UTC, in whole seconds.
    """

    name: str
    since: datetime

    def added_to(self, text: str) -> str:
        """A description with this marker; a marker that it has already is replaced."""
        name = self.name.replace("%", "%25").replace(_BEGINNING, quote(_BEGINNING))
        return f"{text_of(text)} {_BEGINNING}{name} since {iso(self.since)}]".lstrip()


def read_marker(description: str | None) -> Marker | None:
    """The marker at the end of a description; None if there is none, or one that this collection did not write."""
    found = _MARKER.fullmatch(description or "")
    if found is None:
        return None
    try:
        since = datetime.strptime(found["since"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    marker = Marker(unquote(found["name"]), since)
    return marker if marker.added_to(found["text"] or "") == description else None


def text_of(description: str | None) -> str:
    """A description without its marker."""
    found = _MARKER.fullmatch(description or "")
    return (found["text"] or "") if found else description or ""
