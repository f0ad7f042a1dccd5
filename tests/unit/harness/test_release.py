# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version, the changelog, and the versions in the documentation agree.

The version of main is X.Y.Z in the commit of a release, and X.Y.Z-dev in every other one, where X.Y.Z is the next release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
INTERNAL_MODULES = ("rotation",)

Version = tuple[int, int, int]


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def _parsed(version: object) -> Version:
    numbers = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", str(version))
    assert numbers, f"{version} is not a version"
    major, minor, patch = map(int, numbers.groups())
    return major, minor, patch


VERSION = str(_yaml("galaxy.yml")["version"])
NEXT = _parsed(VERSION.removesuffix("-dev"))
"""The version of this commit, or the one that it becomes."""
IS_RELEASE = not VERSION.endswith("-dev")
RELEASES: dict[Version, Any] = {
    _parsed(name): release for name, release in _yaml("changelogs/changelog.yaml")["releases"].items()
}
FRAGMENTS = sorted(file.name for file in (ROOT / "changelogs" / "fragments").glob("*.yml"))


def _added() -> Iterator[tuple[str, Version]]:
    """Yield each version_added in the documentation, with its place."""
    for file in [*ROOT.glob("plugins/*/*.py"), *ROOT.glob("plugins/*/*.yml"), *ROOT.glob("roles/*/meta/*.yml")]:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if found := re.match(r"\s*version_added: *['\"]?([^'\"\s]+)", line):
                yield f"{file.relative_to(ROOT)}:{number}", _parsed(found.group(1))


ADDED = dict(_added())


def test_changelog_ends_with_the_last_release() -> None:
    newest = max(RELEASES)

    if IS_RELEASE:
        assert newest == NEXT, "run make release"
        assert FRAGMENTS == [], "run make release, which moves the fragments into the changelog"
    else:
        assert newest < NEXT, "the version in galaxy.yml has been released: set the next one, with -dev"


def test_changelog_text_has_the_same_releases() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    found = re.findall(r"^## v(\S+)$", text.replace("\\", ""), re.MULTILINE)
    assert sorted(map(_parsed, found)) == sorted(RELEASES)


def test_every_version_added_is_a_release_or_the_next_one() -> None:
    assert ADDED
    assert {place: version for place, version in ADDED.items() if version not in {*RELEASES, NEXT}} == {}


def test_changelog_announces_what_the_documentation_says_was_added() -> None:
    """Plugins that a release announces have its number, and the other way around; nothing internal is announced."""
    for version, release in RELEASES.items():
        announced = {one["name"] for one in release.get("modules", ())}
        documented = {
            Path(place.partition(":")[0]).stem
            for place, added in ADDED.items()
            if added == version and place.startswith("plugins/modules/") and _is_top_level(place)
        }
        assert announced == documented, version
        assert not announced & set(INTERNAL_MODULES)
        for kind, plugins in (release.get("plugins") or {}).items():
            for plugin in plugins:
                assert list(ROOT.glob(f"plugins/{kind}/{plugin['name']}.*")), f"{plugin['name']} does not exist"


def _is_top_level(place: str) -> bool:
    file, _colon, number = place.partition(":")
    return not (ROOT / file).read_text(encoding="utf-8").splitlines()[int(number) - 1].startswith(" ")


PINS = (
    *("README.md", "docs/docsite/rst/*.rst", "examples/**/*.yml", "examples/**/*.md"),
    *("extensions/**/*.yml", "roles/*/README.md", "tools/docsite/*.cfg"),
)


def _pins() -> Iterator[tuple[str, str]]:
    """Yield each version to which a file pins the collection or an image with it, with the file."""
    for file in sorted({file for pattern in PINS for file in ROOT.glob(pattern)}):
        text = file.read_text(encoding="utf-8")
        name = r"apinizer[./]apiops(?:\.git)?"
        for found in re.finditer(
            rf"(?:{name}:==?|{name},|name: \S*{name}\n(?:\s+type: git\n)?\s+version: |eda_project_branch: |/apinizer-(?:ee|de):)['\"]?([\w.<>=-]+)",
            text,
        ):
            yield str(file.relative_to(ROOT)), found.group(1).lstrip("=")


@pytest.mark.parametrize(("file", "pinned"), list(_pins()))
def test_files_pin_the_last_release(file: str, pinned: str) -> None:
    """Between releases, they may pin the next one, which they are written for."""
    assert _parsed(pinned) in {max(RELEASES), NEXT}, file


def test_files_that_install_the_collection_pin_it() -> None:
    assert {
        "README.md",
        "examples/gitops/requirements.yml",
        "extensions/awx/project/collections/requirements.yml",
        "extensions/awx/vars/settings.yml",
        "extensions/decision-environment/decision-environment.yml",
        "extensions/eda-controller/vars/settings.yml",
        "extensions/execution-environment/execution-environment.yml",
    } <= {file for file, _pinned in _pins()}
