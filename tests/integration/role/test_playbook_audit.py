# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `audit`: it reads every project, reports problems, and writes nothing but its reports."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from integration.certificate_fixture import calls
from integration.machine import Run
from integration.role.conftest import Issue, MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    UNRELATED,
    RotationFixture,
    contents,
    statistics,
)

PLAYBOOK = "apinizer.apiops.audit"
SECOND_PROJECT = "Second Project"
SAMPLE = re.compile(r'(?P<metric>[a-z_]+)\{(?P<labels>(?:[a-z0-9_]+="(?:[^"\\]|\\.)*",?)*)\} (?P<value>-?\d+)')
LABEL = re.compile(r'([a-z0-9_]+)="((?:[^"\\]|\\.)*)"')


@pytest.fixture
def troubled(make_case: MakeCase, issue: Issue) -> RotationFixture:
    """A manager with one certificate for each kind of finding, in two projects."""
    case = make_case()
    manager = case.manager
    manager.add_certificate(PROJECT, UNRELATED, dict.fromkeys(ENVIRONMENTS, case.new))
    case.add_certificate(holds={DEVELOPMENT: issue(-5), STAGING: case.new})
    case.add_certificate(OTHER, {PRODUCTION: [case.new, case.new]})
    manager.add_project(SECOND_PROJECT, ENVIRONMENTS)
    manager.add_certificate(SECOND_PROJECT, 'said "soon"', {PRODUCTION: issue(9)})
    return case


def _audit(case: RotationFixture, *arguments: str, **variables: Any) -> tuple[Run, Path, dict[str, Any]]:
    """Run the playbook, and assert that it only reads."""
    folder = case.machine.folder / "audit"
    given = {"certificate_audit_report_dir": "audit", **variables}
    before = case.snapshot()
    run = case.ansible("ansible-playbook", PLAYBOOK, "-e", json.dumps(given), *arguments)
    assert case.snapshot() == before
    assert {request.method for request in case.manager.journal} == {"GET"}
    assert case.manager.token not in "".join([run.text, *contents(folder)])
    return run, folder, json.loads((folder / "audit.json").read_text(encoding="utf-8"))


def _samples(text: str) -> dict[tuple[str, str, str], dict[str, int]]:
    """Parse metrics strictly, as Prometheus does; return the values by certificate and environment."""
    samples: dict[tuple[str, str, str], dict[str, int]] = {}
    typed = set()
    for line in text.splitlines():
        if line.startswith("#"):
            _unused, keyword, metric, rest = line.split(" ", 3)
            assert keyword == "HELP" or rest == "gauge"
            typed.add(metric)
            continue
        found = SAMPLE.fullmatch(line)
        assert found, f"no sample: {line}"
        assert found["metric"] in typed
        labels = {name: re.sub(r"\\(.)", r"\1", value) for name, value in LABEL.findall(found["labels"])}
        key = (labels.get("project", ""), labels.get("name", ""), labels.get("environment", ""))
        assert found["metric"] not in samples.setdefault(key, {}), f"twice: {line}"
        samples[key][found["metric"]] = int(found["value"])
    return samples


def test_findings_of_every_project_are_reported(troubled: RotationFixture) -> None:
    """The play fails because of urgent findings, after it has reported all of them."""
    run, folder, audit = _audit(troubled, certificate_audit_threshold_days="30")

    assert run.status != 0
    found = {(finding["kind"], finding["project"], finding["name"]): finding for finding in audit["findings"]}
    assert set(found) == {
        ("expired", PROJECT, NAME),
        ("drift", PROJECT, NAME),
        ("duplicate_entries", PROJECT, OTHER),
        ("expires_soon", SECOND_PROJECT, 'said "soon"'),
    }
    assert found["expired", PROJECT, NAME]["environments"] == [DEVELOPMENT]
    assert statistics(run)["certificate_audit"]["localhost"]["findings"] == audit["findings"]
    assert (audit["schema"], audit["manager"], audit["host"]) == (1, troubled.manager.url, "localhost")
    assert {file.name for file in folder.iterdir()} == {
        "audit.json",
        "audit.html",
        "audit.md",
        "apinizer_certificates.prom",
    }
    last = run.text.partition("Fail if a certificate has expired or expires soon")[2].partition("PLAY RECAP")[0]
    assert f"Expired, or expiring in less than 30 days: {PROJECT} / {NAME}, {SECOND_PROJECT} / said" in last
    assert OTHER not in last
    shown = run.text.partition("Show the findings")[2]
    assert found["expired", PROJECT, NAME]["message"] in shown
    assert "in 9 days" in shown
    # One request for the projects, then one list for each, including admin.
    assert calls(troubled.manager.journal) == ["projects", "list", "list", "list"]


@pytest.mark.exhaustive
def test_metrics_are_valid_and_accurate(troubled: RotationFixture) -> None:
    """The same applies in check mode; without a threshold, nothing fails."""
    run, folder, audit = _audit(troubled, "--check", certificate_audit_threshold_days="")

    assert run.status == 0, run.text
    assert audit["threshold_days"] is None
    assert "expires_soon" not in {finding["kind"] for finding in audit["findings"]}
    samples = _samples((folder / "apinizer_certificates.prom").read_text(encoding="utf-8"))
    until = {
        key: values["apinizer_certificate_not_after_timestamp_seconds"] for key, values in samples.items() if key[2]
    }
    assert until == {
        (project, name, entry.environment): int(_parsed(entry.der).not_valid_after_utc.timestamp())
        for (project, name), certificate in troubled.manager.state.certificates.items()
        for entry in certificate.entries
    }
    assert samples[PROJECT, OTHER, PRODUCTION]["apinizer_certificate_entries"] == 2
    assert samples[PROJECT, NAME, ""]["apinizer_certificate_drift"] == 1
    assert samples[PROJECT, UNRELATED, ""]["apinizer_certificate_drift"] == 0


def _parsed(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def test_audit_without_findings_writes_no_files(make_case: MakeCase) -> None:
    """No certificate is below the threshold, so nothing fails; without a folder, no files are written."""
    case = make_case("2024.09")
    files = set(case.machine.folder.iterdir())

    run = case.ansible("ansible-playbook", PLAYBOOK, "-e", "certificate_audit_threshold_days=10")

    assert run.status == 0, run.text
    assert "No problems found" in run.text
    assert statistics(run)["certificate_audit"] == {"localhost": {"findings": []}}
    assert set(case.machine.folder.iterdir()) == files
