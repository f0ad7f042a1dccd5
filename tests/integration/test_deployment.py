# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manager stores a certificate and fails to deploy it: HTTP 200, and yet the gateways serve what they had."""

from __future__ import annotations

from typing import Any

import pytest

from integration.scene import DESCRIPTION, HELD_IN, NAME, PROJECT, Scene, Start, assert_error, assert_truthful, calls
from manager import Fault

pytestmark = pytest.mark.any_way

SHAPES = ("2025", "openapi")
"""The generations that stand for the two shapes of a deployment result."""


def _results(deployment: dict[str, Any]) -> dict[str, bool]:
    return {one["name"]: one["success"] for one in deployment["environments"]}


@pytest.mark.parametrize("generation", SHAPES)
def test_sending_it_again_heals(start: Start, generation: str) -> None:
    scene = start(generation)
    scene.manager.faults.add(Fault("deployment_failure", environments=("staging",)))

    outcome = scene.run(content=scene.new.pem, retries=1)

    assert not outcome.failed
    assert outcome["deployment"]["success"] is True
    assert _results(outcome["deployment"]) == dict.fromkeys(HELD_IN, True)
    assert calls(scene.manager.journal.writes()) == ["update"] * 2
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)
    assert_truthful(outcome, scene.manager)


@pytest.mark.parametrize("generation", SHAPES)
def test_it_fails_for_good(start: Start, generation: str) -> None:
    scene = start(generation)
    scene.manager.faults.add(Fault("deployment_failure", environments=("staging",), times=None))

    outcome = scene.run(content=scene.new.pem, retries=1)

    assert_error(
        outcome, "stored the certificate", "staging", "worker is not reachable", "Retried once without success"
    )
    assert "development" not in outcome.message
    assert outcome.changed
    assert outcome["deployment"]["success"] is False
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}
    assert calls(scene.manager.journal.writes()) == ["update"] * 2
    assert_truthful(outcome, scene.manager)
    assert scene.served() == {"development": scene.new.der, "staging": scene.old.der}


KINDER_THAN_ITS_DETAILS = {
    "environments": {
        "success": True,
        "message": "Done",
        "environmentResults": [
            {"environmentName": "development", "success": True, "message": "ok"},
            {"environmentName": "staging", "success": False, "message": "out of reach"},
        ],
    },
    "pods": {
        "success": True,
        "detail": "Done",
        "detailList": [
            {"envName": "development", "success": True, "detail": "ok", "podName": "worker-1"},
            {"envName": "staging", "success": True, "detail": "ok", "podName": "worker-2"},
            {"envName": "staging", "success": False, "detail": "out of reach", "podName": "worker-3"},
        ],
    },
    "pods below": {
        "success": True,
        "detail": "Done",
        "detailList": [
            {"envName": "development", "success": True, "detail": "ok"},
            {
                "envName": "staging",
                "success": True,
                "detailList": [
                    {"envName": "staging", "success": False, "detail": "out of reach", "podName": "worker-3"}
                ],
            },
        ],
    },
}


@pytest.mark.parametrize("where", KINDER_THAN_ITS_DETAILS)
def test_a_failure_anywhere_is_a_failure(scene: Scene, where: str) -> None:
    """One gateway that serves the old certificate is enough, whatever the summary says."""
    body = {"status": "SUCCESS", "deploymentResult": KINDER_THAN_ITS_DETAILS[where]}
    scene.manager.faults.add(Fault("status", method="PUT", status=200, body=body, after=True))

    outcome = scene.run(content=scene.new.pem, retries=0)

    assert_error(outcome, "deployment failed in: staging", "out of reach")
    assert outcome.changed
    assert outcome["deployment"]["success"] is False
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}


def test_without_retries_it_is_sent_once(scene: Scene) -> None:
    scene.manager.faults.add(Fault("deployment_failure", environments=HELD_IN, times=None))

    outcome = scene.run(content=scene.new.pem, retries=0)

    assert_error(outcome, "development", "staging")
    assert calls(scene.manager.journal.writes()) == ["update"]


def test_a_creation_is_deployed_again_by_an_update(start: Start) -> None:
    """Creating it once more would be refused: it is there."""
    scene = start(held=False)
    scene.manager.faults.add(Fault("deployment_failure", environments=("staging",)))

    outcome = scene.run(content=scene.new.pem, environments=[*HELD_IN], retries=1)

    assert not outcome.failed
    assert outcome["operation"] == "create"
    assert calls(scene.manager.journal.writes()) == ["create", "update"]
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)


