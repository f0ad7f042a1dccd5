# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the modules: Ansible can show it, and its examples do what they say."""

from __future__ import annotations

import json
import re
import shlex
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import yaml

from integration.certificate_fixture import ENVIRONMENTS, NAME, PROJECT, CertificateFixture
from integration.machine import CERTIFICATE, COLLECTION, ENVIRONMENT_INFO, INFO, ROOT, TRUSTSTORE_INFO, Machine
from manager import Authority, Issued, Manager

USER, PASSWORD = "operator", "operator-password"


MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("apinizer_*.py"))


_DOCUMENTED: dict[str, dict[str, Any]] = {}
"""The documentation of the modules, which Ansible reads once for all tests."""


def _documentation(machine: Machine, module: str) -> dict[str, Any]:
    if module not in _DOCUMENTED:
        run = machine.command("ansible-doc", "--type", "module", "--json", f"{COLLECTION}.{module}")
        assert run.status == 0, run.text
        _DOCUMENTED[module] = json.loads(run.text)[f"{COLLECTION}.{module}"]
    return _DOCUMENTED[module]


def _examples(machine: Machine, module: str) -> str:
    examples: str = _documentation(machine, module)["examples"]
    return examples


def test_action_group_contains_every_module() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())

    assert runtime["action_groups"] == {"apinizer": MODULES}


@pytest.mark.single_mode
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("module", {*MODULES, "rotation"}),
        ("filter", {"audit_report", "certificate_findings", "rotation_report"}),
        ("inventory", {"environments"}),
        ("lookup", {"certificate"}),
    ],
)
def test_ansible_doc_lists_few_names(machine: Machine, kind: str, names: set[str]) -> None:
    """The only internal name is the module that stands for the action of the role, and it says so."""
    run = machine.command("ansible-doc", "--type", kind, "--list", COLLECTION)

    listed = dict(re.findall(rf"^{re.escape(COLLECTION)}\.(\w+) +(.*)$", run.text, re.MULTILINE))
    assert listed.keys() == names
    assert [name for name, description in listed.items() if description.startswith("Internal")] == (
        ["rotation"] if kind == "module" else []
    )


@pytest.mark.single_mode
@pytest.mark.parametrize("module", MODULES)
def test_ansible_doc_shows_the_module_without_warnings(machine: Machine, module: str) -> None:
    run = machine.command("ansible-doc", "--type", "module", f"{COLLECTION}.{module}")

    assert run.status == 0
    assert not re.search(r"\[?(WARNING|DEPRECATION|ERROR)", run.text), run.text
    for option in _documentation(machine, module)["doc"]["options"]:
        assert option in run.text


@pytest.mark.parametrize("module", MODULES)
def test_every_option_is_documented(machine: Machine, module: str) -> None:
    """The module's own error for an unknown option lists the options that it supports."""
    documented = set(_documentation(machine, module)["doc"]["options"])

    name = {} if module in (ENVIRONMENT_INFO, TRUSTSTORE_INFO) else {"name": NAME}
    message = machine.module(module, project=PROJECT, no_such_option=True, **name).message

    _unused, _unused, supported = message.partition("Supported parameters include: ")
    assert set(re.findall(r"\w+", supported.partition("(")[0])) == documented


@pytest.mark.parametrize("module", MODULES)
def test_every_return_value_is_documented(case: CertificateFixture, module: str) -> None:
    documented = _documentation(case.machine, module)["return"]
    options = case.options()
    if module == CERTIFICATE:
        options["content"] = case.new.pem
    if module == INFO:
        options.update(verify_gateways="required", jwks=True)
    if module in (ENVIRONMENT_INFO, TRUSTSTORE_INFO):
        del options["name"]

    outcome = case.machine.module(module, **options)

    always = {"changed", "failed", "diff", "invocation"}
    _assert_documented({key: value for key, value in outcome.result.items() if key not in always}, documented)


def _assert_documented(values: dict[str, Any], documented: dict[str, Any]) -> None:
    """Assert that the documentation lists exactly these keys, at every level."""
    assert set(values) == set(documented)
    for key, value in values.items():
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, dict) and "contains" in documented[key]:
            _assert_documented(first, documented[key]["contains"])


@pytest.fixture
def example_manager(old: Issued) -> Manager:
    """A manager as the examples expect it, with the certificate in every environment."""
    manager = Manager()
    manager.add_project(PROJECT, ENVIRONMENTS)
    manager.add_user(USER, PASSWORD)
    manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, old), alias="my-cert-alias", description="Web")
    manager.add_jwk(PROJECT, "my-jwk", NAME)
    return manager


def _environment(manager: Manager) -> dict[str, str]:
    return {"APINIZER_URL": manager.url, "APINIZER_TOKEN": manager.token}


def _play(machine: Machine, tasks: list[dict[str, Any]], env: dict[str, str], manager: Manager) -> Any:
    variables = {
        "apinizer_url": manager.url,
        "apinizer_token": manager.token,
        "apinizer_username": USER,
        "apinizer_password": PASSWORD,
    }
    return machine.playbook(*tasks, env=env, vars=variables, ignore_errors=False)


