# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the role's engine start from: certificates around one moment, and a builder of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from ansible_collections.apinizer.apiops.plugins.module_utils import _result
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, parse_input
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.guards import check_guards
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import make_plan
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run, Write
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate, Settings
from manager.pki import Authority, Issued

Json = dict[str, Any]
Certificates = Mapping[str, Bundle | None]
"""Certificates by environment; None where the manager does not return the content."""

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
FINISHED = NOW + timedelta(minutes=5)
PROJECT, NAME, KEY = "MyProject", "web", "MyProject/web"
DEV, STAGE, PROD = "development", "staging", "production"
TWO_WAVES = ((DEV,), (PROD,))

_AUTHORITY = Authority()


@cache
def issued(
    *,
    days: int,
    common_name: str = "web.example.com",
    organization: str = "Example Inc",
    dns: tuple[str, ...] = (),
    ip: tuple[str, ...] = (),
    valid_in: int = -400,
) -> Issued:
    """A certificate with that many days left, which begins in C(valid_in) days; the same one for the same arguments."""
    return _AUTHORITY.issue(
        common_name,
        organization=organization,
        dns_names=dns,
        ip_addresses=ip,
        not_before=NOW + timedelta(days=valid_in),
        not_after=NOW + timedelta(days=days),
    )


def bundle(*, days: int, **changes: Any) -> Bundle:
    """A certificate as the engine has it, with that many days left."""
    return parse_input(issued(days=days, **changes).pem.encode())


EXPIRED, OLD, OTHER, NEW = bundle(days=-5), bundle(days=20), bundle(days=25), bundle(days=300)


def entry(environment: str, current: Bundle | None = OLD, *, alias: str = "web-alias", entries: int = 1) -> Json:
    """An environment of a certificate, as apinizer_certificate returns it; None for one without content."""
    values = _result.entry_values(Entry(environment, alias, current), NOW, entries)
    return {**values, "content": current.pem if current else None}


def listed_entry(environment: str, current: Bundle, *, alias: str = "web-alias", entries: int = 1) -> Json:
    """An environment of a certificate in a list that carries no content: its SHA-1 and its dates are known."""
    leaf = current.leaf
    without_content = Entry(
        environment,
        alias,
        sha1=leaf.fingerprint_sha1,
        reported_not_before=leaf.not_before,
        reported_not_after=leaf.not_after,
    )
    return _result.entry_values(without_content, NOW, entries)


def certificate(*environments: Json, project: str = PROJECT, name: str = NAME) -> Json:
    return {"project": project, "name": name, "description": "First", "environments": list(environments)}


def holding(certificates: Certificates, **changes: Any) -> Json:
    """A certificate by what its environments hold."""
    return certificate(
        *(entry(environment, current) for environment, current in sorted(certificates.items())), **changes
    )


def listed(*certificates: Json) -> dict[str, list[Json]]:
    """The certificates of each project."""
    projects: dict[str, list[Json]] = {}
    for one in certificates:
        projects.setdefault(one["project"], []).append(one)
    return projects


def deployment(success: bool | None = True, message: str = "as reported", **environments: str) -> Json:
    """What a manager reports about a deployment; C(environments) are those that failed, with their messages."""
    failed = [{"name": name, "success": False, "message": text} for name, text in environments.items()]
    done = [
        {"name": name, "success": True, "message": message} for name in (DEV, STAGE, PROD) if name not in environments
    ]
    return {"success": success, "message": message, "environments": failed + done if success else failed}


class RunBuilder:
    """Builds a run from what the manager held before it, step by step.

    It begins with the certificate C(web), which is given as a file; the settings are those of the role.

    >>> run = RunBuilder(holding({"staging": OLD})).wrote("staging").verified(1).build()
    """

    def __init__(
        self,
        before: Json | None = None,
        *,
        new: Bundle | None = NEW,
        desired: DesiredCertificate | None = None,
        types: Mapping[str, str | None] | None = None,
        check_mode: bool = False,
        **settings: Any,
    ) -> None:
        self._settings = settings
        self._types = {PROJECT: dict(types or {})}
        self._desired: list[DesiredCertificate] = []
        self._before: dict[str, Json | None] = {}
        self._new: dict[str, Bundle] = {}
        self._checked = True
        self._run = Run("https://manager.example.com", "localhost", check_mode, NOW)
        self.also(before, new=new, desired=desired or DesiredCertificate(PROJECT, NAME, path="web.pem"))

    def also(
        self, before: Json | None, *, new: Bundle | None = NEW, desired: DesiredCertificate | None = None
    ) -> RunBuilder:
        """Rotate one more certificate."""
        if desired is None:
            assert before is not None
            desired = DesiredCertificate(before["project"], before["name"], path="new.pem")
        self._desired.append(desired)
        self._before[desired.key] = before
        if new:
            self._new[desired.key] = new
        return self

    def before_preflight(self) -> RunBuilder:
        """The preflight checks have not run: the content of the current certificates is not known, nor the guards."""
        self._checked = False
        return self

    def wrote(self, *environments: str, wave: int = 1, key: str = KEY, **result: Any) -> RunBuilder:
        """A write that returned; without C(result), the manager stored the certificate and deployed it."""
        values = {"failed": False, "may_have_changed": True, "deployment": deployment(), **result}
        self._run.writes.append(Write(key, wave, environments, **values))
        return self

    def refused_write(self, *environments: str, wave: int = 1, key: str = KEY) -> RunBuilder:
        """A write that failed and changed nothing."""
        return self.wrote(*environments, wave=wave, key=key, failed=True, may_have_changed=False, deployment=None)

    def interrupted_write(self, *environments: str, wave: int = 1, key: str = KEY) -> RunBuilder:
        """A write that was killed before it returned."""
        self._run.writes.append(Write(key, wave, environments))
        return self

    def verified(self, *waves: int) -> RunBuilder:
        self._run.verified.extend(waves)
        return self

    def failed(self, message: str = "No permission to write") -> RunBuilder:
        self._run.failure = message
        return self

    def rolled_back(self, *problems: str) -> RunBuilder:
        """A rollback was performed; with C(problems), it is not complete."""
        self._run.rollback = list(problems)
        return self

    def build(self) -> Run:
        run = self._run
        settings = Settings(certificates=tuple(self._desired), **self._settings)
        run.settings = settings
        before = [one for one in self._before.values() if one]
        run.plan = make_plan(settings, listed(*before), self._new, self._types)
        due = run.plan.due
        run.new_views = {one.key: _result.entry_values(Entry("", bundle=one.new), NOW, 1) for one in due}
        if self._checked and not run.plan.problems:
            run.ready = True
            run.previous = {one.key: self._before[one.key] for one in due}
            current = {one.key: _bundles(self._before[one.key]) for one in due}
            run.guards = {one.key: tuple(check_guards(settings, one, current[one.key], NOW)) for one in due}
        return run


def _bundles(before: Json | None) -> dict[str, Bundle | None]:
    views: Sequence[Json] = (before or {}).get("environments", ())
    return {view["name"]: parse_input(view["content"].encode()) if view["content"] else None for view in views}
