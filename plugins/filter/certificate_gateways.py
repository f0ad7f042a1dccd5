# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter certificate_gateways."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.results import read_results
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.states import add_gateways
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import read_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError


def certificate_gateways(certificates: object, truststores: object) -> list[dict[str, t.Any]]:
    """Add what the gateways hold to certificates.

    :raises AnsibleFilterError: if an argument has the wrong type or shape.
    """
    try:
        read_certificates(certificates)
        answers = read_results(truststores)
    except ReportError as exc:
        raise AnsibleFilterError(f"certificate_gateways: {exc}") from exc
    return add_gateways(t.cast("list[dict[str, t.Any]]", certificates), answers)


class FilterModule:
    """The class that Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"certificate_gateways": certificate_gateways}
