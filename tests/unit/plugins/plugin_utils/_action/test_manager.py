# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    ImportFileUnavailableError,
    InputError,
    RequestError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._expected import Expected
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._remedies import MODULE_REMEDIES
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.modules import apinizer_certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action import in_process
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.in_process import InProcessContext
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    CERTIFICATE,
    CERTIFICATE_INFO,
    ENVIRONMENT_INFO,
    ManagerAccess,
    Operation,
    failures,
    warnings_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.remedies import RESTORE_REMEDIES, ROLE_REMEDIES
from unit.plugins.module_utils.certificate_maker import key, make_certificate

Json = dict[str, Any]
MODULES = (CERTIFICATE, CERTIFICATE_INFO, ENVIRONMENT_INFO)
CONNECTION = {"url": "https://apinizer.example.com", "token": "t0k3n"}
OPTIONS: dict[str, Json] = {module: dict(CONNECTION) for module in MODULES}
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def access(monkeypatch: pytest.MonkeyPatch, api: Any) -> ManagerAccess:
    """Access in this process to the fake manager C(api)."""

    @contextmanager
    def shared_manager(_connection: object, _hide: object) -> Iterator[Any]:
        yield api

    monkeypatch.setattr(in_process, "shared_manager", shared_manager)
    return ManagerAccess(OPTIONS)


@pytest.fixture
def operation(new: Bundle) -> Operation:
    """Renews the certificate of the fake manager."""
    return Operation("MyProject", "web", ("production", "staging"), new, alias="web-alias", description="First")


class FakeModules:
    """Runs modules as the controller would; records their names, their options and check mode."""

    def __init__(self, *results: Json) -> None:
        self._results = list(results)
        self.ran: list[tuple[str, Json, bool]] = []

    def run(self, name: str, options: Mapping[str, Any], check_mode: bool) -> Json:
        self.ran.append((name, dict(options), check_mode))
        return self._results.pop(0) if self._results else {"changed": False}


def test_certificates_are_listed_by_project_in_this_process(
    access: ManagerAccess, api: Any, held: Callable[..., StoredCertificate], old: Bundle
) -> None:
    api.stored["admin", "api"] = replace(held({"production": old}), project="admin", name="api")

    results = access.list_certificates(["MyProject", "admin", "empty"])

    found = {project: [one["name"] for one in result["certificates"]] for project, result in results.items()}
    assert found == {"MyProject": ["web"], "admin": ["api"], "empty": []}
    assert access.in_process


def test_environments_are_listed_by_project_in_this_process(access: ManagerAccess) -> None:
    result = access.list_environments(["MyProject"])["MyProject"]

    assert [one["name"] for one in result["environments"]] == ["development", "production", "staging"]


def test_an_operation_is_carried_out_in_this_process(access: ManagerAccess, api: Any, operation: Operation) -> None:
    result = access.carry_out(operation)

    assert (result["changed"], result["operation"]) == (True, "update")
    assert api.stored["MyProject", "web"].entries[0].bundle == operation.bundle


@pytest.mark.parametrize("secret", ["staging", "MyProject", "web", "True", "update", "1", "a"])
def test_a_token_with_the_spelling_of_a_name_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, access: ManagerAccess, operation: Operation, secret: str
) -> None:
    expected = [access.list_certificates(["MyProject"]), access.predict({"key": operation})]
    other = ManagerAccess({module: {**CONNECTION, "token": secret} for module in MODULES})
    assert [other.list_certificates(["MyProject"]), other.predict({"key": operation})] == expected


def test_a_module_gets_no_content_where_there_is_no_new_certificate(operation: Operation) -> None:
    assert "content" not in replace(operation, bundle=None).options


def test_a_prediction_writes_nothing(access: ManagerAccess, api: Any, operation: Operation) -> None:
    results = access.predict({"MyProject/web": operation, "MyProject/new": replace(operation, name="new", alias="new")})

    assert {key: result["operation"] for key, result in results.items()} == {
        "MyProject/web": "update",
        "MyProject/new": "create",
    }
    assert api.sent == []


def test_modules_get_the_connection_and_the_options_of_the_operation(operation: Operation) -> None:
    modules = FakeModules()
    access = ManagerAccess({module: {"url": module, "token": "t0k3n"} for module in MODULES}, modules.run)

    access.list_certificates(["a", "b"])
    access.list_environments(["a"])
    access.predict({"key": operation})
    access.carry_out(operation)

    assert not access.in_process
    assert modules.ran == [
        (CERTIFICATE_INFO, {"url": CERTIFICATE_INFO, "token": "t0k3n", "project": "a"}, False),
        (CERTIFICATE_INFO, {"url": CERTIFICATE_INFO, "token": "t0k3n", "project": "b"}, False),
        (ENVIRONMENT_INFO, {"url": ENVIRONMENT_INFO, "token": "t0k3n", "project": "a"}, False),
        (CERTIFICATE, {"url": CERTIFICATE, "token": "t0k3n", **operation.options}, True),
        (CERTIFICATE, {"url": CERTIFICATE, "token": "t0k3n", **operation.options}, False),
    ]


