# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a rotation as values, and what follows from it. Pure.

The shape of the result is documented with the filter C(apinizer.apiops.rotation_report).
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status as words
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import Held, read_held
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, plain
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import Vocabulary, Word, rank, word
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import NOTHING, clock, count, duration

SCHEMA = 1

# Outcomes of a certificate that nothing was written for.
_UNTOUCHED = ("in_sync", "not_due", "planned", "skipped", "not_started")


@dataclass(frozen=True)
class Deployment:
    """What the manager said of a deployment."""

    state: Word
    message: str | None


@dataclass(frozen=True)
class State:
    """What an environment held, was to hold or holds.

    :arg missing: what to say where there is no certificate.
    """

    label: str
    held: Held | None
    missing: str
    is_now: bool = False


@dataclass(frozen=True)
class Environment:
    """One environment of a certificate: what it held, was to hold, and holds now.

    :arg known: whether C(now) is known, so that None means that there is no certificate.
    """

    name: str
    wave: int | None
    action: str
    reason: str
    before: Held | None
    wanted: Held | None
    now: Held | None
    entries: int | None
    deployment: Deployment | None
    rolled_back: bool | None
    known: bool

    @property
    def changes(self) -> bool:
        """Whether anything was to be done here."""
        return self.action != "none"

    @property
    def holds(self) -> Word:
        """What the environment holds now, in relation to what it held and was to hold."""
        return words.HOLDS[self._holds()]

    def _holds(self) -> str:
        if self.now is None:
            return "nothing" if self.known else "unknown"
        is_wanted = self.wanted.same_as(self.now) if self.wanted else False
        is_before = self.before.same_as(self.now) if self.before else False
        if is_before and not self.changes:
            return "unchanged"
        if is_wanted:
            return "new"
        if is_before:
            return "previous"
        return "unmarked" if None in (is_wanted, is_before) else "other"

    @property
    def todo(self) -> str:
        """What was to be done, and why."""
        action = words.ACTION.get(self.action, self.action)
        return f"{action}: {words.REASON.get(self.reason, self.reason)}"

    @property
    def states(self) -> list[State]:
        """The certificates to show, in the order of time."""
        now = State("Now", self.now, self.holds.label, is_now=True)
        if not self.changes:
            return [now]
        return [State("Before", self.before, "No certificate"), State("New", self.wanted, "To be obtained"), now]


@dataclass(frozen=True)
class Guard:
    """One check before the first write."""

    name: str
    environment: str | None
    state: Word
    message: str | None
    current: str | None
    new: str | None

    @property
    def passed(self) -> bool:
        """Whether it let the rotation go on."""
        return self.state.key == "true"


@dataclass(frozen=True)
class Certificate:
    """One certificate of a project. Its guards stand with those that failed first."""

    number: int
    project: str
    name: str
    outcome: Word
    environments: tuple[Environment, ...]
    guards: tuple[Guard, ...]

    @property
    def changes(self) -> bool:
        """Whether there is more to tell than what it holds."""
        if self.outcome.key not in ("in_sync", "not_due"):
            return True
        return any(environment.changes for environment in self.environments) or bool(_problems_of(self))


@dataclass(frozen=True)
class Wave:
    """Environments that were written together."""

    number: int
    environments: tuple[str, ...]
    outcome: Word


@dataclass(frozen=True)
class Rollback:
    """What became of the way back."""

    performed: bool
    complete: bool | None
    messages: tuple[str, ...]

    @property
    def state(self) -> Word:
        """How far it came."""
        if not self.performed:
            return words.ROLLBACK["none"]
        return words.ROLLBACK["complete" if self.complete else "incomplete"]


@dataclass(frozen=True)
class Problem:
    """Something that a reader has to know first. C(certificate) is None where it concerns the whole run."""

    certificate: Certificate | None
    environment: str | None
    state: Word
    text: str


@dataclass(frozen=True)
class Rotation:
    """A whole run. Its certificates stand in the order in which a reader should meet them."""

    manager: str
    host: str
    started: datetime
    finished: datetime | None
    check_mode: bool
    outcome: Word
    message: str
    strategy: str | None
    strategy_reason: str | None
    waves: tuple[Wave, ...]
    certificates: tuple[Certificate, ...]
    rollback: Rollback
    backup: str | None

    @property
    def moment(self) -> datetime:
        """When what it says of "now" was true."""
        return self.finished or self.started

    @property
    def changing(self) -> list[Certificate]:
        """The certificates that the run was about."""
        return [certificate for certificate in self.certificates if certificate.changes]

    @property
    def unchanged(self) -> list[Certificate]:
        """The certificates that needed nothing."""
        return [certificate for certificate in self.certificates if not certificate.changes]

    @property
    def counts(self) -> list[tuple[Word, int]]:
        """How many certificates had which outcome."""
        return _counted(words.CERTIFICATE, (certificate.outcome for certificate in self.certificates))

    @property
    def held(self) -> list[tuple[Word, int]]:
        """How many environments hold what now, of those in which something was to be done."""
        environments = (one for certificate in self.certificates for one in certificate.environments if one.changes)
        return _counted(words.HOLDS, (environment.holds for environment in environments))

    @property
    def summary(self) -> list[tuple[str, str]]:
        """The facts of the run, each with its name."""
        facts = [
            ("Manager", self.manager),
            ("Inventory host", self.host),
            ("Started", clock(self.started)),
            ("Finished", self._finished),
            ("Mode", "Check mode: nothing was written" if self.check_mode else "Real run"),
        ]
        if self.strategy:
            facts.append(("Strategy", words.STRATEGY.get(self.strategy, self.strategy)))
        if self.strategy_reason:
            facts.append(("Why this strategy", self.strategy_reason))
        facts.append(("Backup", self.backup or "None was made"))
        if self.held:
            facts.append(
                ("Held now", "; ".join(f"{state.label}: {count(number, 'place')}" for state, number in self.held))
            )
        return facts

    @property
    def _finished(self) -> str:
        if self.finished is None:
            return NOTHING
        return f"{clock(self.finished)} ({duration(self.finished - self.started)})"

    @property
    def problems(self) -> list[Problem]:
        """What went wrong, where, and what stays wrong."""
        found = [problem for certificate in self.certificates for problem in _problems_of(certificate)]
        if self.rollback.performed and self.rollback.complete is not True:
            text = "The rollback is not complete. What it said stands under Rollback."
            found.insert(0, Problem(None, None, words.ROLLBACK["incomplete"], text))
        return found


