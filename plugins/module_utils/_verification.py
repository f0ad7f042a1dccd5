# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateways in one operation: ask them before the write and after it, as far as the task wants that, and judge the replies."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT, CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    IMPORT_NOT_DEPLOYED,
    GatewaysUnknownError,
    OperationError,
    join_sentences,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import (
    CONFIRMED,
    UNDEPLOYED,
    UNKNOWN,
    Reply,
    ask,
    ask_until_confirmed,
    deployment_unknown_warning,
    undeleted_message,
    undeployed_message,
    unknown_lines,
    unknown_message,
    unreported,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    Gateway,
    StoredCertificate,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Plan
from ansible_collections.apinizer.apiops.plugins.module_utils._result import Held
from ansible_collections.apinizer.apiops.plugins.module_utils._result import deployment as deployment_view
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle


@dataclass
class Verification:
    """The gateways of one certificate in one operation.

    :arg mode: one of C(VERIFY_MODES).
    :arg timeout: the seconds within which the gateways must hold what was written.
    :arg meant: the environments that the operation is about; None for all of the record.
    :arg bundle: the desired certificate, if the task gives one.
    :arg warn: receives each warning for the user.
    """

    api: CertificateApi
    project: str
    name: str
    mode: str
    timeout: float
    meant: frozenset[str] | None
    bundle: Bundle | None
    warn: t.Callable[[str], None]
    _before: list[Reply] | None = field(default=None, init=False)
    _after: list[Reply] | None = field(default=None, init=False)
    _expected: dict[str, str | None] = field(default_factory=dict, init=False)

    @property
    def gateways(self) -> list[Gateway] | None:
        """What the gateways hold, as they were asked last; None if they were not."""
        replies = self._before if self._after is None else self._after
        return None if replies is None else [reply.gateway for reply in replies]

    @property
    def stale(self) -> frozenset[str]:
        """The environments whose gateways do not hold what the record is to contain, before a write."""
        return frozenset(reply.gateway.name for reply in self._before or () if reply.gateway.state in UNDEPLOYED)

    @property
    def held(self) -> Held | None:
        """What the gateways hold before the operation, and after it or, in check mode, as predicted; None if unknown."""
        if self._before is None:
            return None
        before = {reply.gateway.name: reply.gateway.fingerprint_sha256 for reply in self._before}
        if self._after is not None:
            after = {reply.gateway.name: reply.gateway.fingerprint_sha256 for reply in self._after}
        else:
            wrong = {
                reply.gateway.name
                for reply in self._before
                if reply.gateway.state != CONFIRMED and reply.gateway.name != PSEUDO_ENVIRONMENT
            }
            after = {name: self._expected.get(name) if name in wrong else sha256 for name, sha256 in before.items()}
        return Held(before, after)

    def ask_before(
        self,
        plan: Plan,
        before: StoredCertificate | None,
        siblings: t.Sequence[StoredCertificate] = (),
        *,
        force: bool = False,
    ) -> None:
        """Ask the gateways before anything is written, if they must be asked.

        :arg siblings: the certificates of the project, as far as they are known.
        :arg force: whether to write in any case. The answers then matter to a deletion only, after which a truststore that
            held nothing else looks like one that cannot be read.
        :raises GatewaysUnknownError: if the gateways of an environment cannot be asked, so that the result of a write
            could not be verified either. Nothing was written. An environment to which nothing is known to be deployed is an
            exception, because its truststore may be empty.
        """
        deleted = plan.operation == "delete"
        stored = before if deleted else plan.after
        entries = self._entries(stored, None if deleted else self.meant) if stored else []
        if self.mode != "required" or not entries or (force and not deleted):
            return
        self._before = ask(self.api, self.project, entries, deleted=deleted)
        self._expected = {entry.environment: entry.leaf.fingerprint_sha256 if entry.leaf else None for entry in entries}
        recorded = {entry.environment for one in (before, *siblings) if one for entry in one.entries}
        lines = unknown_lines(
            reply.gateway for reply in self._before if not reply.maybe_empty or reply.gateway.name in recorded
        )
        if lines and not force:
            reason = "The gateways must be asked (verify_gateways), but cannot be, so nothing was written"
            raise GatewaysUnknownError(join_sentences(reason, *lines))

    def ask_after(
        self, plan: Plan, before: StoredCertificate | None, after: StoredCertificate | None, deployment: Deployment
    ) -> None:
        """Ask the gateways after a write, as far as the task wants that.

        :arg deployment: what the manager reported.
        """
        deleted = plan.operation == "delete"
        stored = before if deleted else after
        if stored is None:
            return
        written = sorted({name for write in plan.writes for name in write.environments})
        everything = [entry.environment for entry in self._entries(stored, None if deleted else self.meant)]
        names = {"auto": unreported(deployment_view(deployment), written), "required": everything, "never": []}[
            self.mode
        ]
        if names:
            entries = self._entries(stored, names)
            self._after = ask_until_confirmed(self.api, self.project, entries, self.timeout, deleted=deleted)
        elif deployment.success is None and not deleted:
            self.warn(deployment_unknown_warning(self.name, written))

    def judge_unwritten(self, plan: Plan) -> None:
        """Warn about what the gateways hold where nothing was written. A stale gateway is a difference, and no failure."""
        if plan.operation != "delete":
            self._warn_about_aliases(plan)
        for line in unknown_lines(self.gateways or (), with_manager=True):
            self.warn(line)

    def judge_written(self, plan: Plan, known: dict[str, t.Any]) -> None:
        """Judge what the gateways hold after a write.

        :arg known: the return values.
        :raises OperationError: if gateways do not hold what was written, or if they must be asked and cannot be.
        """
        replies = self._after or []
        undeployed = [reply.gateway for reply in replies if reply.gateway.state in UNDEPLOYED]
        if undeployed and plan.operation == "delete":
            raise OperationError(undeleted_message(self.name, undeployed), known)
        if undeployed:
            problem = IMPORT_NOT_DEPLOYED if plan.operation == "import" else None
            raise OperationError(undeployed_message(self.name, undeployed, plan.operation), known, problem=problem)
        self._warn_about_aliases(plan)
        unknown = [reply for reply in replies if reply.gateway.state == UNKNOWN]
        if not unknown:
            return
        gateways = [reply.gateway for reply in unknown]
        message = unknown_message(self.name, gateways, deleted=plan.operation == "delete")
        if self.mode == "required" and any(not self._is_excused(reply, plan) for reply in unknown):
            raise OperationError(message, known)
        self.warn(message)

    def _is_excused(self, reply: Reply, plan: Plan) -> bool:
        """Whether an unknown state is no failure, although the gateways must be asked.

        That is the manager itself, which no request can ask, and a truststore that is empty after the deletion of its only
        certificate, as far as is known.
        """
        alone = {one.gateway.name for one in self._before or () if one.alone}
        emptied = plan.operation == "delete" and reply.maybe_empty and reply.gateway.name in alone
        return emptied or reply.gateway.name == PSEUDO_ENVIRONMENT

    def _warn_about_aliases(self, plan: Plan) -> None:
        for gateway in self.gateways or ():
            if gateway.state == CONFIRMED and gateway.reason and plan.operation == "delete":
                self.warn(f"Certificate {self.name} is deleted. At the gateways of {gateway.name}, {gateway.reason}")
            elif gateway.state == CONFIRMED and gateway.reason:
                self.warn(f"The gateways of {gateway.name} hold certificate {self.name}, {gateway.reason}")

    def _entries(self, stored: StoredCertificate, environments: t.Iterable[str] | None) -> list[Entry]:
        """Return what the gateways of environments are about, or of all that the record contains."""
        names = stored.environments if environments is None else sorted(set(environments) & set(stored.environments))
        entries = [stored.entry_of(name, self.bundle) for name in names]
        return [entry for entry in entries if entry is not None]
