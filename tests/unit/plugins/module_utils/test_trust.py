# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a certificate chains to a trust anchor: by names, signatures and dates, over authorities only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils import _trust
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, Certificate, trust_problem
from unit.plugins.module_utils.certificate_maker import END, START, key, make_certificate, usage_extensions

DAY = timedelta(days=1)
NOW = START + DAY


def authority(subject: str, issuer: str | None = None, **options: Any) -> Certificate:
    options.setdefault("extensions", usage_extensions(True, "keyCertSign cRLSign"))
    return make_certificate(subject, issuer, **options)


ROOT, OTHER_ROOT = authority("root"), authority("other root")
INTERMEDIATE, ISSUING = authority("intermediate", "root"), authority("issuing", "intermediate")
LEAF = make_certificate("leaf", "issuing")
SAME_NAME = authority("issuing", own_key=key("a stranger"), serial=2)
CHAIN = Bundle(LEAF, (ISSUING, INTERMEDIATE))
NO_ISSUER = "which is neither a trust anchor nor among the other issuers in its file"


def problem(bundle: Bundle, *anchors: Certificate, now: datetime = NOW) -> str | None:
    return trust_problem(bundle, anchors, now)


@pytest.mark.parametrize(
    ("bundle", "anchors"),
    [
        (CHAIN, (ROOT,)),
        (CHAIN, (OTHER_ROOT, ROOT)),
        (Bundle(LEAF, (ISSUING, INTERMEDIATE, ROOT)), (ROOT,)),
        (Bundle(LEAF, (INTERMEDIATE, ISSUING)), (ROOT,)),
        (Bundle(LEAF, (ISSUING,)), (INTERMEDIATE,)),
        (Bundle(LEAF), (ISSUING,)),
        (Bundle(LEAF), (LEAF,)),
        (Bundle(ROOT), (ROOT,)),
        (Bundle(LEAF, (SAME_NAME, ISSUING, INTERMEDIATE)), (ROOT,)),
        (Bundle(LEAF), (SAME_NAME, ISSUING)),
        (Bundle(INTERMEDIATE), (make_certificate("root", own_key=key("root"), serial=3),)),
    ],
    ids=[
        "issuers in the file",
        "one of several anchors",
        "the anchor in the file as well",
        "issuers in any order",
        "an intermediate as the anchor",
        "the issuer as the anchor",
        "the certificate as the anchor",
        "a root as the anchor",
        "an issuer with the same name in the file",
        "an anchor with the same name",
        "an anchor without extensions",
    ],
)
def test_a_chain_leads_to_an_anchor(bundle: Bundle, anchors: tuple[Certificate, ...]) -> None:
    assert problem(bundle, *anchors) is None


@pytest.mark.parametrize(
    ("bundle", "anchors", "message"),
    [
        (CHAIN, (OTHER_ROOT,), f"CN=intermediate was issued by CN=root, {NO_ISSUER}"),
        (Bundle(LEAF), (ROOT,), f"CN=leaf was issued by CN=issuing, {NO_ISSUER}"),
        (Bundle(OTHER_ROOT), (ROOT,), f"CN=other root was issued by CN=other root, {NO_ISSUER}"),
        (Bundle(LEAF), (SAME_NAME,), "CN=leaf is not signed by the key of CN=issuing (serial number 2)"),
        (Bundle(LEAF, (SAME_NAME,)), (ROOT,), "CN=leaf is not signed by the key of CN=issuing (serial number 2)"),
        (
            Bundle(make_certificate("leaf", "no authority"), (make_certificate("no authority", "root"),)),
            (ROOT,),
            "CN=no authority is not a certificate authority, so it may not issue certificates",
        ),
        (
            Bundle(
                make_certificate("leaf", "signs nothing"),
                (authority("signs nothing", "root", extensions=usage_extensions(True, "digitalSignature")),),
            ),
            (ROOT,),
            "CN=signs nothing is not a certificate authority, so it may not issue certificates",
        ),
        (
            Bundle(Certificate(b"no DER")),
            (ROOT,),
            f"serial number None was issued by an unreadable issuer, {NO_ISSUER}",
        ),
    ],
)
def test_a_chain_that_leads_to_no_anchor(bundle: Bundle, anchors: tuple[Certificate, ...], message: str) -> None:
    assert problem(bundle, *anchors) == message


@pytest.mark.parametrize(
    ("bundle", "anchor", "message"),
    [
        (Bundle(LEAF), ISSUING, "CN=leaf expired on"),
        (Bundle(make_certificate("leaf", "issuing", end=END + 9 * DAY)), ISSUING, "CN=issuing expired on"),
        (
            Bundle(make_certificate("leaf", "issuing", end=END + 9 * DAY), (ISSUING,)),
            authority("intermediate", "root", end=END + 9 * DAY),
            "CN=issuing expired on",
        ),
    ],
    ids=["certificate", "anchor", "issuer"],
)
def test_each_certificate_of_the_chain_must_be_valid(bundle: Bundle, anchor: Certificate, message: str) -> None:
    assert problem(bundle, anchor) is None
    assert str(problem(bundle, anchor, now=END + DAY)).startswith(message)


def test_a_certificate_that_is_not_valid_yet_does_not_pass() -> None:
    assert problem(CHAIN, ROOT, now=START - DAY) == "CN=leaf is not valid before 2026-01-01T00:00:00Z"


def test_an_expired_way_to_an_anchor_does_not_hide_a_valid_one() -> None:
    renewed = authority("issuing", "intermediate", end=END + 9 * DAY, serial=9)
    leaf = make_certificate("leaf", "issuing", end=END + 9 * DAY)
    anchor = authority("intermediate", "root", end=END + 9 * DAY)

    assert problem(Bundle(leaf, (ISSUING, renewed)), anchor, now=END + DAY) is None


def test_authorities_that_certify_each_other_end_the_search() -> None:
    one, other = authority("one", "other"), authority("other", "one")

    message = problem(Bundle(make_certificate("leaf", "one"), (one, other)), ROOT)

    assert message == f"CN=other was issued by CN=one, {NO_ISSUER}"


def test_a_signature_that_cannot_be_verified_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old versions of cryptography do not know every algorithm. Ordering a chain accepts that, a guard does not."""
    monkeypatch.setattr(_trust, "verifies", lambda issuer, certificate: None)

    assert problem(Bundle(LEAF), ISSUING) == (
        "this version of cryptography cannot verify the signature of CN=leaf by CN=issuing"
    )
