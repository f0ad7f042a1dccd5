# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    ImportFileUnavailableError,
    InputError,
    ModifiedError,
    OperationError,
    RequestError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._expected import Expected
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    EnvironmentDeployment,
    StoredCertificate,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import (
    CertificateOperation,
    InfoOperation,
    run_certificate_operation,
    run_environment_info_operation,
    run_info_operation,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Desired
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

Held = Callable[..., StoredCertificate]
Stripped = Callable[[StoredCertificate], StoredCertificate]
KEY = ("MyProject", "web")
LIST = "list MyProject"
UPDATE = "update production staging"
RESULT_KEYS = {"changed", "operation", "certificate", "previous", "deployment", "gateways", "diff"}


class Runner:
    """Runs operations on MyProject/web with a fake API."""

    def __init__(self, api: Any, now: datetime) -> None:
        self.api = api
        self.now = now
        self.warnings: list[str] = []

    def __call__(
        self,
        bundle: Bundle | None = None,
        *,
        absent: bool = False,
        check_mode: bool = False,
        environments: str | None = None,
        jwk_scope: str | None = None,
        delete_jwks: bool = False,
        **desired: Any,
    ) -> dict[str, Any]:
        listed = frozenset(environments.split()) if environments else None
        task = CertificateOperation(
            *KEY,
            absent,
            Desired(bundle=bundle, environments=listed, **desired),
            jwk_scope=jwk_scope,
            delete_jwks=delete_jwks,
        )
        return run_certificate_operation(self.api, task, check_mode=check_mode, now=self.now, warn=self.warnings.append)


@pytest.fixture
def run(api: Any, now: datetime) -> Runner:
    return Runner(api, now)


def fingerprints(certificate: dict[str, Any] | None) -> dict[str, str]:
    assert certificate is not None
    return {environment["name"]: environment["fingerprint_sha256"] for environment in certificate["environments"]}


# The requests of each operation


def _expecting(
    bundle: Bundle, sha1: str, *, check_mode: bool = False, force: bool = False
) -> Callable[[Runner], dict[str, Any]]:
    """An update of both environments that relies on this certificate in staging."""
    environments = {"production": ({"alias": "web-alias"},), "staging": ({"fingerprint_sha1": sha1},)}
    desired = Desired(bundle, "web-alias", "First", frozenset(environments), force=force)
    operation = CertificateOperation(*KEY, absent=False, desired=desired, expected=Expected(environments, whole=True))
    return lambda run: run_certificate_operation(
        run.api, operation, check_mode=check_mode, now=run.now, warn=run.warnings.append
    )


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_record_that_someone_else_has_modified_is_not_written(run: Runner, new: Bundle, *, check_mode: bool) -> None:
    with pytest.raises(ModifiedError, match="MyProject/web in staging: modified by someone else since the plan"):
        _expecting(new, "other", check_mode=check_mode)(run)
    assert run.api.calls == ["find"]


def test_a_record_that_is_as_expected_costs_no_additional_request(run: Runner, old: Bundle, new: Bundle) -> None:
    assert _expecting(new, old.leaf.fingerprint_sha1)(run)["changed"]
    with_expectation, run.api.calls[:] = list(run.api.calls), []
    run(old, environments="staging production", alias="web-alias", description="First")
    assert with_expectation == run.api.calls


def test_what_someone_else_has_written_as_desired_is_no_difference(run: Runner, old: Bundle) -> None:
    result = _expecting(old, "other")(run)
    assert (result["changed"], result["operation"]) == (False, "none")
    assert run.api.calls == ["find"]
    assert run.warnings == [
        "MyProject/web in staging is already as planned: someone else has written it since the plan. Nothing was written there"
    ]


def test_force_writes_again_what_someone_else_has_written_as_desired(run: Runner, old: Bundle) -> None:
    result = _expecting(old, "other", force=True)(run)
    assert (result["changed"], result["operation"]) == (True, "update")
    assert not [text for text in run.warnings if "someone else" in text]


def test_force_does_not_overwrite_what_someone_else_has_written_otherwise(run: Runner, new: Bundle) -> None:
    with pytest.raises(ModifiedError):
        _expecting(new, "other", force=True)(run)
    assert run.api.calls == ["find"]


def test_in_sync_takes_one_request(run: Runner, old: Bundle) -> None:
    result = run(old, environments="staging production", alias="web-alias", description="First")
    assert run.api.calls == ["find"]
    assert set(result) == RESULT_KEYS
    assert (result["changed"], result["operation"], result["deployment"]) == (False, "none", None)
    assert result["diff"]["before"] == result["diff"]["after"]
    assert run.warnings == []


def test_an_update_reads_checks_the_jwks_writes_and_reads_back(run: Runner, old: Bundle, new: Bundle) -> None:
    result = run(new)
    assert run.api.calls == ["find", "jwks", UPDATE, "find"]
    assert set(result) == RESULT_KEYS
    assert (result["changed"], result["operation"]) == (True, "update")
    assert fingerprints(result["certificate"]) == dict.fromkeys(("production", "staging"), new.leaf.fingerprint_sha256)
    assert fingerprints(result["previous"]) == dict.fromkeys(("production", "staging"), old.leaf.fingerprint_sha256)
    assert [environment["content"] for environment in result["previous"]["environments"]] == [old.pem, old.pem]
    assert result["deployment"] == {"success": True, "message": None, "environments": []}


def test_an_update_with_jwks_does_not_read_them(run: Runner, new: Bundle) -> None:
    run(new, jwk_scope="ALL_PROJECTS")
    assert run.api.calls == ["find", UPDATE, "find"]
    assert run.api.sent[0]["jwk_scope"] == "ALL_PROJECTS"


def test_an_additional_environment_is_checked(run: Runner, new: Bundle) -> None:
    run(new, environments="development staging production")
    assert run.api.calls == [
        *("find", "jwks", "environments"),
        "list MyProject",
        "update development production staging",
        "find",
    ]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("given", [{}, {"alias": "web-alias"}, {"alias": "WEB-Alias", "unlisted": "keep"}])
@pytest.mark.parametrize("unlisted", ["keep", "fail"])
def test_an_alias_in_use_in_an_additional_environment_is_refused_before_the_write(
    run: Runner,
    held: Callable[..., StoredCertificate],
    old: Bundle,
    new: Bundle,
    given: dict[str, Any],
    unlisted: str,
    check_mode: bool,
) -> None:
    """The certificate has the alias in its own environments already, where it is the only one that does."""
    sibling = held({"development": old}, alias="Web-Alias")
    run.api.stored["MyProject", "sibling"] = replace(sibling, name="sibling")

    options = {"unlisted": unlisted, **given}
    with pytest.raises(InputError, match=r"(?i)^alias: web-alias is already the alias of certificate sibling in dev"):
        run(new, environments="development staging production", check_mode=check_mode, **options)

    assert run.api.sent == []


def test_creating_checks_the_environments(run: Runner, new: Bundle) -> None:
    run.api.stored.clear()
    result = run(new, environments="staging")
    assert run.api.calls == ["find", "environments", "create staging", "find"]
    assert (result["operation"], result["previous"], result["diff"]["before"]) == ("create", None, {})


def test_an_import_does_not_read_the_jwks(run: Runner, old: Bundle, new: Bundle) -> None:
    result = run(new, environments="staging", unlisted="keep")
    assert run.api.calls == ["find", "import staging", "find"]
    assert result["operation"] == "import"
    assert fingerprints(result["certificate"]) == {
        "production": old.leaf.fingerprint_sha256,
        "staging": new.leaf.fingerprint_sha256,
    }


def test_deleting_reads_the_list(run: Runner, old: Bundle) -> None:
    result = run(absent=True, delete_jwks=True)
    assert run.api.calls == [LIST, "delete", LIST]
    assert run.api.sent == [{"with_jwks": True}]
    assert (result["changed"], result["operation"], result["certificate"]) == (True, "delete", None)
    assert result["previous"]["environments"][0]["content"] == old.pem
    assert result["diff"]["after"] == {}


def test_deleting_reads_the_content_that_the_list_omits(run: Runner, old: Bundle, without_content: Stripped) -> None:
    run.api.listed_as = without_content
    result = run(absent=True)
    assert run.api.calls == [LIST, "find", "delete", LIST]
    assert result["previous"]["environments"][0]["content"] == old.pem


def test_a_certificate_that_is_already_absent_takes_one_request(run: Runner) -> None:
    run.api.stored.clear()
    result = run(absent=True)
    assert run.api.calls == [LIST]
    assert set(result) == RESULT_KEYS
    assert (result["changed"], result["operation"], result["certificate"], result["previous"]) == (
        False,
        "none",
        None,
        None,
    )
    assert (result["diff"]["before"], result["diff"]["after"]) == ({}, {})


# Check mode


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="update"),
        pytest.param({"environments": "staging", "unlisted": "remove"}, id="update of fewer"),
        pytest.param({"environments": "staging", "unlisted": "keep"}, id="import"),
        pytest.param({"environments": "development staging production"}, id="update of more"),
        pytest.param({"environments": "staging production", "description": "Second", "alias": "a"}, id="new texts"),
        pytest.param({"absent": True}, id="delete"),
        pytest.param({"stored": False, "environments": "staging"}, id="create"),
    ],
)
def test_check_mode_predicts_the_result(run: Runner, new: Bundle, options: dict[str, Any]) -> None:
    if not options.get("stored", True):
        run.api.stored.clear()
    options = {name: value for name, value in options.items() if name != "stored"}
    predicted = run(new, check_mode=True, **options)
    assert run.api.sent == []
    reads = list(run.api.calls)
    run.api.calls.clear()
    happened = run(new, **options)
    assert run.api.calls[: len(reads)] == reads, "both send the same reads"
    assert predicted["deployment"] is None
    assert {**happened, "deployment": None} == predicted


