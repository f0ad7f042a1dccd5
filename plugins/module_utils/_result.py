# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values -> the dictionaries that the modules return. The only file that knows the names of return values. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, Entry, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, iso

# What a diff shows of an entry: what the manager holds, without what changes with the clock.
_DIFF_KEYS = ("alias", "subject", "issuer", "serial_number", "not_before", "not_after", "fingerprint_sha256", "entries")


def certificate(
    stored: StoredCertificate | None, now: datetime, *, wanted: Bundle | None = None, with_content: bool = False
) -> dict[str, t.Any] | None:
    """A certificate with its environments, sorted by name; None for none.

    :arg wanted: where an environment has several entries, the one that is this speaks for it.
    :arg with_content: add the PEM of each environment.
    """
    if stored is None:
        return None
    environments = []
    for environment in stored.environments:
        entry = stored.entry_of(environment, wanted)
        if entry is not None:
            described = entry_values(entry, now, len(stored.entries_of(environment)))
            if with_content:
                described["content"] = entry.bundle.pem if entry.bundle else None
            environments.append(described)
    return {
        "project": stored.project,
        "name": stored.name,
        "description": stored.description,
        "environments": environments,
    }


def entry_values(entry: Entry, now: datetime, entries: int) -> dict[str, t.Any]:
    """An environment of a certificate.

    :arg entries: how many entries the manager lists for it.
    """
    leaf = entry.leaf
    return {
        "name": entry.environment,
        "alias": entry.alias,
        "subject": entry.subject,
        "issuer": leaf.issuer if leaf else None,
        "serial_number": leaf.serial_number if leaf else None,
        "not_before": iso(entry.not_before) if entry.not_before else None,
        "not_after": iso(entry.not_after) if entry.not_after else None,
        "days_remaining": (entry.not_after - now).days if entry.not_after else None,
        "expired": entry.not_after < now if entry.not_after else None,
        "fingerprint_sha256": leaf.fingerprint_sha256 if leaf else None,
        "fingerprint_sha1": entry.fingerprint_sha1,
        "entries": entries,
    }


def diff(header: str, before: dict[str, t.Any] | None, after: dict[str, t.Any] | None) -> dict[str, t.Any]:
    """Before and after, built from what the certificates mean, not from their text.

    :arg header: what stands above both.
    :arg before: a certificate as C(certificate) makes it.
    """
    return {
        "before_header": header,
        "after_header": header,
        "before": _for_diff(before),
        "after": _for_diff(after),
    }


def _for_diff(described: dict[str, t.Any] | None) -> dict[str, t.Any]:
    if described is None:
        return {}
    return {
        "description": described["description"],
        "environments": {
            environment["name"]: {key: environment[key] for key in _DIFF_KEYS}
            for environment in described["environments"]
        },
    }


def deployment(result: Deployment | None) -> dict[str, t.Any] | None:
    """What the manager said of the deployment; None where nothing was written."""
    if result is None:
        return None
    return {
        "success": False if result.failed else result.success,
        "message": result.message,
        "environments": [
            {"name": environment.name, "success": environment.success, "message": environment.message}
            for environment in result.environments
        ],
    }
