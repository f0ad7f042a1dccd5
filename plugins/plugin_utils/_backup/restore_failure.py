# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a write of a restore failed, and what to do, in the variables of the playbook. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import UNDEPLOYED
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_gateways import gateways_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_plan import (
    RestorePlan,
    RestoreWrite,
    several,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_settings import RESTORE_PREFIX

_FORCE = f"Then run the same command again with {RESTORE_PREFIX}force: true, which deploys again what the record already holds"
NO_IMPORT_FILE = "this manager has no import-file, the only request that leaves the other environments unchanged"


def refusals(predicted: Mapping[str, Result]) -> list[str]:
    """The messages of the writes that cannot be carried out, according to what was read, by what they are about.

    One that all of them have in common names none of them. The options of the module are not those of the playbook.
    """
    refused = {key: _without_option(result) for key, result in predicted.items() if result.get("failed")}
    if 1 < len(refused) == len(predicted) and len(set(refused.values())) == 1:
        return [next(iter(refused.values()))]
    return [f"{key}: {message}" for key, message in refused.items()]


def _without_option(result: Result) -> str:
    option, message = result.get("option"), str(result.get("msg")).rstrip(".")
    if option == "alias":
        return join_sentences(
            message.removeprefix("alias: "),
            "A restore keeps the alias of the backup, so change that of the other certificate, or leave the environment out with "
            f"{RESTORE_PREFIX}environments",
        )
    return message.removeprefix(f"{option}: ")


def failure_message(plan: RestorePlan, write: RestoreWrite, result: Result) -> tuple[str, bool]:
    """The message for a write that failed, and whether it says what to do, which is not to run the same command again."""
    undeployed = [gateway for gateway in gateways_of(result) if gateway.state in UNDEPLOYED]
    if undeployed:
        found = "; ".join(_found_instead(undeployed))
        problem = (
            f"{write.step.key}: the manager's record contains the restored certificate, but the gateways do not hold it: "
            f"{found}"
        )
        return join_sentences(problem, *_to_deploy(plan, result)), True
    deployment = result.get("deployment") or {}
    if deployment.get("success") is False and _is_stored(write, result):
        failed = [one for one in deployment["environments"] if not one["success"]]
        where = "; ".join(f"{one['name']} ({one['message']})" if one["message"] else one["name"] for one in failed)
        problem = (
            f"{write.step.key}: the manager stored the restored certificate, but its deployment failed in: "
            f"{where or deployment['message'] or '(the manager does not say where)'}"
        )
        # A manager that reports the deployment of an import carries it out, so another import deploys again.
        return join_sentences(problem, "Fix the cause there", _FORCE), True
    if result.get("import_file_missing"):
        problem = f"{write.target}: {NO_IMPORT_FILE}. Nothing was written there"
        return join_sentences(problem, without_import_file(plan)), True
    return str(result.get("msg")), False


def _is_stored(write: RestoreWrite, result: Result) -> bool:
    """Whether the record was seen to contain what was written: a retry may have lost it."""
    views = {view["name"]: view for view in (result.get("certificate") or {}).get("environments", ())}
    sha1 = write.bundle.leaf.fingerprint_sha1
    return all(name in views and views[name]["fingerprint_sha1"] == sha1 for name in write.step.environments)


def without_import_file(plan: RestorePlan) -> str:
    """What to do on a manager without import-file."""
    if plan.only_imports:
        return _one_update_is_not_enough(plan.only_imports)
    return f"Set {RESTORE_PREFIX}strategy: replace, and use a single wave: one update for all environments needs no import-file"


def _found_instead(gateways: Sequence[Gateway]) -> list[str]:
    """What the gateways hold instead, with the environments for each certificate."""
    names: dict[str | None, list[str]] = {}
    for gateway in gateways:
        names.setdefault(gateway.fingerprint_sha256, []).append(gateway.name)
    return [
        f"{', '.join(environments)} {'hold' if len(environments) > 1 else 'holds'} "
        + (f"SHA-256 {sha256[:16]}... instead" if sha256 else "another certificate instead, or none")
        for sha256, environments in names.items()
    ]


def _to_deploy(plan: RestorePlan, result: Result) -> list[str]:
    """What to do where the gateways do not hold what was written."""
    later = f"takes longer than {RESTORE_PREFIX}verify_gateways_timeout"
    if result.get("operation") == "import":
        cause = f"Most likely, this manager stores imports without deploying them; otherwise, the deployment failed, or {later}"
        return [cause, _one_update_deploys(plan)]
    cause = f"The deployment has failed without being reported, or {later}"
    return [
        cause,
        "Check these environments in the manager's console",
        f"Then run the same command again with {RESTORE_PREFIX}verify_gateways: required",
    ]


def _one_update_deploys(plan: RestorePlan) -> str:
    """How to deploy what the record contains already, where an import does not."""
    if plan.only_imports:
        return _one_update_is_not_enough(plan.only_imports)
    return (
        f"To deploy it, run again with {RESTORE_PREFIX}strategy: replace, {RESTORE_PREFIX}force: true and a single wave: an update "
        "deploys to all environments"
    )


def _one_update_is_not_enough(keys: Sequence[str]) -> str:
    return (
        f"{RESTORE_PREFIX}strategy: replace does not help for {several(keys)}: one update writes the same certificate and alias to "
        "all environments, and those of the backup differ, or are not all to be restored. To write one of them to all "
        "environments, give its file of the backup to apinizer_certificate as path"
    )
