# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phase of an export: read the manager's record, and write it as files. It changes nothing on the manager.

No file is deleted: one that is not part of the export is named.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError, join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._options import check_name, has_private_key
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem, Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, Operation, failures
from ansible_collections.apinizer.apiops.plugins.plugin_utils._export.documents import (
    LIST_FOLDER,
    PEM_FOLDER,
    make_files,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._export.export_settings import (
    ExportSettingError,
    ExportSettings,
    check_export_variables,
    read_export_settings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._export.selection import Selection, View, select
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import count

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import Task

LARGEST_FILE = 32 * 1024 * 1024
"""Bytes. The list of a thousand certificates has about 250 kilobytes."""


def export(task: Task, settings: t.Any) -> Result:
    """Write what the manager holds, or in check mode predict what that would change.

    :arg settings: the variables of the playbook by their names without the prefix.
    """
    warnings = check_export_variables(task.variable_names)
    given = read_export_settings(settings)
    try:
        task.files.check_folder(given.dir)
    except FileProblem as exc:
        raise ExportSettingError("dir", str(exc)) from exc
    listed, problems = _list(task.access, given)
    if problems:
        return _failed(problems, warnings)
    listed, unusable = _with_usable_names(_in_environments(listed, given))
    certificates, problems = _read(task.access, listed)
    if problems:
        return _failed(problems, warnings)
    selection = select(certificates, given.environments, unusable)
    files = make_files(selection)
    try:
        before = _read_files(task.files, given.dir, files)
        changed = [path for path, text in files.items() if before.get(path) != text.encode("utf-8")]
        stale = _stale_files(task.files, given.dir, files)
        if not task.check_mode:
            _write(task.files, given.dir, {path: files[path] for path in changed})
    except FileProblem as exc:
        raise ExportSettingError("dir", str(exc)) from exc
    warnings += [f"Not exported: {message}" for message in selection.left_out]
    warnings += selection.notes
    if stale:
        warnings.append(
            f"Not part of this export, and left in {given.dir}: {', '.join(map(escape_controls, stale))}. Delete what you no "
            "longer need"
        )
    result = {
        "changed": bool(changed),
        "diff": [_diff(given.dir, path, before.get(path), files[path]) for path in changed],
        "lines": _lines(selection, given.dir, len(changed), len(files), check_mode=task.check_mode),
    }
    return {**result, "warnings": warnings} if warnings else result


EXPORT_PHASES: dict[str, Callable[..., Result]] = {"export": export}
"""The phase by the name that a task gives."""


def _failed(problems: Sequence[str], warnings: Sequence[str]) -> Result:
    result: Result = {"changed": False, "failed": True, "msg": join_sentences("Nothing was written", *problems)}
    return {**result, "warnings": list(warnings)} if warnings else result


def _list(access: ManagerAccess, settings: ExportSettings) -> tuple[list[View], list[str]]:
    """The certificates of the projects, and why they cannot be listed."""
    if settings.projects is None:
        every = access.list_every_certificate()
        return list(every.get("certificates", ())), failures({"the list of certificates": every})
    listed = access.list_certificates(settings.projects)
    return [one for result in listed.values() for one in result.get("certificates", ())], failures(listed)


def _in_environments(certificates: Sequence[View], settings: ExportSettings) -> list[View]:
    """The certificates that the environments of the export hold.

    :raises SettingError: for an environment that holds none of them. A typo must not turn into an export without it.
    """
    if settings.environments is None:
        return list(certificates)
    holding = {view["name"] for certificate in certificates for view in certificate["environments"]}
    unknown = [name for name in settings.environments if name not in holding]
    if unknown:
        raise ExportSettingError(
            "environments",
            f"no certificate is in {', '.join(unknown)}. Certificates are in {', '.join(sorted(holding)) or 'no environment'} "
            "(case-sensitive)",
        )
    return [one for one in certificates if any(view["name"] in settings.environments for view in one["environments"])]


def _with_usable_names(certificates: Sequence[View]) -> tuple[list[View], list[str]]:
    """The certificates whose names a request can carry, and messages about the others."""
    usable, problems = [], []
    for one in certificates:
        try:
            check_name("project", one["project"])
            check_name("name", one["name"])
            usable.append(one)
        except InputError as exc:
            problems.append(f"{one['project']}/{one['name']}: {exc}")
    return usable, problems


def _read(access: ManagerAccess, listed: Sequence[View]) -> tuple[list[View], list[str]]:
    """Read the content of each certificate, which a list may leave out.

    :returns: the certificates, and why they cannot be read.
    """
    # In check mode, an operation without a new certificate changes nothing and returns the current one.
    operations: dict[str, Operation] = {}
    unheld = [one for one in listed if not one["environments"]]
    for one in listed:
        if one["environments"]:
            key = f"{one['project']}/{one['name']}"
            names = tuple(view["name"] for view in one["environments"])
            operation = Operation(one["project"], one["name"], names, unlisted_environments="update")
            # A name may contain a slash, so two certificates may have the same key.
            operations[key if key not in operations else f"{key} (project {one['project']})"] = operation
    results = access.predict(operations)
    return [*unheld, *(result["previous"] for result in results.values() if result.get("previous"))], failures(results)


def _read_files(files: Files, folder: str, wanted: Mapping[str, str]) -> dict[str, bytes]:
    """The content of those files of the export that exist, by their paths.

    :raises FileProblem: where one of them cannot be read, or contains a private key: the difference would show it, and the
        export would overwrite it.
    """
    existing = {
        os.path.join(part, name)
        for part in ("", PEM_FOLDER, LIST_FOLDER)
        for name in files.names(os.path.join(folder, part))
    }
    found = {path: files.read_own(os.path.join(folder, path), LARGEST_FILE) for path in wanted if path in existing}
    for path, data in found.items():
        if has_private_key(data.decode("utf-8", "replace")):
            raise FileProblem(
                f"{os.path.join(folder, path)} contains a private key, which this export would overwrite. Move the key to "
                "another place"
            )
    return found


def _stale_files(files: Files, folder: str, wanted: Mapping[str, str]) -> list[str]:
    """The files in the folders of the export that are not part of it, such as those of a certificate that was deleted."""
    return [
        path
        for part, suffix in ((PEM_FOLDER, ".pem"), (LIST_FOLDER, ".yml"))
        for name in files.names(os.path.join(folder, part))
        if name.endswith(suffix) and (path := f"{part}/{name}") not in wanted
    ]


def _write(files: Files, folder: str, texts: Mapping[str, str]) -> None:
    for part in dict.fromkeys(os.path.dirname(path) for path in texts):
        files.make_folder(os.path.join(folder, part), 0o755)
    for path, text in texts.items():
        files.write(os.path.join(folder, path), text, 0o644)


def _diff(folder: str, path: str, before: bytes | None, after: str) -> dict[str, str]:
    shown = os.path.join(folder, path)
    text = "" if before is None else before.decode("utf-8", "replace")
    return {"before_header": shown, "after_header": shown, "before": text, "after": after}


def _lines(selection: Selection, folder: str, changed: int, total: int, *, check_mode: bool) -> list[str]:
    """What was exported, for the screen."""
    items = list(selection.everything)
    certificates = len({(one.project, one.name) for one in items})
    environments = len({name for one in items for name in one.environments})
    differing = sorted({escape_controls(one.key) for found in selection.differing.values() for one in found})
    what = f"{count(certificates, 'certificate')} in {count(environments, 'environment')} to {folder}"
    if check_mode:
        done = f"Would export {what}: {count(changed, 'file')} to write, {total - changed} unchanged"
    else:
        done = f"Exported {what}: {count(changed, 'file')} written, {total - changed} unchanged"
    return [
        done,
        *(
            f"{key} differs between environments, so it is in a list for each environment in the folder {LIST_FOLDER}"
            for key in differing
        ),
    ]
