# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failure names the options of what the user has started, and no others."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    GatewaysUnknownError,
    ImportFileUnavailableError,
    InputError,
    OperationError,
    RequestError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._remedies import (
    MODULE_REMEDIES,
    Remedies,
    add_remedy,
    in_terms_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.remedies import RESTORE_REMEDIES, ROLE_REMEDIES

ROLE = "certificate_rotation_"
RESTORE = "certificate_restore_"


@pytest.mark.parametrize("problem", MODULE_REMEDIES)
@pytest.mark.parametrize(
    ("remedies", "own", "others"),
    [
        (MODULE_REMEDIES, "", (ROLE, RESTORE, "role", "playbook")),
        (ROLE_REMEDIES, ROLE, (RESTORE, " unlisted_environments", " verify_gateways", "playbook")),
        (RESTORE_REMEDIES, RESTORE, (ROLE, " unlisted_environments", " verify_gateways", "role")),
    ],
)
def test_a_remedy_names_its_own_options_only(
    problem: str, remedies: Remedies, own: str, others: tuple[str, ...]
) -> None:
    # The role asks the gateways itself before it writes, so that this problem does not occur there.
    remedy = remedies.get(problem, own)
    assert own in remedy
    assert not [other for other in others if other in remedy]
    assert not remedy.endswith(".")


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (OperationError("Failed", {}, ImportFileUnavailableError("No import-file")), "no_import_file"),
        (OperationError("Failed", {}, problem="import_not_deployed"), "import_not_deployed"),
        (GatewaysUnknownError("Failed"), "gateways_unknown"),
    ],
)
def test_the_problem_of_an_error_selects_the_remedy(error: OperationError, problem: str) -> None:
    assert error.problem == problem

    add_remedy(error, {"other": "Not this", problem: "Do this"})

    assert str(error) == "Failed. Do this"


@pytest.mark.parametrize(
    "error",
    [InputError("path", "missing"), RequestError("HTTP 500", status=500), OperationError("Failed", {})],
)
def test_an_error_without_such_a_problem_stays_as_it_is(error: InputError) -> None:
    before = str(error)
    add_remedy(error, MODULE_REMEDIES)
    assert str(error) == before


@pytest.mark.parametrize("problem", MODULE_REMEDIES)
def test_the_message_of_a_module_is_put_in_terms_of_its_caller(problem: str) -> None:
    error = OperationError("It failed", {}, problem=problem)
    add_remedy(error, MODULE_REMEDIES)

    assert in_terms_of(str(error), {problem: "Use the other variable"}) == "It failed. Use the other variable"
    assert in_terms_of(str(error), {}) == "It failed"
    assert in_terms_of("Something else", {problem: "Use the other variable"}) == "Something else"
