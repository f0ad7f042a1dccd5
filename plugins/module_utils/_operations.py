# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations of the modules, from the desired state to the result. Knows neither Ansible nor the details of HTTP.

There is one flow: read, plan, write, read back, result. Check mode is the same flow without the write.
"""

from __future__ import annotations

import typing as t
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.apinizer.apiops.plugins.module_utils import _result
from ansible_collections.apinizer.apiops.plugins.module_utils._api import (
    ADMIN_PROJECT,
    NOT_OFFERED,
    PSEUDO_ENVIRONMENT,
    CertificateApi,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    InputError,
    OperationError,
    RequestError,
    TruststoreUnavailableError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._expected import Expected
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import DEFAULT_TIMEOUT
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow, remaining
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Gateway,
    StoredCertificate,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Desired, Plan, plan_absent, plan_present
from ansible_collections.apinizer.apiops.plugins.module_utils._result import CertificateView, TruststoreView
from ansible_collections.apinizer.apiops.plugins.module_utils._truststores import add_gateways, check_known
from ansible_collections.apinizer.apiops.plugins.module_utils._verification import Verification
from ansible_collections.apinizer.apiops.plugins.module_utils._writer import WriteError, Writer

UPDATE_JWKS = "Set update_referenced_jwks=true (with update_scope) to update the JWKs as well"
"""What to do about JWKs that would lose their link, in terms of the module's options."""

_Warn = t.Callable[[str], None]


@dataclass(frozen=True)
class CertificateOperation:
    """One operation of C(apinizer_certificate).

    :arg absent: delete the certificate.
    :arg desired: the desired state, if the certificate is not to be deleted.
    :arg jwk_scope: C(SAME_PROJECT) or C(ALL_PROJECTS) to update the JWKs created from the certificate, or None.
    :arg warn_of_jwks: look for JWKs that an update would unlink.
    :arg delete_jwks: delete the JWKs created from the certificate together with it.
    :arg verify_gateways: one of C(VERIFY_MODES): whether to ask the gateways what they hold.
    :arg verify_timeout: the seconds within which the gateways must hold what was written.
    :arg expected: what the record must still contain for a write to be sent; None for anything.
    """

    project: str
    name: str
    absent: bool
    desired: Desired
    jwk_scope: str | None = None
    warn_of_jwks: bool = True
    delete_jwks: bool = False
    verify_gateways: str = "never"
    verify_timeout: float = DEFAULT_TIMEOUT
    expected: Expected | None = None


def run_certificate_operation(
    api: CertificateApi, operation: CertificateOperation, *, check_mode: bool, now: datetime, warn: _Warn
) -> dict[str, t.Any]:
    """Bring a certificate to its desired state.

    :arg check_mode: predict the result and write nothing.
    :arg now: the time that C(days_remaining) and C(expired) refer to.
    :arg warn: receives each warning for the user.
    :returns: the return values of the module: C(changed), C(operation), C(certificate), C(previous), C(deployment),
        C(gateways) and C(diff).
    :raises InputError: if an option is not valid. Nothing was written.
    :raises ModifiedError: if the record is not as expected, unless it is as desired already. Nothing was written.
    :raises RequestError: if the manager could not be read, or the gateways where they must be asked. Nothing was written.
    :raises OperationError: if a write failed.
    """
    bundle = operation.desired.bundle
    before = _read(api, operation)
    previous = _result.certificate(before, now, desired=bundle, with_content=True)
    _check_expected(operation, before, previous, warn)
    jwks = _check_environments(api, operation, before)
    plan = _plan(api, operation, before)
    verification = _verification(api, operation, warn)
    verification.ask_before(plan, before, api.latest_list(operation.project), force=operation.desired.force)
    if verification.stale and not operation.absent:
        operation = replace(operation, desired=replace(operation.desired, stale=verification.stale))
        plan = _plan(api, operation, before)
    for warning in plan.warnings:
        warn(warning)
    _check_before_write(api, operation, plan, before)
    if plan.operation == "update" and operation.jwk_scope is None and operation.warn_of_jwks:
        for warning in _jwk_warnings(api, operation) if jwks is None else jwks:
            warn(warning)

    def result(
        after: StoredCertificate | None,
        deployment: Deployment | None,
        gateways: list[Gateway] | None,
        held: _result.Held | None,
        *,
        changed: bool,
    ) -> dict[str, t.Any]:
        if changed:
            after = _with_description_sent(after, plan)
        certificate = _result.certificate(after, now, desired=bundle)
        return {
            "changed": changed,
            "operation": plan.operation,
            "certificate": certificate,
            "previous": previous,
            "deployment": _result.deployment(deployment),
            "gateways": None if gateways is None else [_result.gateway(gateway) for gateway in gateways],
            "diff": _result.diff(f"{operation.project}/{operation.name}", previous, certificate, held),
        }

    if check_mode or plan.operation == "none":
        verification.judge_unwritten(plan)
        return result(plan.after, None, verification.gateways, verification.held, changed=plan.operation != "none")
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
        known = result(exc.after, exc.deployment, None, None, changed=exc.changed)
        if not exc.known:
            known.pop("certificate")
            known.pop("diff")
        raise OperationError(str(exc), known, exc.request_error, exc.problem) from exc
    verification.ask_after(plan, before, after, deployment)
    known = result(after, deployment, verification.gateways, verification.held, changed=True)
    verification.judge_written(plan, known)
    return known