def test_check_mode_has_the_same_warnings_and_errors(run: Runner, new: Bundle) -> None:
    run.api.jwks = ("signing",)
    run(new, check_mode=True)
    assert len(run.warnings) == 1
    with pytest.raises(InputError, match="is also in production"):
        run(new, environments="staging", check_mode=True)
    with pytest.raises(InputError, match="has no environment nowhere"):
        run(new, environments="production staging nowhere", check_mode=True)


# Checks before a write


def test_jwks_that_lose_their_link_are_named_in_a_warning(run: Runner, new: Bundle) -> None:
    run.api.jwks = ("encryption", "signing")
    run(new)
    (warning,) = run.warnings
    assert warning == (
        "Project MyProject has JWKs created from certificates: encryption, signing. Those created from web lose "
        "their link to it with this update. Set update_referenced_jwks=true (with update_scope) to update the JWKs "
        "as well"
    )


@pytest.mark.parametrize(
    ("status", "warnings"),
    [
        (400, ["Could not check whether JWKs were created from certificate web: HTTP 400"]),
        (403, ["Could not check whether JWKs were created from certificate web: HTTP 403"]),
        (404, []),
        (405, []),
    ],
)
def test_an_update_does_not_require_a_list_of_jwks(run: Runner, new: Bundle, status: int, warnings: list[str]) -> None:
    run.api.jwks = RequestError(f"HTTP {status}", status=status)
    assert run(new)["changed"]
    assert run.warnings == warnings


