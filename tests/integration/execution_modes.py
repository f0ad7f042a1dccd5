# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two execution modes of a task, and a check that a test returns the same results in both.

Values that differ between two runs, such as fingerprints and paths, are replaced with a number in the order of their
first appearance. Two results are then equal if they say the same about different certificates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

EXECUTION_MODES = ("module", "process")
"""A task runs as a module, in a process of its own, or inside the controller's process."""

# The options, and keys that only help developers of Ansible to explain an error.
_IGNORED_KEYS = ("invocation", "exception", "deprecations", "ansible_facts", "failed", "warnings")
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
    """Return a task's result as text that is equal for equivalent results of two runs."""
    kept = {key: value for key, value in result.items() if key not in _IGNORED_KEYS and not key.startswith("_ansible")}
    verdicts = {verdict: bool(result.get(verdict)) for verdict in ("changed", "failed")}
    text = json.dumps({**kept, **verdicts, "warnings": list(warnings)}, sort_keys=True)
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        # Times are not numbered: two certificates may or may not have been issued in the same second.
        if found.lastgroup == "time":
            return "<time>"
        return numbers.setdefault(found.group(), f"<{found.lastgroup} {len(numbers)}>")

    # It depends on timing how the client notices that the server has closed the connection.
    text = text.replace("Connection reset by peer", "Remote end closed connection without response")
    # Ansible lists these in the arbitrary order of a set.
    text = re.sub(r'(Valid booleans include: )[^"]*', r"\1…", text)
    return _VARYING.sub(number, text)


def without_mode(node_id: str) -> str:
    """Return the ID of a test without the execution mode."""
    modes = "|".join(EXECUTION_MODES)
    return re.sub(rf"\b({modes})-|-({modes})(?=\])|\[({modes})\]", "", node_id)


class ModeComparison:
    """The results of each test in each execution mode."""

    def __init__(self) -> None:
        self._results: dict[str, dict[str, list[str]]] = {}

    def add(self, test: str, mode: str, results: list[str]) -> None:
        """Record the results of a test in one mode."""
        self._results.setdefault(test, {})[mode] = results

    @property
    def compared(self) -> int:
        """Return how many tests have run in both modes."""
        return sum(len(modes) == len(EXECUTION_MODES) for modes in self._results.values())

    def differences(self) -> list[str]:
        """Return a text for each test whose results differ between the modes, with the first difference."""
        found = []
        for test, modes in sorted(self._results.items()):
            if len(modes) == len(EXECUTION_MODES):
                as_module, in_process = (modes[mode] for mode in EXECUTION_MODES)
                if as_module != in_process:
                    found.append(f"{test}: {_first_difference(as_module, in_process)}")
        return found


def _first_difference(as_module: list[str], in_process: list[str]) -> str:
    for number, (left, right) in enumerate(zip(as_module, in_process), 1):
        if left != right:
            start = next((at for at, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))
            start = max(0, start - 60)
            shown = [f"{mode}: …{text[start : start + 200]}…" for mode, text in zip(EXECUTION_MODES, (left, right))]
            return f"result {number}\n    " + "\n    ".join(shown)
    return f"{len(as_module)} results as a module, {len(in_process)} in the controller's process"


class ComparisonPlugin:
    """A pytest plugin that fails the run if a test that passed in both modes returned different results."""

    def __init__(self) -> None:
        self._comparison = ModeComparison()
        self._failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the results of a test."""
        if report.failed:
            self._failed.add(report.nodeid)
        elif report.when == "teardown" and report.nodeid not in self._failed:
            for mode, results in report.user_properties:
                if mode in EXECUTION_MODES:
                    self._comparison.add(without_mode(report.nodeid), mode, results)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run if any results differ."""
        if self._comparison.differences():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print how many tests were compared, and the differences."""
        differences = self._comparison.differences()
        if self._comparison.compared:
            terminalreporter.write_sep("=", "execution modes")
            terminalreporter.write_line(
                f"{self._comparison.compared} tests ran in both execution modes; {len(differences)} returned different results"
            )
        for difference in differences:
            terminalreporter.write_line(f"FAILED {difference}")
