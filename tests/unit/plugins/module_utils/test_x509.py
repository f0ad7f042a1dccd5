# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import itertools
import textwrap
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError, PrivateKeyError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import (
    Bundle,
    Certificate,
    check_validity,
    iso,
    parse_der,
    parse_input,
    parse_stored,
    subject_names,
)
from manager import Issued

KEY = ec.generate_private_key(ec.SECP256R1())
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
OTHER_BLOCK = "-----BEGIN DH PARAMETERS-----\nMAYCAQcCAQI=\n-----END DH PARAMETERS-----\n"
NEITHER = "contains no certificate: it is neither PEM (there is no '-----BEGIN CERTIFICATE-----') nor a single DER certificate"
HOLDS_KEY = "contains a private key. Provide only the certificate; the key was not sent anywhere"


def certify(subject: str, issuer: str | None = None, serial: int = 1) -> Certificate:
    """A certificate with these names, self-signed without an issuer. Names make the chain, so one key is enough."""
    names = [
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)] if name else [])
        for name in (subject, issuer or subject)
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(KEY.public_key())
        .serial_number(serial)
        .not_valid_before(START)
        .not_valid_after(END)
        .sign(KEY, hashes.SHA256())
    )
    return parse_der(certificate.public_bytes(serialization.Encoding.DER))


LEAF = certify("leaf", "intermediate")
LEAF_RENEWED = certify("leaf", "intermediate", serial=2)
INTERMEDIATE = certify("intermediate", "root")
CROSS_SIGNED = certify("intermediate", "another root")
ROOT = certify("root")
ROOT_RENEWED = certify("root", serial=2)
ANOTHER_ROOT = certify("another root")
STRANGER = certify("stranger")


def pem_of(*certificates: Certificate) -> bytes:
    return "".join(certificate.pem for certificate in certificates).encode()


def body_of(pem: str) -> str:
    return "".join(pem.splitlines()[1:-1])


def block(body: str, label: str = "CERTIFICATE") -> bytes:
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()


# Values


def test_the_values_of_a_certificate(issued_old: Issued) -> None:
    certificate = parse_der(issued_old.der)
    assert certificate.subject == "CN=web.example.com,O=Example Inc,C=US"
    assert certificate.issuer == "CN=Example CA,O=Example Inc,C=US"
    assert certificate.serial_number == "a1"
    assert certificate.not_before == START
    assert certificate.not_after == END
    assert certificate.fingerprint_sha256 == issued_old.sha256
    assert certificate.fingerprint_sha1 == issued_old.sha1
    assert certificate.pem == issued_old.pem


def test_names_that_the_library_rejects_are_read() -> None:
    """Old authorities put Latin-1 into a TeletexString."""
    der = certify("wib").der.replace(b"\x0c\x03wib", b"\x14\x03w\xfcb")

    certificate = parse_input(der).leaf

    assert (certificate.subject, certificate.issuer) == ("CN=wüb", "CN=wüb")
    assert (certificate.serial_number, certificate.not_after) == ("1", END)
    assert subject_names(certificate) == {"wüb"}


def test_an_empty_subject_is_empty_and_an_unreadable_one_is_none() -> None:
    assert certify("", "CA").subject == ""
    assert Certificate(b"no DER").subject is None
    assert subject_names(certify("", "CA")) == frozenset()


def test_the_der_stays_out_of_messages() -> None:
    assert repr(LEAF.der) not in repr(LEAF)


def test_the_pem_of_a_bundle_is_the_leaf_then_its_issuers() -> None:
    assert Bundle(LEAF, (INTERMEDIATE, ROOT)).pem.encode() == pem_of(LEAF, INTERMEDIATE, ROOT)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (START, "2026-01-01T00:00:00Z"),
        (END.replace(microsecond=999999), "2026-12-31T23:59:59Z"),
        (datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=3))), "2025-12-31T23:00:00Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc), "9999-12-31T23:59:59Z"),
    ],
)
def test_iso_is_in_utc_and_whole_seconds(moment: datetime, text: str) -> None:
    assert iso(moment) == text


