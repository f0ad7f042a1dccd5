# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The output of the demo: each step with its explanation, its command, and the real output of the command."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

WIDTH = 100
_BASE64_LINES = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class Screen:
    """Prints headings and explanations, and runs commands.

    :arg environment: environment variables for the commands, in addition to those of this process.
    :arg folder: the working folder of the commands.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = {**os.environ, **environment}
        self._folder = folder
        self._steps = 0
        if sys.stdout.isatty():
            self._environment["ANSIBLE_FORCE_COLOR"] = "1"

    def step(self, title: str, explanation: str) -> None:
        """Print the heading and the explanation of the next step."""
        self._steps += 1
        print(f"\n{'=' * WIDTH}\n{self._steps}. {title}\n{'=' * WIDTH}")
        print(textwrap.fill(explanation, WIDTH), flush=True)

    def say(self, text: str) -> None:
        """Print text."""
        print(text, flush=True)

    def run(self, *command: str, expect: int = 0) -> None:
        """Run a command, and print it with its output. The base64 lines of certificates are left out.

        :arg expect: the expected exit code.
        :raises SystemExit: if the exit code is another one.
        """
        print(f"\n$ {shlex.join(command)}", flush=True)
        done = subprocess.run(
            command,
            env=self._environment,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        print(_BASE64_LINES.sub("-----BEGIN CERTIFICATE----- (omitted)", done.stdout).strip(), flush=True)
        if done.returncode != expect:
            sys.exit(f"The demo stops: the exit code of the command is {done.returncode} instead of {expect}.")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format rows as a table with aligned columns."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
    lines = [headings, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
