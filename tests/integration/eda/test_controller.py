# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""extensions/eda-controller: what set_up.yml sends to an EDA controller.

No package contains ansible.eda. Therefore, its modules are replaced by ones that accept the documented options of version
2.13.0, as far as they are used here, and record them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from integration.awx.conftest import SetUp, awx_collection, backup_dir, definitions, set_up, validating_collection
from integration.awx.fake_controller import Definitions, render_credential
from integration.machine import ROOT

# Fixtures of the tests of AWX.
__all__ = ["awx_collection", "backup_dir", "definitions", "set_up", "validating_collection"]

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

EXTENSION = ROOT / "extensions" / "eda-controller"
RULEBOOKS = ROOT / "extensions" / "eda" / "rulebooks"
SECRETS = ("token-for-set-up", "token-of-the-authority")

_ORGANIZATION = {"name": "str", "description": "str", "organization_name": "str"}
OPTIONS: dict[str, dict[str, str]] = {
    "credential_type": {"name": "str", "description": "str", "inputs": "dict", "injectors": "dict"},
    "credential": {**_ORGANIZATION, "credential_type_name": "str", "inputs": "dict"},
    "project": {**_ORGANIZATION, "url": "str", "scm_branch": "str"},
    "decision_environment": {**_ORGANIZATION, "image_url": "str"},
    "event_stream": {
        "name": "str",
        "organization_name": "str",
        "credential_name": "str",
        "forward_events": "bool",
    },
    "rulebook_activation": {
        **_ORGANIZATION,
        "project_name": "str",
        "rulebook_name": "str",
        "decision_environment_name": "str",
        "restart_policy": "str",
        "log_level": "str",
        "eda_credentials": "list",
        "event_streams": "list",
        "extra_vars": "str",
    },
}
"""The options of each module, with their types."""
ITEM_KEYS = {
    "eda_credential_types": {"name", "description", "inputs", "injectors"},
    "eda_credentials": {"name", "description", "organization", "credential_type", "inputs"},
    "eda_projects": {"name", "description", "organization", "url", "scm_branch"},
    "eda_decision_environments": {"name", "description", "organization", "image_url"},
    "eda_event_streams": {"name", "organization", "credential_name", "forward_events"},
    "eda_rulebook_activations": {
        *("name", "description", "organization", "project", "rulebook", "decision_environment", "restart_policy"),
        *("log_level", "eda_credentials", "event_streams", "extra_vars"),
    },
}
"""The keys that the roles of infra.aap_configuration read from the items of these variables, as far as they are used here."""

_MODULE = """#!/usr/bin/python
import json
import os
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({spec!r}, supports_check_mode=True)
with open(os.environ["APIOPS_TEST_CALLS"], "a") as calls:
    calls.write(json.dumps({{"module": {name!r}, "arguments": module.params}}) + "\\n")
module.exit_json(changed=False)
"""


