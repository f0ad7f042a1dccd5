# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the benchmark from the command line: `python -m bench --help`."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shlex
import sys
import textwrap
from collections.abc import Sequence
from importlib.metadata import version
from itertools import product
from pathlib import Path

from . import summary, table, targets
from .candidates import CANDIDATES
from .cases import ENVIRONMENTS, SITUATIONS, Case
from .results import Measurements
from .runner import SLOW_SECONDS, Plan, Runner
from .targets import Verdict

_SIZES, _LATENCIES, _RUNS = (1, 200, 1000), (0, 20), 5
_QUICK_SIZES, _QUICK_LATENCIES, _QUICK_RUNS = (1, 10), (0,), 1
_CACHE = Path(".cache/bench")
_WIDTH = 120
_EPILOG = (
    "To update the guide in the documentation: "
    "make bench ARGS='--targets --csv docs/docsite/rst/guide_speed.csv --rst docs/docsite/rst/guide_speed.rst'"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and exit with 1 if a candidate failed or a target was missed or not measured."""
    options = _options(arguments)
    plan = _plan(options)
    if not plan:
        sys.exit("These options leave no case to measure: see --help")
    runner = Runner(options.runs, _CACHE, progress=lambda line: print(line, file=sys.stderr, flush=True))
    measurements = runner.measure(plan)
    verdicts = targets.verdicts(measurements) if options.targets or _is_complete(options) else []
    _print(measurements, verdicts, options)
    _write(measurements, verdicts, options)
    for failure in runner.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    sys.exit(bool(runner.failures) or not all(verdict.passed for verdict in verdicts))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Rotate many certificates on a fake manager: with this collection, and in other ways.",
        epilog=_EPILOG,
    )
    parser.add_argument("--quick", action="store_true", help="few certificates and one run, to see that it works")
    parser.add_argument(
        "--targets",
        action="store_true",
        help="measure only what the targets need (and with --rst, what that shows), and report which of them are met",
    )
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="numbers of certificates")
    parser.add_argument("--latencies", type=int, nargs="+", metavar="MS", help="milliseconds added to every request")
    parser.add_argument("--situations", choices=SITUATIONS, nargs="+", help="how many certificates are due")
    parser.add_argument("--only", choices=CANDIDATES, nargs="+", default=[*CANDIDATES], help="candidates to measure")
    parser.add_argument(
        "--runs", type=int, help=f"how often each candidate runs; if a run takes over {SLOW_SECONDS} s, only once"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write all measurements as CSV")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write all measurements as a Markdown table")
    parser.add_argument(
        "--rst",
        type=Path,
        metavar="FILE",
        help="write the six most important cases as reStructuredText; "
        f"in a file with the comments '{summary.BEGIN}' and '{summary.END}', only the lines between them are replaced",
    )
    options = parser.parse_args(arguments)
    options.arguments = sys.argv[1:] if arguments is None else [*arguments]
    options.runs = options.runs or (_QUICK_RUNS if options.quick else _RUNS)
    return options


def _plan(options: argparse.Namespace) -> Plan:
    """Return the cases to measure, each with its candidates."""
    chosen = [candidate for name, candidate in CANDIDATES.items() if name in options.only]
    plan = {
        case: [
            candidate
            for candidate in chosen
            if candidate.accepts(case.size) and (not options.targets or (case, candidate.name) in _needed(options))
        ]
        for case in _cases(options)
    }
    return {case: candidates for case, candidates in plan.items() if candidates}


def _cases(options: argparse.Namespace) -> list[Case]:
    """Return the cases that the options select. With one certificate, "1 in 100" is the same as "all" and is left out."""
    if options.targets:
        order = [*SITUATIONS].index
        needed = {case for case, _candidate in _needed(options)}
        return [
            case
            for case in sorted(needed, key=lambda case: (case.size, case.latency, order(case.situation)))
            if case.size in (options.sizes or [case.size])
            and case.latency in (options.latencies or [case.latency])
            and case.situation in (options.situations or [case.situation])
        ]
    sizes = options.sizes or (_QUICK_SIZES if options.quick else _SIZES)
    latencies = options.latencies or (_QUICK_LATENCIES if options.quick else _LATENCIES)
    cases = [Case(*values) for values in product(sizes, latencies, options.situations or SITUATIONS)]
    return [case for case in cases if case.size > 1 or case.situation != "some"]


def _needed(options: argparse.Namespace) -> frozenset[tuple[Case, str]]:
    """Return what the targets need, and what the guide shows if it is to be updated."""
    return targets.NEEDED | summary.NEEDED if options.rst else targets.NEEDED


def _is_complete(options: argparse.Namespace) -> bool:
    """Whether everything is measured, which includes all that the targets need."""
    filters = (options.quick, options.sizes, options.latencies, options.situations)
    return not any(filters) and set(options.only) == set(CANDIDATES)


def _print(measurements: Measurements, verdicts: Sequence[Verdict], options: argparse.Namespace) -> None:
    print(f"\n{table.plain(table.rows(measurements))}\n")
    print("\n".join([_timing(options.runs), _columns(), _machine()]))
    if verdicts:
        print("\nTargets")
        for verdict in verdicts:
            print(verdict, flush=True)


def _write(measurements: Measurements, verdicts: Sequence[Verdict], options: argparse.Namespace) -> None:
    rows = table.rows(measurements)
    timing, columns, machine = _timing(options.runs), _columns(), _machine()
    if options.csv is not None:
        options.csv.write_text(table.comma_separated(rows), encoding="utf-8")
    if options.markdown is not None:
        options.markdown.write_text(
            "\n\n".join([table.markdown(rows), timing, columns, machine]) + "\n", encoding="utf-8"
        )
    if options.rst is not None:
        today = datetime.datetime.now(datetime.timezone.utc).date()
        introduction = f"Measured on {today} with ``{_command(options.arguments)}``:"
        summary.write(options.rst, summary.rst(measurements, introduction, [timing, machine], verdicts))


def _command(arguments: Sequence[str]) -> str:
    """Return the command that repeats the measurement: with the same options, except for those that write files."""
    kept, rest = [], iter(arguments)
    for argument in rest:
        if argument in ("--csv", "--markdown", "--rst"):
            next(rest, None)
        elif not argument.startswith(("--csv=", "--markdown=", "--rst=")):
            kept.append(argument)
    return f'make bench ARGS="{shlex.join(kept)}"' if kept else "make bench"


def _timing(runs: int) -> str:
    return _filled(
        "The time is that of the whole command. Each candidate ran once."
        if runs == 1
        else f"The time is that of the whole command: the median of up to {runs} runs, in which the candidates take turns. "
        f"A run of more than {SLOW_SECONDS} seconds is not repeated."
    )


def _columns() -> str:
    limits = " ".join(
        f"'{candidate.title}' is measured with at most {candidate.largest} certificate{'s' * (candidate.largest > 1)}."
        for candidate in CANDIDATES.values()
        if candidate.largest is not None
    )
    return _filled(
        "'ratio to baseline' is the candidate's time divided by that of the bare requests script. 'speedup over uri' is "
        "the time of the playbook with ansible.builtin.uri divided by the candidate's. Requests and connections are "
        f"counted in the manager's journal. 'peak MB' is the peak memory of the command's largest process. {limits}"
    )


def _machine() -> str:
    return _filled(
        f"Each certificate is in {len(ENVIRONMENTS)} environments. The manager runs on the same machine: "
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}."
    )


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_on_hyphens=False)


if __name__ == "__main__":
    main()
