# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a watch keeps what it remembers, so that a restart repeats no event."""

from __future__ import annotations

import json
import os
import tempfile

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import State, dump, load


class StateFile:
    """The file of one watch of one manager. It is replaced as a whole or not at all, and only its owner may read it."""

    def __init__(self, path: str, manager: str) -> None:
        self._path = os.path.realpath(path)
        self._manager = manager

    def read(self) -> State:
        """What the file remembers; nothing where there is none, or an empty one.

        :raises InputError: where it cannot be read, or holds something else. It is left as it is then: it may be
            another program's.
        """
        try:
            with open(self._path, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            return State()
        except (OSError, UnicodeError) as exc:
            raise self._error(f"cannot be read: {getattr(exc, 'strerror', None) or 'it is no text'}") from exc
        if not text.strip():
            return State()
        try:
            return load(json.loads(text), self._manager)
        except (ValueError, RecursionError) as exc:
            reason = exc if isinstance(exc, ReportError) else "it is no JSON"
            raise self._error(
                f"is no state of this watch: {reason}. Give another file, or remove this one to start afresh"
            ) from exc

    def check_writable(self, state: State) -> None:
        """Write what was read, so that a file that cannot be written is told at the start.

        :raises InputError: where it cannot be written.
        """
        try:
            self.write(state)
        except OSError as exc:
            raise self._error(f"cannot be written: {exc.strerror}") from exc

    def write(self, state: State) -> None:
        """Put a state in the place of the one before.

        :raises OSError: where that fails; the old file stays then.
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
