# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tools share: where things lie, the environment that programs run in, and the Pythons of this machine."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
COLLECTIONS = VENV / "collections"
CACHE = ROOT / ".cache"
HOME = CACHE / "home"
DIST = ROOT / "dist"

PLACE = Path("ansible_collections", "apinizer", "apiops")
"""Where a collection lies under a folder that Ansible searches."""


class Failed(Exception):
    """A check that ran and found something."""


class Unavailable(Exception):
    """A check that cannot run on this machine."""


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Run a program, show it and what it says as it says it, and return that; raise Failed when it fails."""
    words = [str(word) for word in command]
    print("$", _short(shlex.join(words)), flush=True)
    lines = []
    with subprocess.Popen(
        words,
        cwd=cwd,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(_short(line), end="", flush=True)
            lines.append(line)
    if process.returncode:
        raise Failed(f"{Path(words[0]).name} ended with exit code {process.returncode}")
    return "".join(lines)


def uv(*arguments: str | Path) -> str:
    """Run uv in the user's own environment: its package cache and settings are shared with the user's other work."""
    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON_INSTALL_DIR": str(CACHE / "uv")}
    return run(BIN / "uv", *arguments, "--quiet", env=env)


def output(*command: str | Path) -> str:
    """What a program prints, quietly; raise CalledProcessError when it fails."""
    return subprocess.run(
        [str(word) for word in command], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout


def environment(*first_on_path: Path, **more: str | Path) -> dict[str, str]:
    """This process's environment, with a home and programs of our own, and no settings of the user's Ansible."""
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("ANSIBLE_", "APINIZER_", "MAKE")) and key not in ("MFLAGS", "PYTHONPATH", "VIRTUAL_ENV")
    }
    env |= {
        "HOME": str(_scratch_home()),
        "PATH": os.pathsep.join([*map(str, first_on_path or (BIN,)), *_path_without_shims()]),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(HOME / ".ansible"),
    }
    if sys.platform == "linux":
        env["LC_ALL"] = "C.UTF-8"  # Ansible refuses any encoding but UTF-8
    return env | {key: str(value) for key, value in more.items()}


def files(*patterns: str) -> list[Path]:
    """The files that belong to the project, whether committed yet or not, relative to its root."""
    names = output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns).split("\0")
    return sorted({Path(name) for name in names if name and (ROOT / name).is_file()})


def copy_tree() -> Path:
    """Copy the project's files to where a tool finds a collection that must not be a link; return that folder."""
    tree = CACHE / "tree" / PLACE
    shutil.rmtree(tree, ignore_errors=True)
    for file in files():
        target = tree / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target)
    return tree


def pythons() -> dict[tuple[int, int], Path]:
    """The Pythons 3 of this machine that really run, oldest first: those on PATH before those of pyenv."""
    candidates = [Path(folder) for folder in _path_without_shims()]
    if pyenv := _pyenv_root():
        candidates += sorted(pyenv.glob("versions/3.*/bin"), key=_numbers, reverse=True)
    found: dict[tuple[int, int], Path] = {}
    for executable in (file for folder in candidates for file in folder.glob("python3*")):
        if re.fullmatch(r"python3(\.\d+)?", executable.name) and (version := _version(executable)):
            found.setdefault(version, executable)
    return dict(sorted(found.items()))


def versions(python: Path) -> str:
    """Which Python that is, and which of the packages that matter it has, in words."""
    code = (
        "import platform; from importlib.metadata import version;"
        "print(', '.join(['Python ' + platform.python_version()]"
        " + [f'{name} {version(name)}' for name in ('ansible-core', 'requests', 'cryptography')]))"
    )
    return output(python, "-c", code).strip()


def _version(executable: Path) -> tuple[int, int] | None:
    """A Python's version, or nothing where it does not start or cannot make virtual environments."""
    code = "import ensurepip, sys, venv; print(*sys.version_info[:2])"
    try:
        major, minor = output(executable, "-c", code).split()
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return int(major), int(minor)


def _path_without_shims() -> list[str]:
    """PATH without any venv's folder, and without pyenv's shims, which exist for versions that then do not start."""
    pyenv = _pyenv_root()
    shims = str(pyenv / "shims") if pyenv else None
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [
        folder for folder in folders if folder and folder != shims and not (Path(folder).parent / "pyvenv.cfg").exists()
    ]


def _pyenv_root() -> Path | None:
    if not shutil.which("pyenv"):
        return None
    try:
        return Path(output("pyenv", "root").strip())
    except subprocess.SubprocessError:
        return None


def _scratch_home() -> Path:
    """A home folder of our own, that knows the user's pip settings and shares pip's cache."""
    for kind in ("config", "cache"):
        ours = HOME / f".{kind}" / "pip"
        theirs = Path(os.environ.get(f"XDG_{kind.upper()}_HOME") or Path.home() / f".{kind}") / "pip"
        if theirs.is_dir() and not ours.is_symlink():
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.symlink_to(theirs)
    HOME.mkdir(parents=True, exist_ok=True)
    return HOME


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.parent.name)]


def _short(text: str) -> str:
    """Text in which the project's files are named as seen from its root."""
    return text.replace(f"{ROOT}{os.sep}", "").replace(f"{COLLECTIONS.relative_to(ROOT) / PLACE}{os.sep}", "")
