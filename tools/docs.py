# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site offline, and check all links."""

from __future__ import annotations

import shutil
from pathlib import Path

import links
from project import BIN, CACHE, PLACE, ROOT, Failed, copy_tree, environment, files, run, say

SETTINGS = ROOT / "tools" / "docsite"
SOURCES = CACHE / "docs" / "rst"
SITE = CACHE / "docs" / "html"


def check() -> str:
    """Build the site, and check its links and those of the Markdown files. Return a summary."""
    build()
    pages = {file: links.read_html(file.read_text(encoding="utf-8")) for file in sorted(SITE.rglob("*.html"))}
    texts = {ROOT / file: links.read_markdown((ROOT / file).read_text(encoding="utf-8")) for file in files("*.md")}
    tracked = {ROOT / file for file in files()}
    known = tracked | {folder for file in tracked for folder in file.parents if folder.is_relative_to(ROOT)}
    broken = links.broken(pages, SITE, Path.is_file) + links.broken(texts, ROOT, known.__contains__)
    for line in broken:
        say(line)
    if broken:
        raise Failed(f"{len(broken)} broken links, first: {broken[0]}")
    count = sum(len(page.links) for page in (*pages.values(), *texts.values()))
    return f"{(SITE / 'index.html').relative_to(ROOT)}: {len(pages)} pages; {count} links, including *.md"


def build() -> None:
    """Generate the reference, add the guides, and build HTML from both. Warnings are errors."""
    tree = copy_tree("docs")
    shutil.rmtree(SOURCES.parent, ignore_errors=True)
    SOURCES.mkdir(parents=True, mode=0o755)
    env = environment(ANSIBLE_COLLECTIONS_PATH=tree.parents[len(PLACE.parts) - 1])
    run(
        *(BIN / "antsibull-docs", "--config-file", SETTINGS / "antsibull-docs.cfg", "collection"),
        *("--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", SOURCES, ".".join(PLACE.parts[1:])),
        env=env,
    )
    # Reuse nothing from an earlier build.
    options = ("--quiet", "--fresh-env", "--write-all", "--fail-on-warning", "--keep-going")
    run(BIN / "sphinx-build", "-b", "html", "-c", SETTINGS, *options, SOURCES, SITE, env=env)
