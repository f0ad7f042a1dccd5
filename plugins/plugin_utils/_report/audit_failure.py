# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule for when an audit fails. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import AUDIT_SUCCESSES


def audit_failure(audit: Audit) -> str:
    """Return why the audit fails, or an empty string if it does not.

    With a threshold, urgent certificates and gateways without the certificate of the record are failures. If the gateways
    are required to be verified, so are the latter without a threshold, and gateways that could not be asked.
    """
    failures = list(_failures(audit))
    return escape_controls(join_sentences(*failures)) if failures else ""


def has_failed(audit: Audit) -> bool:
    """Whether an audit is a failure among several: it fails, or certificates have expired or are not on the gateways."""
    return audit.status.key not in AUDIT_SUCCESSES or bool(audit_failure(audit))


def _failures(audit: Audit) -> Iterator[str]:
    window, required = audit.window, audit.verify_gateways == "required"
    urgent = [f"{one.project} / {one.name}" for one in audit.findings if one.kind.key in ("expired", "expires_soon")]
    if window and urgent:
        soon = f"with less than {window} left" if window.is_share else f"expiring in less than {window}"
        yield f"Expired, or {soon}: {', '.join(dict.fromkeys(urgent))}"
    stale = [
        f"{one.project} / {one.name} in {', '.join(one.environments)}"
        for one in audit.findings
        if one.kind.key == "not_on_gateway"
    ]
    if stale and (required or window):
        yield f"The gateways do not hold the certificate of the record: {'; '.join(stale)}"
        yield (
            "To deploy it again, update all environments of the certificate in one task of apinizer_certificate with "
            "verify_gateways=required"
        )
    if required:
        yield from (
            f"certificate_audit_verify_gateways: required, but not possible. {note}" for note in audit.gateway_notes
        )
