# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run starts from: the manager's record, the new certificates, and the files and folders of the user. Read only."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError, join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem, Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    ManagerAccess,
    failures,
    warnings_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._certificate_files import (
    read_anchors,
    read_new_certificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.rotation import lock_folder
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import View
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import RunError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import AUTO, FOLDERS, HOOKS, Settings
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX, SettingError, is_blank

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import Task


def read_record(access: ManagerAccess, settings: Settings) -> dict[str, t.Any]:
    """Read what the manager holds in the projects of a run.

    :returns: C(listed), the certificates of each project; C(environments), those of each project by name, where the
        waves are made from their types; and C(warnings).
    :raises RunError: where the certificates cannot be listed.
    """
    projects = sorted({certificate.project for certificate in settings.certificates})
    listed = access.list_certificates(projects)
    if messages := failures(listed):
        raise RunError(join_sentences(*messages))
    return {
        "listed": {project: result["certificates"] for project, result in listed.items()},
        "environments": access.environments(projects) if settings.waves == AUTO else {},
        "warnings": warnings_of(listed.values()),
    }


def views_of(listed: Mapping[str, Sequence[View]]) -> dict[tuple[str, str], View]:
    """The environments of all listed certificates, by the key of their certificate and their name."""
    return {
        (f"{project}/{certificate['name']}", view["name"]): view
        for project, certificates in listed.items()
        for certificate in certificates
        for view in certificate["environments"]
    }


def read_new_certificates(files: Files, settings: Settings) -> tuple[dict[str, Bundle], list[str]]:
    """Read the new certificates that the variables give.

    :returns: the certificates by C(project/name), and messages about those that cannot be used.
    """
    found, problems = {}, []
    for certificate in settings.certificates:
        if certificate.path is None and certificate.content is None:
            continue
        try:
            found[certificate.key] = read_new_certificate(
                certificate.key, certificate.path, certificate.content, settings.in_base_dir, files
            )
        except CertificateError as exc:
            problems.append(str(exc))
    return found, problems


def problems_of_files(task: Task, settings: Settings) -> list[str]:
    """Look for folders, files with tasks, and trust anchors that could not be used later."""
    problems = []
    try:
        read_anchors(task.variable("require_issuer"), settings.in_base_dir, task.files)
    except SettingError as exc:
        problems.append(str(exc))
    for name in FOLDERS:
        folder = getattr(settings, name)
        try:
            if folder:
                task.files.check_folder(settings.in_base_dir(folder))
        except FileProblem as exc:
            problems.append(f"{PREFIX}{name}: {exc}")
    if settings.lock_dir != settings.backup_dir and (folder := lock_folder(task, settings)):
        try:
            task.controller_files.check_folder(folder)
        except FileProblem as exc:
            problems.append(f"{PREFIX}lock_dir: {exc}")
    for name in HOOKS:
        if problem := hook_problem(task, name):
            problems.append(f"{PREFIX}{name}: {problem}")
    return problems


def hook_problem(task: Task, name: str) -> str | None:
    """Why the file that a variable of C(HOOKS) names cannot be used; None where it can, or where none is named."""
    try:
        file = task.variable(name)
    except SettingError:
        return None  # it depends on the wave
    return None if is_blank(file) else task.hook_problem(str(file))
