# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two tasks of the collection, from request to result. Knows neither Ansible nor HTTP's details.

One flow for check mode and for real: read, plan, [write], read back, result. Check mode leaves the write out.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.apinizer.apiops.plugins.module_utils import _result
from ansible_collections.apinizer.apiops.plugins.module_utils._api import (
    NOT_OFFERED,
    PSEUDO_ENVIRONMENT,
    CertificateApi,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, InputError, RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Desired, Plan, plan_absent, plan_present
from ansible_collections.apinizer.apiops.plugins.module_utils._writer import WriteError, Writer

_Warn = t.Callable[[str], None]


@dataclass(frozen=True)
class CertificateOperation:
    """One task of C(apinizer_certificate).

    :arg jwk_scope: C(SAME_PROJECT) or C(ALL_PROJECTS) to update JWKs made from the certificate, None to leave them.
    :arg delete_jwks: delete them together with the certificate.
    """

    project: str
    name: str
    absent: bool
    desired: Desired
    jwk_scope: str | None = None
    delete_jwks: bool = False


class OperationError(ApinizerError):
    """A task that wrote and did not reach its end. C(result) has the return values as far as they are known."""

    def __init__(self, message: str, result: dict[str, t.Any]) -> None:
        super().__init__(message)
        self.result = result


def run_certificate_operation(
    api: CertificateApi, task: CertificateOperation, *, check_mode: bool, now: datetime, warn: _Warn
) -> dict[str, t.Any]:
    """Bring a certificate to the state that a task asks for.

    :returns: the module's return values.
    :raises InputError: where the task has to be mended; nothing was written.
    :raises RequestError: where the manager could not be read; nothing was written.
    :raises OperationError: where writing did not succeed.
    """
    wanted = task.desired.bundle
    before = _read(api, task)
    plan = plan_absent(before) if task.absent else plan_present(task.project, task.name, before, task.desired)
    for warning in plan.warnings:
        warn(warning)
    _look_ahead(api, task, plan, warn)

    def result(after: StoredCertificate | None, deployment: Deployment | None, *, changed: bool) -> dict[str, t.Any]:
        if changed:
            after = _with_description_sent(after, plan)
        described = _result.certificate(after, now, wanted=wanted)
        return {
            "changed": changed,
            "operation": plan.operation,
            "certificate": described,
            "previous": _result.certificate(before, now, wanted=wanted, with_content=True),
            "deployment": _result.deployment(deployment),
            "diff": _result.diff(
                f"{task.project}/{task.name}", _result.certificate(before, now, wanted=wanted), described
            ),
        }

    if check_mode or plan.operation == "none":
        return result(plan.after, None, changed=plan.operation != "none")
    writer = Writer(api, task.project, task.name, warn=warn, jwk_scope=task.jwk_scope, with_jwks=task.delete_jwks)
    try:
        after, deployment = writer.carry_out(plan, before)
    except WriteError as exc:
        known = result(exc.after, exc.deployment, changed=exc.changed)
        if not exc.known:
            known.pop("certificate")
            known.pop("diff")
        raise OperationError(str(exc), known) from exc
    return result(after, deployment, changed=True)


def _with_description_sent(after: StoredCertificate | None, plan: Plan) -> StoredCertificate | None:
    """A manager that does not report descriptions has the one that was sent, where it holds what was sent."""
    if after is None or after.description_reported or plan.after is None:
        return after
    holds_it = after.same_state(replace(plan.after, description=None))
    return replace(after, description=plan.after.description) if holds_it else after


def _read(api: CertificateApi, task: CertificateOperation) -> StoredCertificate | None:
    """What the manager has. The list alone can say "absent", so a task that wants that asks it first."""
    if task.absent:
        listed = api.find_listed(task.project, task.name)
        if listed is None or all(entry.bundle for entry in listed.entries):
            return listed
    current = api.find(task.project, task.name)
    return current.recognising(task.desired.bundle) if current else None


def _look_ahead(api: CertificateApi, task: CertificateOperation, plan: Plan, warn: _Warn) -> None:
    """What reading can tell of the write before it is sent, in check mode just as well.

    The JWKs come first: their list also shows the manager's generation, which saves a request for the environments.
    """
    if plan.operation == "update" and task.jwk_scope is None:
        _warn_of_jwks(api, task, warn)
    if plan.added:
        _check_environments(api, task, plan.added)


def _warn_of_jwks(api: CertificateApi, task: CertificateOperation, warn: _Warn) -> None:
    try:
        jwks = api.certificate_jwks(task.project)
    except RequestError as exc:
        if exc.status not in NOT_OFFERED:
            raise
        if exc.status in (400, 403):
            warn(f"Whether JWKs were made from certificate {task.name} could not be looked up: {exc}")
        return
    if jwks:
        warn(
            f"Project {task.project} has JWKs made from certificates: {', '.join(jwks)}. Those made from {task.name} "
            "lose their link to it with this update, unless update_referenced_jwks=true (with update_scope) takes "
            "them along"
        )


def _check_environments(api: CertificateApi, task: CertificateOperation, added: tuple[str, ...]) -> None:
    if not api.lists_environments:
        return  # then the manager checks them by itself, when it is written to
    try:
        listed = api.environments(task.project)
    except RequestError as exc:
        if exc.status not in NOT_OFFERED:
            raise
        return
    known = {environment.name for environment in listed} | {PSEUDO_ENVIRONMENT}
    unknown = sorted(set(added) - known)
    if unknown:
        raise InputError(
            "environments",
            f"project {task.project} has no environment {', '.join(unknown)}; it has "
            f"{', '.join(sorted(known))} (upper and lower case count)",
        )


@dataclass(frozen=True)
class InfoOperation:
    """One task of C(apinizer_certificate_info). C(expiring_within) is in days; None is "not given"."""

    project: str | None = None
    name: str | None = None
    environments: frozenset[str] | None = None
    expiring_within: int | None = None
    details: bool = False


def run_info_operation(api: CertificateApi, task: InfoOperation, *, now: datetime) -> list[dict[str, t.Any]]:
    """The certificates that the task asks for, as the module returns them, sorted by project and name.

    :raises RequestError: where the manager could not be read, a missing project included.
    """
    found = []
    for project in [task.project] if task.project else sorted(api.projects()):
        for listed in api.list_all(project):
            if task.name in (None, listed.name):
                chosen = _chosen(_detailed(api, listed) if task.details else listed, task, now)
                if chosen is not None:
                    found.append(chosen)
    found.sort(key=lambda stored: (stored.project, stored.name))
    return [t.cast("dict[str, t.Any]", _result.certificate(stored, now)) for stored in found]


def _detailed(api: CertificateApi, listed: StoredCertificate) -> StoredCertificate:
    """The certificate with what the list left out. One that was deleted since then stays as the list had it."""
    if all(entry.bundle for entry in listed.entries):
        return listed
    return api.find(listed.project, listed.name) or listed


def _chosen(stored: StoredCertificate, task: InfoOperation, now: datetime) -> StoredCertificate | None:
    """The certificate as far as the task's filters let it through."""
    if task.environments is not None:
        entries = tuple(entry for entry in stored.entries if entry.environment in task.environments)
        if not entries:
            return None
        stored = replace(stored, entries=entries)
    if task.expiring_within is not None:
        limit = now + timedelta(days=task.expiring_within)
        if not any(entry.not_after is not None and entry.not_after <= limit for entry in stored.entries):
            return None
    return stored


def run_environment_info_operation(api: CertificateApi, project: str) -> list[dict[str, t.Any]]:
    """The environments of a project, as the module returns them, sorted by name.

    :raises RequestError: where the manager does not list them.
    """
    environments = sorted(api.environments(project), key=lambda environment: environment.name)
    return [asdict(environment) for environment in environments]
