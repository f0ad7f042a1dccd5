# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alert rules and the dashboard use only metrics, labels, and label values that the collection writes.

With promtool on the path, the rules are also evaluated.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import audit_report
from ansible_collections.apinizer.apiops.plugins.filter.rotation_report import rotation_report
from unit.plugins.filter.test_audit_report import parse
from unit.plugins.plugin_utils._report.test_samples import AUDITS, RUNS, SEVERAL_AUDITS, SEVERAL_RUNS, fleet

EXTENSIONS = Path(__file__).resolve().parents[3] / "extensions"
ALERTS = EXTENSIONS / "prometheus" / "alerts.yml"
ALERTS_TEST = ALERTS.with_name("alerts_test.yml")
DASHBOARD = EXTENSIONS / "grafana" / "apinizer-certificates.json"

Series = dict[str, dict[str, set[str]]]
"""The values of each label of each metric."""

# Metrics that the dashboard and the rules need not show, since others say the same or they are for users of the filter.
UNUSED = {
    "apinizer_certificate_info",
    "apinizer_report_certificates",
    "apinizer_report_check_mode",
    "apinizer_report_findings",
    "apinizer_reports",
    "apinizer_rotation_check_mode",
}
_SELECTOR = re.compile(r"(apinizer_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!=|=)\s*"([^"]*)"')
_SHOWN_LABEL = re.compile(r"\$labels\.(\w+)")

needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return panels


QUERIES = [(panel["title"], target) for panel in _panels() for target in panel.get("targets", ())]


@pytest.fixture(scope="module")
def written() -> Series:
    """Every metric that the collection writes."""
    texts = [audit_report(make(), "prom") for make in AUDITS.values()]
    texts += [rotation_report(make(), "prom") for make in (*RUNS.values(), *SEVERAL_RUNS.values())]
    texts += [audit_report(make(), "prom") for make in SEVERAL_AUDITS.values()]
    texts.append(rotation_report(fleet(1), "prom", ["manager-000", "manager-001"]))
    found: Series = {}
    for name, labels, _value in (sample for text in texts for sample in parse(text)):
        metric = found.setdefault(name, {})
        for label, value in labels.items():
            metric.setdefault(label, set()).add(value)
    return found


def _labels(expression: str, written: Series) -> set[str]:
    """Check the selectors of an expression, and return the labels that all its metrics have."""
    common: list[set[str]] = []
    for name, matchers in _SELECTOR.findall(expression):
        assert name in written, f"nothing writes {name}"
        common.append(set(written[name]))
        for label, operator, value in _MATCHER.findall(matchers):
            assert label in written[name], f"{name} has no label {label}"
            assert operator == "=~" or value in written[name][label], f"{name} never has {label}={value}"
    assert common, f"no metric in {expression}"
    return set.intersection(*common)


def _names(expressions: Iterator[str]) -> set[str]:
    return {name for expression in expressions for name, _matchers in _SELECTOR.findall(expression)}


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["alert"])
def test_alert_uses_what_is_written(written: Series, rule: dict[str, Any]) -> None:
    known = _labels(rule["expr"].partition(" unless ")[0], written)
    _labels(rule["expr"], written)
    absent = rule["expr"].startswith("absent(")

    assert set(rule["labels"]) == {"severity"}
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert set(rule["annotations"]) == {"summary", "description"}
    for text in rule["annotations"].values():
        assert set(_SHOWN_LABEL.findall(text)) <= (set() if absent else known)


def test_alerts_have_unique_names_and_each_has_a_test() -> None:
    names = [rule["alert"] for rule in _rules()]
    tests = yaml.safe_load(ALERTS_TEST.read_text(encoding="utf-8"))["tests"]
    firing = {one["alertname"] for test in tests for one in test["alert_rule_test"] if one["exp_alerts"]}

    assert len(names) == len(set(names))
    assert firing == set(names)


@pytest.mark.parametrize(("title", "target"), QUERIES, ids=[f"{title} {target['refId']}" for title, target in QUERIES])
def test_panel_uses_what_is_written(written: Series, title: str, target: dict[str, Any]) -> None:
    known = _labels(target["expr"], written)

    shown = re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", ""))
    grouped = re.search(r"sum by \((\w+)\)", target["expr"])
    assert set(shown) <= ({grouped[1]} if grouped else known)
    for name, matchers in _first_selector(target["expr"]):
        assert 'manager=~"$manager"' in matchers or "manager" not in written[name]


def _first_selector(expression: str) -> list[tuple[str, str]]:
    """The first selector; the others of a calculation are matched with it."""
    return _SELECTOR.findall(expression)[:1]


def test_panels_have_unique_numbers_and_do_not_overlap() -> None:
    panels = _panels()
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_every_query_uses_the_data_source_that_is_chosen() -> None:
    text = DASHBOARD.read_text(encoding="utf-8")
    assert set(re.findall(r'"uid": "([^"]+)"', text)) == {"${datasource}", "apinizer-certificates"}


def test_variable_of_the_dashboard_is_a_label(written: Series) -> None:
    variables = {one["name"]: one for one in json.loads(DASHBOARD.read_text(encoding="utf-8"))["templating"]["list"]}
    found = re.fullmatch(r"label_values\((\w+), (\w+)\)", variables["manager"]["query"]["query"])
    assert found
    assert found[2] in written[found[1]]


def test_every_metric_is_used(written: Series) -> None:
    used = _names(rule["expr"] for rule in _rules()) | _names(target["expr"] for _title, target in QUERIES)
    assert set(written) - used == UNUSED


def _promtool(*arguments: str | Path) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_alerts_fire_when_they_should() -> None:
    _promtool("check", "rules", ALERTS)
    _promtool("test", "rules", ALERTS_TEST)


@needs_promtool
def test_prometheus_accepts_the_queries_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"query:{number}", "expr": target["expr"]}
        for number, (_title, target) in enumerate(QUERIES, start=1)
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    _promtool("check", "rules", file)


@needs_promtool
@pytest.mark.parametrize("text", [audit_report(AUDITS["gateways"](), "prom"), rotation_report(RUNS["good"](), "prom")])
def test_prometheus_accepts_the_metrics(text: str) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
