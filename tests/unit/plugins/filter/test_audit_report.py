# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of an audit as HTML, Markdown, and metrics. Tests of all pages are with the report of a rotation."""

from __future__ import annotations

import re

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import FilterModule, audit_report
from ansible_collections.apinizer.apiops.plugins.filter.certificate_findings import certificate_findings
from unit.plugins.plugin_utils._report.test_samples import (
    AUDITS,
    HOSTILE,
    audit,
    audited,
    certificates_at_gateways,
    certificates_with_findings,
    environment_entry,
    gateway,
)

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r"([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\\\"\n]|\\[\\\"n])*)\""
SAMPLE = re.compile(rf"(?P<metric>{NAME})\{{(?P<labels>{LABEL}(?:,{LABEL})*)\}} (?P<value>-?[0-9]+)")
UNESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

Sample = tuple[str, dict[str, str], int]


def parse(text: str) -> list[Sample]:
    """Parse the text format and check its rules: comments first and once, series once, metrics together."""
    assert text.endswith("\n")
    samples: list[Sample] = []
    metrics: list[str] = []
    lines = iter(text[:-1].split("\n"))
    for line in lines:
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert next(lines) == f"# TYPE {name} gauge"
            assert name not in metrics
            metrics.append(name)
            continue
        found = SAMPLE.fullmatch(line)
        assert found, line
        assert found["metric"] == metrics[-1]
        labels = {
            label: re.sub(r"\\[\\\"n]", lambda escape: UNESCAPED[escape[0]], value)
            for label, value in re.findall(LABEL, found["labels"])
        }
        samples.append((found["metric"], labels, int(found["value"])))
    series = [(name, tuple(sorted(labels.items()))) for name, labels, _value in samples]
    assert len(series) == len(set(series))
    return samples


@pytest.mark.parametrize("name", AUDITS)
def test_metrics_follow_the_grammar(name):
    assert parse(audit_report(AUDITS[name](), "prom"))


def test_metrics_of_a_certificate():
    certificates = [
        audited("api", environment_entry("staging", left=10), environment_entry("production", left=20, entries=2))
    ]
    samples = parse(audit_report(audit(certificates), "prom"))
    identity = {"manager": "https://apinizer.bank.example/manager", "project": "Payments", "name": "api"}
    production = {**identity, "environment": "production"}
    assert ("apinizer_audit_timestamp_seconds", {"manager": identity["manager"]}, 1795410000) in samples
    # 2026-12-13T11:00:00Z and a year before
    assert ("apinizer_certificate_not_after_timestamp_seconds", production, 1797159600) in samples
    assert ("apinizer_certificate_not_before_timestamp_seconds", production, 1797159600 - 365 * 86400) in samples
    assert ("apinizer_certificate_entries", production, 2) in samples
    assert ("apinizer_certificate_drift", identity, 1) in samples
    [info] = [
        labels for name, labels, _value in samples if name.endswith("_info") and production.items() <= labels.items()
    ]
    assert info["subject"] == "CN=api.example.com,O=Example Bank,C=TR"
    assert {"alias", "issuer", "serial_number", "fingerprint_sha1", "fingerprint_sha256"} <= info.keys()


def test_metrics_of_gateways():
    samples = parse(audit_report(AUDITS["gateways"](), "prom"))
    confirmed = {
        (labels["name"], labels["environment"]): value
        for name, labels, value in samples
        if name == "apinizer_certificate_gateway_confirmed"
    }
    assert confirmed == {
        ("api", "development"): 1,
        ("api", "staging"): 0,
        ("api", "production"): 0,
        ("portal", "production"): 1,
    }, "what is unknown has no series"
    manager = {"manager": "https://apinizer.bank.example/manager"}
    assert ("apinizer_audit_gateways_not_confirmed", manager, 2) in samples
    states = {labels["state"]: value for name, labels, value in samples if name == "apinizer_audit_gateways"}
    assert states == {"confirmed": 2, "stale": 1, "missing": 1, "unknown": 2}


def test_gateways_that_were_not_asked_have_no_metrics():
    assert "gateway" not in audit_report(audit([audited("api", environment_entry("production"))]), "prom")


