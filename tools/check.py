# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the named parts of the check, or all of them, and sum them up."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import docs
import execution_environment
import legs
import sanity
from project import BIN, DIST, HOME, PLACE, ROOT, Failed, Unavailable, copy_tree, environment, files, run, versions

LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"


@dataclass(frozen=True)
class Result:
    """What became of a part; the note says what it ran with, or why it did not pass."""

    part: str
    verdict: str
    seconds: float
    note: str


def lint() -> str:
    """Let every linter speak, then fail if any of them found something."""
    _all(
        _headers,
        lambda: run(BIN / "ruff", "check", "."),
        lambda: run(BIN / "ruff", "format", "--check", "."),
        lambda: run(BIN / "mypy", *_typed()),
        lambda: run(BIN / "yamllint", "--strict", "."),
        lambda: run(BIN / "shellcheck", *_shell_scripts()),
        lambda: run(BIN / "ansible-lint", "--offline", "--strict", "--nocolor", "--profile", "production"),
    )
    return "licence headers, ruff, mypy, yamllint, shellcheck, ansible-lint"


def changelog_lint() -> str:
    run(BIN / "antsibull-changelog", "lint")
    run(BIN / "antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    return "antsibull-changelog"


def docs_lint() -> str:
    options = ("--plugin-docs", "--validate-collection-refs", "self")
    run(BIN / "antsibull-docs", "lint-collection-docs", *options, copy_tree())
    return "antsibull-docs"


def build() -> str:
    """Build the artifact from the project's files alone; return its name."""
    for old in DIST.glob("*.tar.gz"):
        old.unlink()
    run(BIN / "ansible-galaxy", "collection", "build", "--output-path", DIST, copy_tree())
    return next(DIST.glob("*.tar.gz")).name


def importer() -> str:
    artifact = build()
    env = environment(GALAXY_IMPORTER_CONFIG=ROOT / "tools" / "galaxy-importer.cfg")
    said = run(BIN / "python", "-m", "galaxy_importer.main", DIST / artifact, cwd=HOME, env=env)
    if found := [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR"))]:
        raise Failed(f"galaxy-importer found {len(found)}, first: {found[0]}")
    return artifact


def pytest(suite: str, arguments: list[str], *, python: Path = BIN / "python", programs: Path = BIN) -> str:
    """Run a suite with a Python, against the Ansible of a folder; return the versions there."""
    note = versions(programs / "python")
    print(f"# {suite} tests with {note}", flush=True)
    env = environment(programs, APIOPS_TEST_BIN=programs)
    run(python, "-m", "pytest", "--numprocesses", "auto", f"tests/{suite}", *arguments, env=env)
    return note


def integration(arguments: list[str], *, legs_follow: bool) -> str:
    """Run the integration tests; of those that both legs are about to run, none a third time."""
    if not legs_follow:
        return pytest("integration", arguments)
    quick = ["--quick-modes", *arguments]
    if legs.available():
        return pytest("integration", ["-m", "exhaustive", *quick]) + "; the exhaustive ones, the others with the legs"
    return pytest("integration", quick)


def leg(name: str, arguments: list[str]) -> str:
    """Run the tests of the collection with the leg's versions.

    The unit tests run in the leg's own Python. The integration tests drive the leg's programs from outside, and the
    stand-in manager, which is theirs, need not cope with the oldest libraries; so its own tests are left out too, with
    those of the benchmark that uses it, and so are the long matrices of cases that depend on no version.
    """
    programs = legs.prepare(name) / "bin"
    left_out = ("--ignore", "tests/unit/manager", "--ignore", "tests/unit/bench")
    _all(
        lambda: pytest("unit", [*left_out, *arguments], python=programs / "python", programs=programs),
        lambda: pytest("integration", ["-m", "not exhaustive", "--quick-modes", *arguments], programs=programs),
    )
    return versions(programs / "python")


def _all(*checks: Callable[[], object]) -> None:
    """Run every check even when one fails; then fail with what all of them found."""
    found = []
    for check in checks:
        try:
            check()
        except Failed as failure:
            found.append(str(failure))
    if found:
        raise Failed("; ".join(found))


def _headers() -> None:
    """Every script, and every YAML file but the changelog's, says its licence in its first lines."""
    lacking = []
    for file in files("*.py", "*.sh", "*.yml", "*.yaml", "Makefile", ".ci/run"):
        text = (ROOT / file).read_text(encoding="utf-8")
        if text and file.parts[0] != "changelogs" and not any(LICENCE in line for line in text.splitlines()[:6]):
            lacking.append(str(file))
    if lacking:
        raise Failed("no licence header in " + ", ".join(lacking))


def _typed() -> Iterator[str]:
    """What mypy checks: all that is not a test."""
    for part in ("plugins", "extensions"):
        yield from ("--package", ".".join((*PLACE.parts, part)))
    for package in ("manager", "demo", "bench"):
        if files(f"tests/{package}/*.py"):
            yield from ("--package", package)
    for tool in files("tools/*.py"):
        yield from ("--module", ".".join(tool.relative_to("tools").with_suffix("").parts))


def _shell_scripts() -> Iterator[Path]:
    for file in files():
        with (ROOT / file).open("rb") as script:
            first = script.readline()
        if file.suffix == ".sh" or (first.startswith(b"#!") and first.rstrip().endswith((b"sh", b"bash"))):
            yield file


def _parts(arguments: list[str], *, legs_follow: bool) -> dict[str, Callable[[], str]]:
    """All parts, those that fail fastest first."""
    return {
        "lint": lint,
        "changelog-lint": changelog_lint,
        "unit": lambda: pytest("unit", arguments),
        "docs-lint": docs_lint,
        "docs": docs.check,
        "build": build,
        "ee": execution_environment.check,
        "importer": importer,
        "sanity": sanity.run,
        "integration": lambda: integration(arguments, legs_follow=legs_follow),
        "oldest": lambda: leg("oldest", arguments),
        "newest": lambda: leg("newest", arguments),
    }


def _result(name: str, part: Callable[[], str]) -> Result:
    print(f"\n=== {name} ===", flush=True)
    start = time.monotonic()
    try:
        verdict, note = "passed", part()
    except Failed as failure:
        verdict, note = "FAILED", str(failure)
    except Unavailable as reason:
        verdict, note = "not run", str(reason)
    if verdict != "passed":
        print(f"{name} {verdict}: {note}", flush=True)
    return Result(name, verdict, time.monotonic() - start, note)


def _report(results: list[Result]) -> bool:
    """Print the summary; return whether nothing failed."""
    print("\n=== summary ===")
    for result in results:
        print(f"{result.part:15} {result.verdict:8} {result.seconds:5.0f} s  {result.note}")
    verdicts = [result.verdict for result in results]
    if "not run" in verdicts:
        print("'not run' means that this machine lacks what the part needs: it counts neither as passed nor as failed.")
    print(f"\n{verdicts.count('passed')} passed, {verdicts.count('FAILED')} failed", flush=True)
    return "FAILED" not in verdicts


def main() -> None:
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    names, parts = words[:end], _parts(words[end + 1 :], legs_follow=not words[:end])
    if unknown := [name for name in names if name not in parts]:
        sys.exit(f"usage: check.py [PART ...] [-- PYTEST ARGUMENTS]; no part {unknown[0]}, but {', '.join(parts)}")
    names = names or [name for name in parts if name != "build"]  # importer builds as well
    sys.exit(not _report([_result(name, parts[name]) for name in names]))


if __name__ == "__main__":
    main()