# Input of users


@pytest.mark.parametrize(
    "mangle",
    [
        pytest.param(lambda pem: pem, id="as it is"),
        pytest.param(lambda pem: pem.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda pem: pem.replace("\n", "\r"), id="CR"),
        pytest.param(str.rstrip, id="no last newline"),
        pytest.param(lambda pem: "\n\n" + pem + "\n \t\n", id="blank lines around"),
        pytest.param(lambda pem: pem.replace("\n", "\n\n"), id="blank lines between"),
        pytest.param(lambda pem: pem.replace("\n", " \t\n"), id="blanks at the ends of lines"),
        pytest.param(lambda pem: textwrap.indent(pem, "    "), id="indented"),
        pytest.param(lambda pem: "\ufeff" + pem, id="byte order mark"),
        pytest.param(lambda pem: block(body_of(pem)).decode(), id="base64 in one line"),
        pytest.param(lambda pem: block(textwrap.fill(body_of(pem), 76)).decode(), id="lines of 76"),
        pytest.param(lambda pem: pem.replace("\n", " "), id="all in one line"),
        pytest.param(lambda pem: f"Bag Attributes\n    friendlyName: şöyle\n{pem}The end", id="text around"),
        pytest.param(lambda pem: OTHER_BLOCK + pem + OTHER_BLOCK, id="other blocks around"),
        pytest.param(lambda pem: pem + pem + pem.replace("\n", "\r\n"), id="repeated"),
    ],
)
def test_the_text_around_the_certificate_does_not_matter(mangle: Callable[[str], str]) -> None:
    assert parse_input(mangle(LEAF.pem).encode()) == Bundle(LEAF)


def test_der_is_accepted() -> None:
    assert parse_input(LEAF.der) == Bundle(LEAF)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b" \r\n\t", "is empty", id="blanks"),
        pytest.param(b"web.example.com", NEITHER, id="other text"),
        pytest.param(LEAF.der[:-1], NEITHER, id="DER cut off"),
        pytest.param(LEAF.der + LEAF.der, NEITHER, id="two DER"),
        pytest.param(
            LEAF.pem.encode()[:200], "CERTIFICATE block 1 has no END line, so the text is incomplete", id="PEM cut off"
        ),
        pytest.param(
            pem_of(LEAF)[:200] + pem_of(INTERMEDIATE),
            "CERTIFICATE block 1 has no END line, so the text is incomplete",
            id="first PEM cut off",
        ),
        pytest.param(
            block(body_of(LEAF.pem)[:-3]),
            "CERTIFICATE block 1 is not valid base64, so the text is damaged or incomplete",
            id="base64 cut off",
        ),
        pytest.param(
            block("*" + body_of(LEAF.pem)),
            "CERTIFICATE block 1 is not valid base64, so the text is damaged or incomplete",
            id="not base64",
        ),
        pytest.param(
            pem_of(LEAF) + block(body_of(INTERMEDIATE.pem).replace("MII", "MI%n")),
            "CERTIFICATE block 2 is not valid base64, so the text is damaged or incomplete",
            id="second is not base64",
        ),
        pytest.param(
            block("AAAA", "CERTIFICATE REQUEST"),
            "contains no certificate, only: CERTIFICATE REQUEST. Provide the certificate that the certificate authority "
            "issues for it",
            id="certificate request",
        ),
        pytest.param(
            block("AAAA", "TRUSTED CERTIFICATE"),
            "contains no certificate, only: TRUSTED CERTIFICATE. Convert it with: openssl x509 -in new.crt -out new.pem",
            id="OpenSSL's own form",
        ),
        pytest.param(
            block("AAAA", "PKCS7") + block("AAAA", "X509 CRL") + block("AAAA", "PKCS7"),
            "contains no certificate, only: PKCS7, X509 CRL. Convert it with: openssl pkcs7 -inform PEM -in new.p7b "
            "-print_certs -out new.pem",
            id="several others",
        ),
    ],
)
def test_anything_but_a_certificate_is_rejected(data: bytes, message: str) -> None:
    with pytest.raises(CertificateError) as caught:
        parse_input(data)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("data", "number"),
    [
        pytest.param(block(""), 1, id="empty block"),
        pytest.param(block("AAAA"), 1, id="only"),
        pytest.param(pem_of(LEAF) + block("AAAA"), 2, id="second"),
        pytest.param(pem_of(LEAF, LEAF) + block("AAAA"), 3, id="after a repeated one"),
        pytest.param(OTHER_BLOCK.encode() + block("AAAA"), 1, id="after another kind of block"),
        pytest.param(block(body_of(LEAF.pem[:-40] + "\n")[:400]), 1, id="whole base64, half a certificate"),
    ],
)
def test_the_block_that_cannot_be_read_is_counted_among_certificates(data: bytes, number: int) -> None:
    with pytest.raises(CertificateError, match=rf"^CERTIFICATE block {number} is not a readable certificate$"):
        parse_input(data)


