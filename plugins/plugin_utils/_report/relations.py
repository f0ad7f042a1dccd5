# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What certificates have to do with each other: the same one under several names, a shared key, a gap in a chain. Pure.

Each certificate is looked at once, so that a thousand of them take no more than a thousand times as long as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import (
    EnvironmentEntry,
    ManagedCertificate,
)

_NAMED = 5
"""How many other certificates a message names."""


class Relations:
    """The certificates of a manager by what they have in common.

    A companion of an overlap holds what its certificate will hold, so it has neither its content nor its key by mistake.

    :arg certificates: those to compare with each other.
    """

    def __init__(self, certificates: Iterable[ManagedCertificate]) -> None:
        self._names: dict[str, dict[str, None]] = {}
        self._by_key: dict[str, dict[str, dict[str, None]]] = {}
        self._subjects: dict[str, set[str]] = {}
        for certificate in certificates:
            name = _name(certificate)
            for entry in certificate.entries:
                fingerprint, key = _fingerprint(entry), entry.public_key_sha256
                if certificate.marker:
                    fingerprint = ""
                if fingerprint:
                    self._names.setdefault(fingerprint, {})[name] = None
                if fingerprint and key:
                    self._by_key.setdefault(key, {}).setdefault(fingerprint, {})[name] = None
                subjects = self._subjects.setdefault(entry.environment, set())
                subjects.update(_comparable(text) for text in (entry.subject, *entry.chain_subjects) if text)

    def same_certificate(self, certificate: ManagedCertificate) -> tuple[list[EnvironmentEntry], str]:
        """The entries that other names hold as well, and these names in words."""
        own = _name(certificate)
        own_entries = () if certificate.marker else certificate.entries
        entries = [entry for entry in own_entries if len(self._names.get(_fingerprint(entry), ())) > 1]
        fingerprints = dict.fromkeys(map(_fingerprint, entries))
        return entries, _listed(own, (name for one in fingerprints for name in self._names[one]))

    def shared_key(self, certificate: ManagedCertificate) -> tuple[list[EnvironmentEntry], str]:
        """The entries whose key other certificates under other names have as well, and these names in words."""
        own = _name(certificate)
        own_entries = () if certificate.marker else certificate.entries
        entries = [entry for entry in own_entries if _listed(own, self._with_same_key(entry))]
        return entries, _listed(own, (name for entry in entries for name in self._with_same_key(entry)))

    def _with_same_key(self, entry: EnvironmentEntry) -> Iterator[str]:
        """The names of the other certificates with the key of an entry."""
        for fingerprint, names in self._by_key.get(entry.public_key_sha256 or "", {}).items():
            if fingerprint != _fingerprint(entry):
                yield from names

    def missing_issuers(self, certificate: ManagedCertificate) -> list[tuple[EnvironmentEntry, str]]:
        """The entries whose chain has a gap, each with the first issuer that the environment does not hold.

        The last certificate of a chain may lack its issuer, since the root is often left out, and so may a certificate that is
        stored alone. Names are compared, not signatures.
        """
        missing = []
        for entry in certificate.entries:
            held = self._subjects[entry.environment]
            for subject, issuer in ((entry.subject, entry.issuer), *entry.chain)[:-1]:
                if issuer and subject != issuer and _comparable(issuer) not in held:
                    missing.append((entry, issuer))
                    break
        return missing


def _name(certificate: ManagedCertificate) -> str:
    return f"{certificate.project}/{certificate.name}"


def _fingerprint(entry: EnvironmentEntry) -> str:
    """The fingerprint that every generation of the manager reports, with or without content; empty if it is unknown."""
    return entry.fingerprint_sha1 or entry.fingerprint_sha256 or ""


def _comparable(name: str) -> str:
    """A distinguished name without differences of case and of blanks (RFC 5280, section 7.1)."""
    return " ".join(name.casefold().split())


def _listed(own: str, names: Iterable[str]) -> str:
    """The other names in words, each once. Only the first ones are looked at."""
    # A name may come once for each environment, and the own one as well.
    found: Sequence[str] = list(islice(_distinct(own, names), _NAMED + 1))
    return ", ".join([*found[:_NAMED], *(["and more"] if len(found) > _NAMED else [])])


def _distinct(own: str, names: Iterable[str]) -> Iterator[str]:
    seen = {own}
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name
