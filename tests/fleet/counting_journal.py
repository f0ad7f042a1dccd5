# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal that counts requests instead of keeping them: those of a large fleet would need gigabytes of memory."""

from __future__ import annotations

from collections import Counter

from bench.fleet import certificate_of
from manager import Request
from manager.http_types import HttpRequest
from manager.journal import Journal


class CountingJournal(Journal):
    """As a sequence, it holds only the requests in progress.

    `by_token` counts the requests by the name of their token, and `by_certificate` those that write by the name of the
    certificate. `failed` counts the responses other than HTTP 200; None if the connection was dropped.
    """

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.by_token: Counter[str | None] = Counter()
        self.by_certificate: Counter[str] = Counter()
        self.failed: Counter[int | None] = Counter()

    def clear(self) -> None:
        """Forget everything that was counted."""
        super().clear()
        with self._lock:
            for counted in (self.by_token, self.by_certificate, self.failed):
                counted.clear()

    def open(self, received: HttpRequest, *, connection: int, segments: tuple[str, ...], token: str | None) -> Request:
        """Count a request that has arrived."""
        request = super().open(received, connection=connection, segments=segments, token=token)
        with self._lock:
            self.by_token[token] += 1
            if request.writes:
                self.by_certificate[certificate_of(request) or request.path] += 1
        return request

    def close(self, request: Request, *, status: int | None, faults: tuple[str, ...], applied: bool) -> None:
        """Count the response, and forget the request."""
        with self._lock:
            if status != 200:
                self.failed[status] += 1
            self._requests = [other for other in self._requests if other.number != request.number]
