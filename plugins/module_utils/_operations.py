# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations of the modules, from the desired state to the result. Knows neither Ansible nor the details of HTTP.

There is one flow: read, plan, write, read back, result. Check mode is the same flow without the write.
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
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError, OperationError, RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Desired, Plan, plan_absent, plan_present
from ansible_collections.apinizer.apiops.plugins.module_utils._result import CertificateView
from ansible_collections.apinizer.apiops.plugins.module_utils._writer import WriteError, Writer

_Warn = t.Callable[[str], None]


@dataclass(frozen=True)
class CertificateOperation:
    """One operation of C(apinizer_certificate).

    :arg absent: delete the certificate.
    :arg desired: the desired state, if the certificate is not to be deleted.
    :arg jwk_scope: C(SAME_PROJECT) or C(ALL_PROJECTS) to update the JWKs created from the certificate, or None.
    :arg delete_jwks: delete the JWKs created from the certificate together with it.
    """

    project: str
    name: str
    absent: bool
    desired: Desired
    jwk_scope: str | None = None
    delete_jwks: bool = False


def run_certificate_operation(
    api: CertificateApi, operation: CertificateOperation, *, check_mode: bool, now: datetime, warn: _Warn
) -> dict[str, t.Any]:
    """Bring a certificate to its desired state.

    :arg check_mode: predict the result and write nothing.
    :arg now: the time that C(days_remaining) and C(expired) refer to.
    :arg warn: receives each warning for the user.
    :returns: the return values of the module: C(changed), C(operation), C(certificate), C(previous), C(deployment) and
        C(diff).
    :raises InputError: if an option is not valid. Nothing was written.
    :raises RequestError: if the manager could not be read. Nothing was written.
    :raises OperationError: if a write failed.
    """
    before = _read(api, operation)
    if operation.absent:
        plan = plan_absent(before)
    else:
        plan = plan_present(operation.project, operation.name, before, operation.desired)
    for warning in plan.warnings:
        warn(warning)
    _check_before_write(api, operation, plan, warn)
    bundle = operation.desired.bundle
    previous = _result.certificate(before, now, desired=bundle, with_content=True)

    def result(after: StoredCertificate | None, deployment: Deployment | None, *, changed: bool) -> dict[str, t.Any]:
        if changed:
            after = _with_description_sent(after, plan)
        certificate = _result.certificate(after, now, desired=bundle)
        return {
            "changed": changed,
            "operation": plan.operation,
            "certificate": certificate,
            "previous": previous,
            "deployment": _result.deployment(deployment),
            "diff": _result.diff(f"{operation.project}/{operation.name}", previous, certificate),
        }

    if check_mode or plan.operation == "none":
        return result(plan.after, None, changed=plan.operation != "none")
    writer = Writer(
        api,
        operation.project,
        operation.name,
        warn=warn,
        jwk_scope=operation.jwk_scope,
        with_jwks=operation.delete_jwks,
    )
    try:
        after, deployment = writer.carry_out(plan, before)
    except WriteError as exc:
        known = result(exc.after, exc.deployment, changed=exc.changed)
        if not exc.known:
            known.pop("certificate")
            known.pop("diff")
        raise OperationError(str(exc), known, exc.request_error) from exc
    return result(after, deployment, changed=True)


def _with_description_sent(after: StoredCertificate | None, plan: Plan) -> StoredCertificate | None:
    """Add the description that was sent, if the manager does not report descriptions and holds what was sent."""
    if after is None or after.description_reported or plan.after is None:
        return after
    as_sent = after.same_state(replace(plan.after, description=None))
    return replace(after, description=plan.after.description) if as_sent else after


def _read(api: CertificateApi, operation: CertificateOperation) -> StoredCertificate | None:
    """Read the record. To delete, read the list first, because only the list tells that a certificate is absent."""
    if operation.absent:
        listed = api.find_listed(operation.project, operation.name)
        if listed is None or all(entry.bundle for entry in listed.entries):
            return listed
    current = api.find(operation.project, operation.name)
    return current.recognize(operation.desired.bundle) if current else None


