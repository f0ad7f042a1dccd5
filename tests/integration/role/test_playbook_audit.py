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
from manager import ALL_PERMISSIONS, Permission

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
    manager.add_jwk(PROJECT, "my-jwk", NAME)
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
        metric = " ".join([found["metric"], *(labels[name] for name in ("kind", "state") if name in labels)])
        assert metric not in samples.setdefault(key, {}), f"twice: {line}"
        samples[key][metric] = int(found["value"])
    return samples


def test_findings_of_every_project_are_reported(troubled: RotationFixture) -> None:
    """The play fails because of urgent findings, after it has reported all of them."""
    run, folder, audit = _audit(troubled, certificate_audit_expiring_within="30")

    assert run.status != 0
    assert (audit["expiring_within"], audit["threshold_days"]) == (30, 30)
    found = {(finding["kind"], finding["project"], finding["name"]): finding for finding in audit["findings"]}
    assert set(found) == {
        ("expired", PROJECT, NAME),
        ("expired_on_gateway", PROJECT, NAME),
        ("drift", PROJECT, NAME),
        ("duplicate_entries", PROJECT, OTHER),
        ("expires_soon", SECOND_PROJECT, 'said "soon"'),
        *(("same_certificate", PROJECT, name) for name in (NAME, OTHER, UNRELATED)),
        ("referenced_by_jwks", PROJECT, ""),
    }
    assert found["same_certificate", PROJECT, OTHER]["message"] == (
        f"The same certificate is also stored as: {PROJECT}/{NAME}, {PROJECT}/{UNRELATED}."
    )
    assert "my-jwk" in found["referenced_by_jwks", PROJECT, ""]["message"]
    assert found["expired", PROJECT, NAME]["environments"] == [DEVELOPMENT]
    summary = statistics(run)["certificate_audit"]["localhost"]
    assert (summary["findings"], summary["omitted"]) == (audit["findings"], 0)
    assert (summary["outcome"], summary["report"]) == ("expired", str(folder / "audit.json"))
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
    # One request for the projects, one list for each, including admin, one truststore for each environment, and the JWKs of
    # each project with certificates.
    assert calls(troubled.manager.journal) == ["projects", *["list"] * 3, *["truststore"] * 3, *["jwks"] * 2]


@pytest.mark.exhaustive
def test_metrics_are_valid_and_accurate(troubled: RotationFixture) -> None:
    """The same applies in check mode; without a threshold, nothing fails."""
    run, folder, audit = _audit(troubled, "--check", certificate_audit_threshold_days="")

    assert run.status == 0, run.text
    assert audit["threshold_days"] is audit["expiring_within"] is None
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
    assert samples["", "", ""]["apinizer_audit_findings same_certificate"] == 3
    assert samples["", "", ""]["apinizer_audit_findings incomplete_chain"] == 0


