# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shared by the tools: paths, running programs and their environment, and the Pythons of this machine."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
COLLECTIONS = VENV / "collections"
CACHE = ROOT / ".cache"
HOME = CACHE / "home"
DIST = ROOT / "dist"

PLACE = Path("ansible_collections", "apinizer", "apiops")
"""The path of this collection below a folder of Ansible's search path."""

_NOT_PASSED_ON = ("MFLAGS", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV")
"""Variables of the user's environment. Without compiled files, each process would compile its libraries and the tests again."""


class Failed(Exception):
    """A check ran and found a problem."""


class Unavailable(Exception):
    """A check cannot run on this machine."""


@dataclass
class Console:
    """The output of a part, and the CPU time of the programs that it ran. Without `text`, output is shown at once."""

    text: io.StringIO | None = None
    cpu_seconds: float = 0.0


_console: ContextVar[Console] = ContextVar("console")


@contextlib.contextmanager
def console(*, buffered: bool) -> Iterator[Console]:
    """Collect the output and the CPU time of this thread. `buffered`: keep the output instead of showing it."""
    token = _console.set(Console(io.StringIO() if buffered else None))
    try:
        yield _console.get()
    finally:
        _console.reset(token)


def say(text: str, end: str = "\n") -> None:
    """Print text to the console of this thread."""
    target = _console.get(Console()).text
    print(text, end=end, file=target or sys.stdout, flush=target is None)


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Run a program, print its command and its output, and return the output.

    :raises Failed: if the program fails.
    """
    words = [str(word) for word in command]
    say(f"$ {_short(shlex.join(words))}")
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
            say(_short(line), end="")
            lines.append(line)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    _console.get(Console()).cpu_seconds += usage.ru_utime + usage.ru_stime
    if process.returncode:
        raise Failed(f"{Path(words[0]).name} ended with exit code {process.returncode}")
    return "".join(lines)


def uv(*arguments: str | Path) -> str:
    """Run uv in the user's own environment, with the user's package cache and settings."""
    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON_INSTALL_DIR": str(CACHE / "uv")}
    return run(BIN / "uv", *arguments, "--quiet", env=env)


def output(*command: str | Path) -> str:
    """Return the output of a program without showing it.

    :raises subprocess.CalledProcessError: if the program fails.
    """
    return subprocess.run(
        [str(word) for word in command], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout


def environment(*first_on_path: Path, **more: str | Path) -> dict[str, str]:
    """Return the environment of programs: a separate home, our executables, and none of the user's Ansible settings."""
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("ANSIBLE_", "APINIZER_", "MAKE")) and key not in _NOT_PASSED_ON
    }
    env |= {
        "HOME": str(_scratch_home()),
        "PATH": os.pathsep.join([*map(str, first_on_path or (BIN,)), *_path_without_shims()]),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(HOME / ".ansible"),
    }
    if sys.platform == "linux":
        env["LC_ALL"] = "C.UTF-8"  # Ansible requires UTF-8
    return env | {key: str(value) for key, value in more.items()}


def files(*patterns: str) -> list[Path]:
    """Return the files of the project relative to its root, committed or not."""
    names = output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns).split("\0")
    return sorted({Path(name) for name in names if name and (ROOT / name).is_file()})


def copy_tree(user: str) -> Path:
    """Copy the project's files for a tool that needs a collection without links, and return the folder.

    :arg user: the part that uses the copy; parts that run in parallel need separate copies.
    """
    tree = CACHE / "tree" / user / PLACE
    shutil.rmtree(tree, ignore_errors=True)
    for file in files():
        target = tree / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target)
    return tree


def pythons() -> dict[tuple[int, int], Path]:
    """Return the working Python 3 interpreters of this machine by version, oldest first; PATH precedes pyenv."""
    candidates = [Path(folder) for folder in _path_without_shims()]
    if pyenv := _pyenv_root():
        candidates += sorted(pyenv.glob("versions/3.*/bin"), key=_numbers, reverse=True)
    found: dict[tuple[int, int], Path] = {}
    for executable in (file for folder in candidates for file in folder.glob("python3*")):
        if re.fullmatch(r"python3(\.\d+)?", executable.name) and (version := _version(executable)):
            found.setdefault(version, executable)
    return dict(sorted(found.items()))


PACKAGES = ("ansible-core", "requests", "cryptography")


def versions(python: Path, packages: Sequence[str] = PACKAGES) -> str:
    """Return the version of a Python and of the most important packages in it, as text."""
    code = (
        "import platform; from importlib.metadata import version;"
        "print(', '.join(['Python ' + platform.python_version()]"
        f" + [f'{{name}} {{version(name)}}' for name in {tuple(packages)!r}]))"
    )
    return output(python, "-c", code).strip()


def _version(executable: Path) -> tuple[int, int] | None:
    """Return the version of a Python, or None if it does not start or cannot create virtual environments."""
    code = "import ensurepip, sys, venv; print(*sys.version_info[:2])"
    try:
        major, minor = output(executable, "-c", code).split()
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return int(major), int(minor)


def _path_without_shims() -> list[str]:
    """Return PATH without virtual environments and without pyenv's shims, some of which do not start."""
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
    """Create a separate home folder with links to the user's pip settings and cache, and return it."""
    for kind in ("config", "cache"):
        ours = HOME / f".{kind}" / "pip"
        theirs = Path(os.environ.get(f"XDG_{kind.upper()}_HOME") or Path.home() / f".{kind}") / "pip"
        if theirs.is_dir() and not ours.is_symlink():
            ours.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):  # another part was faster
                ours.symlink_to(theirs)
    HOME.mkdir(parents=True, exist_ok=True)
    return HOME


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.parent.name)]


def _short(text: str) -> str:
    """Return text with paths relative to the root of the project."""
    return text.replace(f"{ROOT}{os.sep}", "").replace(f"{COLLECTIONS.relative_to(ROOT) / PLACE}{os.sep}", "")
