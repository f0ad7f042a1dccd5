# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distinguished names: read them from DER, compare them (RFC 5280, section 7.1), and show them (RFC 4514). Pure.

The cryptography library rejects names that authorities have really issued, such as Latin-1 in a TeletexString, and
compares attributes character by character. OpenSSL accepts the former, and compares as the RFC requires.
"""

from __future__ import annotations

import typing as t
import unicodedata
from collections.abc import Hashable, Iterator

COMMON_NAME = "2.5.4.3"

_SHORT_NAMES = {
    COMMON_NAME: "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
"""RFC 4514, section 3."""

_WIDE_STRINGS = {28: "utf-32-be", 30: "utf-16-be"}
"""UniversalString and BMPString, by their tags."""
_UTF8_STRING = 12
_STRINGS = frozenset((12, 18, 19, 20, 22, 26, 27))
"""UTF8String, NumericString, PrintableString, TeletexString, IA5String, VisibleString, GeneralString."""

_SEQUENCE = 0x30
_EXPLICIT_VERSION = 0xA0
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Categories of characters that change how the characters around them are shown, such as ESC and right-to-left marks."""
_MAPPED_TO_SPACE = frozenset("\t\n\v\f\r\x85")
_MAPPED_TO_NOTHING = frozenset("\u034f\u1806\u180b\u180c\u180d\ufffc\u200b") | {
    chr(code) for code in range(0xFE00, 0xFE10)
}


class Attribute(t.NamedTuple):
    """One attribute of a name: its object identifier in dotted form, and the tag and the content of its value."""

    oid: str
    tag: int
    value: bytes

    @property
    def text(self) -> str | None:
        """The value as text, or None if it is not a character string.

        Authorities have put Latin-1 into most kinds of strings, and OpenSSL reads a TeletexString as Latin-1, too.
        """
        if self.tag in _WIDE_STRINGS:
            try:
                return self.value.decode(_WIDE_STRINGS[self.tag])
            except UnicodeDecodeError:
                return None
        if self.tag not in _STRINGS:
            return None
        try:
            return self.value.decode("utf-8")
        except UnicodeDecodeError:
            return self.value.decode("latin-1")

    @property
    def certain(self) -> bool:
        """Whether there is only one way to read the value as text."""
        if self.tag in _STRINGS and self.tag != _UTF8_STRING:
            return self.value.isascii()
        try:
            self.value.decode(_WIDE_STRINGS.get(self.tag, "utf-8"))
        except UnicodeDecodeError:
            return False
        return self.tag == _UTF8_STRING or self.tag in _WIDE_STRINGS


Name = tuple[tuple[Attribute, ...], ...]
"""A distinguished name: its relative distinguished names in the order of the DER, each with its attributes."""


def read_subject_and_issuer(tbs: bytes) -> tuple[Name, Name]:
    """Read the two names of a certificate.

    :arg tbs: the DER of its TBSCertificate (RFC 5280, section 4.1).
    :raises ValueError: if they cannot be read.
    """
    fields = _fields(tbs)
    return _read_name(fields[4]), _read_name(fields[2])


def read_public_key_info(tbs: bytes) -> bytes:
    """Read the SubjectPublicKeyInfo of a certificate, with its algorithm, as DER. The arguments are those of the names.

    :raises ValueError: if it cannot be read.
    """
    return _encode(_SEQUENCE, _fields(tbs)[5])


def _fields(tbs: bytes) -> list[bytes]:
    """The contents of serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, and what follows."""
    ((_tag, content),) = _elements(tbs)
    fields = [value for tag, value in _elements(content) if tag != _EXPLICIT_VERSION]
    if len(fields) < 6:
        raise ValueError("the certificate has too few fields")
    return fields


def _read_name(content: bytes) -> Name:
    return tuple(
        tuple(_read_attribute(attribute) for _tag, attribute in _elements(relative))
        for _tag, relative in _elements(content)
    )


