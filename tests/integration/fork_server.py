# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs of Python in children of one process that has imported their libraries already.

A program of its own, for the Python that is to run them. Its argument is what it runs: `module` for modules by themselves,
`process` for ansible-playbook; a module can tell whether the controller's libraries are there. It reads a request from each
line of standard input, a JSON object with `arguments` (a module's file, or those of ansible-playbook), `stdin`, `cwd` and
`env`, and answers it with a line of JSON: `status`, `stdout` and `stderr`. What a child does stays in that child.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Any

Program = Callable[[list[str]], int]


def main() -> None:
    """Answer until the input ends."""
    program = {"module": _module, "process": _playbook}[sys.argv[1]]()
    for line in sys.stdin:
        answer = _answer(program, json.loads(line))
        print(json.dumps(answer), flush=True)


def _module() -> Program:
    _prepare("ansible.module_utils.basic")

    def run(arguments: list[str]) -> int:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
        return 0

    return run


def _playbook() -> Program:
    from ansible.cli.playbook import PlaybookCLI  # noqa: PLC0415 - must not be there for a module

    _prepare("ansible.executor.task_executor")
    return lambda arguments: int(PlaybookCLI(["ansible-playbook", *arguments]).run())


def _prepare(*modules: str) -> None:
    """Import what the children would import."""
    for module in ("cryptography.x509", "requests", *modules):
        importlib.import_module(module)


def _answer(program: Program, request: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        stdin.write(request["stdin"].encode())
        stdin.seek(0)
        child = os.fork()
        if child == 0:
            for number, file in enumerate((stdin, out, error)):
                os.dup2(file.fileno(), number)
            os._exit(_run(program, request))
        _pid, status = os.waitpid(child, 0)
        out.seek(0)
        error.seek(0)
        return {
            "status": os.waitstatus_to_exitcode(status),
            "stdout": out.read().decode("utf-8", "replace"),
            "stderr": error.read().decode("utf-8", "replace"),
        }


def _run(program: Program, request: dict[str, Any]) -> int:
    """Run the program in this process, and return its exit code."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    try:
        return program(request["arguments"])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main()
