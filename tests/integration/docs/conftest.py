# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared fixtures of the documentation tests: a runner for guides, and the collections that examples use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone

import pytest

from integration.machine import ROOT, Machine
from manager import Authority, Issued

pytest.register_assert_rewrite("integration.docs.doc_runner", "integration.docs.references")

# Imported after the line above, so that pytest rewrites their assertions.
from integration.docs.doc_files import files  # noqa: E402
from integration.docs.doc_runner import DocRunner  # noqa: E402
from integration.docs.references import OTHERS  # noqa: E402


@pytest.fixture(scope="session")
def all_collections(collections: str) -> str:
    """The search path with this collection and those that examples use."""
    fetched = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "collections_from_package.py"), *OTHERS],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert fetched.returncode == 0, fetched.stdout + fetched.stderr
    return f"{collections}:{fetched.stdout.splitlines()[-1]}"


@pytest.fixture
def doc_runner(machine: Machine, authority: Authority, all_collections: str) -> Iterator[DocRunner]:
    """A runner that has not started any manager yet."""
    with ExitStack() as stack:
        old, new = (_issue(authority, days) for days in (20, 364))
        yield DocRunner(machine, authority, old, new, files(new), all_collections, stack)


def _issue(authority: Authority, days: int) -> Issued:
    """Issue a certificate for www.example.com with a number of days remaining."""
    # One hour more than whole days, so that the number of days is still right if the test is slow.
    until = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
    names = ["example.com", "www.example.com"]
    return authority.issue("www.example.com", dns_names=names, not_before=until - timedelta(days=800), not_after=until)
