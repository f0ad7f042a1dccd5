# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user can do about a failed operation, in the terms of what they use: the module, the role, or a playbook.

An operation raises an error that says what happened, with its C(problem). Whoever started the operation adds the remedy, and
names its own options in it. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    DEPLOYMENT_FAILED,
    GATEWAYS_UNKNOWN,
    IMPORT_NOT_DEPLOYED,
    JWKS_UNLINKED,
    NO_IMPORT_FILE,
    ApinizerError,
    join_sentences,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import UPDATE_JWKS

Remedies = t.Mapping[str, str]
"""What to do about each problem, without the last period."""

MODULE_REMEDIES: Remedies = {
    NO_IMPORT_FILE: "Choose another value for unlisted_environments",
    IMPORT_NOT_DEPLOYED: (
        "To deploy the certificate, update all its environments at once: run again with verify_gateways=required and without "
        "environments and unlisted_environments. If the deployment only takes longer, raise verify_gateways_timeout"
    ),
    GATEWAYS_UNKNOWN: "To write nevertheless, set verify_gateways=auto, which only warns",
    JWKS_UNLINKED: UPDATE_JWKS,
    DEPLOYMENT_FAILED: "Fix the cause there, then run again with force=true to deploy once more",
}


def add_remedy(error: ApinizerError, remedies: Remedies) -> None:
    """Add the remedy for the problem of an error to its message, if there is one."""
    remedy = remedies.get(error.problem or "")
    if remedy:
        error.args = (join_sentences(str(error), remedy),)


def in_terms_of(message: str, remedies: Remedies) -> str:
    """Return a message or a warning of the module with the caller's remedy in place of the module's.

    For warnings, and for a caller that has run the module in a process of its own, which returns a message and no error.
    """
    for problem, remedy in MODULE_REMEDIES.items():
        if message.endswith(remedy):
            message = message[: -len(remedy)].rstrip()
            return join_sentences(message, remedies[problem]) if problem in remedies else message.rstrip(".")
    return message
