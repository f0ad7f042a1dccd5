# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the given parts of the check, or all of them, and print a summary.

All parts together run in parallel lanes. Most programs use one core only, and pytest uses its share of the cores.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import artifact
import docs
import execution_environment
import legs
import sanity
from project import (
    BIN,
    CACHE,
    DIST,
    HOME,
    PACKAGES,
    PLACE,
    ROOT,
    Failed,
    Unavailable,
    console,
    copy_tree,
    environment,
    files,
    run,
    say,
    versions,
)

LICENSE = "SPDX-License-Identifier: GPL-3.0-or-later"
LANES = 3
"""How many parts run in parallel: one more than two cores, because tests often wait. Pytest runs share the cores."""

SHOWN_FAILURES = 20
"""How many failed tests of a part the summary repeats."""

COVERAGE = CACHE / "coverage"
MEASURED = ("unit", "integration")
"""The parts whose coverage counts."""

Part = Callable[[], str]


@dataclass(frozen=True)
class Result:
    """The result of a part. The note contains the versions that it ran with, or why it did not pass."""

    part: str
    verdict: str
    seconds: float
    cpu_seconds: float
    note: str
    output: str


@dataclass(frozen=True)
class Options:
    """How the suites run: arguments for pytest, and whether all parts run."""

    arguments: list[str]
    complete: bool = False
    """Whether all parts run, so that the legs run what `integration` can leave out."""
    coverage: bool = False

    @property
    def workers(self) -> str:
        """The number of processes for pytest. With 0, the tests run in the process of pytest itself."""
        if not self.complete:
            return "auto"
        share = (os.cpu_count() or 1) // LANES
        return str(share if share > 1 else 0)


def lint() -> str:
    """Run every linter, then fail if any of them found a problem."""
    _all(
        _headers,
        lambda: run(BIN / "ruff", "check", "."),
        lambda: run(BIN / "ruff", "format", "--check", "."),
        lambda: run(BIN / "mypy", *_typed()),
        lambda: run(BIN / "yamllint", "--strict", "."),
        lambda: run(BIN / "shellcheck", *_shell_scripts()),
        lambda: run(BIN / "ansible-lint", "--offline", "--strict", "--nocolor", "--profile", "production"),
    )
    return "license headers, ruff, mypy, yamllint, shellcheck, ansible-lint"


