# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways hold: the record and the gateways can differ, and only the truststore tells."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from integration.certificate_fixture import (
    ALIAS,
    DEPLOYED,
    ENVIRONMENTS,
    NAME,
    PROJECT,
    CertificateFixture,
    MakeCase,
    assert_accurate,
    assert_error,
)
from integration.machine import TRUSTSTORE_INFO, Outcome
from manager import ADMIN_PROJECT, ALL_PERMISSIONS, Authority, Fault, Issued, Manager, Permission

pytestmark = [pytest.mark.any_mode, pytest.mark.exhaustive]

STORES_ONLY: dict[str, Any] = {"import_deploys": False}
"""A manager whose import-file changes the record and not the gateways."""

KEEP = {"environments": ["staging"], "unlisted_environments": "keep", "verify_gateways_timeout": 0.4}
"""A task that writes one environment with import-file."""


def states(outcome: Outcome) -> dict[str, str] | None:
    """The state of each environment that was asked; None if none was."""
    gateways = outcome["gateways"]
    return None if gateways is None else {gateway["name"]: gateway["state"] for gateway in gateways}


def asked(manager: Manager) -> list[str]:
    """The environments whose truststores were read, in order."""
    return [request.segments[4] for request in manager.journal if "truststore" in request.segments]


def truststores(case: CertificateFixture, **options: Any) -> Outcome:
    given = {"url": case.manager.url, "token": case.manager.token, "project": PROJECT, **options}
    return case.machine.module(TRUSTSTORE_INFO, **given)


def reader(case: CertificateFixture) -> str:
    """A token without access to the project admin, so that only the workers can be asked."""
    return case.manager.add_token("operator", projects=[PROJECT])


# After a write


@pytest.mark.parametrize("generation", ["2025", "2026.04", "2026.09", "openapi"])
def test_gateways_are_not_asked_where_each_deployment_is_reported(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation)

    outcome = case.run(content=case.new.pem)

    assert not outcome.failed
    assert states(outcome) is None
    assert asked(case.manager) == []
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)


@pytest.mark.parametrize("truststore", [("workers", "manager"), ("workers",), ("manager",)])
def test_an_import_is_confirmed_at_the_gateways(make_case: MakeCase, truststore: tuple[str, ...]) -> None:
    case = make_case(truststore=truststore)

    outcome = case.run(content=case.new.pem, **KEEP)

    assert not outcome.failed
    assert outcome["gateways"] == [
        {
            "name": "staging",
            "state": "confirmed",
            "fingerprint_sha256": case.new.sha256,
            "reason": None,
            "source": truststore[0],
        }
    ]
    assert outcome.warnings == []
    assert set(asked(case.manager)) == {"staging"}
    assert case.gateway_certificates() == {"development": case.old.der, "staging": case.new.der}


@pytest.mark.parametrize("truststore", [("workers", "manager"), ("manager",)])
@pytest.mark.parametrize("verify", ["auto", "required"])
def test_an_import_that_is_only_stored_fails(make_case: MakeCase, truststore: tuple[str, ...], verify: str) -> None:
    case = make_case(truststore=truststore, **STORES_ONLY)

    outcome = case.run(content=case.new.pem, verify_gateways=verify, **KEEP)

    assert_error(
        outcome, "stores imported certificates without deploying them", "staging holds SHA-256", case.old.sha256
    )
    assert outcome.changed
    assert states(outcome) == {"staging": "stale"}
    assert outcome["gateways"][0]["fingerprint_sha256"] == case.old.sha256
    assert_accurate(outcome, case.manager)
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.old.der)


def test_an_added_environment_that_is_only_stored_is_missing_at_its_gateways(make_case: MakeCase) -> None:
    case = make_case(**STORES_ONLY)
    case.manager.trust("production", "public-ca", case.old.pem)

    outcome = case.run(content=case.new.pem, **{**KEEP, "environments": ["production"]})

    assert_error(outcome, "production does not hold it")
    assert states(outcome) == {"production": "missing"}
    assert outcome.changed


