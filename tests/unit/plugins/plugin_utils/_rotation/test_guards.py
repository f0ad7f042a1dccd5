# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, Certificate, iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.guards import Guard, check_guards
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    CREATE,
    NONE,
    UPDATE,
    PlannedCertificate,
    Step,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate, Settings
from unit.plugins.module_utils.certificate_maker import key, make_certificate, usage_extensions
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    EXPIRED,
    NEW,
    NOW,
    OLD,
    PROD,
    STAGE,
    Certificates,
    bundle,
)

DESIRED = DesiredCertificate("MyProject", "web", path="web.pem")
COMPARISONS = ("require_later_expiry", "require_same_subject", "require_same_names", "require_same_usage")
"""Those that are required by default."""
UNREADABLE = Bundle(Certificate(b"no DER"))


def check(
    current: Certificates,
    new: Bundle | None = NEW,
    *,
    steps: tuple[Step, ...] = (),
    anchors: tuple[Certificate, ...] = (),
    desired: DesiredCertificate = DESIRED,
    **settings: Any,
) -> list[Guard]:
    """The guards of a certificate that is due wherever it is current."""
    steps = steps or tuple(Step(environment, UPDATE, "differs", 1, {}) for environment in current)
    planned = PlannedCertificate(desired, exists=True, steps=steps, new=new)
    return check_guards(Settings(certificates=(desired,), **settings), planned, current, NOW, anchors)


def one(guard: str, current: Bundle | None, new: Bundle = NEW, **settings: Any) -> Guard:
    """A guard in production."""
    (found,) = [checked for checked in check({PROD: current}, new, **settings) if checked.guard == guard]
    return found


def names(dns: str, ip: str = "", *, days: int = 20) -> Bundle:
    return bundle(days=days, dns=tuple(dns.split()), ip=tuple(ip.split()))


def test_a_good_certificate_passes_every_guard_in_every_environment() -> None:
    guards = check({DEV: OLD, PROD: OLD})

    assert all(guard.passed for guard in guards)
    assert [(guard.environment, guard.guard) for guard in guards] == [
        (None, "minimum_remaining_days"),
        *((environment, guard) for environment in (DEV, PROD) for guard in COMPARISONS),
    ]


@pytest.mark.parametrize(
    ("days", "minimum", "passed"),
    [(300, 1, True), (1, 1, True), (0, 1, False), (30, 30, True), (29, 30, False), (0, 0, True), (-5, 0, False)],
)
def test_a_new_certificate_needs_enough_days(days: int, minimum: int, passed: bool) -> None:
    guard = one("minimum_remaining_days", OLD, bundle(days=days), minimum_remaining_days=minimum)

    assert guard.passed is passed
    assert guard.environment is None
    assert guard.message == (
        f"MyProject/web: the new certificate is valid until {guard.new} ({days} days), and "
        f"certificate_rotation_minimum_remaining_days requires {minimum}"
    )


def test_a_new_certificate_without_a_date_does_not_pass() -> None:
    guard = one("minimum_remaining_days", OLD, UNREADABLE, minimum_remaining_days=0)

    assert not guard.passed
    assert "valid until an unknown date" in guard.message


def test_a_new_certificate_that_is_not_valid_yet_does_not_pass() -> None:
    new = bundle(days=300, valid_in=2)

    guard = one("minimum_remaining_days", OLD, new, minimum_remaining_days=0)

    assert not guard.passed
    assert new.leaf.not_before is not None
    assert guard.message == (
        f"MyProject/web: the new certificate is not valid before {iso(new.leaf.not_before)}. Rotate it after that"
    )


def loop(window: RenewalWindow, new: Bundle, *steps: Step) -> list[Guard]:
    """The guard against a renewal loop, where it is checked."""
    desired = replace(DESIRED, renew_before=window)
    return [guard for guard in check({PROD: OLD}, new, steps=steps, desired=desired) if guard.guard == "renew_before"]


@pytest.mark.parametrize(
    ("window", "days", "passed"),
    [
        (RenewalWindow(30), 20, False),
        (RenewalWindow(30), 29, False),
        (RenewalWindow(30), 30, True),
        (RenewalWindow(20), 20, True),
        (RenewalWindow(0), 0, True),
        # Certificates here began 400 days ago.
        (RenewalWindow(33, is_share=True), 196, False),
        (RenewalWindow(33, is_share=True), 198, True),
    ],
)
def test_a_new_certificate_that_is_due_itself_does_not_pass(window: RenewalWindow, days: int, passed: bool) -> None:
    (guard,) = loop(window, bundle(days=days))

    assert (guard.passed, guard.environment) == (passed, None)


