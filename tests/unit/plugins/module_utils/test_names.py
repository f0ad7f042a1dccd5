# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distinguished names, as they are shown and compared."""

from __future__ import annotations

import pytest
from cryptography import x509

from ansible_collections.apinizer.apiops.plugins.module_utils import _names
from ansible_collections.apinizer.apiops.plugins.module_utils._certificate import names_of, read_der
from ansible_collections.apinizer.apiops.plugins.module_utils._names import Attribute, comparable, to_rfc4514
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import parse_input
from unit.plugins.module_utils.certificate_maker import VECTORS, make_certificate

COMMON_NAME = "2.5.4.3"
ORGANIZATION = "2.5.4.10"


def utf8(oid: str, text: str) -> Attribute:
    return Attribute(oid, 12, text.encode())


def shown(tag: int, value: bytes) -> str | None:
    """How the subject of a certificate is shown whose common name has this tag and value."""
    before = b"x" * len(value)
    patch = (bytes([12, len(value)]) + before, bytes([tag, len(value)]) + value)
    return make_certificate(before.decode(), "issuer", patches=[patch]).subject


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        pytest.param(12, "şöyle".encode(), "CN=şöyle", id="UTF8String"),
        pytest.param(12, b"w\xfcb", "CN=wüb", id="UTF8String with Latin-1"),
        pytest.param(19, b"web", "CN=web", id="PrintableString"),
        pytest.param(19, b"w\xfcb*", "CN=wüb*", id="PrintableString with Latin-1"),
        pytest.param(20, b"w\xfcb", "CN=wüb", id="TeletexString with Latin-1"),
        pytest.param(20, "wüb".encode(), "CN=wüb", id="TeletexString with UTF-8"),
        pytest.param(22, b"web", "CN=web", id="IA5String"),
        pytest.param(30, "şey".encode("utf-16-be"), "CN=şey", id="BMPString"),
        pytest.param(30, b"\x00w\x00", "CN=#1e03007700", id="BMPString with half a character"),
        pytest.param(28, "şe".encode("utf-32-be"), "CN=şe", id="UniversalString"),
        pytest.param(4, b"web", "CN=#0403776562", id="no character string"),
        pytest.param(20, b'\xfc,+"<>;\\', 'CN=ü\\,\\+\\"\\<\\>\\;\\\\', id="special characters"),
        pytest.param(20, b" \xfc ", "CN=\\ ü\\ ", id="blanks around"),
        pytest.param(20, b"#\xfc", "CN=\\#ü", id="number sign"),
    ],
)
def test_every_kind_of_string_is_shown_as_text(tag: int, value: bytes, text: str) -> None:
    assert to_rfc4514(((Attribute(COMMON_NAME, tag, value),),)) == text


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        (12, "şöyle".encode(), "CN=şöyle"),
        (20, b"w\xfcb, web", "CN=wüb\\, web"),
        (20, "wüb, web".encode(), "CN=wüb\\, web"),
        (30, "şey".encode("utf-16-be"), "CN=şey"),
        (28, "şe".encode("utf-32-be"), "CN=şe"),
    ],
)
def test_a_certificate_shows_its_name_whoever_reads_it(tag: int, value: bytes, text: str) -> None:
    """The cryptography library reads most names, and we read those that it rejects."""
    assert shown(tag, value) == text


@pytest.mark.parametrize("tag", [12, 20])
@pytest.mark.parametrize("prefix", [b"", b"\xfc"], ids=["read by cryptography", "read by us"])
def test_characters_that_control_a_terminal_are_escaped(tag: int, prefix: bytes) -> None:
    start = "CN=" + prefix.decode("latin-1")
    assert shown(tag, prefix + b"a\x1b[2Jb\x07\x7f") == start + "a\\1B[2Jb\\07\\7F"
    assert shown(tag, prefix + b"\0") == start + "\\00"


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\x85", "\u2028"])
def test_characters_that_hide_or_reorder_others_are_escaped(character: str) -> None:
    escaped = "".join(f"\\{byte:02X}" for byte in character.encode())
    assert shown(12, f"a{character}b".encode()) == f"CN=a{escaped}b"


def test_other_characters_are_shown_as_they_are() -> None:
    assert shown(12, "İstanbul 証明書🔒\u00a0é".encode()) == "CN=İstanbul 証明書🔒\u00a0é"


def test_a_subject_that_is_empty_is_empty() -> None:
    certificate = make_certificate("", "issuer")
    assert (certificate.subject, certificate.issuer) == ("", "CN=issuer")
    assert certificate.label == "serial number 1"


def test_both_ways_to_show_a_name_agree() -> None:
    """Names that the cryptography library can read look the same if we read them."""
    compared = 0
    for file in sorted((VECTORS / "x509").rglob("*.pem")):
        try:
            certificate = parse_input(file.read_bytes()).leaf
            texts = read_der(certificate.der, lambda parsed: parsed.subject.rfc4514_string())
        except ValueError:
            continue
        subject, _issuer = read_der(certificate.der, names_of)
        if all(attribute.oid in _names._SHORT_NAMES for one in subject for attribute in one):
            assert to_rfc4514(subject) == _names.escape_hidden(texts)
            compared += 1
    assert compared > 50


def test_a_relative_name_with_several_attributes() -> None:
    name = ((utf8(ORGANIZATION, "O"),), (utf8(COMMON_NAME, "web"), utf8("1.2.840.113549.1.9.1", "a@b")))
    assert to_rfc4514(name) == "CN=web+1.2.840.113549.1.9.1=a@b,O=O"
    assert comparable(name) == comparable((name[0], name[1][::-1]))
    assert comparable(name) != comparable(name[::-1])


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        ("Some CA", "some ca", True),
        ("Some CA", "  Some\t CA\n", True),
        ("Some CA", "Some\u200b CA\u00ad\0", True),
        ("Straße", "STRASSE", True),
        ("ﬁne", "FINE", True),
        ("Ångström", "A\u030angstro\u0308m", True),
        ("Some CA", "SomeCA", False),
        ("Some CA", "Some-CA", False),
        ("ı", "i", False),
        ("e", "é", False),
    ],
)
def test_text_is_prepared_before_it_is_compared(one: str, other: str, match: bool) -> None:
    """As RFC 4518 requires: mapped, normalized, and without insignificant blanks."""
    names = [comparable(((utf8(COMMON_NAME, text),),)) for text in (one, other)]
    assert (names[0] == names[1]) is match


@pytest.mark.parametrize(
    ("oid", "expected"),
    [("2.5.4.3", "CN"), ("2.999.1", "2.999.1"), ("1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.1")],
)
def test_object_identifiers(oid: str, expected: str) -> None:
    encoded = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(oid), "w")]).public_bytes()
    ((_tag, content),) = _names._elements(encoded)
    assert to_rfc4514(_names._read_name(content)) == f"{expected}=w"


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"0",
        b"\x30\x05\x01",
        b"\x30\x82\x01",
        b"\x30\x00\x30\x00",
        b"\x30\x02\x05\x00",
        b"\x30\x06\x30\x04\x31\x02\x30\x00",
    ],
)
def test_damaged_names_are_an_error(der: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        _names.read_subject_and_issuer(der)
