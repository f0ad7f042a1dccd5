# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that ansible-rulebook loads: it finds its collection, and its documentation matches its arguments."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.apinizer.apiops.extensions.eda.plugins.event_source import certificate_expiry as source
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.events import KINDS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.settings import ARGUMENT_SPEC

ROOT = Path(source.__file__).resolve().parents[4]
EXTENSION = ROOT / "extensions" / "eda"
FILE = Path("extensions", "eda", "plugins", "event_source", "certificate_expiry.py")
DOCUMENTED = yaml.safe_load(source.DOCUMENTATION)

# ansible-rulebook loads a source by its path.
LOAD = """
import asyncio, runpy, sys
main = runpy.run_path(sys.argv[1])["main"]
assert asyncio.iscoroutinefunction(main)
try:
    asyncio.run(main(asyncio.Queue(), {"interval": "0"}))
except Exception as exc:
    print(type(exc).__name__ + ": " + str(exc))
print(*(module.__file__ for name, module in sys.modules.items() if name.endswith("plugin_utils._watch.watcher")))
"""


def load(file: Path, *search: Path) -> list[str]:
    """Load and run a source in a new Python with this search path. Return the lines that it printed."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("APINIZER_", "PYTHON"))}
    env["PYTHONPATH"] = os.pathsep.join(map(str, search))
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(file)],
        env=env,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the collection, installed as in ~/.ansible/collections."""
    collection = (
        tmp_path_factory.mktemp("home") / ".ansible" / "collections" / "ansible_collections" / "apinizer" / "apiops"
    )
    for part in ("plugins", "extensions"):
        shutil.copytree(ROOT / part, collection / part, ignore=shutil.ignore_patterns("__pycache__"))
    return collection


INVALID_INTERVAL = "InputError: interval: must be a number of seconds, 1 or more, not 0"


def assert_loaded(output: list[str], collection: Path) -> None:
    """Check that the source ran with the code of this collection."""
    message, loaded = output
    assert message == INVALID_INTERVAL
    assert loaded == str(collection / "plugins" / "plugin_utils" / "_watch" / "watcher.py")


def test_it_finds_its_collection_through_a_symbolic_link(installed: Path, tmp_path: Path):
    link = tmp_path / "ansible_collections" / "apinizer" / "apiops"
    link.parent.mkdir(parents=True)
    clone = tmp_path / "clone-of-any-name"
    clone.symlink_to(installed)
    link.symlink_to(clone)
    assert_loaded(load(link / FILE), link)


def test_it_finds_its_collection_from_a_symbolic_link_to_the_file(installed: Path, tmp_path: Path):
    link = tmp_path / "certificate_expiry.py"
    link.symlink_to(installed / FILE)
    assert_loaded(load(link), installed)


def test_the_ansible_package_does_not_hide_its_collection(installed: Path, tmp_path: Path):
    # The package "ansible" installs ansible_collections with an __init__.py.
    other = tmp_path / "ansible_collections"
    (other / "apinizer" / "other").mkdir(parents=True)
    (other / "__init__.py").touch()
    assert_loaded(load(installed / FILE, tmp_path), installed)


def test_its_own_collection_takes_precedence_over_another_copy(installed: Path, tmp_path: Path):
    other = tmp_path / "ansible_collections" / "apinizer" / "apiops"
    shutil.copytree(installed, other)
    assert_loaded(load(installed / FILE, tmp_path), installed)


def test_outside_of_a_collection_it_is_an_error_unless_one_is_installed(installed: Path, tmp_path: Path):
    alone = tmp_path / "certificate_expiry.py"
    shutil.copy(installed / FILE, alone)
    (message,) = filter(None, load(alone))
    assert message == (
        f"SetupError: {alone} is not in a directory ansible_collections/apinizer/apiops. "
        "Install the collection with ansible-galaxy"
    )
    root = installed.parents[2]
    assert_loaded(load(alone, root), installed)


def test_a_missing_library_is_named(installed: Path, tmp_path: Path):
    (tmp_path / "requests.py").write_text("raise ImportError\n")
    (message,) = filter(None, load(installed / FILE, tmp_path))
    assert message == (
        f"SetupError: The Python package requests is missing. Install it for {sys.executable}, which runs ansible-rulebook"
    )


def test_the_documentation_has_all_arguments():
    options = DOCUMENTED["options"]
    assert set(options) == set(ARGUMENT_SPEC)
    for name, spec in ARGUMENT_SPEC.items():
        documented = {key: options[name].get(key) for key in ("type", "elements", "default")}
        assert documented == {key: spec.get(key) for key in ("type", "elements", "default")}, name


def test_the_connection_options_are_those_of_the_modules():
    modules = yaml.safe_load((ROOT / "plugins" / "doc_fragments" / "connection.py").read_text().split('"""')[3])
    for name, option in modules["options"].items():
        assert DOCUMENTED["options"][name]["type"] == option["type"]
        assert f"E(APINIZER_{name.upper()})" in str(DOCUMENTED["options"][name]["description"])


def test_the_schema_of_the_arguments_has_all_arguments():
    schema = json.loads((EXTENSION / "plugins" / "event_source" / "schemas" / "certificate_expiry.json").read_text())
    assert set(schema["properties"]) == set(ARGUMENT_SPEC)
    for name, spec in ARGUMENT_SPEC.items():
        assert schema["properties"][name].get("default") == spec.get("default"), name
        assert (schema["properties"][name].get("format") == "password") is bool(spec.get("no_log")), name


def test_the_schema_of_the_events_has_all_kinds():
    schema = json.loads((EXTENSION / "schemas" / "certificate_expiry_event.json").read_text())
    assert schema["properties"]["kind"]["enum"] == list(KINDS)
    assert [one["properties"]["kind"]["const"] for one in schema["oneOf"]] == list(KINDS)


def test_the_example_uses_known_arguments():
    (ruleset,) = yaml.safe_load(source.EXAMPLES)
    (arguments,) = [each["apinizer.apiops.certificate_expiry"] for each in ruleset["sources"]]
    assert set(arguments) <= set(ARGUMENT_SPEC)
