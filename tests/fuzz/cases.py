# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two kinds of cases: faults of the manager, and mutated responses."""

from __future__ import annotations

import os
import random
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from manager import Fault, Manager

from . import operations, role
from .certificates import OTHER
from .mutations import another_manager, mutate
from .operations import Case
from .relay import MOST_REQUESTS, relay
from .world import ENVIRONMENTS, NAME, PROJECT, make_world

SECONDS = 60.0
"""A case that takes longer hangs."""

_CHANGING: list[Callable[[Case], None]] = [*operations.CERTIFICATE, role.rotate, role.rotate, role.restore]
_ALL: list[Callable[[Case], None]] = [*_CHANGING, role.plan, *operations.READING]

_METHODS = {
    "create": ["POST"],
    "keep": ["POST"],
    "delete": ["DELETE"],
    "verify": ["PUT", "POST"],
    "rotate": ["PUT", "POST"],
    "restore": ["PUT", "POST"],
}
"""With which methods an operation writes; without an entry, with PUT."""


@dataclass(frozen=True)
class Report:
    """A case that has run: what it was, and what does not hold.

    :arg mutations: how many responses were mutated, or how many faults were triggered.
    """

    kind: str
    seed: int
    operation: str
    mutations: int
    description: str
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Describe the case, and how to repeat it."""
        problems = "\n  ".join(self.problems)
        return (
            f'FAILED: make fuzz ARGS="--only {self.kind} --seed {self.seed} --count 1"\n'
            f"  {problems}\n{self.description.strip()}"
        )


def fault_case(seed: int) -> Report:
    """Run an operation while faults happen."""
    rng = random.Random(seed)
    operation = rng.choice(_CHANGING)
    with make_world(rng) as world, tempfile.TemporaryDirectory() as folder:
        methods = _METHODS.get(operation.__name__, ["PUT"])
        faults = [random_fault(rng, methods) for _unused in range(rng.choice([1, 1, 2, 2, 3, 4]))]
        loses = rng.random() < 0.05
        if loses:
            faults = [*_half_update(rng), *faults]
        slow = any(fault.kind == "delay" for fault in faults)
        case = Case(
            rng,
            world,
            world.manager.url,
            Path(folder),
            timeout=0.15 if slow else 10.0,
            retries=rng.choice([0, 1, 2]),
            reliable=not any(fault.kind == "lost_update" for fault in faults),
            loses=loses,
            strict=lambda: all(fault.kind != "other_writer" or fault.action is _lose for fault in faults),
        )
        world.manager.faults.add(*faults)
        shown = "\n  ".join(repr(fault).replace("Fault", "", 1) for fault in faults)
        triggered = _run(case, operation)
        happened = sum(len(request.faults) for request in world.manager.journal)
        lines = [f"{one.method} {one.raw_path} {one.status} {' '.join(one.faults)}" for one in world.manager.journal]
        return _report("faults", seed, operation, happened, case, [f"  {shown}", *lines], triggered)


def mutation_case(seed: int) -> Report:
    """Run an operation while some responses are mutated."""
    rng = random.Random(seed)
    operation = rng.choice(_ALL)
    mutation = mutate
    with make_world(rng) as world, tempfile.TemporaryDirectory() as folder:
        if rng.random() < 0.25:
            mutation = another_manager(rng)

            def chosen(number: int, method: str) -> bool:
                return True

        elif rng.random() < 0.5 and operation in _CHANGING:
            chance = rng.choice([0.5, 1.0])

            def chosen(number: int, method: str) -> bool:
                return method != "GET" and random.Random(f"{seed}/{number}/chosen").random() < chance

        else:
            first = rng.choices(range(rng.choice([1, 2, 6, 20])), k=rng.choice([1, 2, 4]))
            numbers = set(first if rng.random() < 0.7 else range(MOST_REQUESTS))

            def chosen(number: int, method: str) -> bool:
                return number in numbers

        with relay(world.manager, seed, chosen, mutation=mutation, keep_alive=rng.random() < 0.1) as server:
            case = Case(
                rng,
                world,
                server.url,
                Path(folder),
                timeout=1.0,
                retries=rng.choice([0, 0, 1]) if operation not in operations.READING else 0,
                strict=lambda: not server.misleading,
                refused=lambda: server.refused,
            )
            triggered = _run(case, operation)
            if len(server.lines) >= MOST_REQUESTS:
                case.problem(f"sent {len(server.lines)} requests")
        return _report("mutations", seed, operation, server.mutated, case, server.lines, triggered)


def _run(case: Case, operation: Callable[[Case], None]) -> list[str]:
    """Run the operation, and check what holds for all of them. Return the lines of a traceback."""
    start = time.monotonic()
    lines: list[str] = []
    caller = {name: value for name, value in os.environ.items() if not name.startswith("APINIZER_")}
    try:
        with (
            mock.patch.dict(os.environ, {**caller, "NO_PROXY": "*", "no_proxy": "*"}, clear=True),
            case.without_delays(),
        ):
            operation(case)
    except Exception as error:  # noqa: BLE001
        case.problem(f"ended with {type(error).__name__}: {error!s:.300}")
        lines = traceback.format_exc().splitlines()[-14:]
    seconds = time.monotonic() - start
    if seconds > SECONDS:
        case.problem(f"took {seconds:.0f} seconds")
    case.outcome.check_texts()
    case.check_secrets()
    return lines


def _report(
    kind: str,
    seed: int,
    operation: Callable[[Case], None],
    mutations: int,
    case: Case,
    lines: list[str],
    trace: list[str],
) -> Report:
    shown = [line if len(line) < 500 else f"{line[:500]}…" for line in lines]
    description = "\n  ".join([case.description, case.world.description, *shown, *trace])
    return Report(kind, seed, operation.__name__, mutations, description, tuple(dict.fromkeys(case.outcome.problems)))


def random_fault(rng: random.Random, methods: Sequence[str]) -> Fault:
    """Return a fault of any kind, for some requests. `methods`: those of the writes, which most faults are about."""
    kind: Any = rng.choice(
        [
            *("status", "status", "html", "redirect", "malformed", "empty", "drop_before", "drop_after", "drop_after"),
            *("lost_update", "deployment_failure", "deployment_failure"),
            *(["delay"] if rng.random() < 0.2 else []),
            *(["other_writer"] if rng.random() < 0.2 else []),
        ]
    )
    given: dict[str, Any] = {
        "method": rng.choice([None, "GET", *methods, *methods]),
        "times": rng.choice([1, 1, 2, 3, None]),
        "skip": rng.choice([0, 0, 0, 0, 1, 2, 4]),
    }
    if rng.random() < 0.2:
        given["path"] = rng.choice(["certificates", "truststore", "environments", "jwks", "import-file"])
    if kind == "status":
        given["status"] = rng.choice([400, 401, 403, 404, 405, 408, 409, 429, 500, 500, 501, 502, 503, 503, 504])
        given["headers"] = rng.choice([{}, {}, {"Retry-After": "1"}, {"Retry-After": "1000"}])
        # A manager does not carry out what it refuses.
        given["after"] = given["status"] >= 500 and rng.random() < 0.5
    elif kind == "redirect":
        given["location"] = "https://elsewhere.example.com/login"
    elif kind in ("html", "malformed", "empty"):
        given["after"] = rng.random() < 0.5
        given["status"] = rng.choice([None, None, 200, 500, 502]) if kind != "malformed" else None
    elif kind == "delay":
        given |= {"seconds": 0.3, "after": rng.random() < 0.5, "times": 1}
    elif kind == "deployment_failure":
        given["environments"] = tuple(name for name in ENVIRONMENTS if rng.random() < 0.5) or (ENVIRONMENTS[0],)
    elif kind == "other_writer":
        given |= {"action": rng.choice([_rename, _replace, _remove]), "after": rng.random() < 0.5}
    return Fault(kind, **given)


def _half_update(rng: random.Random) -> list[Fault]:
    """An update that deletes the certificate, and then fails."""
    update: dict[str, Any] = {"method": "PUT", "path": f"certificates/{NAME}"}
    response = rng.choice([Fault("drop_before", **update), Fault("status", status=500, **update)])
    return [Fault("other_writer", action=_lose, **update), response]


def _lose(manager: Manager) -> None:
    _remove(manager)


def _replace(manager: Manager) -> None:
    manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, OTHER), description="Theirs")


def _rename(manager: Manager) -> None:
    manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS[:1], OTHER), alias="theirs")


def _remove(manager: Manager) -> None:
    if (PROJECT, NAME) in manager.state.certificates:
        manager.remove_certificate(PROJECT, NAME)


KINDS: dict[str, Callable[[int], Report]] = {"faults": fault_case, "mutations": mutation_case}
