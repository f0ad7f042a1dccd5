# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared fixtures: the Ansible under test, a machine for each test, and managers that hold a certificate."""

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

# Imported after the line above, so that pytest rewrites their assertions.
from integration.certificate_fixture import (  # noqa: E402
    ALIAS,
    DEPLOYED,
    DESCRIPTION,
    ENVIRONMENTS,
    NAME,
    PROJECT,
    CertificateFixture,
    MakeCase,
)
from integration.execution_modes import EXECUTION_MODES, ComparisonPlugin  # noqa: E402
from integration.machine import ROOT, ForkServer, Machine  # noqa: E402
from integration.shares import in_share  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    """Compare the results of the two execution modes, in the process that receives the reports of all workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(ComparisonPlugin())


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for runs that repeat the suite with another version of Ansible."""
    parser.addoption(
        "--quick-modes",
        action="store_true",
        help="run tests marked any_mode as modules only, and tests of the role and those marked exhaustive "
        "in the controller's process only",
    )
    parser.addoption(
        "--share",
        metavar="N/TOTAL",
        help="run one share of the cases of each parametrized test; the runs of all shares together run every case",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Measure only the tests that are marked for it, and leave out the cases that belong to another share."""
    if config.pluginmanager.hasplugin("_cov"):
        for item in items:
            if not item.get_closest_marker("measured"):
                item.add_marker("no_cover")
    share = config.getoption("share")
    if not share:
        return
    chosen = in_share([item.nodeid for item in items], share)
    config.hook.pytest_deselected(items=[item for item, is_ours in zip(items, chosen) if not is_ours])
    items[:] = [item for item, is_ours in zip(items, chosen) if is_ours]


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses a machine in both execution modes."""
    if "mode" not in metafunc.fixturenames:
        return
    module, process = EXECUTION_MODES
    quick = metafunc.config.getoption("quick_modes")
    marked = metafunc.definition.get_closest_marker
    if quick and marked("any_mode"):
        metafunc.parametrize("mode", [module])
    elif marked("single_mode") or (quick and (marked("exhaustive") or "role" in metafunc.definition.path.parts)):
        metafunc.parametrize("mode", [process])
    else:
        metafunc.parametrize("mode", EXECUTION_MODES)


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder with the executables of the Ansible under test."""
    return Path(os.environ.get("APIOPS_TEST_BIN") or Path(sys.executable).parent).absolute()


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The search path on which Ansible finds this collection: the caller's own, or a new folder with a link to it."""
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
    if given:
        return given
    folder = tmp_path_factory.mktemp("collections")
    namespace = folder / "ansible_collections" / "apinizer"
    namespace.mkdir(parents=True)
    (namespace / "apiops").symlink_to(ROOT)
    return str(folder)


@pytest.fixture(scope="session")
def fork_servers(
    tmp_path_factory: pytest.TempPathFactory, programs: Path, collections: str
) -> Iterator[Callable[[str], ForkServer]]:
    """Return the fork server of a kind, which all tests of a worker share."""
    started: dict[str, ForkServer] = {}

    def fork_server(kind: str) -> ForkServer:
        if kind not in started:
            home = Machine(tmp_path_factory.mktemp("fork-server"), programs, collections, "process")
            started[kind] = ForkServer(programs / "python", kind, home.environment())
        return started[kind]

    yield fork_server
    for one in started.values():
        one.stop()


@pytest.fixture
def machine(
    tmp_path: Path,
    programs: Path,
    collections: str,
    fork_servers: Callable[[str], ForkServer],
    mode: str,
    request: pytest.FixtureRequest,
) -> Iterator[Machine]:
    """A machine with an empty home folder, in one of the execution modes."""
    machine = Machine(tmp_path, programs, collections, mode, fork_servers)
    yield machine
    request.node.user_properties.append((mode, machine.results))


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The certificate authority of all tests."""
    return Authority()


@pytest.fixture(scope="session")
def old(authority: Authority) -> Issued:
    """The certificate that managers hold before the test."""
    return authority.issue("www.example.com")


@pytest.fixture(scope="session")
def new(authority: Authority) -> Issued:
    """The certificate that replaces it."""
    return authority.issue("www.example.com")


@pytest.fixture
def make_case(machine: Machine, authority: Authority, old: Issued, new: Issued) -> Iterator[MakeCase]:
    """Start a manager with the options of `Manager`; `with_certificate=False` starts it without the certificate."""
    with ExitStack() as stack:

        def make_case(
            generation: str = "2026.09", *, with_certificate: bool = True, **options: Any
        ) -> CertificateFixture:
            manager = stack.enter_context(Manager(generation, **options))
            manager.add_project(PROJECT, ENVIRONMENTS)
            if with_certificate:
                current = dict.fromkeys(DEPLOYED, old)
                manager.add_certificate(PROJECT, NAME, current, alias=ALIAS, description=DESCRIPTION)
            return CertificateFixture(manager, machine, authority, old, new)

        yield make_case


@pytest.fixture
def case(make_case: MakeCase) -> CertificateFixture:
    """A manager of the newest generation that holds the certificate."""
    return make_case()