def test_a_guard_against_a_renewal_loop_names_both_values_and_the_variable() -> None:
    until = "2026-06-21T12:00:00Z"
    remedy = (
        ". It would be due again at once, and the next run would replace it. Obtain a certificate with more of its lifetime "
        "left, or lower certificate_rotation_renew_before or the renew_before of this certificate"
    )
    assert loop(RenewalWindow(30), OLD) == [
        Guard(
            "renew_before",
            None,
            False,
            f"MyProject/web: the new certificate is valid until {until}, with 20 days left, and renew_before is 30 days{remedy}",
            new=until,
        )
    ]
    (guard,) = loop(RenewalWindow(33, is_share=True), OLD)
    assert guard.message == (
        f"MyProject/web: the new certificate is valid until {until}, with 4% of its lifetime left, and renew_before is "
        f"33% of the lifetime{remedy}"
    )
    (guard,) = loop(RenewalWindow(33, is_share=True), bundle(days=300))
    assert guard.message.endswith("with 42% of its lifetime left, and renew_before is 33% of the lifetime")


@pytest.mark.parametrize(("overlap_days", "deferred"), [(10, True), (10, False), (11, True)])
def test_what_is_left_counts_at_the_end_of_the_overlap(overlap_days: int, deferred: bool) -> None:
    desired = replace(DESIRED, renew_before=RenewalWindow(30))
    steps = (Step(PROD, UPDATE, "differs", 1, {}),)
    planned = PlannedCertificate(desired, exists=True, steps=steps, new=bundle(days=40), deferred=deferred)
    settings = Settings((desired,), overlap_days=overlap_days, minimum_remaining_days=30)

    days, window = check_guards(settings, planned, {}, NOW)

    assert days.passed is window.passed is (overlap_days == 10)
    assert (f"after certificate_rotation_overlap_days={overlap_days}" in days.message) is deferred
    assert ("It would be due again before the overlap ends" in window.message) is (overlap_days == 11)
    assert ("or lower certificate_rotation_overlap_days, certificate_rotation_renew_before" in window.message) is (
        overlap_days == 11
    )


def test_a_new_certificate_without_dates_may_be_due_itself() -> None:
    (guard,) = loop(RenewalWindow(30), UNREADABLE)
    assert not guard.passed


def test_without_a_window_there_is_no_renewal_loop() -> None:
    assert [guard.guard for guard in check({PROD: OLD}, bundle(days=2))][:2] == [
        "minimum_remaining_days",
        COMPARISONS[0],
    ]


def test_deploying_a_certificate_again_is_no_renewal() -> None:
    """The gateways may have lost it, or the write is forced."""
    held = {"fingerprint_sha1": OLD.leaf.fingerprint_sha1}
    window = RenewalWindow(30)

    assert loop(window, OLD, Step(PROD, UPDATE, "not_on_gateway", 1, held), Step(DEV, NONE, "not_due", 1, {})) == []
    assert len(loop(window, OLD, Step(PROD, UPDATE, "forced", 1, held), Step(DEV, CREATE, "absent", 1))) == 1


@pytest.mark.parametrize(
    ("current", "new", "passed"),
    [
        (OLD, NEW, True),
        (EXPIRED, NEW, True),
        (OLD, bundle(days=21), True),
        (OLD, bundle(days=19), False),
        (OLD, bundle(days=20, organization="Another"), False),
        (OLD, OLD, True),
        (EXPIRED, EXPIRED, True),
        (UNREADABLE, NEW, False),
    ],
)
def test_the_new_certificate_expires_later_or_is_the_same(current: Bundle, new: Bundle, passed: bool) -> None:
    assert one("require_later_expiry", current, new).passed is passed


def test_a_failed_expiry_guard_names_both_dates() -> None:
    guard = one("require_later_expiry", NEW, OLD)

    assert guard == Guard(
        "require_later_expiry",
        PROD,
        False,
        "MyProject/web in production: the current certificate is valid until 2027-03-28T12:00:00Z, "
        "the new one until 2026-06-21T12:00:00Z (certificate_rotation_require_later_expiry: false lifts this guard)",
        "2027-03-28T12:00:00Z",
        "2026-06-21T12:00:00Z",
    )


def test_an_expiry_guard_of_a_current_certificate_without_a_date_says_so() -> None:
    message = one("require_later_expiry", UNREADABLE, NEW).message

    assert "the current certificate is valid until an unknown date, the new one until 2027-03-28T12:00:00Z" in message


