# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the record of a certificate must still contain when a planned write is sent. Pure.

The Management API has no conditional requests (If-Match, RFC 9110 section 13.1.1). The read that comes before each write
anyway is compared instead, so a modification is missed only if it happens between that read and the write.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ModifiedError
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import folded

View = t.Mapping[str, t.Any]
"""An environment of a certificate, as C(_result.EntryView) describes it. A key that is missing or None is not compared."""

_COMPARED = ("fingerprint_sha1", "entries")


@dataclass(frozen=True)
class Expected:
    """What a write relies on.

    :arg environments: for each environment that the write concerns, the entries that it may hold; None for no entry.
    :arg whole: whether no other environment may hold the certificate, since the write replaces its whole record.
    :arg must_exist: whether the certificate must exist, so that the write does not create it.
    :arg since: what the expectation comes from, as the message names it.
    """

    environments: t.Mapping[str, t.Sequence[View | None]]
    whole: bool = False
    must_exist: bool = False
    since: str = "the plan"

    def modified(self, current: View | None) -> list[str]:
        """Return the environments that differ, sorted.

        :arg current: the certificate, as C(_result.CertificateView) describes it, or None if there is none.
        """
        if current is None and self.must_exist:
            return sorted(self.environments)
        held = {view["name"]: view for view in (current or {}).get("environments", ())}
        added = set(held) - set(self.environments) if self.whole else set()
        differing = {
            name
            for name, accepted in self.environments.items()
            if not any(_same(view, held.get(name)) for view in accepted)
        }
        return sorted(added | differing)

    def error(self, key: str, environments: t.Sequence[str]) -> ModifiedError:
        """The error about a certificate, C(project/name), that someone else has modified in these environments."""
        return ModifiedError(
            f"{key} in {', '.join(environments)}: modified by someone else since {self.since}. Nothing was written there"
        )


def _same(expected: View | None, held: View | None) -> bool:
    if expected is None or held is None:
        return expected is held
    # A view shows only one of several entries, and which one depends on who asked. Every write changes their number.
    if (expected.get("entries") or 1) > 1:
        return bool(expected["entries"] == held["entries"])
    alias = expected.get("alias")
    same_alias = alias is None or folded(alias) == folded(held["alias"])
    return same_alias and all(expected.get(key) in (None, held[key]) for key in _COMPARED)