@pytest.mark.parametrize("look", ["jwks", "known_environments"])
def test_nothing_is_written_if_a_check_fails(run: Runner, new: Bundle, look: str) -> None:
    setattr(run.api, look, RequestError("HTTP 500", status=500))
    with pytest.raises(RequestError, match=r"^HTTP 500$"):
        run(new, environments="development production staging")
    assert run.api.sent == []


def test_an_unknown_environment_is_rejected(run: Runner, new: Bundle) -> None:
    with pytest.raises(InputError) as caught:
        run(new, environments="Development nowhere production staging")
    assert str(caught.value) == (
        "environments: project MyProject has no environment Development, nowhere; it has apimanager, development, "
        "production, staging (case-sensitive)"
    )
    assert run.api.sent == []


def test_the_manager_itself_is_a_valid_environment(run: Runner, new: Bundle) -> None:
    assert run(new, environments="apimanager production staging")["changed"]


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_environments_are_not_checked_if_the_manager_does_not_list_them(run: Runner, new: Bundle, status: int) -> None:
    run.api.known_environments = RequestError(f"HTTP {status}", status=status)
    assert run(new, environments="development production staging")["changed"]


def test_an_environment_that_holds_the_certificate_is_not_checked(run: Runner, new: Bundle) -> None:
    run.api.known_environments = ()
    assert run(new)["changed"]


