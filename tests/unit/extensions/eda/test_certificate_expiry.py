# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that ansible-rulebook loads: it finds its collection wherever that lies, and documents what it takes."""

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

# As ansible-rulebook loads a source: by its path, with nothing else said.
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
    """Load a source in a Python that searches these folders, and run it; return what that printed."""
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
    """A copy of the collection, as under ~/.ansible/collections."""
    place = tmp_path_factory.mktemp("home") / ".ansible" / "collections" / "ansible_collections" / "apinizer" / "apiops"
    for part in ("plugins", "extensions"):
        shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
    return place


WRONG_INTERVAL = "InputError: interval: must be a number of seconds of 1 or more, not 0"


def assert_loaded(said: list[str], collection: Path) -> None:
    message, loaded = said
    assert message == WRONG_INTERVAL
    assert loaded == str(collection / "plugins" / "plugin_utils" / "_watch" / "watcher.py")


def test_it_finds_its_collection_through_a_link(installed: Path, tmp_path: Path):
    place = tmp_path / "ansible_collections" / "apinizer" / "apiops"
    place.parent.mkdir(parents=True)
    clone = tmp_path / "clone-of-any-name"
    clone.symlink_to(installed)
    place.symlink_to(clone)
    assert_loaded(load(place / FILE), place)


def test_it_finds_its_collection_from_a_link_to_the_file_alone(installed: Path, tmp_path: Path):
    link = tmp_path / "certificate_expiry.py"
    link.symlink_to(installed / FILE)
    assert_loaded(load(link), installed)


def test_a_package_of_that_name_does_not_hide_it(installed: Path, tmp_path: Path):
    # The package "ansible" installs ansible_collections with an __init__.py.
    other = tmp_path / "ansible_collections"
    (other / "apinizer" / "other").mkdir(parents=True)
    (other / "__init__.py").touch()
    assert_loaded(load(installed / FILE, tmp_path), installed)


def test_its_own_collection_comes_before_another_copy(installed: Path, tmp_path: Path):
    other = tmp_path / "ansible_collections" / "apinizer" / "apiops"
    shutil.copytree(installed, other)
    assert_loaded(load(installed / FILE, tmp_path), installed)


def test_outside_of_a_collection_it_says_where_it_belongs(installed: Path, tmp_path: Path):
    alone = tmp_path / "certificate_expiry.py"
    shutil.copy(installed / FILE, alone)
    (message,) = filter(None, load(alone))
    assert message == (
        f"SetupError: {alone} must lie in a folder ansible_collections/apinizer/apiops, as Ansible installs it"
    )
    root = installed.parents[2]
    assert_loaded(load(alone, root), installed)


def test_a_missing_library_is_named(installed: Path, tmp_path: Path):
    (tmp_path / "requests.py").write_text("raise ImportError\n")
    (message,) = filter(None, load(installed / FILE, tmp_path))
    assert message == f"SetupError: the Python that runs ansible-rulebook, {sys.executable}, lacks requests"


def test_the_documentation_says_what_it_takes():
    options = DOCUMENTED["options"]
    assert set(options) == set(ARGUMENT_SPEC)
    for name, spec in ARGUMENT_SPEC.items():
        documented = {key: options[name].get(key) for key in ("type", "elements", "default")}
        assert documented == {key: spec.get(key) for key in ("type", "elements", "default")}, name


def test_the_connection_is_documented_like_that_of_the_modules():
    modules = yaml.safe_load((ROOT / "plugins" / "doc_fragments" / "connection.py").read_text().split('"""')[3])
    for name, option in modules["options"].items():
        assert DOCUMENTED["options"][name]["type"] == option["type"]
        assert f"E(APINIZER_{name.upper()})" in str(DOCUMENTED["options"][name]["description"])


def test_the_schema_of_the_arguments_says_what_it_takes():
    schema = json.loads((EXTENSION / "plugins" / "event_source" / "schemas" / "certificate_expiry.json").read_text())
    assert set(schema["properties"]) == set(ARGUMENT_SPEC)
    for name, spec in ARGUMENT_SPEC.items():
        assert schema["properties"][name].get("default") == spec.get("default"), name
        assert (schema["properties"][name].get("format") == "password") is bool(spec.get("no_log")), name


def test_the_schema_of_the_events_knows_all_kinds():
    schema = json.loads((EXTENSION / "schemas" / "certificate_expiry_event.json").read_text())
    assert schema["properties"]["kind"]["enum"] == list(KINDS)
    assert [one["properties"]["kind"]["const"] for one in schema["oneOf"]] == list(KINDS)


def test_the_example_gives_arguments_that_it_takes():
    (ruleset,) = yaml.safe_load(source.EXAMPLES)
    (given,) = [one["apinizer.apiops.certificate_expiry"] for one in ruleset["sources"]]
    assert set(given) <= set(ARGUMENT_SPEC)
