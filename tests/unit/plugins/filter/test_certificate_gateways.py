# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that adds what the gateways hold. The comparison is tested with the functions that it calls."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.filter.certificate_gateways import FilterModule, certificate_gateways
from unit.plugins.plugin_utils._report.test_samples import audited, entry, environment_entry


def test_it_adds_what_the_gateways_hold():
    certificates = [audited("api", environment_entry("production"), environment_entry("staging"))]
    truststores = {"truststores": [{"environment": "production", "source": "workers", "certificates": [entry()]}]}

    (found,) = certificate_gateways(certificates, truststores)

    states = [each["gateway"] and each["gateway"]["state"] for each in found["environments"]]
    assert states == ["confirmed", None]
    assert "gateway" not in certificates[0]["environments"][0], "its input stays as it is"


@pytest.mark.parametrize(
    ("certificates", "truststores", "message"),
    [
        (None, {"results": []}, "certificates: must be the list that apinizer_certificate_info returns"),
        ([{"name": "api"}], {"results": []}, r"certificates\[0\]\.project: is missing"),
        ([], None, "truststores: must be the result of apinizer_truststore_info"),
    ],
)
def test_wrong_input_is_refused(certificates, truststores, message):
    with pytest.raises(AnsibleFilterError, match=f"^certificate_gateways: {message}"):
        certificate_gateways(certificates, truststores)


def test_ansible_finds_the_filter():
    assert FilterModule().filters() == {"certificate_gateways": certificate_gateways}
