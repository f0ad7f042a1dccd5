# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the role share: certificates of all ages, and managers whose certificates are to be rotated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from integration.machine import Machine
from manager import Authority, Issued, Manager

pytest.register_assert_rewrite("integration.role.rotation_fixture")

# Imported after the line above, so that its assertions explain themselves.
from integration.role.rotation_fixture import Stage  # noqa: E402

Issue = Callable[..., Issued]
SetStage = Callable[..., Stage]


@pytest.fixture(scope="session")
def issue(authority: Authority) -> Issue:
    """Issue certificates for www.example.com by the days that they still have, expired ones included."""

    def issue(days: int, common_name: str = "www.example.com", **options: Any) -> Issued:
        # A little more than whole days, so that they are still that many when the test is slow.
        until = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
        given = {"dns_names": ["example.com", "www.example.com"], "not_before": until - timedelta(days=800), **options}
        return authority.issue(common_name, not_after=until, **given)

    return issue


@pytest.fixture(scope="session")
def old(issue: Issue) -> Issued:
    """The certificate that managers hold at first."""
    return issue(20)


@pytest.fixture(scope="session")
def new(issue: Issue) -> Issued:
    """The certificate that is to take its place."""
    return issue(364)


@pytest.fixture(scope="session")
def different(issue: Issue) -> list[Issued]:
    """A certificate for each environment, for managers whose environments have drifted apart."""
    return [issue(10), issue(20), issue(30)]


@pytest.fixture
def set_stage(machine: Machine, old: Issued, new: Issued) -> Iterator[SetStage]:
    """Start managers that hold nothing but the bystander; each takes the options of Manager."""
    with ExitStack() as stack:

        def set_stage(generation: str = "2026", **options: Any) -> Stage:
            return Stage(stack.enter_context(Manager(generation, **options)), machine, old, new)

        yield set_stage


@pytest.fixture
def stage(set_stage: SetStage) -> Stage:
    """A manager of the newest generation that holds the old certificate everywhere, and tells of deployments."""
    stage = set_stage(import_reports_deployment=True)
    stage.hold()
    return stage
