# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run cases from the command line: `make fuzz`, or `python -m fuzz --help`."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence

from .cases import KINDS

_PROGRESS = 500
_MEMORY = 512 * 1024
"""KiB. Responses are cut off at 32 MiB, and only a few exist at a time."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cases, print those that fail and a summary, and exit with 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many cases of each kind to run (default: 1000)")
    parser.add_argument(
        "--seed", type=int, default=1, help="the seed of the first case; the others follow (default: 1)"
    )
    parser.add_argument("--only", choices=KINDS, nargs="+", default=[*KINDS], help="the kinds of cases to run")
    parser.add_argument("--verbose", action="store_true", help="describe the cases that pass as well")
    parser.add_argument("--most", type=int, default=10, help="stop after this many cases that failed (default: 10)")
    options = parser.parse_args(arguments)
    failed = 0
    for kind in options.only:
        start, operations, mutations, before = time.monotonic(), Counter[str](), 0, _memory()
        for seed in range(options.seed, options.seed + options.count):
            report = KINDS[kind](seed)
            operations[report.operation] += 1
            mutations += report.mutations
            done = sum(operations.values())
            if done % _PROGRESS == 0:
                print(f"{kind}: {done} cases with {mutations} {kind}", file=sys.stderr, flush=True)
            if report.problems:
                failed += 1
                print(f"{report}\n", flush=True)
                if failed >= options.most:
                    sys.exit(f"stopped after {failed} cases that failed; the last seed was {seed}")
            elif options.verbose:
                print(f"{kind} {seed}: {report.description}\n", flush=True)
        seconds, grown = time.monotonic() - start, _memory() - before
        print(
            f"{kind}: {sum(operations.values())} cases with {mutations} {kind} in {seconds:.0f} s, {failed} failed in all, "
            f"{grown // 1024} MiB more memory. {', '.join(f'{count} {name}' for name, count in sorted(operations.items()))}",
            flush=True,
        )
        if grown > _MEMORY:
            sys.exit(f"{kind}: {grown // 1024} MiB more memory, more than {_MEMORY // 1024}")
    sys.exit(bool(failed))


def _memory() -> int:
    """Return the most memory that this process has used so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
