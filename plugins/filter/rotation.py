# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the role certificate_rotation: each takes the evidence of a run and says what follows from it."""

from __future__ import annotations

import base64
import json
import os
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import asdict
from urllib.parse import quote

from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._source import read_file
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.evidence import Evidence, packed, unpacked
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import NONE, PlannedCertificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.result import make_result, make_table
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.rollback import (
    Touched,
    WayBack,
    find_way_back,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import (
    AUTO,
    SettingError,
    read_limit,
    read_settings,
)

Gathered = Mapping[str, t.Any]


def rotation_settings(variables: Gathered | str) -> dict[str, t.Any]:
    """The role's variables, checked, as far as its tasks need them.

    :arg variables: themselves, or as text, as in the evidence.
    """
    settings = read_settings(unpacked(variables))
    return {
        "projects": sorted({certificate.project for certificate in settings.certificates}),
        "needs_types": settings.waves == AUTO,
        "rollback": settings.rollback,
        "soak_seconds": settings.soak_seconds,
        "parallel_writes": settings.parallel_writes,
        "stops_at_guards": settings.on_guard_failure == "stop",
        "update_referenced_jwks": settings.update_referenced_jwks,
        "update_scope": settings.update_scope,
        "force": settings.force,
        # For the evidence.
        "given": packed(variables),
    }


def rotation_files(gathered: Gathered) -> dict[str, t.Any]:
    """The files with new certificates that are on this machine, and those that are left to whoever can say more of them.

    :arg gathered: the evidence; and C(folder), where a relative path starts, None where the files are elsewhere.
    """
    found, left = {}, []
    folder = gathered["folder"]
    for certificate in Evidence(gathered).settings.certificates:
        if certificate.path is None:
            continue
        data = None if folder is None else _file_of_here(folder, certificate.path)
        if data is None:
            left.append({"key": certificate.key, "path": certificate.path})
        else:
            content = base64.b64encode(data).decode("ascii")
            found[certificate.key] = {"path": certificate.path, "base64": content}
    return {"materials": packed(found), "left": left}


def _file_of_here(folder: str, path: str) -> bytes | None:
    """What is in a file; None where it cannot be read."""
    try:
        return read_file(os.path.join(folder, os.path.expanduser(os.path.expandvars(path))))
    except InputError:
        return None


def rotation_plan(gathered: Gathered) -> dict[str, t.Any]:
    """The plan: what is due, what has to be obtained, why it must not start, and a table of it all."""
    evidence = Evidence(gathered)
    plan = evidence.plan
    return {
        "strategy": plan.strategy,
        "strategy_reason": plan.strategy_reason,
        "waves": [asdict(wave) for wave in plan.waves],
        "problems": evidence.problems,
        "to_obtain": [_item(planned) for planned in plan.certificates if planned.due and planned.new is None],
        "due": evidence.due,
        "table": make_table(plan, evidence.new_described),
        # Apart from the requests, so that an item of a loop stays readable on the screen.
        "contents": {
            planned.wanted.key: planned.new.pem for planned in plan.certificates if planned.due and planned.new
        },
    }


def rotation_guards(gathered: Gathered) -> dict[str, t.Any]:
    """The guards: those that failed as text, and how many there were."""
    evidence = Evidence(gathered)
    guards = [guard for found in evidence.guards.values() for guard in found]
    return {
        "count": len(guards),
        "failed": [f"{guard.message} [{guard.guard}]" for guard in guards if not guard.passed],
    }


def rotation_waves(gathered: Gathered) -> list[dict[str, t.Any]]:
    """The waves in which something is to be written, each with its requests, less what the guards hold back."""
    evidence = Evidence(gathered)
    waves = ({**asdict(wave), "requests": evidence.requests(wave.number)} for wave in evidence.plan.waves)
    return [wave for wave in waves if wave["requests"]]


def rotation_applied(gathered: Gathered) -> dict[str, t.Any]:
    """What the waves have written: those before, and one more, with each certificate that was tried.

    :arg gathered: C(applied), the waves before; C(wave), the number of this one; and C(results), those of its loop.
    """
    wave = int(gathered["wave"])
    tried = [result for result in gathered["results"] if not result.get("skipped")]
    applied = [{**one, "wave": wave} for result in tried for one in result.get("written", ())]
    # The task lets a failure pass, so that the wave can be noted; its message tells.
    failures = (str(result["msg"]) for result in tried if "msg" in result)
    return {"applied": [*gathered["applied"], packed(applied)], "failure": next(failures, "")}


def rotation_mismatches(requests: list[dict[str, t.Any]], listed: t.Any) -> list[str]:
    """What the manager's record, read back, has other than the requests of a wave asked for.

    :arg listed: the certificates of each project, as in the evidence.
    """
    found = {
        (certificate["project"], certificate["name"], environment["name"]): environment
        for certificates in unpacked(listed).values()
        for certificate in certificates
        for environment in certificate["environments"]
    }
    mismatches = []
    for request in requests:
        for name in request["environments"]:
            environment = found.get((request["project"], request["name"], name))
            where = f"{request['key']} in {name}"
            if environment is None:
                mismatches.append(f"{where}: the manager holds none")
            elif environment["fingerprint_sha1"] != request["fingerprint_sha1"]:
                mismatches.append(
                    f"{where}: the manager holds SHA-1 {environment['fingerprint_sha1']}, not the new "
                    f"{request['fingerprint_sha1']}"
                )
            elif environment["entries"] > 1:
                mismatches.append(f"{where}: the manager lists {environment['entries']} entries")
    return mismatches


def rotation_way_back(gathered: Gathered) -> dict[str, t.Any]:
    """The tasks that undo what a run has written."""
    return _undos(Evidence(gathered).way_back())


def rotation_restore(
    manifest: Gathered, contents: Mapping[str, str], now: str, strategy: str, environments: t.Any = None
) -> dict[str, t.Any]:
    """The tasks that put a backup back, and what of it cannot be put back.

    :arg manifest: of the backup, as rotation_backup wrote it.
    :arg contents: the PEM files of the backup by name.
    :arg now: ISO 8601; what has expired by then is not put back.
    :arg strategy: replace or per_environment, as in the role.
    :arg environments: those to keep to, a list or text as in the role; none of them for all.
    """
    if manifest.get("schema") != 1 or strategy not in ("replace", "per_environment"):
        raise AnsibleFilterError("Needs a manifest of schema 1, and the strategy replace or per_environment")
    limit = read_limit(environments, prefix="certificate_restore_")
    touched = []
    for certificate in manifest["certificates"]:
        kept = [
            {
                **environment,
                # Without a file, the manager did not hand the certificate out.
                "content": contents[environment["file"]] if environment["file"] else None,
                "expired": environment["not_after"] is not None and environment["not_after"] < now,
            }
            for environment in certificate["environments"]
        ]
        names = tuple(held["name"] for held in kept if limit is None or held["name"] in limit)
        before = {**certificate, "environments": kept}
        touched.append(Touched(certificate["project"], certificate["name"], names, before))
    return _undos(find_way_back(touched, one_update=strategy == "replace"))


def _undos(way_back: WayBack) -> dict[str, t.Any]:
    """The tasks of a way back, and apart from them the certificates, to which they refer by number."""
    undos = [asdict(undo) for undo in way_back.undos]
    contents = list(dict.fromkeys(undo["content"] or "" for undo in undos))
    return {
        "undos": [{**undo, "content": contents.index(undo["content"] or "")} for undo in undos],
        "contents": contents,
        "impossible": list(way_back.impossible),
    }


def rotation_backup(gathered: Gathered) -> list[dict[str, str]]:
    """The files of a backup: the previous certificates as PEM, and a manifest that says what each of them is."""
    evidence = Evidence(gathered)
    files: list[dict[str, str]] = []
    certificates = []
    for planned in evidence.plan.certificates:
        previous = evidence.previous.get(planned.wanted.key)
        if not previous:
            continue
        environments = []
        for environment in previous["environments"]:
            file = None
            if environment["content"]:
                names = (previous["project"], previous["name"], environment["name"])
                # A comma in a name is quoted, so no two certificates share a file.
                file = ",".join(quote(name, safe=" ") for name in names) + ".pem"
                files.append({"name": file, "content": environment["content"]})
            environments.append(
                {key: environment[key] for key in ("name", "alias", "not_after", "fingerprint_sha256")} | {"file": file}
            )
        certificates.append(
            {key: previous[key] for key in ("project", "name", "description")} | {"environments": environments}
        )
    manifest = {"schema": 1, **gathered["about"], "certificates": certificates}
    files.append({"name": "manifest.json", "content": json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"})
    return files


def rotation_result(gathered: Gathered) -> dict[str, t.Any]:
    """The result of a run, schema 1."""
    return make_result(Evidence(gathered).run())


def rotation_unpacked(text: str) -> t.Any:
    """What a step of the role has returned as text."""
    return unpacked(text)


def _item(planned: PlannedCertificate) -> dict[str, t.Any]:
    """A certificate to be obtained, as the user's tasks are told of it."""
    wanted = planned.wanted
    return {
        "key": wanted.key,
        "project": wanted.project,
        "name": wanted.name,
        "environments": [
            {"name": step.environment, "reason": step.reason, "current": step.current}
            for step in planned.steps
            if step.action != NONE
        ],
    }


def _eager(value: t.Any) -> t.Any:
    """The same values in plain containers: Ansible's own may render a value each time that it is read."""
    if isinstance(value, Mapping):
        return {key: _eager(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_eager(inner) for inner in value]
    return value


def _telling(function: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Turn what the user has to mend into Ansible's own kind of error."""

    def filter_function(*arguments: t.Any, **named: t.Any) -> t.Any:
        try:
            return function(*map(_eager, arguments), **named)
        except SettingError as exc:
            raise AnsibleFilterError(str(exc)) from exc

    return filter_function


class FilterModule:
    """The filters, by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        functions = (
            rotation_settings,
            rotation_files,
            rotation_plan,
            rotation_guards,
            rotation_waves,
            rotation_applied,
            rotation_mismatches,
            rotation_way_back,
            rotation_restore,
            rotation_backup,
            rotation_result,
            rotation_unpacked,
        )
        return {function.__name__: _telling(function) for function in functions}
