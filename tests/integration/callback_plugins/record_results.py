# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes the result of each task to a file for the tests, one JSON object per line."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_results
type: aggregate
short_description: Write each result to a file
description:
  - Appends one line of JSON per task to the file in the environment variable E(RECORD_RESULTS).
"""


class CallbackModule(CallbackBase):
    """Appends results in the order in which tasks end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record_results"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a successful task."""
        self._record(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a failed task."""
        self._record(result, failed=True)

    def _record(self, result: Any, *, failed: bool) -> None:
        # ansible-core before 2.19 has the underscored name only.
        returned = result.result if hasattr(result, "result") else result._result
        task = result.task if hasattr(result, "task") else result._task
        shown = {key: value for key, value in returned.items() if not key.startswith("_ansible")}
        line = {"task": result.task_name, "action": task.action, "result": {**shown, "failed": failed}}
        with open(os.environ["RECORD_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
