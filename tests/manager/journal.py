# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request that arrived, in order, with what became of it. No secret is ever stored."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from multidict import CIMultiDict, CIMultiDictProxy

from .call import Call, FilePart

_SECRET_FIELDS = {"client_secret"}
HIDDEN = "(hidden)"


@dataclass(frozen=True)
class Request:
    """One request.

    `segments` are the decoded names below `/apiops/`, without the empty one that a final slash leaves; `path` is the
    whole decoded path. In `headers` the value of Authorization is the token's name, which `token` repeats.
    `status` is None while the request is in progress and when the connection was dropped. `applied` says whether it
    changed the manager's record. `faults` are the kinds of the faults that it met. `connection` numbers the TCP
    connections from 1.
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
        """Whether the method is one that writes; asking for a token is not."""
        return self.method not in ("GET", "HEAD", "OPTIONS") and self.segments != ("auth", "token")


class Requests:
    """Some of the journal's requests, in order, and the questions that tests ask about them."""

    def __init__(self, requests: list[Request]) -> None:
        """Hold these requests."""
        self._requests = requests

    def __iter__(self) -> Iterator[Request]:
        """Iterate over the requests, in the order in which they arrived."""
        return iter(self._now())

    def __len__(self) -> int:
        """How many requests there are."""
        return len(self._now())

    def __getitem__(self, index: int) -> Request:
        """The request at an index."""
        return self._now()[index]

    def __repr__(self) -> str:
        """One line a request, for the message of a failed assertion."""
        lines = (f"{request.method} {request.raw_path} → {request.status}" for request in self)
        return f"<{len(self)} requests: {', '.join(lines)}>"

    def methods(self) -> list[str]:
        """The methods, in order."""
        return [request.method for request in self]

    def writes(self) -> Requests:
        """Those that write."""
        return Requests([request for request in self if request.writes])

    def by(self, token: str) -> Requests:
        """Those that carried the token of this name."""
        return Requests([request for request in self if request.token == token])

    def connections(self) -> set[int]:
        """The numbers of the TCP connections that they came over."""
        return {request.connection for request in self}

    def _now(self) -> list[Request]:
        return list(self._requests)


class Journal(Requests):
    """All requests so far. Safe to read from any thread."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__([])
        self._lock = threading.Lock()
        self._arrived = 0

    def clear(self) -> None:
        """Forget the requests so far; their numbers are not given out again."""
        with self._lock:
            self._requests.clear()

    def mark(self) -> Requests:
        """Return a view that will show the requests that arrive from now on."""
        return _Since(self, self._arrived)

    def open(self, call: Call, *, connection: int, segments: tuple[str, ...], token: str | None) -> Request:
        """Write down a request that has arrived."""
        headers = CIMultiDict(call.headers)
        if token is not None:
            headers["Authorization"] = token
        fields = {name: HIDDEN if name in _SECRET_FIELDS else value for name, value in call.form.fields.items()}
        with self._lock:
            self._arrived += 1
            request = Request(
                number=self._arrived,
                connection=connection,
                method=call.method,
                path=call.path,
                segments=tuple(segment for segment in segments if segment),
                raw_path=call.raw_path,
                query=call.query,
                headers=CIMultiDictProxy(headers),
                token=token,
                fields=fields,
                files=call.form.files,
            )
            self._requests.append(request)
        return request

    def close(self, request: Request, *, status: int | None, faults: tuple[str, ...], applied: bool) -> None:
        """Add what became of a request, unless it has been cleared away meanwhile."""
        with self._lock:
            # What is in progress is among the last, however many have gone before.
            for index in reversed(range(len(self._requests))):
                if self._requests[index].number == request.number:
                    self._requests[index] = replace(request, status=status, faults=faults, applied=applied)
                    return


class _Since(Requests):
    """The part of a journal after a mark; it grows with the journal."""

    def __init__(self, journal: Journal, number: int) -> None:
        super().__init__([])
        self._journal = journal
        self._number = number

    def _now(self) -> list[Request]:
        return [request for request in self._journal if request.number > self._number]
