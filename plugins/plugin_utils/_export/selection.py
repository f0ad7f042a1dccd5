# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a manager's record becomes an item of the role's list, and what cannot. Pure.

An item has one certificate for all its environments. A certificate that differs between environments therefore becomes an
item of its own for each of them, in a list of that environment.
"""

from __future__ import annotations

import typing as t
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError, PrivateKeyError
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, parse_stored, parse_text
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import read_marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import is_blank

View = Mapping[str, t.Any]
"""A certificate, or one environment of it, as the module apinizer_certificate returns C(previous)."""


@dataclass(frozen=True)
class Exported:
    """An item of the list: a certificate, and the environments that hold it.

    :arg alias: None where it differs between these environments; the role then keeps it.
    :arg description: None where the manager does not report it.
    """

    project: str
    name: str
    bundle: Bundle = field(repr=False)
    environments: tuple[str, ...]
    alias: str | None = None
    description: str | None = None

    @property
    def key(self) -> str:
        return f"{self.project}/{self.name}"


@dataclass(frozen=True)
class Selection:
    """What is exported.

    :arg same: certificates that are the same in all their environments, sorted by project and name.
    :arg differing: certificates that differ between environments, by environment, both sorted.
    :arg left_out: what is not exported and why, as messages.
    :arg notes: what the user should know about the exported certificates, as messages.
    """

    same: tuple[Exported, ...] = ()
    differing: Mapping[str, tuple[Exported, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def everything(self) -> Iterator[Exported]:
        yield from self.same
        for items in self.differing.values():
            yield from items


def select(
    certificates: Iterable[View], environments: Container[str] | None = None, unusable: Iterable[str] = ()
) -> Selection:
    """Select what can be exported.

    :arg certificates: with the C(content) of each environment.
    :arg environments: the names of those to export; None for all.
    :arg unusable: messages about certificates that are left out already.
    """
    same: list[Exported] = []
    differing: dict[str, list[Exported]] = {}
    left_out = list(unusable)
    notes: list[str] = []
    for certificate in sorted(certificates, key=lambda one: (one["project"], one["name"])):
        if marker := read_marker(certificate["description"]):
            key = f"{certificate['project']}/{certificate['name']}"
            left_out.append(
                f"{key}: it is the companion of {marker.name} in an overlap, and the role creates and deletes it"
            )
            continue
        views = [view for view in certificate["environments"] if environments is None or view["name"] in environments]
        items = _items({**certificate, "environments": views}, left_out, notes)
        if len(items) == 1:
            same += items
            continue
        for item in items:
            for name in item.environments:
                alias = next(view["alias"] for view in certificate["environments"] if view["name"] == name)
                differing.setdefault(name, []).append(replace(item, environments=(name,), alias=alias))
    return Selection(
        same=tuple(same),
        differing={name: tuple(differing[name]) for name in sorted(differing)},
        left_out=tuple(map(escape_controls, left_out)),
        notes=tuple(map(escape_controls, notes)),
    )


def _items(certificate: View, left_out: list[str], notes: list[str]) -> list[Exported]:
    """One item for each different certificate that the environments hold."""
    key = f"{certificate['project']}/{certificate['name']}"
    held: dict[str, Exported] = {}
    known = {view["fingerprint_sha1"]: view["content"] for view in certificate["environments"] if view["content"]}
    for view in certificate["environments"]:
        target = f"{key} in {view['name']}"
        try:
            # An environment whose content is missing may hold the same certificate as another one.
            bundle, problem = _read(view["content"] or known.get(view["fingerprint_sha1"]))
        except CertificateError as exc:
            left_out.append(f"{target}: {exc}")
            continue
        if problem:
            notes.append(f"{target}: {problem}")
        if view["entries"] > 1:
            notes.append(
                f"{target}: the record has {view['entries']} entries. The one that was issued last was exported"
            )
        found = held.get(bundle.leaf.fingerprint_sha256)
        held[bundle.leaf.fingerprint_sha256] = Exported(
            project=certificate["project"],
            name=certificate["name"],
            bundle=bundle if found is None else max(found.bundle, bundle, key=lambda one: len(one.issuers)),
            environments=(*(found.environments if found else ()), view["name"]),
            alias=view["alias"] if found is None or found.alias == view["alias"] else None,
            description=None if is_blank(certificate["description"]) else certificate["description"],
        )
    if not certificate["environments"]:
        left_out.append(f"{key}: no environment holds it")
    items = list(held.values())
    if len(items) == 1 and len({view["alias"] for view in certificate["environments"]}) > 1:
        notes.append(f"{key}: its alias differs between environments, so it is not in the list, and the role keeps it")
        items = [replace(items[0], alias=None)]
    return items


def _read(content: str | None) -> tuple[Bundle, str]:
    """Read a certificate of the record as strictly as the role will read its file.

    :returns: the certificate, and a note if its issuers are omitted, otherwise empty text.
    :raises CertificateError: if there is none that the role could read. That includes a private key in its place.
    """
    stored = parse_stored(content) if content else None
    if stored is None:
        raise CertificateError("the manager does not return the certificate")
    try:
        bundle = parse_text(stored.pem)
        if bundle.leaf.der == stored.leaf.der:
            return bundle, ""
        problem = "its issuers are not in the order of a chain"
    except PrivateKeyError:
        raise CertificateError("the record contains a private key instead of a certificate") from None
    except CertificateError as exc:
        problem = str(exc)
    try:
        # The record is compared by the certificate alone.
        return parse_text(stored.leaf.pem), f"exported without its issuers: the record {problem}"
    except CertificateError as exc:
        raise CertificateError(f"the record does not contain a readable certificate: {exc}") from exc
