# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan, and find out what the manager's record contains afterwards.

Each write is sent once. Then the record is read back, regardless of the response, and the record decides: a write that
took effect is not repeated because its response was lost, and a response with success is not trusted if the write had no
effect. The only write that is repeated although it took effect is one whose deployment failed, because only another
write deploys again.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._client import backoff_delay
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    DEPLOYMENT_FAILED,
    ApinizerError,
    RequestError,
    join_sentences,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, Entry, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Plan, Write, duplicates_warning
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

_WRITE_TOOK_EFFECT = "The write took effect, but the response with the deployment result was lost"
_DELETION_TOOK_EFFECT = "The certificate was deleted, but the response with the deployment result was lost"


class WriteError(ApinizerError):
    """A plan was not carried out completely.

    :arg after: the record as read back.
    :arg changed: whether the record changed, or may have changed if that is unknown.
    :arg known: False if the record could not be read back, so that C(after) says nothing.
    :arg deployment: the last deployment result, or None if nothing was written.
    :arg request_error: the failed request, or None if the manager answered it with success.
    """

    def __init__(
        self,
        message: str,
        *,
        after: StoredCertificate | None,
        changed: bool,
        known: bool = True,
        deployment: Deployment | None = None,
        request_error: RequestError | None = None,
    ) -> None:
        super().__init__(message)
        self.after = after
        self.known = known
        self.changed = changed
        self.deployment = deployment
        self.request_error = request_error


@dataclass
class _Attempts:
    """The state of the attempts to send one write. C(attempt) is the number of the current one, starting at 0."""

    before: StoredCertificate | None
    attempt: int = 0
    maybe_applied: bool = False
    reported: Deployment | None = None


