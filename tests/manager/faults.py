# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: what goes wrong, and for which requests."""

from __future__ import annotations

import http
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .http_types import HttpRequest, HttpResponse, json_response, text_response

if TYPE_CHECKING:
    from .manager import Manager

Kind = Literal[
    "status",
    "html",
    "redirect",
    "malformed",
    "empty",
    "drop_before",
    "drop_after",
    "lost_update",
    "delay",
    "deployment_failure",
    "other_writer",
]
Aspect = Literal["response", "delay", "deployment", "writer"]

_ASPECTS: dict[Kind, Aspect] = {"delay": "delay", "deployment_failure": "deployment", "other_writer": "writer"}
_WRITES_ONLY = {"deployment_failure", "lost_update"}
_DEFAULT_STATUS: dict[Kind, int] = {"status": 503, "redirect": 302}
_SIGN_IN_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
    "<body><h1>Sign in</h1><form><input name='user'></form></body></html>\n"
)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    A fault matches requests with the `method` (None: any) whose decoded path contains `path` (or in which `path` is
    found, if it is a compiled pattern; None: any). It ignores the first `skip` requests that match, and is triggered by
    the next `times` of them (None: by all). `deployment_failure` and `lost_update` match only requests that write
    certificates.

    The `kind` says what happens:

    - `status`: the response has `status` (default 503), `headers`, and `body` (a str as text, anything else as JSON; by
      default the name of the status).
    - `html`: the response has `status` (default 200) and an HTML page: `body`, or by default a sign-in form.
    - `redirect`: the response has `status` (default 302) and `location`.
    - `malformed`, `empty`: the response has `status` (default 200) and truncated JSON, or no body.
    - `drop_before`, `drop_after`: the connection is aborted before or after the request is applied.
    - `lost_update`: the response is that of a success, but nothing changes.
    - `delay`: the manager waits `seconds` before it applies the request, or before it responds. The request is applied
      even if the client has disconnected.
    - `deployment_failure`: deployments to `environments`, and removals from them, fail.
    - `other_writer`: `action` is called with the manager just before or just after the request is applied.

    `after` chooses "after" where there is a choice. For `status`, `html`, `redirect`, `malformed`, and `empty`, it says
    that the request is applied although the response says otherwise.
    """

    kind: Kind
    method: str | None = None
    path: str | re.Pattern[str] | None = None
    times: int | None = 1
    skip: int = 0
    after: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    location: str = ""
    seconds: float = 0.0
    environments: tuple[str, ...] = ()
    action: Callable[[Manager], object] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a fault without an effect: a test that relies on it would prove nothing."""
        needed = {
            "redirect": self.location,
            "delay": self.seconds,
            "deployment_failure": self.environments,
            "other_writer": self.action,
        }
        if not needed.get(self.kind, True):
            raise ValueError(f"a {self.kind} fault needs more arguments: see the description of Fault")

    @property
    def aspect(self) -> Aspect:
        """The aspect of the request that it affects. A request triggers at most one fault for each aspect."""
        return _ASPECTS.get(self.kind, "response")

    @property
    def applies_request(self) -> bool:
        """Whether the request is carried out although the fault determines the response."""
        return self.after or self.kind in ("drop_after", "lost_update")

    def matches(self, request: HttpRequest) -> bool:
        """Whether the fault is for this request, regardless of `skip` and `times`."""
        if self.method not in (None, request.method) or (self.kind in _WRITES_ONLY and not request.deploys):
            return False
        if isinstance(self.path, re.Pattern):
            return self.path.search(request.path) is not None
        return self.path is None or self.path in request.path

    def response(self) -> HttpResponse | None:
        """Return the response to send instead of the manager's; None to drop the connection."""
        status = self.status or _DEFAULT_STATUS.get(self.kind, 200)
        if self.kind in ("drop_before", "drop_after"):
            return None
        if self.kind == "redirect":
            return text_response("", status, {"Location": self.location, **self.headers})
        if self.kind == "html":
            return text_response(self.body or _SIGN_IN_PAGE, status, self.headers, "text/html")
        if self.kind == "malformed":
            return HttpResponse(status, b'{"status": "SUCCESS", "resultLi', "application/json", self.headers)
        if self.kind == "empty":
            return HttpResponse(status, b"", "application/json", self.headers)
        body = http.HTTPStatus(status).phrase if self.body is None else self.body
        make = text_response if isinstance(body, str) else json_response
        return make(body, status, self.headers)


@dataclass(frozen=True)
class ActiveFaults:
    """The faults that a request triggers, by aspect."""

    response: Fault | None = None
    delay: Fault | None = None
    deployment: Fault | None = None
    writer: Fault | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the faults, for the journal."""
        faults = (self.delay, self.writer, self.deployment, self.response)
        return tuple(fault.kind for fault in faults if fault is not None)

    @property
    def failing(self) -> frozenset[str]:
        """The environments to which deployments fail."""
        return frozenset(self.deployment.environments) if self.deployment else frozenset()


@dataclass
class _Tracked:
    """A fault, with the number of requests that it has skipped and that have triggered it."""

    fault: Fault
    skipped: int = 0
    triggered: int = 0

    @property
    def spent(self) -> bool:
        """Whether it has been triggered as often as it can be."""
        return self.fault.times is not None and self.triggered >= self.fault.times

    def trigger(self, *, free: bool) -> bool:
        """Count a matching request, and return whether it triggers the fault. `free` is false if another fault did."""
        if self.skipped < self.fault.skip:
            self.skipped += 1
            return False
        if self.spent or not free:
            return False
        self.triggered += 1
        return True


class Faults:
    """The faults of a manager, in the order in which they were added. Thread-safe."""

    def __init__(self) -> None:
        """Start without faults."""
        self._tracked: list[_Tracked] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Fault]:
        """Iterate over the faults that can still be triggered."""
        with self._lock:
            return iter([tracked.fault for tracked in self._tracked if not tracked.spent])

    def __len__(self) -> int:
        """Return how many faults can still be triggered. 0 shows that all of them were."""
        return len(list(iter(self)))

    def add(self, *faults: Fault) -> None:
        """Add faults. For each aspect, the first fault that matches is triggered, so two with `times=1` take turns."""
        with self._lock:
            self._tracked.extend(_Tracked(fault) for fault in faults)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._tracked.clear()

    def take(self, request: HttpRequest) -> ActiveFaults:
        """Return the faults that this request triggers, and count it."""
        active: dict[Aspect, Fault] = {}
        with self._lock:
            for tracked in self._tracked:
                aspect = tracked.fault.aspect
                if tracked.fault.matches(request) and tracked.trigger(free=aspect not in active):
                    active[aspect] = tracked.fault
        return ActiveFaults(**active)
