# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manager as the role's engine sees it, in the controller's process or through the collection's modules.

Either way an operation ends with a result like that of its module, so a failure is a result and never an exception.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    NO_IMPORT_FILE,
    ApinizerError,
    InputError,
    RequestError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._expected import Expected
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import DEFAULT_TIMEOUT
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import (
    CertificateOperation,
    InfoOperation,
    read_truststores,
    run_certificate_operation,
    run_environment_info_operation,
    run_info_operation,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    CONNECTION_SPEC,
    check_name,
    environment_names,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Desired
from ansible_collections.apinizer.apiops.plugins.module_utils._remedies import Remedies, add_remedy, in_terms_of
from ansible_collections.apinizer.apiops.plugins.module_utils._result import deployment
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls, with_escaped
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.in_process import (
    InProcessContext,
    redact_messages,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.remedies import ROLE_REMEDIES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX

READS_IN_PARALLEL = 8
"""A manager serves its console to several people at the same time, so reading in parallel needs no setting."""

CERTIFICATE, CERTIFICATE_INFO, ENVIRONMENT_INFO, TRUSTSTORE_INFO = (
    "apinizer_certificate",
    "apinizer_certificate_info",
    "apinizer_environment_info",
    "apinizer_truststore_info",
)

Item = t.TypeVar("Item")
Value = t.TypeVar("Value")
RunModule = Callable[[str, Mapping[str, t.Any], bool], Result]
"""Runs a module: its name, its options, whether in check mode."""


@dataclass(frozen=True)
class Operation:
    """One operation of C(apinizer_certificate); the attributes are its options.

    :arg bundle: the certificate to write; None to delete it, or to keep the current one.
    :arg warn_of_jwks: whether to look for JWKs that an update unlinks. In this process only; a module always does.
    :arg remedies: what a user can do about a failure, in terms of the caller's variables. The default is the role's.
    :arg expected: what the record must still contain for a write to be sent; None for anything. It is not an option of the module.
    """

    project: str
    name: str
    environments: tuple[str, ...] = ()
    bundle: Bundle | None = None
    unlisted_environments: str = "fail"
    alias: str | None = None
    description: str | None = None
    absent: bool = False
    force: bool = False
    jwk_scope: str | None = None
    warn_of_jwks: bool = True
    verify_gateways: str = "never"
    verify_timeout: float = DEFAULT_TIMEOUT
    remedies: Remedies = field(default_factory=lambda: ROLE_REMEDIES, compare=False)
    expected: Expected | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> str:
        return f"{self.project}/{self.name}"

    @property
    def options(self) -> dict[str, t.Any]:
        """The module's options. The guards and the checks of new certificates are the role's, so the module must not repeat
        them: a rollback writes what the manager held before.
        """
        options: dict[str, t.Any] = {
            "project": self.project,
            "name": self.name,
            "verify_gateways": self.verify_gateways,
            "verify_gateways_timeout": self.verify_timeout,
        }
        if self.absent:
            return {**options, "state": "absent", "force": self.force}
        if self.bundle:
            options["content"] = self.bundle.pem
        return {
            **options,
            "environments": list(self.environments),
            "unlisted_environments": self.unlisted_environments,
            "alias": self.alias or "",
            "description": self.description or "",
            "force": self.force,
            "update_referenced_jwks": self.jwk_scope is not None,
            "update_scope": self.jwk_scope or "",
            "allow_expired": True,
            "validate_chain": False,
        }

    def to_certificate_operation(self) -> CertificateOperation:
        """The same operation for this process.

        :raises InputError: for a name that no address can carry.
        """
        return CertificateOperation(
            project=check_name("project", self.project),
            name=check_name("name", self.name),
            absent=self.absent,
            desired=Desired(
                bundle=self.bundle,
                alias=self.alias,
                description=self.description,
                environments=None if self.absent else environment_names(list(self.environments)),
                unlisted=self.unlisted_environments,
                force=self.force,
            ),
            jwk_scope=self.jwk_scope.upper() if self.jwk_scope else None,
            warn_of_jwks=self.warn_of_jwks,
            verify_gateways=self.verify_gateways,
            verify_timeout=self.verify_timeout,
            expected=self.expected,
        )


class ManagerAccess:
    """One manager, with the connection options of each module.

    :arg options: the connection options, by module.
    :arg run_module: runs a module; None where the work can be done in this process.
    """

    def __init__(self, options: Mapping[str, Mapping[str, t.Any]], run_module: RunModule | None = None) -> None:
        self._options = options
        self._run_module = run_module

    @property
    def in_process(self) -> bool:
        return self._run_module is None

    def list_certificates(self, projects: Sequence[str]) -> dict[str, Result]:
        """List the certificates of projects: C(certificates), or a failure, by project."""

        def list_one(project: str) -> Result:
            if self._run_module:
                return self._run_module(CERTIFICATE_INFO, self._given(CERTIFICATE_INFO, project=project), False)
            return self._run(
                CERTIFICATE_INFO,
                lambda api, now, _context: {
                    "certificates": run_info_operation(
                        api, InfoOperation(project=check_name("project", project), chains=True), now=now
                    )
                },
            )

        return self._map(list_one, projects)

    def list_every_certificate(self) -> Result:
        """List the certificates of all projects that the token has access to: C(certificates), or a failure."""
        if self._run_module:
            return self._run_module(CERTIFICATE_INFO, self._given(CERTIFICATE_INFO), False)
        return self._run(
            CERTIFICATE_INFO,
            lambda api, now, _context: {"certificates": run_info_operation(api, InfoOperation(chains=True), now=now)},
        )

    def list_environments(self, projects: Sequence[str]) -> dict[str, Result]:
        """List the environments of projects: C(environments), or a failure, by project."""

        def list_one(project: str) -> Result:
            if self._run_module:
                return self._run_module(ENVIRONMENT_INFO, self._given(ENVIRONMENT_INFO, project=project), False)
            return self._run(
                ENVIRONMENT_INFO,
                lambda api, _now, _context: {"environments": run_environment_info_operation(api, project)},
            )

        return self._map(list_one, projects)

    def environments(self, projects: Sequence[str]) -> dict[str, dict[str, Result]]:
        """The environments of projects by name; none for a project whose environments cannot be listed."""
        listed = self.list_environments(projects)
        return {
            project: {one["name"]: one for one in result.get("environments", ())} for project, result in listed.items()
        }

    def read_truststores(self, projects: Mapping[str, str]) -> dict[str, Result]:
        """Read what the gateways of environments trust: C(truststores), or a failure, by environment.

        :arg projects: a project for each environment, since the manager checks the permissions of a project.
        """

        def read_one(environment: str) -> Result:
            project = projects[environment]
            if self._run_module:
                given = self._given(TRUSTSTORE_INFO, project=project, environments=[environment])
                return self._run_module(TRUSTSTORE_INFO, given, False)
            return self._run(
                TRUSTSTORE_INFO,
                lambda api, now, _context: {"truststores": read_truststores(api, project, (environment,), now=now)},
            )

        return self._map(read_one, list(projects))

    def predict(self, operations: Mapping[str, Operation]) -> dict[str, Result]:
        """Run operations in check mode, which tells everything that reading can tell, by the same keys."""
        return self._map(lambda key: self.carry_out(operations[key], check_mode=True), list(operations))

    def carry_out(self, operation: Operation, *, check_mode: bool = False) -> Result:
        """Run one operation. Its message and its warnings have the remedies of the caller."""
        if self._run_module:
            if not check_mode and (refused := self._why_modified(operation)):
                return refused
            result = self._run_module(CERTIFICATE, self._given(CERTIFICATE, **operation.options), check_mode)
            if "warnings" in result:
                result = {**result, "warnings": [in_terms_of(one, operation.remedies) for one in warnings_of([result])]}
            return {**result, "msg": in_terms_of(str(result["msg"]), operation.remedies)} if "msg" in result else result

        def carry_out(api: t.Any, now: datetime, context: InProcessContext) -> Result:
            def warn(text: str) -> None:
                context.warn(in_terms_of(text, operation.remedies))

            try:
                return run_certificate_operation(
                    api, operation.to_certificate_operation(), check_mode=check_mode, now=now, warn=warn
                )
            except ApinizerError as exc:
                add_remedy(exc, operation.remedies)
                raise

        return self._run(CERTIFICATE, carry_out)

    def _why_modified(self, operation: Operation) -> Result | None:
        """Compare the record with what a write relies on before a module is run, which has no option for that.

        :returns: the failure if someone else has modified it; None if the module can be run.
        """
        if operation.expected is None:
            return None
        listed = self.list_certificates([operation.project])[operation.project]
        if listed.get("failed"):
            return listed
        found = next((one for one in listed["certificates"] if one["name"] == operation.name), None)
        modified = operation.expected.modified(found)
        if not modified or self.carry_out(replace(operation, force=False), check_mode=True).get("changed") is False:
            return None
        error = operation.expected.error(operation.key, modified)
        add_remedy(error, operation.remedies)
        return {"changed": False, "failed": True, "msg": str(error)}

    def send_deletion(self, operation: Operation) -> Result:
        """Send the request that deletes a certificate, in this process. The caller reads the record back.

        :returns: C(deployment), or a failure with C(retry_after), and with C(retries) if another request may succeed.
        """

        def send(api: t.Any, _now: datetime, _context: InProcessContext) -> Result:
            try:
                return {"deployment": deployment(api.delete(operation.project, operation.name))}
            except RequestError as exc:
                retries = api.client.connection.retries if exc.retryable else 0
                return {"failed": True, "msg": str(exc), "retries": retries, "retry_after": exc.retry_after}

        return self._run(CERTIFICATE, send)

    def _given(self, module: str, **options: t.Any) -> dict[str, t.Any]:
        return {**self._options[module], **options}

    def _map(self, work: Callable[[str], Result], items: Sequence[str]) -> dict[str, Result]:
        """Do the work for each item, in parallel in this process; modules run one after the other."""
        if self._run_module or len(items) < 2:
            return {item: work(item) for item in items}
        threads = ThreadPoolExecutor(min(READS_IN_PARALLEL, len(items)))
        try:
            return dict(zip(items, threads.map(work, items)))
        finally:
            # A task that timed out does not begin what is still waiting.
            threads.shutdown(cancel_futures=True)

    def _run(self, module: str, work: Callable[[t.Any, datetime, InProcessContext], Result]) -> Result:
        """Do the work of a module in this process."""
        context = InProcessContext(self._options[module], check_mode=False)
        problem = context.validate(_CONNECTION, module)
        if problem is not None:
            return {"failed": True, "msg": problem}
        try:
            with context.manager() as api:
                result = work(api, datetime.now(timezone.utc), context)
        except ApinizerError as exc:
            result = {**getattr(exc, "result", {}), "failed": True, "msg": _named_for_the_role(exc)}
            if exc.problem == NO_IMPORT_FILE:
                result["import_file_missing"] = True
            if isinstance(exc, InputError) and exc.option not in CONNECTION_SPEC:
                result["option"] = exc.option
        except Exception as exc:  # noqa: BLE001 - a bug must not hide that something may have been written
            result = {
                "failed": True,
                "crashed": True,
                "msg": escape_controls(f"Unexpected {type(exc).__name__}: {exc}"),
            }
        if context.warnings:
            result["warnings"] = context.warnings
        return redact_messages(result, with_escaped(context.no_log_values))


_CONNECTION = ModuleDefinition(CONNECTION_SPEC, lambda _context, _now: {})


def _named_for_the_role(exc: ApinizerError) -> str:
    """The message, with a connection option named as the role's variable."""
    of_connection = isinstance(exc, InputError) and exc.option in CONNECTION_SPEC
    return f"{PREFIX}{exc}" if of_connection else str(exc)


def failures(results: Mapping[str, Result]) -> list[str]:
    """The messages of results that failed. Each names what it is about, unless all failed for the same reason."""
    failed = {key: str(result.get("msg")).rstrip(".") for key, result in results.items() if result.get("failed")}
    if failed and len(failed) == len(results) and len(set(failed.values())) == 1:
        return [next(iter(failed.values()))]
    return [message if key in message else f"{key}: {message}" for key, message in failed.items()]


def warnings_of(results: Iterable[Result]) -> list[str]:
    """The warnings of results, each once."""
    return list(dict.fromkeys(_text_of(warning) for result in results for warning in result.get("warnings", ())))


def _text_of(warning: t.Any) -> str:
    """The text of a warning. Since ansible-core 2.19, the warnings of a module are objects with the event behind them."""
    event = getattr(warning, "event", None)
    return str(warning if event is None else event.msg)