@pytest.mark.parametrize(
    ("new", "passed"),
    [
        (NEW, True),
        (bundle(days=300, organization="Another Inc"), False),
        (bundle(days=300, common_name="Web.example.com"), False),
    ],
)
def test_the_subject_must_stay_the_same(new: Bundle, passed: bool) -> None:
    assert one("require_same_subject", OLD, new).passed is passed


@pytest.mark.parametrize(
    ("current", "new", "passed", "subjects"),
    [
        (Bundle(make_certificate("", "CA")), NEW, False, "is empty, the new one is CN=web.example.com,"),
        (
            OLD,
            Bundle(make_certificate("", "CA")),
            False,
            "is CN=web.example.com,O=Example Inc,C=US, the new one is empty",
        ),
        (
            Bundle(make_certificate("", "CA")),
            Bundle(make_certificate("", "CA", serial=2)),
            True,
            "is empty, the new one is empty",
        ),
        (UNREADABLE, NEW, False, "is unreadable, the new one is CN=web.example.com,"),
    ],
)
def test_a_subject_may_be_empty(current: Bundle, new: Bundle, passed: bool, subjects: str) -> None:
    guard = one("require_same_subject", current, new)

    assert guard.passed is passed
    assert f"the current subject {subjects}" in guard.message


def test_a_failed_subject_guard_names_both_subjects() -> None:
    guard = one("require_same_subject", OLD, bundle(days=300, organization="Another Inc"))

    assert guard == Guard(
        "require_same_subject",
        PROD,
        False,
        "MyProject/web in production: the current subject is CN=web.example.com,O=Example Inc,C=US, "
        "the new one is CN=web.example.com,O=Another Inc,C=US "
        "(certificate_rotation_require_same_subject: false lifts this guard)",
        "CN=web.example.com,O=Example Inc,C=US",
        "CN=web.example.com,O=Another Inc,C=US",
    )


@pytest.mark.parametrize(
    ("current", "new", "lost"),
    [
        (names("a.example b.example"), names("b.example a.example", days=300), ""),
        (names("a.example"), names("a.example b.example", "192.0.2.1", days=300), ""),
        (names("A.Example"), names("a.example", days=300), ""),
        (names("a.example b.example c.example"), names("b.example", days=300), "a.example, c.example"),
        (names("a.example", "192.0.2.1"), names("a.example", days=300), "192.0.2.1"),
        (names("a.example", "2001:db8::1"), names("a.example", "2001:db8:0::1", days=300), ""),
        (names("*.example"), names("a.example", days=300), "*.example"),
        (OLD, NEW, ""),
        (OLD, names("web.example.com", days=300), ""),
        (OLD, names("a.example", days=300), "web.example.com"),
        (names("a.example"), NEW, "a.example"),
    ],
)
def test_no_name_may_be_lost(current: Bundle, new: Bundle, lost: str) -> None:
    """Without subject alternative names, the common name counts."""
    guard = one("require_same_names", current, new)

    assert guard.passed is not bool(lost)
    assert (f"; {lost} would be lost (certificate_rotation_require_same_names: false" in guard.message) is bool(lost)
    assert ("would be lost" in guard.message) is bool(lost)


def test_a_failed_name_guard_lists_all_names() -> None:
    guard = one("require_same_names", names("b.example a.example", "192.0.2.1"), names("a.example", days=300))

    assert guard == Guard(
        "require_same_names",
        PROD,
        False,
        "MyProject/web in production: the current names are 192.0.2.1, a.example, b.example, the new ones are "
        "a.example; 192.0.2.1, b.example would be lost (certificate_rotation_require_same_names: false lifts this guard)",
        "192.0.2.1, a.example, b.example",
        "a.example",
    )


SPIFFE, MOVED = "spiffe://example.com/payment", "spiffe://example.com/orders"


@pytest.mark.parametrize(
    ("current", "new", "lost"),
    [
        (x509.UniformResourceIdentifier(SPIFFE), x509.UniformResourceIdentifier(MOVED), SPIFFE),
        (x509.UniformResourceIdentifier(SPIFFE), x509.UniformResourceIdentifier(SPIFFE.replace("e:", "E:")), ""),
        (x509.RFC822Name("a@example.com"), x509.RFC822Name("b@example.com"), "a@example.com"),
        (x509.RFC822Name("a@example.com"), x509.RFC822Name("a@Example.com"), ""),
    ],
)
def test_uris_and_email_addresses_are_names(current: x509.GeneralName, new: x509.GeneralName, lost: str) -> None:
    guard = one("require_same_names", made(alternatives=[current]), made(2, alternatives=[new]))

    assert guard.passed is not bool(lost)
    assert (f"; {lost} would be lost" in guard.message) is bool(lost)


