# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Input that is not a certificate: the message says what it is, and what to do."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError, PrivateKeyError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import parse_input, parse_text
from unit.plugins.module_utils.certificate_maker import VECTORS, common_name, key, make_certificate

LEAF = make_certificate("leaf", "root")
KEY = key("leaf")
RSA_KEY = rsa.generate_private_key(65537, 2048)
REQUEST = x509.CertificateSigningRequestBuilder().subject_name(common_name("web")).sign(KEY, hashes.SHA256())

HOLDS_KEY = "contains a private key. Provide only the certificate; the key was not sent anywhere"
ONLY = "contains no certificate, only: "
PKCS12 = "Convert it with: openssl pkcs12 -in new.p12 -nokeys -out new.pem"
PKCS7 = "Convert it with: openssl pkcs7 -inform {} -in new.p7b -print_certs -out new.pem"
FROM_REQUEST = "Provide the certificate that the certificate authority issues for it"
FROM_KEY = "Provide the certificate that was issued for it"
LITERAL = (
    "CERTIFICATE block {} contains the two characters \\n instead of line breaks. Replace them, for example with the "
    "filter replace('\\\\n', '\\n')"
)
UTF_16 = "is text in {0}. Save it in UTF-8, for example with: iconv -f {0} -t UTF-8 new.pem > new-utf-8.pem"
NO_LINES = (
    "is base64 without the lines around it. Add the line '-----BEGIN CERTIFICATE-----' before it and the line "
    "'-----END CERTIFICATE-----' after it"
)
TWICE = "is PEM text that is encoded in base64 once more. Decode it first, for example with the filter b64decode"


def vector(name: str) -> bytes:
    return (VECTORS / name).read_bytes()


def public(encoding: Encoding, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    return RSA_KEY.public_key().public_bytes(encoding, form)


def message_of(data: bytes) -> str:
    with pytest.raises(CertificateError) as caught:
        parse_input(data)
    message = str(caught.value)
    assert_no_part_is_shown(data, message)
    return message


def assert_no_part_is_shown(data: bytes, message: str) -> None:
    """Eight characters of the base64 of the data would be one too many, in either encoding of a text."""
    text = data.decode("utf-8", "replace")
    encoded = base64.b64encode(data).decode()
    hexadecimal = data.hex()
    lines = [line for line in text.splitlines() if "-----" not in line and " " not in line]
    for form in (encoded, hexadecimal, *lines):
        assert not [at for at in range(len(form) - 11) if form[at : at + 12] in message]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        *(
            pytest.param(vector(f"pkcs12/{name}"), f"is a PKCS #12 file (.p12, .pfx). {PKCS12}", id=name)
            for name in ("cert-key-aes256cbc.p12", "java-truststore.p12", "no-password.p12")
        ),
        pytest.param(
            b"\x30\x80" + vector("pkcs12/no-password.p12")[4:],
            f"is a PKCS #12 file (.p12, .pfx). {PKCS12}",
            id="PKCS #12 of indefinite length",
        ),
        pytest.param(
            base64.encodebytes(vector("pkcs12/no-password.p12")),
            f"is the base64 of a PKCS #12 file (.p12, .pfx). Decode it first. {PKCS12}",
            id="PKCS #12 in base64",
        ),
        pytest.param(
            vector("pkcs7/amazon-roots.der"), f"is a PKCS #7 file (.p7b, .p7c). {PKCS7.format('DER')}", id="PKCS #7"
        ),
        pytest.param(vector("pkcs7/isrg.pem"), f"{ONLY}PKCS7. {PKCS7.format('PEM')}", id="PKCS #7 as PEM"),
        pytest.param(
            REQUEST.public_bytes(Encoding.DER), f"is a certificate request (CSR). {FROM_REQUEST}", id="request"
        ),
        pytest.param(
            REQUEST.public_bytes(Encoding.PEM), f"{ONLY}CERTIFICATE REQUEST. {FROM_REQUEST}", id="request as PEM"
        ),
        pytest.param(public(Encoding.DER), f"is a public key. {FROM_KEY}", id="public key"),
        pytest.param(public(Encoding.PEM), f"{ONLY}PUBLIC KEY. {FROM_KEY}", id="public key as PEM"),
        pytest.param(
            public(Encoding.PEM, PublicFormat.PKCS1), f"{ONLY}RSA PUBLIC KEY. {FROM_KEY}", id="RSA public key as PEM"
        ),
        pytest.param(
            public(Encoding.PEM) + REQUEST.public_bytes(Encoding.PEM) + vector("pkcs7/isrg.pem"),
            f"{ONLY}PUBLIC KEY, CERTIFICATE REQUEST, PKCS7. {FROM_KEY}. {FROM_REQUEST}. {PKCS7.format('PEM')}",
            id="several",
        ),
        pytest.param(
            LEAF.pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE").encode(),
            f"{ONLY}TRUSTED CERTIFICATE. Convert it with: openssl x509 -in new.crt -out new.pem",
            id="certificate with OpenSSL's trust settings",
        ),
        pytest.param(base64.b64encode(LEAF.der), NO_LINES, id="base64"),
        pytest.param(base64.encodebytes(LEAF.der).replace(b"\n", b"\r\n"), NO_LINES, id="base64 in lines"),
        pytest.param(base64.b64encode(LEAF.pem.encode()), TWICE, id="PEM in base64"),
        *(
            pytest.param(LEAF.pem.encode(codec), UTF_16.format(name), id=f"{codec} {name}")
            for codec, name in (("utf-16", "UTF-16"), ("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE"))
        ),
        pytest.param("\ufeff".encode("utf-16-be") + LEAF.pem.encode("utf-16-be"), UTF_16.format("UTF-16"), id="BOM"),
        pytest.param("çok metin".encode("utf-16"), UTF_16.format("UTF-16"), id="UTF-16 without a certificate"),
        pytest.param(LEAF.pem.replace("\n", "\\n").encode(), LITERAL.format(1), id="literal \\n"),
        pytest.param(LEAF.pem.replace("\n", "\\r\\n").encode(), LITERAL.format(1), id="literal \\r\\n"),
        pytest.param(f'{{"crt": "{LEAF.pem}"}}'.replace("\n", "\\n").encode(), LITERAL.format(1), id="JSON"),
        pytest.param(
            (LEAF.pem + LEAF.pem.replace("\n", "\\n")).encode(), LITERAL.format(2), id="literal \\n in the second"
        ),
    ],
)
def test_the_message_says_what_the_input_is_and_what_to_do(data: bytes, message: str) -> None:
    assert message_of(data) == message