def changelog_lint() -> str:
    run(BIN / "antsibull-changelog", "lint")
    run(BIN / "antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    return "antsibull-changelog"


def docs_lint() -> str:
    options = ("--plugin-docs", "--validate-collection-refs", "self")
    run(BIN / "antsibull-docs", "lint-collection-docs", *options, copy_tree("docs-lint"))
    return "antsibull-docs"


def build() -> str:
    """Build the artifact, and return its name."""
    return artifact.build().name


def importer() -> str:
    name = build()
    env = environment(GALAXY_IMPORTER_CONFIG=ROOT / "tools" / "galaxy-importer.cfg")
    said = run(BIN / "python", "-m", "galaxy_importer.main", DIST / name, cwd=HOME, env=env)
    if found := [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR"))]:
        raise Failed(f"galaxy-importer found {len(found)}, first: {found[0]}")
    return name


def pytest(
    suite: str,
    options: Options,
    *marks: str,
    python: Path = BIN / "python",
    programs: Path = BIN,
    module_python: Path | None = None,
) -> str:
    """Run a suite of tests.

    :arg marks: further arguments for pytest, such as the tests to select by marker.
    :arg python: the Python that runs the tests.
    :arg programs: the folder with the Ansible under test.
    :arg module_python: the Python of tasks that run as modules; None for that of Ansible.
    :returns: the versions under test.
    """
    selected = _selected(suite, options.arguments)
    if not selected:
        return f"no test of tests/{suite} is selected"
    note = versions(programs / "python")
    say(f"# {suite} tests with {note}")
    env = environment(programs, APIOPS_TEST_BIN=programs)
    if module_python:
        env["APIOPS_TEST_MODULE_PYTHON"] = str(module_python)
    words = ["--numprocesses", options.workers, *marks]
    if options.coverage:
        env["COVERAGE_FILE"] = str(COVERAGE / suite)
        # The part `coverage` reports, and compares with the floor.
        words += ["--cov", "--cov-report=", "--cov-fail-under=0"]
    run(python, "-m", "pytest", *words, *selected, env=env)
    return note


def _selected(suite: str, arguments: list[str]) -> list[str]:
    """Return pytest's arguments for a suite: paths in the arguments replace the whole suite.

    :returns: an empty list if the paths are all outside the suite.
    """
    paths = [word for word in arguments if (ROOT / word.partition("::")[0]).exists()]
    if not paths:
        return [f"tests/{suite}", *arguments]
    folder = ROOT / "tests" / suite
    inside = [word for word in paths if (ROOT / word.partition("::")[0]).resolve().is_relative_to(folder)]
    return [*inside, *(word for word in arguments if word not in paths)] if inside else []


def unit(options: Options) -> str:
    """Run the unit tests. If all parts run, this is one of the last, and its tests often wait: two processes."""
    return pytest("unit", options, *(("--numprocesses", "2") if options.complete else ()))


def integration(options: Options) -> str:
    """Run the integration tests. If all parts run, leave out the tests that both legs run anyway."""
    if not options.complete:
        return pytest("integration", options)
    if legs.available():
        # The longest part: two processes, so that both cores are used until the end.
        note = pytest("integration", options, "--quick-modes", "-m", "exhaustive", "--numprocesses", "2")
        return f"{note}; those marked exhaustive, because the legs run the others"
    return pytest("integration", options, "--quick-modes")


def fleet() -> str:
    """Rotate on a few managers in sliced jobs, one of which is killed. With fewer due certificates, it takes less time."""
    run(BIN / "python", "-m", "fleet", "--due", "40", env=environment(PYTHONPATH=ROOT / "tests"))
    return versions(BIN / "python")


def leg(name: str, options: Options) -> str:
    """Run the tests of the collection with the versions of a leg.

    The unit tests run in the leg's own Python. The integration tests run in the main Python and start the programs of the
    leg, because the fake manager does not support the oldest libraries. Therefore the tests of the fake manager and of the
    benchmark, the fleet, and random cases, which use it, are left out, as are tests that depend on no version. If all parts
    run, the legs divide the cases of the integration tests between them. In the oldest leg, tasks that run as modules use
    Python 3.9, if this machine has it.
    """
    programs = legs.prepare(name) / "bin"
    module_python = legs.prepare_module_host() if name == "oldest" else None
    share = ("--share", f"{list(legs.LEGS).index(name) + 1}/{len(legs.LEGS)}") if options.complete else ()
    options = replace(options, coverage=False)
    run_integration = partial(pytest, "integration", options, "-m", "not exhaustive", "--quick-modes", *share)
    left_out = tuple(
        word for part in ("manager", "bench", "fleet", "fuzz") for word in ("--ignore", f"tests/unit/{part}")
    )
    _all(
        lambda: pytest("unit", options, *left_out, python=programs / "python", programs=programs),
        lambda: run_integration(programs=programs, module_python=module_python),
    )
    modules = f"; modules with {versions(module_python, PACKAGES[1:])}" if module_python else ""
    return versions(programs / "python") + modules


def coverage() -> str:
    """Combine the coverage of the measured parts, report it, and fail if it is below the floor in pyproject.toml."""
    combined = COVERAGE / "combined"
    combined.unlink(missing_ok=True)
    measured = [COVERAGE / part for part in MEASURED if (COVERAGE / part).exists()]
    if not measured:
        raise Failed(f"nothing was measured: run it together with {' and '.join(MEASURED)}")
    env = environment(COVERAGE_FILE=combined)
    run(BIN / "coverage", "combine", "--quiet", "--keep", *measured, env=env)
    said = run(BIN / "coverage", "report", env=env)
    (total,) = (line.split()[-1] for line in said.splitlines() if line.startswith("TOTAL"))
    return f"{total} of the lines in plugins/"


def _all(*checks: Callable[[], object]) -> None:
    """Run every check even if one fails, then fail with the messages of all."""
    found = []
    for check in checks:
        try:
            check()
        except Failed as failure:
            found.append(str(failure))
    if found:
        raise Failed("; ".join(found))


def _headers() -> None:
    """Require a license header in the first lines of every script and YAML file, except those of the changelog."""
    lacking = []
    for file in files("*.py", "*.sh", "*.yml", "*.yaml", "Makefile", ".ci/run"):
        text = (ROOT / file).read_text(encoding="utf-8")
        if text and file.parts[0] != "changelogs" and not any(LICENSE in line for line in text.splitlines()[:6]):
            lacking.append(str(file))
    if lacking:
        raise Failed("no license header in " + ", ".join(lacking))


def _typed() -> Iterator[str]:
    """Yield what mypy checks: everything except the tests."""
    for part in ("plugins", "extensions"):
        yield from ("--package", ".".join((*PLACE.parts, part)))
    for package in ("manager", "demo", "bench", "fleet"):
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


def _parts(options: Options) -> dict[str, Part]:
    """Return all parts in the order of a run by name.

    If all run, `build` is part of another one, `coverage` follows the others, and `preview` is left out.
    """
    return {
        "lint": lint,
        "changelog-lint": changelog_lint,
        "unit": lambda: unit(options),
        "docs-lint": docs_lint,
        "docs": docs.check,
        "build": build,
        "ee": execution_environment.check,
        "importer": importer,
        "sanity": sanity.run,
        "integration": lambda: integration(options),
        "oldest": lambda: leg("oldest", options),
        "newest": lambda: leg("newest", options),
        "preview": lambda: leg("preview", options),
        "fleet": fleet,
        "coverage": coverage,
    }


LANE_ORDER = (
    *("newest", "oldest", "integration", "sanity", "lint", "unit"),
    *("fleet", "importer", "docs", "docs-lint", "ee", "changelog-lint"),
)
"""All parts, longest first, so that the lanes end at about the same time. The part `importer` includes `build`."""


def _result(name: str, part: Part, *, buffered: bool = False) -> Result:
    """Run a part. `buffered`: return its output instead of showing it."""
    start = time.monotonic()
    with console(buffered=buffered) as used:
        say(f"\n=== {name} ===")
        try:
            verdict, note = "passed", part()
        except Failed as failure:
            verdict, note = "FAILED", str(failure)
        except Unavailable as reason:
            verdict, note = "not run", str(reason)
        if verdict != "passed":
            say(f"{name} {verdict}: {note}")
    output = used.text.getvalue() if used.text else ""
    return Result(name, verdict, time.monotonic() - start, used.cpu_seconds, note, output)


def _run_in_lanes(parts: Mapping[str, Part]) -> list[Result]:
    """Run all parts in lanes; show the output of each when it ends."""
    results = {}
    with ThreadPoolExecutor(LANES) as pool:
        running = [pool.submit(_result, name, parts[name], buffered=True) for name in LANE_ORDER]
        print(
            f"Running {len(running)} parts, {LANES} at a time. The output of each part follows when it ends.",
            flush=True,
        )
        try:
            for done in as_completed(running):
                result = done.result()
                print(result.output, end="")
                print(f"--- {result.part} {result.verdict} after {result.seconds:.0f} s", flush=True)
                results[result.part] = result
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [results[name] for name in parts if name in results]


def _repeat_failures(result: Result) -> None:
    """Print again which tests failed, because the output of other parts may follow that of a failed one."""
    failures = [line for line in result.output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    for line in failures[:SHOWN_FAILURES]:
        print(f"{result.part}: {line}")
    if len(failures) > SHOWN_FAILURES:
        print(f"{result.part}: {len(failures) - SHOWN_FAILURES} more")


def _report(results: list[Result], seconds: float) -> bool:
    """Print the summary; return whether no part failed."""
    print("\n=== summary ===")
    for result in results:
        print(
            f"{result.part:15} {result.verdict:8} {result.seconds:5.0f} s {result.cpu_seconds:5.0f} s CPU  {result.note}"
        )
    verdicts = [result.verdict for result in results]
    if "not run" in verdicts:
        print("'not run': this machine lacks what the part needs. It counts neither as passed nor as failed.")
    for result in results:
        if result.verdict == "FAILED":
            _repeat_failures(result)
    cpu = sum(result.cpu_seconds for result in results)
    print(
        f"\n{verdicts.count('passed')} passed, {verdicts.count('FAILED')} failed, in {seconds:.0f} s ({cpu:.0f} s CPU)",
        flush=True,
    )
    return "FAILED" not in verdicts


def main() -> None:
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    names = words[:end]
    options = Options(words[end + 1 :], complete=not names, coverage=not names or "coverage" in names)
    parts = _parts(options)
    if unknown := [name for name in names if name not in parts]:
        sys.exit(
            f"usage: check.py [PART ...] [-- PYTEST ARGUMENTS]; unknown part {unknown[0]}, known: {', '.join(parts)}"
        )
    if options.coverage:
        shutil.rmtree(COVERAGE, ignore_errors=True)
        COVERAGE.mkdir(parents=True)
    start = time.monotonic()
    if names:
        results = [_result(name, parts[name]) for name in names]
    else:
        results = [*_run_in_lanes(parts), _result("coverage", coverage)]
    sys.exit(not _report(results, time.monotonic() - start))


if __name__ == "__main__":
    main()
