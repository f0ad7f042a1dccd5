# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Absurd and damaged certificates are read or refused, with one line that shows nothing of them."""

from __future__ import annotations

import base64
import random
import unicodedata
from collections import Counter
from datetime import datetime, timezone

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import (
    Bundle,
    Certificate,
    check_validity,
    iso,
    lost_usages,
    parse_der,
    parse_input,
    parse_stored,
    parse_text,
    subject_names,
    trust_problem,
    usage_of,
)
from unit.plugins.module_utils.certificate_maker import PKITS, START, VECTORS, make_certificate, pem_of, published

ROUNDS = 500
FAR = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)

VERSION = b"\xa0\x03\x02\x01\x02"
LONG_DATE = b"\x18\x0f99991231235959Z"

CHAIN = (make_certificate("leaf", "CA", identifiers=True), make_certificate("CA", identifiers=True))
SAMPLES = (
    *CHAIN,
    make_certificate("", "CA", end=FAR),
    published(PKITS / "ValidRFC3280OptionalAttributeTypesTest8EE.crt"),
    published(PKITS / "ValidDNandRFC822nameConstraintsTest27EE.crt"),
    published(VECTORS / "x509" / "custom" / "all_supported_names.pem"),
    published(VECTORS / "x509" / "custom" / "san_ipaddr.pem"),
    published(VECTORS / "x509" / "ed25519" / "server-ed25519-cert.pem"),
)
TAGS = (0, 1, 2, 3, 4, 5, 6, 12, 18, 19, 20, 22, 23, 24, 26, 27, 28, 30, 0x30, 0x31, 0x80, 0xA0, 0xA3, 0xFF)


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Change a few bytes of the data; most changes leave the length and the structure as they are."""
    changed = bytearray(data)
    for _unused in range(chance.choice((1, 1, 1, 2, 5))):
        at = chance.randrange(len(changed))
        kind = chance.randrange(8)
        if kind < 3:
            changed[at] = chance.choice(TAGS)
        elif kind < 6:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 6:
            del changed[at : at + chance.choice((1, 1, 7, 300))]
        else:
            changed[at:at] = bytes(chance.randrange(256) for _unused in range(chance.choice((1, 1, 9))))
        if not changed:
            break
    return bytes(changed)


def use(certificate: Certificate) -> None:
    """Read everything of a certificate."""
    for text in (certificate.subject, certificate.issuer, certificate.label, certificate.serial_number):
        assert text is None or isinstance(text, str)
    assert certificate.pem
    assert certificate.fingerprint_sha256
    assert certificate.fingerprint_sha1
    for moment in (certificate.not_before, certificate.not_after):
        assert moment is None or iso(moment).endswith("Z")
    assert certificate.public_key_sha256 is None or len(certificate.public_key_sha256) == 64
    problem = trust_problem(Bundle(certificate, CHAIN), CHAIN, START)
    assert problem is None or problem.isprintable()
    for refusing in (
        lambda: subject_names(certificate),
        lambda: lost_usages(usage_of(certificate), usage_of(CHAIN[1])),
        lambda: lost_usages(usage_of(CHAIN[0]), usage_of(certificate)),
        lambda: check_validity(certificate, START),
    ):
        try:
            refusing()
        except CertificateError as refusal:
            assert_one_line(refusal)


def assert_one_line(refusal: CertificateError) -> None:
    message = str(refusal)
    assert message
    assert not [character for character in message if unicodedata.category(character) == "Cc"]
    assert len(message) < 2000


def outcome(data: bytes) -> str:
    """Give the bytes to every function that reads a certificate, and return what the strictest one says."""
    held = parse_stored(base64.b64encode(data).decode())
    parse_stored(data.decode("latin-1"))
    if held is not None:
        for certificate in (held.leaf, *held.issuers):
            use(certificate)
    use(Certificate(data))
    found = "read"
    for read in (parse_der, parse_input, lambda data: parse_text(data.decode("utf-8", "surrogateescape"))):
        try:
            read(data)
        except CertificateError as refusal:
            assert_one_line(refusal)
            found = "refused"
    return found


def test_a_damaged_certificate_is_read_or_refused() -> None:
    chance = random.Random(5280)
    outcomes = Counter(outcome(mutate(chance.choice(SAMPLES).der, chance)) for _unused in range(ROUNDS))
    assert min(outcomes["read"], outcomes["refused"]) > ROUNDS / 20


def test_a_damaged_chain_is_read_or_refused() -> None:
    chance = random.Random(7468)
    for _unused in range(ROUNDS // 2):
        leaf, issuer = CHAIN
        if chance.randrange(2):
            leaf = Certificate(mutate(leaf.der, chance))
        if chance.randrange(2):
            issuer = Certificate(mutate(issuer.der, chance))
        text = pem_of(leaf, issuer)
        outcome(mutate(text, chance) if chance.randrange(2) else text)


def test_noise_is_refused() -> None:
    chance = random.Random(4514)
    starts = (
        b"",
        b"\x30",
        b"\x30\x82",
        b"\x30\x80",
        b"\xff\xfe",
        b"\xfe\xff",
        b"-----BEGIN CERTIFICATE-----\n",
        b"MII",
    )
    for _unused in range(ROUNDS // 2):
        length = chance.choice((0, 1, 2, 3, 30, 300))
        noise = bytes(chance.randrange(256) for _unused in range(length))
        assert outcome(chance.choice(starts) + noise) == "refused"


@pytest.mark.parametrize("number", [b"\x00", b"\xff", b"\x80"], ids=["0", "-1", "-128"])
def test_a_serial_number_that_is_not_positive(number: bytes) -> None:
    """RFC 5280 forbids it, and some authorities use it. Whether it is read is up to the version of cryptography."""
    patch = (VERSION + b"\x02\x01\x5b", VERSION + b"\x02\x01" + number)
    try:
        certificate = make_certificate("web", "CA", serial=0x5B, patches=[patch])
    except CertificateError as refusal:
        assert_one_line(refusal)
    else:
        assert certificate.serial_number == {b"\x00": "0", b"\xff": "-1", b"\x80": "-80"}[number]
        use(certificate)


def test_the_last_year_is_read() -> None:
    """RFC 5280, section 4.1.2.5: the date of a certificate that does not expire."""
    certificate = make_certificate("web", "CA", end=FAR)
    assert certificate.not_after == FAR
    use(certificate)


@pytest.mark.parametrize(
    "date",
    [
        "00000101000000Z",
        "00010101000000Z",
        "20260230000000Z",
        "20261301000000Z",
        "20260101246060Z",
        "2026010100000+Z",
        "              Z",
    ],
)
def test_a_date_that_hardly_exists_is_read_or_refused(date: str) -> None:
    try:
        certificate = make_certificate("web", "CA", end=FAR, patches=[(LONG_DATE, LONG_DATE[:2] + date.encode())])
    except CertificateError as refusal:
        assert_one_line(refusal)
    else:
        assert date.startswith("0001")
        use(certificate)
