# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of a restore, in the order in which the playbook restore carries them out.

Nothing that a backup contains is returned, except names, dates and fingerprints: a result may be shown.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry
from ansible_collections.apinizer.apiops.plugins.module_utils._result import entry_values
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem, Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    ManagerAccess,
    failures,
    warnings_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.window import rolling_window
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.import_file import check_import_file
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manager_address import normalized_address
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manifest import (
    LARGEST_MANIFEST,
    MANIFEST,
    Manifest,
    ManifestError,
    SchemaError,
    parse_manifest,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_failure import (
    failure_message,
    refusals,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_gateways import (
    gateways_after,
    restore_warnings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_message import restore_message
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_plan import (
    BundleOf,
    RestoreWrite,
    changed_certificates,
    impossible_targets,
    lines_of_plan,
    make_restore_plan,
    only_imports,
    operation_of,
    several,
    to_operation,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_settings import (
    AUTO,
    RESTORE_PREFIX,
    RestoreSettingError,
    RestoreSettings,
    check_restore_variables,
    read_restore_settings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_state import (
    BEGUN,
    FAILED,
    REFUSED,
    WRITTEN,
    RestoreState,
    load_restore,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.rollback_plan import RollbackStep, plan_rollback
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.saved_files import read_saved
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import LeaseKeeper, Leases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.owner import this_owner
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.rotation import take
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.fingerprints import mismatch
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import RunError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.write import may_have_changed
from ansible_collections.apinizer.apiops.plugins.plugin_utils._waves import waves_by_stage

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import Task


def plan(task: Task, settings: t.Any) -> Result:
    """Read the backup and the manager's record, and plan what to restore. Anything wrong is refused here.

    :arg settings: the variables of the playbook by their names without the prefix.
    """
    warnings = check_restore_variables(task.variable_names)
    given = read_restore_settings(settings)
    manifest = _read_manifest(task.files, given.dir)
    if warning := _check_manager(manifest, task.manager_url, given):
        warnings.append(warning)
    _check_environments(manifest, given)
    bundles = _read_files(task.files, manifest, given)
    leases = Leases(given.lock_dir, this_owner(task.controller_pid, task.variables, given.dir))
    # By default, the folder is the one around the backup, which is on the host of the task.
    beside_backup = given.lock_dir == os.path.dirname(given.dir)
    if given.lock_dir and not task.check_mode and (task.on_controller or not beside_backup):
        projects = [certificate.project for certificate in manifest.certificates]
        take(leases, task, projects, given, pauses=0, prefix=RESTORE_PREFIX)
    try:
        result = _plan(task, given, manifest, bundles, leases, warnings)
    except BaseException:
        leases.free()
        raise
    if result.get("failed"):
        leases.free()
    return result


def _plan(
    task: Task,
    given: RestoreSettings,
    manifest: Manifest,
    bundles: BundleOf,
    leases: Leases,
    warnings: list[str],
) -> Result:
    changed = changed_certificates(manifest.certificates, bundles, given.environments, iso(datetime.now(timezone.utc)))
    rollback = plan_rollback(changed, one_update=given.strategy == "replace")
    steps = _by_target(rollback.steps)
    groups = _groups(task.access, given, list(steps.values()))
    predicted = task.access.predict({key: to_operation(step, given) for key, step in steps.items()})
    messages = refusals(predicted)
    possible = {key: step for key, step in steps.items() if not predicted[key].get("failed")}
    if messages and not possible:
        return _failed(join_sentences("Nothing was written", *messages), warnings)
    impossible = (*impossible_targets(changed), *messages)
    made = make_restore_plan(given, possible, predicted, groups, impossible, only_imports(changed))
    warnings += check_import_file(task.access, made)
    state = RestoreState(made, task.check_mode, leases=leases)
    state.create_file(task.temporary_folder)
    result = {
        "changed": False,
        "run_file": state.path,
        "check_mode": task.check_mode,
        "lines": lines_of_plan(made) or ["The backup contains no certificates"],
        "waves": [{"number": wave.number, "environments": list(wave.environments)} for wave in made.waves],
    }
    return _with_warnings(result, [*warnings, *warnings_of(predicted.values())])


def write(task: Task, wave: int) -> Result:
    """Write a wave, or in check mode predict what that would change. Nothing is written after a failure."""
    state = load_restore(task.run_file)
    if state.failure:
        return _failed(f"Wave {wave} was not started, since the restore has failed: {state.failure}")
    if (unverified := state.unverified_wave) is not None:
        return _failed(f"Wave {wave} was not started, since wave {unverified} was not verified")
    if reason := state.leases.renew():
        state.fail(reason)
        return _failed(reason)
    writes = state.plan.writes_of(wave)
    if state.check_mode:
        return {"changed": bool(writes), "diff": [write.diff for write in writes.values()]}
    indexes = dict(zip(_by_target([one.step for one in writes.values()]), writes))
    operations = {target: operation_of(writes[index], state.plan.settings) for target, index in indexes.items()}
    results: dict[str, Result] = {}
    remedies = set()
    keeper = LeaseKeeper(state.leases, "")

    def begin(target: str) -> Callable[[], Result]:
        state.save_write(indexes[target], BEGUN)
        return keeper.guard(partial(task.access.carry_out, operations[target]))

    def end(target: str, result: Result) -> bool:
        index, failed = indexes[target], bool(result.get("failed"))
        if failed:
            message, has_remedy = failure_message(state.plan, writes[index], result)
            result = {**result, "msg": message}
            remedies.add(has_remedy)
        results[target] = result
        became = WRITTEN if not failed else FAILED if may_have_changed(result) else REFUSED
        state.save_write(index, became, () if became == REFUSED else gateways_after(operations[target], result))
        return not failed

    # One after the other, since two of them may write the same certificate.
    rolling_window(list(operations), 1, begin, end)
    result = {
        "changed": any(may_have_changed(one) for one in results.values()),
        "diff": [one["diff"] for one in results.values() if "diff" in one],
    }
    result = _with_warnings(result, restore_warnings(wave, operations, results))
    if messages := failures(results):
        state.fail(f"wave {wave} failed: {join_sentences(*messages)}", has_remedy=any(remedies))
        result |= {"failed": True, "msg": join_sentences(*messages)}
    return result


def verify(task: Task, wave: int) -> Result:
    """Compare the manager's record with what was written in a wave."""
    state = load_restore(task.run_file)
    state.leases.renew()
    writes = list(state.plan.writes_of(wave).values())
    listed = task.access.list_certificates(sorted({write.step.project for write in writes}))
    problems = failures(listed) or _mismatches(writes, listed)
    if problems:
        message = f"Verification of wave {wave} failed: {'; '.join(problems)}"
        state.fail(message)
        return _failed(message)
    state.save_verified(wave)
    return {"changed": False}


def report(task: Task) -> Result:
    """Say what was restored and what was not."""
    state = load_restore(task.run_file)
    state.leases.free()
    message, complete = restore_message(state)
    return {"changed": False, "message": message} if complete else _failed(message)


RESTORE_PHASES: dict[str, Callable[..., Result]] = {
    "restore_plan": plan,
    "restore_write": write,
    "restore_verify": verify,
    "restore_report": report,
}
"""The phases by the name that a task gives."""


def _by_target(steps: Sequence[RollbackStep]) -> dict[str, RollbackStep]:
    """Steps by what they are about, for the user. A name may contain a slash, so two of them may have the same text."""
    found: dict[str, RollbackStep] = {}
    for step in steps:
        target = f"{step.key} in {', '.join(step.environments)}"
        found[target if target not in found else f"{target} (project {step.project})"] = step
    return found


def _failed(message: str, warnings: Sequence[str] = ()) -> Result:
    return _with_warnings({"changed": False, "failed": True, "msg": message}, warnings)


def _with_warnings(result: Result, warnings: Sequence[str]) -> Result:
    return {**result, "warnings": list(warnings)} if warnings else result


def _read_manifest(files: Files, folder: str) -> Manifest:
    path = os.path.join(folder, MANIFEST)
    try:
        return parse_manifest(files.read_own(path, LARGEST_MANIFEST))
    except SchemaError as exc:
        raise RestoreSettingError(
            "dir", f"{path} cannot be read: {exc}. Restore the backup with the version of the collection that made it"
        ) from exc
    except ManifestError as exc:
        raise RestoreSettingError(
            "dir", f"{path} is not the manifest of a backup: {exc}. Use an unchanged copy of the backup"
        ) from exc
    except FileProblem as exc:
        raise RestoreSettingError(
            "dir", f"set it to the folder of a backup, which contains a {MANIFEST}: {exc}"
        ) from exc


def _check_manager(manifest: Manifest, url: str, settings: RestoreSettings) -> str:
    """Check that the backup is of the manager of the connection. A connection without an address fails later.

    :returns: a warning where it is not, and C(any_manager) allows that.
    """
    saved, current = normalized_address(manifest.manager), normalized_address(url)
    if saved == current or not url:
        return ""
    found = f"the backup is of the manager {saved or '(not an address)'}, and the connection is to {current or url}"
    if settings.any_manager:
        return f"{RESTORE_PREFIX}any_manager: {found}. Its certificates are restored there"
    raise RestoreSettingError(
        "dir",
        f"{found}. Restore it there, or set {RESTORE_PREFIX}any_manager: true if it is the same manager under another "
        "address, or one that is to hold the same certificates",
    )


def _check_environments(manifest: Manifest, settings: RestoreSettings) -> None:
    """A typo must not turn into a restore of nothing. Environments beyond those of the backup are allowed."""
    saved = {view.name for certificate in manifest.certificates for view in certificate.environments}
    if settings.environments is not None and saved.isdisjoint(settings.environments):
        raise RestoreSettingError(
            "environments",
            f"the backup has no certificate of {', '.join(settings.environments)}. It has certificates of "
            f"{', '.join(sorted(saved)) or 'no environment'} (case-sensitive)",
        )


def _read_files(
    files: Files, manifest: Manifest, settings: RestoreSettings
) -> dict[tuple[str, str, str], Bundle | None]:
    """Read the files of all environments that are to be restored.

    :raises SettingError: where any of them is not the one that the backup wrote.
    """
    found: dict[tuple[str, str, str], Bundle | None] = {}
    problems = []
    for certificate in manifest.certificates:
        for view in certificate.environments:
            if settings.environments is not None and view.name not in settings.environments:
                continue
            try:
                found[certificate.project, certificate.name, view.name] = read_saved(files, settings.dir, view)
            except FileProblem as exc:
                problems.append(str(exc))
    if problems:
        raise RestoreSettingError(
            "dir",
            f"{several(problems)}. Nothing was restored. Use an unchanged copy of the backup, or limit the restore with "
            f"{RESTORE_PREFIX}environments",
        )
    return found


def _groups(access: ManagerAccess, settings: RestoreSettings, steps: Sequence[RollbackStep]) -> Sequence[Sequence[str]]:
    """The environments of each wave; empty for a single wave with all of them.

    :raises SettingError: where the strategy cannot write them.
    :raises RunError: where the manager does not report the stage of an environment.
    """
    groups: Sequence[Sequence[str]] = settings.waves
    if settings.waves == AUTO:
        projects = sorted({step.project for step in steps})
        types = {
            project: {one["name"]: one["type"] for one in result.get("environments", ())}
            for project, result in access.list_environments(projects).items()
        }
        problems: list[str] = []
        targets = [(step.project, name) for step in steps for name in step.environments]
        groups = waves_by_stage(targets, types, problems, RESTORE_PREFIX)
        if problems:
            raise RunError(join_sentences(*problems))
    if settings.strategy == "replace" and len(groups) > 1:
        raise RestoreSettingError(
            "strategy",
            f"replace writes all environments in one update, so it cannot write {len(groups)} waves. Use per_environment, "
            "which needs a manager with import-file, or a single wave",
        )
    return groups


def _mismatches(writes: Sequence[RestoreWrite], listed: dict[str, Result]) -> list[str]:
    found = {
        (project, certificate["name"], view["name"]): view
        for project, result in listed.items()
        for certificate in result["certificates"]
        for view in certificate["environments"]
    }
    now = datetime.now(timezone.utc)
    return [
        f"{write.step.key} in {name}: {problem}"
        for write in writes
        for name in write.step.environments
        if (
            problem := mismatch(
                found.get((write.step.project, write.step.name, name)),
                entry_values(Entry("", bundle=write.bundle), now, 1),
                "restored certificate",
            )
        )
    ]