@pytest.fixture(scope="module")
def eda_collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path with modules of ansible.eda that only validate and record their arguments."""
    folder = tmp_path_factory.mktemp("eda")
    modules = folder / "ansible_collections" / "ansible" / "eda" / "plugins" / "modules"
    modules.mkdir(parents=True)
    for name, options in OPTIONS.items():
        spec = {option: {"type": kind, "required": option == "name"} for option, kind in options.items()}
        spec.get("inputs", {})["no_log"] = True
        (modules / f"{name}.py").write_text(_MODULE.format(name=name, spec=spec), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def sent(set_up: SetUp, eda_collection: Path) -> Definitions:
    """What set_up.yml sends, with an event stream. Its output contains no secret."""
    done, sent = set_up(
        collection=eda_collection,
        playbook=EXTENSION / "set_up.yml",
        apinizer_eda_event_stream_token=SECRETS[1],
        apinizer_eda_manager_host="manager-eu",
        apinizer_eda_watch_variables={"certificate_watch_expiring_within": [30, 14]},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
    return sent


def test_objects_refer_to_each_other(sent: Definitions) -> None:
    types = {*sent.all("credential_type"), "Token Event Stream"}
    assert {one["credential_type_name"] for one in sent.all("credential").values()} == types
    (stream,) = sent.all("event_stream").values()
    assert stream["credential_name"] in sent.all("credential")
    assert stream["forward_events"] is True
    activations = sent.all("rulebook_activation")
    assert set(activations) == {"Apinizer watch manager-eu", "Apinizer issued certificates"}
    for activation in activations.values():
        assert activation["project_name"] in sent.all("project")
        assert activation["decision_environment_name"] in sent.all("decision_environment")
        assert set(activation["eda_credentials"]) <= {*sent.all("credential"), "Automation controller"}
        assert (RULEBOOKS / activation["rulebook_name"]).is_file()
    assert str(SECRETS) not in json.dumps(activations)


def test_the_event_stream_replaces_the_source_of_its_rulebook(sent: Definitions) -> None:
    activation = sent.all("rulebook_activation")["Apinizer issued certificates"]
    (mapping,) = activation["event_streams"]

    assert mapping["event_stream"] in sent.all("event_stream")
    (ruleset,) = yaml.safe_load((RULEBOOKS / activation["rulebook_name"]).read_text(encoding="utf-8"))
    assert [source["name"] for source in ruleset["sources"]] == [mapping["source_name"]]


def test_activations_launch_the_job_template_of_the_awx_pack(sent: Definitions, definitions: Definitions) -> None:
    """It accepts the variables of an event. They include the host that stands for the manager."""
    for activation in sent.all("rulebook_activation").values():
        variables = yaml.safe_load(activation["extra_vars"])
        template = definitions.all("job_template")[variables["certificate_rotation_job_template"]]
        assert template["ask_variables_on_launch"] is True
        assert template["organization"] == variables["certificate_rotation_organization"]
        assert variables["certificate_rotation_hosts"] == "manager-eu"
        rulebook = (RULEBOOKS / activation["rulebook_name"]).read_text(encoding="utf-8")
        assert all(f"{name} " in rulebook for name in variables)
    watch = sent.all("rulebook_activation")["Apinizer watch manager-eu"]
    assert yaml.safe_load(watch["extra_vars"])["certificate_watch_expiring_within"] == [30, 14]


@pytest.mark.parametrize("inputs", [{"token": "t"}, {"username": "u", "password": "p", "ca_bundle": "PEM"}])
def test_the_credential_sets_the_connection_of_the_source(
    sent: Definitions, tmp_path: Path, inputs: dict[str, str]
) -> None:
    """Fields that are not filled in become empty variables and files, which count as not set."""
    kind = sent.one("credential_type")
    text = json.dumps(kind["injectors"]).replace("eda.filename", "tower.filename")

    variables, (bundle,) = render_credential({**kind, "injectors": json.loads(text)}, {"url": "U", **inputs}, tmp_path)

    expected = {"url": "U", "token": "", "username": "", "password": "", **inputs, "ca_path": str(bundle)}
    expected.pop("ca_bundle", None)
    assert variables == {f"APINIZER_{name.upper()}": value for name, value in expected.items()}
    assert bundle.read_text(encoding="utf-8") == inputs.get("ca_bundle", "")


def test_without_a_token_there_is_no_event_stream(set_up: SetUp, eda_collection: Path) -> None:
    done, sent = set_up(collection=eda_collection, playbook=EXTENSION / "set_up.yml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert not sent.all("event_stream")
    assert list(sent.all("rulebook_activation")) == ["Apinizer watch localhost"]
    assert len(sent.all("credential")) == 1


def test_tasks_and_variables_have_the_keys_of_infra_aap_configuration() -> None:
    (play,) = yaml.safe_load((EXTENSION / "set_up.yml").read_text(encoding="utf-8"))

    assert {task["loop"] for task in play["tasks"]} == {f"{{{{ {variable} }}}}" for variable in ITEM_KEYS}
    for task in play["tasks"]:
        (module,) = (key for key in task if key.startswith("ansible.eda."))
        used = {value.removeprefix("{{ apinizer_eda_item.").removesuffix(" }}") for value in task[module].values()}
        assert used == ITEM_KEYS[task["loop"].strip("{ }")]
