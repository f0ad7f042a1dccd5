# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests share: where Ansible is, a machine for each test, and managers with a certificate in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from manager import Authority, Issued, Manager

pytest.register_assert_rewrite("integration.machine", "integration.certificate_fixture")

# Imported after the line above, so that their assertions explain themselves.
from integration.certificate_fixture import ALIAS, DESCRIPTION, ENVIRONMENTS, HELD_IN, NAME, PROJECT, Scene, Start  # noqa: E402
from integration.execution_modes import WAYS, ComparisonPlugin  # noqa: E402
from integration.machine import ROOT, Driver, Machine  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    """Compare what the two ways of running a task return, in the process that gets the reports of all tests."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(ComparisonPlugin())


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let those run a part of the tests who run them several times."""
    parser.addoption(
        "--quick-ways",
        action="store_true",
        help="run those marked any_way as modules only, those of the role and those marked exhaustive in the controller's process",
    )


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that has a machine both ways."""
    if "way" not in metafunc.fixturenames:
        return
    module, process = WAYS
    quick = metafunc.config.getoption("quick_ways")
    marked = metafunc.definition.get_closest_marker
    if quick and marked("any_way"):
        metafunc.parametrize("way", [module])
    elif marked("one_way") or (quick and (marked("exhaustive") or "role" in metafunc.definition.path.parts)):
        metafunc.parametrize("way", [process])
    else:
        metafunc.parametrize("way", WAYS)


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder with the Ansible to test."""
    return Path(os.environ.get("APIOPS_TEST_BIN") or Path(sys.executable).parent).absolute()


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder in which Ansible finds this collection: the one it is told to search, or one that links here."""
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
    if given:
        return given
    folder = tmp_path_factory.mktemp("collections")
    namespace = folder / "ansible_collections" / "apinizer"
    namespace.mkdir(parents=True)
    (namespace / "apiops").symlink_to(ROOT)
    return str(folder)


@pytest.fixture(scope="session")
def drivers(
    tmp_path_factory: pytest.TempPathFactory, programs: Path, collections: str
) -> Iterator[Callable[[str], Driver]]:
    """What runs single tasks one way or the other, for all tests of this process."""
    started: dict[str, Driver] = {}

    def driver(way: str) -> Driver:
        if way not in started:
            home = Machine(tmp_path_factory.mktemp("driver"), programs, collections, way)
            started[way] = Driver(programs / "python", way, home.environment())
        return started[way]

    yield driver
    for one in started.values():
        one.stop()


@pytest.fixture
def machine(
    tmp_path: Path,
    programs: Path,
    collections: str,
    drivers: Callable[[str], Driver],
    way: str,
    request: pytest.FixtureRequest,
) -> Iterator[Machine]:
    """A machine with an empty home."""
    machine = Machine(tmp_path, programs, collections, way, drivers(way))
    yield machine
    request.node.user_properties.append((way, machine.results))


@pytest.fixture(scope="session")
def authority() -> Authority:
    """One certificate authority for all tests."""
    return Authority()


@pytest.fixture(scope="session")
def old(authority: Authority) -> Issued:
    """The certificate that managers hold at first."""
    return authority.issue("www.example.com")


@pytest.fixture(scope="session")
def new(authority: Authority) -> Issued:
    """The certificate that takes its place."""
    return authority.issue("www.example.com")


@pytest.fixture
def start(machine: Machine, authority: Authority, old: Issued, new: Issued) -> Iterator[Start]:
    """Start managers; each takes the options of Manager, and `held=False` for one without the certificate."""
    with ExitStack() as stack:

        def start(generation: str = "2026", *, held: bool = True, **options: Any) -> Scene:
            manager = stack.enter_context(Manager(generation, **options))
            manager.add_project(PROJECT, ENVIRONMENTS)
            if held:
                holds = dict.fromkeys(HELD_IN, old)
                manager.add_certificate(PROJECT, NAME, holds, alias=ALIAS, description=DESCRIPTION)
            return Scene(manager, machine, authority, old, new)

        yield start


@pytest.fixture
def scene(start: Start) -> Scene:
    """A manager of the newest generation that holds the certificate."""
    return start()
