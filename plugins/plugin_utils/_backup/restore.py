# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore of a backup that a run of the role certificate_rotation has made."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem, Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.backup import MANIFEST, SCHEMA
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.rollback import (
    Changed,
    RollbackPlan,
    plan_rollback,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError, optional_names

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import Task

_PREFIX = "certificate_restore_"


def restore(task: Task, folder: str, strategy: str, environments: t.Any) -> Result:
    """Plan the restore of a backup, for the playbook restore.

    :arg folder, strategy, environments: the variables of the playbook.
    """
    now = iso(datetime.now(timezone.utc))
    try:
        limit = optional_names(environments, prefix=_PREFIX)
        plan = plan_restore(task.files, folder, strategy=strategy, environments=limit, now=now)
    except (FileProblem, SettingError) as exc:
        return {"failed": True, "msg": str(exc)}
    return {"changed": False, "steps": [asdict(step) for step in plan.steps], "impossible": list(plan.impossible)}


def plan_restore(
    files: Files, folder: str, *, strategy: str, environments: Sequence[str] | None, now: str
) -> RollbackPlan:
    """Plan the restore of a backup.

    :arg strategy: C(replace) or C(per_environment), as in the role.
    :arg environments: those to restore; None for all.
    :arg now: ISO 8601; a certificate that has expired by then is not restored.
    :raises FileProblem: where a file of the backup cannot be read.
    :raises SettingError: where the folder holds no backup, the strategy is unknown, or the backup is of other environments.
    """
    if strategy not in ("replace", "per_environment"):
        raise SettingError("strategy", f"must be one of per_environment, replace, not '{strategy}'", prefix=_PREFIX)
    try:
        manifest = json.loads(files.read(os.path.join(folder, MANIFEST)))
        schema = manifest["schema"]
    except (ValueError, KeyError, TypeError) as exc:
        raise SettingError("dir", f"{MANIFEST} in {folder} is not the manifest of a backup", prefix=_PREFIX) from exc
    if schema != SCHEMA:
        raise SettingError("dir", f"{MANIFEST} in {folder} has schema {schema}, not {SCHEMA}", prefix=_PREFIX)
    _refuse_unknown(environments, manifest["certificates"])
    changed = []
    for certificate in manifest["certificates"]:
        views = [_stored_view(files, folder, view, now) for view in certificate["environments"]]
        names = tuple(view["name"] for view in views if environments is None or view["name"] in environments)
        previous = {**certificate, "environments": views}
        changed.append(Changed(certificate["project"], certificate["name"], names, previous))
    return plan_rollback(changed, one_update=strategy == "replace")


def _refuse_unknown(environments: Sequence[str] | None, certificates: Sequence[Mapping[str, t.Any]]) -> None:
    """A typo must not turn into a restore of nothing. Environments beyond those of the backup are allowed.

    :raises SettingError: where the backup has no certificate of any of the environments.
    """
    saved = {view["name"] for certificate in certificates for view in certificate["environments"]}
    if environments is not None and saved.isdisjoint(environments):
        raise SettingError(
            "environments",
            f"the backup has no certificate of {', '.join(environments)}. It has certificates of "
            f"{', '.join(sorted(saved)) or 'no environment'} (case-sensitive)",
            prefix=_PREFIX,
        )


def _stored_view(files: Files, folder: str, view: Mapping[str, t.Any], now: str) -> dict[str, t.Any]:
    """An environment of the manifest with its certificate; without a file, the manager did not return it."""
    content = files.read(os.path.join(folder, view["file"])).decode("ascii", "replace") if view["file"] else None
    return {**view, "content": content, "expired": view["not_after"] is not None and view["not_after"] < now}
