# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves verified at the gateways: what is called rotated, what is called stored, and what stops the run."""

from __future__ import annotations

from typing import Any

import pytest

from integration.role.conftest import Issue, MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    THREE_WAVES,
    TWO_WAVES,
    RotationFixture,
    RotationRun,
)
from manager import Fault, Manager

STORES_ONLY: dict[str, Any] = {"import_deploys": False}
"""A manager whose import-file changes the record and not the gateways."""
QUICK: dict[str, Any] = {"verify_gateways_timeout": 1}


def asked(manager: Manager) -> list[str]:
    """The environments whose truststores were read, in order."""
    return [request.segments[4] for request in manager.journal if "truststore" in request.segments]


def states(rotation: RotationRun, name: str = NAME) -> dict[str, str | None]:
    """The state of the gateways that the report gives for each environment."""
    return {
        environment: (one["gateway"] or {}).get("state") for environment, one in rotation.environments(name).items()
    }


def _unwrapped(rotation: RotationRun) -> str:
    """The output in one line: some versions of Ansible wrap warnings."""
    return " ".join(rotation.text.split())


@pytest.mark.exhaustive
@pytest.mark.any_mode  # as a module, whose warnings Ansible turns into objects
def test_each_wave_is_confirmed_before_the_next(make_case: MakeCase) -> None:
    case = make_case()
    case.add_certificate()

    rotation = case.rotate(waves=THREE_WAVES)

    assert rotation.outcome == "rotated"
    assert states(rotation) == dict.fromkeys(ENVIRONMENTS, "confirmed")
    assert "verified in the manager's record and at the gateways" in rotation.message
    assert "WARNING" not in rotation.text
    paths = [request.segments[-1] for request in rotation.requests]
    assert paths.index("export-file") < [at for at, path in enumerate(paths) if path == "import-file"][1]
    assert asked(case.manager) == [DEVELOPMENT, STAGING, PRODUCTION]


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_one_request_for_an_environment_answers_for_all_its_certificates(make_case: MakeCase) -> None:
    case = make_case()
    for name in (NAME, OTHER):
        case.add_certificate(name, alias=f"{name}-alias")

    rotation = case.rotate_in_process(case.desired(), case.desired(OTHER), waves=TWO_WAVES)

    assert rotation.outcome == "rotated"
    assert sorted(asked(case.manager)) == sorted(ENVIRONMENTS)


def test_a_wave_that_is_only_stored_stops_the_run(make_case: MakeCase) -> None:
    case = make_case(**STORES_ONLY)
    case.add_certificate()
    before = case.snapshot()

    for _unused in range(2):
        rotation = case.rotate(waves=THREE_WAVES, **QUICK)

        assert rotation.outcome == "rolled_back"
        assert rotation.waves == ["rolled_back", "not_started", "not_started"]
        assert f"{NAME} in {DEVELOPMENT}: the gateways hold SHA-256" in rotation.message
        # After the rollback, they hold what the record contains again.
        assert states(rotation) == {DEVELOPMENT: "confirmed", STAGING: None, PRODUCTION: None}
        assert "stores imported certificates without deploying them" in rotation.message
        assert "certificate_rotation_strategy=replace" in rotation.message
        assert case.snapshot() == before


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_a_single_wave_is_deployed_where_imports_are_only_stored(make_case: MakeCase) -> None:
    case = make_case(**STORES_ONLY)
    case.add_certificate()

    rotation = case.rotate_in_process()

    assert (rotation.outcome, rotation.result["strategy"]) == ("rotated", "replace")
    assert asked(case.manager) == []


