# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test sanity on what users install, with every Python of this machine."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import artifact
import project

# ansible-test downloads a bootstrap script for pip unless it is cached, and runs it in each of a dozen virtual environments.
# This script links the pip that was installed once: installing it again takes four seconds in each of them.
BOOTSTRAP = """\
import os
import sysconfig

source = {folder!r}
for name in os.listdir(source):
    os.symlink(os.path.join(source, name), os.path.join(sysconfig.get_path("purelib"), name))
"""


def run() -> str:
    """Run all sanity tests and return a summary."""
    tree = artifact.unpacked("sanity")
    # Without its own repository, ansible-test would use that of the project, which ignores the copy.
    project.output("git", "init", "--quiet", tree)
    _provide_pip_bootstrap()
    env = project.environment(project.BIN, _link(project.pythons()))
    said = project.run(project.BIN / "ansible-test", "sanity", "--color", "no", cwd=tree, env=env)
    return _summary(said)


def _provide_pip_bootstrap() -> None:
    """Install the required version of pip into a folder, and write the script to the cache of ansible-test."""
    source = next(project.VENV.glob("lib/python3*/site-packages/ansible_test/_internal/python_requirements.py"))
    wanted = re.findall(r"^ +pip='([\d.]+)',$", source.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if not wanted:
        raise project.Failed(
            f"{source} does not contain the version of pip that ansible-test requires: adapt {Path(__file__).name}"
        )
    folder = project.HOME / ".ansible" / "test" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    for version in wanted:
        installed = project.CACHE / "pip" / version
        if not installed.exists():
            project.uv("pip", "install", "--python", project.BIN / "python", "--target", installed, f"pip=={version}")
        script = BOOTSTRAP.format(folder=str(installed))
        (folder / f"get_pip_{version.replace('.', '_')}.py").write_text(script, encoding="utf-8")


def _link(pythons: dict[tuple[int, int], Path]) -> Path:
    """Create a folder for PATH with a python3.X for each Python, and return it."""
    folder = project.CACHE / "pythons"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for (major, minor), executable in pythons.items():
        (folder / f"python{major}.{minor}").symlink_to(executable)
    return folder


def _summary(said: str) -> str:
    """Return how many tests ran, and which Pythons were not found."""
    tests = set(re.findall(r'^Running sanity test "([\w-]+)"', said, flags=re.MULTILINE))
    if not tests:
        raise project.Failed("ansible-test ran no test")
    missing = dict.fromkeys(re.findall(r'Skipping sanity test "[\w-]+" on Python ([\d.]+)', said))
    left_out = f"; not on Python {', '.join(missing)}: not found" if missing else ""
    return f"{project.versions(project.BIN / 'python')}: {len(tests)} tests{left_out}"
