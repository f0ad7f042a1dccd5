# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.fingerprints import fingerprint, mismatch
from unit.plugins.plugin_utils._rotation.run_builder import DEV, NEW, OLD, Json, entry, listed_entry

OLD_SHA256, NEW_SHA256 = OLD.leaf.fingerprint_sha256, NEW.leaf.fingerprint_sha256


@pytest.mark.parametrize(
    ("view", "digits", "expected"),
    [
        (None, None, "no certificate"),
        (entry(DEV, OLD), None, f"SHA-256 {OLD_SHA256}"),
        (entry(DEV, OLD), 16, f"SHA-256 {OLD_SHA256[:16]}..."),
        (entry(DEV, OLD, entries=2), None, f"SHA-256 {OLD_SHA256} (2 entries)"),
        (listed_entry(DEV, OLD), None, f"SHA-1 {OLD.leaf.fingerprint_sha1}"),
        (dict.fromkeys(("fingerprint_sha256", "fingerprint_sha1"), OLD_SHA256), None, f"SHA-256 {OLD_SHA256}"),
    ],
    ids=["none", "SHA-256", "16 digits", "2 entries", "SHA-1", "without entries"],
)
def test_a_fingerprint_names_its_algorithm(view: Any, digits: int | None, expected: str) -> None:
    assert fingerprint(view, digits) == expected


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (entry(DEV, NEW), ""),
        (listed_entry(DEV, NEW), ""),
        (None, "the manager holds no certificate"),
        (entry(DEV, NEW, entries=2), "the manager lists 2 entries"),
        (
            entry(DEV, OLD),
            (
                f"the manager holds SHA-256 {OLD_SHA256[:16]}... instead of the new certificate, "
                f"SHA-256 {NEW_SHA256[:16]}..."
            ),
        ),
        (
            listed_entry(DEV, OLD),
            (
                f"the manager holds SHA-1 {OLD.leaf.fingerprint_sha1[:16]}... instead of the new certificate, "
                f"SHA-1 {NEW.leaf.fingerprint_sha1[:16]}..."
            ),
        ),
        (entry(DEV, OLD, entries=2), "the manager lists 2 entries"),
    ],
    ids=["same", "same in a list", "none", "2 entries", "SHA-256", "SHA-1", "2 entries of another"],
)
def test_a_mismatch_compares_fingerprints_of_one_algorithm(view: Json | None, expected: str) -> None:
    assert mismatch(view, entry("", NEW)) == expected
