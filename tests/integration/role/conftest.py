# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared fixtures of the role tests: certificates of any age, and managers whose certificates are rotated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from integration.machine import Machine
from manager import Authority, Issued, Manager

pytest.register_assert_rewrite("integration.role.rotation_fixture")

# Imported after the line above, so that pytest rewrites its assertions.
from integration.role.rotation_fixture import RotationFixture  # noqa: E402

Issue = Callable[..., Issued]
MakeCase = Callable[..., RotationFixture]


@pytest.fixture(scope="session")
def issue(authority: Authority) -> Issue:
    """Issue a certificate for www.example.com with a number of days remaining, negative for an expired one."""

    def issue(days: int, common_name: str = "www.example.com", **options: Any) -> Issued:
        # One hour more than whole days, so that the number of days is still right if the test is slow.
        until = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
        given = {"dns_names": ["example.com", "www.example.com"], "not_before": until - timedelta(days=800), **options}
        return authority.issue(common_name, not_after=until, **given)

    return issue


@pytest.fixture(scope="session")
def old(issue: Issue) -> Issued:
    """The certificate that managers hold before the rotation."""
    return issue(20)


@pytest.fixture(scope="session")
def new(issue: Issue) -> Issued:
    """The certificate that replaces it."""
    return issue(364)


@pytest.fixture(scope="session")
def different(issue: Issue) -> list[Issued]:
    """Three certificates, one for each environment, for managers with drift."""
    return [issue(10), issue(20), issue(30)]


@pytest.fixture
def make_case(machine: Machine, old: Issued, new: Issued) -> Iterator[MakeCase]:
    """Start a manager with the options of `Manager`; it holds the unrelated certificate only."""
    with ExitStack() as stack:

        def make_case(generation: str = "2026.09", **options: Any) -> RotationFixture:
            return RotationFixture(stack.enter_context(Manager(generation, **options)), machine, old, new)

        yield make_case


@pytest.fixture
def case(make_case: MakeCase) -> RotationFixture:
    """A manager of the newest generation that holds `old` in every environment and reports deployments."""
    case = make_case(import_reports_deployment=True)
    case.add_certificate()
    return case
