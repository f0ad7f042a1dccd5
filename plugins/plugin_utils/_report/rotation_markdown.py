# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a rotation as Markdown."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import Held
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.markdown import (
    bullets,
    heading,
    join,
    quote,
    table,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import (
    Certificate,
    Environment,
    Problem,
    Rotation,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, days

HELD_HEADS = ("Subject", "Issuer", "Alias", "Serial number", "Valid from", "Valid until", "Days left", "Fingerprint")


def held_cells(held: Held | None, missing: str | None = None) -> tuple[object, ...]:
    """What stands below C(HELD_HEADS).

    :arg missing: what to say where there is no certificate.
    """
    if held is None:
        return (missing, *[None] * (len(HELD_HEADS) - 1))
    fingerprint = held.fingerprint
    return (
        held.subject,
        held.issuer,
        held.alias,
        held.serial_number,
        clock(held.not_before),
        clock(held.not_after),
        f"{days(held.days_remaining)} (expired)" if held.expired else days(held.days_remaining),
        f"{fingerprint.algorithm} {fingerprint.value}" if fingerprint else None,
    )


def rotation_md(rotation: Rotation) -> str:
    """The whole document."""
    kind = "Certificate rotation in check mode" if rotation.check_mode else "Certificate rotation"
    blocks: list[str | list[str]] = [heading(1, f"{kind}: {rotation.outcome.text}"), quote(rotation.message)]
    if rotation.problems:
        blocks += [heading(2, "What needs attention"), bullets(_problem(problem) for problem in rotation.problems)]
    blocks += [
        heading(2, "Summary"),
        table(("Fact", "Value"), rotation.summary),
        table(
            ("Certificates", "Count"), ((state.text, number) for state, number in rotation.counts), numbers=("Count",)
        ),
    ]
    if rotation.waves:
        waves = ((wave.number, ", ".join(wave.environments), wave.outcome.text) for wave in rotation.waves)
        blocks += [heading(2, "Waves"), table(("Wave", "Environments", "Outcome"), waves)]
    if rotation.changing:
        blocks.append(heading(2, "Details by certificate"))
        for certificate in rotation.changing:
            blocks += _certificate(certificate)
    if rotation.unchanged:
        heads = ("Certificate", "Environment", *HELD_HEADS, "Why")
        rows = _unchanged(rotation.unchanged)
        blocks += [heading(2, "Certificates that needed nothing"), table(heads, rows, numbers=("Days left",))]
    if rotation.rollback.performed or rotation.rollback.messages:
        said = bullets([rotation.rollback.state.text, *rotation.rollback.messages])
        blocks += [heading(2, "Rollback"), said]
    return join(*blocks, f'"Now" means {clock(rotation.moment)}.')


def _problem(problem: Problem) -> str:
    where = ""
    if problem.certificate:
        place = f" in {problem.environment}" if problem.environment is not None else ""
        where = f"{problem.certificate.project} / {problem.certificate.name}{place}: "
    return f"{problem.state.text}. {where}{problem.text}"


def _certificate(certificate: Certificate) -> t.Iterator[str | list[str]]:
    yield heading(3, f"{certificate.project} / {certificate.name}: {certificate.outcome.text}")
    yield table(
        ("Environment", "Wave", "Action", "Entries", "Holds now", "Deployment", "Rolled back"),
        (_done(environment) for environment in certificate.environments),
    )
    yield table(
        ("Environment", "State", *HELD_HEADS),
        (
            (environment.name, state.label, *held_cells(state.held, state.missing))
            for environment in certificate.environments
            for state in environment.states
        ),
        numbers=("Days left",),
    )
    if certificate.guards:
        yield table(
            ("Guard", "Environment", "Result", "Message", "Current", "New"),
            (
                (guard.name, guard.environment or "all", guard.state.text, guard.message, guard.current, guard.new)
                for guard in certificate.guards
            ),
        )


def _done(environment: Environment) -> tuple[object, ...]:
    deployment = environment.deployment
    said = f"{deployment.state.text}. {deployment.message or ''}" if deployment else None
    rolled_back = {True: "yes", False: "no", None: None}[environment.rolled_back]
    return (
        environment.name,
        environment.wave,
        environment.todo,
        environment.entries,
        environment.holds.text,
        said,
        rolled_back,
    )


def _unchanged(certificates: t.Iterable[Certificate]) -> t.Iterator[tuple[object, ...]]:
    for certificate in certificates:
        for environment in certificate.environments:
            name = f"{certificate.project} / {certificate.name}"
            yield (name, environment.name, *held_cells(environment.now, environment.holds.label), environment.todo)
