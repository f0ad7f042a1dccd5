# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and trust anchors that a user gives, as a file or as text."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._certificate_files import (
    read_anchors,
    read_new_certificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from manager import Authority
from unit.plugins.module_utils.certificate_maker import make_certificate
from unit.plugins.plugin_utils._rotation.fakes import FakeFiles
from unit.plugins.plugin_utils._rotation.run_builder import KEY, NEW, issued

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


NEW_ISSUED = issued(days=300)


def locate(path: str) -> str:
    return os.path.join("/base", path)


def read_one(data: bytes | str) -> Any:
    return read_new_certificate(KEY, "web.pem", None, locate, FakeFiles({"/base/web.pem": data}))


@pytest.mark.parametrize(
    "data",
    [
        NEW_ISSUED.pem,
        NEW_ISSUED.pem.replace("\n", "\r\n").rstrip(),
        NEW_ISSUED.der,
        NEW_ISSUED.chain_pem,
    ],
    ids=["PEM", "CRLF", "DER", "chain"],
)
def test_a_new_certificate_is_read_from_a_file_in_any_form(data: bytes | str) -> None:
    assert read_one(data).leaf == NEW.leaf


def test_the_issuers_in_a_file_belong_to_the_new_certificate() -> None:
    assert read_one(NEW_ISSUED.chain_pem).pem == NEW_ISSUED.chain_pem


def test_a_new_certificate_is_read_from_text() -> None:
    content = NEW_ISSUED.pem.replace("\n", "\r\n")

    assert read_new_certificate(KEY, None, content, locate, FakeFiles()) == NEW


@pytest.mark.parametrize(("path", "found"), [("web.pem", "/base/web.pem"), ("/there/web.pem", "/there/web.pem")])
def test_a_relative_path_starts_at_the_base_folder(path: str, found: str) -> None:
    files = FakeFiles({found: NEW_ISSUED.pem})

    assert read_new_certificate(KEY, path, None, locate, files) == NEW


@pytest.mark.parametrize(
    "data",
    ["no certificate", "", b"", NEW_ISSUED.der[:-9], b"\xff\xfe"],
    ids=["text", "empty", "no bytes", "cut", "binary"],
)
def test_a_file_without_a_certificate_is_refused(data: bytes | str) -> None:
    with pytest.raises(CertificateError, match=r"^The new certificate of MyProject/web \(web.pem\) cannot be used: "):
        read_one(data)


def test_a_file_that_cannot_be_read_is_refused_with_the_reason() -> None:
    with pytest.raises(CertificateError) as raised:
        read_new_certificate(KEY, "web.pem", None, locate, FakeFiles())
    assert str(raised.value) == (
        "The new certificate of MyProject/web (web.pem) cannot be used: /base/web.pem cannot be read: "
        "No such file or directory"
    )


@pytest.mark.parametrize(
    "data", [NEW_ISSUED.pem + NEW_ISSUED.key_pem, NEW_ISSUED.key_pem], ids=["with a certificate", "alone"]
)
def test_a_private_key_is_refused_and_never_quoted(data: str) -> None:
    with pytest.raises(CertificateError, match="private key") as raised:
        read_one(data)
    assert not any(line in str(raised.value) for line in NEW_ISSUED.key_pem.splitlines())


@pytest.mark.parametrize("content", ["", "x"])
def test_text_without_a_certificate_is_refused(content: str) -> None:
    with pytest.raises(CertificateError, match=r"^The new certificate of MyProject/web \(content\) cannot be used: "):
        read_new_certificate(KEY, None, content, locate, FakeFiles())


@pytest.mark.parametrize("text", [NEW_ISSUED.pem, NEW_ISSUED.key_pem], ids=["certificate", "private key"])
def test_text_instead_of_a_path_is_refused_and_never_quoted(text: str) -> None:
    with pytest.raises(CertificateError) as raised:
        read_new_certificate(KEY, text, None, locate, FakeFiles())
    assert str(raised.value) == (
        "The new certificate of MyProject/web (path) cannot be used: contains the text of a certificate instead of the "
        "path of a file; use content for the text"
    )


def test_a_chain_whose_signatures_do_not_verify_is_refused() -> None:
    chain = NEW_ISSUED.pem + Authority().pem
    with pytest.raises(CertificateError) as raised:
        read_one(chain)
    assert re.fullmatch(
        r"The new certificate of MyProject/web \(web.pem\) cannot be used: contains a chain whose signatures do not "
        r"verify: CN=web.example.com,O=Example Inc,C=US is not signed by the key of CN=Example CA,O=Example Inc,C=US "
        r"\(serial number [0-9a-f]+\)\. Provide the issuers that signed the certificate, or the certificate without issuers",
        str(raised.value),
    )


@pytest.mark.parametrize("content", ["\ud800", NEW_ISSUED.pem.replace("\n", "\\n")], ids=["surrogate", "literal \\n"])
def test_text_that_is_not_pem_is_refused(content: str) -> None:
    with pytest.raises(CertificateError, match=r"^The new certificate of MyProject/web \(content\) cannot be used: "):
        read_new_certificate(KEY, None, content, locate, FakeFiles())


def test_an_obtained_certificate_must_have_a_path_or_content() -> None:
    with pytest.raises(CertificateError) as raised:
        read_new_certificate(KEY, None, None, locate, FakeFiles())
    assert str(raised.value) == (
        "The new certificate of MyProject/web (certificate_rotation_obtained) cannot be used: "
        "your tasks set neither path nor content in it"
    )
