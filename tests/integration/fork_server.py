# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fork server: runs Python programs in children of a process that has already imported their libraries.

It runs as a program of its own, with the Python under test. Its argument is the kind of program to run:

- `module`: a module by itself. It needs a separate server, because a module behaves differently where the controller's
  libraries are imported.
- `process`: ansible-playbook with a single task. Ansible is imported before the fork, so its settings are those of the
  server.
- `program`: a program of Ansible as a user runs it. Only libraries are imported before the fork, and Ansible after it, so
  that it reads the settings of the request.

Each line of standard input is a request, a JSON object with `arguments` (the file of the module, the arguments of
ansible-playbook, or a program with its arguments), `stdin`, `cwd`, `env` and `one_stream` (whether standard error goes to standard output). The response is
one line of JSON with `status`, `stdout` and `stderr`. A child cannot affect the server or other children.
"""

from __future__ import annotations

import gc
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

STARTUP = "APIOPS_TEST_STARTUP"
"""An environment variable with the path of a Python file that a child runs first, as a new Python runs sitecustomize."""

CLASSES = {
    "ansible": ("ansible.cli.adhoc", "AdHocCLI"),
    "ansible-doc": ("ansible.cli.doc", "DocCLI"),
    "ansible-inventory": ("ansible.cli.inventory", "InventoryCLI"),
    "ansible-playbook": ("ansible.cli.playbook", "PlaybookCLI"),
}
"""The programs of Ansible that the server runs, with their modules and classes."""


def main() -> None:
    """Handle requests until the input ends."""
    program = {"module": _module, "process": _single_task, "program": _program}[sys.argv[1]]()
    # The children live for a second. Without garbage collection, they share more memory with the server and end sooner.
    gc.disable()
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


def _single_task() -> Program:
    from ansible.cli.playbook import PlaybookCLI  # noqa: PLC0415 - a module must not find it imported

    _prepare("ansible.executor.task_executor")
    return lambda arguments: int(PlaybookCLI(["ansible-playbook", *arguments]).run())


def _program() -> Program:
    # What Ansible imports as well; none of these reads one of its settings.
    _prepare(
        "ansible.module_utils.basic",
        "cryptography.hazmat.backends",
        "cryptography.hazmat.primitives.ciphers",
        "cryptography.hazmat.primitives.kdf.pbkdf2",
        "cryptography.hazmat.primitives.padding",
        "cryptography.hazmat.primitives.serialization",
        "jinja2.nativetypes",
        "jinja2.sandbox",
        "multiprocessing.queues",
        "packaging.specifiers",
        "yaml",
    )

    def run(arguments: list[str]) -> int:
        module, name = CLASSES[arguments[0]]
        getattr(importlib.import_module(module), name).cli_executor(arguments)
        return 0

    return run


def _prepare(*modules: str) -> None:
    """Import the libraries that every child needs."""
    for module in ("cryptography.x509", "requests", *modules):
        importlib.import_module(module)


def _answer(program: Program, request: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        stdin.write(request["stdin"].encode())
        stdin.seek(0)
        child = os.fork()
        if child == 0:
            for number, file in enumerate((stdin, out, out if request["one_stream"] else error)):
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
    """Run the program in this process and return its exit code."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    try:
        if startup := os.environ.get(STARTUP):
            runpy.run_path(startup)
        return program(request["arguments"])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - a child must not continue as its parent
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main()
