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
@pytest.mark.parametrize("name", ["expiring_within", "threshold_days"])
def test_a_wrong_threshold_is_refused(name, threshold):
    message = (
        f"^certificate_findings: {name}: must be a number of days from 0 to 36500.* or a share .*, not '{threshold}'"
    )
    with pytest.raises(AnsibleFilterError, match=message):
        certificate_findings([], **{name: threshold})


def test_both_names_of_the_threshold_have_to_agree():
    certificates = [audited("api", environment_entry("production", left=1))]
    assert certificate_findings(certificates, "2", threshold_days=2) == certificate_findings(certificates, 2) != []
    message = "expiring_within: is 33% of the lifetime, but threshold_days, another name for it, is 30 days"
    with pytest.raises(AnsibleFilterError, match=message):
        certificate_findings(certificates, "33%", threshold_days=30)


def test_a_share_of_the_lifetime_is_that_of_each_certificate():
    """A third of 6 days and of 397 days: the same number of days left is soon for one and not for the other."""

    def at(percent, left):
        return audited("api", environment_entry("production", left=left, percent_remaining=percent))

    assert certificate_findings([at(33, 131)], "33%") == []
    assert certificate_findings([at(None, 1)], "33%") == []
    assert [one["kind"] for one in certificate_findings([at(-1, -1)], "33%")] == ["expired"]
    (found,) = certificate_findings([at(32, 130)], "33%")
    assert (found["kind"], found["environments"]) == ("expires_soon", ["production"])
    assert found["message"].startswith("Less than 33% of the lifetime left: production on ")
    assert found["message"].endswith(" UTC, in 130 days.")


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