def _check_before_write(api: CertificateApi, operation: CertificateOperation, plan: Plan, warn: _Warn) -> None:
    """Check everything that reading can tell about the write before it is sent, in check mode as well.

    The JWKs are read first: their list also shows the manager's generation, which saves a request for the environments.
    """
    if plan.operation == "update" and operation.jwk_scope is None:
        _warn_about_jwks(api, operation, warn)
    if plan.added:
        _check_environments(api, operation, plan.added)


def _warn_about_jwks(api: CertificateApi, operation: CertificateOperation, warn: _Warn) -> None:
    try:
        jwks = api.certificate_jwks(operation.project)
    except RequestError as exc:
        if exc.status not in NOT_OFFERED:
            raise
        if exc.status in (400, 403):
            warn(f"Could not check whether JWKs were created from certificate {operation.name}: {exc}")
        return
    if jwks:
        warn(
            f"Project {operation.project} has JWKs created from certificates: {', '.join(jwks)}. Those created from "
            f"{operation.name} lose their link to it with this update. Set update_referenced_jwks=true (with update_scope) "
            "to update the JWKs as well"
        )


def _check_environments(api: CertificateApi, operation: CertificateOperation, added: tuple[str, ...]) -> None:
    if not api.lists_environments:
        return  # The manager checks the names itself when it receives the write.
    try:
        listed = api.environments(operation.project)
    except RequestError as exc:
        if exc.status not in NOT_OFFERED:
            raise
        return
    known = {environment.name for environment in listed} | {PSEUDO_ENVIRONMENT}
    unknown = sorted(set(added) - known)
    if unknown:
        raise InputError(
            "environments",
            f"project {operation.project} has no environment {', '.join(unknown)}; it has "
            f"{', '.join(sorted(known))} (case-sensitive)",
        )


@dataclass(frozen=True)
class InfoOperation:
    """One operation of C(apinizer_certificate_info). C(expiring_within) is in days. None means that the option is not set."""

    project: str | None = None
    name: str | None = None
    environments: frozenset[str] | None = None
    expiring_within: int | None = None
    details: bool = False


def run_info_operation(api: CertificateApi, operation: InfoOperation, *, now: datetime) -> list[CertificateView]:
    """Return the certificates that match, as the module returns them, sorted by project and name.

    :arg now: the time that C(days_remaining), C(expired) and C(expiring_within) refer to.
    :raises RequestError: if the manager could not be read. That includes a project that does not exist.
    """
    found = []
    for project in [operation.project] if operation.project else sorted(api.projects()):
        for listed in api.list_all(project):
            if operation.name in (None, listed.name):
                match = _filter(_with_details(api, listed) if operation.details else listed, operation, now)
                if match is not None:
                    found.append(match)
    found.sort(key=lambda stored: (stored.project, stored.name))
    return [_result.stored_certificate(stored, now) for stored in found]


def _with_details(api: CertificateApi, listed: StoredCertificate) -> StoredCertificate:
    """Read the content that the list omitted. A certificate that was deleted since then stays as the list had it."""
    if all(entry.bundle for entry in listed.entries):
        return listed
    return api.find(listed.project, listed.name) or listed


def _filter(stored: StoredCertificate, operation: InfoOperation, now: datetime) -> StoredCertificate | None:
    """Reduce a certificate to the environments that match. Return None if it does not match."""
    if operation.environments is not None:
        entries = tuple(entry for entry in stored.entries if entry.environment in operation.environments)
        if not entries:
            return None
        stored = replace(stored, entries=entries)
    if operation.expiring_within is not None:
        limit = now + timedelta(days=operation.expiring_within)
        if not any(entry.not_after is not None and entry.not_after <= limit for entry in stored.entries):
            return None
    return stored


def run_environment_info_operation(api: CertificateApi, project: str) -> list[dict[str, t.Any]]:
    """Return the environments of a project, as the module returns them, sorted by name.

    :raises RequestError: if the manager does not list them.
    """
    environments = sorted(api.environments(project), key=lambda environment: environment.name)
    return [asdict(environment) for environment in environments]