# Private keys


@pytest.mark.parametrize(
    "key",
    [
        *(
            pytest.param(f"-----BEGIN {label}-----\nc2VjcmV0\n-----END {label}-----\n", id=label)
            for label in (
                *("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"),
                *("OPENSSH PRIVATE KEY", "ANY PRIVATE KEY", "Private Key", "rsa private key"),
            )
        ),
        pytest.param("-----BEGIN PRIVATE KEY-----\r\nc2VjcmV0", id="cut off, CRLF"),
        pytest.param("  -----BEGIN RSA PRIVATE KEY----- c2VjcmV0", id="in one line"),
        pytest.param("-----begin private key-----\nc2VjcmV0", id="lower case"),
        pytest.param("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nc2VjcmV0\n", id="SSH2"),
        pytest.param("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nc2VjcmV0\n", id="PGP"),
        pytest.param("PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 1\nc2VjcmV0\n", id="PuTTY"),
        pytest.param("putty-user-key-file-2: ssh-rsa\nc2VjcmV0\n", id="PuTTY in lower case"),
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        pytest.param("{key}", id="alone"),
        pytest.param("{key}{certificate}", id="before the certificate"),
        pytest.param("{certificate}{key}", id="after the certificate"),
        pytest.param("-----BEGIN CERTIFICATE-----\n{key}{certificate}", id="inside a certificate that is cut off"),
    ],
)
def test_a_private_key_is_rejected_anywhere_in_the_input(key: str, around: str) -> None:
    with pytest.raises(PrivateKeyError) as caught:
        parse_input(around.format(key=key, certificate=LEAF.pem).encode())
    assert str(caught.value) == HOLDS_KEY


@pytest.mark.parametrize(
    "disguise",
    [
        pytest.param(lambda der: der, id="DER"),
        pytest.param(base64.b64encode, id="bare base64"),
        pytest.param(lambda der: block(base64.b64encode(der).decode()), id="called a certificate"),
        pytest.param(lambda der: block(base64.b64encode(der).decode()[:-2]), id="called a certificate and cut off"),
        pytest.param(lambda der: block(base64.b64encode(der).decode(), "SECRET"), id="called something else"),
        pytest.param(lambda der: block(base64.b64encode(der).decode()).decode().encode("utf-16"), id="UTF-16"),
    ],
)
def test_no_part_of_a_disguised_key_is_shown(disguise: Callable[[bytes], bytes]) -> None:
    der = KEY.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    forms = (base64.b64encode(der).decode(), der.hex(), repr(der))
    with pytest.raises(CertificateError) as caught:
        parse_input(disguise(der))
    message = str(caught.value)
    assert not [form[at : at + 8] for form in forms for at in range(len(form) - 7) if form[at : at + 8] in message]


# Chains