def test_a_deployment_that_takes_a_moment_is_waited_for(make_case: MakeCase) -> None:
    case = make_case(**STORES_ONLY)
    deploy = case.manager.set_gateway
    case.manager.faults.add(
        Fault(
            "other_writer",
            method="GET",
            path="/truststore/",
            skip=1,
            action=lambda _manager: deploy(PROJECT, NAME, "staging", case.new.pem, alias=ALIAS),
        )
    )

    outcome = case.run(content=case.new.pem, **{**KEEP, "verify_gateways_timeout": 5})

    assert not outcome.failed
    assert states(outcome) == {"staging": "confirmed"}
    assert len(asked(case.manager)) == 2


def test_never_asks_nothing(make_case: MakeCase) -> None:
    case = make_case(**STORES_ONLY)

    outcome = case.run(content=case.new.pem, verify_gateways="never", **KEEP)

    assert not outcome.failed
    assert states(outcome) is None
    assert asked(case.manager) == []
    assert "did not report the deployment" in " ".join(outcome.warnings)


@pytest.mark.parametrize("truststore", [(), ("manager",)])
def test_gateways_that_cannot_be_asked_are_unknown(make_case: MakeCase, truststore: tuple[str, ...]) -> None:
    case = make_case(truststore=truststore)
    token = case.manager.add_token("operator", projects=[PROJECT])

    outcome = case.run(token=token, content=case.new.pem, **KEEP)

    assert not outcome.failed
    assert states(outcome) == {"staging": "unknown"}
    text = (
        "The manager stored certificate my-certificate in staging, but its gateways could not be asked. What the gateways of "
        "staging hold is unknown. "
    )
    assert text in " ".join(outcome.warnings)
    assert "SECRETS with EXPORT_IMPORT" in outcome["gateways"][0]["reason"]


def test_required_is_refused_before_a_write_that_could_not_be_verified(make_case: MakeCase) -> None:
    case = make_case("2026.04")

    for check in (True, False):
        outcome = case.run(content=case.new.pem, verify_gateways="required", check=check, token=reader(case))
        assert_error(
            outcome,
            "The gateways must be asked (verify_gateways), but cannot be, so nothing was written",
            "What the gateways of development, staging hold is unknown",
            "To write nevertheless, set verify_gateways=auto",
        )
        assert not outcome.changed
    assert not case.manager.journal.writes()


def test_required_asks_although_the_deployment_was_reported(case: CertificateFixture) -> None:
    outcome = case.run(content=case.new.pem, verify_gateways="required")

    assert not outcome.failed
    assert states(outcome) == dict.fromkeys(DEPLOYED, "confirmed")
    # Before the write and after it.
    assert len(case.manager.journal) == 4 + 2 * len(DEPLOYED)


def test_a_lost_response_is_made_up_for_by_the_gateways(case: CertificateFixture) -> None:
    case.manager.faults.add(Fault("drop_after", method="PUT"))

    outcome = case.run(content=case.new.pem)

    assert not outcome.failed
    assert "The write took effect, but the response" in " ".join(outcome.warnings)
    assert "force" not in " ".join(outcome.warnings)
    assert states(outcome) == dict.fromkeys(DEPLOYED, "confirmed")


def test_a_certificate_under_another_alias_is_confirmed_and_said(make_case: MakeCase) -> None:
    case = make_case(**STORES_ONLY)
    case.manager.trust("staging", "partner-ca", case.new.pem)

    outcome = case.run(content=case.new.pem, **KEEP)

    assert not outcome.failed
    assert states(outcome) == {"staging": "confirmed"}
    assert outcome["gateways"][0]["reason"] == (
        "found under the alias partner-ca, while the alias my-cert-alias holds another certificate"
    )
    assert "found under the alias partner-ca" in " ".join(outcome.warnings)


def test_aliases_are_compared_without_case(make_case: MakeCase) -> None:
    case = make_case()

    outcome = case.run(content=case.new.pem, alias="My-CERT-Alias", **KEEP)

    assert not outcome.failed
    assert states(outcome) == {"staging": "confirmed"}
    assert outcome["gateways"][0]["reason"] is None


def test_the_managers_own_truststore_is_unknown_and_no_failure(case: CertificateFixture) -> None:
    options = {"environments": ["apimanager"], "unlisted_environments": "keep"}

    outcome = case.run(content=case.new.pem, verify_gateways="required", **options)

    assert not outcome.failed
    assert states(outcome) == {"apimanager": "unknown"}
    assert "apimanager is the manager itself" in outcome["gateways"][0]["reason"]
    assert asked(case.manager) == []