def test_a_deletion_is_not_repeated(scene: Scene) -> None:
    """There is nothing left to delete, so all that can be done is to say where it may still be served."""
    scene.manager.faults.add(Fault("deployment_failure", environments=("staging",), times=None))

    outcome = scene.run(state="absent", retries=3)

    assert_error(outcome, "deleted the certificate", "staging")
    assert outcome.changed
    assert outcome["certificate"] is None
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}
    assert calls(scene.manager.journal.writes()) == ["delete"]
    assert scene.served() == {"staging": scene.old.der}


def test_an_import_that_reports_a_failure_is_repeated(start: Start) -> None:
    scene = start(import_reports_deployment=True)
    scene.manager.faults.add(Fault("deployment_failure", environments=("staging",)))

    outcome = scene.run(content=scene.new.pem, environments=["staging"], unlisted_environments="keep", retries=1)

    assert not outcome.failed
    assert outcome["deployment"]["success"] is True
    assert calls(scene.manager.journal.writes()) == ["import"] * 2
    assert scene.served() == {"development": scene.old.der, "staging": scene.new.der}


def test_with_duplicates_it_is_not_repeated(start: Start) -> None:
    """Each update of such a manager adds one more entry."""
    scene = start(duplicates=True)
    scene.manager.faults.add(Fault("deployment_failure", environments=("staging",), times=None))

    outcome = scene.run(content=scene.new.pem, retries=3)

    assert_error(outcome, "staging", "not repeated", "adds another entry (development, staging)")
    assert outcome.changed
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}
    assert calls(scene.manager.journal.writes()) == ["update"]
    assert_truthful(outcome, scene.manager)
    assert [entry["entries"] for entry in outcome["certificate"]["environments"]] == [2, 2]


def test_the_next_run_with_force_deploys(scene: Scene) -> None:
    """A read does not show that a deployment failed, so only force can mend it."""
    scene.manager.faults.add(Fault("deployment_failure", environments=("staging",)))
    assert scene.run(content=scene.new.pem, retries=0).failed

    idle = scene.run(content=scene.new.pem)
    assert (idle.changed, scene.served()["staging"]) == (False, scene.old.der)

    forced = scene.run(content=scene.new.pem, force=True)
    assert (forced.changed, forced["operation"]) == (True, "update")
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)
    assert scene.description() == DESCRIPTION


def test_force_writes_nothing_in_check_mode(scene: Scene) -> None:
    before = scene.manager.snapshot()

    outcome = scene.run(force=True, check=True)

    assert (outcome.changed, outcome["operation"]) == (True, "update")
    assert outcome["deployment"] is None
    assert scene.manager.snapshot() == before
    assert not scene.manager.journal.writes()


def test_an_import_warns_of_references_that_it_left_open(start: Start) -> None:
    scene = start(unresolved_references=["Keystore (name: web) is not found"])

    outcome = scene.run(content=scene.new.pem, environments=["staging"], unlisted_environments="keep")

    assert not outcome.failed
    assert sum("Keystore (name: web) is not found" in warning for warning in outcome.warnings) == 1


def test_an_import_of_which_the_manager_reports_no_deployment(start: Start) -> None:
    """Nothing is claimed of the gateways, and the user is told where to look."""
    scene = start()

    outcome = scene.run(content=scene.new.pem, environments=["staging"], unlisted_environments="keep")

    assert outcome["deployment"] == {"success": None, "message": None, "environments": []}
    (warning,) = outcome.warnings
    assert "did not report the deployment" in warning
    assert "staging" in warning
    assert "development" not in warning


def test_an_import_of_which_the_manager_reports_the_deployment(start: Start) -> None:
    scene = start(import_reports_deployment=True)

    outcome = scene.run(content=scene.new.pem, environments=["staging"], unlisted_environments="keep")

    assert outcome["deployment"]["success"] is True
    assert _results(outcome["deployment"]) == {"staging": True}
    assert not outcome.warnings


def test_a_failure_is_reported_even_if_a_later_answer_is_lost(scene: Scene) -> None:
    """The first update was applied and not deployed; what became of the second is not known."""
    scene.manager.faults.add(
        Fault("drop_before", method="PUT", skip=1, times=None),
        Fault("deployment_failure", environments=("staging",)),
    )

    outcome = scene.run(content=scene.new.pem, retries=1)

    assert_error(outcome, "was interrupted during PUT")
    assert outcome.changed
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}
    assert_truthful(outcome, scene.manager)
    assert scene.manager.served("staging", PROJECT, NAME) == scene.old.der
