# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who issued whom: signatures decide, and names match as RFC 5280 requires."""

from __future__ import annotations

import base64
import inspect
import itertools
import re
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, padding, rsa

from ansible_collections.apinizer.apiops.plugins.module_utils import _chain
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Certificate, parse_der, parse_stored
from unit.plugins.module_utils.certificate_maker import (
    PKITS,
    key,
    make_certificate,
    pem_of,
    published,
    read_chain,
)

REMEDY = ". Provide the issuers that signed the certificate, or the certificate without issuers"
BROKEN = "contains a chain whose signatures do not verify: "
SEVERAL = "contains several certificates that are not one certificate and its issuers: "

LEAF = make_certificate("leaf", "intermediate")
INTERMEDIATE = make_certificate("intermediate", "root")
ROOT = make_certificate("root")
SAME_NAME = make_certificate("root", own_key=key("another root"), serial=2)
SAME_NAME_BETWEEN = make_certificate("intermediate", "root", own_key=key("another intermediate"), serial=3)
NEW_ROOT = make_certificate("root", own_key=key("new root"), serial=4)
NEW_ROOT_BY_OLD = make_certificate("root", "root", own_key=key("new root"), issuer_key=key("root"), serial=5)
LEAF_OF_NEW_ROOT = make_certificate("leaf", "root", issuer_key=key("new root"))

_UNKNOWN_ALGORITHM = (bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040309"))


def with_unknown_algorithm(certificate: Certificate) -> Certificate:
    """The same certificate, as if it was signed with an algorithm that no version of cryptography knows."""
    return parse_der(certificate.der.replace(*_UNKNOWN_ALGORITHM))


def refusal(*certificates: Certificate) -> str:
    """The message, which must not depend on the order of the certificates except for the order of the names in it."""
    with pytest.raises(CertificateError) as caught:
        read_chain(*certificates)
    for order in itertools.permutations(certificates):
        with pytest.raises(CertificateError) as again:
            read_chain(*order)
        assert sorted(re.split(r": |; |\. ", str(again.value))) == sorted(re.split(r": |; |\. ", str(caught.value)))
    return str(caught.value)


def assert_chain(*expected: Certificate) -> None:
    """The certificates in any order are the first one and its issuers, in the order that is given."""
    for order in itertools.permutations(expected):
        bundle = read_chain(*order)
        assert (bundle.leaf, *bundle.issuers) == expected


# Signatures


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        pytest.param(
            [make_certificate("leaf", "root"), SAME_NAME], ["CN=leaf ... CN=root (serial number 2)"], id="issuer"
        ),
        pytest.param(
            [LEAF, INTERMEDIATE, SAME_NAME], ["CN=intermediate ... CN=root (serial number 2)"], id="issuer's issuer"
        ),
        pytest.param(
            [LEAF, SAME_NAME_BETWEEN, ROOT], ["CN=leaf ... CN=intermediate (serial number 3)"], id="only the link"
        ),
        pytest.param(
            [LEAF, INTERMEDIATE, ROOT, SAME_NAME],
            ["CN=intermediate ... CN=root (serial number 2)"],
            id="beside the real issuer",
        ),
        pytest.param(
            [LEAF, SAME_NAME_BETWEEN, SAME_NAME],
            ["CN=leaf ... CN=intermediate (serial number 3)", "CN=intermediate ... CN=root (serial number 2)"],
            id="twice",
        ),
    ],
)
def test_an_issuer_of_the_same_name_with_another_key_is_refused(given: list[Certificate], pairs: list[str]) -> None:
    message = refusal(*given)

    expected = [pair.replace("...", "is not signed by the key of") for pair in pairs]
    assert message.startswith(BROKEN)
    assert message.endswith(REMEDY)
    assert message[len(BROKEN) : -len(REMEDY)].split("; ") == expected


def test_a_damaged_signature_is_refused() -> None:
    damaged = parse_der(LEAF.der[:-1] + bytes([LEAF.der[-1] ^ 1]))

    assert refusal(damaged, INTERMEDIATE) == (
        BROKEN + "CN=leaf is not signed by the key of CN=intermediate (serial number 1)" + REMEDY
    )