@pytest.mark.parametrize("options", [{"truststore": ()}, {"truststore": (), "import_deploys": False}])
def test_gateways_that_cannot_be_asked_end_as_stored(make_case: MakeCase, options: dict[str, Any]) -> None:
    case = make_case(**options)
    case.add_certificate()

    rotation = case.rotate(waves=TWO_WAVES, **QUICK)

    assert rotation.outcome == "stored"
    assert rotation.certificate()["outcome"] == "stored"
    assert set(states(rotation).values()) == {"unknown"}
    assert "What the gateways of development, production, staging hold is unknown" in rotation.message
    assert "What the gateways of development, staging hold is unknown" in _unwrapped(rotation)
    assert case.rotate(waves=TWO_WAVES).outcome == "nothing_to_do"


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_required_refuses_before_the_first_write(make_case: MakeCase) -> None:
    case = make_case(truststore=())
    case.add_certificate()

    for check in (True, False):
        rotation = case.rotate_in_process(waves=TWO_WAVES, verify_gateways="required", check=check)

        assert rotation.outcome == "refused"
        assert (
            "certificate_rotation_verify_gateways: required, but not possible. What the gateways of development, production, "
            "staging hold is unknown" in rotation.message
        )
        assert not rotation.writes


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_required_asks_about_every_environment(make_case: MakeCase) -> None:
    case = make_case(import_reports_deployment=True)
    case.add_certificate()

    rotation = case.rotate_in_process(waves=TWO_WAVES, verify_gateways="required")

    assert rotation.outcome == "rotated"
    assert states(rotation) == dict.fromkeys(ENVIRONMENTS, "confirmed")
    assert sorted(asked(case.manager)) == sorted([*ENVIRONMENTS, *ENVIRONMENTS])


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_required_writes_again_what_the_gateways_do_not_hold(make_case: MakeCase) -> None:
    case = make_case()
    case.add_certificate(holds=dict.fromkeys(ENVIRONMENTS, case.new))
    case.manager.set_gateway(PROJECT, NAME, STAGING, case.old.pem)

    assert case.rotate_in_process(waves=THREE_WAVES).outcome == "nothing_to_do"
    planned = case.rotate_in_process(waves=THREE_WAVES, verify_gateways="required", check=True)
    assert planned.outcome == "planned"
    assert planned.environments()[STAGING]["reason"] == "not_on_gateway"
    rotation = case.rotate_in_process(waves=THREE_WAVES, verify_gateways="required")

    assert rotation.outcome == "rotated"
    assert [one["action"] for one in rotation.certificate()["environments"]] == ["none", "none", "update"]
    assert case.manager.served(STAGING, PROJECT, NAME) == case.new.der
    assert case.rotate_in_process(waves=THREE_WAVES, verify_gateways="required").outcome == "nothing_to_do"


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_never_sends_no_additional_request(make_case: MakeCase) -> None:
    case = make_case(**STORES_ONLY)
    case.add_certificate()

    rotation = case.rotate_in_process(waves=TWO_WAVES, verify_gateways="never")

    assert rotation.outcome == "stored"
    assert set(states(rotation).values()) == {None}
    assert asked(case.manager) == []
    assert "did not report the deployment to the gateways of" in _unwrapped(rotation)


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_a_deployment_that_takes_a_moment_is_waited_for(make_case: MakeCase) -> None:
    case = make_case(**STORES_ONLY)
    case.add_certificate()

    def deploy(manager: Manager) -> None:
        for environment in ENVIRONMENTS:
            manager.set_gateway(PROJECT, NAME, environment, case.new.pem)

    case.manager.faults.add(Fault("other_writer", method="GET", path="/truststore/", skip=2, action=deploy))

    rotation = case.rotate_in_process(waves=TWO_WAVES)

    assert rotation.outcome == "rotated"


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_a_rollback_that_is_only_stored_says_so(make_case: MakeCase, issue: Issue) -> None:
    """The second wave fails. The gateways of the first one keep the new certificate, since imports do not deploy."""
    case = make_case(**STORES_ONLY)
    case.add_certificate(holds=dict.fromkeys(ENVIRONMENTS, issue(25)))

    def deploy(manager: Manager) -> None:
        for environment in (DEVELOPMENT, STAGING):
            manager.set_gateway(PROJECT, NAME, environment, case.new.pem)

    case.manager.faults.add(Fault("other_writer", method="GET", path="/truststore/", action=deploy))
    case.manager.faults.add(Fault("status", path="/import-file/", skip=1, status=400, times=1))

    rotation = case.rotate_in_process(waves=TWO_WAVES, **QUICK)

    assert rotation.outcome == "rollback_failed"
    assert "its gateways do not hold it" in rotation.message
    assert case.manager.served(DEVELOPMENT, PROJECT, NAME) == case.new.der


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_jwks_with_waves_are_refused_before_any_write(case: RotationFixture) -> None:
    rotation = case.rotate_in_process(waves=TWO_WAVES, update_referenced_jwks=True, update_scope="same_project")

    assert rotation.outcome == "refused"
    assert "certificate_rotation_update_referenced_jwks: strategy per_environment" in rotation.message


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_the_manager_itself_is_the_last_wave(make_case: MakeCase) -> None:
    case = make_case()
    case.add_certificate(holds=dict.fromkeys((*ENVIRONMENTS, "apimanager"), case.old))

    rotation = case.rotate_in_process(waves="auto")

    assert [wave["environments"] for wave in rotation.result["waves"]][-1] == ["apimanager"]
    assert rotation.outcome == "stored"
    assert states(rotation)["apimanager"] == "unknown"
