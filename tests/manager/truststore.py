# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways of an environment trust: certificates under aliases, as in a Java truststore."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, replace

CertificateKey = tuple[str, str]
"""Project and certificate name."""


@dataclass(frozen=True)
class Trusted:
    """A certificate in a truststore, as DER.

    `alias` is empty if it has none. `key` is the certificate of the manager that was deployed, and None for one that got
    there by other means.
    """

    alias: str
    der: bytes
    key: CertificateKey | None = None


class Truststore(MutableMapping[CertificateKey, bytes]):
    """The truststore of one environment.

    As a mapping, it contains what was deployed: the DER by project and certificate name. `trusted` and `by_name` also
    contain the other certificates.

    Java keeps aliases in lower case (`java.security.KeyStore`, types JKS and PKCS12). So a certificate displaces the one
    with the same alias in any case, even if it belongs to another project.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._trusted: dict[object, Trusted] = {}
        """Lower-case alias (a unique object for a certificate without one) → certificate."""
        self._aliases: dict[CertificateKey, object] = {}

    def put(self, trusted: Trusted) -> None:
        """Add a certificate. It replaces the one with the same key, and displaces the one with the same alias."""
        if trusted.key is not None:
            self.pop(trusted.key, None)
        alias = trusted.alias.lower()
        slot: object = alias or object()
        displaced = self._trusted.pop(slot, None)
        if displaced is not None and displaced.key is not None:
            del self._aliases[displaced.key]
        self._trusted[slot] = replace(trusted, alias=alias)
        if trusted.key is not None:
            self._aliases[trusted.key] = slot

    @property
    def trusted(self) -> list[Trusted]:
        """All certificates, in the order in which they came."""
        return list(self._trusted.values())

    def by_name(self) -> dict[str, bytes]:
        """Return all certificates by alias. Those without one are named `certificate-1`, `certificate-2`, and so on."""
        free = (name for number in itertools.count(1) if (name := f"certificate-{number}") not in self._trusted)
        return {trusted.alias or next(free): trusted.der for trusted in self.trusted}

    def copy(self) -> Truststore:
        """Return an independent copy."""
        copied = Truststore()
        copied._trusted, copied._aliases = dict(self._trusted), dict(self._aliases)
        return copied

    def __getitem__(self, key: CertificateKey) -> bytes:
        """Return the DER of a deployed certificate."""
        return self._trusted[self._aliases[key]].der

    def __setitem__(self, key: CertificateKey, der: bytes) -> None:
        """Replace a deployed certificate under its alias. If it is new, its alias is its name."""
        present = self._trusted[self._aliases[key]] if key in self._aliases else Trusted(key[1], der)
        self.put(Trusted(present.alias, der, key))

    def __delitem__(self, key: CertificateKey) -> None:
        """Remove a deployed certificate."""
        del self._trusted[self._aliases.pop(key)]

    def __iter__(self) -> Iterator[CertificateKey]:
        """Iterate over the keys of the deployed certificates."""
        return iter(self._aliases)

    def __len__(self) -> int:
        """Return the number of deployed certificates."""
        return len(self._aliases)

    def __repr__(self) -> str:
        """Show what was deployed, for the message of a failed assertion."""
        return repr(dict(self))


Gateways = dict[str, Truststore]
"""The truststores of the gateways by the name of their environment."""