def test_a_damaged_signature_without_issuers_is_not_examined() -> None:
    """Whether the issuer signed it is up to those who have the issuer."""
    damaged = parse_der(LEAF.der[:-1] + bytes([LEAF.der[-1] ^ 1]))

    assert read_chain(damaged).leaf == damaged


def test_the_certificates_of_an_authority_with_a_new_key_form_a_chain() -> None:
    """All names are the same; only signatures tell who issued whom (RFC 4210, section 4.4)."""
    assert_chain(LEAF_OF_NEW_ROOT, NEW_ROOT_BY_OLD, ROOT)
    bundle = read_chain(ROOT, NEW_ROOT, NEW_ROOT_BY_OLD, LEAF_OF_NEW_ROOT)
    assert (bundle.leaf, *bundle.issuers) == (LEAF_OF_NEW_ROOT, NEW_ROOT, NEW_ROOT_BY_OLD, ROOT)


def test_a_leaf_with_the_name_of_its_issuer_is_found() -> None:
    leaf = make_certificate("root", "root", own_key=key("leaf"), issuer_key=key("root"), serial=6)

    assert_chain(leaf, ROOT)


def test_two_certificates_of_authorities_of_one_name_are_not_called_a_broken_chain() -> None:
    other = make_certificate("other leaf", "root", issuer_key=key("another root"))

    assert refusal(make_certificate("leaf", "root"), ROOT, other, SAME_NAME) == SEVERAL + "CN=leaf; CN=other leaf"


def test_two_roots_of_one_name_are_not_called_a_broken_chain() -> None:
    assert refusal(ROOT, SAME_NAME) == SEVERAL + "CN=root; CN=root"


def test_a_message_names_five_certificates_at_most() -> None:
    roots = [make_certificate(f"root {number}") for number in range(8)]

    with pytest.raises(CertificateError) as caught:
        read_chain(*roots)
    assert str(caught.value) == SEVERAL + "; ".join(f"CN=root {number}" for number in range(5)) + "; and 3 more"


def test_a_collection_of_authorities_is_not_a_chain() -> None:
    """No signature is verified, so that a file with many certificates of one name does not block the task."""
    many = [make_certificate("root", own_key=key("root"), serial=number) for number in range(1, 102)]

    with pytest.raises(CertificateError) as caught:
        read_chain(*many)
    assert str(caught.value) == "contains 101 certificates. Provide one certificate and its issuers"


def test_a_manager_may_hold_a_chain_that_does_not_verify() -> None:
    """It is read as it was sent, leaf first, so that it can be shown, backed up and replaced."""
    held = parse_stored(base64.b64encode(pem_of(SAME_NAME, INTERMEDIATE, LEAF)).decode())

    assert held is not None
    assert (held.leaf, *held.issuers) == (LEAF, INTERMEDIATE, SAME_NAME)


# Algorithms


@pytest.mark.parametrize("edwards", [ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey])
def test_a_chain_of_mixed_keys_is_verified(edwards: Any) -> None:
    rsa_key = rsa.generate_private_key(65537, 2048)
    ed_key = edwards.generate()
    root = make_certificate("root", own_key=ed_key)
    between = make_certificate("intermediate", "root", own_key=rsa_key, issuer_key=ed_key)
    leaf = make_certificate("leaf", "intermediate", issuer_key=rsa_key)

    assert_chain(leaf, between, root)
    for wrong in (ROOT, make_certificate("root", own_key=rsa_key), make_certificate("root", own_key=key("x"))):
        assert refusal(leaf, between, wrong).startswith(BROKEN + "CN=intermediate is not signed")
    for wrong in (INTERMEDIATE, make_certificate("intermediate", "root", own_key=ed_key, issuer_key=ed_key)):
        assert refusal(leaf, wrong).startswith(BROKEN + "CN=leaf is not signed")