@pytest.mark.parametrize(
    ("chain", "distances"),
    [
        pytest.param([ROOT], [1], id="self-signed"),
        pytest.param([LEAF], [1], id="leaf alone"),
        pytest.param([LEAF, INTERMEDIATE, ROOT], [1, 1, 1], id="whole chain"),
        pytest.param([LEAF, INTERMEDIATE, ROOT, ROOT_RENEWED], [1, 1, 2], id="root renewed"),
        pytest.param([LEAF, INTERMEDIATE, CROSS_SIGNED, ROOT, ANOTHER_ROOT], [1, 2, 2], id="cross-signed"),
        pytest.param(
            [LEAF, INTERMEDIATE, certify("root", "another root"), certify("another root", "root")],
            [1, 1, 1, 1],
            id="roots that sign each other",
        ),
    ],
)
def test_certificates_in_any_order_become_a_chain_nearest_first(chain: list[Certificate], distances: list[int]) -> None:
    for given in itertools.permutations(chain):
        bundle = parse_input(pem_of(*given))
        found = iter((bundle.leaf, *bundle.issuers))
        expected = iter(chain)
        for number in distances:
            level = {certificate.der for certificate in itertools.islice(found, number)}
            assert level == {certificate.der for certificate in itertools.islice(expected, number)}
        assert next(found, None) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            [ROOT, STRANGER],
            "contains several certificates that are not one certificate and its issuers: CN=root; CN=stranger",
            id="unrelated",
        ),
        pytest.param(
            [LEAF, LEAF_RENEWED],
            "contains several certificates that are not one certificate and its issuers: CN=leaf; CN=leaf",
            id="old and new of a subject",
        ),
        pytest.param(
            [LEAF, INTERMEDIATE, LEAF_RENEWED, ROOT],
            "contains several certificates that are not one certificate and its issuers: CN=leaf; CN=leaf",
            id="old and new with their chain",
        ),
        pytest.param(
            [ROOT, ROOT_RENEWED],
            "contains several certificates that are not one certificate and its issuers: CN=root; CN=root",
            id="two self-signed of a subject",
        ),
        pytest.param(
            [LEAF, ROOT],
            "contains several certificates that are not one certificate and its issuers: CN=leaf; CN=root",
            id="the issuer between is missing",
        ),
        pytest.param(
            [LEAF, ROOT, ROOT_RENEWED],
            "contains certificates that are not issuers of CN=leaf: CN=root; CN=root",
            id="a loop of strangers",
        ),
    ],
)
def test_certificates_that_do_not_form_a_chain_are_rejected_by_name(given: list[Certificate], message: str) -> None:
    with pytest.raises(CertificateError) as caught:
        parse_input(pem_of(*given))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("desired", "stored", "same"),
    [
        ([LEAF], [LEAF], True),
        ([LEAF], [LEAF_RENEWED], False),
        ([LEAF, INTERMEDIATE, ROOT], [LEAF], True),
        ([LEAF, INTERMEDIATE, ROOT], [LEAF, INTERMEDIATE], True),
        ([LEAF, INTERMEDIATE, ROOT], [LEAF, INTERMEDIATE, ROOT], True),
        ([LEAF, INTERMEDIATE, ROOT], [LEAF, INTERMEDIATE, ROOT_RENEWED], False),
        ([LEAF, INTERMEDIATE], [LEAF, CROSS_SIGNED], False),
        ([LEAF], [LEAF, INTERMEDIATE], False),
    ],
)
def test_a_chain_is_compared_as_far_as_it_is_stored(
    desired: list[Certificate], stored: list[Certificate], same: bool
) -> None:
    assert Bundle(desired[0], tuple(desired[1:])).matches_stored(Bundle(stored[0], tuple(stored[1:]))) is same


