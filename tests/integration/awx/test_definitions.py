# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWX objects that set_up.yml defines follow the rules of AWX: credential type, surveys, job templates, workflow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._options import CONNECTION_SPEC, resolve_connection
from integration.awx.conftest import MANAGERS, SetUp
from integration.awx.fake_controller import EXTENSION, Definitions, next_nodes, render_credential, survey_errors
from integration.machine import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

FILE_FIELDS = {
    "tokens": "APINIZER_TOKENS_FILE",
    "ca_bundle": "APINIZER_CA_PATH",
    "client_cert": "APINIZER_CLIENT_CERT",
    "client_key": "APINIZER_CLIENT_KEY",
}
URL = "https://apinizer.example.com"
ROTATION_TEMPLATES = ["rotate", "plan", "workflow plan", "workflow stage"]


SLICED = {"audit", "plan", "rotate", "fleet plan", "fleet stage", "fleet roll back"}
"""The job templates of a fleet whose managers are divided between several jobs."""


def _template(definitions: Definitions, name: str) -> dict[str, Any]:
    """Return the arguments of a job template, by its name without the prefix."""
    return definitions.all("job_template")[f"Apinizer {name}"]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"token": "t"}, {"APINIZER_TOKEN": "t", "APINIZER_USERNAME": "", "APINIZER_PASSWORD": ""}),
        ({"token": ""}, {"APINIZER_TOKEN": ""}),
        (
            {"username": "u", "password": "p"},
            {"APINIZER_TOKEN": "", "APINIZER_USERNAME": "u", "APINIZER_PASSWORD": "p"},
        ),
        ({}, {"APINIZER_VALIDATE_CERTS": "true"}),
        ({"skip_tls_verification": False}, {"APINIZER_VALIDATE_CERTS": "true"}),
        ({"skip_tls_verification": "false"}, {"APINIZER_VALIDATE_CERTS": "true"}),
        ({"skip_tls_verification": ""}, {"APINIZER_VALIDATE_CERTS": "true"}),
        ({"skip_tls_verification": True}, {"APINIZER_VALIDATE_CERTS": "false"}),
        ({"skip_tls_verification": "True"}, {"APINIZER_VALIDATE_CERTS": "false"}),
    ],
    ids=str,
)
def test_environment_variables_of_the_credential(
    definitions: Definitions, tmp_path: Path, inputs: dict[str, Any], expected: dict[str, str]
) -> None:
    """Only a checked checkbox, or the text "true", turns verification off. Empty fields become empty variables and files."""
    variables, files = render_credential(definitions.one("credential_type"), {"url": URL, **inputs}, tmp_path)

    assert variables["APINIZER_URL"] == URL
    assert {name: variables[name] for name in expected} == expected
    assert [variables[variable] for variable in FILE_FIELDS.values()] == [str(file) for file in files]
    assert {file.read_text(encoding="utf-8") for file in files} == {""}


@pytest.mark.parametrize(("field", "variable"), FILE_FIELDS.items())
def test_pem_text_of_the_credential_becomes_a_file(
    definitions: Definitions, tmp_path: Path, field: str, variable: str
) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

    variables, _unused = render_credential(definitions.one("credential_type"), {"url": URL, field: pem}, tmp_path)

    contents = {name: Path(variables[name]).read_text(encoding="utf-8").strip() for name in FILE_FIELDS.values()}
    assert contents == {**dict.fromkeys(FILE_FIELDS.values(), ""), variable: pem.strip()}


def test_the_credential_sets_every_connection_option(definitions: Definitions) -> None:
    """And the file with the tokens of a fleet, which variables of the inventory read."""
    variables = {f"APINIZER_{option.upper()}" for option in CONNECTION_SPEC}

    assert set(definitions.one("credential_type")["injectors"]["env"]) == variables | {"APINIZER_TOKENS_FILE"}


