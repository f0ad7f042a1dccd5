# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one job with ansible-runner, as AWX does. It reads its parameters as JSON from standard input; a file cancels it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import ansible_runner


def main() -> None:
    parameters = json.load(sys.stdin)
    folder = Path(parameters["private_data_dir"])
    runner = ansible_runner.interface.run(**parameters, cancel_callback=(folder / "cancel").exists)
    (folder / "outcome.json").write_text(json.dumps({"status": runner.status, "rc": runner.rc}), encoding="utf-8")


if __name__ == "__main__":
    main()
