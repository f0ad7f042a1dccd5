# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure from the command line: `python -m bench --help`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import textwrap
from collections.abc import Sequence
from importlib.metadata import version
from itertools import product
from pathlib import Path

from . import table, targets
from .cases import ENVIRONMENTS, SITUATIONS, Case
from .contenders import CONTENDERS
from .results import Measurements
from .series import SLOW_SECONDS, Series

_SIZES, _LATENCIES, _RUNS = (1, 200, 1000), (0, 20), 5
_QUICK_SIZES, _QUICK_LATENCIES, _QUICK_RUNS = (1, 10), (0,), 1
_CACHE = Path(".cache/bench")
_WIDTH = 120


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and fail if a contender did not do its job or a target was missed."""
    options = _options(arguments)
    cases = _cases(options)
    if not cases:
        sys.exit("No case is left to measure: see --help")
    chosen = [contender for name, contender in CONTENDERS.items() if name in options.only]
    series = Series(chosen, options.runs, _CACHE, say=lambda line: print(line, file=sys.stderr, flush=True))
    measurements = series.measure(cases)
    _show(measurements, options)
    missed = _hold_against_targets(measurements) if options.targets or _is_whole(options) else False
    for failure in series.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    sys.exit(bool(missed or series.failures))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Rotate many certificates on a stand-in manager, with this collection and in other ways.",
    )
    parser.add_argument("--quick", action="store_true", help="few certificates, one run: to see that it works")
    parser.add_argument(
        "--targets", action="store_true", help="measure no more than it takes to tell which targets are met"
    )
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="numbers of certificates")
    parser.add_argument("--latencies", type=int, nargs="+", metavar="MS", help="added to every request")
    parser.add_argument("--situations", choices=SITUATIONS, nargs="+", help="how much there is to do")
    parser.add_argument("--only", choices=CONTENDERS, nargs="+", default=[*CONTENDERS], help="contenders")
    parser.add_argument("--runs", type=int, help=f"of each that takes less than {SLOW_SECONDS} s; the others run once")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there as Markdown")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table there as reStructuredText")
    options = parser.parse_args(arguments)
    options.runs = options.runs or (_QUICK_RUNS if options.quick else _RUNS)
    return options


def _cases(options: argparse.Namespace) -> list[Case]:
    """The cases asked for. With one certificate, "one in a hundred" is "all" and is left out."""
    if options.targets:
        return [
            case
            for case in targets.CASES
            if case.size in (options.sizes or [case.size])
            and case.latency in (options.latencies or [case.latency])
            and case.situation in (options.situations or [case.situation])
        ]
    sizes = options.sizes or (_QUICK_SIZES if options.quick else _SIZES)
    latencies = options.latencies or (_QUICK_LATENCIES if options.quick else _LATENCIES)
    cases = [Case(*values) for values in product(sizes, latencies, options.situations or SITUATIONS)]
    return [case for case in cases if case.size > 1 or case.situation != "some"]


def _is_whole(options: argparse.Namespace) -> bool:
    """Whether everything is measured, and so what the targets are about as well."""
    parts = (options.quick, options.sizes, options.latencies, options.situations)
    return not any(parts) and set(options.only) == set(CONTENDERS)


def _show(measurements: Measurements, options: argparse.Namespace) -> None:
    rows, notes = table.rows(measurements), _notes(options.runs)
    print(f"\n{table.plain(rows)}\n")
    print("\n".join(textwrap.fill(note, _WIDTH) for note in notes))
    for file, form in ((options.markdown, table.markdown), (options.rst, table.rst)):
        if file is not None:
            file.write_text("\n\n".join([form(rows), *notes]) + "\n", encoding="utf-8")


def _notes(runs: int) -> list[str]:
    """What one has to know to read the table, and to get it again."""
    limits = " ".join(
        f"With more certificates than {contender.largest}, '{contender.title}' is left out."
        for contender in CONTENDERS.values()
        if contender.largest is not None
    )
    method = (
        f"Seconds are those of the whole command: the median of up to {runs} runs, which the contenders made in turn. A "
        f"run of more than {SLOW_SECONDS} seconds was not repeated. {limits} 'this / floor' is how many times as long as the "
        "requests script it took, 'uri / this' how many times as long the playbook with ansible.builtin.uri took. "
        "Requests and connections are from the manager's journal. 'peak MB' is the largest of the command's processes. "
        "Before each run the manager was put back to the start; after it, what the manager and its gateways held was "
        "compared with what they had to hold."
    )
    machine = (
        f"Each certificate is in {len(ENVIRONMENTS)} environments. The manager is the stand-in, on the same machine: "
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}."
    )
    return [method, machine]


def _hold_against_targets(measurements: Measurements) -> bool:
    """Print each target with its verdict; return whether one was missed, or could not be judged."""
    verdicts = targets.verdicts(measurements)
    print("\nTargets")
    for verdict in verdicts:
        print(verdict, flush=True)
    return any(not verdict.passed for verdict in verdicts)


if __name__ == "__main__":
    main()