def test_examples_of_the_certificate_module_run(
    machine: Machine, authority: Authority, example_manager: Manager, new: Issued
) -> None:
    tasks = yaml.safe_load(_examples(machine, CERTIFICATE))
    machine.file("new/my-certificate.pem", new.pem)
    machine.file("new/another-certificate.pem", authority.issue("api.example.com").pem)
    with example_manager as manager:
        # An example that logs in overrides the token in the environment.
        run = _play(machine, tasks, _environment(manager), manager)

        assert run.status == 0, run.text
        assert {name: outcome.result.get("operation") for name, outcome in run.outcomes.items()} == {
            "Replace the certificate wherever it is deployed": "update",
            "Replace the certificate in two environments and leave the others unchanged": "none",
            "Show what a replacement would change without changing anything": "none",
            "Create a certificate and deploy it to three environments": "create",
            "Replace the certificate with text from a lookup and update the JWKs created from it": "none",
            "Change only the description": "update",
            "Log in with a username and a password": "none",
            "Delete a certificate from all environments": "delete",
        }
        assert manager.holds(PROJECT, NAME) == {environment: [new.der] for environment in ENVIRONMENTS}
        assert manager.state.certificates[PROJECT, NAME].description == "Renewed by Ansible"
        assert manager.holds(PROJECT, "another-certificate") == {}
        created = next(request for request in manager.journal.writes() if request.method == "POST")
        assert created.fields["alias"] == "another-alias"
        assert created.fields["environmentList"].split(",") == sorted(ENVIRONMENTS)
        assert manager.journal.by(USER)


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("Replace the certificate wherever it is deployed", dict.fromkeys(ENVIRONMENTS, "new")),
        (
            "Replace the certificate in two environments and leave the others unchanged",
            {"development": "new", "staging": "new", "production": "old"},
        ),
        ("Show what a replacement would change without changing anything", dict.fromkeys(ENVIRONMENTS, "old")),
        (
            "Replace the certificate with text from a lookup and update the JWKs created from it",
            dict.fromkeys(ENVIRONMENTS, "new"),
        ),
    ],
)
def test_each_replacing_example_runs_alone(
    machine: Machine, example_manager: Manager, old: Issued, new: Issued, name: str, holds: dict[str, str]
) -> None:
    (example,) = [one for one in yaml.safe_load(_examples(machine, CERTIFICATE)) if one["name"] == name]
    machine.file("new/my-certificate.pem", new.pem)
    with example_manager as manager:
        run = _play(machine, [example], _environment(manager), manager)

        assert run.status == 0, run.text
        assert run[name].changed
        expected = {environment: {"old": old, "new": new}[which].der for environment, which in holds.items()}
        assert {environment: manager.served(environment, PROJECT, NAME) for environment in ENVIRONMENTS} == expected
        jwk = manager.state.jwks[PROJECT, "my-jwk"]
        if "JWKs" in name:
            assert (jwk.source_id is not None, jwk.der) == (True, new.der)


def test_ad_hoc_command_of_the_examples_runs(machine: Machine, example_manager: Manager, new: Issued) -> None:
    (line,) = re.findall(r"^# (ansible localhost .*)$", _examples(machine, CERTIFICATE), flags=re.MULTILINE)
    machine.file("new/my-certificate.pem", new.pem)
    with example_manager as manager:
        run = machine.command(*shlex.split(line), env=_environment(manager))

        assert run.status == 0, run.text
        assert "CHANGED" in run.text
        assert manager.served("staging", PROJECT, NAME) == new.der


@pytest.mark.parametrize("same", [True, False], ids=["same everywhere", "drifted"])
def test_examples_of_the_info_module_run(
    machine: Machine, authority: Authority, example_manager: Manager, new: Issued, same: bool
) -> None:
    tasks = yaml.safe_load(_examples(machine, INFO))
    soon = authority.issue("soon.example.com", not_after=_in_days(9))
    example_manager.add_certificate(PROJECT, "soon", {"staging": soon})
    if not same:
        example_manager.set_entry(PROJECT, NAME, "production", new)
    with example_manager as manager:
        run = _play(machine, tasks, _environment(manager), manager)

        assert (run.status == 0) is same, run.text
        names = [
            one["name"] for one in run["Find certificates of all projects that expire within 30 days"]["certificates"]
        ]
        assert names == ["soon"]
        assert "MyProject/soon in staging: 8 days, until " in run.text
        assert not manager.journal.writes()


def test_examples_of_the_environment_module_run(machine: Machine, example_manager: Manager) -> None:
    tasks = yaml.safe_load(_examples(machine, ENVIRONMENT_INFO))
    with example_manager as manager:
        run = _play(machine, tasks, _environment(manager), manager)

        assert run.status == 0, run.text
        assert run["Show the names of the production environments"].message == "production"


def _in_days(days: int) -> datetime:
    return datetime.now(timezone.utc) + timedelta(days=days)
