# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of the record compared with the truststores of their environments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    RequestError,
    TruststoreUnavailableError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import Trusted, compare
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry, StoredCertificate, Truststore
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import InfoOperation, run_info_operation
from ansible_collections.apinizer.apiops.plugins.module_utils._result import stored_certificate
from ansible_collections.apinizer.apiops.plugins.module_utils._truststores import Answer, add_gateways
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from unit.plugins.conftest import FakeApi

Held = Callable[..., StoredCertificate]


@pytest.fixture
def fleet(held: Held, new: Bundle) -> FakeApi:
    """A manager with two projects, each of which has two certificates in staging and production."""
    stored = held({"staging": new, "production": new})
    return FakeApi(
        *(replace(stored, project=project, name=name) for project in ("First", "Second") for name in ("api", "web"))
    )


def gateways(certificates: list[Any]) -> dict[str, Any]:
    """Return what is added to the environments, which has to be the same for all certificates."""
    found = [{each["name"]: each["gateway"] for each in one["environments"]} for one in certificates]
    assert all(one == found[0] for one in found)
    return found[0]


def gateway(name: str, state: str, fingerprint: str | None = None, reason: str | None = None) -> dict[str, Any]:
    source = None if state == "unknown" else "workers"
    return {"name": name, "state": state, "fingerprint_sha256": fingerprint, "reason": reason, "source": source}


# The operation


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_each_environment_is_asked_once_for_all_projects_and_certificates(
    fleet: Any, now: datetime, new: Bundle, mode: str
) -> None:
    found = run_info_operation(fleet, InfoOperation(verify_gateways=mode), now=now)

    assert fleet.calls == ["projects", "list First", "list Second", "truststore production", "truststore staging"]
    assert len(found) == 4
    assert gateways(found) == {
        name: gateway(name, "confirmed", new.leaf.fingerprint_sha256) for name in ("production", "staging")
    }


def test_gateways_are_not_asked_by_default(fleet: Any, now: datetime) -> None:
    found = run_info_operation(fleet, InfoOperation(), now=now)

    assert fleet.calls == ["projects", "list First", "list Second"]
    assert all("gateway" not in environment for one in found for environment in one["environments"])


def test_only_the_environments_of_the_certificates_found_are_asked(fleet: Any, now: datetime) -> None:
    operation = InfoOperation("First", environments=frozenset({"staging"}), verify_gateways="required")
    run_info_operation(fleet, operation, now=now)
    assert fleet.calls == ["list First", "truststore staging"]

    fleet.calls.clear()
    nothing = InfoOperation("First", expiring_within=RenewalWindow(0), verify_gateways="required")
    assert run_info_operation(fleet, nothing, now=now) == []
    assert fleet.calls == ["list First"]


def test_unknown_is_a_state_with_auto_and_a_failure_with_required(fleet: Any, now: datetime) -> None:
    for name in ("staging", "production"):
        fleet.truststores[name] = TruststoreUnavailableError(f"No answer for {name}", status=404)

    found = run_info_operation(fleet, InfoOperation(verify_gateways="auto"), now=now)
    assert gateways(found)["staging"] == gateway("staging", "unknown", reason="No answer for staging")

    with pytest.raises(TruststoreUnavailableError) as caught:
        run_info_operation(fleet, InfoOperation(verify_gateways="required"), now=now)
    assert str(caught.value) == (
        "verify_gateways: required, but not possible. What the gateways of production, staging hold is unknown. "
        "No answer for production. To get the certificates with the state unknown instead, set verify_gateways=auto"
    )


def test_a_stale_gateway_is_a_state_with_required_as_well(fleet: Any, now: datetime, old: Bundle) -> None:
    fleet.truststores = {"production": [], "staging": [Entry("staging", "WEB-ALIAS", old)]}

    found = run_info_operation(fleet, InfoOperation(verify_gateways="required"), now=now)

    assert gateways(found) == {
        "production": gateway("production", "missing"),
        "staging": gateway("staging", "stale", old.leaf.fingerprint_sha256),
    }


def test_the_manager_itself_is_unknown_and_no_failure(held: Held, now: datetime, new: Bundle) -> None:
    api: Any = FakeApi(held({"apimanager": new, "staging": new}))
    api.truststores["apimanager"] = TruststoreUnavailableError("No request returns it")

    found = run_info_operation(api, InfoOperation(verify_gateways="required"), now=now)

    assert gateways(found) == {
        "apimanager": gateway("apimanager", "unknown", reason="No request returns it"),
        "staging": gateway("staging", "confirmed", new.leaf.fingerprint_sha256),
    }


# The comparison


def test_a_truststore_that_cannot_be_read_does_not_hide_the_others(fleet: Any, now: datetime) -> None:
    fleet.truststores["production"] = RequestError("HTTP 500", status=500)

    found = run_info_operation(fleet, InfoOperation(verify_gateways="auto"), now=now)

    assert {name: one["state"] for name, one in gateways(found).items()} == {
        "production": "unknown",
        "staging": "confirmed",
    }


def test_each_environment_is_asked_through_its_first_project(held: Held, now: datetime, new: Bundle) -> None:
    class Recorder:
        """Remembers the project of each request."""

        def __init__(self) -> None:
            self.asked: list[tuple[str, str]] = []

        def truststore(self, project: str, environment: str) -> Truststore:
            self.asked.append((project, environment))
            return Truststore(environment, "workers", ())

    api: Any = Recorder()
    certificates = [
        replace(held({"staging": new, "production": new}), project="A"),
        replace(held({"production": new, "development": new}), project="B"),
        replace(held({}), project="C"),
    ]

    add_gateways(api, [stored_certificate(one, now) for one in certificates])

    assert api.asked == [("B", "development"), ("A", "production"), ("A", "staging")]


def test_the_input_stays_as_it_is(fleet: Any, now: datetime) -> None:
    certificates = run_info_operation(fleet, InfoOperation(), now=now)

    found = add_gateways(fleet, certificates)

    assert all("gateway" not in environment for one in certificates for environment in one["environments"])
    for one in found:
        for environment in one["environments"]:
            del environment["gateway"]
    assert found == certificates


def test_the_same_certificate_under_another_alias_is_confirmed(fleet: Any, now: datetime, new: Bundle) -> None:
    fleet.truststores["staging"] = [Entry("staging", "x", new)]
    found = run_info_operation(fleet, InfoOperation(verify_gateways="required"), now=now)
    assert gateways(found)["staging"] == gateway(
        "staging", "confirmed", new.leaf.fingerprint_sha256, "found under the alias x"
    )


def test_without_a_fingerprint_in_the_record_the_state_is_unknown(fleet: Any, now: datetime) -> None:
    fleet.listed_as = lambda stored: replace(
        stored, entries=tuple(replace(entry, bundle=None) for entry in stored.entries)
    )
    found = run_info_operation(fleet, InfoOperation(verify_gateways="auto"), now=now)
    assert gateways(found)["staging"] == gateway(
        "staging", "unknown", reason="the manager's record has no fingerprint to compare"
    )


TRUSTED = [
    Trusted(alias, sha256, sha1)
    for alias in ("web", "WEB", "other", None)
    for sha256 in ("a" * 64, "b" * 64, None)
    for sha1 in ("a" * 40, "b" * 40, None)
]


@pytest.mark.parametrize("expected", [one for one in TRUSTED if one[1] or one[2]])
def test_the_index_finds_the_same_as_a_comparison_with_all(expected: Trusted) -> None:
    for one in TRUSTED:
        for other in TRUSTED:
            held = (one, other)
            assert Answer(held).state_of("production", expected) == compare("production", held, expected)