def test_an_empty_credential_sets_no_option(
    definitions: Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty fields count as not set, so the defaults of the modules apply."""
    inputs = {**dict.fromkeys(definitions.one("credential")["inputs"], ""), "url": URL, "token": "t"}

    variables, _unused = render_credential(definitions.one("credential_type"), inputs, tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert resolve_connection({}, lambda secret: None) == Connection(URL, token="t")


def test_the_credential_type_follows_the_rules_of_awx(definitions: Definitions) -> None:
    """Valid names, no variables of Ansible itself, and templates that refer only to fields."""
    kind = definitions.one("credential_type")
    fields = {field["id"]: field for field in kind["inputs"]["fields"]}

    assert kind["kind"] in ("cloud", "net")
    assert set(kind["inputs"]["required"]) <= set(fields)
    assert {field["type"] for field in fields.values()} <= {"string", "boolean"}
    allowed = {"id", "type", "label", "help_text", "secret", "multiline"}
    assert all(set(field) <= allowed for field in fields.values())
    assert {name for name, field in fields.items() if field.get("secret")} == {
        "token",
        "tokens",
        "password",
        "client_key",
    }
    assert all(re.fullmatch(r"template\.[a-z_]+", label) for label in kind["injectors"]["file"])
    assert all(re.fullmatch(r"APINIZER_[A-Z_]+", name) for name in kind["injectors"]["env"])
    assert set(kind["injectors"]) == {"file", "env"}, "extra variables would be visible and could be overridden"
    files = {label.partition(".")[2]: "name" for label in kind["injectors"]["file"]}
    names = {**dict.fromkeys(fields, "EXAMPLE"), "tower": {"filename": files}}
    for template in [*kind["injectors"]["file"].values(), *kind["injectors"]["env"].values()]:
        assert ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(**names)


def test_the_credential_matches_its_type(each_definitions: Definitions) -> None:
    credential, kind = each_definitions.one("credential"), each_definitions.one("credential_type")

    assert credential["credential_type"] == kind["name"]
    assert set(credential["inputs"]) <= {field["id"] for field in kind["inputs"]["fields"]}
    assert credential["update_secrets"] is False


def test_surveys_set_only_known_variables(each_definitions: Definitions) -> None:
    role = yaml.safe_load((ROOT / "roles/certificate_rotation/meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = set(role["argument_specs"]["main"]["options"])
    playbooks = "".join(
        file.read_text(encoding="utf-8")
        for file in [*(ROOT / "playbooks").glob("*.yml"), *(EXTENSION / "project").glob("*.yml")]
    )
    asked = set()
    for template in [*each_definitions.all("job_template").values(), each_definitions.one("workflow_job_template")]:
        asked |= {question["variable"] for question in template["survey_spec"].get("spec", ())}
        asked |= set(template.get("extra_vars", ()))

    assert len(asked) > 10
    for variable in asked:
        known = variable in options or variable in playbooks
        assert known, variable


def test_the_surveys_follow_the_rules_of_awx(each_definitions: Definitions) -> None:
    """Complete questions of known types, and defaults that AWX would accept as answers."""
    surveys = [
        template["survey_spec"]
        for template in [*each_definitions.all("job_template").values(), each_definitions.one("workflow_job_template")]
        if template["survey_enabled"]
    ]
    assert len(surveys) == 8
    for survey in surveys:
        assert survey["name"]
        assert survey["description"]
        for question in survey["spec"]:
            assert {"question_name", "question_description", "type", "variable", "required"} <= set(question)
            assert question["type"] in ("text", "textarea", "multiplechoice")
            assert ("choices" in question) == (question["type"] == "multiplechoice")
            if "default" in question:
                assert not survey_errors({"spec": [question]}, {question["variable"]: question["default"]})


def test_templates_run_one_job_at_a_time_and_show_differences(definitions: Definitions) -> None:
    for template in definitions.all("job_template").values():
        assert (template["diff_mode"], template["allow_simultaneous"], template["job_slice_count"]) == (True, False, 1)
        assert (EXTENSION / "project" / template["playbook"]).is_file()
        assert template["project"] in definitions.all("project")
        assert template["inventory"] in definitions.all("inventory")
        assert template["execution_environment"] in definitions.all("execution_environment")
    assert definitions.one("workflow_job_template")["allow_simultaneous"] is False
    kinds = {name: _template(definitions, name)["job_type"] for name in ROTATION_TEMPLATES}
    assert kinds == {"rotate": "run", "plan": "check", "workflow plan": "check", "workflow stage": "run"}
    for name in ROTATION_TEMPLATES:
        assert _template(definitions, name)["extra_vars"]["certificate_rotation_backup_dir"]


def test_plan_and_rotate_have_the_same_survey(definitions: Definitions) -> None:
    assert _template(definitions, "plan")["survey_spec"] == _template(definitions, "rotate")["survey_spec"]


def test_every_path_through_a_workflow_ends_with_the_report(each_definitions: Definitions) -> None:
    nodes = {node["identifier"]: node for node in each_definitions.one("workflow_job_template")["workflow_nodes"]}
    templates = each_definitions.all("job_template")

    assert {name for node in nodes.values() for name in next_nodes(node)} == set(nodes) - {next(iter(nodes))}
    for name, node in nodes.items():
        if name != "report":
            for outcome in ("success", "failure"):
                assert len(next_nodes(node, outcome)) == 1, f"{name} must have exactly one next node after {outcome}"
        template = node["unified_job_template"]
        if template["type"] == "job_template":
            survey = templates[template["name"]]["survey_spec"]
            assert not survey_errors({"spec": survey.get("spec", ())}, node.get("extra_data", {}))
            assert "job_slice_count" not in node or templates[template["name"]]["ask_job_slice_count_on_launch"]
    assert not next_nodes(nodes["report"])


def test_a_failure_leads_to_the_rollback(definitions: Definitions, fleet_definitions: Definitions) -> None:
    """A single manager: as soon as the canary has been written. A fleet: before others are written, or after a decision."""

    def after_failure(definitions: Definitions) -> dict[str, str]:
        nodes = definitions.one("workflow_job_template")["workflow_nodes"]
        return {node["identifier"]: name for node in nodes for name in next_nodes(node, "failure")}

    assert after_failure(definitions) == {
        "plan": "report",
        "canary": "roll-back-canary",
        "approval": "roll-back-canary",
        "production": "roll-back-production",
        "roll-back-production": "roll-back-canary",
        "roll-back-canary": "report",
    }
    assert after_failure(fleet_definitions) == {
        "start": "report",
        "plan": "approval",
        "approval": "report",
        "canary": "roll-back-canary",
        "rest": "roll-back-approval",
        "roll-back-approval": "report",
        "roll-back-rest": "roll-back-canary",
        "roll-back-canary": "report",
    }


def test_templates_of_a_fleet_are_sliced(fleet_definitions: Definitions) -> None:
    """Except those that look at all managers, or at a single one. A limit is never used: a slice may have no such host."""
    sliced = {name for name, one in fleet_definitions.all("job_template").items() if one["job_slice_count"] == 2}

    assert sliced == {f"Apinizer {name}" for name in SLICED}
    for template in fleet_definitions.all("job_template").values():
        assert (template["diff_mode"], template["allow_simultaneous"], template["forks"]) == (True, False, 10)
        assert (EXTENSION / "project" / template["playbook"]).is_file()
    canary = [
        node for node in fleet_definitions.one("workflow_job_template")["workflow_nodes"] if "canary" in str(node)
    ]
    assert not any("limit" in node for node in canary)


def test_a_manager_of_a_fleet_is_one_host(set_up: SetUp, fleet_definitions: Definitions) -> None:
    """Another manager changes no other object. Its address is a variable of the host, its token one of the inventory."""
    hosts = fleet_definitions.all("host")
    managers = [{"name": name, "variables": host["variables"]} for name, host in hosts.items()]
    managers.append({"name": "manager-d", "variables": {"certificate_rotation_url": URL}})
    backup_dir = _template(fleet_definitions, "rotate")["extra_vars"]["certificate_rotation_backup_dir"]

    done, larger = set_up(
        apinizer_awx_managers=managers, apinizer_awx_job_slice_count=2, apinizer_awx_backup_dir=backup_dir
    )

    assert done.returncode == 0, done.stdout + done.stderr
    added = [call for call in larger.calls if call not in fleet_definitions.calls]
    assert [(call["module"], call["arguments"]["name"]) for call in added] == [("host", "manager-d")]
    assert set(larger.all("host")) == {*MANAGERS, "manager-d"}
    assert set(fleet_definitions.one("inventory")["variables"]) == {"certificate_rotation_token"}
    assert "url" not in fleet_definitions.one("credential_type")["inputs"]["required"]


def test_the_schedule_launches_the_audit_with_valid_answers(each_definitions: Definitions) -> None:
    schedule = each_definitions.one("schedule")
    audit = each_definitions.all("job_template")[schedule["unified_job_template"]]

    assert audit["playbook"] == "audit.yml"
    assert not survey_errors(audit["survey_spec"], schedule["extra_data"])
    assert re.fullmatch(r"DTSTART;TZID=\S+:\d{8}T\d{6} RRULE:FREQ=\S+", schedule["rrule"])
