# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: what a test wants to go wrong, and the requests that it goes wrong for."""

from __future__ import annotations

import http
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .call import Answer, Call, json_answer, text_answer

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
Role = Literal["answer", "delay", "deployment", "writer"]

_ROLES: dict[Kind, Role] = {"delay": "delay", "deployment_failure": "deployment", "other_writer": "writer"}
_WRITES_ONLY = {"deployment_failure", "lost_update"}
_DEFAULT_STATUS: dict[Kind, int] = {"status": 503, "redirect": 302}
_SIGN_IN_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
    "<body><h1>Sign in</h1><form><input name='user'></form></body></html>\n"
)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Which requests it is for: those with this `method` (None: any) whose decoded path contains `path` (or is found by
    it, if it is a compiled pattern; None: any), without the first `skip` of them, and then `times` of them (None: all).
    `deployment_failure` and `lost_update` are only ever for the calls that write certificates.

    What it does, by `kind`:

    - `status`: answers with `status` (503), `headers` and `body` (a str as text, anything else as JSON; by default the
      status's name).
    - `html`: answers with `status` (200) and an HTML page, `body` or that of a sign-in form.
    - `redirect`: answers with `status` (302) and `location`.
    - `malformed`, `empty`: answers with `status` (200) and half a JSON text, or no body.
    - `drop_before`, `drop_after`: aborts the connection, with nothing applied, or after the request was applied.
    - `lost_update`: answers what a success would answer, and changes nothing.
    - `delay`: waits `seconds` before the request is applied, or after it but before the answer. The request is applied
      even if the client has gone meanwhile.
    - `deployment_failure`: the deployment to `environments` fails.
    - `other_writer`: calls `action` with the manager, just before the request is applied, or just after.

    `after` chooses between the two where there are two: of `status`, `html`, `redirect`, `malformed` and `empty` it
    says whether the request is applied all the same.
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
        """Refuse a fault that could do nothing, for a test that relies on it would prove nothing."""
        needed = {
            "redirect": self.location,
            "delay": self.seconds,
            "deployment_failure": self.environments,
            "other_writer": self.action,
        }
        if not needed.get(self.kind, True):
            raise ValueError(f"a {self.kind} fault needs more than its kind: see its description")

    @property
    def role(self) -> Role:
        """What it has a say in. A request meets at most one fault for each."""
        return _ROLES.get(self.kind, "answer")

    @property
    def applies_request(self) -> bool:
        """Whether the request is carried out although the answer is this fault's."""
        return self.after or self.kind in ("drop_after", "lost_update")

    def matches(self, call: Call) -> bool:
        """Whether it is for this request, `skip` and `times` aside."""
        if self.method not in (None, call.method) or (self.kind in _WRITES_ONLY and not call.deploys):
            return False
        if isinstance(self.path, re.Pattern):
            return self.path.search(call.path) is not None
        return self.path is None or self.path in call.path

    def answer(self) -> Answer | None:
        """The answer that takes the place of the manager's; None if the connection is dropped instead."""
        status = self.status or _DEFAULT_STATUS.get(self.kind, 200)
        if self.kind in ("drop_before", "drop_after"):
            return None
        if self.kind == "redirect":
            return text_answer("", status, {"Location": self.location, **self.headers})
        if self.kind == "html":
            return text_answer(self.body or _SIGN_IN_PAGE, status, self.headers, "text/html")
        if self.kind == "malformed":
            return Answer(status, b'{"status": "SUCCESS", "resultLi', "application/json", self.headers)
        if self.kind == "empty":
            return Answer(status, b"", "application/json", self.headers)
        body = http.HTTPStatus(status).phrase if self.body is None else self.body
        make = text_answer if isinstance(body, str) else json_answer
        return make(body, status, self.headers)


@dataclass(frozen=True)
class Hazards:
    """The faults that one request meets, by role."""

    answer: Fault | None = None
    delay: Fault | None = None
    deployment: Fault | None = None
    writer: Fault | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Their kinds, for the journal."""
        met = (self.delay, self.writer, self.deployment, self.answer)
        return tuple(fault.kind for fault in met if fault is not None)

    @property
    def failing(self) -> frozenset[str]:
        """The environments that cannot be deployed to."""
        return frozenset(self.deployment.environments) if self.deployment else frozenset()


@dataclass
class _Armed:
    """A fault with the requests it has let pass, and those it has struck."""

    fault: Fault
    skipped: int = 0
    struck: int = 0

    @property
    def spent(self) -> bool:
        """Whether it has done all that it was asked to do."""
        return self.fault.times is not None and self.struck >= self.fault.times

    def strikes(self, *, free: bool) -> bool:
        """Count a request that matches; return whether the fault strikes it. Not `free`: another one does already."""
        if self.skipped < self.fault.skip:
            self.skipped += 1
            return False
        if self.spent or not free:
            return False
        self.struck += 1
        return True


class Faults:
    """The faults of a manager, in the order in which they were added. Safe to use from any thread."""

    def __init__(self) -> None:
        """Start without any."""
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Fault]:
        """Iterate over the faults that are still to come."""
        with self._lock:
            return iter([armed.fault for armed in self._armed if not armed.spent])

    def __len__(self) -> int:
        """How many faults are still to come: 0 shows that all of them struck."""
        return len(list(iter(self)))

    def add(self, *faults: Fault) -> None:
        """Add faults. For each role a request meets the first that is for it, so two of `times=1` strike in turn."""
        with self._lock:
            self._armed.extend(_Armed(fault) for fault in faults)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._armed.clear()

    def take(self, call: Call) -> Hazards:
        """Return the faults that this request meets, and count them."""
        met: dict[Role, Fault] = {}
        with self._lock:
            for armed in self._armed:
                role = armed.fault.role
                if armed.fault.matches(call) and armed.strikes(free=role not in met):
                    met[role] = armed.fault
        return Hazards(**met)
