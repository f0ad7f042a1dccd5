# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification at the gateways: whether they hold what the manager's record contains.

One request for each environment answers for all certificates in it. Several environments are asked in parallel.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import GATEWAYS_UNKNOWN
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import (
    CONFIRMED,
    STALE,
    UNDEPLOYED,
    Trusted,
    delays,
    folded,
    required_message,
    unknown_lines,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.module_utils._truststores import Answer
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.remedies import ROLE_REMEDIES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason

Answers = dict[tuple[str, str], Gateway]
"""What the gateways hold, by C(project/name) and environment."""

_STORED_ONLY = (
    "Most likely, this manager stores imported certificates without deploying them. Use certificate_rotation_strategy=overlap, "
    "which rotates in waves without imports, or a single wave with certificate_rotation_strategy=replace, which deploys to all "
    "environments in one update (and set certificate_rotation_verify_gateways=required if the record was not rolled back). "
    "Otherwise, the deployment failed, or takes longer than certificate_rotation_verify_gateways_timeout"
)
_NOT_DEPLOYED = (
    "The deployment may still be in progress, or has failed without being reported. Check these environments in the "
    "manager's console, or raise certificate_rotation_verify_gateways_timeout"
)


@dataclass(frozen=True)
class Expected:
    """A certificate that the gateways of an environment should hold.

    :arg other_than: an alias under which they may hold the same certificate, which does not count; None for no such alias.
    """

    key: str
    project: str
    environment: str
    trusted: Trusted
    other_than: str | None = None


def ask(access: ManagerAccess, expected: Sequence[Expected]) -> Answers:
    """Ask the gateways once, by the key of the certificate and the environment."""
    results = access.read_truststores({one.environment: one.project for one in expected})
    answers = {environment: _answer(result) for environment, result in results.items()}
    return {
        (one.key, one.environment): _without(answers[one.environment], one.other_than).state_of(
            one.environment, one.trusted
        )
        for one in expected
    }


def _without(answer: Answer, alias: str | None) -> Answer:
    """The answer without what the gateways hold under an alias, in upper or lower case."""
    if alias is None:
        return answer
    return replace(answer, held=tuple(one for one in answer.held if folded(one.alias) != folded(alias)))


def _answer(result: Result) -> Answer:
    if result.get("failed"):
        return Answer(reason=str(result.get("msg")))
    truststore = result["truststores"][0]
    return Answer(tuple(Trusted.of(view) for view in truststore["certificates"]), source=truststore["source"])


def ask_until_confirmed(
    access: ManagerAccess,
    expected: Sequence[Expected],
    timeout: float,
    sleep: Callable[[float], object] = time.sleep,
) -> Answers:
    """Ask the gateways until each holds what it should, or is unknown, but not longer than the timeout in seconds."""
    found = ask(access, expected) if expected else {}
    for delay in delays(timeout):
        pending = [one for one in expected if found[one.key, one.environment].state in UNDEPLOYED]
        if not pending:
            break
        sleep(delay)
        found.update(ask(access, pending))
    return found


def gateway_problems(found: Answers, strategy: str, mode: str) -> list[str]:
    """Why the gateways are not as they should be after a write, as messages for the user."""
    undeployed = {key: gateway for key, gateway in found.items() if gateway.state in UNDEPLOYED}
    messages = []
    if undeployed:
        held = by_reason((key, name, _held(gateway)) for (key, name), gateway in undeployed.items())
        lines = [f"{targets}: the gateways {what}" for targets, what in held]
        remedy = _STORED_ONLY if strategy == "per_environment" else _NOT_DEPLOYED
        messages += [f"The gateways do not hold the new certificate: {'; '.join(lines)}", remedy]
    return messages + (unknown_problems(found) if mode == "required" else [])


def unknown_problems(found: Answers) -> list[str]:
    """Why the gateways could not be asked, as messages for the user. No request can ask the manager itself."""
    lines = unknown_lines(found.values())
    return (
        [required_message("certificate_rotation_verify_gateways", lines, ROLE_REMEDIES[GATEWAYS_UNKNOWN])]
        if lines
        else []
    )


def notes(found: Answers) -> list[str]:
    """What is worth a warning: gateways that hold a certificate under another alias, and those that could not be asked."""
    elsewhere = [
        f"The gateways of {name} hold certificate {key}, {gateway.reason}"
        for (key, name), gateway in found.items()
        if gateway.state == CONFIRMED and gateway.reason
    ]
    return [*elsewhere, *unknown_lines(found.values(), with_manager=True)]


def merged(saved: Mapping[str, Mapping[str, t.Any]], found: Answers) -> dict[str, dict[str, t.Any]]:
    """What a run has saved, with further answers, by the key of the certificate and the environment."""
    both = {key: dict(environments) for key, environments in saved.items()}
    for (key, name), gateway in found.items():
        both.setdefault(key, {})[name] = asdict(gateway)
    return both


def _held(gateway: Gateway) -> str:
    if gateway.state != STALE:
        return "do not hold it"
    other = f"SHA-256 {gateway.fingerprint_sha256[:16]}..." if gateway.fingerprint_sha256 else "another certificate"
    return f"hold {other} instead"
