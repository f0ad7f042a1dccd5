# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to one manager: a kept-alive session, authentication, retries of reads, and errors in plain words.

Knows addresses, envelopes and failures, but not certificates. Raises, never exits. Writes are sent once: whether to
send one again is for those to decide who can look at what it did. requests is imported when the first client is made.
"""

from __future__ import annotations

import re
import time
import typing as t
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import quote, quote_plus

from ansible_collections.apinizer.apiops.plugins.module_utils import _payloads
from ansible_collections.apinizer.apiops.plugins.module_utils._auth import Auth
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    ApinizerError,
    InputError,
    LoginError,
    RequestError,
)

# A manager that asks for more patience than this is better asked again by a later run.
LONGEST_WAIT = 60.0
# Answers of a proxy that has no answer of the manager, or of a manager that is busy.
_PASSING = (408, 425, 429, 502, 503, 504)
READING_RIGHTS = "reading needs any permission in the project"
WRITING_RIGHTS = "writing needs SECRETS with MANAGE and SECRETS with DEPLOY_UNDEPLOY in the project"

_NEVER_CONNECTED = {"NewConnectionError", "NameResolutionError"}

_Form = dict[str, tuple[t.Any, ...]]


def backoff_delay(attempt: int, retry_after: float | None = None) -> float:
    """Seconds to wait before repetition number C(attempt) (from 0): what the manager asks, else 0.5, 1, 2, ... 15."""
    return retry_after if retry_after is not None else min(0.5 * 2.0**attempt, 15.0)


class Client:
    """One manager.

    :arg sleep: takes seconds; tests set it.
    :arg hide: takes the token that a login brings, so that no result shows it.
    :arg authorization: that of another client with this connection, to share its login.
    :raises InputError: where the connection's values cannot work.
    """

    def __init__(
        self,
        connection: Connection,
        sleep: t.Callable[[float], None] = time.sleep,
        *,
        hide: t.Callable[[str], object] = lambda _secret: None,
        authorization: Auth | None = None,
    ) -> None:
        import requests

        connection.check()
        self.connection = connection
        self.sleep = sleep
        self._hide = hide
        self._requests = requests
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json", "User-Agent": "ansible-apinizer.apiops"})
        if connection.client_cert:
            self._session.cert = (
                (connection.client_cert, connection.client_key) if connection.client_key else connection.client_cert
            )
        self._authorization = authorization or Auth(connection.token)
        self._has_answered = False
        if not connection.validate_certs:
            # The user chose it; a warning on standard error for every request helps nobody.
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        self._session.close()

    def hide_with(self, hide: t.Callable[[str], object]) -> None:
        """From now on tell C(hide) of a token that a login has brought, as soon as it is sent."""
        self._hide = hide

    def get(self, *segments: str, slash: bool = True) -> dict[str, t.Any]:
        """Read, and repeat what can be repeated, up to C(retries) times.

        :arg segments: the path below C(/apiops/), unencoded.
        :arg slash: whether the address ends in one.
        :raises RequestError: for everything but a success envelope.
        """
        return self._with_retries(lambda: self._call("GET", segments, slash=slash))

    def write(
        self, method: str, *segments: str, params: dict[str, str] | None = None, form: _Form | None = None
    ) -> dict[str, t.Any]:
        """Send a write, once.

        :arg form: multipart fields as requests takes them: name to (file name or None, value[, content type]).
        :raises RequestError: C(maybe_applied) says whether the manager may have carried it out nevertheless.
        """
        return self._call(method, segments, params=params, form=form)

    def _with_retries(self, request: t.Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
        """Repeat what can be repeated, up to C(retries) times."""
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
        url = self._url(segments, slash)
        authorization = self._authorization
        token, scheme = self._token(), authorization.scheme
        response = self._send(method, url, scheme + token, params=params, files=form)
        # Another thread may have found the scheme meanwhile, or renewed the token.
        if response.status_code == 401 and (scheme != authorization.scheme or not authorization.scheme_is_settled):
            # The pages of 2023 show the bare token, those since then "Bearer TOKEN"; nothing tells which one it is.
            bare = self._send(method, url, token, params=params, files=form)
            if bare.status_code != 401:
                response, authorization.scheme = bare, ""
        if response.status_code == 401 and (authorization.login_is_good or authorization.known != token):
            # The token has run out. The request was refused, so it may be sent again.
            token = self._token(instead_of=token)
            response = self._send(method, url, authorization.scheme + token, params=params, files=form)
        if response.status_code != 401:
            authorization.scheme_is_settled = True
        authorization.login_is_good = response.status_code != 401 and self.connection.token is None
        return self._body(method, response)

    def _url(self, segments: t.Sequence[str], slash: bool = True) -> str:
        path = "/".join(quote(segment, safe="") for segment in segments)
        return self.connection.base + path + ("/" if slash else "")

    def _token(self, *, instead_of: str | None = None) -> str:
        """The token to send.

        :arg instead_of: one that the manager no longer takes.
        :raises LoginError: where it takes a login to get one, and none comes.
        """
        token = self._authorization.token(self._log_in, instead_of=instead_of)
        if self.connection.token is None:
            self._hide(token)
        return token

    def _log_in(self) -> str:
        """Request a token with user name and password (OAuth 2.0 client credentials, RFC 6749, section 4.4).

        :raises LoginError: where none comes.
        """
        form = {
            "grant_type": "client_credentials",
            "client_id": self.connection.username,
            "client_secret": self.connection.password,
        }
        url = self._url(("auth", "token"), slash=False)
        try:
            body = self._with_retries(lambda: self._body("POST", self._send("POST", url, None, data=form)))
        except RequestError as exc:
            raise LoginError(f"No token for user {self.connection.username}: {exc}") from exc
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            raise LoginError("The manager's answer to the token request holds no access_token")
        return token

    def _send(self, method: str, url: str, authorization: str | None, **arguments: t.Any) -> t.Any:
        """One exchange.

        :raises RequestError: where no answer came.
        """
        connection = self.connection

        def authorize(request: t.Any) -> t.Any:
            if authorization is not None:
                request.headers["Authorization"] = authorization
            return request

        try:
            response = self._session.request(
                method,
                url,
                # Given as a callable, so that a ~/.netrc cannot put other credentials in its place.
                auth=authorize,
                # Given with each request, so that REQUESTS_CA_BUNDLE cannot override the user's choice.
                verify=connection.verify,
                timeout=connection.timeout,
                allow_redirects=False,
                **arguments,
            )
        except (self._requests.exceptions.RequestException, OSError, UnicodeError) as exc:
            raise self._failure(method, exc) from exc
        self._has_answered = True
        return response

    def _failure(self, method: str, exc: Exception) -> ApinizerError:
        """What to say of an exchange that brought no answer."""
        errors = self._requests.exceptions
        kinds = _kinds(exc)
        if isinstance(exc, errors.SSLError) and not kinds & {"SSLEOFError", "SSLZeroReturnError"}:
            return self._tls_failure(exc)
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
            return InputError("url", f"(or a proxy in the environment) cannot be used: {_reason(exc)}")
        if isinstance(exc, errors.RequestException):
            return self._broken(method, exc)
        # requests reports TLS files that it cannot use as a plain OSError.
        return InputError("ca_path", f"(or client_cert, client_key) cannot be used: {_reason(exc)}")

    def _broken(self, method: str, exc: Exception) -> RequestError:
        text = f"The connection to the manager broke during {method}: {_reason(exc)}"
        if self.connection.base.startswith("https:") and not (self.connection.client_cert or self._has_answered):
            text += ". Where it asks for a client certificate, give client_cert and client_key"
        return RequestError(
            text,
            maybe_applied=method != "GET",
            retryable=True,
        )

    def _unreachable(self, exc: Exception) -> RequestError:
        return RequestError(
            f"The manager cannot be reached at {self.connection.url} (option url, APINIZER_URL): {_reason(exc)}",
            retryable=True,
        )

    def _tls_failure(self, exc: Exception) -> RequestError:
        return RequestError(
            f"No trusted TLS connection to {self.connection.url}: {_reason(exc)}. Give the certificate authority of the "
            "manager in ca_path (APINIZER_CA_PATH), and client_cert and client_key where it asks for them",
            maybe_applied=False,
        )

    def _body(self, method: str, response: t.Any) -> dict[str, t.Any]:
        """The answer's JSON, where it is a success.

        :raises RequestError: for everything else.
        """
        status: int = response.status_code
        if 300 <= status < 400:
            raise RequestError(
                f"The manager answered {method} with a redirect to {self._clean(response.headers.get('Location'))}, which "
                "is never followed. Set url (APINIZER_URL) to the manager's own address",
                status=status,
            )
        try:
            body = response.json()
        except ValueError:
            body = None
        if status >= 400:
            raise self._refusal(method, response, body)
        if not isinstance(body, dict):
            raise RequestError(
                f"The manager answered {method} with HTTP {status} and {self._excerpt(response)} instead of JSON. "
                "Does url (APINIZER_URL) point to the manager itself?",
                status=status,
                maybe_applied=method != "GET",
            )
        verdict = _payloads.is_success(body)
        if verdict is False:
            raise RequestError(
                f"The manager refused {method}: {self._clean(_payloads.server_message(body) or 'it gives no reason')}",
                status=status,
            )
        if verdict is None and not any(key in body for key in ("resultList", "access_token")):
            raise RequestError(
                f"The manager answered {method} with HTTP {status} and JSON that is no known envelope",
                status=status,
                maybe_applied=method != "GET",
            )
        return body

    def _refusal(self, method: str, response: t.Any, body: t.Any) -> RequestError:
        status: int = response.status_code
        message = _payloads.server_message(body)
        text = f"The manager answered {method} with HTTP {status}: " + (
            self._clean(message) if message else self._excerpt(response)
        )
        if status == 401:
            option = (
                "token (APINIZER_TOKEN)" if self.connection.token else "username and password (APINIZER_USERNAME, …)"
            )
            text += f". Check {option}; {READING_RIGHTS}, {WRITING_RIGHTS}"
        elif status == 403:
            text += f". The token lacks a right: {READING_RIGHTS}, {WRITING_RIGHTS}"
        passing = status in _PASSING
        wait = _seconds(response.headers.get("Retry-After") or _payloads.retry_after(body)) if passing else None
        if wait is not None and wait > LONGEST_WAIT:
            text += f". It asks to wait {wait:.0f} seconds: run again later"
        return RequestError(
            text,
            status=status,
            maybe_applied=method != "GET" and status >= 500,
            retryable=passing and (wait is None or wait <= LONGEST_WAIT),
            retry_after=wait,
        )

    def _excerpt(self, response: t.Any) -> str:
        """What came instead of JSON, in a few words: never a whole page."""
        text = response.text.strip()
        if not text:
            return "an empty body"
        if "<html" in text.lower() or "<!doctype" in text.lower():
            title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
            return "an HTML page" + (f" titled '{self._clean(title.group(1))}'" if title else "")
        return f"the text '{self._clean(text)}'"

    def _clean(self, text: t.Any) -> str:
        """One line of at most 300 characters, without the secrets that a careless server might repeat."""
        line = str(text)
        for secret in filter(None, (self._authorization.known, self.connection.password)):
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                line = line.replace(form, "********")
        line = " ".join(line.split())
        return line if len(line) <= 300 else line[:299] + "…"


def _seconds(value: t.Any) -> float | None:
    """A Retry-After of seconds or of an HTTP date (RFC 9110, section 10.2.3), as seconds from now."""
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
    """The error and those inside it, outermost first; urllib3 keeps them in C(reason) and C(args)."""
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
    """The innermost reason in a line, without the library's object names and addresses."""
    innermost = _chain(exc)[-1]
    text = str(getattr(innermost, "strerror", None) or innermost) or type(innermost).__name__
    text = re.sub(r"<[^>]*>:?\s*|^HTTPS?Connection(Pool)?\([^)]*\):\s*|\s*\(_ssl\.c:\d+\)|^\[SSL[^\]]*\]\s*", "", text)
    return " ".join(text.split())[:300]