def test_the_results_of_modules_are_returned_as_they_are(operation: Operation) -> None:
    failed = {"failed": True, "msg": "MODULE FAILURE", "module_stdout": ""}

    assert ManagerAccess(OPTIONS, FakeModules(failed).run).carry_out(operation) == failed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"alias": None, "description": None},
        {"bundle": None},
        {"unlisted_environments": "keep", "force": True},
        {"unlisted_environments": "remove"},
        {"jwk_scope": "same_project"},
        {"jwk_scope": "all_projects"},
        {"environments": ("Üretim", "a b")},
        {"absent": True, "bundle": None, "alias": None, "description": None},
    ],
)
def test_an_operation_means_the_same_in_this_process_and_as_a_module(operation: Operation, changes: Json) -> None:
    given = replace(operation, **changes)
    context = InProcessContext({**CONNECTION, **given.options}, check_mode=False)
    assert context.validate(apinizer_certificate.DEFINITION, CERTIFICATE) is None

    as_module = apinizer_certificate.certificate_operation(context, NOW)

    assert given.to_certificate_operation() == as_module


def test_a_chain_that_does_not_verify_is_not_refused_by_the_module(operation: Operation) -> None:
    """The role refuses it where it is new. A rollback restores what the manager held."""
    bundle = Bundle(make_certificate("web", "CA"), (make_certificate("CA", own_key=key("another CA")),))
    given = replace(operation, bundle=bundle)
    context = InProcessContext({**CONNECTION, **given.options}, check_mode=False)
    assert context.validate(apinizer_certificate.DEFINITION, CERTIFICATE) is None

    assert apinizer_certificate.certificate_operation(context, NOW).desired.bundle == bundle


def test_an_expired_certificate_is_not_refused_by_the_module(operation: Operation) -> None:
    """A guard decides about it, and a rollback never restores one."""
    assert operation.options["allow_expired"] is True


@pytest.mark.parametrize(
    ("changes", "option"),
    [({"project": "."}, "project"), ({"name": "a\nb"}, "name"), ({"environments": ("a,b",)}, "environments")],
)
def test_a_name_that_no_address_can_carry_is_a_failed_result(
    access: ManagerAccess, operation: Operation, changes: Json, option: str
) -> None:
    given = replace(operation, **changes)

    with pytest.raises(InputError):
        given.to_certificate_operation()
    result = access.carry_out(given)
    assert result["failed"]
    assert "crashed" not in result
    assert result["msg"].startswith(f"{option}: ")


def test_a_project_name_that_no_address_can_carry_is_a_failed_result(access: ManagerAccess) -> None:
    assert access.list_certificates([".."])[".."]["failed"]


@pytest.mark.parametrize("option", ["url", "token", "retries", "timeout"])
def test_a_connection_option_is_named_as_the_roles_variable(option: str, operation: Operation) -> None:
    bad: dict[str, Json] = {
        "url": {"token": "t0k3n"},
        "token": {**CONNECTION, "username": "admin"},
        "retries": {**CONNECTION, "retries": -1},
        "timeout": {**CONNECTION, "timeout": -1.0},
    }
    access = ManagerAccess(dict.fromkeys(MODULES, bad[option]))

    for result in (
        access.carry_out(operation),
        access.list_certificates(["p"])["p"],
        access.list_environments(["p"])["p"],
    ):
        assert result["failed"]
        assert result["msg"].startswith(f"certificate_rotation_{option}: ")
        assert "crashed" not in result


def test_a_connection_option_of_the_wrong_type_is_a_failed_result(operation: Operation) -> None:
    result = ManagerAccess({**OPTIONS, CERTIFICATE: {**CONNECTION, "retries": "many"}}).carry_out(operation)

    assert result["failed"]
    assert "retries" in result["msg"]


def _listed(*sha1: str) -> Json:
    views = [{"name": name, "fingerprint_sha1": one, "alias": "web", "entries": 1} for name, one in zip("ab", sha1)]
    return {"changed": False, "certificates": [{"name": "other"}, {"name": "web", "environments": views}]}


EXPECTED = Expected({"a": ({"fingerprint_sha1": "1"},), "b": ({"fingerprint_sha1": "2"},)})


