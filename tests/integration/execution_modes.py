# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways in which a task can run, and what the tests returned on each: the same, or something is wrong.

What changes from one run to the next is numbered in the order in which it appears, so that two results are equal if
they say the same of different certificates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

WAYS = ("module", "process")
"""A task runs as a module, in a process of its own, or in the controller's process."""

# The options, and what is there only to explain an error to those who develop Ansible.
_LEFT_OUT = ("invocation", "exception", "deprecations", "ansible_facts", "failed", "warnings")
_VARYING = re.compile(
    "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in {
            "pem": r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----(\\\\n)?",
            "host": r"[\w.-]+:\d{4,5}\b",
            "path": r"/[^\s\"':;,]*/(?=[^\s\"':;,/]*)",
            "digits": r"\b[0-9a-f]{16,64}\b",
            "time": r"\b\d{4}-\d\d-\d\dT\d\d:?\d\d:?\d\dZ",
            "connection": r"0x[0-9a-f]+",
        }.items()
    )
)


def comparable(result: Mapping[str, Any], warnings: Sequence[str]) -> str:
    """A task's result as text that is the same for the same result of another run."""
    kept = {key: value for key, value in result.items() if key not in _LEFT_OUT and not key.startswith("_ansible")}
    verdicts = {verdict: bool(result.get(verdict)) for verdict in ("changed", "failed")}
    text = json.dumps({**kept, **verdicts, "warnings": list(warnings)}, sort_keys=True)
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        # A time has no number: two certificates may have been issued in the same second, or not.
        if found.lastgroup == "time":
            return "<time>"
        return numbers.setdefault(found.group(), f"<{found.lastgroup} {len(numbers)}>")

    # Ansible lists them in the order of a set.
    text = re.sub(r'(Valid booleans include: )[^"]*', r"\1…", text)
    return _VARYING.sub(number, text)


class Comparison:
    """What the tests returned, by test and way."""

    def __init__(self) -> None:
        self._results: dict[str, dict[str, list[str]]] = {}

    def add(self, test: str, way: str, results: list[str]) -> None:
        """Take what a test returned one way."""
        self._results.setdefault(test, {})[way] = results

    @property
    def compared(self) -> int:
        """How many tests have run both ways."""
        return sum(len(ways) == len(WAYS) for ways in self._results.values())

    def differences(self) -> list[str]:
        """For each test whose ways differ, where they first do."""
        found = []
        for test, ways in sorted(self._results.items()):
            if len(ways) == len(WAYS):
                one, other = (ways[way] for way in WAYS)
                if one != other:
                    found.append(f"{test}: {_first_difference(one, other)}")
        return found


def _first_difference(one: list[str], other: list[str]) -> str:
    for number, (left, right) in enumerate(zip(one, other), 1):
        if left != right:
            start = next((at for at, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))
            start = max(0, start - 60)
            shown = [f"{way}: …{text[start : start + 200]}…" for way, text in zip(WAYS, (left, right))]
            return f"result {number}\n    " + "\n    ".join(shown)
    return f"{len(one)} results as a module, {len(other)} in the controller's process"


class ComparisonPlugin:
    """A plugin of pytest: the run fails where a test that passed both ways returned something else each way."""

    def __init__(self) -> None:
        self._comparison = Comparison()
        self._failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test returned."""
        if report.failed:
            self._failed.add(report.nodeid)
        elif report.when == "teardown" and report.nodeid not in self._failed:
            for way, results in report.user_properties:
                if way in WAYS:
                    test = re.sub(rf"\b{way}-|-{way}(?=\])|\[{way}\]", "", report.nodeid)
                    self._comparison.add(test, way, results)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run."""
        if self._comparison.differences():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was compared, and what differs."""
        differences = self._comparison.differences()
        if self._comparison.compared:
            terminalreporter.write_sep("=", "both ways")
            terminalreporter.write_line(
                f"{self._comparison.compared} tests ran both ways; {len(differences)} did not return the same each way"
            )
        for difference in differences:
            terminalreporter.write_line(difference)