@pytest.mark.skipif(
    "rsa_padding" not in inspect.signature(x509.CertificateBuilder.sign).parameters,
    reason="this version of cryptography does not support RSASSA-PSS in certificates",
)
def test_an_rsassa_pss_signature_is_verified() -> None:
    keys = [rsa.generate_private_key(65537, 2048) for _unused in range(2)]
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
    leaf = make_certificate("leaf", "root", issuer_key=keys[0], rsa_padding=pss)

    assert_chain(leaf, make_certificate("root", own_key=keys[0]))
    assert refusal(leaf, make_certificate("root", own_key=keys[1])).startswith(BROKEN)


@pytest.mark.parametrize("identifiers", [False, True])
def test_an_unknown_algorithm_is_accepted_if_names_and_key_identifiers_match(identifiers: bool) -> None:
    leaf = with_unknown_algorithm(make_certificate("leaf", "root", identifiers=identifiers))

    assert_chain(leaf, make_certificate("root", identifiers=identifiers))


def test_an_unknown_algorithm_is_refused_if_the_key_identifiers_differ() -> None:
    leaf = with_unknown_algorithm(make_certificate("leaf", "root", identifiers=True))
    other = make_certificate("root", own_key=key("another root"), serial=2, identifiers=True)

    assert refusal(leaf, other) == (BROKEN + "CN=leaf is not signed by the key of CN=root (serial number 2)" + REMEDY)


def test_a_key_that_cannot_be_read_is_accepted_if_the_names_match(monkeypatch: pytest.MonkeyPatch) -> None:
    """For example one with a curve that is missing in the OpenSSL of the host."""
    monkeypatch.setattr(_chain, "verifies", lambda issuer, certificate: None)

    assert_chain(LEAF, INTERMEDIATE, ROOT)


# Names


@pytest.mark.parametrize(
    "names",
    [
        ["ValidNameChainingWhitespaceTest3EE", "GoodCACert"],
        ["ValidNameChainingWhitespaceTest4EE", "GoodCACert"],
        ["ValidNameChainingCapitalizationTest5EE", "GoodCACert"],
        ["ValidNameUIDsTest6EE", "UIDCACert"],
        ["ValidRFC3280MandatoryAttributeTypesTest7EE", "RFC3280MandatoryAttributeTypesCACert"],
        ["ValidRFC3280OptionalAttributeTypesTest8EE", "RFC3280OptionalAttributeTypesCACert"],
        ["ValidUTF8StringEncodedNamesTest9EE", "UTF8StringEncodedNamesCACert"],
        ["ValidRolloverfromPrintableStringtoUTF8StringTest10EE", "RolloverfromPrintableStringtoUTF8StringCACert"],
        ["ValidUTF8StringCaseInsensitiveMatchTest11EE", "UTF8StringCaseInsensitiveMatchCACert"],
        ["ValidDSASignaturesTest4EE", "DSACACert"],
    ],
    ids=lambda names: names[0],
)
def test_valid_chains_of_the_nist_test_suite_are_accepted(names: list[str]) -> None:
    assert_chain(*(published(PKITS / f"{name}.crt") for name in (*names, "TrustAnchorRootCertificate")))