def test_a_module_is_run_if_the_record_is_as_expected(operation: Operation) -> None:
    modules = FakeModules(_listed("1", "2"), {"changed": True})
    access = ManagerAccess(OPTIONS, modules.run)
    assert access.carry_out(replace(operation, expected=EXPECTED)) == {"changed": True}
    assert [(name, check) for name, _options, check in modules.ran] == [(CERTIFICATE_INFO, False), (CERTIFICATE, False)]
    assert "expected" not in modules.ran[1][1]


def test_a_module_is_not_run_for_a_record_that_someone_else_has_modified(operation: Operation) -> None:
    modules = FakeModules(_listed("1", "3"), {"changed": True})
    access = ManagerAccess(OPTIONS, modules.run)
    assert access.carry_out(replace(operation, expected=EXPECTED, remedies=RESTORE_REMEDIES)) == {
        "changed": False,
        "failed": True,
        "msg": "MyProject/web in b: modified by someone else since the plan. Nothing was written there. Run the playbook again: the "
        "new plan starts from the present record",
    }
    # Only in check mode, which shows whether anything is left to write.
    assert [(name, check) for name, _options, check in modules.ran] == [(CERTIFICATE_INFO, False), (CERTIFICATE, True)]


@pytest.mark.parametrize("listed", [_listed("1", "3"), {"certificates": []}])
def test_a_module_is_run_if_someone_else_has_written_what_is_desired(operation: Operation, listed: Json) -> None:
    modules = FakeModules(listed, {"changed": False}, {"changed": False, "operation": "none"})
    result = ManagerAccess(OPTIONS, modules.run).carry_out(replace(operation, expected=EXPECTED))
    assert result == {"changed": False, "operation": "none"}


def test_a_module_writes_with_force_what_someone_else_has_written_as_desired(operation: Operation) -> None:
    modules = FakeModules(_listed("1", "3"), {"changed": False}, {"changed": True, "operation": "update"})
    result = ManagerAccess(OPTIONS, modules.run).carry_out(replace(operation, expected=EXPECTED, force=True))
    assert result["changed"]
    assert [(options["force"], check) for _name, options, check in modules.ran[1:]] == [(False, True), (True, False)]


def test_a_module_is_not_run_if_the_record_cannot_be_listed(operation: Operation) -> None:
    modules = FakeModules({"failed": True, "msg": "HTTP 503"})
    result = ManagerAccess(OPTIONS, modules.run).carry_out(replace(operation, expected=EXPECTED))
    assert result == {"failed": True, "msg": "HTTP 503"}
    assert len(modules.ran) == 1


def test_a_manager_that_cannot_be_read_is_a_failed_result(
    access: ManagerAccess, api: Any, operation: Operation
) -> None:
    api.reads = [RequestError("HTTP 503"), RequestError("HTTP 503")]

    assert access.carry_out(operation) == {"failed": True, "msg": "HTTP 503"}
    assert access.list_certificates(["MyProject"]) == {"MyProject": {"failed": True, "msg": "HTTP 503"}}


def test_a_failed_write_has_the_return_values_that_are_known(
    access: ManagerAccess, api: Any, operation: Operation
) -> None:
    def store_and_fail_to_deploy(take_effect: Callable[[], None]) -> Deployment:
        take_effect()
        return Deployment(success=False, message="gw-2 did not answer")

    api.writes = [store_and_fail_to_deploy] * 5  # it is retried

    result = access.carry_out(operation)

    assert (result["failed"], result["changed"]) == (True, True)
    assert result["deployment"]["success"] is False
    assert "gw-2 did not answer" in result["msg"]


def test_an_unexpected_error_is_a_crashed_result(access: ManagerAccess, api: Any, operation: Operation) -> None:
    """So that a bug does not hide that something may have been written."""

    def crash(take_effect: Callable[[], None]) -> Deployment:
        take_effect()
        raise KeyError("a bug")

    api.writes = [crash]

    assert access.carry_out(operation) == {"failed": True, "crashed": True, "msg": "Unexpected KeyError: 'a bug'"}


def test_secrets_are_in_no_result(access: ManagerAccess, api: Any, operation: Operation) -> None:
    api.reads = [RequestError("The token t0k3n has expired")]

    assert access.carry_out(operation)["msg"] == "The token ******** has expired"


def test_warnings_are_in_the_result_without_secrets(access: ManagerAccess, api: Any, operation: Operation) -> None:
    api.writes = [lambda take_effect: (take_effect(), Deployment(success=None))[1]]
    api.jwks = ("a JWK named t0k3n",)

    result = access.carry_out(operation)

    assert result["changed"]
    assert any("a JWK named ********" in warning for warning in result["warnings"])
    assert "t0k3n" not in str(result)


