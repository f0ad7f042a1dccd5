# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate may be used for, and what is lost with another one."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Certificate, Usage, lost_usages, usage_of
from unit.plugins.module_utils.certificate_maker import make_certificate, usage_extensions

RSA_TLS, EC_TLS = "digitalSignature keyEncipherment", "digitalSignature"
CA_USAGE = "keyCertSign cRLSign"


def made(ca: bool | None = None, key_usage: str | None = None, purposes: str | None = None) -> Usage:
    return usage_of(make_certificate("web", "CA", extensions=usage_extensions(ca, key_usage, purposes)))


ROOT = made(True, CA_USAGE)
TLS = made(False, RSA_TLS, "serverAuth clientAuth")

PAIRS = {
    "the same usages": (TLS, TLS, ""),
    "another type of key": (TLS, made(False, EC_TLS, "clientAuth serverAuth"), ""),
    "from an elliptic curve to RSA": (made(False, EC_TLS, "serverAuth"), made(False, RSA_TLS, "serverAuth"), ""),
    "an exchanged key": (made(False, "keyAgreement encipherOnly"), made(False, "keyEncipherment"), ""),
    "more usages": (made(False, RSA_TLS, "serverAuth"), TLS, ""),
    "a public authority that no longer issues clientAuth": (
        TLS,
        made(False, RSA_TLS, "serverAuth"),
        "clientAuth",
    ),
    "a client's certificate in place of a server's": (
        made(False, RSA_TLS, "serverAuth"),
        made(False, RSA_TLS, "clientAuth"),
        "serverAuth",
    ),
    "a leaf in place of an authority": (ROOT, TLS, "CA flag, keyCertSign, cRLSign"),
    "an authority that may not sign revocation lists": (ROOT, made(True, "keyCertSign"), "cRLSign"),
    "an authority whose certificate is marked as a leaf": (ROOT, made(False, CA_USAGE), "CA flag"),
    "an authority without BasicConstraints": (ROOT, made(None, CA_USAGE), "CA flag"),
    "an authority with a new key": (ROOT, made(True, CA_USAGE), ""),
    "a signing certificate": (
        made(False, "digitalSignature nonRepudiation dataEncipherment"),
        made(False, "keyEncipherment"),
        "digitalSignature, nonRepudiation, dataEncipherment",
    ),
    "no KeyUsage any more": (made(False, RSA_TLS, "clientAuth"), made(False, None, "clientAuth"), ""),
    "no ExtendedKeyUsage any more": (TLS, made(False, RSA_TLS), ""),
    "no extension at all, twice": (made(), made(), ""),
    "a leaf without KeyUsage before": (made(False), made(False, RSA_TLS), ""),
    "a leaf without KeyUsage before, and no signatures now": (
        made(False),
        made(False, "keyEncipherment"),
        "digitalSignature",
    ),
    "an authority without KeyUsage before": (made(True), made(True, "keyCertSign"), "cRLSign"),
    "no ExtendedKeyUsage before, and both sides of TLS now": (made(), made(None, None, "serverAuth clientAuth"), ""),
    "no ExtendedKeyUsage before, and servers only now": (made(), made(None, None, "serverAuth"), "clientAuth"),
    "no ExtendedKeyUsage before, and clients only now": (made(), made(None, None, "clientAuth"), "serverAuth"),
    "any purpose now": (TLS, made(False, RSA_TLS, "anyExtendedKeyUsage"), ""),
    "any purpose before": (
        made(None, None, "codeSigning anyExtendedKeyUsage"),
        made(None, None, "clientAuth"),
        "serverAuth, codeSigning",
    ),
    "any purpose before, all that count now": (
        made(None, None, "anyExtendedKeyUsage"),
        made(None, None, "serverAuth clientAuth"),
        "",
    ),
    "unknown purposes": (
        made(None, None, "serverAuth 1.3.6.1.4.1.311.20.2.2 1.2.3.10 1.2.3.9"),
        made(None, None, "serverAuth"),
        "1.2.3.9, 1.2.3.10, 1.3.6.1.4.1.311.20.2.2",
    ),
    "an unknown purpose that stays": (made(None, None, "1.2.3.4"), made(None, None, "1.2.3.4 serverAuth"), ""),
}


@pytest.mark.parametrize(("current", "new", "lost"), PAIRS.values(), ids=PAIRS)
def test_what_the_new_certificate_may_not_be_used_for(current: Usage, new: Usage, lost: str) -> None:
    assert ", ".join(one.usage for one in lost_usages(current, new)) == lost


def test_each_lost_usage_says_what_fails() -> None:
    current = made(True, f"{CA_USAGE} digitalSignature", "serverAuth clientAuth 1.2.3.4")
    effects = {one.usage: one.effect for one in lost_usages(current, made(False, "keyEncipherment", "codeSigning"))}

    assert effects["clientAuth"] == "mutual-TLS clients will be refused"
    assert effects["serverAuth"] == "TLS clients will refuse it as a server's certificate"
    assert effects["CA flag"] == effects["keyCertSign"] == "certificates that it has issued will be refused"
    assert effects["1.2.3.4"] == "applications that require this purpose will refuse the certificate"
    assert all(effects.values())


@pytest.mark.parametrize(
    ("usage", "text"),
    [
        (TLS, "digitalSignature, serverAuth clientAuth"),
        (ROOT, "CA, keyCertSign cRLSign, any ExtendedKeyUsage"),
        (made(False, "keyEncipherment", "1.2.3.4"), "1.2.3.4"),
        (made(), "any KeyUsage, any ExtendedKeyUsage"),
    ],
)
def test_a_usage_as_text(usage: Usage, text: str) -> None:
    assert str(usage) == text


def test_a_usage_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(CertificateError, match=r"^its usage cannot be read$"):
        usage_of(Certificate(b"no DER"))