def test_gateways_that_could_not_be_asked_are_counted_and_have_no_other_metrics():
    place = gateway(environment_entry("production"), "unknown")
    samples = parse(audit_report(audit([audited("api", place)]), "prom"))
    of_gateways = {(name, labels["state"]): value for name, labels, value in samples if "gateway" in name}
    assert {key for key, value in of_gateways.items() if value} == {("apinizer_audit_gateways", "unknown")}
    assert {name for name, _state in of_gateways} == {"apinizer_audit_gateways"}
    assert "on_gateway" not in str(samples)


@pytest.mark.parametrize("output_format", ["html", "md", "text"])
def test_gateways_are_reported(output_format):
    text = audit_report(AUDITS["gateways"](), output_format)
    unknown = "What the gateways of test hold is unknown. The truststore of environment test cannot be read. HTTP 400"
    assert unknown in text
    other = environment_entry("production", "api", left=8)["fingerprint_sha256"]
    assert f"those of production hold SHA-256 {other} instead" in text
    assert "no request returns it" not in text, "no request can ask the manager itself"


@pytest.mark.parametrize("output_format", ["html", "md"])
def test_the_report_has_the_state_of_each_gateway(output_format):
    text = audit_report(AUDITS["gateways"](), output_format)
    for fact in (
        "Gateways without the certificate of the record",
        "2 of 4 entries confirmed, 2 unknown",
        "found under the alias x",
        "Stale",
        "Missing",
        "truststores of the gateways",
    ):
        assert fact in text
    not_asked = audit_report(AUDITS["findings"](), output_format)
    assert "Not asked" in not_asked
    assert "truststores of the gateways" not in not_asked


def test_text_has_a_line_for_each_finding():
    lines = audit_report(AUDITS["findings"](), "text").splitlines()
    assert lines[0] == "Payments / shop / Expired: production on 2026-11-01 11:00:00 UTC."
    assert len(lines) == 4
    assert audit_report(AUDITS["clean"](), "text") == "No problems found\n"


def test_text_without_findings_still_says_what_is_unknown():
    place = gateway(environment_entry("production", left=240), "unknown")
    lines = audit_report(audit([audited("api", place)]), "text").splitlines()
    assert lines[0] == "No problems found"
    assert len(lines) == 2
    assert lines[1].startswith("What the gateways of production hold is unknown.")


@pytest.mark.parametrize("output_format", ["text", "failure"])
def test_the_screen_gets_no_control_characters(output_format):
    text = audit_report(AUDITS["hostile"](), output_format)
    assert len(text) > 100
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_a_rotation_continues_the_series():
    def series(left: int) -> list[object]:
        samples = parse(audit_report(audit([audited("api", environment_entry("production", left=left))]), "prom"))
        return [(name, labels) for name, labels, _value in samples if not name.endswith("_info")]

    assert series(1) == series(360)


def test_label_values_are_escaped():
    names = {labels.get("name") for _name, labels, _value in parse(audit_report(AUDITS["hostile"](), "prom"))}
    for text in (HOSTILE[1], HOSTILE[2], "two\nlines\ufffd\nand \\ a \"quote\" and 'another'"):
        assert text in names


def test_a_duplicate_certificate_makes_one_series():
    twice = [audited("api", environment_entry("production"))] * 2
    samples = [name for name, _labels, _value in parse(audit_report(audit(twice), "prom"))]
    assert len([name for name in samples if name != "apinizer_audit_findings"]) == 6


def test_findings_of_each_kind_are_counted():
    def counted(certificates):
        samples = parse(audit_report(audit(certificates), "prom"))
        return {labels["kind"]: value for name, labels, value in samples if name == "apinizer_audit_findings"}

    found = counted(certificates_with_findings())
    assert {kind for kind, number in found.items() if number} == {
        "expired",
        "expires_soon",
        "drift",
        "duplicate_entries",
    }
    assert found["shared_key"] == 0
    # What was not asked is absent rather than zero.
    assert "not_on_gateway" not in found
    assert counted(certificates_at_gateways())["not_on_gateway"] == 1


def test_information_is_shown_after_the_problems_and_is_none():
    jwks = {"kind": "referenced_by_jwks", "project": "Cards", "name": "", "environments": [], "message": "JWKs: a."}
    quiet = audit(certificates_with_findings()[:1], findings=[jwks])
    assert audit_report(quiet, "text") == "No problems found\nCards / JWKs: a.\n"
    assert audit_report(quiet, "failure") == ""
    assert "<h1>No problems</h1>" in audit_report(quiet, "html")
    assert "| i Referenced by JWKs | Cards |" in audit_report(quiet, "md")
    loud = audit(certificates_with_findings(), findings=[jwks, *audit(certificates_with_findings())["findings"]])
    assert audit_report(loud, "text").splitlines()[-1] == "Cards / JWKs: a."


