# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a rotation or an audit for C(set_stats), whose size does not grow with the run. Pure.

AWX stores the statistics of a job in its database and passes them to every later node of a workflow as extra variables.
The whole result is in the report file, whose path the summary gives.
"""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from collections.abc import Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit_failure import audit_failure, has_failed
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import SCHEMA, RotationResult, WaveResult

ARTIFACT_BYTES = 48 * 1024
"""The largest summary of all hosts of a play together, as JSON. Other statistics of a job fit in the rest of 64 KiB."""
LARGEST_ARTIFACT_BYTES = 63 * 1024
"""The largest one in its shorter forms, which the names of many hosts need. The name of the statistics fits in 64 KiB, too."""
_MESSAGE_PART = 2
"""The message takes at most one half of a summary."""
_SHORTENED = "… (shortened)"
_SETTLED = frozenset(("in_sync", "not_due", "planned", "introduced", "retired", "rotated", "stored"))
"""The outcomes of certificates with which nothing is wrong."""
_SHORTER = (
    ("outcome", "failed", "check_mode", "started", "finished", "message", "counts", "report"),
    ("outcome", "failed", "check_mode", "started", "finished", "counts", "report"),
    ("outcome", "failed", "check_mode", "started", "counts"),
    ("outcome", "failed", "check_mode", "started"),
    ("outcome", "failed", "check_mode"),
    (),
)
"""The keys of the shorter forms. They leave out what is false, empty or null. The empty one names a host without a result."""
SHORT_KEYS = frozenset(_SHORTER[0])
"""The keys that a shorter form may have. Only C(outcome) is always there."""


class Unsettled(t.TypedDict):
    """A certificate that was not rotated though it is due, or a companion that could not be deleted."""

    project: str
    name: str
    outcome: str


class RotationSummary(t.TypedDict):
    """The summary of a run. C(report) is the path of C(rotation.json), None where no report was written.

    C(counts) has the number of certificates by outcome. C(omitted) says how many certificates C(failed) leaves out.
    """

    schema: int
    manager: str | None
    started: str | None
    finished: str | None
    check_mode: bool
    outcome: str
    message: str
    waves: list[WaveResult]
    counts: dict[str, int]
    failed: list[Unsettled]
    omitted: int
    rolled_back: bool | None
    backup: str | None
    report: str | None


class AuditSummary(t.TypedDict):
    """The summary of an audit. C(report) is the path of C(audit.json), None where no report was written.

    C(counts) has the number of findings by kind. C(failed) says whether it is a failure, and C(message) why. C(omitted)
    says how many findings C(findings) leaves out.
    """

    schema: int
    manager: str
    started: str
    finished: str
    outcome: str
    failed: bool
    message: str
    certificates: int
    counts: dict[str, int]
    findings: list[dict[str, t.Any]]
    omitted: int
    report: str | None


def rotation_summary(
    host: str, result: RotationResult, report: str | None, hosts: int = 1
) -> Mapping[str, t.Any] | None:
    """The summary of a run.

    :arg host: the name of the manager in the inventory, under which the summary is published.
    :arg report: the path of C(rotation.json).
    :arg hosts: how many hosts the play has, which share the space.
    :returns: a C(RotationSummary), some of its keys where that is too large, or None where there is no space at all.
    """
    certificates = result["certificates"]
    failed: list[Unsettled] = [
        {"project": one["project"], "name": one["name"], "outcome": one["outcome"]}
        for one in certificates
        if one["outcome"] not in _SETTLED
    ]
    summary: RotationSummary = {
        "schema": SCHEMA,
        "manager": result["manager"],
        "started": result["started"],
        "finished": result["finished"],
        "check_mode": result["check_mode"],
        "outcome": result["outcome"],
        "message": result["message"],
        "waves": result["waves"],
        "counts": dict(sorted(Counter(one["outcome"] for one in certificates).items())),
        "failed": [],
        "omitted": len(failed),
        "rolled_back": result["rollback"]["complete"],
        "backup": result["backup"],
        "report": report,
    }
    return _fitted(host, summary, "failed", failed, hosts)


def audit_summary(audit: Audit, hosts: int = 1, report: str | None = None) -> str:
    """The summary of an audit as JSON: the number of findings of each kind, and the most urgent ones.

    :arg hosts: how many hosts the play has, which share the space.
    :arg report: the path of C(audit.json).
    :returns: a C(AuditSummary), some of its keys where that is too large, or null where there is no space at all.
    """
    findings = [
        {
            "kind": finding.kind.key,
            "project": finding.project,
            "name": finding.name,
            "environments": list(finding.environments),
            "message": finding.message,
        }
        for finding in audit.findings
    ]
    moment = iso(audit.generated)
    summary: AuditSummary = {
        "schema": SCHEMA,
        "manager": audit.manager,
        "started": moment,
        "finished": moment,
        "outcome": audit.status.key,
        "failed": has_failed(audit),
        "message": audit_failure(audit) or audit.message,
        "certificates": len(audit.certificates),
        "counts": dict(Counter(finding.kind.key for finding in audit.findings)),
        "findings": [],
        "omitted": len(findings),
        "report": report,
    }
    return json.dumps(_fitted(audit.host, summary, "findings", findings, hosts))


def _fitted(
    host: str, summary: Mapping[str, t.Any], key: str, entries: Sequence[Mapping[str, t.Any]], hosts: int
) -> Mapping[str, t.Any] | None:
    """The summary with as many of the entries as fit into the host's share of the space, or a shorter form."""
    limit = ARTIFACT_BYTES // max(hosts, 1) - _size(host)
    made = {**summary}
    made["message"] = _shortened(made["message"], limit // _MESSAGE_PART)
    left = limit - _size(made)
    fitting = 0
    for entry in entries:
        left -= _size(entry)
        if left < 0:
            break
        fitting += 1
    made |= {key: list(entries[:fitting]), "omitted": len(entries) - fitting}
    if _size(made) <= limit:
        return made
    small = {name: value for name, value in made.items() if value and name != key}
    largest = LARGEST_ARTIFACT_BYTES // max(hosts, 1) - _size(host)
    forms = ({name: small[name] for name in names if name in small} for names in _SHORTER)
    return next((form for form in forms if _size(form) <= largest), None)


def _shortened(text: str, limit: int) -> str:
    """The text, cut off where it takes more than this many bytes in JSON."""
    if _size(text) <= limit:
        return text
    left = limit - _size(_SHORTENED)
    for index, character in enumerate(text):
        left -= len(json.dumps(character)) - len('""')
        if left < 0:
            return text[:index] + _SHORTENED
    return text


def _size(value: object) -> int:
    """The size in a larger JSON document, with a separator before or after it."""
    return len(json.dumps(value)) + len(", ")
