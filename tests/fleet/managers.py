# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managers of one process. They share the text of their certificates, and each listens on a port of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from bench.cases import ENVIRONMENTS, PROJECT, certificate_name
from bench.certificates import load_pairs
from manager import Fault, Manager
from manager.model import Installation, Token
from manager.server import HOST

from .counting_journal import CountingJournal

_HOLD_SECONDS = 600.0
"""How long a held write lasts, unless the manager stops. The job that sent it is killed long before."""
_PROBLEMS_SHOWN = 3


@dataclass(frozen=True)
class Content:
    """What each manager has: the number of certificates, how many of them are due, and the latency in milliseconds."""

    certificates: int
    due: int
    latency: int


@dataclass(frozen=True)
class Inspection:
    """What a manager received, and what is wrong with what it holds.

    `requests` are counted by the job that sent them, `writes` by certificate, and `failed` are the responses other than
    HTTP 200, by status. `wrong` counts the certificates that the record or a gateway does not hold as it should;
    `problems` describes the first ones.
    """

    manager: str
    requests: Mapping[str, int]
    writes: Mapping[str, int]
    failed: Mapping[str, int]
    wrong: int
    problems: tuple[str, ...]


class Managers:
    """Some managers of a fleet, between `__enter__` and `__exit__`. All of them have the same certificates."""

    def __init__(self, names: Sequence[str], down: Sequence[str], content: Content, cache: Path) -> None:
        """Prepare the managers. Those of `down` refuse connections. `cache` is the folder of `load_pairs`."""
        pairs = load_pairs(content.certificates, cache)
        self._initial = _installation((*pairs.old[: content.due], *pairs.new[content.due :]))
        self._desired = _installation(pairs.new)
        self._reserved = {name: _reserve_port() for name in down}
        self._running = ExitStack()
        self._managers: dict[str, Manager] = {}
        self._journals: dict[str, CountingJournal] = {}
        self._tokens: dict[str, str] = {}
        for name in names:
            port = self._reserved[name].getsockname()[1] if name in down else 0
            self._managers[name] = manager = Manager(latency=content.latency / 1000, port=port)
            self._journals[name] = manager.journal = CountingJournal()

    def __enter__(self) -> Managers:
        """Start all managers that are not down."""
        for name, manager in self._managers.items():
            if name not in self._reserved:
                self._running.enter_context(manager)
        self.reset()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop all managers and abort the requests in progress."""
        self._running.close()
        for reserved in self._reserved.values():
            reserved.close()

    def urls(self) -> dict[str, str]:
        """Return the URL of each manager. They stay the same."""
        return {name: manager.url for name, manager in self._managers.items()}

    def start(self, name: str) -> None:
        """Start a manager that is down."""
        self._reserved.pop(name).close()
        self._running.enter_context(self._managers[name])

    def reset(self) -> None:
        """Set all managers to their initial state, and clear their journals. No request may be in progress."""
        for name, manager in self._managers.items():
            manager.installation = self._initial.copy()
            self._journals[name].clear()
        for job, value in self._tokens.items():
            self.accept(job, value)

    def accept(self, job: str, value: str) -> None:
        """Let all managers accept the token of a job, which has the job's name in the journals."""
        self._tokens[job] = value
        for manager in self._managers.values():
            manager.state.tokens[value] = Token(job, value)

    def hold(self, name: str, skip: int) -> None:
        """Let a manager carry out a write and then not answer it. It answers the first `skip` writes."""
        self._managers[name].faults.add(Fault("delay", method="PUT", skip=skip, seconds=_HOLD_SECONDS, after=True))

    def holding(self, name: str) -> bool:
        """Whether the held write has arrived."""
        return not self._managers[name].faults

    def written(self) -> int:
        """Return how many certificates have been written so far, on all managers together."""
        return sum(len(journal.by_certificate) for journal in self._journals.values())

    def inspect(self) -> list[Inspection]:
        """Inspect all managers. A held write is in progress, but it has been carried out."""
        return [self._inspection(name) for name in self._managers]

    def _inspection(self, name: str) -> Inspection:
        journal = self._journals[name]
        wrong = dict(self._wrong(self._managers[name]))
        return Inspection(
            manager=name,
            requests={str(token): count for token, count in journal.by_token.items()},
            writes=dict(journal.by_certificate),
            failed={str(status): count for status, count in journal.failed.items()},
            wrong=len(wrong),
            problems=tuple(list(wrong.values())[:_PROBLEMS_SHOWN]),
        )

    def _wrong(self, manager: Manager) -> Iterator[tuple[tuple[str, str], str]]:
        """Yield the key of each wrong certificate, with a message."""
        for key in sorted({*manager.state.certificates, *self._desired.state.certificates}):
            held, desired = (one.state.certificates.get(key) for one in (manager.installation, self._desired))
            if held is None or desired is None:
                yield key, f"{key[1]} was created or deleted"
            elif held.description != desired.description or set(held.entries) != set(desired.entries):
                yield key, f"the record does not hold the new certificate {key[1]}"
            else:
                for environment in ENVIRONMENTS:
                    if manager.served(environment, *key) != self._desired.gateways[environment][key]:
                        yield key, f"the gateways of {environment} do not hold the new certificate {key[1]}"


def _installation(pems: Sequence[str]) -> Installation:
    """Return an installation with one certificate for each PEM, in all environments. It has no tokens."""
    manager = Manager()
    manager.add_project(PROJECT, ENVIRONMENTS)
    for index, pem in enumerate(pems):
        name = certificate_name(index)
        manager.add_certificate(
            PROJECT, name, dict.fromkeys(ENVIRONMENTS, pem), alias=f"{name}-alias", description=f"API {index}"
        )
    manager.state.tokens.clear()
    return manager.installation


def _reserve_port() -> socket.socket:
    """Bind a free port without listening: it refuses connections, and no other process gets it."""
    reserved = socket.socket()
    reserved.bind((HOST, 0))
    return reserved
