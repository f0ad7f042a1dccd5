# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateways in the operations of apinizer_certificate: what is asked before a write and after it, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    GatewaysUnknownError,
    OperationError,
    TruststoreUnavailableError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    EnvironmentDeployment,
    StoredCertificate,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import (
    CertificateOperation,
    run_certificate_operation,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Desired
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from unit.plugins.conftest import FakeApi

Held = Callable[..., StoredCertificate]
BOTH = ("production", "staging")
ASKED = [f"truststore {name}" for name in BOTH]
WRITES = ("create", "update", "import", "delete")


class Runner:
    """Runs operations on MyProject/web, at whose gateways the record is deployed unless a test sets a truststore."""

    def __init__(self, api: Any, now: datetime) -> None:
        self.api = api
        self.now = now
        self.warnings: list[str] = []

    def __call__(
        self,
        bundle: Bundle | None = None,
        *,
        mode: str = "required",
        absent: bool = False,
        check_mode: bool = False,
        environments: tuple[str, ...] = (),
        **desired: Any,
    ) -> dict[str, Any]:
        self.api.calls.clear()
        operation = CertificateOperation(
            "MyProject",
            "web",
            absent,
            Desired(bundle=bundle, environments=frozenset(environments) or None, **desired),
            verify_gateways=mode,
            verify_timeout=0,
        )
        return run_certificate_operation(
            self.api, operation, check_mode=check_mode, now=self.now, warn=self.warnings.append
        )

    @property
    def writes(self) -> list[str]:
        return [call for call in self.api.calls if call.startswith(WRITES)]


@pytest.fixture
def run(api: Any, now: datetime) -> Runner:
    return Runner(api, now)


def states(result: dict[str, Any]) -> dict[str, str] | None:
    return result["gateways"] and {one["name"]: one["state"] for one in result["gateways"]}


def held_by_gateways(side: dict[str, Any]) -> dict[str, str | None]:
    return {name: values["gateway_fingerprint_sha256"] for name, values in side["environments"].items()}


NOT_OFFERED = TruststoreUnavailableError("No truststore call", status=404)
REFUSED = TruststoreUnavailableError("HTTP 400", status=400)

WAYS: dict[str, dict[str, Any]] = {
    "update": {},
    "import": {"environments": ("staging",), "unlisted": "keep"},
    "create": {"environments": BOTH},
    "delete": {"absent": True},
}


def run_way(run: Runner, way: str, bundle: Bundle, **options: Any) -> dict[str, Any]:
    if way == "create":
        run.api.stored.clear()
    return run(None if way == "delete" else bundle, **WAYS[way], **options)


# Before a write


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_required_is_refused_before_a_write_that_could_not_be_verified(
    run: Runner, new: Bundle, way: str, check_mode: bool
) -> None:
    run.api.truststores = dict.fromkeys(BOTH, NOT_OFFERED)

    with pytest.raises(GatewaysUnknownError) as caught:
        run_way(run, way, new, check_mode=check_mode)

    asked = "staging" if way == "import" else "production, staging"
    assert str(caught.value) == (
        "The gateways must be asked (verify_gateways), but cannot be, so nothing was written. "
        f"What the gateways of {asked} hold is unknown. No truststore call"
    )
    assert run.writes == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["auto", "never"])
def test_only_required_asks_before_a_write(run: Runner, new: Bundle, way: str, mode: str) -> None:
    run.api.truststores = dict.fromkeys(BOTH, NOT_OFFERED)
    run_way(run, way, new, mode=mode)
    before = run.api.calls[: run.api.calls.index(run.writes[0])]
    assert not [call for call in before if call.startswith("truststore")]


def test_force_writes_although_the_gateways_cannot_be_asked(run: Runner, new: Bundle) -> None:
    """A rollback must not be refused, so it forces its writes."""
    run.api.truststores = dict.fromkeys(BOTH, NOT_OFFERED)

    with pytest.raises(OperationError) as caught:
        run(new, force=True)

    assert run.writes == ["update production staging"]
    assert caught.value.result["changed"]
    assert str(caught.value) == (
        "The manager stored certificate web in production, staging, but its gateways could not be asked. "
        "What the gateways of production, staging hold is unknown. No truststore call"
    )


