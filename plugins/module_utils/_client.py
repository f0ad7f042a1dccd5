# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to one manager: a keep-alive session, authentication, retries of reads, and errors that a user can act on.

The client knows addresses, envelopes and failures, but not certificates. It raises errors and never exits. It sends
each write once; only a caller that reads the result of the write can decide whether to send it again. requests is
imported when the first client is created.
"""

from __future__ import annotations

import os
import re
import time
import typing as t
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import quote, quote_plus, urlencode

from ansible_collections.apinizer.apiops.plugins.module_utils import _payloads
from ansible_collections.apinizer.apiops.plugins.module_utils._archive import is_archive
from ansible_collections.apinizer.apiops.plugins.module_utils._auth import Auth, request_token
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    ApinizerError,
    InputError,
    RequestError,
    join_sentences,
)

# Seconds. If the manager asks to wait longer, a later run should try again.
LONGEST_WAIT = 60.0
# A proxy that did not get a response of the manager, or a manager that is busy.
_TEMPORARY_STATUSES = (408, 425, 429, 502, 503, 504)
READING_PERMISSIONS = "reading requires any permission in the project"
WRITING_PERMISSIONS = (
    "writing requires SECRETS with MANAGE in the project and, where the console offers it, SECRETS with DEPLOY_UNDEPLOY"
)

_NEVER_CONNECTED = {"NewConnectionError", "NameResolutionError"}
_REDACTED = "********"
_LONGEST_EXCERPT = 300

_Form = dict[str, tuple[t.Any, ...]]
_Value = t.TypeVar("_Value")


def backoff_delay(attempt: int, retry_after: float | None = None) -> float:
    """Return the seconds to wait before a retry.

    :arg attempt: the number of the attempt that failed, starting at 0.
    :arg retry_after: the seconds that the manager asks to wait, if it does.
    :returns: C(retry_after), or 0.5, 1, 2, 4 and so on up to 15.
    """
    return retry_after if retry_after is not None else min(0.5 * 2.0**attempt, 15.0)


class Client:
    """A connection to one manager.

    :arg connection: the connection options.
    :arg sleep: waits for a number of seconds; tests replace it.
    :arg add_secret: receives each requested token, so that no output shows it.
    :arg auth: the authentication of another client with the same connection, to share its token.
    :raises InputError: if a value of the connection is not valid.
    """

    def __init__(
        self,
        connection: Connection,
        sleep: t.Callable[[float], None] = time.sleep,
        *,
        add_secret: t.Callable[[str], object] = lambda _secret: None,
        auth: Auth | None = None,
    ) -> None:
        import requests

        connection.check()
        self.connection = connection
        self.sleep = sleep
        self._add_secret = add_secret
        self._requests = requests
        # Without a type: the versions of requests differ in theirs.
        self._session: t.Any = requests.Session()
        self._session.headers.update(
            {"Accept": "application/json, application/zip", "User-Agent": "ansible-apinizer.apiops"}
        )
        if connection.client_cert:
            self._session.cert = (
                (connection.client_cert, connection.client_key) if connection.client_key else connection.client_cert
            )
        self._auth = auth or Auth(connection.token)
        self._base: str | None = None
        self._settings: t.Any = None
        self._environment = os.environ.copy()
        self._has_answered = False
        if not connection.validate_certs:
            # The user chose this, so a warning on standard error for each request would only be noise.
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def reuse(self, add_secret: t.Callable[[str], object]) -> None:
        """Prepare for another operation over the same connections.

        The files of the connection and the proxies in the environment may have changed since the last one.

        :arg add_secret: receives the token if it was requested, even if that was earlier.
        :raises InputError: if a value of the connection is not valid any more.
        """
        self.connection.check()
        self._add_secret = add_secret
        environment = os.environ.copy()
        if environment != self._environment:
            self._environment, self._settings = environment, None

    def get(self, *segments: str, slash: bool = True, params: dict[str, str] | None = None) -> dict[str, t.Any]:
        """Send a GET request. If it fails in a way that may pass, retry it up to C(retries) times.

        :arg segments: the path below C(/apiops/), not encoded.
        :arg slash: whether the path ends in a slash.
        :arg params: the query parameters.
        :returns: the JSON object of the response.
        :raises RequestError: if the response is anything but a success envelope.
        """
        return self._with_retries(lambda: self._call("GET", segments, slash=slash, params=params))

    def download(self, *segments: str) -> bytes:
        """Send a GET request for a ZIP archive, with the retries of C(get).

        :raises RequestError: if the response is anything but an archive.
        """
        return self._with_retries(lambda: self._read_archive(self._request("GET", segments)))

    def write(
        self, method: str, *segments: str, params: dict[str, str] | None = None, form: _Form | None = None
    ) -> dict[str, t.Any]:
        """Send a write, once.

        :arg segments: the path below C(/apiops/), not encoded.
        :arg params: the query parameters.
        :arg form: the multipart fields, as requests expects them: name to (file name or None, value[, content type]).
        :returns: the JSON object of the response.
        :raises RequestError: if the response is anything but a success envelope. C(maybe_applied) says whether the
            manager may have carried out the write nevertheless.
        """
        return self._call(method, segments, params=params, form=form)

    def _with_retries(self, request: t.Callable[[], _Value]) -> _Value:
        attempt = 0
        while True:
            try:
                return request()
            except RequestError as exc:
                if not exc.retryable or attempt >= self.connection.retries:
                    raise
                self.sleep(backoff_delay(attempt, exc.retry_after))
                attempt += 1

    def _call(
        self,
        method: str,
        segments: t.Sequence[str],
        *,
        slash: bool = True,
        params: dict[str, str] | None = None,
        form: _Form | None = None,
    ) -> dict[str, t.Any]:
        return self._read_envelope(method, self._request(method, segments, slash=slash, params=params, form=form))

    def _request(
        self,
        method: str,
        segments: t.Sequence[str],
        *,
        slash: bool = True,
        params: dict[str, str] | None = None,
        form: _Form | None = None,
    ) -> t.Any:
        path = "/".join(quote(segment, safe="") for segment in segments) + ("/" if slash else "")
        if params:
            path += "?" + urlencode(params)
        return self._auth.send(
            lambda authorization: self._send(method, path, authorization, files=form),
            log_in=self._log_in,
            add_secret=self._add_secret,
        )

    def _log_in(self) -> str:
        def post(form: dict[str, str | None]) -> dict[str, t.Any]:
            return self._with_retries(
                lambda: self._read_envelope("POST", self._send("POST", "auth/token", None, data=form))
            )

        return request_token(self.connection, post)

    def _send(self, method: str, path: str, authorization: str | None, **body: t.Any) -> t.Any:
        """Send one request and return the response.

        :arg path: the path below C(/apiops/) with the query, encoded.
        :arg body: C(files) or C(data), as requests expects them.
        :raises RequestError: if there is no response.
        :raises InputError: if the connection cannot be used at all.
        """
        try:
            response = self._session.send(
                self._prepare(method, path, authorization, **body),
                timeout=self.connection.timeout,
                allow_redirects=False,
                **self._environment_settings(),
            )
        except (self._requests.exceptions.RequestException, OSError, UnicodeError) as exc:
            raise self._no_response(method, exc) from exc
        self._has_answered = True
        return response

    def _prepare(self, method: str, path: str, authorization: str | None, **body: t.Any) -> t.Any:
        """Prepare a request.

        Session.prepare_request takes longer than sending the request does: it normalizes the same address, merges the
        same settings, and looks for the credentials of a ~/.netrc (which must not be used here) each time.
        """
        request: t.Any = self._requests.PreparedRequest()
        if self._base is None:
            request.prepare_url(self.connection.base, None)
            self._base = str(request.url)
        request.method = method
        request.url = f"{self._base}{path}"
        request.headers = self._requests.structures.CaseInsensitiveDict(t.cast("dict[str, str]", self._session.headers))
        if authorization is not None:
            request.headers["Authorization"] = authorization
        request.prepare_cookies(self._session.cookies)
        if method != "GET":
            request.prepare_body(**{"data": None, "files": None, **body})
        return request

    def _environment_settings(self) -> dict[str, t.Any]:
        """Return the proxies and the TLS settings. They are only read again if the environment changes."""
        if self._settings is None:
            # C(verify) is passed here, because REQUESTS_CA_BUNDLE overrides the value of the session.
            self._settings = self._session.merge_environment_settings(
                self.connection.base, {}, None, self.connection.verify, None
            )
        settings: dict[str, t.Any] = self._settings
        return settings

    def _no_response(self, method: str, exc: Exception) -> ApinizerError:
        errors = self._requests.exceptions
        kinds = _kinds(exc)
        if isinstance(exc, errors.SSLError) and not kinds & {"SSLEOFError", "SSLZeroReturnError"}:
            return self._untrusted(exc)
        if isinstance(exc, (errors.ConnectTimeout, errors.ProxyError)) or kinds & _NEVER_CONNECTED:
            return self._unreachable(exc)
        if isinstance(exc, errors.Timeout):
            return RequestError(
                f"The manager did not answer {method} within {self.connection.timeout:g} seconds "
                "(option timeout, APINIZER_TIMEOUT)",
                maybe_applied=method != "GET",
                retryable=True,
            )
        if isinstance(exc, (errors.InvalidURL, UnicodeError)):
            return InputError(
                "url", f"this address, or a proxy address in the environment, is not valid: {_reason(exc)}"
            )
        if isinstance(exc, errors.RequestException):
            return self._interrupted(method, exc)
        # requests raises a plain OSError for TLS files that it cannot load.
        return InputError("ca_path", f"cannot load this file, or the one in client_cert or client_key: {_reason(exc)}")

    def _interrupted(self, method: str, exc: Exception) -> RequestError:
        message = f"The connection to the manager was interrupted during {method}: {_reason(exc)}"
        if self.connection.base.startswith("https:") and not (self.connection.client_cert or self._has_answered):
            message = join_sentences(
                message, "If the manager requires a client certificate, set client_cert and client_key"
            )
        return RequestError(message, maybe_applied=method != "GET", retryable=True)

    def _unreachable(self, exc: Exception) -> RequestError:
        return RequestError(
            f"The manager cannot be reached at {self.connection.url} (option url, APINIZER_URL): {_reason(exc)}",
            retryable=True,
        )

    def _untrusted(self, exc: Exception) -> RequestError:
        if getattr(_chain(exc)[-1], "reason", None) == "WRONG_VERSION_NUMBER":
            return RequestError(
                f"The server at {self.connection.url} does not use TLS. Check the scheme and the port in url (APINIZER_URL)",
                maybe_applied=False,
            )
        return RequestError(
            f"No trusted TLS connection to {self.connection.url}: {_reason(exc)}. Set ca_path (APINIZER_CA_PATH) to the "
            "certificate authority of the manager. If the manager requires a client certificate, set client_cert and "
            "client_key",
            maybe_applied=False,
        )

    def _read_archive(self, response: t.Any) -> bytes:
        data: bytes = response.content
        if response.status_code == 200 and is_archive(data):
            return data
        self._read_envelope("GET", response)
        raise RequestError("The manager answered GET with JSON instead of a ZIP archive", status=response.status_code)

    def _read_envelope(self, method: str, response: t.Any) -> dict[str, t.Any]:
        """Return the JSON object of a response.

        :raises RequestError: if it is anything but a success envelope.
        """
        status: int = response.status_code
        if 300 <= status < 400:
            raise RequestError(
                f"The manager answered {method} with a redirect to {self._clean(response.headers.get('Location'))}. "
                "Redirects are never followed; set url (APINIZER_URL) to the address of the manager itself",
                status=status,
            )
        try:
            body = response.json()
        except ValueError:
            body = None
        if status >= 400:
            raise self._rejection(method, response, body)
        if not isinstance(body, dict):
            raise RequestError(
                f"The manager answered {method} with HTTP {status} and {self._excerpt(response)} instead of JSON. Check "
                "that url (APINIZER_URL) is the address of the manager itself",
                status=status,
                maybe_applied=method != "GET",
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

    def _rejection(self, method: str, response: t.Any, body: t.Any) -> RequestError:
        status: int = response.status_code
        message = _payloads.server_message(body)
        text = self._clean(message) if message else self._excerpt(response)
        sentences = [f"The manager answered {method} with HTTP {status}: {text}"]
        if status == 401:
            option = (
                "token (APINIZER_TOKEN)"
                if self.connection.token
                else "username and password (APINIZER_USERNAME, APINIZER_PASSWORD)"
            )
            sentences.append(f"Check {option} and the permissions: {READING_PERMISSIONS}; {WRITING_PERMISSIONS}")
        elif status == 403:
            sentences.append(f"The token lacks a permission: {READING_PERMISSIONS}; {WRITING_PERMISSIONS}")
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
        )

    def _excerpt(self, response: t.Any) -> str:
        """Describe a response that is not JSON, without repeating a whole page."""
        text = response.text.strip()
        if not text:
            return "an empty body"
        if "<html" in text.lower() or "<!doctype" in text.lower():
            title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
            return "an HTML page" + (f" titled '{self._clean(title.group(1))}'" if title else "")
        return f"the text '{self._clean(text)}'"

    def _clean(self, text: t.Any) -> str:
        """Return one line of at most 300 characters, with the secrets redacted that a server may have repeated."""
        line = str(text)
        for secret in filter(None, (self._auth.known_token, self.connection.password)):
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                line = line.replace(form, _REDACTED)
        line = " ".join(line.split())
        return line if len(line) <= _LONGEST_EXCERPT else line[: _LONGEST_EXCERPT - 1] + "…"


def _seconds(value: t.Any) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date (RFC 9110, section 10.2.3), as seconds from now."""
    text = str(value or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


def _chain(exc: BaseException) -> list[BaseException]:
    """Return the error and its causes, outermost first. urllib3 keeps them in C(reason) and C(args)."""
    found: list[BaseException] = []
    pending: list[t.Any] = [exc]
    while pending:
        error = pending.pop(0)
        if isinstance(error, BaseException) and error not in found:
            found.append(error)
            pending += [getattr(error, "reason", None), *error.args]
    return found


def _kinds(exc: BaseException) -> set[str]:
    return {type(error).__name__ for error in _chain(exc)}


def _reason(exc: BaseException) -> str:
    """Return the innermost cause as one line, without the object names and addresses that the library adds."""
    innermost = _chain(exc)[-1]
    text = str(getattr(innermost, "strerror", None) or innermost) or type(innermost).__name__
    text = re.sub(r"<[^>]*>:?\s*|^HTTPS?Connection(Pool)?\([^)]*\):\s*|\s*\(_ssl\.c:\d+\)|^\[SSL[^\]]*\]\s*", "", text)
    return " ".join(text.split())[:300]
