# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The candidates: the ways to rotate certificates that the benchmark compares, each as the command a user would type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .cases import PROJECT, certificate_name
from .results import BASELINE, EMPTY, LOOP, PARALLEL, PARALLEL_WRITES, ROLE, ROLE_CONTENT, URI
from .workspace import PLAYBOOKS, PROGRAMS, Workspace


@dataclass(frozen=True)
class Candidate:
    """One way to rotate certificates.

    `largest` is the number of certificates above which it is not measured (None: no limit). `rotates` is false for a
    candidate that must leave the manager alone.
    """

    name: str
    title: str
    command: Callable[[Workspace], list[str]]
    largest: int | None = None
    rotates: bool = True

    def accepts(self, size: int) -> bool:
        """Whether it is measured with this number of certificates."""
        return self.largest is None or size <= self.largest


def _playbook(name: str, *arguments: str) -> list[str]:
    return [str(PROGRAMS / "ansible-playbook"), *arguments, str(PLAYBOOKS / f"{name}.yml")]


def _variables(file: Path) -> tuple[str, str]:
    return "-e", f"@{file}"


def _ad_hoc(workspace: Workspace) -> list[str]:
    name = certificate_name(0)
    options = f"project={PROJECT} name={name} path={workspace.folder}/certificates/{name}.pem"
    return [str(PROGRAMS / "ansible"), "localhost", "-m", "apinizer.apiops.apinizer_certificate", "-a", options]


def _baseline(workspace: Workspace) -> list[str]:
    return [str(PROGRAMS / "python"), str(Path(__file__).with_name("baseline.py")), str(workspace.list)]


CANDIDATES = {
    candidate.name: candidate
    for candidate in (
        Candidate(EMPTY, "an empty play", lambda _workspace: _playbook("empty"), rotates=False),
        Candidate(BASELINE, "a bare requests script (the baseline)", _baseline),
        Candidate("ad-hoc", "apinizer_certificate, ad hoc", _ad_hoc, largest=1),
        Candidate(
            LOOP,
            "apinizer_certificate, looped",
            lambda workspace: _playbook("loop", *_variables(workspace.certificates)),
        ),
        Candidate(
            ROLE,
            "certificate_rotation, paths",
            lambda workspace: _playbook("role", *_variables(workspace.rotation)),
        ),
        Candidate(
            ROLE_CONTENT,
            "certificate_rotation, contents",
            lambda workspace: _playbook("role", *_variables(workspace.rotation_of_contents)),
        ),
        Candidate(
            PARALLEL,
            f"certificate_rotation, {PARALLEL_WRITES} in parallel",
            lambda workspace: _playbook(
                "role",
                *_variables(workspace.rotation),
                "-e",
                f"certificate_rotation_parallel_writes={PARALLEL_WRITES}",
            ),
        ),
        Candidate(
            URI,
            "ansible.builtin.uri, looped",
            lambda workspace: _playbook("uri", *_variables(workspace.certificates)),
            largest=200,
        ),
    )
}
"""All candidates by name, in the order in which they take turns."""
