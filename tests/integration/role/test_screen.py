# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user sees: few headings, each reason where it belongs, and in check mode what would change."""

from __future__ import annotations

import re

import pytest

from integration.role.conftest import Issue, MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    IMPORT,
    NAME,
    PRODUCTION,
    PROJECT,
    STAGING,
    THREE_WAVES,
    RotationFixture,
)
from manager import Fault

HEADINGS = 40
"""The most headings of a run with one certificate in three waves."""
REASONS = 4
"""How often the reason of a failure appears at most: ansible-core 2.19 and newer print each failure twice."""


def _screen(text: str) -> str:
    """The output without the custom statistics, which only these tests show."""
    return text.partition("CUSTOM STATS")[0]


def _headings(text: str) -> list[str]:
    return re.findall(r"^TASK \[(.*)\] \**$", text, re.MULTILINE)


@pytest.mark.single_mode
def test_run_in_three_waves_fits_on_a_screen(case: RotationFixture) -> None:
    rotation = case.rotate(waves=THREE_WAVES, backup_dir=str(case.backups))

    assert rotation.outcome == "rotated"
    headings = _headings(rotation.text)
    assert len(headings) <= HEADINGS
    assert not [heading for heading in headings if "{{" in heading]
    assert "Roll back" not in rotation.text


@pytest.mark.single_mode
@pytest.mark.exhaustive
@pytest.mark.parametrize("skip", [0, 2], ids=["in the first wave", "in the last wave"])
def test_reason_of_a_failure_is_not_repeated(case: RotationFixture, skip: int) -> None:
    reason = "The certificate store is locked"
    case.manager.faults.add(Fault("status", path=IMPORT, skip=skip, status=400, body={"resultMessage": reason}))

    rotation = case.rotate(waves=THREE_WAVES)

    assert 2 <= _screen(rotation.text).count(reason) <= REASONS
    assert rotation.message.count(reason) == 1


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_failed_guard_names_the_variable_that_lifts_it(case: RotationFixture, issue: Issue) -> None:
    """In one line for each guard and all its environments, and without a rollback: nothing was written."""
    rotation = case.rotate(case.desired(new=issue(10)), waves=THREE_WAVES)

    assert rotation.outcome == "refused"
    reason = f"{PROJECT}/{NAME} in {', '.join(sorted(ENVIRONMENTS))}: the current certificate"
    assert f"{reason} is valid until" in rotation.message
    assert rotation.message.count("certificate_rotation_require_later_expiry: false") == 1
    assert 1 <= _screen(rotation.text).count(reason) <= REASONS
    assert not re.search(r"Roll back.*\n(changed|ok)", rotation.text)


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_wave_has_one_warning_about_deployments(make_case: MakeCase) -> None:
    """Not one for each certificate and environment."""
    case = make_case()
    names = [NAME, "second-certificate", "third-certificate"]
    for name in names:
        case.add_certificate(name)

    rotation = case.rotate(*map(case.desired, names), waves=THREE_WAVES, verify_gateways="never")

    text = " ".join(rotation.text.split())
    assert rotation.outcome == "stored"
    assert text.count("[WARNING]: Wave ") == len(THREE_WAVES)
    assert (
        f"Wave 2: the manager stored 3 certificates, but did not report the deployment to the gateways of {STAGING}"
        in text
    )


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_long_wave_shows_its_progress(make_case: MakeCase) -> None:
    case = make_case(import_reports_deployment=True)
    names = [f"certificate-{number:02}" for number in range(30)]
    for name in names:
        case.add_certificate(name, {DEVELOPMENT: case.old})

    rotation = case.rotate(*map(case.desired, names), parallel_writes=4)

    assert rotation.outcome == "rotated"
    shown = re.findall(r"^Wave 1: (\d+) of 30 certificates written$", rotation.text, re.MULTILINE)
    assert 5 <= len(shown) <= 10
    assert shown[-1] == "30"


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_long_wave_names_what_failed(make_case: MakeCase) -> None:
    case = make_case(import_reports_deployment=True)
    names = [f"certificate-{number:02}" for number in range(25)]
    for name in names:
        case.add_certificate(name, {DEVELOPMENT: case.old})
    case.manager.faults.add(Fault("status", method="PUT", path=f"/{names[10]}/", status=400))

    rotation = case.rotate(*map(case.desired, names))

    assert rotation.outcome == "rolled_back"
    assert f"Wave 1: {PROJECT}/{names[10]} failed" in rotation.text


@pytest.mark.exhaustive
def test_check_mode_shows_the_difference_and_counts_it(case: RotationFixture) -> None:
    """The same count and the same differences as for real."""
    case.add_certificate("second-certificate", {PRODUCTION: case.old})
    certificates = [case.desired(), case.desired("second-certificate")]
    arguments = ["--diff"]

    check = case.rotate(*certificates, check=True, waves=THREE_WAVES)
    real = case.rotate(*certificates, waves=THREE_WAVES, arguments=arguments)

    for rotation in (check, real):
        assert rotation.text.count(f"+++ after: {PROJECT}/{NAME}\n") == len(THREE_WAVES)
        assert rotation.text.count(f"+++ after: {PROJECT}/second-certificate\n") == 1
        assert f'+            "fingerprint_sha256": "{case.new.sha256}"' in rotation.text
        assert re.search(r"^localhost +: .*changed=3 ", rotation.text, re.MULTILINE)
    again = case.rotate(*certificates, check=True, waves=THREE_WAVES)
    assert re.search(r"^localhost +: .*changed=0 ", again.text, re.MULTILINE)


@pytest.mark.exhaustive
def test_messages_show_sha256(make_case: MakeCase) -> None:
    """Also on a manager whose lists carry no content, so that only SHA-1 thumbprints are listed."""
    case = make_case("2025")
    case.add_certificate()
    case.manager.faults.add(
        Fault("deployment_failure", method="PUT", environments=(STAGING,)),
    )

    rotation = case.rotate(strategy="replace")

    assert rotation.outcome == "rolled_back"
    assert f"{NAME} in {STAGING}: SHA-256 {case.old.sha256[:16]}" in rotation.message
    for environment in rotation.environments().values():
        assert environment["from"]["fingerprint_sha256"] == case.old.sha256
        assert environment["now"]["fingerprint_sha256"] == case.old.sha256
    assert "SHA-1" not in rotation.message
