# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an audit fails, and with which message."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import audit_report
from unit.plugins.plugin_utils._report.test_samples import (
    audit,
    certificates_at_gateways,
    certificates_with_findings,
)

EXPIRY = "Expired, or expiring in less than 30 days: Payments / shop, Payments / api"
STALE = (
    "The gateways do not hold the certificate of the record: Payments / api in staging, production. To deploy it again, update "
    "all environments of the certificate in one task of apinizer_certificate with verify_gateways=required"
)
UNKNOWN = (
    "certificate_audit_verify_gateways: required, but not possible. What the gateways of test hold is unknown. The truststore "
    "of environment test cannot be read. HTTP 400"
)


def failure(certificates, threshold, verify_gateways):
    return audit_report(audit(certificates, threshold, verify_gateways=verify_gateways), "failure")


def test_an_audit_without_a_mode_did_not_ask_the_gateways():
    assert audit_report(audit(certificates_at_gateways(), None), "failure") == ""


@pytest.mark.parametrize(
    ("threshold", "verify_gateways", "message"),
    [
        (None, "never", ""),
        (30, "never", EXPIRY),
        (30, "required", EXPIRY),
    ],
)
def test_urgent_certificates_fail_an_audit_with_a_threshold(threshold, verify_gateways, message):
    assert failure(certificates_with_findings(), threshold, verify_gateways) == message


@pytest.mark.parametrize(
    ("threshold", "verify_gateways", "message"),
    [
        (None, "auto", ""),
        (30, "auto", STALE),
        (None, "required", f"{STALE}. {UNKNOWN}"),
    ],
)
def test_gateways_fail_an_audit_with_a_threshold_and_if_they_are_required(threshold, verify_gateways, message):
    assert failure(certificates_at_gateways(), threshold, verify_gateways) == message


def test_all_reasons_are_reported_together():
    certificates = [*certificates_with_findings(), *certificates_at_gateways()]
    assert failure(certificates, 30, "required") == f"{EXPIRY}. {STALE}. {UNKNOWN}"


def test_the_manager_itself_is_no_failure():
    own = certificates_at_gateways()[0]
    own["environments"] = own["environments"][-1:]
    assert failure([own], None, "required") == ""
