# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A manager whose certificate is rotated with an overlap, by the phases of the role in this process.

After every request that the fake manager handles, `TrustWatch` asserts what an overlap promises: a gateway that trusted the
old certificate trusts the old or the new one, and the old one until the certificate itself is updated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import read_marker
from integration.phase_runner import PhaseRunner
from manager import Issued, Manager
from manager.http_types import HttpRequest

PROJECT, NAME = "MyProject", "my-certificate"
DEVELOPMENT, PRODUCTION = ENVIRONMENTS = "development", "production"
COMPANIONS = {environment: f"{NAME}-next-{environment}" for environment in ENVIRONMENTS}
WAVES = [[DEVELOPMENT], [PRODUCTION]]

Json = dict[str, Any]


class Killed(Exception):
    """The run was killed."""


@dataclass
class TrustWatch:
    """What each gateway trusts, after every request.

    :arg new: the new certificates; more than one if another one arrives during an overlap.
    :arg lost: gateways that lose their certificates for another reason than the role, so that they are not watched.
    """

    manager: Manager
    old: bytes
    new: list[bytes]
    promoted: bool = False
    lost: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)

    def __call__(self, request: HttpRequest) -> None:
        """Look at the gateways after a request."""
        names = [segment for segment in request.segments if segment]
        self.promoted |= request.method == "PUT" and names[-1] == NAME
        for environment in set(ENVIRONMENTS) - self.lost:
            trusted = set(self.manager.trusted(environment).values())
            what = f"after {request.method} {'/'.join(names)}, the gateways of {environment}"
            if not trusted & {self.old, *self.new}:
                self.violations.append(f"{what} trust neither certificate")
            if not self.promoted and self.old not in trusted:
                self.violations.append(f"{what} do not trust the old certificate, which is not replaced yet")


@dataclass
class Ran:
    """What a run said and did."""

    result: Json
    phases: dict[str, Json]
    requests: list[str]

    @property
    def outcome(self) -> str:
        return str(self.result["outcome"])

    @property
    def message(self) -> str:
        return str(self.result["message"])

    @property
    def stages(self) -> list[str | None]:
        return [one["stage"] for one in self.result["certificates"] if one["companion_of"] is None]

    @property
    def changed(self) -> bool:
        return any(made.get("changed") for made in self.phases.values())


@dataclass
class World:
    """A manager that holds the old certificate in two environments."""

    manager: Manager
    folder: Path
    old: Issued
    new: Issued
    watch: TrustWatch
    variables: Json = field(default_factory=dict)
    obtained: list[Issued] = field(default_factory=list)

    def run(
        self,
        *,
        check: bool = False,
        stop_before: str = "",
        between: Callable[[str], object] | None = None,
        **variables: Any,
    ) -> Ran:
        """Run the role.

        :arg stop_before: the phase before which the run is killed, such as C(verify 2).
        :arg between: called with the name of each phase before it is carried out.
        """
        mark = self.manager.journal.mark()

        def before(title: str) -> None:
            if between:
                between(title)
            if title == stop_before:
                raise Killed

        runner = PhaseRunner(self.manager, self.folder, {**self.variables, **variables}, check=check, before=before)
        try:
            result = runner.run_role(obtain=lambda _item: self.obtained.pop(0).pem)
        except Killed:
            result = {"outcome": "killed", "message": "", "certificates": []}
        assert not self.watch.violations, self.watch.violations
        writes = [
            f"{request.method} {request.segments[-1]}" for request in mark if request.writes and request.status != 404
        ]
        assert not (check and writes)
        return Ran(result, runner.results, [write.replace("POST certificates", "POST") for write in writes])

    def wait(self, days: float) -> None:
        """Let time pass, for the starts of the overlaps."""
        for key, certificate in self.manager.state.certificates.items():
            marker = read_marker(certificate.description)
            if marker:
                earlier = replace(marker, since=marker.since - timedelta(days=days))
                description = earlier.added_to(certificate.description)
                self.manager.state.certificates[key] = replace(certificate, description=description)

    def held(self) -> dict[str, bytes]:
        """The certificates of the project as the record has them, by name, or by name and environment."""
        found = {}
        for environment in ENVIRONMENTS:
            for name in (NAME, COMPANIONS[environment]):
                entries = self.manager.holds(PROJECT, name).get(environment, [])
                assert len(entries) <= 1
                if entries:
                    found[f"{name} {environment}" if name == NAME else name] = entries[0]
        return found

    def trusted(self) -> dict[str, set[bytes]]:
        return {environment: set(self.manager.trusted(environment).values()) for environment in ENVIRONMENTS}

    def everywhere(self, issued: Issued, companions: Issued | None = None) -> dict[str, bytes]:
        """The record with a certificate in each environment, and perhaps another one in the companions."""
        held = {f"{NAME} {environment}": issued.der for environment in ENVIRONMENTS}
        return held | (dict.fromkeys(COMPANIONS.values(), companions.der) if companions else {})

    def assert_rotated(self, to: Issued) -> None:
        """Only the new certificate is left, in the record and at the gateways."""
        assert self.held() == self.everywhere(to)
        assert self.trusted() == {environment: {to.der} for environment in ENVIRONMENTS}


def make_world(manager: Manager, folder: Path, old: Issued, new: Issued, **variables: Any) -> World:
    """Prepare a manager that has been started."""
    manager.add_project(PROJECT, ENVIRONMENTS)
    manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, old), description="Partner")
    watch = TrustWatch(manager, old.der, [new.der])
    manager.observe(watch)
    given = {
        "certificates": [{"project": PROJECT, "name": NAME, "content": new.pem}],
        "strategy": "overlap",
        "waves": WAVES,
        "verify_gateways_timeout": 0,
        "require_later_expiry": False,
    }
    return World(manager, folder, old, new, watch, {**given, **variables})


def marker_start(manager: Manager, environment: str) -> datetime | None:
    """When the overlap began, as the description of a companion says."""
    marker = read_marker(manager.state.certificates[PROJECT, COMPANIONS[environment]].description)
    return marker.since if marker else None
