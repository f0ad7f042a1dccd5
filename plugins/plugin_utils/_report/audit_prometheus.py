# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders an audit as metrics for Prometheus."""

from __future__ import annotations

from collections import Counter

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, UNKNOWN
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.prometheus import Gauge, metrics_text

_KINDS_OF_GATEWAYS = ("expired_on_gateway", "not_on_gateway")


def audit_prometheus(audit: Audit) -> str:
    """Render the metrics.

    A series is one certificate in one environment. Only the labels of C(apinizer_certificate_info) change with a
    rotation, so that all other series continue.
    """
    audited = Gauge("apinizer_audit_timestamp_seconds", "Time of the audit in seconds since the epoch.")
    not_after = Gauge(
        "apinizer_certificate_not_after_timestamp_seconds",
        "Time when the certificate expires, in seconds since the epoch.",
    )
    not_before = Gauge(
        "apinizer_certificate_not_before_timestamp_seconds",
        "Time when the certificate becomes valid, in seconds since the epoch.",
    )
    entries = Gauge(
        "apinizer_certificate_entries",
        "Number of entries that the manager lists for the environment. More than 1 is a fault.",
    )
    info = Gauge(
        "apinizer_certificate_info", "The certificate that the environment holds, described by the labels. Always 1."
    )
    drift = Gauge("apinizer_certificate_drift", "1 if environments hold different certificates, 0 otherwise.")
    confirmed = Gauge(
        "apinizer_certificate_gateway_confirmed",
        "1 if the gateways of the environment hold the certificate of the record, 0 if not. Absent if unknown.",
    )
    unconfirmed = Gauge(
        "apinizer_audit_gateways_not_confirmed",
        "Number of certificates in environments whose gateways do not hold the certificate of the record.",
    )
    gateways = Gauge(
        "apinizer_audit_gateways",
        "Number of certificates in environments, by what their gateways hold. Absent if no gateways were asked.",
    )
    findings = Gauge("apinizer_audit_findings", "Number of findings of the kind. Absent if unknown.")

    audited.add(int(audit.generated.timestamp()), {"manager": audit.manager})
    known = [gateway for gateway in audit.gateways if gateway.state != UNKNOWN]
    if known:
        unconfirmed.add(sum(gateway.state != CONFIRMED for gateway in known), {"manager": audit.manager})
    states = Counter(gateway.state for gateway in audit.gateways)
    if states:
        for state in dict.fromkeys((*status.GATEWAY, *states)):
            gateways.add(states[state], {"manager": audit.manager, "state": state})
    for kind, number in audit.counts:
        if known or kind.key not in _KINDS_OF_GATEWAYS:
            findings.add(number, {"manager": audit.manager, "kind": kind.key})
    kinds = audit.kinds
    for certificate in audit.certificates:
        identity = {"manager": audit.manager, "project": certificate.project, "name": certificate.name}
        found = kinds.get((certificate.project, certificate.name), [])
        drift.add(int(any(kind.key == "drift" for kind in found)), identity)
        for entry in certificate.entries:
            labels = {**identity, "environment": entry.environment}
            if entry.not_after is not None:
                not_after.add(int(entry.not_after.timestamp()), labels)
            if entry.not_before is not None:
                not_before.add(int(entry.not_before.timestamp()), labels)
            entries.add(entry.entries, labels)
            if entry.gateway and entry.gateway.state != UNKNOWN:
                confirmed.add(int(entry.gateway.state == CONFIRMED), labels)
            details = {
                "alias": entry.alias,
                "subject": entry.subject,
                "issuer": entry.issuer,
                "serial_number": entry.serial_number,
                "fingerprint_sha256": entry.fingerprint_sha256,
                "fingerprint_sha1": entry.fingerprint_sha1,
            }
            info.add(1, {**labels, **{name: text or "" for name, text in details.items()}})
    return metrics_text(
        audited, findings, unconfirmed, gateways, not_after, not_before, entries, info, drift, confirmed
    )