def test_a_new_certificate_may_be_the_first_one_of_an_environment(run: Runner, new: Bundle) -> None:
    """The archive of an empty truststore is refused with HTTP 400, as is that of workers that cannot be reached."""
    run.api.truststores = {"development": REFUSED}
    run.api.stored.clear()

    assert run(new, check_mode=True, environments=("development",))["changed"]
    with pytest.raises(OperationError, match="What the gateways of development hold is unknown"):
        run(new, environments=("development",))
    assert run.writes == ["create development"]


def test_an_environment_that_holds_certificates_has_no_empty_truststore(run: Runner, new: Bundle) -> None:
    run.api.truststores = {"staging": REFUSED}
    with pytest.raises(GatewaysUnknownError, match="What the gateways of staging hold is unknown"):
        run(new)
    assert run.writes == []


def test_the_manager_itself_is_no_reason_to_refuse(held: Held, now: datetime, old: Bundle, new: Bundle) -> None:
    api = FakeApi(held({"apimanager": old, "staging": old}))
    api.truststores["apimanager"] = TruststoreUnavailableError("No request returns it")
    run = Runner(api, now)

    assert states(run(new)) == {"apimanager": "unknown", "staging": "confirmed"}
    assert run.writes == ["update apimanager staging"]
    assert any("What the gateways of apimanager hold is unknown" in warning for warning in run.warnings)


def test_each_environment_is_asked_before_and_after_the_write(run: Runner, new: Bundle) -> None:
    run(new)
    assert run.api.calls == ["find", *ASKED, "jwks", "update production staging", "find", *ASKED]


def test_an_import_writes_stale_gateways_as_well(run: Runner, old: Bundle, new: Bundle, held: Held) -> None:
    """The record of production is in sync, its gateways are not."""
    run.api.stored = {("MyProject", "web"): held({"production": new, "staging": old})}
    run.api.truststores = {"production": [Entry("production", "web-alias", old)]}

    result = run(new, environments=BOTH, unlisted="keep", check_mode=True)

    assert states(result) == {"production": "stale", "staging": "stale"}
    run.api.truststores.clear()
    run.api.truststores = {"production": [Entry("production", "web-alias", old)]}
    with pytest.raises(OperationError, match="its gateways do not hold it: production"):
        run(new, environments=BOTH, unlisted="keep")
    assert run.writes == ["import production staging"]


# The diff


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_diff_shows_a_stale_gateway_behind_a_record_in_sync(
    run: Runner, old: Bundle, new: Bundle, check_mode: bool
) -> None:
    run.api.truststores = {"production": [], "staging": [Entry("staging", "web-alias", new)]}
    # The update deploys what the record contains.
    run.api.writes = [lambda take_effect: (take_effect(), run.api.truststores.clear(), Deployment(success=True))[-1]]

    result = run(old, check_mode=check_mode)

    assert (result["changed"], result["operation"]) == (True, "update")
    ours, theirs = old.leaf.fingerprint_sha256, new.leaf.fingerprint_sha256
    assert held_by_gateways(result["diff"]["before"]) == {"production": None, "staging": theirs}
    assert held_by_gateways(result["diff"]["after"]) == {"production": ours, "staging": ours}


def test_the_diff_is_empty_where_record_and_gateways_are_in_sync(run: Runner, old: Bundle) -> None:
    result = run(old)
    assert not result["changed"]
    assert result["diff"]["before"] == result["diff"]["after"]
    assert held_by_gateways(result["diff"]["after"]) == dict.fromkeys(BOTH, old.leaf.fingerprint_sha256)


@pytest.mark.parametrize("mode", ["auto", "never"])
def test_the_diff_says_nothing_about_gateways_that_were_not_asked_before(run: Runner, new: Bundle, mode: str) -> None:
    result = run(new, mode=mode)
    for side in ("before", "after"):
        assert all("gateway_fingerprint_sha256" not in one for one in result["diff"][side]["environments"].values())


# After a deletion


def reports(*names: str) -> Callable[[Callable[[], None]], Deployment]:
    def delete(take_effect: Callable[[], None]) -> Deployment:
        take_effect()
        return Deployment(True, None, tuple(EnvironmentDeployment(name, True) for name in names))

    return delete