WILDCARD = names("*.example.com example.org", days=300)
SWITCHES = {
    False: "certificate_rotation_require_same_names: false lifts this guard)",
    True: "certificate_rotation_allow_wildcard_names: true accepts wildcards, ",
}


@pytest.mark.parametrize(
    ("current", "allowed", "passed", "told"),
    [
        (
            "b.example.com a.example.com",
            False,
            False,
            (
                "; a.example.com, b.example.com would be lost; *.example.com covers a.example.com, b.example.com "
                f"({SWITCHES[True]}{SWITCHES[False]}"
            ),
        ),
        ("b.example.com a.example.com", True, True, "; *.example.com covers a.example.com, b.example.com"),
        (
            "a.example.com a.b.example.com",
            False,
            False,
            f"; a.b.example.com, a.example.com would be lost; *.example.com covers a.example.com ({SWITCHES[False]}",
        ),
        (
            "a.example.com a.b.example.com",
            True,
            False,
            f"; a.b.example.com would be lost; *.example.com covers a.example.com ({SWITCHES[False]}",
        ),
        ("example.com", True, False, f"; example.com would be lost ({SWITCHES[False]}"),
        ("example.org", True, True, ", example.org"),
    ],
)
def test_a_wildcard_in_place_of_a_name_is_named_and_may_be_accepted(
    current: str, allowed: bool, passed: bool, told: str
) -> None:
    guard = one("require_same_names", names(current), WILDCARD, allow_wildcard_names=allowed)

    assert guard.passed is passed
    assert guard.message.endswith(told)


def made(
    serial: int = 1,
    subject: str = "web",
    *,
    alternatives: Sequence[x509.GeneralName] = (),
    own_key: Any = None,
    usage: tuple[bool | None, str | None, str | None] = (None, None, None),
) -> Bundle:
    """A certificate of one authority; for C(usage), see C(usage_extensions)."""
    extensions = usage_extensions(*usage)
    if alternatives:
        extensions.append(x509.SubjectAlternativeName(list(alternatives)))
    return Bundle(make_certificate(subject, "CA", serial=serial, own_key=own_key, extensions=extensions))


BOTH = (False, "digitalSignature keyEncipherment", "serverAuth clientAuth")
SERVER = (False, "digitalSignature keyEncipherment", "serverAuth")
AUTHORITY = (True, "keyCertSign cRLSign", None)


def test_a_lost_usage_is_named_with_what_fails_without_it() -> None:
    guard = one("require_same_usage", made(usage=BOTH), made(2, usage=SERVER))

    assert guard == Guard(
        "require_same_usage",
        PROD,
        False,
        "MyProject/web in production: clientAuth is missing: mutual-TLS clients will be refused; the current certificate is "
        "for digitalSignature, serverAuth clientAuth, the new one for digitalSignature, serverAuth "
        "(certificate_rotation_require_same_usage: false lifts this guard)",
        "digitalSignature, serverAuth clientAuth",
        "digitalSignature, serverAuth",
    )


def test_lost_usages_with_the_same_effect_are_named_together() -> None:
    message = one("require_same_usage", made(usage=AUTHORITY), made(2, usage=SERVER)).message

    assert "CA flag and keyCertSign are missing: certificates that it has issued will be refused; cRLSign is" in message


@pytest.mark.parametrize(
    ("current", "new"),
    [
        (made(usage=SERVER), made(2, usage=BOTH)),
        (made(usage=AUTHORITY), made(2, own_key=key("another"), usage=AUTHORITY)),
        (UNREADABLE, UNREADABLE),
    ],
    ids=["more usages", "an authority with a new key", "redeployment"],
)
def test_a_certificate_for_the_same_or_more_passes(current: Bundle, new: Bundle) -> None:
    assert one("require_same_usage", current, new).passed


@pytest.mark.parametrize(
    ("current", "new", "which"), [(UNREADABLE, NEW, "current"), (OLD, UNREADABLE, "new")], ids=["current", "new"]
)
def test_a_usage_that_cannot_be_read_fails_the_guard(current: Bundle, new: Bundle, which: str) -> None:
    guard = one("require_same_usage", current, new)

    assert not guard.passed
    assert f"in production: the usage of the {which} certificate cannot be read (" in guard.message


