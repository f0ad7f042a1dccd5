# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan, and know afterwards what the manager really holds.

A write is sent once. Whatever comes back, the manager is read again, and what it holds decides: an answer that got
lost after the write took effect is no reason to write again, and "success" for a write that had no effect is none to
believe it. The one case in which a write that took effect is sent again is a reported deployment failure, since only
another write deploys.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._client import backoff_delay
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Plan, Write, duplicates_warning
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

_THERE_ALL_THE_SAME = (
    "The manager holds the certificate as asked for all the same; what it said of the deployment was lost with the "
    "answer. A run with force=true deploys once more"
)
_GONE_ALL_THE_SAME = (
    "The certificate is gone from the manager all the same; what it said of the gateways was lost with the answer"
)


class WriteError(ApinizerError):
    """A plan that was not carried out.

    :arg after: what the manager holds now, as read back.
    :arg known: False where it could not be read back, so that C(after) says nothing.
    :arg changed: whether anything on the manager changed, or may have where it is not known.
    :arg deployment: the last deployment result, None where nothing was written.
    """

    def __init__(
        self,
        message: str,
        *,
        after: StoredCertificate | None,
        changed: bool,
        known: bool = True,
        deployment: Deployment | None = None,
    ) -> None:
        super().__init__(message)
        self.after = after
        self.known = known
        self.changed = changed
        self.deployment = deployment


@dataclass
class _Attempts:
    """What is known of the attempts to get one write through."""

    before: StoredCertificate | None
    sent_again: int = 0
    maybe_applied: bool = False
    reported: Deployment | None = None


