# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reasons to reject a request. The message depends on the language, and the HTTP status on the generation."""

from __future__ import annotations

from enum import Enum


class Problem(Enum):
    """A reason to reject a request."""

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
    ARCHIVE_EMPTY = "archive empty"
    TRUSTSTORE_UNAVAILABLE = "truststore unavailable"


class ApiError(Exception):
    """The API rejects a request. `subject` is the name that the message mentions, if any."""

    def __init__(self, problem: Problem, subject: str = "") -> None:
        """Keep the reason and the subject, from which `payloads.api_error` makes the response."""
        super().__init__(problem, subject)
        self.problem = problem
        self.subject = subject


class HttpError(Exception):
    """The servlet container rejects a request before the API sees it: unknown path or unsupported media type."""

    def __init__(self, status: int) -> None:
        """Keep the HTTP status of the response."""
        super().__init__(status)
        self.status = status
