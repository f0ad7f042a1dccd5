# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletes many certificates. The record is read back once for all of them, not before and after each one."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import sleep

from ansible_collections.apinizer.apiops.plugins.module_utils._client import backoff_delay
from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, Operation, failures
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.window import rolling_window

View = Mapping[str, t.Any]
Guard = Callable[[Callable[[], Result]], Callable[[], Result]]


@dataclass(frozen=True)
class Deletion:
    """What became of a certificate that was to be deleted.

    :arg kept: why it is still there; empty if it was deleted.
    :arg doubt: why its gateways may still hold it although it was deleted; empty if nothing suggests that.
    """

    kept: str = ""
    doubt: str = ""


def delete_all(
    operations: Mapping[str, Operation],
    access: ManagerAccess,
    parallel: int,
    ended: Callable[[str, Deletion], object],
    guard: Guard = lambda work: work,
) -> None:
    """Delete certificates. One that cannot be deleted does not keep the others from being deleted.

    A project is listed once after all requests, and once more after each round of retries, which sends those again that may
    succeed now. Modules that run in processes of their own read the record for each certificate.

    :arg operations: the deletions, by C(project/name).
    :arg parallel: how many requests to send in parallel.
    :arg ended: called for each certificate, as soon as it is known what became of it.
    :arg guard: called with the work before each request; returns it, or work that only fails.
    """
    if not access.in_process:
        for key, operation in operations.items():
            ended(key, _by_module(guard(partial(access.carry_out, operation))()))
        return
    pending, attempt = list(operations), 0
    while pending:
        answers = _send(pending, operations, access, parallel, guard)
        found = _read_back(answers, operations, access)
        again = [key for key in pending if found[key].kept and answers[key].get("retries", 0) > attempt]
        for key in pending:
            if key not in again:
                ended(key, found[key])
        if again:
            sleep(max(backoff_delay(attempt, answers[key]["retry_after"]) for key in again))
        pending, attempt = again, attempt + 1


def by_key(listed: Mapping[str, Iterable[View]]) -> dict[str, View]:
    """The certificates of projects, by C(project/name)."""
    return {
        f"{project}/{certificate['name']}": certificate
        for project, certificates in listed.items()
        for certificate in certificates
    }


def _by_module(result: Result) -> Deletion:
    message = str(result.get("msg")) if result.get("failed") else ""
    deleted = result.get("changed") and result.get("certificate", result) is None
    return Deletion(doubt=message) if deleted else Deletion(kept=message)


def _send(
    keys: Sequence[str], operations: Mapping[str, Operation], access: ManagerAccess, parallel: int, guard: Guard
) -> dict[str, Result]:
    """What the manager has answered to each request."""
    answers: dict[str, Result] = {}

    def end(key: str, answer: Result) -> bool:
        answers[key] = answer
        return True

    rolling_window(keys, parallel, lambda key: guard(partial(access.send_deletion, operations[key])), end)
    return answers


def _read_back(
    answers: Mapping[str, Result], operations: Mapping[str, Operation], access: ManagerAccess
) -> dict[str, Deletion]:
    """What became of each certificate: the record decides, regardless of the answer."""
    listed = access.list_certificates(sorted({operations[key].project for key in answers}))
    held = by_key({project: result.get("certificates", ()) for project, result in listed.items()})
    return {key: _judged(answer, listed[operations[key].project], held=key in held) for key, answer in answers.items()}


def _judged(answer: Result, listed: Result, *, held: bool) -> Deletion:
    failed = bool(answer.get("failed"))
    message = str(answer["msg"]) if failed else "The manager answered the deletion with success"
    if listed.get("failed"):
        # As long as this is not known, it counts as kept.
        unread = "Whether it was deleted is unknown, since the project could not be listed afterwards"
        return Deletion(kept=join_sentences(message, f"{unread}: {failures({'': listed})[0]}"))
    if held:
        return Deletion(kept=message if failed else f"{message}, but still holds the certificate")
    if failed:
        return Deletion(doubt=join_sentences(message, "The certificate was deleted nevertheless"))
    deployment = answer["deployment"]
    if deployment["success"] is not False:
        return Deletion()
    where = "; ".join(
        one["name"] + (f" ({one['message']})" if one["message"] else "")
        for one in deployment["environments"]
        if one["success"] is False
    )
    return Deletion(
        doubt=f"its deployment failed in: {where or deployment['message'] or '(the manager does not say where)'}"
    )
