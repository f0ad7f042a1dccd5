# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit as metrics, in Prometheus' text format, for the textfile collector of the node exporter."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit

_Labels = t.Mapping[str, str]
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class _Gauge:
    """One metric. A second value for the same labels is left out: Prometheus refuses a file that has one."""

    def __init__(self, name: str, meaning: str) -> None:
        self._name = name
        self._meaning = meaning
        self._samples: dict[str, int] = {}

    def add(self, value: int, labels: _Labels) -> None:
        shown = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
        self._samples.setdefault(f"{self._name}{{{shown}}}", value)

    def lines(self) -> t.Iterator[str]:
        """Nothing where there are no samples."""
        if self._samples:
            yield f"# HELP {self._name} {self._meaning}"
            yield f"# TYPE {self._name} gauge"
            yield from (f"{series} {value}" for series, value in self._samples.items())


def audit_prom(audit: Audit) -> str:
    """The whole file.

    A series is one certificate in one environment. What changes with a rotation stands in C(apinizer_certificate_info)
    alone, so that the other series go on.
    """
    audited = _Gauge("apinizer_audit_timestamp_seconds", "When the manager was looked at.")
    not_after = _Gauge("apinizer_certificate_not_after_timestamp_seconds", "When the certificate expires.")
    not_before = _Gauge("apinizer_certificate_not_before_timestamp_seconds", "When the certificate becomes valid.")
    entries = _Gauge("apinizer_certificate_entries", "Entries that the manager lists for the environment; 1 is right.")
    info = _Gauge("apinizer_certificate_info", "Which certificate the environment holds; always 1.")
    drift = _Gauge("apinizer_certificate_drift", "1 where environments hold different certificates, 0 otherwise.")

    audited.add(int(audit.generated.timestamp()), {"manager": audit.manager})
    kinds = audit.kinds
    for certificate in audit.certificates:
        whole = {"manager": audit.manager, "project": certificate.project, "name": certificate.name}
        found = kinds.get((certificate.project, certificate.name), [])
        drift.add(int(any(kind.key == "drift" for kind in found)), whole)
        for place in certificate.places:
            labels = {**whole, "environment": place.environment}
            held = place.held
            if held.not_after is not None:
                not_after.add(int(held.not_after.timestamp()), labels)
            if held.not_before is not None:
                not_before.add(int(held.not_before.timestamp()), labels)
            entries.add(place.entries, labels)
            described = {
                "alias": held.alias,
                "subject": held.subject,
                "issuer": held.issuer,
                "serial_number": held.serial_number,
                "fingerprint_sha256": held.fingerprint_sha256,
                "fingerprint_sha1": held.fingerprint_sha1,
            }
            info.add(1, {**labels, **{name: text or "" for name, text in described.items()}})
    metrics = (audited, not_after, not_before, entries, info, drift)
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())
