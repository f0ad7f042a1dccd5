# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the envelope of a response: return the JSON of a success, and explain anything else.

Messages quote the manager in one line, with secrets redacted.
"""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import quote, quote_plus

from ansible_collections.apinizer.apiops.plugins.module_utils import _payloads
from ansible_collections.apinizer.apiops.plugins.module_utils._auth import Auth
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    RequestError,
    UnreadableError,
    join_sentences,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._failures import readable
from ansible_collections.apinizer.apiops.plugins.module_utils._response import Response
from ansible_collections.apinizer.apiops.plugins.module_utils._text import redact_userinfo

# Seconds. If the manager asks to wait longer, a later run should try again.
LONGEST_WAIT = 60.0
# A proxy that did not get a response of the manager, or a manager that is busy.
_TEMPORARY_STATUSES = (408, 425, 429, 502, 503, 504)
READING_PERMISSIONS = "reading requires any permission in the project"
WRITING_PERMISSIONS = (
    "writing requires SECRETS with MANAGE in the project and, where the console offers it, SECRETS with DEPLOY_UNDEPLOY"
)
IMPORTING_PERMISSIONS = "import-file requires SECRETS with EXPORT_IMPORT in the project"
_ADMINISTRATOR = "Ask the administrator of the manager to grant it to the user of the token"

_REDACTED = "********"
_LONGEST_EXCERPT = 300
# Nothing beyond is searched for a title or a secret: a response may have 32 MiB.
_LONGEST_QUOTE = 64 * 1024


class EnvelopeReader:
    """Reads the responses of one manager.

    :arg auth: knows the token, which a server may repeat.
    """

    def __init__(self, connection: Connection, auth: Auth) -> None:
        self._connection = connection
        self._auth = auth

    def read(self, method: str, response: Response, rights: str | None = None) -> dict[str, t.Any]:
        """Return the JSON object of a response.

        :arg rights: what the token needs for the request, as a clause; None for the permissions to read or to write.
        :raises RequestError: if it is anything but a success envelope.
        """
        rights = rights or (READING_PERMISSIONS if method == "GET" else WRITING_PERMISSIONS)
        return readable(method, lambda: self._read(method, response, rights))

    def _read(self, method: str, response: Response, rights: str) -> dict[str, t.Any]:
        status = response.status_code
        if 300 <= status < 400:
            raise RequestError(
                f"The manager answered {method} with a redirect to {self._clean(response.headers.get('Location'))}. "
                "Redirects are never followed; set url (APINIZER_URL) to the address of the manager itself",
                status=status,
            )
        if status >= 400:
            raise self._rejection(method, response, rights)
        body = response.json
        if not isinstance(body, dict):
            raise RequestError(
                f"The manager answered {method} with HTTP {status} and {self._excerpt(response)} instead of JSON. Check "
                "that url (APINIZER_URL) is the address of the manager itself",
                status=status,
                maybe_applied=method != "GET",
                foreign=True,
            )
        success = _payloads.is_success(body)
        if success is False:
            reason = self._clean(_payloads.server_message(body) or "no reason given")
            raise RequestError(f"The manager refused {method}: {reason}", status=status)
        if success is None and not any(key in body for key in ("resultList", "access_token")):
            raise RequestError(
                f"The manager answered {method} with HTTP {status} and JSON in an unknown format. Check that url "
                "(APINIZER_URL) is the address of the manager itself",
                status=status,
                maybe_applied=method != "GET",
            )
        return body

    def _rejection(self, method: str, response: Response, rights: str) -> RequestError:
        status = response.status_code
        try:
            body = response.json
        except UnreadableError:
            body = None
        message = _payloads.server_message(body)
        text = self._clean(message) if message else self._excerpt(response)
        sentences = [f"The manager answered {method} with HTTP {status}: {text}"]
        if status == 401:
            option = (
                "token (APINIZER_TOKEN)"
                if self._connection.token
                else "username and password (APINIZER_USERNAME, APINIZER_PASSWORD)"
            )
            sentences.append(f"Check {option} and the permissions: {READING_PERMISSIONS}; {WRITING_PERMISSIONS}")
        elif status == 403:
            sentences += [f"The token lacks a permission: {rights}", _ADMINISTRATOR]
        elif status == 400 and method != "GET" and message and _payloads.is_success(body) is False:
            # The manager answers a missing permission like any other reason, and its text may be localized.
            sentences += [f"If the token lacks a permission: {rights}", _ADMINISTRATOR]
        elif status == 407:
            sentences.append("Check the credentials of the proxy in the environment variable HTTP_PROXY or ALL_PROXY")
        temporary = status in _TEMPORARY_STATUSES
        wait = _seconds(response.headers.get("Retry-After") or _payloads.retry_after(body)) if temporary else None
        if wait is not None and wait > LONGEST_WAIT:
            sentences.append(f"The manager asks to wait {wait:.0f} seconds; run again later")
        return RequestError(
            join_sentences(*sentences),
            status=status,
            maybe_applied=method != "GET" and status >= 500,
            retryable=temporary and (wait is None or wait <= LONGEST_WAIT),
            retry_after=wait,
            foreign=not isinstance(body, dict),
        )

    def _excerpt(self, response: Response) -> str:
        """Describe a response that is not JSON, without repeating a whole page."""
        text = response.text[:_LONGEST_QUOTE].strip()
        if not text:
            return "an empty body"
        if "<html" in text.lower() or "<!doctype" in text.lower():
            title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
            return "an HTML page" + (f" titled '{self._clean(title.group(1))}'" if title else "")
        return f"the text '{self._clean(text)}'"

    def _clean(self, text: t.Any) -> str:
        """Return one line of at most 300 characters, with the secrets redacted that a server may have repeated."""
        line = redact_userinfo(str(text)[:_LONGEST_QUOTE])
        for secret in filter(None, (self._auth.known_token, self._connection.password)):
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                line = line.replace(form, _REDACTED)
        line = " ".join(line.split())
        return line if len(line) <= _LONGEST_EXCERPT else line[: _LONGEST_EXCERPT - 1] + "…"


def _seconds(value: t.Any) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date (RFC 9110, section 10.2.3), as seconds from now."""
    text = str(value or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError):
        return None
