# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that keeps the state of a watch, so that a restart does not repeat events."""

from __future__ import annotations

import json
import os
import tempfile

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import State
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state_json import dump, load


class StateFile:
    """The state file of one event source for one manager. Writing is atomic, and only the owner can read the file.

    :arg path: the file; a symbolic link is followed.
    :arg manager: the address of the manager.
    """

    def __init__(self, path: str, manager: str) -> None:
        self._path = os.path.realpath(path)
        self._manager = manager

    def read(self) -> State:
        """Read the state. A file that is missing or empty is an empty state.

        :raises InputError: if the file cannot be read or contains anything else. The file is left unchanged, since it
            may belong to another program.
        """
        try:
            with open(self._path, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            return State()
        except (OSError, UnicodeError) as exc:
            reason = getattr(exc, "strerror", None) or "it is not valid UTF-8 text"
            raise self._error(f"cannot be read: {reason}") from exc
        if not text.strip():
            return State()
        try:
            return load(json.loads(text), self._manager)
        except (ValueError, RecursionError) as exc:
            reason = exc if isinstance(exc, ReportError) else "it is not valid JSON"
            raise self._error(
                f"does not contain the state of this event source: {reason}. Use another file, or delete this one to "
                "start over"
            ) from exc

    def check_writable(self, state: State) -> None:
        """Write the state that was read, so that a file that cannot be written is an error at the start.

        :raises InputError: if the file cannot be written.
        """
        try:
            self.write(state)
        except OSError as exc:
            raise self._error(f"cannot be written: {exc.strerror}") from exc

    def write(self, state: State) -> None:
        """Replace the content of the file with the state.

        :raises OSError: if the file cannot be written. It still has its previous content then.
        """
        text = json.dumps(dump(state, self._manager), ensure_ascii=False, indent=1) + "\n"
        folder, name = os.path.split(self._path)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)
        except BaseException:
            os.unlink(temporary)
            raise

    def _error(self, message: str) -> InputError:
        return InputError("state_file", f"{self._path} {message}")