def _problems_of(certificate: Certificate) -> list[Problem]:
    found = [
        Problem(certificate, guard.environment, guard.state, f"Guard {guard.name}: {guard.message or 'no message'}")
        for guard in certificate.guards
        if not guard.passed
    ]
    for environment in certificate.environments:
        deployment = environment.deployment
        if deployment and deployment.state.tone != "good":
            said = deployment.message or "The manager gave no message."
            found.append(Problem(certificate, environment.name, deployment.state, said))
        mixed = certificate.outcome.key == "failed" and environment.changes
        if mixed or environment.holds.tone in ("bad", "warn"):
            until = f", valid until {clock(environment.now.not_after)}" if environment.now else ""
            found.append(Problem(certificate, environment.name, environment.holds, f"Held now{until}"))
    return found


def _counted(vocabulary: Vocabulary, states: t.Iterable[Word]) -> list[tuple[Word, int]]:
    """How often each state occurs, in the order of the vocabulary."""
    return sorted(Counter(states).items(), key=lambda counted: rank(vocabulary, counted[0]))


def read_rotation(value: object) -> Rotation:
    """Read the result of the role.

    :raises ReportError: saying where it is not what it should be.
    """
    result = Reader(plain(value, "result"), "result")
    result.expect("schema", SCHEMA)
    check_mode = result.flag("check_mode")
    found = result.each("certificates")
    # A run that could not read the manager at the end knows what no environment holds, so one that is known tells.
    read_back = any(environment.optional("now") for one in found for environment in one.each("environments"))
    certificates = [
        _certificate(certificate, number, check_mode=check_mode, read_back=read_back)
        for number, certificate in enumerate(found, start=1)
    ]
    certificates.sort(key=lambda one: (rank(words.CERTIFICATE, one.outcome), one.project, one.name))
    return Rotation(
        manager=result.text("manager"),
        host=result.text("host"),
        started=result.moment("started"),
        finished=result.optional_moment("finished"),
        check_mode=check_mode,
        outcome=word(words.RUN, result.text("outcome")),
        message=result.optional_text("message") or "",
        strategy=result.optional_text("strategy"),
        strategy_reason=result.optional_text("strategy_reason"),
        waves=tuple(_wave(wave) for wave in result.each("waves")),
        certificates=tuple(certificates),
        rollback=_rollback(result.optional("rollback")),
        backup=result.optional_text("backup"),
    )


def _wave(wave: Reader) -> Wave:
    return Wave(wave.number("number"), wave.texts("environments"), word(words.WAVE, wave.text("outcome")))


def _rollback(rollback: Reader | None) -> Rollback:
    if rollback is None:
        return Rollback(performed=False, complete=None, messages=())
    return Rollback(rollback.flag("performed"), rollback.optional_flag("complete"), rollback.texts("messages"))


def _certificate(certificate: Reader, number: int, *, check_mode: bool, read_back: bool) -> Certificate:
    outcome = word(words.CERTIFICATE, certificate.text("outcome"))
    untouched = check_mode or outcome.key in _UNTOUCHED
    guards = [_guard(guard) for guard in certificate.each("guards")]
    return Certificate(
        number=number,
        project=certificate.text("project"),
        name=certificate.text("name"),
        outcome=outcome,
        environments=tuple(
            _environment(environment, untouched=untouched, read_back=read_back)
            for environment in certificate.each("environments")
        ),
        guards=tuple(sorted(guards, key=lambda guard: guard.passed)),
    )


def _environment(environment: Reader, *, untouched: bool, read_back: bool) -> Environment:
    """One environment. Where nothing was written, it holds what it held."""
    action = environment.text("action")
    untouched = untouched or action == "none"
    before = _held(environment, "from")
    return Environment(
        name=environment.text("name"),
        wave=environment.optional_number("wave"),
        action=action,
        reason=environment.text("reason"),
        before=before,
        wanted=_held(environment, "to"),
        now=_held(environment, "now") or (before if untouched else None),
        entries=environment.optional_number("entries"),
        deployment=_deployment(environment.optional("deployment")),
        rolled_back=environment.optional_flag("rolled_back"),
        known=untouched or read_back,
    )


def _held(environment: Reader, key: str) -> Held | None:
    certificate = environment.optional(key)
    return read_held(certificate) if certificate else None


def _deployment(deployment: Reader | None) -> Deployment | None:
    if deployment is None:
        return None
    state = {True: "true", False: "false", None: "null"}[deployment.optional_flag("success")]
    return Deployment(words.DEPLOYMENT[state], deployment.optional_text("message"))


def _guard(guard: Reader) -> Guard:
    return Guard(
        name=guard.text("guard"),
        environment=guard.optional_text("environment"),
        state=words.GUARD["true" if guard.flag("passed") else "false"],
        message=guard.optional_text("message"),
        current=guard.optional_text("current"),
        new=guard.optional_text("new"),
    )
