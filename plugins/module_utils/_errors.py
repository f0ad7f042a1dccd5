# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that the collection raises. Each carries a message that is fit for the user as it stands."""

from __future__ import annotations


class ApinizerError(Exception):
    """Something that the user has to know. C(str(error)) is one line of plain English without secrets."""


class InputError(ApinizerError):
    """A value that the user gave cannot be used.

    :arg option: the option to mend; it opens the message.
    """

    def __init__(self, option: str, message: str) -> None:
        super().__init__(f"{option}: {message}")
        self.option = option


class RequestError(ApinizerError):
    """A request that brought no usable answer.

    :arg status: the HTTP status; None where no answer came.
    :arg maybe_applied: True where the manager may have carried the request out all the same.
    :arg retryable: True where sending it again can help, as after a time-out or a 503.
    :arg retry_after: seconds that the manager asks to wait, None where it does not say.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        maybe_applied: bool = False,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.maybe_applied = maybe_applied
        self.retryable = retryable
        self.retry_after = retry_after


class LoginError(RequestError):
    """A token request that brought no token: what was to be asked with it never left."""