class Writer:
    """Carries out plans for one certificate.

    :arg warn: receives each warning for the user.
    :arg jwk_scope: see C(CertificateApi.update).
    :arg with_jwks: see C(CertificateApi.delete).
    """

    def __init__(
        self,
        api: CertificateApi,
        project: str,
        name: str,
        *,
        warn: t.Callable[[str], None],
        jwk_scope: str | None = None,
        with_jwks: bool = False,
    ) -> None:
        self._api = api
        self._project = project
        self._name = name
        self._warn = warn
        self._jwk_scope = jwk_scope
        self._with_jwks = with_jwks
        self._started_from: StoredCertificate | None = None
        self._retries = api.client.connection.retries

    def carry_out(self, plan: Plan, before: StoredCertificate | None) -> tuple[StoredCertificate | None, Deployment]:
        """Send the writes of a plan in order, and read the record back after each one.

        :arg before: the record that the plan was made from.
        :returns: the record afterwards, and the deployment that the manager reported.
        :raises WriteError: if a write did not bring the record or the deployment to the planned state.
        """
        self._started_from = before
        state = before
        deployments: list[Deployment] = []
        for write in plan.writes:
            try:
                state, deployment = self._perform(write, state)
            except WriteError as exc:
                exc.changed = exc.changed or bool(deployments)
                exc.deployment = _merge([*deployments, exc.deployment] if exc.deployment else deployments)
                raise
            deployments.append(deployment)
        if state is not None and state.duplicated:
            self._warn(duplicates_warning(state))
        return state, _merge(deployments) or Deployment()

    def _perform(self, write: Write, before: StoredCertificate | None) -> tuple[StoredCertificate | None, Deployment]:
        attempts = _Attempts(before)
        while True:
            failure: RequestError | None = None
            try:
                attempts.reported = self._send(write)
                for reference in attempts.reported.unresolved:
                    self._warn(f"The manager left a reference of certificate {self._name} unresolved: {reference}")
            except RequestError as exc:
                failure = exc
                attempts.maybe_applied = attempts.maybe_applied or exc.maybe_applied
                if exc.retryable:
                    # Wait before reading back, not after it: a slow manager may still be processing the write.
                    self._api.client.sleep(backoff_delay(attempts.attempt, exc.retry_after))
            after = self._read_back(write, failure, attempts)
            reached = _reached(write, after)
            if failure is None:
                if not reached:
                    raise self._not_as_written(write, before, after, attempts)
                if not _deployment_failed(attempts):
                    return after, attempts.reported or Deployment()
                if write.kind == "delete" or (after and after.duplicated) or attempts.attempt >= self._retries:
                    raise self._not_deployed(write, after, attempts)
                self._api.client.sleep(backoff_delay(attempts.attempt))
                write = replace(write, kind="update") if write.kind == "create" else write
            elif reached and _only_response_lost(failure, attempts):
                effect = _DELETION_TOOK_EFFECT if write.kind == "delete" else _WRITE_TOOK_EFFECT
                self._warn(join_sentences(str(failure), effect))
                return after, Deployment()
            else:
                write = self._next_attempt(write, failure, after, attempts)
            attempts.attempt += 1

    def _send(self, write: Write) -> Deployment:
        if write.kind == "delete":
            return self._api.delete(self._project, self._name, with_jwks=self._with_jwks)
        values: dict[str, t.Any] = {
            "environments": write.environments,
            "alias": write.alias,
            "description": write.description,
            "bundle": t.cast(Bundle, write.bundle),
        }
        if write.kind == "create":
            return self._api.create(self._project, self._name, **values)
        if write.kind == "import":
            return self._api.import_file(self._project, self._name, **values)
        return self._api.update(self._project, self._name, jwk_scope=self._jwk_scope, **values)

    def _read_back(self, write: Write, failure: RequestError | None, attempts: _Attempts) -> StoredCertificate | None:
        """Read the record back. This is retried, because without it the result of the write is unknown.

        :raises WriteError: if the record cannot be read.
        """
        attempt = 0
        while True:
            try:
                if write.kind == "delete":
                    return self._api.find_listed(self._project, self._name)
                found = self._api.find(self._project, self._name)
                return found.recognize(write.bundle) if found else None
            except RequestError as exc:
                # The client has retried retryable errors already.
                if attempt < self._retries and not exc.retryable and exc.status not in (401, 403):
                    self._api.client.sleep(backoff_delay(attempt, exc.retry_after))
                    attempt += 1
                    continue
                if failure is not None and not attempts.maybe_applied and attempts.reported is None:
                    raise WriteError(
                        join_sentences(str(failure), "The write had no effect"),
                        after=None,
                        known=False,
                        changed=False,
                        request_error=failure,
                    ) from exc
                raise WriteError(
                    join_sentences(
                        "The manager answered the write with success" if failure is None else str(failure),
                        f"What the manager holds now is unknown, because reading it back failed: {exc}",
                        "Run again once the manager can be reached; the next run only writes what is still missing",
                    ),
                    after=None,
                    known=False,
                    changed=True,
                    deployment=attempts.reported,
                    request_error=failure,
                ) from exc

    def _next_attempt(
        self, write: Write, failure: RequestError, after: StoredCertificate | None, attempts: _Attempts
    ) -> Write:
        """Return the write to send after a failed one.

        :raises WriteError: if the retries are used up, or another attempt could not help or could do damage.
        """
        before = attempts.before
        lost = _lost(write, before, after)
        unchanged = before.same_state(after) if before else after is None
        deploying = attempts.reported is not None and _reached(write, after) and not (after and after.duplicated)
        # A refused write had no effect. If the certificate is missing now, someone else removed it.
        restorable = attempts.maybe_applied and bool(set(lost) & set(write.environments))
        promising = (failure.retryable and (unchanged or deploying)) or restorable
        if not promising or attempts.attempt >= self._retries:
            deployment = attempts.reported
            raise WriteError(
                join_sentences(str(failure), self._current_state(after, lost)),
                after=after,
                changed=not unchanged or deployment is not None,
                deployment=deployment,
                request_error=failure,
            ) from failure
        if restorable and write.kind in ("create", "update"):
            # The update deleted the old certificate and did not create the new one, so create it immediately.
            return replace(write, kind="create" if after is None else "update")
        return write

    def _not_as_written(
        self, write: Write, before: StoredCertificate | None, after: StoredCertificate | None, attempts: _Attempts
    ) -> WriteError:
        unchanged = before.same_state(after) if before else after is None
        lost = _lost(write, before, after)
        return WriteError(
            join_sentences(
                f"The manager answered the {write.kind} with success, but does not hold what was written",
                self._current_state(after, lost),
                "Either the write was lost, or someone else modified the certificate at the same time",
            ),
            after=after,
            changed=not unchanged,
            deployment=attempts.reported,
        )

    def _not_deployed(self, write: Write, after: StoredCertificate | None, attempts: _Attempts) -> WriteError:
        reported = attempts.reported or Deployment()
        failures = "; ".join(
            environment.name + (f" ({environment.message})" if environment.message else "")
            for environment in reported.failed_environments
        )
        action = "deleted the certificate" if write.kind == "delete" else "stored the certificate"
        where = failures or reported.message or "(the manager does not say where)"
        sentences = [f"The manager {action}, but its deployment failed in: {where}"]
        if attempts.attempt:
            times = "once" if attempts.attempt == 1 else f"{attempts.attempt} times"
            sentences.append(f"Retried {times} without success")
        if after is not None and after.duplicated:
            duplicated = ", ".join(after.duplicated)
            sentences.append(f"The write was not repeated, because each update adds another entry ({duplicated})")
        # A creation that was repeated was sent as an update, and has replaced nothing.
        kind = "create" if attempts.before is None else write.kind
        held = {"create": "not hold it", "delete": "still hold the deleted certificate"}
        sentences.append(f"The gateways there may {held.get(kind, 'still hold the certificate that was replaced')}")
        error = WriteError(join_sentences(*sentences), after=after, changed=True, deployment=reported)
        if write.kind in ("create", "update") and not (after and after.duplicated):
            error.problem = DEPLOYMENT_FAILED
        return error

    def _current_state(self, after: StoredCertificate | None, lost: list[str]) -> str:
        """Describe the record compared with its state before the first write of the plan."""
        before = self._started_from
        if before.same_state(after) if before else after is None:
            return f"The manager's record of certificate {self._name} is unchanged"
        if after is None:
            state = f"The manager now has no certificate {self._name}"
        else:
            entries = (after.entry_of(environment) for environment in after.environments)
            state = "The manager now holds " + "; ".join(
                f"{entry.environment}: {_fingerprint(entry)}, alias {entry.alias}" for entry in entries if entry
            )
        if not lost:
            return state
        return join_sentences(
            state,
            f"{', '.join(lost)} LOST THE CERTIFICATE: run the task again, or restore the PEM that this result returns in "
            "previous",
        )


