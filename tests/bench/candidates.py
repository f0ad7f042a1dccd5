# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to rotate certificates that are compared, as the commands that a user would type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .cases import PROJECT, certificate_name
from .desk import PLAYBOOKS, PROGRAMS, Desk
from .results import EMPTY, FLOOR, PARALLEL, URI


@dataclass(frozen=True)
class Contender:
    """One way. `largest` is the number of certificates up to which it makes sense; None: any number."""

    name: str
    title: str
    command: Callable[[Desk], list[str]]
    largest: int | None = None
    rotates: bool = True

    def takes(self, size: int) -> bool:
        """Whether it is measured with so many certificates."""
        return self.largest is None or size <= self.largest


def _playbook(name: str, *arguments: str) -> list[str]:
    return [str(PROGRAMS / "ansible-playbook"), *arguments, str(PLAYBOOKS / f"{name}.yml")]


def _variables(file: Path) -> tuple[str, str]:
    return "-e", f"@{file}"


def _ad_hoc(desk: Desk) -> list[str]:
    name = certificate_name(0)
    options = f"project={PROJECT} name={name} path={desk.folder}/certificates/{name}.pem"
    return [str(PROGRAMS / "ansible"), "localhost", "-m", "apinizer.apiops.apinizer_certificate", "-a", options]


def _floor(desk: Desk) -> list[str]:
    return [str(PROGRAMS / "python"), str(Path(__file__).with_name("floor.py")), str(desk.list)]


_AT_ONCE = 8


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(EMPTY, "an empty play", lambda _desk: _playbook("empty"), rotates=False),
        Contender(FLOOR, "requests, nothing else (the floor)", _floor),
        Contender("ad-hoc", "apinizer_certificate, ad hoc", _ad_hoc, largest=1),
        Contender(
            "loop",
            "apinizer_certificate, looped",
            lambda desk: _playbook("loop", *_variables(desk.certificates)),
        ),
        Contender(
            "role",
            "certificate_rotation, paths",
            lambda desk: _playbook("role", *_variables(desk.rotation)),
        ),
        Contender(
            "role-content",
            "certificate_rotation, contents",
            lambda desk: _playbook("role", *_variables(desk.rotation_of_contents)),
        ),
        Contender(
            PARALLEL,
            f"certificate_rotation, {_AT_ONCE} at once",
            lambda desk: _playbook(
                "role", *_variables(desk.rotation), "-e", f"certificate_rotation_parallel_writes={_AT_ONCE}"
            ),
        ),
        Contender(
            URI,
            "ansible.builtin.uri, looped",
            lambda desk: _playbook("uri", *_variables(desk.certificates)),
            largest=200,
        ),
    )
}
"""In the order in which they take turns."""
