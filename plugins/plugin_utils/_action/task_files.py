# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks files with tasks of the user before a role includes them."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterable, Mapping

from ansible.errors import AnsibleError

_ENDS = ("end_host", "end_play", "end_batch", "end_role")
"""What a task C(meta) must not do in the user's tasks: Ansible would carry out no other task of the role."""


def task_file_problem(loader: t.Any, role_path: str, file: str, own: Iterable[str]) -> str | None:
    """What is wrong with a file of tasks; None where the role can include it.

    :arg loader: Ansible's loader of files.
    :arg role_path: the folder of the role that includes the file.
    :arg own: the names of the role's own files with tasks.
    """
    path = loader.path_dwim_relative(role_path, "tasks", file, is_role=True)
    if not os.path.isfile(path):
        return f"the file {file} does not exist, neither in the role nor at {loader.path_dwim(file)}"
    if os.path.realpath(path) in (os.path.realpath(os.path.join(role_path, "tasks", name)) for name in own):
        # Included from the role, it would include itself.
        return f"{file} is a file of the role itself. Give the path of your file in full"
    try:
        tasks = loader.load_from_file(path)
    except AnsibleError as exc:
        return f"{path} cannot be read: {' '.join(str(exc).split())}"
    if not isinstance(tasks, (list, type(None))):
        return f"{path} is not a list of tasks"
    if ends := _task_that_ends(tasks or ()):
        return f"{path} has the task meta: {ends}, which would end the run without rollback and report. Let a task fail instead"
    return None


def _task_that_ends(tasks: Iterable[t.Any]) -> str | None:
    """The argument of the first meta task that ends the play, the host or the role; blocks are searched as well."""
    for task in tasks:
        if not isinstance(task, Mapping):
            continue
        for word in ("meta", "ansible.builtin.meta", "ansible.legacy.meta"):
            argument = str(task.get(word) or "").strip()
            if argument in _ENDS:
                return argument
        inner = [one for part in ("block", "rescue", "always") for one in task.get(part) or ()]
        if found := _task_that_ends(inner):
            return found
    return None
