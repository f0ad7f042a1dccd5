# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints in messages: SHA-256, or SHA-1 where the manager returns no certificate to compute it from. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

View = Mapping[str, t.Any]


def fingerprint(view: View | None, digits: int | None = None) -> str:
    """The fingerprint of an environment's certificate with its algorithm.

    :arg digits: how many digits to show; None for all.
    """
    if view is None:
        return "no certificate"
    algorithm = "SHA-256" if view["fingerprint_sha256"] else "SHA-1"
    fingerprint = str(view["fingerprint_sha256"] or view["fingerprint_sha1"])
    shown = f"{fingerprint[:digits]}..." if digits else fingerprint
    entries = view.get("entries", 1)
    return f"{algorithm} {shown}" + (f" ({entries} entries)" if entries > 1 else "")


def mismatch(view: View | None, new: View, written_name: str = "new certificate") -> str:
    """How the record of an environment differs from what was written; empty where it does not.

    :arg written_name: what the message calls the certificate that was written.
    """
    if view is None:
        return "the manager holds no certificate"
    if view["entries"] > 1:
        # The one that was issued last stands for them, which need not be the one that was written.
        return f"the manager lists {view['entries']} entries"
    if view["fingerprint_sha1"] == new["fingerprint_sha1"]:
        return ""
    written = new if view["fingerprint_sha256"] else {**new, "fingerprint_sha256": None}
    return f"the manager holds {fingerprint(view, 16)} instead of the {written_name}, {fingerprint(written, 16)}"
