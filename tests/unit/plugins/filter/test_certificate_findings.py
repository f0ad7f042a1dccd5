# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that lists findings. What counts as a finding is tested with the function that it calls."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.filter.certificate_findings import FilterModule, certificate_findings
from unit.plugins.plugin_utils._report.test_samples import audited, certificates_with_findings, environment_entry


@pytest.mark.parametrize("threshold", [30, "30"])
def test_the_threshold_may_be_a_string(threshold):
    assert [one["kind"] for one in certificate_findings(certificates_with_findings(), threshold)] == [
        "expired",
        "expires_soon",
        "drift",
        "duplicate_entries",
    ]


@pytest.mark.parametrize("threshold", [None, ""])
def test_without_a_threshold_only_expired_certificates_are_reported(threshold):
    assert certificate_findings([audited("api", environment_entry("production", left=1))], threshold) == []


@pytest.mark.parametrize("threshold", ["soon", 1.5, True])
def test_a_wrong_threshold_is_refused(threshold):
    with pytest.raises(AnsibleFilterError, match=f"threshold_days must be a whole number of days, not '{threshold}'"):
        certificate_findings([], threshold)


@pytest.mark.parametrize(
    ("certificates", "message"),
    [
        (None, "certificates: must be the list that apinizer_certificate_info returns"),
        ([{"name": "api"}], r"certificates\[0\]\.project: is missing"),
    ],
)
def test_wrong_certificates_are_refused(certificates, message):
    with pytest.raises(AnsibleFilterError, match=message):
        certificate_findings(certificates)


def test_ansible_finds_the_filter():
    assert FilterModule().filters() == {"certificate_findings": certificate_findings}