def test_lists_without_content_are_named_as_unknown():
    place = environment_entry("production", left=240, fingerprint_sha256=None)
    text = audit_report(audit([audited("api", place)]), "text")
    line = "The manager's lists lack the content of 1 entry: keys and issuers are unknown"
    assert text.splitlines() == ["No problems found", line]
    required = audit([audited("api", place)], verify_gateways="required")
    assert audit_report(required, "failure") == ""


def test_the_most_urgent_certificate_comes_first():
    text = audit_report(audit(certificates_with_findings()), "md").partition("## Days left")[2]
    names = ("shop", "api", "mobile", "portal", "internal-root", "unused")
    positions = [text.index(f"/ {name} |") for name in names]
    assert positions == sorted(positions)


def test_the_message_counts_the_findings_of_each_kind():
    kinds = ("expired", "expired_on_gateway", "referenced_by_jwks")
    findings = [{"kind": kind, "project": "P", "name": "c", "environments": [], "message": "m"} for kind in kinds]
    text = audit_report(audit([], findings=findings), "md")
    assert "Findings: expired (1); expired, still on the gateways (1); referenced by JWKs (1)." in text


@pytest.mark.parametrize("output_format", ["html", "md"])
def test_findings_are_reported(output_format):
    text = audit_report(audit(certificates_with_findings()), output_format)
    for fact in (
        "Expired certificates",
        "Drift",
        "2 different certificates",
        "production has 2",
        "Less than 30 days left",
    ):
        assert fact in text


@pytest.mark.parametrize(
    ("name", "heading"), [("clean", "No problems"), ("empty", "No certificates"), ("many", "Findings to review")]
)
def test_the_heading_is_the_status(name, heading):
    assert f"<h1>{heading}</h1>" in audit_report(AUDITS[name](), "html")


def test_the_threshold_may_be_a_share_of_the_lifetime():
    certificates = [
        audited("portal", environment_entry("production", "portal", left=120, percent_remaining=32)),
        audited("shop", environment_entry("production", "shop", left=2, percent_remaining=33)),
    ]
    given = audit(certificates, None, expiring_within="33%", findings=certificate_findings(certificates, "33%"))

    page = audit_report(given, "html")
    assert "Less than 33% of the lifetime left" in page
    assert page.count('"number warn"') == 1
    assert audit_report(given, "failure") == "Expired, or with less than 33% of the lifetime left: Payments / portal"
    assert audit_report(audit(certificates, 30, expiring_within="30"), "html") == audit_report(
        audit(certificates, 30), "html"
    )


@pytest.mark.parametrize("hosts", ["3", 0, -1, 1.5, True, None])
def test_a_wrong_number_of_hosts_is_refused(hosts):
    with pytest.raises(AnsibleFilterError, match=f"hosts must be a positive number, not '{hosts}'"):
        audit_report({}, "summary", hosts)


def test_an_unknown_format_is_refused():
    with pytest.raises(
        AnsibleFilterError, match="the format must be html, md, prom, text, failure or summary, not 'json'"
    ):
        audit_report(AUDITS["clean"](), "json")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"schema": None}, r"audit_report: audit\.schema: must be 1"),
        ({"certificates": {}}, r"audit\.certificates: must be a list, not a dictionary"),
        (
            {"expiring_within": "soon", "threshold_days": None},
            r"audit\.expiring_within: must be a number of days from 0 to 36500",
        ),
        (
            {"expiring_within": "33%"},
            r"audit\.expiring_within: is 33% of the lifetime, but threshold_days, another name",
        ),
        ({"threshold_days": "soon"}, r"audit\.threshold_days: must be a whole number, not the string 'soon'"),
    ],
)
def test_wrong_input_is_refused(wrong, message):
    with pytest.raises(AnsibleFilterError, match=message):
        audit_report(AUDITS["clean"]() | wrong, "html")


def test_ansible_finds_the_filter():
    assert FilterModule().filters() == {"audit_report": audit_report}