def test_projects_are_read_in_parallel_in_this_process(access: ManagerAccess, api: Any) -> None:
    all_there = threading.Barrier(3)
    api.before_read = [lambda: all_there.wait(10) and None] * 3

    assert list(access.list_certificates(["a", "b", "c"])) == ["a", "b", "c"]


def test_modules_run_one_after_the_other() -> None:
    threads = []

    def run(_name: str, _options: Mapping[str, Any], _check_mode: bool) -> Json:
        threads.append(threading.current_thread())
        return {"certificates": []}

    ManagerAccess(OPTIONS, run).list_certificates(["a", "b", "c"])

    assert threads == [threading.current_thread()] * 3


def failed(message: str) -> Json:
    return {"failed": True, "msg": message}


@pytest.mark.parametrize(
    ("results", "messages"),
    [
        ({}, []),
        ({"p/a": {"changed": True}}, []),
        ({"p/a": failed("No.")}, ["No"]),
        ({"p/a": failed("No"), "p/b": {"changed": False}}, ["p/a: No"]),
        ({"p/a": failed("No"), "p/b": failed("No.")}, ["No"]),
        ({"p/a": failed("No"), "p/b": failed("Never.")}, ["p/a: No", "p/b: Never"]),
        ({"p/a": failed("p/a is gone"), "p/b": failed("Never")}, ["p/a is gone", "p/b: Never"]),
        ({"p/a": failed("No"), "p/b": failed("No"), "p/c": {}}, ["p/a: No", "p/b: No"]),
    ],
)
def test_failures_name_what_they_are_about_unless_all_have_the_same_reason(
    results: dict[str, Json], messages: list[str]
) -> None:
    assert failures(results) == messages


def test_each_warning_is_listed_once() -> None:
    results: list[Json] = [{"warnings": ["b", "a"]}, {}, {"warnings": ["a", "c"]}]

    assert warnings_of(results) == ["b", "a", "c"]


def test_warnings_of_a_module_are_their_texts() -> None:
    """Since ansible-core 2.19, they are objects: its class WarningSummary."""
    summary = SimpleNamespace(event=SimpleNamespace(msg="a"))
    assert warnings_of([{"warnings": [summary, "a", "b"]}]) == ["a", "b"]


# What a user can do about a failure, in terms of what they have started


def no_import_file(_take_effect: Callable[[], None]) -> Deployment:
    raise ImportFileUnavailableError("This manager has no import-file", status=404)


KEEPING = {"environments": ("staging",), "unlisted_environments": "keep"}


@pytest.mark.parametrize("in_process_", [True, False])
@pytest.mark.parametrize(
    ("remedies", "end"),
    [
        (
            None,
            "Use certificate_rotation_strategy=overlap, or a single wave with certificate_rotation_strategy=replace",
        ),
        ({"no_import_file": "Use another playbook"}, "Use another playbook"),
    ],
)
def test_a_failure_ends_with_the_remedy_of_the_caller(
    access: ManagerAccess, api: Any, operation: Operation, remedies: Any, end: str, in_process_: bool
) -> None:
    operation = replace(operation, **KEEPING, **({"remedies": remedies} if remedies else {}))
    if in_process_:
        api.writes = [no_import_file]
    else:
        message = f"This manager has no import-file. Unchanged. {MODULE_REMEDIES['no_import_file']}"
        access = ManagerAccess(OPTIONS, FakeModules({"failed": True, "msg": message}).run)

    result = access.carry_out(operation)

    assert result["msg"].startswith("This manager has no import-file")
    assert result["msg"].endswith(end)
    assert "unlisted_environments" not in result["msg"]


@pytest.mark.parametrize("in_process_", [True, False])
@pytest.mark.parametrize(
    ("remedies", "end"),
    [
        (
            ROLE_REMEDIES,
            (
                "with this update. Set certificate_rotation_update_referenced_jwks=true "
                "(with certificate_rotation_update_scope) to update the JWKs as well"
            ),
        ),
        (RESTORE_REMEDIES, "with this update"),
    ],
)
def test_the_warning_about_jwks_names_the_options_of_the_caller(
    access: ManagerAccess, api: Any, operation: Operation, remedies: Any, end: str, in_process_: bool
) -> None:
    if in_process_:
        api.jwks = ["my-jwk"]
    else:
        warning = f"Those created from it lose their link to it with this update. {MODULE_REMEDIES['jwks_unlinked']}"
        access = ManagerAccess(OPTIONS, FakeModules({"changed": True, "warnings": ["Retried once", warning]}).run)

    warnings = access.carry_out(replace(operation, remedies=remedies), check_mode=True)["warnings"]

    assert warnings[-1].endswith(end)
    assert in_process_ or warnings[0] == "Retried once"