class Writer:
    """Carries out plans for one certificate.

    :arg warn: takes a line for the user.
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
        """Send the plan's writes in order, each checked by reading back.

        :returns: what the manager holds afterwards, and what it said of the deployment.
        :raises WriteError: where a write did not do what it should.
        """
        self._started_from = before
        state = before
        deployments: list[Deployment] = []
        for write in plan.writes:
            try:
                state, deployment = self._perform(write, state)
            except WriteError as exc:
                exc.changed = exc.changed or bool(deployments)
                exc.deployment = _together([*deployments, exc.deployment] if exc.deployment else deployments)
                raise
            deployments.append(deployment)
        if state is not None and state.duplicated:
            self._warn(duplicates_warning(state))
        return state, _together(deployments) or Deployment()

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
                    # Wait before looking, not after: a slow manager may still be at work on what was sent.
                    self._api.client.sleep(backoff_delay(attempts.sent_again, exc.retry_after))
            after = self._read_back(write, failure, attempts)
            reached = _reached(write, after)
            if failure is None:
                if not reached:
                    raise self._not_as_written(write, before, after, attempts)
                if not _deployment_failed(attempts):
                    self._warn_of_silence(write, attempts.reported)
                    return after, attempts.reported or Deployment()
                if write.kind == "delete" or (after and after.duplicated) or attempts.sent_again >= self._retries:
                    raise self._not_deployed(write, after, attempts)
                self._api.client.sleep(backoff_delay(attempts.sent_again))
                write = replace(write, kind="update") if write.kind == "create" else write
            elif reached and _may_go_on(failure, attempts):
                self._warn(f"{failure}. {_GONE_ALL_THE_SAME if write.kind == 'delete' else _THERE_ALL_THE_SAME}")
                return after, Deployment()
            else:
                write = self._next_attempt(write, failure, after, attempts)
            attempts.sent_again += 1

    def _warn_of_silence(self, write: Write, reported: Deployment | None) -> None:
        """Say so where the manager does not: an import's answer may come without a deployment result."""
        if write.kind != "delete" and (reported is None or reported.success is None):
            self._warn(deployment_unknown_warning(self._name, write.environments))

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
        """What the manager holds now. Tried with patience: without it nobody knows how things stand.

        :raises WriteError: where it cannot be read.
        """
        attempt = 0
        while True:
            try:
                if write.kind == "delete":
                    return self._api.find_listed(self._project, self._name)
                found = self._api.find(self._project, self._name)
                return found.recognising(write.bundle) if found else None
            except RequestError as exc:
                # What is retryable was repeated by the client already.
                if attempt < self._retries and not exc.retryable and exc.status not in (401, 403):
                    self._api.client.sleep(backoff_delay(attempt, exc.retry_after))
                    attempt += 1
                    continue
                if failure is not None and not attempts.maybe_applied and attempts.reported is None:
                    raise WriteError(f"{failure}. It had no effect", after=None, known=False, changed=False) from exc
                sent = "The write was answered with success" if failure is None else str(failure)
                raise WriteError(
                    f"{sent}. What the manager holds now is not known, since reading it back failed: {exc}. "
                    "Run again once it can be reached: it finds out what is left to do",
                    after=None,
                    known=False,
                    changed=True,
                    deployment=attempts.reported,
                ) from exc

    def _next_attempt(
        self, write: Write, failure: RequestError, after: StoredCertificate | None, attempts: _Attempts
    ) -> Write:
        """The write to send after a failed one.

        :raises WriteError: where sending again would be blind, useless or once too often.
        """
        before = attempts.before
        lost = _lost(write, before, after)
        unchanged = before.same_state(after) if before else after is None
        deploying = attempts.reported is not None and _reached(write, after) and not (after and after.duplicated)
        # A write that was refused did nothing, so then it was somebody else who took the certificate away.
        mendable = attempts.maybe_applied and bool(set(lost) & set(write.environments))
        worth_it = (failure.retryable and (unchanged or deploying)) or mendable
        if not worth_it or attempts.sent_again >= self._retries:
            deployment = attempts.reported
            raise WriteError(
                f"{failure}. {self._now(after, lost)}",
                after=after,
                changed=not unchanged or deployment is not None,
                deployment=deployment,
            )
        if mendable and write.kind in ("create", "update"):
            # The update deleted the old certificate and failed to create the new one: put it there at once.
            return replace(write, kind="create" if after is None else "update")
        return write

    def _not_as_written(
        self, write: Write, before: StoredCertificate | None, after: StoredCertificate | None, attempts: _Attempts
    ) -> WriteError:
        unchanged = before.same_state(after) if before else after is None
        lost = _lost(write, before, after)
        return WriteError(
            f"The manager answered the {write.kind} with success, but does not hold what was written. "
            f"{self._now(after, lost)} The write was lost, or somebody else wrote at the same time",
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
        what = "deleted the certificate" if write.kind == "delete" else "stored the certificate"
        text = f"The manager {what}, but its deployment failed in: {failures or reported.message or 'not said where'}. "
        if attempts.sent_again:
            times = "once more" if attempts.sent_again == 1 else f"{attempts.sent_again} more times"
            text += f"Sending it {times} did not help. "
        if after is not None and after.duplicated:
            text += f"It was not sent again, since each update adds another entry ({', '.join(after.duplicated)}). "
        text += "The gateways there may still serve what they had"
        return WriteError(text, after=after, changed=True, deployment=reported)

    def _now(self, after: StoredCertificate | None, lost: list[str]) -> str:
        """What the manager holds, in a sentence; of several writes, those before this one count as well."""
        before = self._started_from
        if before.same_state(after) if before else after is None:
            return "Nothing was changed on the manager."
        if after is None:
            now = f"Now the manager has no certificate {self._name}."
        else:
            entries = (after.entry_of(environment) for environment in after.environments)
            now = "Now the manager holds " + ", ".join(
                f"{entry.environment}: SHA-1 {entry.fingerprint_sha1} alias {entry.alias}" for entry in entries if entry
            )
            now += "."
        if lost:
            now += (
                f" {', '.join(lost)} LOST THE CERTIFICATE: run the task again, or put back the PEM that this result "
                "has in previous."
            )
        return now


def deployment_unknown_warning(name: str, environments: t.Iterable[str]) -> str:
    """The warning that the manager stored a certificate and reported no deployment."""
    return (
        f"The manager stored certificate {name} in {', '.join(environments)}, but did not report whether it was deployed "
        "to the gateways there. Check what they trust"
    )


def _may_go_on(failure: RequestError, attempts: _Attempts) -> bool:
    """Whether a failed write whose effect is there was just unlucky with its answer.

    Not where the manager itself reports an error of its own (a 500): who knows what of the deployment it left out.
    """
    own_error = (failure.status or 0) >= 500 and not failure.retryable
    return attempts.maybe_applied and not own_error and not _deployment_failed(attempts)


def _deployment_failed(attempts: _Attempts) -> bool:
    return attempts.reported is not None and attempts.reported.failed


def _lost(write: Write, before: StoredCertificate | None, after: StoredCertificate | None) -> list[str]:
    """The environments that had the certificate, should have it, and have it no more."""
    if before is None or write.expected is None:
        return []
    should = set(before.environments) & set(write.expected.environments)
    return sorted(should - set(after.environments if after else ()))


def _reached(write: Write, after: StoredCertificate | None) -> bool:
    """Whether the manager holds what the write was to bring about. An old entry beside the new one is not its doing."""
    expected = write.expected
    if expected is None or after is None:
        return expected is None and after is None
    if after.description_reported and after.description != expected.description:
        return False
    if after.environments != expected.environments:
        return False
    return all(
        any(
            entry.alias == wanted.alias
            and (entry.holds(wanted.bundle) if wanted.bundle else entry.fingerprint_sha1 == wanted.fingerprint_sha1)
            for entry in after.entries_of(wanted.environment)
        )
        for wanted in expected.entries
    )


def _together(deployments: list[Deployment]) -> Deployment | None:
    """The results of several writes as one."""
    if len(deployments) <= 1:
        return deployments[0] if deployments else None
    successes = [deployment.success for deployment in deployments]
    return Deployment(
        success=False if False in successes else None if None in successes else True,
        message="; ".join(dict.fromkeys(deployment.message for deployment in deployments if deployment.message))
        or None,
        environments=tuple(environment for deployment in deployments for environment in deployment.environments),
    )
