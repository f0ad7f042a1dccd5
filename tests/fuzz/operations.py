# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a case runs: each module, the role, the restore, and the plugins, in this process and over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import audit_report
from ansible_collections.apinizer.apiops.plugins.filter.certificate_findings import certificate_findings
from ansible_collections.apinizer.apiops.plugins.inventory.environments import InventoryModule
from ansible_collections.apinizer.apiops.plugins.lookup.certificate import FIELDS, LookupModule
from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._client import Client
from ansible_collections.apinizer.apiops.plugins.modules import (
    apinizer_certificate,
    apinizer_certificate_info,
    apinizer_environment_info,
    apinizer_truststore_info,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action import in_process
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.watcher import Clock, watch

from .certificates import NEW
from .outcome import UNKNOWN, Json, Outcome
from .world import ENVIRONMENTS, NAME, PROJECT, Snapshot, World, snapshot

NEW_DER = ssl.PEM_cert_to_DER_cert(NEW)
PASSWORD = "s3cret-Pa55word"
CREATED = "created"
"""The name of a certificate that a case creates."""


_LOST = re.compile(
    r"LOST THE CERTIFICATE|deployment failed|is unknown|rollback is not complete|could not be read back|ROLLBACK|not restored",
    re.IGNORECASE,
)


@dataclass
class Case:
    """What an operation works with.

    :arg url: the address of the manager, or of a server in front of it.
    :arg timeout: in seconds.
    :arg reliable: whether the manager does what it reports, so that what it has deployed is on the gateways.
    :arg loses: whether the manager itself loses a certificate, so that the task must restore it or say so.
    :arg strict: whether the result must be true. It cannot be if a read was answered with something untrue, or if somebody
        else has written at the same time.
    """

    rng: random.Random
    world: World
    url: str
    folder: Path
    timeout: float = 5.0
    retries: int = 0
    description: str = ""
    reliable: bool = False
    loses: bool = False
    outcome: Outcome = field(default_factory=Outcome)
    strict: Callable[[], bool] = lambda: True
    refused: Callable[[], bool] = lambda: False

    @cached_property
    def connection(self) -> Json:
        """The connection options: with the token, or with a password in some cases."""
        credentials = {"token": self.world.manager.token}
        if self.rng.random() < 0.2:
            self.world.manager.add_user("admin", PASSWORD)
            credentials = {"username": "admin", "password": PASSWORD}
        return {"url": self.url, "timeout": self.timeout, "retries": self.retries, **credentials}

    def check_secrets(self) -> None:
        """Check that no result and no text contains the token or the password."""
        shown = json.dumps([self.outcome.results, self.outcome.data, self.outcome.texts], default=str)
        if self.world.manager.token in shown or PASSWORD in shown:
            self.problem("a secret is shown")

    def problem(self, text: str) -> None:
        """Report that something does not hold."""
        self.outcome.problems.append(text)

    def run_module(self, module: Any, *, check_mode: bool = False, **options: Any) -> Json:
        """Run a module in this process."""
        name = module.__name__.rpartition(".")[2]
        shown = {key: "NEW" if value == NEW else value for key, value in options.items()}
        self.description += f"\n  {name}{' in check mode' if check_mode else ''}: {shown}"
        result = in_process.run_in_process(
            module.DEFINITION, name, {**self.connection, **options}, check_mode=check_mode, show_invocation=False
        )
        self.outcome.results.append(result)
        return result

    def wait(self, _seconds: float) -> None:
        """Wait before a retry: only until the manager has carried out what it received."""
        self.world.manager.settle(10.0)

    @contextmanager
    def without_delays(self) -> Iterator[None]:
        """Connect with new connections each time, and without the delays between retries."""

        @contextmanager
        def shared_manager(connection: Any, add_secret: Any) -> Iterator[CertificateApi]:
            with closing(Client(connection, self.wait, add_secret=add_secret)) as client:
                yield CertificateApi(client)

        with mock.patch.object(in_process, "shared_manager", shared_manager):
            yield


def check_change(case: Case, what: str, before: Snapshot, *, changed: bool, text: str, redeploys: bool = False) -> None:
    """Check that a step has said whether it has changed something, or that this is unknown."""
    manager = case.world.manager
    manager.settle(10.0)
    if not case.strict() or UNKNOWN.search(text):
        return
    after = snapshot(manager)
    touched = after != before
    # A deployment of what the record contains already is no change of the record.
    written = (touched and not redeploys) or after["certificates"] != before["certificates"]
    if written and not changed and not (case.refused() and "had no effect" in text):
        case.problem(f"{what} has changed the manager, and says that it has not: {text[:500]}")
    if changed and not touched and not redeploys:
        case.problem(f"{what} says that it has changed the manager, and has not: {text[:500]}")
    if written and not changed and "is unchanged" in text:
        case.problem(f"{what} says that the record is unchanged: {text[:500]}")


def check_losses(case: Case, text: str, *, removes: frozenset[str] = frozenset()) -> None:
    """Check that no environment has lost a certificate, in the record and on its gateways.

    :arg text: what the operation has said.
    :arg removes: the environments from which the operation was asked to remove its certificate.
    """
    if not case.strict() or (case.loses and _LOST.search(text)):
        return
    key = (PROJECT, NAME)
    before, after = case.world.before, snapshot(case.world.manager)
    for name, held in before["gateways"].items():
        for one in held:
            if one not in after["gateways"].get(name, {}) and not (one == key and name in removes):
                case.problem(f"the gateways of {name} have lost {'/'.join(one)}")
    for one, certificate in before["certificates"].items():
        kept = {entry[0] for entry in after["certificates"].get(one, {"entries": ()})["entries"]}
        for name in sorted({entry[0] for entry in certificate["entries"]} - kept):
            if not (one == key and name in removes):
                case.problem(f"{name} has lost {'/'.join(one)} in the record")


def _certificate(case: Case, *, removes: frozenset[str] = frozenset(), **options: Any) -> None:
    """Run apinizer_certificate, and check its result."""
    check_mode = case.rng.random() < 0.15
    if case.rng.random() < 0.1 and options.get("state") != "absent":
        options["force"] = True
    verify = case.rng.choice(["auto", "auto", "never", "required"])
    options = {"verify_gateways": verify, "verify_gateways_timeout": 1, **options}
    manager, before = case.world.manager, snapshot(case.world.manager)
    result = case.run_module(apinizer_certificate, check_mode=check_mode, project=PROJECT, **{"name": NAME, **options})
    text = " ".join([str(result.get("msg", "")), *result.get("warnings", ())])
    manager.settle(10.0)
    if check_mode:
        if case.strict() and snapshot(manager) != before:
            case.problem("check mode has changed the manager")
        return
    redeploys = bool(options.get("force") or options["verify_gateways"] == "required" or result.get("deployment"))
    check_change(
        case,
        "the task",
        before,
        changed=bool(result.get("changed")),
        text=str(result.get("msg", "")),
        redeploys=redeploys,
    )
    check_losses(case, text, removes=removes)
    if case.strict() and not result.get("failed"):
        _check_success(case, result, options, text)


def _check_success(case: Case, result: Json, options: Json, text: str) -> None:
    """Check that a task that has succeeded has done what it was asked for."""
    manager = case.world.manager
    stored = manager.state.certificates.get((PROJECT, options.get("name", NAME)))
    if options.get("state") == "absent":
        if stored is not None:
            case.problem(f"the task has succeeded, and the certificate is not deleted: {text[:500]}")
        return
    deployment = result.get("deployment") or {}
    if result["changed"] and deployment.get("success") is False:
        case.problem(f"the task has succeeded, and its deployment failed: {deployment}")
    for name in options.get("environments") or case.world.environments:
        entries = stored.entries_in(name) if stored else ()
        deployed = any(one["success"] for one in deployment.get("environments", ()) if one["name"] == name)
        if case.reliable and deployed and NEW_DER not in manager.gateways.get(name, {}).values():
            case.problem(f"the task has succeeded, and the gateways of {name} do not hold the new certificate")
        if not entries or entries[-1].der != NEW_DER:
            case.problem(f"the task has succeeded, and {name} does not hold the new certificate: {text[:500]}")
    for gateway in result.get("gateways") or ():
        # Another certificate may be the same one, under another alias.
        held = manager.gateways.get(gateway["name"], {}).values()
        newest = stored.entries_in(gateway["name"])[-1].der if stored else None
        if gateway["state"] == "confirmed" and newest not in held:
            case.problem(f"{gateway['name']} is confirmed, and its gateways do not hold the new certificate")


def _some(rng: random.Random, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if rng.random() < 0.6] or [rng.choice(names)]


def create(case: Case) -> None:
    """Create a certificate."""
    case.world.manager.journal.clear()
    environments = _some(case.rng, ENVIRONMENTS)
    _certificate(
        case, name=CREATED, content=NEW, environments=environments, alias="created-alias", description="Second"
    )


def update(case: Case) -> None:
    """Update all environments."""
    added = _some(case.rng, ENVIRONMENTS) if case.rng.random() < 0.2 else []
    environments = sorted({*case.world.environments, *added})
    jwks = {"update_referenced_jwks": True, "update_scope": "same_project"} if case.rng.random() < 0.2 else {}
    given = {"description": "Second"} if case.rng.random() < 0.3 else {}
    _certificate(case, content=NEW, environments=environments, **jwks, **given)


def keep(case: Case) -> None:
    """Import into some environments."""
    _certificate(case, content=NEW, environments=_some(case.rng, ENVIRONMENTS), unlisted_environments="keep")


def remove(case: Case) -> None:
    """Update some environments, and remove the certificate from the others."""
    kept = _some(case.rng, case.world.environments)
    removes = frozenset(case.world.environments) - set(kept)
    _certificate(case, content=NEW, environments=kept, unlisted_environments="remove", removes=removes)


def update_unlisted(case: Case) -> None:
    """Update all environments although only some are listed."""
    _certificate(
        case, content=NEW, environments=_some(case.rng, case.world.environments), unlisted_environments="update"
    )


def delete(case: Case) -> None:
    """Delete the certificate."""
    jwks = {"delete_referenced_jwks": True} if case.rng.random() < 0.3 else {}
    _certificate(case, state="absent", removes=frozenset(ENVIRONMENTS), **jwks)


def verify(case: Case) -> None:
    """Require that the gateways hold the certificate."""
    extra = case.rng.choice(
        [{}, {"unlisted_environments": "keep", "environments": _some(case.rng, case.world.environments)}]
    )
    environments = {"environments": sorted(case.world.environments)}
    _certificate(case, content=NEW, **{**environments, "verify_gateways": "required", **extra})


def info(case: Case) -> None:
    """Read certificates."""
    rng = case.rng
    options: Json = rng.choice([{}, {"project": PROJECT}, {"project": PROJECT, "name": NAME}])
    if rng.random() < 0.3:
        options = {**options, "environments": _some(rng, ENVIRONMENTS)}
    if rng.random() < 0.3:
        options = {**options, "expiring_within": 9999}
    if rng.random() < 0.3:
        options = {**options, "details": True}
    case.run_module(apinizer_certificate_info, **options)


def environment_info(case: Case) -> None:
    """Read the environments of a project."""
    case.run_module(apinizer_environment_info, project=PROJECT)


def truststore_info(case: Case) -> None:
    """Read what gateways trust."""
    options = {"environments": _some(case.rng, ENVIRONMENTS)} if case.rng.random() < 0.7 else {}
    case.run_module(apinizer_truststore_info, project=PROJECT, **options)


def audit(case: Case) -> None:
    """Read all certificates as the playbook audit does, find problems, and render the reports."""
    found = case.run_module(apinizer_certificate_info)
    if found.get("failed"):
        return
    certificates = found["certificates"]
    with _ansible_errors(case):
        findings = certificate_findings(certificates, case.rng.choice([None, 30, 9999]))
        case.outcome.results.append({"findings": findings})
        report = {
            "schema": 1,
            "manager": case.url,
            "host": "localhost",
            "generated": "2026-06-01T12:00:00Z",
            "threshold_days": None,
            "certificates": certificates,
            "findings": findings,
        }
        for output_format in ("html", "md", "prom"):
            audit_report(report, output_format).encode()


class _Inventory(InventoryModule):
    """The inventory plugin with these options, which Ansible would read from a file."""

    def __init__(self, options: Json) -> None:
        super().__init__()
        self._own_options = options
        groups = [{"key": "apinizer_projects", "prefix": "project"}]
        self._others = {"cache": False, "strict": True, "compose": {}, "groups": {}, "keyed_groups": groups}

    def _read_config_data(self, _path: str) -> Json:
        return self._own_options

    def get_options(self, **_keywords: Any) -> Json:
        return {**self._own_options, **self._others}

    def get_option(self, option: str, **_keywords: Any) -> Any:
        return self._others[option]


def inventory(case: Case) -> None:
    """Read the environments as hosts."""
    options = {**case.connection, **case.rng.choice([{}, {"projects": [PROJECT]}])}
    case.description += f"\n  inventory: {options.get('projects')}"
    plugin, hosts = _Inventory(options), InventoryData()
    plugin.display = SimpleNamespace(warning=case.outcome.texts.append)
    with _ansible_errors(case):
        plugin.parse(hosts, DataLoader(), "apinizer.yml", cache=False)
    case.outcome.results.append({name: host.get_vars() for name, host in hosts.hosts.items()})


def lookup(case: Case) -> None:
    """Look up a value of the certificate."""
    options = {"project": PROJECT, "field": case.rng.choice(FIELDS)}
    if case.rng.random() < 0.7:
        options["environment"] = case.rng.choice(ENVIRONMENTS)
    case.description += f"\n  lookup: {options}"
    with _ansible_errors(case):
        case.outcome.results.append({"values": LookupModule().run([NAME], **case.connection, **options)})


class _Ended(BaseException):
    """Ends the event source, which runs until it is cancelled."""


class _Log(logging.Handler):
    """Keeps what is logged, which a user sees as well."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(record.getMessage())


def event_source(case: Case) -> None:
    """Read the manager three times as the event source."""
    case.description += "\n  event source"
    slept = [0]

    async def emit(event: Any) -> None:
        case.outcome.results.append(dict(event))

    async def sleep(_seconds: float) -> None:
        slept[0] += 1
        if slept[0] == 3:
            raise _Ended

    clock = Clock(monotonic=lambda: slept[0] * 1000.0, sleep=sleep, jitter=lambda: 1.0)
    arguments = {**case.connection, "state_file": str(case.folder / "state.json"), "interval": 10}
    log, handler = logging.getLogger("apinizer.apiops.certificate_expiry"), _Log(case.outcome.texts)
    log.addHandler(handler)
    try:
        with contextlib.suppress(_Ended):
            asyncio.run(watch(emit, arguments, clock))
    finally:
        log.removeHandler(handler)


@contextmanager
def _ansible_errors(case: Case) -> Iterator[None]:
    """Keep the message of an error of Ansible, which a user sees."""
    try:
        yield
    except AnsibleError as error:
        case.outcome.texts.append(str(error))


CERTIFICATE: list[Callable[[Case], None]] = [create, update, update, keep, remove, update_unlisted, delete, verify]
READING: list[Callable[[Case], None]] = [
    info,
    environment_info,
    truststore_info,
    audit,
    inventory,
    lookup,
    event_source,
]
