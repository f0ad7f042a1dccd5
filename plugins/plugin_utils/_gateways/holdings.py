# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways hold of a certificate, in place of what the record contains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, STALE, Trusted, compare
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry, StoredCertificate, Truststore


def as_gateways_hold(
    stored: StoredCertificate, environment: str | None, read: Callable[[str, str], Truststore]
) -> tuple[StoredCertificate, dict[str, str]]:
    """Return the certificate with what the gateways hold in each environment, and the sources of the truststores.

    :arg environment: the only environment to read; None for all of the record. If the record does not have it, nothing
        is read, and the record is returned.
    :arg read: returns the truststore for a project and an environment.
    :raises InputError: if gateways do not hold the certificate.
    :raises RequestError: if gateways cannot be asked.
    """
    names = [name for name in stored.environments if environment in (None, name)]
    if not names:
        return stored, {}
    entries = []
    sources = {}
    for name in names:
        recorded = stored.entry_of(name)
        truststore = read(stored.project, name)
        found = held_entry(truststore.entries, recorded) if recorded else None
        if found is None:
            raise InputError(
                "source",
                f"the gateways of {name} do not hold certificate {stored.project}/{stored.name}. To read what the manager "
                "stores, use source=record",
            )
        entries.append(found)
        sources[name] = truststore.source
    return replace(stored, entries=tuple(entries)), sources


def held_entry(trusted: Sequence[Entry], recorded: Entry) -> Entry | None:
    """Return what a truststore contains in place of an entry of the record.

    That is the same certificate, under any alias, or else the one with its alias. None if there is neither.
    """
    by_state: dict[str, Entry] = {}
    for entry in trusted:
        state = compare(recorded.environment, [Trusted.of_entry(entry)], Trusted.of_entry(recorded)).state
        by_state.setdefault(state, entry)
    return by_state.get(CONFIRMED) or by_state.get(STALE)