def _check_expected(
    operation: CertificateOperation, before: StoredCertificate | None, previous: CertificateView | None, warn: _Warn
) -> None:
    """Check that the record has not been modified since the operation was planned.

    If someone else has written exactly what is desired, there is nothing left to write. With C(force), it is written again.

    :arg previous: the view of C(before).
    :raises ModifiedError: if someone has modified it in another way.
    """
    modified = operation.expected.modified(previous) if operation.expected else []
    if operation.expected is None or not modified:
        return
    key = f"{operation.project}/{operation.name}"
    if not _is_desired(operation, before):
        raise operation.expected.error(key, modified)
    if operation.desired.force:
        return
    warn(
        f"{key} in {', '.join(modified)} is already as planned: someone else has written it since "
        f"{operation.expected.since}. Nothing was written there"
    )


def _is_desired(operation: CertificateOperation, before: StoredCertificate | None) -> bool:
    if operation.absent or before is None:
        return operation.absent and before is None
    desired = replace(operation.desired, force=False)  # It decides what is written, and not what is desired.
    with suppress(InputError):
        return plan_present(operation.project, operation.name, before, desired).operation == "none"
    return False


def _plan(api: CertificateApi, operation: CertificateOperation, before: StoredCertificate | None) -> Plan:
    if operation.absent:
        others = [other.name for other in api.latest_list(operation.project)]
        return plan_absent(operation.project, operation.name, before, others)
    siblings = () if before else api.latest_list(operation.project)
    return plan_present(operation.project, operation.name, before, operation.desired, siblings)


def _verification(api: CertificateApi, operation: CertificateOperation, warn: _Warn) -> Verification:
    desired = operation.desired
    return Verification(
        api,
        operation.project,
        operation.name,
        operation.verify_gateways,
        operation.verify_timeout,
        meant=None if desired.unlisted == "update" else desired.environments,
        bundle=desired.bundle,
        warn=warn,
    )


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


def _check_before_write(
    api: CertificateApi, operation: CertificateOperation, plan: Plan, before: StoredCertificate | None
) -> None:
    """Check everything else that reading can tell about the write before it is sent, in check mode as well."""
    if plan.operation == "import" and operation.jwk_scope is not None:
        raise InputError(
            "update_referenced_jwks",
            "an import, which unlisted_environments=keep requires, cannot update JWKs. Update all environments of the "
            "certificate in one request (another value of unlisted_environments), or set update_referenced_jwks=false",
        )
    _check_aliases(api, operation, plan, before)


