# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guards and the status of environments as a user of the role sees them; `integration/test_guards.py` has the cases."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from integration.role.conftest import Issue
from integration.role.rotation_fixture import DEVELOPMENT, ENVIRONMENTS, NAME, PROJECT, STAGING, RotationFixture
from manager import Authority


@pytest.mark.exhaustive
def test_a_failed_guard_names_what_breaks_and_the_variable(case: RotationFixture, issue: Issue) -> None:
    """The trust anchors are text with several lines, and an environment that is not published is not reached."""
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    case.manager.remove_certificate(PROJECT, NAME)
    case.add_certificate(
        holds=dict.fromkeys(ENVIRONMENTS, issue(20, extensions=[x509.ExtendedKeyUsage(purposes)])),
    )
    new = issue(364, extensions=[x509.ExtendedKeyUsage(purposes[:1])])

    rotation = case.rotate(case.desired(new=new), require_issuer=Authority("Example CA").pem)

    assert rotation.outcome == "refused"
    assert rotation.failed_guards() == [
        (NAME, "require_issuer", None),
        *((NAME, "require_same_usage", environment) for environment in sorted(ENVIRONMENTS)),
    ]
    assert "clientAuth is missing: mutual-TLS clients will be refused" in rotation.message
    assert "certificate_rotation_require_same_usage: false lifts this guard" in rotation.message
    assert "certificate_rotation_require_issuer" in rotation.message
    assert not rotation.writes


@pytest.mark.exhaustive
def test_the_plan_and_the_report_show_a_kept_key_and_a_pending_environment(case: RotationFixture, issue: Issue) -> None:
    case.manager.set_status(STAGING, "REPUBLISH_REQUIRED")

    rotation = case.rotate(case.desired(new=issue(364, key_of=case.old)))

    assert rotation.outcome == "rotated"
    assert {environment["key"] for environment in rotation.environments().values()} == {"kept"}
    (line,) = [line for line in rotation.text.splitlines() if f" {DEVELOPMENT} " in line and "differs" in line]
    assert line.rstrip('",').endswith("kept")
    assert "has the status REPUBLISH_REQUIRED" in " ".join(rotation.text.split())