def _read_attribute(content: bytes) -> Attribute:
    (_tag, oid), (tag, value) = _elements(content)
    return Attribute(_dotted(oid), tag, value)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tag and the content of each DER element."""
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise ValueError("a DER element is cut off")
        tag, length, at = data[at], data[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("a DER element is cut off")
        yield tag, data[at : at + length]
        at += length


def _dotted(oid: bytes) -> str:
    arcs, arc = [], 0
    for byte in oid:
        arc = arc << 7 | byte & 0x7F
        if byte < 0x80:
            arcs.append(arc)
            arc = 0
    if not arcs:
        raise ValueError("an object identifier is empty")
    first = min(arcs[0] // 40, 2)
    return ".".join(str(number) for number in (first, arcs[0] - 40 * first, *arcs[1:]))


def comparable(name: Name) -> Hashable:
    """Return a value that is equal for names that match (RFC 5280, section 7.1).

    The kind of string, the case, and repeated blanks do not matter, nor does the order within a relative distinguished
    name.
    """
    return tuple(tuple(sorted((attribute.oid, _comparable_value(attribute)) for attribute in one)) for one in name)


def _comparable_value(attribute: Attribute) -> str:
    text = attribute.text
    return _hexadecimal(attribute) if text is None else _prepare(text)


def _prepare(text: str) -> str:
    """Prepare a string for comparison: map, normalize, and remove insignificant spaces (RFC 4518, section 2)."""
    if text.isascii() and text.isprintable():  # the same, ten times as fast
        return " ".join(text.lower().split())
    mapped = "".join(_map(character) for character in text)
    folded = unicodedata.normalize("NFKC", mapped).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _map(character: str) -> str:
    category = unicodedata.category(character)
    if character in _MAPPED_TO_SPACE or category.startswith("Z"):
        return " "
    return "" if category in ("Cc", "Cf") or character in _MAPPED_TO_NOTHING else character


def is_certain(name: Name) -> bool:
    """Whether a comparison decides if the name matches another one: its strings can be read in one way only."""
    return all(attribute.certain for one in name for attribute in one)


def texts_of(name: Name, oid: str) -> list[str]:
    """Return the values of an attribute, as far as they are text."""
    texts = (attribute.text for one in name for attribute in one if attribute.oid == oid)
    return [text for text in texts if text is not None]


def to_rfc4514(name: Name) -> str:
    """Return the name in the notation of RFC 4514, in which the last relative distinguished name comes first."""
    relative = ("+".join(_attribute_to_rfc4514(attribute) for attribute in one) for one in reversed(name))
    return escape_hidden(",".join(relative))


def _attribute_to_rfc4514(attribute: Attribute) -> str:
    text = attribute.text
    value = _hexadecimal(attribute) if text is None else _escape(text)
    return f"{_SHORT_NAMES.get(attribute.oid, attribute.oid)}={value}"


def _hexadecimal(attribute: Attribute) -> str:
    """The value in the form that RFC 4514 has for values that are not text: C(#), and the DER in hexadecimal."""
    return "#" + _encode(attribute.tag, attribute.value).hex()


def _encode(tag: int, content: bytes) -> bytes:
    """Return a DER element."""
    length = len(content)
    size = b"" if length < 0x80 else length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size) if size else length]) + size + content


def _escape(text: str) -> str:
    escaped = "".join(f"\\{character}" if character in '\\,+<>;"' else character for character in text)
    if escaped.endswith(" ") and len(escaped) > 1:
        escaped = escaped[:-1] + "\\ "
    return f"\\{escaped}" if escaped.startswith(("#", " ")) else escaped


def escape_hidden(text: str) -> str:
    """Escape control characters and the like in a name, as RFC 4514 allows: a backslash and two digits for each byte.

    A name is chosen by whoever issued the certificate, and is shown on terminals.
    """
    if text.isprintable():
        return text
    return "".join(
        "".join(f"\\{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
        if unicodedata.category(character) in _HIDDEN
        else character
        for character in text
    )