def _check_aliases(
    api: CertificateApi, operation: CertificateOperation, plan: Plan, before: StoredCertificate | None
) -> None:
    """Check that no other certificate of the project has the alias in an environment where this one does not have it yet.

    Other projects are not visible.

    :raises InputError: if an alias is used already.
    """
    renamed = {
        name: write.alias
        for write in plan.writes
        if write.kind != "delete"
        for name in write.environments
        if before is None or write.alias not in [entry.alias for entry in before.entries_of(name)]
    }
    if not renamed:
        return
    siblings = api.list_all(operation.project) if before else api.latest_list(operation.project)
    for sibling in siblings:
        # A truststore does not distinguish upper and lower case, so one of the two would replace the other there.
        names = sorted(
            {
                entry.environment
                for entry in sibling.entries
                if entry.alias and renamed.get(entry.environment, "").casefold() == entry.alias.casefold()
            }
        )
        if names and sibling.name != operation.name:
            raise InputError(
                "alias",
                f"{renamed[names[0]]} is already the alias of certificate {sibling.name} in {', '.join(names)}, and an alias "
                "must be unique in each environment. Choose another alias",
            )


def _jwk_warnings(api: CertificateApi, operation: CertificateOperation) -> list[str]:
    """Return a warning if JWKs lose their link to the certificate with an update, or if that is not known."""
    try:
        jwks = api.certificate_jwks(operation.project)
    except RequestError as exc:
        if exc.status not in NOT_OFFERED:
            raise
        if exc.status in (400, 403):
            return [f"Could not check whether JWKs were created from certificate {operation.name}: {exc}"]
        return []
    if not jwks:
        return []
    lost = (
        f"Project {operation.project} has JWKs created from certificates: {', '.join(jwks)}. Those created from "
        f"{operation.name} lose their link to it with this update. {UPDATE_JWKS}"
    )
    return [lost]


def _check_environments(
    api: CertificateApi, operation: CertificateOperation, before: StoredCertificate | None
) -> list[str] | None:
    """Check the names of the environments that do not hold the certificate yet, before anything else is asked of the user.

    If an update will follow, the JWKs are read first: their list also shows the manager's generation, which saves a request
    for the environments.

    :returns: the warnings about JWKs, or None if they were not read.
    :raises InputError: if the project has no such environment.
    """
    jwks = None
    added = (operation.desired.environments or frozenset()) - set(before.environments if before else ())
    if operation.absent or not added:
        return jwks
    if before and operation.jwk_scope is None and operation.warn_of_jwks and operation.desired.unlisted != "keep":
        jwks = _jwk_warnings(api, operation)
    if not api.lists_environments:
        return jwks  # A manager that does not list environments checks the names itself when it receives the write.
    try:
        listed = api.environments(operation.project)
    except RequestError as exc:
        if exc.status not in NOT_OFFERED:
            raise
        return jwks
    _check_known(operation.project, added, [environment.name for environment in listed])
    return jwks


def _check_known(project: str, names: t.Iterable[str], listed: t.Iterable[str]) -> None:
    """Check names of environments against those that the manager lists.

    :raises InputError: if the project has no such environment.
    """
    known = {*listed, PSEUDO_ENVIRONMENT}
    unknown = sorted(set(names) - known)
    if unknown:
        raise InputError(
            "environments",
            f"project {project} has no environment {', '.join(unknown)}; it has {', '.join(sorted(known))} (case-sensitive)",
        )


@dataclass(frozen=True)
class InfoOperation:
    """One operation of C(apinizer_certificate_info). None means that an option is not set.

    :arg verify_gateways: one of C(VERIFY_MODES): whether to ask the gateways what they hold.
    :arg chains: whether to return the issuers that are stored with each certificate.
    """

    project: str | None = None
    name: str | None = None
    environments: frozenset[str] | None = None
    expiring_within: RenewalWindow | None = None
    details: bool = False
    verify_gateways: str = "never"
    chains: bool = False


