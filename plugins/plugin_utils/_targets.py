# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and their environments in messages: a reason that several of them share is given once. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def by_reason(found: Iterable[tuple[str, str | None, str]]) -> list[tuple[str, str]]:
    """Group certificates and environments by what is said about them, in the order of their first occurrence.

    :arg found: C(project/name), an environment, or None where the reason is about the certificate, and the reason.
    :returns: pairs such as C(p/a in dev, prod and p/b in dev) and the reason.
    """
    groups: dict[str, dict[str, list[str]]] = {}
    for key, environment, reason in found:
        names = groups.setdefault(reason, {}).setdefault(key, [])
        if environment is not None and environment not in names:
            names.append(environment)
    return [
        (" and ".join(f"{key} in {', '.join(names)}" if names else key for key, names in certificates.items()), reason)
        for reason, certificates in groups.items()
    ]