# The record in sync


def test_required_finds_a_stale_gateway_behind_a_record_in_sync(case: CertificateFixture) -> None:
    case.manager.set_gateway(PROJECT, NAME, "staging", case.new.pem, alias=ALIAS)

    for check in (True, False):
        outcome = case.run(content=case.old.pem, verify_gateways="required", check=check)

        assert not outcome.failed
        assert (outcome.changed, outcome["operation"]) == (True, "update")
        assert states(outcome) == {"development": "confirmed", "staging": "stale" if check else "confirmed"}
        assert len(case.manager.journal.writes()) == (0 if check else 1)
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.old.der)


def test_required_changes_nothing_where_record_and_gateways_agree(case: CertificateFixture) -> None:
    outcome = case.run(content=case.old.pem, verify_gateways="required")

    assert (outcome.failed, outcome.changed) == (False, False)
    assert states(outcome) == dict.fromkeys(DEPLOYED, "confirmed")
    assert len(case.manager.journal) == 1 + len(DEPLOYED)


def test_required_says_again_what_an_import_left_stale(make_case: MakeCase) -> None:
    case = make_case(**STORES_ONLY)
    for _unused in range(2):
        assert_error(
            case.run(content=case.new.pem, verify_gateways="required", **KEEP),
            "stores imported certificates without deploying them",
        )
    assert case.run(content=case.new.pem, environments=["development", "staging"]).changed
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)


def test_auto_does_not_ask_where_nothing_is_written(case: CertificateFixture) -> None:
    case.manager.set_gateway(PROJECT, NAME, "staging", case.new.pem, alias=ALIAS)

    outcome = case.run(content=case.old.pem)

    assert (outcome.failed, outcome.changed, states(outcome)) == (False, False, None)
    assert len(case.manager.journal) == 1


def test_required_fails_where_a_record_in_sync_cannot_be_checked(case: CertificateFixture) -> None:
    case.manager.unreachable.add("staging")
    token = case.manager.add_token("operator", projects=[PROJECT])

    outcome = case.run(token=token, content=case.old.pem, verify_gateways="required")

    assert_error(
        outcome, "The gateways must be asked (verify_gateways)", "What the gateways of staging hold is unknown"
    )
    assert not outcome.changed


def test_an_import_with_jwks_is_refused_before_any_write(case: CertificateFixture) -> None:
    jwks = {"update_referenced_jwks": True, "update_scope": "same_project"}
    for check in (True, False):
        outcome = case.run(content=case.new.pem, check=check, **jwks, **KEEP)
        assert_error(outcome, "update_referenced_jwks: an import, which unlisted_environments=keep requires")
    assert not case.run(content=case.old.pem, **jwks, **KEEP).failed
    assert not case.manager.journal.writes()


# Reading truststores


def test_truststores_of_a_project(case: CertificateFixture, authority: Authority) -> None:
    public = authority.issue("Public CA")
    case.manager.trust("staging", "Public-CA", public.pem)

    outcome = truststores(case)

    assert not outcome.failed
    found = {one["environment"]: one for one in outcome["truststores"]}
    assert list(found) == sorted(ENVIRONMENTS)
    # The archive of an empty truststore is refused; the list shows that it is empty.
    assert [one["source"] for one in found.values()] == ["workers", "manager", "workers"]
    assert found["production"]["certificates"] == []
    fingerprints = {one["alias"].lower(): one["fingerprint_sha256"] for one in found["staging"]["certificates"]}
    assert fingerprints == {ALIAS: case.old.sha256, "public-ca": public.sha256}
    assert found["staging"]["certificates"][0]["fingerprint_sha1"] == hashlib.sha1(case.old.der).hexdigest()
    assert found["staging"]["certificates"][0]["subject"] == "CN=www.example.com,O=Example Inc,C=US"


@pytest.mark.parametrize(("truststore", "source"), [(("workers",), "workers"), (("manager",), "manager")])
def test_a_truststore_says_where_it_comes_from(make_case: MakeCase, truststore: tuple[str, ...], source: str) -> None:
    outcome = truststores(make_case(truststore=truststore), environments=["staging"])

    assert [one["source"] for one in outcome["truststores"]] == [source]
    assert outcome["truststores"][0]["certificates"][0]["alias"] == ALIAS


@pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.04"])
def test_an_error_names_the_permission_and_the_release(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation)
    token = case.manager.add_token("operator", projects=[PROJECT])

    outcome = truststores(case, token=token, environments=["staging"])

    assert_error(outcome, "The truststore of environment staging cannot be read", "EXPORT_IMPORT", "2026.09")


def test_a_token_without_the_permission_reads_the_list_if_it_may(case: CertificateFixture) -> None:
    permissions = ALL_PERMISSIONS - {Permission.IMPORT}
    refused = case.manager.add_token("reader", projects=[PROJECT], permissions=permissions)
    admin = case.manager.add_token("admin", projects=[PROJECT, ADMIN_PROJECT], permissions=permissions)

    assert_error(truststores(case, token=refused, environments=["staging"]), "EXPORT_IMPORT")
    found = truststores(case, token=admin, environments=["staging"])
    assert [one["source"] for one in found["truststores"]] == ["manager"]


def test_the_truststore_of_the_manager_cannot_be_read(case: CertificateFixture) -> None:
    assert_error(truststores(case, environments=["apimanager"]), "apimanager is the manager itself")


@pytest.mark.parametrize("generation", ["2025", "2026.04", "2026.09"])
def test_an_unknown_environment_is_named_with_the_known_ones(make_case: MakeCase, generation: str) -> None:
    """It costs one request more, and only if a truststore cannot be read."""
    case = make_case(generation)
    token = case.manager.add_token("operator", projects=[PROJECT])

    outcome = truststores(case, token=token, environments=["stagin", "staging"])

    assert_error(
        outcome,
        "environments: project MyProject has no environment stagin; it has apimanager, development, production, staging",
    )
    assert "permission" not in outcome.message
    assert "EXPORT_IMPORT" not in outcome.message
    lists = [one for one in case.manager.journal if "environments" in one.segments]
    assert [one.status for one in lists][-1] == 200
    mark = case.manager.journal.mark()
    assert truststores(case, environments=["staging"]).failed is False
    assert not [one for one in mark if "environments" in one.segments]


def test_the_truststore_of_a_known_environment_that_cannot_be_read_is_explained(make_case: MakeCase) -> None:
    case = make_case(truststore=())
    outcome = truststores(case, environments=["staging"])
    assert_error(outcome, "The truststore of environment staging cannot be read", "SECRETS with EXPORT_IMPORT")


# What the gateways hold of the certificates that the info module finds


def gateway_states(outcome: Outcome) -> dict[tuple[str, str, str], str]:
    """The state by project, certificate, and environment."""
    return {
        (one["project"], one["name"], environment["name"]): environment["gateway"]["state"]
        for one in outcome["certificates"]
        for environment in one["environments"]
    }


@pytest.mark.parametrize("verification", ["auto", "required"])
def test_info_asks_each_environment_once(case: CertificateFixture, verification: str) -> None:
    case.manager.add_project("Another", ENVIRONMENTS)
    case.manager.add_certificate("Another", "a", {"staging": case.new, "apimanager": case.new}, alias="a")
    case.manager.set_gateway(PROJECT, NAME, "development", None)
    case.manager.set_gateway("Another", "a", "staging", case.old)

    outcome = case.info(verify_gateways=verification)

    assert not outcome.failed, "a gateway without the certificate is a state"
    assert gateway_states(outcome) == {
        ("Another", "a", "apimanager"): "unknown",
        ("Another", "a", "staging"): "stale",
        (PROJECT, NAME, "development"): "missing",
        (PROJECT, NAME, "staging"): "confirmed",
    }
    (stale,) = [one for one in outcome["certificates"][0]["environments"] if one["name"] == "staging"]
    assert stale["gateway"] == {
        "name": "staging",
        "state": "stale",
        "fingerprint_sha256": case.old.sha256,
        "reason": None,
        "source": "workers",
    }
    requests = [request.segments for request in case.manager.journal if "export-file" in request.segments]
    assert [(one[1], one[4]) for one in requests] == [(PROJECT, "development"), ("Another", "staging")]


def test_info_does_not_ask_by_default(case: CertificateFixture) -> None:
    outcome = case.info()
    assert asked(case.manager) == []
    assert all("gateway" not in environment for environment in outcome["certificates"][0]["environments"])