@pytest.mark.parametrize(
    ("current", "new", "passed", "message"),
    [
        (made(), made(2, own_key=key("another")), True, "the key is new"),
        (made(), made(2), False, "the new certificate has the key of the current one"),
        (NEW, NEW, True, "both certificates are the same"),
        (UNREADABLE, made(), False, "a public key cannot be read, so it is not known if the key is new"),
        (None, made(), False, "the manager does not return the current certificate, so it cannot be compared"),
    ],
)
def test_a_new_key_is_required_on_request_only(current: Bundle | None, new: Bundle, passed: bool, message: str) -> None:
    guard = one("require_new_key", current, new, require_new_key=True)

    assert guard.passed is passed
    assert f"in production: {message}" in guard.message
    assert guard.message.endswith("(certificate_rotation_require_new_key: false lifts this guard)") is not passed
    assert "require_new_key" not in [found.guard for found in check({PROD: current}, new)]


ROOT = make_certificate("CA", extensions=usage_extensions(*AUTHORITY))


def test_a_certificate_of_a_required_issuer_passes() -> None:
    guards = check({DEV: made(2), PROD: made(2)}, made(), anchors=(make_certificate("another"), ROOT))

    assert [guard for guard in guards if guard.guard == "require_issuer"] == [
        Guard(
            "require_issuer", None, True, "MyProject/web: the new certificate chains to a trust anchor", None, "CN=CA"
        )
    ]


def test_a_certificate_of_another_issuer_names_it_and_the_variable() -> None:
    _days, guard = check({}, made(), steps=(Step(PROD, CREATE, "absent"),), anchors=(NEW.leaf,))

    assert (guard.guard, guard.environment, guard.passed) == ("require_issuer", None, False)
    assert guard.message == (
        "MyProject/web: the new certificate does not chain to a trust anchor: CN=web was issued by CN=CA, which is neither a "
        "trust anchor nor among the other issuers in its file (add its issuer to certificate_rotation_require_issuer, or empty "
        "that variable)"
    )


def test_names_that_cannot_be_read_fail_the_guard() -> None:
    guard = one("require_same_names", UNREADABLE)

    assert not guard.passed
    assert guard.message == (
        "MyProject/web in production: its names cannot be read (certificate_rotation_require_same_names: false lifts this guard)"
    )


def test_a_certificate_that_the_manager_does_not_return_fails_the_comparisons() -> None:
    guards = check({PROD: None, STAGE: OLD})

    failed = [guard for guard in guards if not guard.passed]
    assert [(guard.environment, guard.guard) for guard in failed] == [(PROD, guard) for guard in COMPARISONS]
    for guard in failed:
        assert guard.message == (
            "MyProject/web in production: the manager does not return the current certificate, so it cannot be compared "
            f"(certificate_rotation_{guard.guard}: false lifts this guard)"
        )


@pytest.mark.parametrize("current", [None, bundle(days=400, common_name="other.example", organization="Another")])
def test_a_guard_that_is_switched_off_is_not_checked(current: Bundle | None) -> None:
    for off in COMPARISONS:
        found = [guard.guard for guard in check({PROD: current}, **{off: False})]
        assert found == ["minimum_remaining_days", *(guard for guard in COMPARISONS if guard != off)]
    assert all(guard.passed for guard in check({PROD: current}, **dict.fromkeys(COMPARISONS, False)))


def test_each_environment_is_compared_with_its_own_certificate() -> None:
    guards = check({DEV: OLD, PROD: bundle(days=400)})

    assert [(guard.environment, guard.passed) for guard in guards if guard.guard == "require_later_expiry"] == [
        (DEV, True),
        (PROD, False),
    ]


def test_only_environments_that_are_due_are_compared() -> None:
    steps = (Step(DEV, NONE, "not_due"), Step(STAGE, CREATE, "absent"), Step(PROD, UPDATE, "differs"))
    guards = check({DEV: OLD, PROD: OLD}, steps=steps)

    assert {guard.environment for guard in guards} == {None, PROD}


def test_a_certificate_to_be_created_is_only_checked_for_its_days() -> None:
    assert [guard.guard for guard in check({}, steps=(Step(PROD, CREATE, "absent"),))] == ["minimum_remaining_days"]


def test_a_certificate_that_is_not_due_or_not_obtained_yet_has_no_guards() -> None:
    assert check({PROD: OLD}, steps=(Step(PROD, NONE, "in_sync"),)) == []
    assert check({PROD: OLD}, None) == []