def _parsed(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def test_audit_without_findings_writes_no_files(make_case: MakeCase) -> None:
    """No certificate is below the threshold, so nothing fails; without a folder, no files are written."""
    case = make_case("2024.09")
    files = set(case.machine.folder.iterdir())

    run = case.ansible("ansible-playbook", PLAYBOOK, "-e", "certificate_audit_expiring_within=1%")

    assert run.status == 0, run.text
    assert "No problems found" in run.text
    summary = statistics(run)["certificate_audit"]["localhost"]
    assert (summary["outcome"], summary["findings"], summary["report"]) == ("clean", [], None)
    assert set(case.machine.folder.iterdir()) == files


# What the gateways hold


def _without(case: RotationFixture, *environments: str, name: str = NAME, holds: Any = None) -> None:
    for environment in environments:
        case.manager.set_gateway(PROJECT, name, environment, holds)


def _truststores(case: RotationFixture) -> list[str]:
    """Return the environment of each request for a truststore."""
    requests = (request.segments for request in case.manager.journal)
    return [segments[4] for segments in requests if segments[2:4] == ("certificates", "truststore")]


@pytest.fixture
def stale(make_case: MakeCase, issue: Issue) -> RotationFixture:
    """A manager with two projects, whose gateways hold an old certificate in production and none in staging."""
    case = make_case()
    case.add_certificate(holds=dict.fromkeys(ENVIRONMENTS, case.new))
    case.manager.add_project(SECOND_PROJECT, ENVIRONMENTS)
    case.manager.add_certificate(
        SECOND_PROJECT, "a", dict.fromkeys((*ENVIRONMENTS, "apimanager"), issue(200)), alias="a"
    )
    _without(case, STAGING)
    _without(case, PRODUCTION, holds=case.old)
    return case


def test_gateways_are_not_asked_with_never(stale: RotationFixture) -> None:
    run, folder, audit = _audit(stale, certificate_audit_threshold_days="10", certificate_audit_verify_gateways="never")

    assert run.status == 0, run.text
    assert "not_on_gateway" not in {finding["kind"] for finding in audit["findings"]}
    assert _truststores(stale) == []
    assert not any("gateway" in entry for one in audit["certificates"] for entry in one["environments"])
    assert "gateway" not in (folder / "apinizer_certificates.prom").read_text(encoding="utf-8")
    assert "Not asked" in (folder / "audit.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("variables", [{}, {"certificate_audit_verify_gateways": ""}], ids=["unset", "empty"])
def test_gateways_without_the_certificate_of_the_record_are_reported_by_default(
    stale: RotationFixture, variables: dict[str, str]
) -> None:
    """Each environment is asked once, however many projects and certificates it has. The first project asks."""
    run, folder, audit = _audit(stale, **variables)

    assert run.status == 0, run.text
    (found,) = [finding for finding in audit["findings"] if finding["kind"] == "not_on_gateway"]
    assert (found["project"], found["name"], found["environments"]) == (PROJECT, NAME, [PRODUCTION, STAGING])
    assert found["message"] == (
        "The gateways do not hold the certificate of the record: "
        f"those of production hold SHA-256 {stale.old.sha256} instead; those of staging do not hold it."
    )
    assert found["message"] in run.text.partition("Show the findings")[2]
    assert sorted(_truststores(stale)) == sorted(ENVIRONMENTS)
    samples = _samples((folder / "apinizer_certificates.prom").read_text(encoding="utf-8"))
    confirmed = {
        key[1:]: values["apinizer_certificate_gateway_confirmed"]
        for key, values in samples.items()
        if "apinizer_certificate_gateway_confirmed" in values
    }
    assert confirmed == {
        **{(UNRELATED, environment): 1 for environment in ENVIRONMENTS},
        **{("a", environment): 1 for environment in ENVIRONMENTS},
        (NAME, DEVELOPMENT): 1,
        (NAME, STAGING): 0,
        (NAME, PRODUCTION): 0,
    }, "the manager itself is unknown, so it has no series"
    assert samples["", "", ""]["apinizer_audit_gateways_not_confirmed"] == 2
    states = {
        state: samples["", "", ""][f"apinizer_audit_gateways {state}"] for state in ("confirmed", "stale", "unknown")
    }
    assert states == {"confirmed": 7, "stale": 1, "unknown": 1}
    assert "7 of 9 entries confirmed, 1 unknown" in (folder / "audit.md").read_text(encoding="utf-8")
    assert stale.old.sha256 in (folder / "audit.html").read_text(encoding="utf-8")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "variables",
    [{"certificate_audit_verify_gateways": "required"}, {"certificate_audit_threshold_days": "10"}],
    ids=["required", "threshold"],
)
def test_audit_fails_for_gateways_if_they_are_required_or_there_is_a_threshold(
    stale: RotationFixture, variables: dict[str, str]
) -> None:
    run, folder, _unused = _audit(stale, **variables)

    assert run.status != 0
    assert (folder / "audit.html").exists(), "the reports are written before the play fails"
    last = " ".join(run.text.partition("Fail if a certificate has expired")[2].split())
    assert f"The gateways do not hold the certificate of the record: {PROJECT} / {NAME} in production, staging." in last
    assert "in one task of apinizer_certificate with verify_gateways=required" in last


@pytest.mark.parametrize(
    ("generation", "truststore", "requests"),
    [
        ("2026.09", ["workers"], 3),
        # After the first environment, the address that has answered is requested first.
        pytest.param("2025", ["manager"], 4, marks=pytest.mark.exhaustive),
        pytest.param("2026.09", ["manager"], 4, marks=pytest.mark.exhaustive),
    ],
)
def test_gateways_that_hold_the_record_are_no_finding(
    make_case: MakeCase, generation: str, truststore: list[str], requests: int
) -> None:
    case = make_case(generation, truststore=truststore)
    case.add_certificate(holds=dict.fromkeys(ENVIRONMENTS, case.new))

    run, _folder, audit = _audit(case, certificate_audit_verify_gateways="required")

    assert run.status == 0, run.text
    assert audit["findings"] == []
    states = {entry["gateway"]["state"] for one in audit["certificates"] for entry in one["environments"]}
    assert states == {"confirmed"}
    assert len(_truststores(case)) == requests


@pytest.mark.parametrize("verification", ["", "required"])
def test_manager_that_offers_no_truststore(make_case: MakeCase, verification: str) -> None:
    """One line says so; only if the gateways are required, the play fails, after it has written the reports."""
    case = make_case("2024.09")
    case.add_certificate(holds=dict.fromkeys(ENVIRONMENTS, case.new))

    run, folder, audit = _audit(
        case, certificate_audit_threshold_days="1", certificate_audit_verify_gateways=verification
    )

    assert (run.status != 0) is (verification == "required"), run.text
    assert "No problems found" in run.text
    assert audit["findings"] == []
    line = "What the gateways of development, production, staging hold is unknown. The truststore of environment development"
    for text in (run.text, *((folder / name).read_text(encoding="utf-8") for name in ("audit.html", "audit.md"))):
        assert line in " ".join(text.split())
    last = " ".join(run.text.partition("Fail if a certificate has expired")[2].split())
    assert ("certificate_audit_verify_gateways: required, but not possible." in last) is (verification == "required")
    assert "apinizer_certificate_gateway" not in (folder / "apinizer_certificates.prom").read_text(encoding="utf-8")
    # HTTP 404 for one environment says nothing about the next, so both addresses are requested for each.
    assert len(_truststores(case)) == 2 * len(ENVIRONMENTS)


def test_token_that_may_not_read_truststores(make_case: MakeCase) -> None:
    """The audit says so in one line, and does not fail."""
    case = make_case()
    case.add_certificate(holds=dict.fromkeys(ENVIRONMENTS, case.new))
    permissions = ALL_PERMISSIONS - {Permission.IMPORT}
    case.manager.token = case.manager.add_token("reader", projects=[PROJECT], permissions=permissions)

    run, _folder, audit = _audit(case, certificate_audit_threshold_days="1")

    assert run.status == 0, run.text
    assert audit["findings"] == []
    shown = run.text.partition("Show the findings")[2].partition("PLAY RECAP")[0]
    assert shown.count("hold is unknown.") == 1
    assert "EXPORT_IMPORT" in shown


@pytest.mark.exhaustive
def test_unreachable_workers_do_not_hide_the_other_environments(make_case: MakeCase) -> None:
    case = make_case(truststore=["workers"])
    case.add_certificate()
    case.manager.unreachable.add(STAGING)

    run, _folder, audit = _audit(case)

    assert run.status == 0, run.text
    (certificate,) = [one for one in audit["certificates"] if one["name"] == NAME]
    states = {entry["name"]: entry["gateway"]["state"] for entry in certificate["environments"]}
    assert states == {DEVELOPMENT: "confirmed", STAGING: "unknown", PRODUCTION: "confirmed"}
    assert "What the gateways of staging hold is unknown." in run.text


def test_a_misspelled_variable_is_refused(case: RotationFixture) -> None:
    """A threshold that is not known as one would never fail the audit."""
    run = case.ansible("ansible-playbook", PLAYBOOK, "-e", "certificate_audit_expiring_withn=30")

    message = "the playbook has no such variable. Did you mean certificate_audit_expiring_within?"
    assert f"certificate_audit_expiring_withn: {message}" in " ".join(run.text.split())
    assert run.status != 0
    assert not len(case.manager.journal)


def test_unknown_mode_is_refused_before_the_first_request(make_case: MakeCase) -> None:
    case = make_case()

    run = case.ansible("ansible-playbook", PLAYBOOK, "-e", "certificate_audit_verify_gateways=always")

    assert run.status != 0
    assert "certificate_audit_verify_gateways: must be auto, required or never, not 'always'" in run.text
    assert len(case.manager.journal) == 0