# Values that the manager does not report


def test_a_certificate_is_recognized_by_its_thumbprint(
    run: Runner, held: Held, old: Bundle, without_content: Stripped
) -> None:
    run.api.stored[KEY] = without_content(held({"staging": old}))
    result = run(old)
    assert not result["changed"]
    assert fingerprints(result["certificate"]) == {"staging": old.leaf.fingerprint_sha256}


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_unreported_description_is_the_one_that_was_sent(run: Runner, new: Bundle, check_mode: bool) -> None:
    run.api.reports_descriptions = False
    result = run(new, description="Second", check_mode=check_mode)
    assert (result["previous"]["description"], result["certificate"]["description"]) == (None, "Second")


def test_an_unreported_description_stays_unknown_if_nothing_is_written(run: Runner, old: Bundle) -> None:
    run.api.reports_descriptions = False
    result = run(old, description="Second")
    assert (result["changed"], result["certificate"]["description"]) == (False, None)
    assert [warning.partition(",")[0] for warning in run.warnings] == [
        "The manager does not report the description of certificate web"
    ]


def test_of_duplicate_entries_the_desired_one_is_returned(run: Runner, held: Held, old: Bundle, new: Bundle) -> None:
    run.api.stored[KEY] = held({"staging": [old, new]})
    result = run(old)
    assert not result["changed"]
    assert fingerprints(result["certificate"]) == {"staging": old.leaf.fingerprint_sha256}
    assert result["certificate"]["environments"][0]["entries"] == 2
    assert len(run.warnings) == 1


@pytest.mark.parametrize(("adds_entries", "entries"), [(True, 3), (False, 1)])
def test_an_update_of_duplicate_entries_succeeds_if_the_manager_replaces_them_as_well(
    run: Runner, held: Held, old: Bundle, unreadable: Bundle, new: Bundle, adds_entries: bool, entries: int
) -> None:
    run.api.stored[KEY] = held({"staging": [old, unreadable], "production": old})
    run.api.adds_entries = adds_entries

    result = run(new)

    assert result["changed"]
    assert run.api.calls == ["find", "jwks", "update production staging", "find"]
    assert fingerprints(result["certificate"]) == dict.fromkeys(("production", "staging"), new.leaf.fingerprint_sha256)
    assert [view["entries"] for view in result["certificate"]["environments"]][-1] == entries


# Failures


def test_nothing_is_written_if_reading_fails(run: Runner, new: Bundle) -> None:
    run.api.reads = [RequestError("HTTP 503", status=503)]
    with pytest.raises(RequestError, match=r"^HTTP 503$"):
        run(new)
    assert run.api.calls == ["find"]


def test_a_failed_deployment_fails_with_the_complete_result(run: Runner, new: Bundle) -> None:
    def is_not_deployed(take_effect: Callable[[], None]) -> Deployment:
        take_effect()
        return Deployment(True, "done", (EnvironmentDeployment("staging", success=False, message="down"),))

    run.api.writes = [is_not_deployed] * 3
    with pytest.raises(OperationError, match=r"deployment failed in: staging \(down\)") as caught:
        run(new)
    result = caught.value.result
    assert set(result) == RESULT_KEYS
    assert (result["changed"], result["operation"]) == (True, "update")
    assert result["deployment"] == {
        "success": False,
        "message": "done",
        "environments": [{"name": "staging", "success": False, "message": "down"}],
    }
    assert fingerprints(result["certificate"]) == dict.fromkeys(("production", "staging"), new.leaf.fingerprint_sha256)


