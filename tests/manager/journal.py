# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: every request in order of arrival, with its outcome. It never stores secrets."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from multidict import CIMultiDict, CIMultiDictProxy

from .http_types import FilePart, HttpRequest

_SECRET_FIELDS = {"client_secret"}
REDACTED = "(hidden)"


@dataclass(frozen=True)
class Request:
    """One request.

    `segments` are the decoded names after `/apiops/`, without the empty one after a trailing slash; `path` is the whole
    decoded path. In `headers`, the value of Authorization is replaced by the token's name, which is also in `token`.
    `status` is None while the request is in progress, and if the connection was dropped. `applied` says whether the
    request changed the manager's record. `faults` are the kinds of the faults that it triggered. `connection` is the
    number of the TCP connection, from 1.
    """

    number: int
    connection: int
    method: str
    path: str
    segments: tuple[str, ...]
    raw_path: str
    query: Mapping[str, str]
    headers: CIMultiDictProxy[str]
    token: str | None
    fields: Mapping[str, str]
    files: Mapping[str, FilePart]
    status: int | None = None
    faults: tuple[str, ...] = ()
    applied: bool = False

    @property
    def writes(self) -> bool:
        """Whether the request writes. Requesting a token does not count."""
        return self.method not in ("GET", "HEAD", "OPTIONS") and self.segments != ("auth", "token")


class Requests:
    """Some requests of the journal, in order, with methods to filter and inspect them."""

    def __init__(self, requests: list[Request]) -> None:
        """Wrap these requests."""
        self._requests = requests

    def __iter__(self) -> Iterator[Request]:
        """Iterate over the requests in order of arrival."""
        return iter(self._now())

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self._now())

    def __getitem__(self, index: int) -> Request:
        """Return the request at an index."""
        return self._now()[index]

    def __repr__(self) -> str:
        """List method, path, and status of each request, for the message of a failed assertion."""
        lines = (f"{request.method} {request.raw_path} → {request.status}" for request in self)
        return f"<{len(self)} requests: {', '.join(lines)}>"

    def methods(self) -> list[str]:
        """Return the methods, in order."""
        return [request.method for request in self]

    def writes(self) -> Requests:
        """Return the requests that write."""
        return Requests([request for request in self if request.writes])

    def by(self, token: str) -> Requests:
        """Return the requests with the token of this name."""
        return Requests([request for request in self if request.token == token])

    def connections(self) -> set[int]:
        """Return the numbers of the TCP connections that carried the requests."""
        return {request.connection for request in self}

    def _now(self) -> list[Request]:
        return list(self._requests)


class Journal(Requests):
    """All requests so far. Thread-safe."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__([])
        self._lock = threading.Lock()
        self._arrived = 0

    def clear(self) -> None:
        """Remove the requests so far. Their numbers are not used again."""
        with self._lock:
            self._requests.clear()

    def mark(self) -> Requests:
        """Return a view of the requests that arrive from now on."""
        return _Since(self, self._arrived)

    def open(self, received: HttpRequest, *, connection: int, segments: tuple[str, ...], token: str | None) -> Request:
        """Record a request that has arrived."""
        headers = CIMultiDict(received.headers)
        if token is not None:
            headers["Authorization"] = token
        fields = {name: REDACTED if name in _SECRET_FIELDS else value for name, value in received.form.fields.items()}
        with self._lock:
            self._arrived += 1
            request = Request(
                number=self._arrived,
                connection=connection,
                method=received.method,
                path=received.path,
                segments=tuple(segment for segment in segments if segment),
                raw_path=received.raw_path,
                query=received.query,
                headers=CIMultiDictProxy(headers),
                token=token,
                fields=fields,
                files=received.form.files,
            )
            self._requests.append(request)
        return request

    def close(self, request: Request, *, status: int | None, faults: tuple[str, ...], applied: bool) -> None:
        """Record the outcome of a request, unless the journal has been cleared in the meantime."""
        with self._lock:
            # Search from the end: requests in progress are among the last ones of a long journal.
            for index in reversed(range(len(self._requests))):
                if self._requests[index].number == request.number:
                    self._requests[index] = replace(request, status=status, faults=faults, applied=applied)
                    return


class _Since(Requests):
    """The part of a journal after a mark. It grows with the journal."""

    def __init__(self, journal: Journal, number: int) -> None:
        super().__init__([])
        self._journal = journal
        self._number = number

    def _now(self) -> list[Request]:
        return [request for request in self._journal if request.number > self._number]
