# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to one manager: addresses, authentication, and retries of reads.

The client does not know certificates. It raises errors and never exits. It sends each write once; only a caller that reads
the result of the write can decide whether to send it again. It turns every exception of the libraries into a
C(RequestError) or an C(InputError).
"""

from __future__ import annotations

import time
import typing as t
from urllib.parse import quote, urlencode

from ansible_collections.apinizer.apiops.plugins.module_utils._archive import is_archive
from ansible_collections.apinizer.apiops.plugins.module_utils._auth import Auth, request_token
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._envelope import LONGEST_WAIT, EnvelopeReader
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._response import Response
from ansible_collections.apinizer.apiops.plugins.module_utils._transport import Transport

_Form = dict[str, tuple[t.Any, ...]]
_Value = t.TypeVar("_Value")


def backoff_delay(attempt: int, retry_after: float | None = None) -> float:
    """Return the seconds to wait before a retry.

    :arg attempt: the number of the attempt that failed, starting at 0.
    :arg retry_after: the seconds that the manager asks to wait, if it does.
    :returns: C(retry_after) up to C(LONGEST_WAIT), or 0.5, 1, 2, 4 and so on up to 15.
    """
    return min(retry_after, LONGEST_WAIT) if retry_after is not None else min(0.5 * 2.0 ** min(attempt, 5), 15.0)


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
        connection.check()
        self.connection = connection
        self.sleep = sleep
        self._add_secret = add_secret
        self._auth = auth or Auth(connection.token)
        self._transport = Transport(connection)
        self._envelopes = EnvelopeReader(connection, self._auth)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def reuse(self, add_secret: t.Callable[[str], object]) -> None:
        """Prepare for another operation over the same connections.

        The files of the connection and the proxies in the environment may have changed since the last one.

        :arg add_secret: receives the token if it was requested, even if that was earlier.
        :raises InputError: if a value of the connection is not valid any more.
        """
        self.connection.check()
        self._add_secret = add_secret
        self._transport.notice_environment()

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

    def _read_archive(self, response: Response) -> bytes:
        if response.status_code == 200 and is_archive(response.content):
            return response.content
        self._envelopes.read("GET", response)
        raise RequestError("The manager answered GET with JSON instead of a ZIP archive", status=response.status_code)

    def write(
        self,
        method: str,
        *segments: str,
        params: dict[str, str] | None = None,
        form: _Form | None = None,
        rights: str | None = None,
    ) -> dict[str, t.Any]:
        """Send a write, once.

        :arg segments: the path below C(/apiops/), not encoded.
        :arg params: the query parameters.
        :arg form: the multipart fields, as requests expects them: name to (file name or None, value[, content type]).
        :arg rights: what the token needs for the write, see C(EnvelopeReader.read).
        :returns: the JSON object of the response.
        :raises RequestError: if the response is anything but a success envelope. C(maybe_applied) says whether the
            manager may have carried out the write nevertheless.
        """
        return self._call(method, segments, params=params, form=form, rights=rights)

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
        rights: str | None = None,
    ) -> dict[str, t.Any]:
        response = self._request(method, segments, slash=slash, params=params, form=form)
        return self._envelopes.read(method, response, rights)

    def _request(
        self,
        method: str,
        segments: t.Sequence[str],
        *,
        slash: bool = True,
        params: dict[str, str] | None = None,
        form: _Form | None = None,
    ) -> Response:
        path = _path(method, segments, slash=slash, params=params)

        def send(authorization: str) -> Response:
            return self._transport.send(method, path, authorization, files=form)

        response: Response = self._auth.send(send, log_in=self._log_in, add_secret=self._add_secret)
        return response

    def _log_in(self) -> str:
        def post(form: dict[str, str | None]) -> dict[str, t.Any]:
            return self._with_retries(
                lambda: self._envelopes.read("POST", self._transport.send("POST", "auth/token", None, data=form))
            )

        return request_token(self.connection, post)


def _path(method: str, segments: t.Sequence[str], *, slash: bool, params: dict[str, str] | None) -> str:
    """Return the path below C(/apiops/) with the query, encoded.

    :raises RequestError: if a name is not valid Unicode.
    """
    try:
        path = "/".join(quote(segment, safe="") for segment in segments) + ("/" if slash else "")
        return f"{path}?{urlencode(params)}" if params else path
    except UnicodeError as exc:
        raise RequestError(f"{method} could not be sent: a name is not valid Unicode") from exc
