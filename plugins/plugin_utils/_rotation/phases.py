# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of a run, in the order in which the role carries them out.

Each takes the task that it runs in, and returns the task's result. What later phases need is in the run file.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError, join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry
from ansible_collections.apinizer.apiops.plugins.module_utils._result import entry_values
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, parse_stored
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import failures, warnings_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.backup import write_backup
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore import RESTORE_PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._certificate_files import (
    read_anchors,
    read_new_certificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._environments import status_problems, types_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._export.export import EXPORT_PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.restored import gateways_after, not_deployed
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.rotation import (
    about_record,
    ask_before,
    ask_wave,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.verification import (
    gateway_problems,
    merged,
    notes,
    unknown_problems,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import LeaseKeeper
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.rotation import take_leases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._merge.merge import MERGE_PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.proof import to_write_again, why_not_promoted
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.retiring import (
    correct_retired,
    predict_retirement,
    retire,
    to_retire,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.under_way import left_behind, read_introduced
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import RecordError, dumps
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit_files import AUDIT_PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.failures import guard_messages, task_failure
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.fingerprints import mismatch
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.hook_views import (
    certificate_to_obtain,
    request_view,
    wave_view,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.plan_table import plan_table
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.result_file import keep_result
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_files import write_rotation_files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_result import make_result
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import FAILURES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.summary import rotation_summary
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.guards import check_guards
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.inputs import (
    hook_problem,
    problems_of_files,
    read_new_certificates,
    read_record,
    views_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import make_plan
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.result import Outcome
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.rollback import (
    plan_rollback_of_run,
    to_operation,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run, RunError, load_run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import (
    OVERLAP,
    VARIABLES,
    Settings,
    check_role_variables,
    read_settings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.write import (
    make_operation,
    may_have_changed,
    predict_wave,
    write_wave,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX, SettingError

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import Task

TAGS = frozenset(("discover", "plan", "preflight", "backup", "apply"))

_INCOMPLETE = (
    "The phases of the role certificate_rotation must run in order, and --tags, --skip-tags or --start-at-task leave out the "
    "plan or the preflight checks. Run the role as a whole; --tags plan and --tags preflight only read, and "
    "--skip-tags backup rotates without a backup"
)
_SAME = "your tasks obtained the certificate that its environments hold already. Nothing is written"


def plan(task: Task) -> Result:
    """Read the variables, the manager's record and the new certificates, and make the plan."""
    run = Run(task.manager_url, task.host, task.check_mode)
    run.create_file(task.temporary_folder)
    try:
        return _plan(task, run)
    except BaseException:
        run.leases.free()  # no later phase knows this run
        raise


def _plan(task: Task, run: Run) -> Result:
    try:
        warnings = check_role_variables(task.variable_names)
        run.save(settings=read_settings({name: task.variable(name) for name in VARIABLES}))
        # Before the record is read, since the plan must know what the run before has written.
        run.save(leases=take_leases(task, _settings(run), run.path))
        record = read_record(task.access, _settings(run))
    except (SettingError, RecordError) as exc:
        return {**_failed(run, str(exc)), "run_file": run.path}
    run.new, problems = read_new_certificates(task.files, _settings(run))
    if _settings(run).strategy == OVERLAP:
        introduced, unreadable = read_introduced(_settings(run), record["listed"], task.access)
        run.new, problems = {**introduced, **run.new}, [*problems, *unreadable]
        warnings += left_behind(_settings(run), record["listed"])
    record["warnings"] += warnings
    return _make_plan(task, run, record, [*problems, *problems_of_files(task, _settings(run)), *run.leases.problems])


def obtain(task: Task, key: str) -> Result:
    """Take the certificate that the user's tasks have obtained."""
    run, obtained = _started(task), task.variable("obtained")
    given = obtained if isinstance(obtained, Mapping) else {}
    path, content = (None if given.get(name) is None else str(given[name]) for name in ("path", "content"))
    try:
        bundle = read_new_certificate(key, path, content, _settings(run).in_base_dir, task.files)
    except CertificateError as exc:
        return _failed(run, str(exc))
    run.save(new={**run.new, key: bundle})
    return {"changed": False}


def preflight(task: Task) -> Result:
    """Plan again with the certificates that were obtained, and check everything that reading can tell, and the guards."""
    run = _started(task)
    if "always" in task.skip_tags:
        return _failed(
            run, "--skip-tags always leaves out the rollback and the report of the role certificate_rotation"
        )
    warnings: list[str] = []
    obtained = [planned.key for planned in run.plan.to_obtain if planned.key in run.new]
    if obtained:
        record = {"listed": run.listed, "environments": run.environments, "warnings": []}
        warnings = _make_plan(task, run, record, run.plan.problems).get("warnings", [])
    if run.plan.problems:
        return _failed(run, join_sentences(*run.plan.problems))
    operations = {planned.key: make_operation(run, planned) for planned in run.plan.due}
    results = task.access.predict(operations)
    if messages := failures(results):
        return _failed(run, join_sentences(*messages))
    written = [operations[planned.key] for planned in run.plan.due if not planned.retires]
    targets = [(one.project, name) for one in written for name in one.environments]
    unread = sorted({project for project, _name in targets} - run.environments.keys())
    problems, notices = status_problems(targets, {**run.environments, **task.access.environments(unread)})
    if problems:
        return _failed(run, join_sentences(*problems))
    previous = {key: result["previous"] for key, result in results.items()}
    now, settings = datetime.now(timezone.utc), _settings(run)
    anchors = read_anchors(task.variable("require_issuer"), settings.in_base_dir, task.files)
    guards = {
        planned.key: tuple(check_guards(settings, planned, _current(previous[planned.key]), now, anchors))
        for planned in run.plan.due
    }
    diffs = {key: result["diff"] for key, result in results.items()} if run.check_mode else {}
    run.save(previous=previous, diffs=diffs, guards=guards)
    stopped = guard_messages(guards)
    if stopped and settings.on_guard_failure == "stop":
        return _failed(run, join_sentences(*stopped))
    run.save(ready=True)
    warnings += [
        *warnings_of(results.values()),
        *notices,
        *(f"{message}. The certificate is left out" for message in stopped),
    ]
    warnings += [f"{key}: {_SAME}" for key in obtained if key not in guards]
    return _with_warnings({"changed": False, "waves": _waves(task, run), "retire": bool(to_retire(run))}, warnings)


def backup(task: Task) -> Result:
    """Keep the current certificates of everything that is due."""
    run = _ready(task)
    settings = _settings(run)
    if run.check_mode:
        return {"changed": True}
    name = f"{run.started.strftime('%Y-%m-%dT%H%M%SZ')}-{run.host}"
    try:
        folder = write_backup(run, task.files, os.path.join(settings.in_base_dir(settings.backup_dir), name))
    except (FileProblem, RecordError) as exc:
        return _failed(run, f"{PREFIX}backup_dir: {exc}")
    run.save(backup=folder)
    return {"changed": True, "folder": folder}


def write(task: Task, wave: int) -> Result:
    """Write a wave, or in check mode predict what that would change."""
    run = _ready(task)
    unverified = sorted({one.wave for one in run.writes} - {*run.verified})
    if unverified:
        return _failed(run, f"Wave {wave} was not started, since wave {unverified[0]} was not verified")
    if run.check_mode:
        return predict_wave(run, wave)
    if reason := why_not_promoted(run, wave, task.access):
        return _failed(run, reason)
    result = write_wave(run, wave, task.access, task.show)
    if _settings(run).backup_dir and not run.backup:
        warning = f"{PREFIX}backup_dir is set, but no backup was made, since --tags or --skip-tags leave it out"
        result = _with_warnings(result, [*result.get("warnings", ()), warning])
    return {**_failed(run, str(result["msg"])), **result} if result.get("failed") else result


def verify(task: Task, wave: int) -> Result:
    """Compare the manager's record with what was written in a wave."""
    run = _ready(task)
    results = task.access.list_certificates(sorted({planned.desired.project for planned in run.to_write(wave)}))
    failed = f"Verification of {run.name_of(wave)} failed"
    if messages := failures(results):
        return _failed(run, join_sentences(failed, *messages))
    found = views_of({project: result["certificates"] for project, result in results.items()})
    mismatches = by_reason(
        (one.key, name, problem)
        for one in run.writes
        if one.wave == wave
        for name in one.environments
        if (problem := mismatch(found.get((one.key, name)), run.new_views[one.key]))
    )
    if mismatches:
        return _failed(run, f"{failed}: {'; '.join(f'{targets}: {problem}' for targets, problem in mismatches)}")
    answers = ask_wave(run, wave, task.access)
    run.save(gateways=merged(run.gateways, answers))
    if messages := gateway_problems(answers, run.plan.strategy, _settings(run).verify_gateways):
        return _failed(run, join_sentences(failed, *messages))
    run.save(verified=[*run.verified, wave])
    return _with_warnings({"changed": False}, notes(answers))


def retire_companions(task: Task) -> Result:
    """Delete the companions of the certificates that hold the new content. Nothing that goes wrong here fails the run."""
    run = _ready(task)
    return predict_retirement(run, task.access) if run.check_mode else retire(run, task.access)


def roll_back(task: Task) -> Result:
    """Keep why the run has failed, and restore the previous certificates that it may have replaced."""
    if not task.run_file:
        return {"skipped": True}
    run = _started(task)
    # Where the disk is full, the run is rolled back nevertheless.
    with suppress(RecordError):
        run.fail(task_failure(run, task.failure()))
    if not run.writes or run.settings is None or not run.settings.rollback:
        return {"skipped": True}
    with suppress(RecordError):
        run.save(rollback=["The rollback was interrupted"])
    steps, problems, restored = plan_rollback_of_run(run, task.access)
    done: dict[str, Result] = {}
    unrestored: list[str] = []
    gateways = dict(run.gateways)
    warnings: list[str] = []
    changed, keeper = False, LeaseKeeper(run.leases, run.path)
    for step in steps:
        keeper.why_lost()  # A rollback does not stop: it leaves alone what someone else has written.
        if reason := restored.why_kept(step):
            problems.append(reason)
            continue
        target = f"{step.key} in {', '.join(step.environments)}"
        result = task.access.carry_out(to_operation(step, run.settings))
        restored.add(step, result)
        changed |= bool(result.get("changed"))
        warnings += warnings_of([result])
        unrestored += [f"{step.key} in {name}" for name in not_deployed(step.environments, result)]
        before, written = gateways.get(step.key, {}), may_have_changed(result)
        affected = step.environments if step.unlisted_environments == "keep" else tuple(before)
        gateways[step.key] = gateways_after(before, affected, result, written=written)
        # Two steps may have the same target: one restores it, and one removes the certificate from other environments.
        done[target] = result if result.get("failed") else done.get(target, result)
    if run.settings.update_referenced_jwks:
        problems += [
            f"{step.key}: the JWKs that were updated still hold the new certificate, since its environments had to be restored one by one"
            for step in steps
            if step.unlisted_environments == "keep"
        ]
    run.save(rollback=[*failures(done), *dict.fromkeys(problems)], unrestored=unrestored, gateways=gateways)
    result = {"changed": changed, **({"failed": True, "msg": "The rollback is not complete"} if run.rollback else {})}
    return _with_warnings(result, warnings)


def report(task: Task) -> Result:
    """Read back what the manager holds, make the result of the run, and write the report files."""
    if not task.run_file and (reason := _not_selected(task)):
        return {"skipped": True, "skip_reason": reason}
    run = _to_report(task)
    if run.plan.problems:
        run.fail(join_sentences(*run.plan.problems))
    after: dict[str, t.Any] | None = None
    if run.writes or run.retired:
        results = task.access.list_certificates(sorted({one.project for one in _settings(run).certificates}))
        if not failures(results):
            after = {project: result["certificates"] for project, result in results.items()}
            correct_retired(run, after)
    result = make_result(Outcome(run, after), datetime.now(timezone.utc))
    warnings = [result["message"]] if result["outcome"] == "skipped" else []
    file = None
    try:
        file = _write_report(task, run, result)
    except (FileProblem, SettingError) as exc:
        warnings.append(f"{PREFIX}report_dir: the report was not written: {exc}")
    run.leases.free()
    variables_file = keep_result(task.temporary_folder, dumps(result))
    run.save(finished=True)
    summary = rotation_summary(run.host, result, file, task.number_of_hosts)
    published = {} if summary is None else {run.host: summary}
    stats = {"data": {"certificate_rotation": published}, "per_host": False, "aggregate": True}
    made = {"changed": False, "variables_file": variables_file, "message": result["message"], "ansible_stats": stats}
    made |= {
        "failed_outcome": result["outcome"] in FAILURES,
        "usable_tasks": hook_problem(task, "after_run_tasks") is None,
    }
    return _with_warnings(made, warnings)


PHASES: dict[str, Callable[..., Result]] = {
    "plan": plan,
    "obtain": obtain,
    "preflight": preflight,
    "backup": backup,
    "write": write,
    "verify": verify,
    "retire": retire_companions,
    "rollback": roll_back,
    "report": report,
    **RESTORE_PHASES,
    **EXPORT_PHASES,
    **AUDIT_PHASES,
    **MERGE_PHASES,
}
"""The phases by the name that a task gives. C(obtain) takes a key, C(write) and C(verify) the number of a wave."""


def _failed(run: Run, message: str) -> Result:
    run.fail(message)
    return {"changed": False, "failed": True, "msg": message}


def _with_warnings(result: Result, warnings: Sequence[str]) -> Result:
    return {**result, "warnings": list(warnings)} if warnings else result


def _settings(run: Run) -> Settings:
    return t.cast(Settings, run.settings)


def _started(task: Task) -> Run:
    """The run of the task.

    :raises RunError: where no plan was made, or the run has ended.
    """
    run = load_run(task.run_file) if task.run_file else Run(finished=True)
    if run.finished:
        raise RunError(_INCOMPLETE)
    run.leases.renew(run.path)
    return run


def _ready(task: Task) -> Run:
    """The run of the task, ready to be written.

    :raises RunError: where preflight has not passed, or something has failed.
    """
    run = _started(task)
    if run.failure:
        raise RunError(f"Nothing more is written, since the run has failed: {run.failure}")
    if not run.ready:
        raise RunError(_INCOMPLETE)
    if reason := run.leases.check(run.path):
        raise RunError(reason)
    return run


def _make_plan(task: Task, run: Run, record: Mapping[str, t.Any], problems: Sequence[str]) -> Result:
    inputs = _settings(run), record["listed"], run.new, types_of(record["environments"])
    mode = _settings(run).verify_gateways
    made = make_plan(*inputs, now=run.started)
    answers = {} if problems else ask_before(made, mode, task.access)
    if not problems and (again := to_write_again(made, answers, run.new)):
        made = make_plan(*inputs, again, now=run.started)
    unknown = unknown_problems(answers) if mode == "required" else ()
    run.save(gateways=merged({}, about_record(made, answers)))
    made = replace(made, problems=tuple(dict.fromkeys((*problems, *unknown, *made.problems))))
    views = {planned.key: entry_values(Entry("", bundle=planned.new), run.started, 1) for planned in made.due}
    if made.to_obtain:
        run.save(listed=record["listed"], new=run.new)
    run.save(plan=made, new_views=views, environments=record["environments"])
    obtainable = () if made.problems or run.check_mode else made.to_obtain
    result = {
        "changed": False,
        "run_file": run.path,
        "check_mode": run.check_mode,
        "strategy": f"{made.strategy}, since {made.strategy_reason}",
        "table": plan_table(made, views),
        "pending": bool(made.problems or made.due or made.to_obtain),
        "to_obtain": [certificate_to_obtain(planned) for planned in obtainable],
    }
    return _with_warnings(result, [*record["warnings"], *(notes(answers) if mode == "auto" else ())])


def _current(previous: Mapping[str, t.Any] | None) -> dict[str, Bundle | None]:
    """The current certificate of each environment; None where the manager does not return its content."""
    views = (previous or {}).get("environments", ())
    return {view["name"]: parse_stored(view["content"]) if view["content"] else None for view in views}


def _waves(task: Task, run: Run) -> list[dict[str, t.Any]]:
    """The waves in which something is to be written, as the user's hooks see them in C(certificate_rotation_wave)."""
    has_hooks = any(task.variable_is_set(name) for name in ("before_wave_tasks", "verify_tasks"))
    waves = []
    for wave in run.plan.waves:
        if to_write := run.to_write(wave.number):
            # Only hooks look at the requests, of which there may be thousands.
            requests = [
                request_view(make_operation(run, planned, wave.number), run.new_views[planned.key])
                for planned in (to_write if has_hooks else ())
            ]
            waves.append(wave_view(wave, requests))
    return waves


def _not_selected(task: Task) -> str:
    """Why the command line selects none of the role's tasks; empty where it means the role."""
    chosen = task.tags - {"all"}
    if not chosen or chosen & (TAGS | task.own_tags) or task.skip_tags & TAGS:
        return ""
    return f"--tags {','.join(sorted(chosen))} selects no phase of the role certificate_rotation"


def _to_report(task: Task) -> Run:
    """The run of the task; where no plan was made, an empty one that says so."""
    run = load_run(task.run_file) if task.run_file else Run(finished=True)
    if not run.finished:
        return run
    return Run(task.manager_url, task.host, task.check_mode, failure=task.failure() or _INCOMPLETE)


def _write_report(task: Task, run: Run, result: t.Any) -> str | None:
    """Write the report files, in check mode as well, and return the path of the one with the result; None without a folder.

    :raises FileProblem: where one of them cannot be written.
    :raises SettingError: where no plan was made, and the folder cannot be rendered.
    """
    settings = run.settings
    if settings is None:  # no plan was made
        report_dir, base_dir = (str(task.variable(name) or "") for name in ("report_dir", "base_dir"))
        settings = Settings((), report_dir=report_dir, base_dir=base_dir)
    if not settings.report_dir:
        return None
    return write_rotation_files(result, settings.in_base_dir(settings.report_dir), task.files)
