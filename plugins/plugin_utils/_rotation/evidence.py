# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role has gathered so far, from Ansible's variables to values: the border between its tasks and the rest.

The tasks hand over one dictionary, the evidence, with the keys

* C(variables): the role's variables without the prefix;
* C(now): when the run began, ISO 8601;
* C(listed): by project, the certificates as C(apinizer_certificate_info) returns them; empty where they are not known;
* C(types): the results of C(apinizer_environment_info) in a loop; empty unless the waves go by stage;
* C(materials): by C(project/name), the new certificate that a file holds, as C(base64) or C(error);
* C(fetched): the results of C(slurp) in a loop over further files, each with C(key) and C(path);
* C(obtained): as C(materials), and in the place of those;
* C(details): by C(project/name), each that is due as it was before the run, with content, and null for an absent one;

and, as the run goes on, C(applied) (a list for each wave), C(undone), C(after), C(failure), C(refused), C(check_mode) and
C(about).

What is large comes as text: C(json:) and JSON, or C(zlib:) and the same, compressed, as base64. Ansible looks into every
value of a dictionary that it hands from task to task, and just once at a text, of which it makes several copies.
"""

from __future__ import annotations

import base64
import binascii
import json
import typing as t
import zlib
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cached_property

from ansible_collections.apinizer.apiops.plugins.module_utils import _result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import (
    Bundle,
    parse_input,
    parse_stored,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.guards import Guard, check_guards
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    Described,
    PlannedCertificate,
    RotationPlan,
    make_plan,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.requests import Request, make_request
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.result import Applied, Run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.rollback import (
    Touched,
    WayBack,
    find_way_back,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings, read_settings

_JSON, _COMPRESSED = "json:", "zlib:"
_COMPRESSED_FROM = 50_000
"""Characters. Certificates and what is said of them shrink to less than half, in a few milliseconds for a megabyte."""


class Evidence:
    """The evidence of a run. Whatever is asked of it follows from the dictionary alone."""

    def __init__(self, gathered: Mapping[str, t.Any]) -> None:
        self._gathered = {key: unpacked(value) for key, value in gathered.items()}

    @cached_property
    def settings(self) -> Settings:
        return read_settings(self._gathered["variables"])

    @cached_property
    def now(self) -> datetime:
        return datetime.fromisoformat(str(self._gathered["now"]).replace("Z", "+00:00")).astimezone(timezone.utc)

    @cached_property
    def _materials(self) -> tuple[dict[str, Bundle], list[str]]:
        """The new certificates, and what is wrong with those that are none."""
        found, problems = {}, []
        materials: dict[str, Mapping[str, t.Any]] = {
            certificate.key: {"content": certificate.content}
            for certificate in self.settings.certificates
            if certificate.content is not None
        }
        materials.update(self._gathered.get("materials") or {})
        materials.update(_fetched(result) for result in self._gathered.get("fetched") or ())
        materials.update(self._gathered.get("obtained") or {})
        for key, material in materials.items():
            try:
                found[str(key)] = parse_input(_bytes(material))
            except CertificateError as exc:
                source = material.get("path") or "content"
                problems.append(f"The new certificate of {key} ({source}) cannot be used: {exc}")
        return found, problems

    @cached_property
    def new(self) -> dict[str, Bundle]:
        """The new certificates by C(project/name), as far as they are known."""
        return self._materials[0]

    @cached_property
    def new_described(self) -> dict[str, Described]:
        """The new certificates of those that are due."""
        return {
            planned.wanted.key: _result.entry_values(Entry("", bundle=planned.new), self.now, 1)
            for planned in self.plan.certificates
            if planned.due and planned.new
        }

    @cached_property
    def plan(self) -> RotationPlan:
        types = {
            _looped_over(result): {environment["name"]: environment["type"] for environment in result["environments"]}
            for result in self._gathered.get("types", ())
            if not result.get("failed") and "environments" in result
        }
        listed = self._gathered.get("listed")
        if not listed:
            return RotationPlan(self.settings.strategy, "the certificates could not be listed", (), ())
        return make_plan(self.settings, listed, self.new, types)

    @property
    def problems(self) -> list[str]:
        """Why the run must not start, each fit for the user."""
        return [*self._materials[1], *self.plan.problems]

    @property
    def due(self) -> list[Request]:
        """What is due and can be written, each request for all waves together."""
        return [
            make_request(planned, self.plan, self.settings, None)
            for planned in self.plan.certificates
            if planned.due and planned.new
        ]

    def requests(self, wave: int) -> list[Request]:
        """What is to be written in a wave, less what the guards hold back."""
        return [
            make_request(planned, self.plan, self.settings, wave)
            for planned in self.plan.certificates
            if planned.new and planned.due_in(wave) and self.passes(planned)
        ]

    @property
    def previous(self) -> Mapping[str, t.Any]:
        """What is due as it was before the run, with content, by C(project/name); None for what was absent."""
        return self._gathered.get("details") or {}

    @cached_property
    def guards(self) -> dict[str, list[Guard]]:
        """The guards of each certificate that is due, as far as it was looked at in detail."""
        return {
            planned.wanted.key: check_guards(self.settings, planned, _held(self.previous[planned.wanted.key]), self.now)
            for planned in self.plan.certificates
            if planned.due and planned.wanted.key in self.previous
        }

    def passes(self, planned: PlannedCertificate) -> bool:
        return all(guard.passed for guard in self.guards.get(planned.wanted.key, ()))

    @cached_property
    def applied(self) -> list[Applied]:
        return [
            Applied(one["key"], one["wave"], tuple(one["environments"]), one["result"])
            for wave in self._gathered.get("applied", ())
            for one in unpacked(wave)
        ]

    def way_back(self) -> WayBack:
        """How to undo what was applied."""
        written: dict[str, list[str]] = {}
        duplicated = set()
        for one in self.applied:
            if one.changed:
                written.setdefault(one.key, []).extend(one.environments)
            if one.duplicated:
                duplicated.add(one.key)
        wanted = {planned.wanted.key: planned.wanted for planned in self.plan.certificates}
        touched = [
            Touched(
                wanted[key].project,
                wanted[key].name,
                tuple(sorted(set(environments))),
                self.previous[key],
                duplicated=key in duplicated,
            )
            for key, environments in written.items()
        ]
        return find_way_back(touched, one_update=self.plan.strategy == "replace")

    def run(self) -> Run:
        """The run as it stands."""
        gathered = self._gathered
        # A loop has results even where its tasks were skipped, or where there was nothing to loop over.
        undone = gathered.get("undone") if self.settings.rollback and self.applied else None
        if undone == "":  # what ansible-core before 2.19 makes of none
            undone = None
        return Run(
            plan=self.plan,
            guards=self.guards,
            new=self.new_described,
            applied=self.applied,
            check_mode=bool(gathered.get("check_mode")),
            failure=str(gathered.get("failure") or ""),
            refused=bool(gathered.get("refused")) or not self.applied,
            undone=undone,
            impossible=self.way_back().impossible if undone is not None else (),
            after=gathered.get("after") or None,
            about=gathered.get("about", {}),
        )


def packed(value: t.Any) -> str:
    """A value of the evidence as text."""
    if isinstance(value, str):
        return value
    text = json.dumps(value)
    if len(text) < _COMPRESSED_FROM:
        return _JSON + text
    return _COMPRESSED + base64.b64encode(zlib.compress(text.encode("ascii"), level=1)).decode("ascii")


def unpacked(value: t.Any) -> t.Any:
    """A value of the evidence, which may have come as text."""
    if isinstance(value, str):
        if value.startswith(_JSON):
            return json.loads(value[len(_JSON) :])
        if value.startswith(_COMPRESSED):
            return json.loads(zlib.decompress(base64.b64decode(value[len(_COMPRESSED) :])))
    return value


def _looped_over(result: Mapping[str, t.Any]) -> t.Any:
    """The item of a loop that a result belongs to."""
    return result[result["ansible_loop_var"]]


def _fetched(result: Mapping[str, t.Any]) -> tuple[str, Mapping[str, t.Any]]:
    """A file that was transferred, by the key of its certificate."""
    file = _looped_over(result)
    error = "" if "content" in result else str(result["msg"])
    return file["key"], {"path": file["path"], "base64": result.get("content"), "error": error}


def _bytes(material: Mapping[str, t.Any]) -> bytes:
    if material.get("error"):
        raise CertificateError(str(material["error"]))
    if material.get("base64") is not None:
        try:
            return base64.b64decode(str(material["base64"]))
        except binascii.Error as exc:
            raise CertificateError("the file was not transferred whole") from exc
    return str(material["content"]).encode("utf-8", "surrogateescape")


def _held(previous: Mapping[str, t.Any] | None) -> dict[str, Bundle | None]:
    """What each environment holds; None where the manager does not hand it out."""
    return {
        environment["name"]: parse_stored(environment["content"]) if environment["content"] else None
        for environment in (previous or {}).get("environments", ())
    }
