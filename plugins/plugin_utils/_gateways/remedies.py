# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user of the role, or of the playbook restore, can do about a failed operation, in terms of its variables."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    DEPLOYMENT_FAILED,
    GATEWAYS_UNKNOWN,
    IMPORT_NOT_DEPLOYED,
    JWKS_UNLINKED,
    MODIFIED,
    NO_IMPORT_FILE,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._remedies import Remedies

ROLE_REMEDIES: Remedies = {
    NO_IMPORT_FILE: (
        "Use certificate_rotation_strategy=overlap, or a single wave with certificate_rotation_strategy=replace"
    ),
    IMPORT_NOT_DEPLOYED: (
        "To deploy a certificate, update all its environments at once: run the role again with a single wave, "
        "certificate_rotation_strategy=replace, and certificate_rotation_verify_gateways=required"
    ),
    GATEWAYS_UNKNOWN: "To rotate nevertheless, set certificate_rotation_verify_gateways=auto, which only warns",
    JWKS_UNLINKED: (
        "Set certificate_rotation_update_referenced_jwks=true (with certificate_rotation_update_scope) to update the JWKs as well"
    ),
    DEPLOYMENT_FAILED: (
        "Fix the cause there, then run the role again. If this run is not rolled back, set certificate_rotation_force=true to deploy "
        "once more"
    ),
    MODIFIED: "Run the role again: the new plan starts from the present record",
}
RESTORE_REMEDIES: Remedies = {
    NO_IMPORT_FILE: "Use a single wave with certificate_restore_strategy=replace",
    IMPORT_NOT_DEPLOYED: (
        "To deploy a certificate, update all its environments at once: run the playbook again with a single wave, "
        "certificate_restore_strategy=replace, and certificate_restore_force=true"
    ),
    GATEWAYS_UNKNOWN: "To restore nevertheless, set certificate_restore_verify_gateways=auto, which only warns",
    DEPLOYMENT_FAILED: "Fix the cause there, then run the playbook again with certificate_restore_force=true to deploy once more",
    MODIFIED: "Run the playbook again: the new plan starts from the present record",
}
