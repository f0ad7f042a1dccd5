# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failed deployments: the manager stores the certificate and answers HTTP 200, but the gateways keep the old one."""

from __future__ import annotations

from typing import Any

import pytest

from integration.certificate_fixture import (
    DEPLOYED,
    DESCRIPTION,
    NAME,
    PROJECT,
    CertificateFixture,
    MakeCase,
    assert_accurate,
    assert_error,
    calls,
)
from manager import Fault

pytestmark = pytest.mark.any_mode

SHAPES = ("2025", "openapi")
"""Two generations, one for each format of the deployment result."""


def _results(deployment: dict[str, Any]) -> dict[str, bool]:
    return {one["name"]: one["success"] for one in deployment["environments"]}


@pytest.mark.parametrize("generation", SHAPES)
def test_retry_repairs_a_failed_deployment(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation)
    case.manager.faults.add(Fault("deployment_failure", environments=("staging",)))

    outcome = case.run(content=case.new.pem, retries=1)

    assert not outcome.failed
    assert outcome["deployment"]["success"] is True
    assert _results(outcome["deployment"]) == dict.fromkeys(DEPLOYED, True)
    assert calls(case.manager.journal.writes()) == ["update"] * 2
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)
    assert_accurate(outcome, case.manager)


@pytest.mark.parametrize("generation", SHAPES)
def test_persistent_deployment_failure_fails_the_task(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation)
    case.manager.faults.add(Fault("deployment_failure", environments=("staging",), times=None))

    outcome = case.run(content=case.new.pem, retries=1)

    assert_error(
        outcome, "stored the certificate", "staging", "worker is not reachable", "Retried once without success"
    )
    assert "development" not in outcome.message
    assert outcome.changed
    assert outcome["deployment"]["success"] is False
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}
    assert calls(case.manager.journal.writes()) == ["update"] * 2
    assert_accurate(outcome, case.manager)
    assert case.gateway_certificates() == {"development": case.new.der, "staging": case.old.der}


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
def test_failure_in_one_environment_is_a_failure(case: CertificateFixture, where: str) -> None:
    """One gateway with the old certificate is enough, even if the summary reports success."""
    body = {"status": "SUCCESS", "deploymentResult": KINDER_THAN_ITS_DETAILS[where]}
    case.manager.faults.add(Fault("status", method="PUT", status=200, body=body, after=True))

    outcome = case.run(content=case.new.pem, retries=0)

    assert_error(outcome, "deployment failed in: staging", "out of reach")
    assert outcome.changed
    assert outcome["deployment"]["success"] is False
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}


def test_without_retries_the_write_is_sent_once(case: CertificateFixture) -> None:
    case.manager.faults.add(Fault("deployment_failure", environments=DEPLOYED, times=None))

    outcome = case.run(content=case.new.pem, retries=0)

    assert_error(outcome, "development", "staging")
    assert calls(case.manager.journal.writes()) == ["update"]


def test_failed_deployment_of_a_create_is_retried_as_an_update(make_case: MakeCase) -> None:
    """The manager would refuse a second create, because the certificate exists."""
    case = make_case(with_certificate=False)
    case.manager.faults.add(Fault("deployment_failure", environments=("staging",)))

    outcome = case.run(content=case.new.pem, environments=[*DEPLOYED], retries=1)

    assert not outcome.failed
    assert outcome["operation"] == "create"
    assert calls(case.manager.journal.writes()) == ["create", "update"]
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)


def test_delete_is_not_retried(case: CertificateFixture) -> None:
    """The record is gone, so the message can only name the gateways that may still hold the certificate."""
    case.manager.faults.add(Fault("deployment_failure", environments=("staging",), times=None))

    outcome = case.run(state="absent", retries=3)

    assert_error(outcome, "deleted the certificate", "staging")
    assert outcome.changed
    assert outcome["certificate"] is None
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}
    assert calls(case.manager.journal.writes()) == ["delete"]
    assert case.gateway_certificates() == {"staging": case.old.der}