def run_info_operation(api: CertificateApi, operation: InfoOperation, *, now: datetime) -> list[CertificateView]:
    """Return the certificates that match, as the module returns them, sorted by project and name.

    :arg now: the time that C(days_remaining), C(expired) and C(expiring_within) refer to.
    :raises RequestError: if the manager could not be read. That includes a project that does not exist.
    :raises TruststoreUnavailableError: if the gateways must be asked, and cannot be.
    """
    found = []
    for project in [operation.project] if operation.project else sorted(api.projects()):
        for listed in api.list_all(project):
            if operation.name in (None, listed.name):
                match = _filter(_with_details(api, listed) if operation.details else listed, operation, now)
                if match is not None:
                    found.append(match)
    found.sort(key=lambda stored: (stored.project, stored.name))
    certificates = [_result.stored_certificate(stored, now, with_chain=operation.chains) for stored in found]
    if operation.verify_gateways == "never":
        return certificates
    certificates = add_gateways(api, certificates)
    if operation.verify_gateways == "required":
        check_known(certificates)
    return certificates


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
        # The very moment at which the window begins is within it.
        just_after = now + timedelta.resolution
        left = (remaining(entry.not_before, entry.not_after, just_after) for entry in stored.entries)
        if not any(map(operation.expiring_within.includes, left)):
            return None
    return stored


def run_jwk_info_operation(
    api: CertificateApi, certificates: t.Iterable[CertificateView], warn: _Warn
) -> list[dict[str, t.Any]]:
    """Return the JWKs that were created from certificates, for each project of these certificates that has any.

    The manager does not report from which certificate a JWK was created: a JWK has an ID of its source, and certificates have
    none (vendor: List JWKs, List Certificates).

    :raises RequestError: if the manager fails. One that does not list JWKs (2024.09) has none to return.
    """
    found = []
    for project in sorted({certificate["project"] for certificate in certificates}):
        try:
            names = api.certificate_jwks(project)
        except RequestError as exc:
            if exc.status not in NOT_OFFERED:
                raise
            if exc.status in (404, 405):
                break  # The projects exist, so the address does not.
            warn(f"Could not check whether project {project} has JWKs created from certificates: {exc}")
            continue
        if names:
            found.append({"project": project, "names": sorted(names)})
    return found


def run_environment_info_operation(api: CertificateApi, project: str) -> list[dict[str, t.Any]]:
    """Return the environments of a project, as the module returns them, sorted by name.

    :raises RequestError: if the manager does not list them.
    """
    environments = sorted(api.environments(project), key=lambda environment: environment.name)
    return [asdict(environment) for environment in environments]


def run_truststore_info_operation(
    api: CertificateApi, project: str, environments: frozenset[str] | None, *, now: datetime
) -> list[TruststoreView]:
    """Return what the gateways of environments trust, as the module returns it, sorted by environment.

    :arg environments: None for all environments of the project.
    :arg now: the time that C(days_remaining) and C(expired) refer to.
    :raises InputError: if a truststore cannot be read because the project has no such environment.
    :raises RequestError: if a truststore cannot be read for another reason.
    """
    if environments is None:
        return read_truststores(api, project, [environment.name for environment in api.environments(project)], now=now)
    try:
        return read_truststores(api, project, environments, now=now)
    except TruststoreUnavailableError as exc:
        # No answer of the manager tells an unknown environment from anything else. The project admin reads the truststores
        # of all environments, but lists only its own.
        if exc.status in NOT_OFFERED and project != ADMIN_PROJECT:
            with suppress(RequestError):
                _check_known(project, environments, [environment.name for environment in api.environments(project)])
        raise


def read_truststores(
    api: CertificateApi, project: str, environments: t.Iterable[str], *, now: datetime
) -> list[TruststoreView]:
    """Return what the gateways of environments trust, sorted by environment, for environments that are known to exist.

    :arg now: the time that C(days_remaining) and C(expired) refer to.
    :raises RequestError: if a truststore cannot be read.
    """
    return [_result.truststore(api.truststore(project, name), now) for name in sorted(environments)]