# Content from managers


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("content", "certificates"),
    [
        pytest.param(base64_of(LEAF.der), [LEAF], id="DER in base64"),
        pytest.param(base64.encodebytes(LEAF.der).decode(), [LEAF], id="DER in base64 of several lines"),
        pytest.param(base64_of(LEAF.pem.encode()), [LEAF], id="PEM in base64"),
        pytest.param(base64_of(pem_of(LEAF, LEAF)), [LEAF], id="PEM in base64, repeated"),
        pytest.param(base64_of(LEAF.pem.replace("\n", "\r\n").encode()), [LEAF], id="PEM with CRLF in base64"),
        pytest.param(base64_of(pem_of(LEAF, INTERMEDIATE)), [LEAF, INTERMEDIATE], id="chain in base64"),
        pytest.param(base64_of(block(base64_of(b"no DER"))), [Certificate(b"no DER")], id="unreadable PEM in base64"),
        pytest.param(LEAF.pem, [LEAF], id="PEM"),
        pytest.param(pem_of(LEAF, INTERMEDIATE).decode(), [LEAF, INTERMEDIATE], id="chain"),
        pytest.param(base64_of(b"no DER"), [Certificate(b"no DER")], id="unreadable"),
    ],
)
def test_content_of_every_generation_is_read(content: str, certificates: list[Certificate]) -> None:
    assert parse_stored(content) == Bundle(certificates[0], tuple(certificates[1:]))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="nothing"),
        pytest.param(" \n", id="blanks"),
        pytest.param("%%%", id="no base64"),
        pytest.param("şey", id="no ASCII"),
        pytest.param("\ud800", id="no text"),
        pytest.param("AAA", id="too short"),
        pytest.param(base64_of(LEAF.der)[:-1], id="base64 cut off"),
        pytest.param(LEAF.pem[:-40], id="PEM cut off"),
        pytest.param(base64_of(LEAF.pem.encode()[:-40]), id="PEM cut off in base64"),
        pytest.param(block("*").decode(), id="PEM without base64"),
        pytest.param(base64_of(block("AAAA", "CERTIFICATE REQUEST")), id="certificate request"),
    ],
)
def test_content_without_a_certificate_is_none(content: str) -> None:
    assert parse_stored(content) is None


# Validity


@pytest.mark.parametrize("moment", [START, START + SECOND, END - SECOND, END])
def test_a_certificate_is_valid_from_its_first_to_its_last_second(moment: datetime) -> None:
    check_validity(LEAF, moment)


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        (START - SECOND, "CN=leaf is not valid before 2026-01-01T00:00:00Z"),
        (END + SECOND, "CN=leaf expired on 2026-12-31T23:59:59Z"),
    ],
)
def test_a_certificate_outside_its_validity_period_is_rejected(moment: datetime, message: str) -> None:
    with pytest.raises(CertificateError) as caught:
        check_validity(LEAF, moment)
    assert str(caught.value) == message


def test_a_certificate_with_an_empty_subject_is_named_by_its_serial_number() -> None:
    with pytest.raises(CertificateError, match=r"^serial number a1 expired on"):
        check_validity(Certificate(b"", serial_number="a1", not_after=START), END)


def test_a_certificate_with_unknown_dates_is_accepted() -> None:
    check_validity(Certificate(b"no DER"), START)


# Published certificates


def vectors() -> list[Path]:
    folder = Path(cryptography_vectors.__file__).parent / "x509"
    return sorted(file for file in folder.rglob("*") if file.suffix in (".pem", ".der", ".crt", ".cer"))


def outcome_of_input(data: bytes) -> str:
    try:
        bundle = parse_input(data)
    except CertificateError as refusal:
        return "rejected" if str(refusal) else "rejected without a reason"
    chain = (bundle.leaf, *bundle.issuers)
    return "read" if all(certificate.not_before and certificate.not_after for certificate in chain) else "read in part"


def outcome_of_stored(data: bytes) -> str:
    bundle = parse_stored(base64_of(data))
    if bundle is None:
        return "rejected"
    return "read" if bundle.leaf.not_after else "unreadable"


@pytest.mark.parametrize(
    ("read", "outcomes"),
    [(outcome_of_input, {"read", "rejected"}), (outcome_of_stored, {"read", "rejected", "unreadable"})],
)
def test_published_certificates_of_all_kinds_are_read_or_rejected(
    read: Callable[[bytes], str], outcomes: set[str]
) -> None:
    found = Counter(read(file.read_bytes()) for file in vectors())
    assert set(found) == outcomes
    assert found["read"] > 500
