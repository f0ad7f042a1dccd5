# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a restore needs import-file, and whether the manager has it, as far as reading tells."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_failure import (
    NO_IMPORT_FILE,
    without_import_file,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_plan import (
    RestorePlan,
    RestoreWrite,
    several,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_settings import (
    RESTORE_PREFIX,
    RestoreSettingError,
)

_TYPES_OF_2025 = {"KUBERNETES", "DOCKER"}
"""The types of environment that a manager of 2025 reports, which has no import-file (vendor: Environments)."""


def check_import_file(access: ManagerAccess, plan: RestorePlan) -> list[str]:
    """Check a plan that needs import-file before anything is written.

    No request tells for certain that a manager has import-file. But the export of truststores came with the same release,
    2026.09 (vendor: import-certificate-file, export-truststore-file), so a truststore is read, unless the gateways are never
    to be asked.

    :returns: a warning where it is not known whether the manager has import-file.
    :raises RestoreSettingError: where the manager is of 2025, which has not.
    """
    imports = _imports(plan)
    if not imports:
        return []
    targets = several([one.target for one in imports])
    project = imports[0].step.project
    found = access.list_environments([project])[project].get("environments", ())
    if {one["type"] for one in found} & _TYPES_OF_2025:
        raise RestoreSettingError("strategy", join_sentences(f"{targets}: {NO_IMPORT_FILE}", without_import_file(plan)))
    if (reason := _why_unknown(access, plan, imports)) is None:
        return []
    return [
        join_sentences(
            f"Restoring {targets} needs import-file, which a manager has from release 2026.09 on, and whether this manager has "
            f"it is not known: {reason}",
            "Without it, the restore stops at the first import, which then changes nothing",
            without_import_file(plan),
        )
    ]


def _imports(plan: RestorePlan) -> list[RestoreWrite]:
    """The writes that need import-file. A certificate that was created in one wave is imported in the next ones."""
    imports = []
    created = set()
    for write in plan.writes:
        if write.operation == "import" or write.step.key in created:
            imports.append(write)
        if write.operation == "create":
            created.add(write.step.key)
    return imports


def _why_unknown(access: ManagerAccess, plan: RestorePlan, imports: list[RestoreWrite]) -> str | None:
    """Why it is not known whether the manager has import-file; None where it has."""
    if plan.settings.verify_gateways == "never":
        return f"{RESTORE_PREFIX}verify_gateways is never, so no truststore was read, which would tell"
    targets = [(name, one.step.project) for one in imports for name in one.step.environments]
    # No request returns the truststore of the manager itself.
    environment, project = next((one for one in targets if one[0] != PSEUDO_ENVIRONMENT), targets[0])
    result = access.read_truststores({environment: project})[environment]
    if result.get("failed"):
        return str(result.get("msg"))
    if result["truststores"][0]["source"] == "workers":
        return None
    return f"the truststore of environment {environment} cannot be exported, which the same release has added"