@pytest.mark.parametrize(
    ("mode", "reported", "asked"),
    [
        ("auto", BOTH, []),
        ("auto", ("staging",), ["truststore production"]),
        ("auto", (), ASKED),
        ("required", BOTH, ASKED),
        ("never", (), []),
    ],
)
def test_the_gateways_are_asked_after_a_deletion_as_after_a_write(
    run: Runner, mode: str, reported: tuple[str, ...], asked: list[str]
) -> None:
    run.api.writes = [reports(*reported)]

    result = run(absent=True, mode=mode)

    assert run.api.calls[run.api.calls.index("delete") + 2 :] == asked
    assert states(result) == ({call.split()[1]: "confirmed" for call in asked} or None)
    assert run.warnings == []


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_a_gateway_that_still_holds_the_deleted_certificate_is_stale(run: Runner, old: Bundle, mode: str) -> None:
    run.api.truststores = {"staging": [Entry("staging", "WEB-alias", old)]}

    with pytest.raises(OperationError) as caught:
        run(absent=True, mode=mode)

    assert caught.value.result["changed"]
    assert states(caught.value.result) == {"production": "confirmed", "staging": "stale"}
    message = str(caught.value)
    assert message.startswith("The manager deleted certificate web, but the gateways of staging still hold it. ")
    assert "console" in message
    assert ("MyProject", "web") not in run.api.stored


def test_the_same_certificate_under_another_alias_is_worth_a_warning(run: Runner, old: Bundle) -> None:
    run.api.truststores = {"staging": [Entry("staging", "partner", old)]}
    assert states(run(absent=True)) == dict.fromkeys(BOTH, "confirmed")
    assert run.warnings == [
        "Certificate web is deleted. At the gateways of staging, the same certificate is still trusted under the alias partner"
    ]


@pytest.mark.parametrize("force", [False, True])
def test_a_truststore_that_the_deletion_empties_is_no_failure(run: Runner, force: bool) -> None:
    """Its archive is refused from then on. That is expected where it contained nothing else."""

    def delete(take_effect: Callable[[], None]) -> Deployment:
        take_effect()
        run.api.truststores = {"staging": REFUSED}
        return Deployment(success=True)

    run.api.writes = [delete]

    assert states(run(absent=True, force=force)) == {"production": "confirmed", "staging": "unknown"}
    assert len(run.warnings) == 1
    assert "The manager deleted certificate web in staging, but its gateways could not be asked" in run.warnings[0]


def test_workers_that_cannot_be_reached_after_a_deletion_are_a_failure(run: Runner, old: Bundle, new: Bundle) -> None:
    run.api.truststores = {"staging": [Entry("staging", "web-alias", old), Entry("staging", "other", new)]}

    def delete(take_effect: Callable[[], None]) -> Deployment:
        take_effect()
        run.api.truststores = {"staging": REFUSED}
        return Deployment(success=True)

    run.api.writes = [delete]

    with pytest.raises(OperationError, match="What the gateways of staging hold is unknown") as caught:
        run(absent=True)
    assert caught.value.result["changed"]


def test_with_force_a_certificate_is_deleted_although_the_gateways_cannot_be_asked(run: Runner) -> None:
    run.api.truststores = {"staging": NOT_OFFERED}

    with pytest.raises(OperationError, match="What the gateways of staging hold is unknown") as caught:
        run(absent=True, force=True)

    assert caught.value.result["changed"]
    assert run.writes == ["delete"]


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_nothing_is_asked_about_a_certificate_that_does_not_exist(run: Runner, mode: str) -> None:
    run.api.stored.clear()
    result = run(absent=True, mode=mode)
    assert (result["changed"], result["gateways"], run.api.calls) == (False, None, ["list MyProject"])


# Names


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_deletion_under_a_similar_name_says_what_exists(
    run: Runner, held: Held, old: Bundle, check_mode: bool
) -> None:
    run.api.stored = {("MyProject", "WEB"): replace(held({"staging": old}), name="WEB")}

    result = run(absent=True, check_mode=check_mode)

    assert (result["changed"], result["operation"]) == (False, "none")
    assert run.warnings == ["Nothing was deleted: project MyProject has no certificate web. Did you mean WEB?"]
