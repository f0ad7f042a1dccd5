# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter certificate_findings."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import WindowError, window_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import WINDOW
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import read_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.findings import Finding, find
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.jwks import read_jwks
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError


def certificate_findings(
    certificates: object, expiring_within: object = None, jwks: object = None, threshold_days: object = None
) -> list[Finding]:
    """List the findings in certificates.

    :arg expiring_within: a number of days, or a share of the lifetime such as C("33%"). An empty string, which a survey may
        pass, counts as not set.
    :arg jwks: the JWKs that were created from certificates, as the module returns them.
    :arg threshold_days: another name for C(expiring_within).
    :raises AnsibleFilterError: if an argument has the wrong type or shape.
    """
    try:
        window = window_of({"expiring_within": expiring_within, "threshold_days": threshold_days}, *WINDOW)
        return find(read_certificates(certificates), window, read_jwks(jwks))
    except WindowError as exc:
        raise AnsibleFilterError(f"certificate_findings: {exc.option}: {exc}") from exc
    except ReportError as exc:
        raise AnsibleFilterError(f"certificate_findings: {exc}") from exc


class FilterModule:
    """The class that Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"certificate_findings": certificate_findings}