@pytest.mark.parametrize(
    ("der", "name"),
    [
        pytest.param(REQUEST.public_bytes(Encoding.DER), "a certificate request (CSR)", id="request"),
        pytest.param(vector("pkcs7/amazon-roots.der"), "a PKCS #7 file (.p7b, .p7c)", id="PKCS #7"),
    ],
)
def test_a_block_with_the_wrong_label_is_recognized(der: bytes, name: str) -> None:
    block = "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der).decode() + "-----END CERTIFICATE-----\n"
    assert message_of((LEAF.pem + block).encode()) == f"CERTIFICATE block 2 contains {name} instead of a certificate"


ENCRYPTED = BestAvailableEncryption(b"secret")


@pytest.mark.parametrize("private", [KEY, RSA_KEY], ids=["EC", "RSA"])
@pytest.mark.parametrize(
    ("form", "encryption"),
    [
        (PrivateFormat.PKCS8, NoEncryption()),
        (PrivateFormat.PKCS8, ENCRYPTED),
        (PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    ],
    ids=["PKCS #8", "PKCS #8 encrypted", "traditional"],
)
def test_a_private_key_is_recognized_in_every_form(
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, form: PrivateFormat, encryption: NoEncryption
) -> None:
    der = private.private_bytes(Encoding.DER, form, encryption)
    pem = private.private_bytes(Encoding.PEM, form, encryption)
    encoded = base64.b64encode(der).decode()
    wrong_label = f"-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n"
    for data in (
        *(der, pem, encoded.encode(), base64.b64encode(pem), wrong_label.encode()),
        *(pem.decode().encode("utf-16"), pem.decode().encode("utf-16-le")),
        *(pem.decode().replace("\n", "\\n").encode(), (LEAF.pem + pem.decode()).encode("utf-16-be")),
    ):
        assert message_of(data) == HOLDS_KEY
        with pytest.raises(PrivateKeyError):
            parse_input(data)


@pytest.mark.parametrize(
    "text",
    ["\ud800", "a\udfff" + LEAF.pem[:90], "\ud83d-----BEGIN CERTIFICATE-----"],
    ids=["alone", "before", "cut off"],
)
def test_text_that_cannot_be_encoded_is_an_error_like_any_other(text: str) -> None:
    with pytest.raises(CertificateError):
        parse_text(text)


def test_der_that_ansible_decoded_as_text_is_read() -> None:
    assert parse_text(LEAF.der.decode("utf-8", "surrogateescape")).leaf == LEAF
