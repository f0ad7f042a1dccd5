# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command and measure its duration and its memory: `python stopwatch.py FILE COMMAND...`.

It is a small process of its own that imports nothing of the benchmark, because the peak memory of a process starts at
that of the process that started it: a large process could not measure a small one.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main(file: str, *command: str) -> None:
    """Run the command and write its exit code, its seconds, its peak memory in bytes, and its CPU seconds to the file.

    The memory is that of the largest process among the command and the child processes that were waited for. The CPU
    seconds are those of all of them.
    """
    start = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ)
    _unused, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    with open(file, "w", encoding="ascii") as result:
        # Linux reports kibibytes, see getrusage(2).
        json.dump(
            [os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime],
            result,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
