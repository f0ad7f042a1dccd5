# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments with the oldest and the newest versions that the collection supports, and one for the modules alone."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import project

FOLDER = project.ROOT / ".venv-legs"


@dataclass(frozen=True)
class Leg:
    """One end of the supported range of versions. Its lock file is requirements/NAME.txt."""

    name: str
    pythons: tuple[tuple[int, int], ...]
    """The Pythons that its ansible-core supports, the preferred one first."""

    @property
    def lock(self) -> Path:
        return project.ROOT / "requirements" / f"{self.name}.txt"

    @property
    def venv(self) -> Path:
        return FOLDER / self.name


MODULE_HOST = (3, 9)
"""The oldest Python on which the modules run. ansible-core itself needs a newer one."""

LEGS = {
    leg.name: leg
    for leg in (
        Leg("oldest", pythons=((3, 10), (3, 11), (3, 12))),
        Leg("newest", pythons=((3, 14), (3, 13), (3, 12))),
    )
}
"""The legs of the whole check."""

PREVIEW = Leg("preview", pythons=((3, 14), (3, 13)))
"""The newest pre-release of ansible-core. It is not part of the whole check, since it may fail."""


def prepare(name: str) -> Path:
    """Create the leg's virtual environment, unless it exists with the same lock, and return its folder."""
    leg = PREVIEW if name == PREVIEW.name else LEGS[name]
    return _synchronized(leg.venv, _python(leg), leg.lock)


def prepare_module_host() -> Path | None:
    """Create a virtual environment in which only the modules can run, and return its Python; None without a Python 3.9."""
    python = project.pythons().get(MODULE_HOST)
    if python is None:
        return None
    lock = project.ROOT / "requirements" / "module-host.txt"
    return _synchronized(FOLDER / "module-host", python, lock) / "bin" / "python"


def _synchronized(venv: Path, python: Path, lock: Path) -> Path:
    """Create a virtual environment from a lock file, unless it exists with the same lock."""
    stamp = venv / ".lock"
    wanted = f"{python}\n{lock.read_text(encoding='utf-8')}"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(venv, ignore_errors=True)
        project.uv("venv", "--python", python, venv)
        project.uv("pip", "sync", "--python", venv / "bin" / "python", lock)
        stamp.write_text(wanted, encoding="utf-8")
    return venv


def available() -> bool:
    """Return whether this machine has a Python for each leg."""
    found = project.pythons()
    return all(any(version in found for version in leg.pythons) for leg in LEGS.values())


def _python(leg: Leg) -> Path:
    found = project.pythons()
    for version in leg.pythons:
        if version in found:
            return found[version]
    wanted = " or ".join(f"{major}.{minor}" for major, minor in sorted(leg.pythons))
    raise project.Unavailable(
        f"needs Python {wanted}; found " + ", ".join(f"{major}.{minor}" for major, minor in found)
    )
