# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust anchors that a user gives, as a file or as text."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._certificate_files import read_anchors
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from unit.plugins.module_utils.certificate_maker import make_certificate
from unit.plugins.plugin_utils._rotation.fakes import FakeFiles
from unit.plugins.plugin_utils._rotation.run_builder import issued

ONE, OTHER = make_certificate("one"), make_certificate("other")
FILES: Any = FakeFiles(
    {
        "/base/ca.pem": ONE.pem + "a comment\n" + OTHER.pem + ONE.pem,
        "/base/ca.der": ONE.der,
        "/base/empty.pem": "\n",
        "/base/key.pem": issued(days=1).key_pem,
        "/base/broken.pem": ONE.pem.replace("MII", "xxx", 1),
    }
)


def read(given: Any) -> list[Certificate]:
    return read_anchors(given, lambda path: f"/base/{path}", FILES)


@pytest.mark.parametrize("given", [None, "", "  \n"])
def test_without_a_value_there_are_no_anchors(given: str | None) -> None:
    assert read(given) == []


@pytest.mark.parametrize(
    ("given", "anchors"),
    [("ca.pem", [ONE, OTHER]), ("ca.der", [ONE]), (OTHER.pem + ONE.pem, [OTHER, ONE]), (f"\n{ONE.pem}", [ONE])],
)
def test_anchors_need_not_be_a_chain(given: str, anchors: list[Certificate]) -> None:
    assert read(given) == anchors


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("missing.pem", "/base/missing.pem cannot be read: No such file or directory"),
        ("empty.pem", "empty.pem is empty"),
        ("key.pem", "key.pem contains a private key"),
        ("broken.pem", "broken.pem CERTIFICATE block 1 is not a readable certificate"),
        (issued(days=1).pem + issued(days=1).key_pem, "contains a private key"),
    ],
)
def test_anchors_that_cannot_be_used_are_refused(given: str, message: str) -> None:
    with pytest.raises(SettingError, match=f"^certificate_rotation_require_issuer: {re.escape(message)}"):
        read(given)