@pytest.mark.parametrize(
    ("names", "start"),
    [
        (["InvalidCASignatureTest2EE", "BadSignedCACert", "TrustAnchorRootCertificate"], BROKEN + "CN=Bad Signed CA,"),
        (["InvalidEESignatureTest3EE", "GoodCACert", "TrustAnchorRootCertificate"], BROKEN + "CN=Invalid EE Signature"),
        (["InvalidDSASignatureTest6EE", "DSACACert"], BROKEN + "CN=Invalid DSA Signature EE Certificate Test6,"),
        (["InvalidNameChainingTest1EE", "GoodCACert"], SEVERAL),
        (["InvalidNameChainingOrderTest2EE", "NameOrderingCACert"], SEVERAL),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_invalid_chains_of_the_nist_test_suite_are_refused(names: list[str], start: str) -> None:
    assert refusal(*(published(PKITS / f"{name}.crt") for name in names)).startswith(start)


def patched(before: bytes, after: bytes, *, identifiers: bool = False) -> list[Certificate]:
    """A certificate, and its issuer; the name of the issuer is different in the first one."""
    name = before[2:].decode()
    return [
        make_certificate("leaf", name, identifiers=identifiers, patches=[(before, after)]),
        make_certificate(name, identifiers=identifiers),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"\x0c\x07Some CA", b"\x13\x07Some CA", id="PrintableString"),
        pytest.param(b"\x0c\x07Some CA", b"\x16\x07Some CA", id="IA5String"),
        pytest.param(b"\x0c\x07Some CA", b"\x14\x07Some CA", id="TeletexString"),
        pytest.param(b"\x0c\x07Some CA", b"\x0c\x07sOME cA", id="case"),
        pytest.param(b"\x0c\x09Some   CA", b"\x0c\x09 Some CA ", id="blanks"),
        pytest.param(b"\x0c\x09Some   CA", b"\x0c\x09Some \xc2\xa0CA", id="another kind of blank"),
        pytest.param(b"\x0c\x08So\xc3\xbcme A", b"\x0c\x08So\xc3\x9cME a", id="case beyond ASCII"),
        pytest.param(b"\x0c\x08So\xc3\xbcme A", b"\x14\x08So\xc3\xbcme A", id="UTF-8 in a TeletexString"),
        pytest.param(b"\x0c\x08So\xc3\xbcme A", b"\x14\x08 So\xfcme A", id="Latin-1 in a TeletexString"),
        pytest.param(b"\x0c\x08So\xc3\xbcme A", b"\x0c\x08 So\xfcme A", id="Latin-1 in a UTF8String"),
        pytest.param(b"\x0c\x08abcd    ", b"\x1e\x08" + "ABCD".encode("utf-16-be"), id="BMPString"),
        pytest.param(b"\x0c\x08ab      ", b"\x1c\x08" + "AB".encode("utf-32-be"), id="UniversalString"),
    ],
)
def test_names_match_whatever_their_kind_of_string_case_and_blanks(before: bytes, after: bytes) -> None:
    assert_chain(*patched(before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"\x0c\x07Some CA", b"\x0c\x07Some CB", id="another name"),
        pytest.param(b"\x0c\x07Some CA", b"\x0c\x07 SomeCA", id="a blank elsewhere"),
        pytest.param(
            b"\x06\x03\x55\x04\x03\x0c\x07Some CA", b"\x06\x03\x55\x04\x0a\x0c\x07Some CA", id="another attribute"
        ),
    ],
)
@pytest.mark.parametrize("identifiers", [False, True])
def test_other_names_do_not_match_even_if_the_key_does(before: bytes, after: bytes, identifiers: bool) -> None:
    """No client follows such a chain."""
    certificates = [
        make_certificate("leaf", "Some CA", identifiers=identifiers, patches=[(before, after)]),
        make_certificate("Some CA", identifiers=identifiers),
    ]
    assert refusal(*certificates).startswith(SEVERAL)


def test_key_identifiers_find_the_issuer_whose_name_can_be_read_in_several_ways() -> None:
    """T.61 writes ü as a diaeresis before the letter; no implementation does so."""
    before, after = b"\x0c\x08So\xc3\xbcme A", b"\x14\x08So\xc8ume A"

    assert_chain(*patched(before, after, identifiers=True))
    assert refusal(*patched(before, after)) == SEVERAL + "CN=leaf; CN=Soüme A"


def test_key_identifiers_do_not_replace_a_signature() -> None:
    before, after = b"\x0c\x08So\xc3\xbcme A", b"\x14\x08So\xc8ume A"
    leaf, issuer = patched(before, after, identifiers=True)
    damaged = parse_der(leaf.der[:-1] + bytes([leaf.der[-1] ^ 1]))

    assert refusal(damaged, issuer).startswith(BROKEN + "CN=leaf is not signed")