def test_a_failure_keeps_the_type_of_the_failed_request(run: Runner, new: Bundle) -> None:
    def refuse(_take_effect: Callable[[], None]) -> Deployment:
        raise ImportFileUnavailableError("HTTP 404", status=404)

    run.api.writes = [refuse]
    with pytest.raises(OperationError) as caught:
        run(new, environments="staging", unlisted="keep")
    assert isinstance(caught.value.request_error, ImportFileUnavailableError)
    assert set(caught.value.result) == RESULT_KEYS


def test_a_failed_deployment_has_no_failed_request(run: Runner, new: Bundle) -> None:
    run.api.writes = [lambda take_effect: Deployment(success=True)]
    with pytest.raises(OperationError, match="does not hold what was written") as caught:
        run(new)
    assert caught.value.request_error is None


def test_a_failure_without_reading_back_omits_the_certificate(run: Runner, old: Bundle, new: Bundle) -> None:
    run.api.reads = [None, None, RequestError("HTTP 401", status=401)]
    with pytest.raises(OperationError, match="reading it back failed: HTTP 401") as caught:
        run(new)
    result = caught.value.result
    assert set(result) == RESULT_KEYS - {"certificate", "diff"}
    assert result["changed"]
    assert fingerprints(result["previous"])["staging"] == old.leaf.fingerprint_sha256


# Finding certificates


@pytest.fixture
def stock(api: Any, held: Held, old: Bundle, new: Bundle) -> Any:
    """A fake API with three certificates in two projects. `old` expires in 213 days."""
    api.stored = {
        (project, name): replace(held(holdings), project=project, name=name)
        for project, name, holdings in (
            ("Second", "web", {"staging": new}),
            ("First", "web", {"production": new, "staging": new}),
            ("First", "api", {"production": old, "staging": new}),
        )
    }
    return api


def found(certificates: list[dict[str, Any]]) -> list[str]:
    return [
        f"{certificate['project']}/{certificate['name']}: "
        + " ".join(environment["name"] for environment in certificate["environments"])
        for certificate in certificates
    ]


FIRST_API = "First/api: production staging"
FIRST_WEB = "First/web: production staging"
SECOND_WEB = "Second/web: staging"


@pytest.mark.parametrize(
    ("task", "expected", "calls"),
    [
        pytest.param(
            InfoOperation(),
            [FIRST_API, FIRST_WEB, SECOND_WEB],
            ["projects", "list First", "list Second"],
            id="everything",
        ),
        pytest.param(InfoOperation("First"), [FIRST_API, FIRST_WEB], ["list First"], id="a project"),
        pytest.param(InfoOperation("First", "web"), [FIRST_WEB], ["list First"], id="a certificate"),
        pytest.param(InfoOperation("First", "WEB"), [], ["list First"], id="case-sensitive"),
        pytest.param(InfoOperation("Empty"), [], ["list Empty"], id="an empty project"),
        pytest.param(
            InfoOperation("First", environments=frozenset({"production"})),
            ["First/api: production", "First/web: production"],
            ["list First"],
            id="an environment",
        ),
        pytest.param(
            InfoOperation("Second", environments=frozenset({"production"})), [], ["list Second"], id="not in it"
        ),
        pytest.param(InfoOperation("First", expiring_within=RenewalWindow(212)), [], ["list First"], id="not expiring"),
        pytest.param(
            InfoOperation("First", expiring_within=RenewalWindow(214)),
            [FIRST_API],
            ["list First"],
            id="expiring in one environment",
        ),
        pytest.param(
            InfoOperation("First", environments=frozenset({"staging"}), expiring_within=RenewalWindow(214)),
            [],
            ["list First"],
            id="expiring, but in another environment",
        ),
    ],
)
def test_certificates_are_found_with_one_request_per_project(
    stock: Any, now: datetime, task: InfoOperation, expected: list[str], calls: list[str]
) -> None:
    assert found(run_info_operation(stock, task, now=now)) == expected
    assert stock.calls == calls


