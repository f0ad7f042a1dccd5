# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotate the certificates of a fleet of fake managers from the command line: `python -m fleet --help`."""

from __future__ import annotations

import argparse
import datetime
import math
import os
import platform
import shlex
import signal
import sys
import textwrap
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from . import figures, guide, projection, scenarios
from .managers import Content
from .run import Size
from .scenarios import Outcome

_CACHE = Path(".cache/bench")
_WIDTH = 120
_CORES = os.cpu_count() or 1
_SIZE = {"managers": 6, "certificates": 30, "slices": 3, "forks": 5, "latency": 5}
# With more forks, even a single job would use all cores.
_SPEED_UP_SIZE = {"managers": 4 * _CORES, "certificates": 100, "slices": _CORES, "forks": 1, "latency": 20}
_METHOD = (
    "Each job is transmitted to a worker with ansible-runner transmit | worker | process, as AWX does with a node of its "
    "execution mesh. The jobs, their workers, and the fake managers share one machine: {machine}. CPU time and memory are "
    "those of the workers; the memory is that of the largest process. The sizes of reports and backups include all jobs."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a scenario, print its figures and checks, and exit with 1 if a check failed."""
    options = _options(arguments)
    size = _size(options)
    scenario = (
        scenarios.speed_up
        if options.speed_up
        else scenarios.undisturbed
        if options.undisturbed
        else scenarios.disturbed
    )
    outcome = scenario(size, _CACHE, lambda line: print(line, file=sys.stderr, flush=True))
    if outcome.figures:
        print(f"\n{figures.plain(outcome.figures)}")
    print("", *outcome.notes, *outcome.checks, sep="\n", flush=True)
    if options.rst is not None:
        _write(outcome, options)
    sys.exit(any(check.problems for check in outcome.checks))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fleet",
        description="Rotate the certificates of many fake managers in sliced jobs, as AWX does on its execution mesh. "
        "Without further options, one manager is down during the first run, one job is killed in the middle of a write, and "
        "a second run completes the fleet.",
        epilog="The largest measured fleet: make fleet ARGS='--undisturbed --managers 80 --certificates 1000 --slices 4'",
    )
    parser.add_argument(
        "--undisturbed",
        action="store_true",
        help="one run in which nothing goes wrong, to measure time, memory, and sizes",
    )
    parser.add_argument(
        "--speed-up",
        action="store_true",
        help="compare one slice with several, without other load on the machine; fails if the speed-up is too small",
    )
    parser.add_argument("--managers", type=int, metavar="N", help=_help("number of managers", "managers"))
    parser.add_argument("--certificates", type=int, metavar="N", help=_help("on each manager", "certificates"))
    parser.add_argument(
        "--due",
        type=float,
        default=100,
        metavar="PERCENT",
        help="share of the certificates that are due (default: 100)",
    )
    parser.add_argument("--slices", type=int, metavar="N", help=_help("number of slices, and of jobs", "slices"))
    parser.add_argument("--forks", type=int, metavar="N", help=_help("forks of each job", "forks"))
    parser.add_argument(
        "--parallel-writes", type=int, default=1, metavar="N", help="writes in parallel on each manager (default: 1)"
    )
    parser.add_argument(
        "--latency", type=int, metavar="MS", help=_help("milliseconds added to every request", "latency")
    )
    parser.add_argument(
        "--processes", type=int, default=_CORES, metavar="N", help=f"processes of the fake managers (default: {_CORES})"
    )
    parser.add_argument(
        "--rst",
        type=Path,
        metavar="FILE",
        help="with --undisturbed or --speed-up: write the figures as reStructuredText. In a file that has figures already, "
        "only these are replaced",
    )
    options = parser.parse_args(arguments)
    for name, value in (_SPEED_UP_SIZE if options.speed_up else _SIZE).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.rst is not None and not (options.speed_up or options.undisturbed):
        parser.error("--rst requires --undisturbed or --speed-up, because other runs measure nothing")
    options.arguments = sys.argv[1:] if arguments is None else [*arguments]
    if options.speed_up and options.undisturbed:
        parser.error("--speed-up and --undisturbed exclude each other")
    too_small = options.slices < 3 or options.managers < 2 * options.slices or options.due <= 0
    if too_small and not (options.speed_up or options.undisturbed):
        parser.error(
            "with disturbances, there must be at least 3 slices with at least 2 managers each, and due certificates"
        )
    return options


def _help(text: str, name: str) -> str:
    return f"{text} (default: {_SIZE[name]}; with --speed-up: {_SPEED_UP_SIZE[name]})"


def _size(options: argparse.Namespace) -> Size:
    due = math.ceil(options.certificates * options.due / 100)
    return Size(
        managers=options.managers,
        content=Content(options.certificates, due, options.latency),
        slices=options.slices,
        forks=options.forks,
        parallel_writes=options.parallel_writes,
        processes=options.processes,
    )


def _write(outcome: Outcome, options: argparse.Namespace) -> None:
    """Write the figures to the guide: those of the speed-up, or those of one run and what follows from them."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    introduction = f"Measured on {today} with ``{_command(options.arguments)}``:"
    text = "\n\n".join([introduction, figures.rst(outcome.figures), *outcome.notes, _method()])
    if options.speed_up:
        parts = {"speed-up": text}
    else:
        (measured,) = outcome.figures
        parts = {"figures": text, "projection": projection.rst(measured)}
    document = options.rst.read_text(encoding="utf-8") if options.rst.exists() else ""
    options.rst.write_text(guide.updated(document, parts), encoding="utf-8")


def _command(arguments: Sequence[str]) -> str:
    """Return the command that repeats the run, without the option that writes a file."""
    kept = list(arguments)
    if "--rst" in kept:
        index = kept.index("--rst")
        del kept[index : index + 2]
    return f'make fleet ARGS="{shlex.join(kept)}"'


def _method() -> str:
    machine = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}, ansible-runner {version('ansible-runner')}"
    )
    return textwrap.fill(_METHOD.format(machine=machine), _WIDTH, break_on_hyphens=False)


if __name__ == "__main__":
    # Without a handler, the jobs would outlive the program.
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(128 + signal.SIGTERM))
    main()