@pytest.mark.parametrize("verification", ["auto", "required"])
def test_info_on_a_manager_without_truststores(make_case: MakeCase, verification: str) -> None:
    """The environments and the reason are named once. HTTP 404 for one environment says nothing about the next."""
    case = make_case("2024.09")

    outcome = case.info(project=PROJECT, verify_gateways=verification)

    assert sorted(asked(case.manager)) == sorted([*DEPLOYED] * 2)
    assert outcome.failed is (verification == "required")
    if verification == "required":
        assert_error(
            outcome,
            "verify_gateways: required, but not possible",
            f"What the gateways of {', '.join(sorted(DEPLOYED))} hold is unknown",
            "2026.09",
            "verify_gateways=auto",
        )
        assert outcome["msg"].count("cannot be read") == 1
        assert "certificates" not in outcome
    else:
        assert set(gateway_states(outcome).values()) == {"unknown"}
        assert "EXPORT_IMPORT" in outcome["certificates"][0]["environments"][0]["gateway"]["reason"]
        assert outcome.warnings == []


# What a failed deployment says


def test_the_outer_message_names_the_environments_of_a_failed_deployment(make_case: MakeCase) -> None:
    case = make_case(failures_in_message=True)
    case.manager.unreachable.add("staging")

    outcome = case.run(content=case.new.pem, retries=0)

    assert_error(outcome, "its deployment failed in: staging")
    assert [one["name"] for one in outcome["deployment"]["environments"]] == ["staging"]
    assert outcome["deployment"]["environments"][0]["success"] is False


# Names and lists


def test_unknown_environments_are_named_before_anything_else(case: CertificateFixture, new: Issued) -> None:
    outcome = case.run(content=new.pem, environments=["stagin", "development"])

    assert_error(outcome, "environments: project MyProject has no environment stagin")


def test_a_name_in_another_case_is_pointed_out(case: CertificateFixture) -> None:
    assert_error(
        case.run(name="My-Certificate", alias="x"), "has no certificate My-Certificate", f"Did you mean {NAME}?"
    )


@pytest.mark.parametrize("check", [True, False])
def test_an_alias_of_another_certificate_is_refused_before_the_write(case: CertificateFixture, check: bool) -> None:
    other = {"name": "another", "content": case.new.pem, "environments": ["production", "staging"], "check": check}

    assert_error(
        case.run(alias=ALIAS, **other), f"alias: {ALIAS} is already the alias of certificate {NAME} in staging"
    )
    case.manager.add_certificate(PROJECT, "another", {"staging": case.old}, alias="other-alias")
    assert_error(
        case.run(name="another", alias=ALIAS, check=check),
        f"alias: {ALIAS} is already the alias of certificate {NAME} in staging",
    )
    case.manager.add_certificate(PROJECT, "third", {"production": case.old}, alias=ALIAS.upper())
    for options in ({}, {"unlisted_environments": "keep"}):
        assert_error(
            case.run(environments=[*DEPLOYED, "production"], check=check, content=case.new.pem, **options),
            f"alias: {ALIAS} is already the alias of certificate third in production",
        )
    assert not case.manager.journal.writes()


@pytest.mark.parametrize("paging", ["from-0", "from-1"])
def test_a_list_in_pages_is_read_to_its_end(make_case: MakeCase, paging: str) -> None:
    case = make_case(page_size=2, paging=paging)
    for number in range(5):
        case.manager.add_certificate(PROJECT, f"aa-{number}", {"staging": case.old})

    assert len(case.info(project=PROJECT)["certificates"]) == 6
    outcome = case.run(name="zz", content=case.new.pem, environments=["staging"])
    assert (outcome.failed, outcome["operation"]) == (False, "create")
    deleted = case.run(state="absent")
    assert (deleted.failed, deleted["operation"]) == (False, "delete")


def test_a_list_that_stays_incomplete_decides_nothing(make_case: MakeCase) -> None:
    case = make_case(page_size=1, paging="ignored")
    case.manager.add_certificate(PROJECT, "aa", {"staging": case.old})

    for options in ({"state": "absent"}, {"name": "zz", "content": case.new.pem, "environments": ["staging"]}):
        assert_error(case.run(**options), "returned only 1 of 2 objects")
    assert not case.manager.journal.writes()
