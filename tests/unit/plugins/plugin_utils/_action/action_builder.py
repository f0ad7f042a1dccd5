# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds actions as Ansible would, for a task of the local host."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase

Action = TypeVar("Action", bound=ActionBase)


class FakeTemplar:
    """Renders nothing, but for values that a test has given for a template."""

    def __init__(self, **rendered: Any) -> None:
        self._rendered = rendered

    def template(self, value: Any, **_options: Any) -> Any:
        found = self._rendered.get(value, value) if isinstance(value, str) else value
        if isinstance(found, Exception):
            raise found
        return found


class FakeTask(SimpleNamespace):
    """A task of a play; Ansible copies it for another action."""

    def copy(self, **_options: Any) -> FakeTask:
        return FakeTask(**vars(self))


def build_action(
    kind: type[Action],
    folder: Path,
    *,
    transport: str = "local",
    become: object = None,
    templar: FakeTemplar | None = None,
    action_loader: object = None,
    **task: Any,
) -> Action:
    """An action of a task in a playbook in that folder; C(task) are attributes of the task."""
    loader = DataLoader()
    loader.set_basedir(str(folder))
    attributes: dict[str, Any] = {
        "action": "apinizer.apiops.rotation",
        "args": {},
        "async_val": 0,
        "diff": False,
        "check_mode": False,
        "delegate_to": None,
        "environment": [],
        "module_defaults": [],
        "tags": [],
        "_parent": None,
        **task,
    }
    shell = SimpleNamespace(env_prefix=lambda **_values: "", tmpdir="/tmp")
    built: Action = kind(
        task=FakeTask(**attributes),
        connection=SimpleNamespace(transport=transport, become=become, _shell=shell),
        play_context=SimpleNamespace(),
        loader=loader,
        templar=templar or FakeTemplar(),
        shared_loader_obj=None,
    )
    if action_loader is not None:
        # ansible-core 2.19 and newer ignore the one that is given above.
        built._shared_loader_obj = SimpleNamespace(action_loader=action_loader)
    return built
