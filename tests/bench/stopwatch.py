# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command and tell how long it took and what memory it needed: `python stopwatch.py FILE COMMAND...`.

A process of its own, and a small one that imports nothing of the benchmark: a process starts with the peak memory of
the one that it was started from, so a large one could not measure small ones.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main(file: str, *command: str) -> None:
    """Write the exit status, the seconds and the peak memory in bytes to the file.

    The memory is that of the largest process among the command and those that it, or one of them, waited for.
    """
    start = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ)
    _unused, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    with open(file, "w", encoding="ascii") as result:
        # Linux gives kibibytes, see getrusage(2).
        json.dump([os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss * 1024], result)


if __name__ == "__main__":
    main(*sys.argv[1:])
