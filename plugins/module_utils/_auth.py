# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token that requests to one manager carry, and what has been learnt of it. Clients in several threads may share it."""

from __future__ import annotations

import threading
import typing as t


class Auth:
    """A token that the user gave, or one that a login brings when it is needed.

    :arg given: the user's token; None where a login is to bring one.
    """

    def __init__(self, given: str | None) -> None:
        self._lock = threading.Lock()
        self._token = given
        self.scheme = "Bearer "
        self.scheme_is_settled = False
        self.login_is_good = False
        """Whether the manager has taken a token that a login brought, so that one it refuses has run out."""

    @property
    def known(self) -> str | None:
        """The token, as far as there is one yet."""
        return self._token

    def token(self, log_in: t.Callable[[], str], *, instead_of: str | None = None) -> str:
        """The token; one login brings it to all who wait for it.

        :arg log_in: brings a token.
        :arg instead_of: one that the manager no longer takes.
        """
        with self._lock:
            if self._token is None or self._token == instead_of:
                self._token = log_in()
                self.scheme_is_settled = True
            return self._token
