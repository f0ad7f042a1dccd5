# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for all modules: their documentation, the action group, and their imports."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, EnvironmentDeployment
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

COLLECTION = "ansible_collections.apinizer.apiops"
ROOT = Path(__file__).parents[4]
MODULES = sorted(file.stem for file in (ROOT / "plugins" / "modules").glob("apinizer_*.py"))
IMPLIED = {"type": "str", "required": False, "default": None, "choices": None, "elements": None}

every_module = pytest.mark.parametrize("name", MODULES)


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")


def documented(name: str) -> dict[str, Any]:
    """The documentation of a module, including its fragments."""
    documentation: dict[str, Any] = yaml.safe_load(module(name).DOCUMENTATION)
    for fragment in documentation["extends_documentation_fragment"]:
        _namespace, _collection, file, *variable = fragment.split(".")
        text = getattr(
            importlib.import_module(f"{COLLECTION}.plugins.doc_fragments.{file}").ModuleDocFragment,
            variable[0].upper() if variable else "DOCUMENTATION",
        )
        for part, values in yaml.safe_load(text).items():
            if isinstance(values, dict):
                own = documentation.get(part, {})
                documentation[part] = {
                    **own,
                    **{key: {**value, **own.get(key, {})} for key, value in values.items()},
                }
    return documentation


def facts(option: dict[str, Any]) -> dict[str, Any]:
    """The properties of an option that are both in the argument spec and in the documentation."""
    return {fact: option.get(fact, implied) for fact, implied in IMPLIED.items()}


def test_there_are_modules() -> None:
    assert {"apinizer_certificate", "apinizer_certificate_info"} <= set(MODULES)


def test_the_action_group_is_all_modules() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"] == {"apinizer": MODULES}


@every_module
def test_the_argument_spec_is_as_documented(name: str) -> None:
    arguments = module(name).ARGUMENT_SPEC.items()
    # Hidden options, which only this collection passes, start with an underscore.
    spec = {option: facts(values) for option, values in arguments}
    documentation = {option: facts(values) for option, values in documented(name)["options"].items()}
    assert spec == documentation


@every_module
def test_the_attributes_are_documented(name: str) -> None:
    documentation = documented(name)
    assert documentation["module"] == name
    assert documentation["attributes"]["check_mode"]["support"] == "full"
    assert documentation["attributes"]["action_group"]["membership"] == ["apinizer.apiops.apinizer"]
    assert "apinizer.apiops.connection" in documentation["extends_documentation_fragment"]


@every_module
def test_examples_use_options_that_exist(name: str) -> None:
    used = set()
    for task in tasks_of(yaml.safe_load(module(name).EXAMPLES)):
        used |= set(task.get(f"apinizer.apiops.{name}", {}))
    assert used
    assert used <= set(module(name).ARGUMENT_SPEC)


def tasks_of(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All tasks, including those in blocks."""
    return [inner for task in tasks for inner in (task, *tasks_of(task.get("block", [])))]


# Return values


def keys_of(value: Any) -> Any:
    """The keys of nested dictionaries. Of a list, only the first item counts."""
    if isinstance(value, list):
        return keys_of(value[0]) if value else None
    return {key: keys_of(inner) for key, inner in value.items()} if isinstance(value, dict) else None


def documented_keys(values: dict[str, Any]) -> dict[str, Any]:
    return {key: documented_keys(value["contains"]) if "contains" in value else None for key, value in values.items()}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("apinizer_certificate", {"project": "MyProject", "name": "web", "force": True}),
        ("apinizer_certificate_info", {"verify_gateways": "required", "jwks": True}),
        ("apinizer_environment_info", {"project": "MyProject"}),
    ],
)
def test_return_values_are_as_documented(
    name: str, options: dict[str, Any], run_module: Callable[..., dict[str, Any]], api: Any, old: Bundle, new: Bundle
) -> None:
    api.writes, api.jwks = [deployed_everywhere], ("my-jwk",)
    web = api.stored["MyProject", "web"]
    # What comes with a certificate need not be its issuer.
    chain = Bundle(old.leaf, (new.leaf,))
    api.stored["MyProject", "web"] = replace(web, entries=tuple(replace(one, bundle=chain) for one in web.entries))
    result = run_module(module(name), **options)
    # Before ansible-core 2.19, the warnings are in the result.
    of_ansible = ("changed", "diff", "invocation", "warnings")
    returned = keys_of({key: value for key, value in result.items() if key not in of_ansible})
    expected = documented_keys(yaml.safe_load(module(name).RETURN))
    if "previous" in expected:
        # Its environments are documented as those of the certificate, plus the content.
        expected["previous"]["environments"] = {**expected["certificate"]["environments"], "content": None}
    assert returned == expected


def deployed_everywhere(take_effect: Callable[[], None]) -> Deployment:
    take_effect()
    return Deployment(True, "done", (EnvironmentDeployment("staging", success=True),))


# Imports

PROGRAM = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1])
if sys.argv[2:]:
    from ansible.module_utils import basic
    basic._ANSIBLE_ARGS = sys.argv[2].encode()
    basic._ANSIBLE_PROFILE = "legacy"
    try:
        module.main()
    except SystemExit:
        pass
print(json.dumps([library for library in ("requests", "cryptography") if library in sys.modules]), file=sys.stderr)
"""


def in_a_fresh_python(*arguments: str) -> tuple[str, list[str]]:
    """The output of a module and the libraries that it imported. Without arguments, the module is only imported."""
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    )
    return finished.stdout, json.loads(finished.stderr)


@every_module
def test_libraries_are_not_imported_with_the_module(name: str) -> None:
    assert in_a_fresh_python(f"{COLLECTION}.plugins.modules.{name}") == ("", [])


@every_module
def test_libraries_are_not_imported_for_arguments_that_are_wrong(name: str) -> None:
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"timeout": "long", "project": "MyProject", "name": "web"}})
    printed, libraries = in_a_fresh_python(f"{COLLECTION}.plugins.modules.{name}", arguments)
    assert "timeout" in json.loads(printed)["msg"]
    assert libraries == []


@every_module
def test_libraries_are_imported_for_arguments_that_are_right(name: str) -> None:
    """Prove that the tests above would notice an import."""
    options = {"url": "http://127.0.0.1:1", "token": "token", "retries": 0, "project": "MyProject", "name": "web"}
    if name in ("apinizer_environment_info", "apinizer_truststore_info"):
        del options["name"]
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options})
    printed, libraries = in_a_fresh_python(f"{COLLECTION}.plugins.modules.{name}", arguments)
    assert "The manager cannot be reached" in json.loads(printed)["msg"]
    assert libraries == ["requests", "cryptography"]
