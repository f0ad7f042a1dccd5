# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a request is refused, without the words: those depend on the language, and the status on the generation."""

from __future__ import annotations

from enum import Enum


class Problem(Enum):
    """A reason to refuse a request."""

    TOKEN_MISSING = "token missing"
    TOKEN_INVALID = "token invalid"
    TOKEN_EXPIRED = "token expired"
    PERMISSION_MISSING = "permission missing"
    PROJECT_MISSING = "project missing"
    PROJECT_HIDDEN = "project hidden"
    ENVIRONMENT_MISSING = "environment missing"
    CERTIFICATE_MISSING = "certificate missing"
    CERTIFICATE_EXISTS = "certificate exists"
    ALIAS_USED = "alias used"
    VALUE_EMPTY = "value empty"
    VALUE_INVALID = "value invalid"
    FILE_INVALID = "file invalid"
    PRIVATE_KEY = "private key"


class Refusal(Exception):
    """The manager refuses a request. `subject` is the name that the message mentions, if it mentions one."""

    def __init__(self, problem: Problem, subject: str = "") -> None:
        """Keep the reason and the subject; the border turns them into an answer."""
        super().__init__(problem, subject)
        self.problem = problem
        self.subject = subject


class NotServed(Exception):
    """The servlet container itself refuses, before the API sees the request: no such path, no such media type."""

    def __init__(self, status: int) -> None:
        """Keep the HTTP status to answer with."""
        super().__init__(status)
        self.status = status