@pytest.mark.parametrize(("seconds", "names"), [(-1, []), (0, [FIRST_API]), (1, [FIRST_API])])
def test_expiring_within_counts_to_the_second_and_includes_the_expired(
    stock: Any, old: Bundle, seconds: int, names: list[str]
) -> None:
    assert old.leaf.not_after is not None
    moment = old.leaf.not_after - timedelta(days=30) + timedelta(seconds=seconds)
    assert (
        found(run_info_operation(stock, InfoOperation("First", expiring_within=RenewalWindow(30)), now=moment)) == names
    )
    later = old.leaf.not_after + timedelta(seconds=1)
    assert found(run_info_operation(stock, InfoOperation("First", expiring_within=RenewalWindow(0)), now=later)) == [
        FIRST_API
    ]


@pytest.mark.parametrize(("seconds", "names"), [(-1, []), (0, [FIRST_API]), (1, [FIRST_API])])
def test_expiring_within_may_be_a_share_of_the_lifetime(
    stock: Any, old: Bundle, seconds: int, names: list[str]
) -> None:
    assert old.leaf.not_before is not None
    assert old.leaf.not_after is not None
    begin = old.leaf.not_after - (old.leaf.not_after - old.leaf.not_before) / 4
    operation = InfoOperation("First", expiring_within=RenewalWindow(25, is_share=True))

    assert found(run_info_operation(stock, operation, now=begin + timedelta(seconds=seconds))) == names


def test_details_are_only_read_if_the_list_omits_them(
    stock: Any, now: datetime, old: Bundle, without_content: Stripped
) -> None:
    run_info_operation(stock, InfoOperation("First", details=True), now=now)
    assert stock.calls == ["list First"]
    stock.calls.clear()
    stock.listed_as = without_content
    (certificate,) = run_info_operation(stock, InfoOperation("First", "api", details=True), now=now)
    assert stock.calls == ["list First", "find"]
    assert fingerprints(certificate)["production"] == old.leaf.fingerprint_sha256
    (certificate,) = run_info_operation(stock, InfoOperation("First", "api"), now=now)
    assert fingerprints(certificate)["production"] is None


def test_a_certificate_that_is_deleted_in_the_meantime_is_returned_as_listed(
    stock: Any, now: datetime, without_content: Stripped
) -> None:
    stock.listed_as = without_content
    stock.before_read = [lambda: None, stock.stored.clear]
    assert found(run_info_operation(stock, InfoOperation("Second", details=True), now=now)) == [SECOND_WEB]


def test_a_project_that_cannot_be_listed_is_an_error(stock: Any, now: datetime) -> None:
    stock.reads = [None, RequestError("HTTP 400", status=400)]
    with pytest.raises(RequestError, match=r"^HTTP 400$"):
        run_info_operation(stock, InfoOperation(), now=now)


# Finding environments


def test_environments_are_sorted_by_name(api: Any) -> None:
    api.known_environments = ("staging", "Production", "development")
    listed = run_environment_info_operation(api, "MyProject")
    assert [environment["name"] for environment in listed] == ["Production", "development", "staging"]
    assert listed[0] == {
        "name": "Production",
        "type": None,
        "status": None,
        "access_url": None,
        "description": None,
    }


def test_an_alias_that_the_manager_does_not_report_is_not_in_use(
    run: Runner, held: Callable[..., StoredCertificate], old: Bundle, new: Bundle
) -> None:
    """Neither where the certificate is to be written, nor in another environment."""
    sibling = held({"production": old, "development": old})
    without_alias = tuple(replace(entry, alias=None) for entry in sibling.entries)
    run.api.stored["MyProject", "sibling"] = replace(sibling, name="sibling", entries=without_alias)

    result = run(new, environments="staging production development", alias="renamed")

    assert (result["changed"], result["operation"]) == (True, "update")