def _fingerprint(entry: Entry) -> str:
    if entry.leaf:
        return f"SHA-256 {entry.leaf.fingerprint_sha256}"
    return f"SHA-1 {entry.fingerprint_sha1}"


def _only_response_lost(failure: RequestError, attempts: _Attempts) -> bool:
    """Whether a write that took effect failed only because its response was lost.

    If the manager itself reports an error (HTTP 500), it may have skipped a part of the deployment.
    """
    own_error = (failure.status or 0) >= 500 and not failure.retryable
    return attempts.maybe_applied and not own_error and not _deployment_failed(attempts)


def _deployment_failed(attempts: _Attempts) -> bool:
    return attempts.reported is not None and attempts.reported.failed


def _lost(write: Write, before: StoredCertificate | None, after: StoredCertificate | None) -> list[str]:
    """Return the environments that held the certificate, should still hold it, and do not."""
    if before is None or write.expected is None:
        return []
    expected = set(before.environments) & set(write.expected.environments)
    return sorted(expected - set(after.environments if after else ()))


def _reached(write: Write, after: StoredCertificate | None) -> bool:
    """Whether the record is as expected after the write.

    An import leaves the other environments untouched, so someone else may have written to them at the same time. None of them
    may have lost the certificate.

    Older entries of an environment that was written may still be there, or not: some managers add an entry with each update.
    """
    expected = write.expected
    if expected is None or after is None:
        return expected is None and after is None
    if after.description_reported and after.description != expected.description:
        return False
    alone = write.kind == "import"
    wanted, found = set(expected.environments), set(after.environments)
    if not (wanted <= found if alone else wanted == found):
        return False
    return all(
        any(
            entry.alias == desired.alias
            and (entry.holds(desired.bundle) if desired.bundle else entry.fingerprint_sha1 == desired.fingerprint_sha1)
            for entry in after.entries_of(desired.environment)
        )
        for desired in expected.entries
        if (_is_written(write, desired) if desired.environment in write.environments else not alone)
    )


def _is_written(write: Write, entry: Entry) -> bool:
    """Whether an expected entry is the one that the write makes, rather than an older one beside it."""
    return entry.alias == write.alias and (write.bundle is None or entry.holds(write.bundle))


def _merge(deployments: list[Deployment]) -> Deployment | None:
    """Merge the deployment results of several writes."""
    if len(deployments) <= 1:
        return deployments[0] if deployments else None
    successes = [deployment.success for deployment in deployments]
    return Deployment(
        success=False if False in successes else None if None in successes else True,
        message="; ".join(dict.fromkeys(deployment.message for deployment in deployments if deployment.message))
        or None,
        environments=tuple(environment for deployment in deployments for environment in deployment.environments),
    )