def test_import_that_reports_a_failed_deployment_is_retried(make_case: MakeCase) -> None:
    case = make_case(import_reports_deployment=True)
    case.manager.faults.add(Fault("deployment_failure", environments=("staging",)))

    outcome = case.run(content=case.new.pem, environments=["staging"], unlisted_environments="keep", retries=1)

    assert not outcome.failed
    assert outcome["deployment"]["success"] is True
    assert calls(case.manager.journal.writes()) == ["import"] * 2
    assert case.gateway_certificates() == {"development": case.old.der, "staging": case.new.der}


def test_update_is_not_retried_where_it_adds_duplicates(make_case: MakeCase) -> None:
    """Each update on such a manager adds one more entry."""
    case = make_case(duplicates=True)
    case.manager.faults.add(Fault("deployment_failure", environments=("staging",), times=None))

    outcome = case.run(content=case.new.pem, retries=3)

    assert_error(outcome, "staging", "not repeated", "adds another entry (development, staging)")
    assert outcome.changed
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}
    assert calls(case.manager.journal.writes()) == ["update"]
    assert_accurate(outcome, case.manager)
    assert [entry["entries"] for entry in outcome["certificate"]["environments"]] == [2, 2]


def test_next_run_with_force_deploys_again(case: CertificateFixture) -> None:
    """Reading the record does not reveal a failed deployment, so only `force` can repair it."""
    case.manager.faults.add(Fault("deployment_failure", environments=("staging",)))
    assert case.run(content=case.new.pem, retries=0).failed

    idle = case.run(content=case.new.pem)
    assert (idle.changed, case.gateway_certificates()["staging"]) == (False, case.old.der)

    forced = case.run(content=case.new.pem, force=True)
    assert (forced.changed, forced["operation"]) == (True, "update")
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)
    assert case.description() == DESCRIPTION


def test_force_writes_nothing_in_check_mode(case: CertificateFixture) -> None:
    before = case.manager.snapshot()

    outcome = case.run(force=True, check=True)

    assert (outcome.changed, outcome["operation"]) == (True, "update")
    assert outcome["deployment"] is None
    assert case.manager.snapshot() == before
    assert not case.manager.journal.writes()


def test_import_warns_about_unresolved_references(make_case: MakeCase) -> None:
    case = make_case(unresolved_references=["Keystore (name: web) is not found"])

    outcome = case.run(content=case.new.pem, environments=["staging"], unlisted_environments="keep")

    assert not outcome.failed
    assert sum("Keystore (name: web) is not found" in warning for warning in outcome.warnings) == 1


def test_import_without_a_reported_deployment(make_case: MakeCase) -> None:
    """If the gateways are not asked, the result makes no claim about them, and a warning says how to check them."""
    case = make_case()

    outcome = case.run(
        content=case.new.pem, environments=["staging"], unlisted_environments="keep", verify_gateways="never"
    )

    assert outcome["deployment"] == {"success": None, "message": None, "environments": []}
    (warning,) = outcome.warnings
    assert "did not report the deployment" in warning
    assert "staging" in warning
    assert "development" not in warning


def test_import_with_a_reported_deployment(make_case: MakeCase) -> None:
    case = make_case(import_reports_deployment=True)

    outcome = case.run(content=case.new.pem, environments=["staging"], unlisted_environments="keep")

    assert outcome["deployment"]["success"] is True
    assert _results(outcome["deployment"]) == {"staging": True}
    assert not outcome.warnings


def test_failed_deployment_is_reported_even_if_the_response_to_the_retry_is_lost(case: CertificateFixture) -> None:
    """The first update was stored but not deployed; the outcome of the second is unknown."""
    case.manager.faults.add(
        Fault("drop_before", method="PUT", skip=1, times=None),
        Fault("deployment_failure", environments=("staging",)),
    )

    outcome = case.run(content=case.new.pem, retries=1)

    assert_error(outcome, "was interrupted during PUT")
    assert outcome.changed
    assert _results(outcome["deployment"]) == {"development": True, "staging": False}
    assert_accurate(outcome, case.manager)
    assert case.manager.served("staging", PROJECT, NAME) == case.old.der
