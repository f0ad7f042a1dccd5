# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site without network access, and check its links and that it shows public plugins only."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

import links
import reference_pages
from project import BIN, CACHE, PLACE, ROOT, Failed, copy_tree, environment, files, run

SETTINGS = ROOT / "tools" / "docsite"
SOURCES = CACHE / "docs" / "rst"
SITE = CACHE / "docs" / "html"
COLLECTION = ".".join(PLACE.parts[1:])

INTERNAL = "Internal:"
"""How the short description of an internal plugin begins. This is the only place that decides what is internal."""


PLAYBOOKS = {
    "audit": "guide_several_managers",
    "export": "guide_gitops",
    "merge_reports": "guide_several_managers",
    "notify": "guide_event_driven",
    "restore": "guide_waves",
    "rotate": "guide_waves",
}
"""The guide that explains each playbook."""


@dataclass(frozen=True)
class Plugin:
    """A plugin with documentation: its kind as in the names of the site's pages (`module`, `filter`, ...), and its files."""

    kind: str
    name: str
    files: tuple[Path, ...]

    @property
    def page(self) -> str:
        """The name of its page in the site."""
        return f"{self.name}_{self.kind}.html"


def check() -> str:
    """Build the site and check it, together with the links of the Markdown files.

    :return: a note for the summary: where the site is, and its size.
    :raises Failed: if a link is broken, the site shows an internal plugin, or the start page leaves out a page.
    """
    internal = build()
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(SITE.rglob("*.html"))}
    pages = {file: links.read_html(text) for file, text in texts.items()}
    markdown = {ROOT / file: links.read_markdown((ROOT / file).read_text(encoding="utf-8")) for file in files("*.md")}
    tracked = {ROOT / file for file in files()}
    known = tracked | {folder for file in tracked for folder in file.parents if folder.is_relative_to(ROOT)}
    repository = links.Repository(ROOT, known, markdown)
    broken = [
        *links.broken(pages, SITE, Path.is_file, repository),
        *links.broken(markdown, ROOT, known.__contains__, repository),
    ]
    exposed = pages_that_show(internal, texts)
    unlisted = pages_without_entry(pages, SITE / "index.html")
    for line in broken + exposed + unlisted:
        print(line)
    if broken:
        raise Failed(f"{len(broken)} broken links, first: {broken[0]}")
    if exposed:
        raise Failed(f"{len(exposed)} pages show an internal plugin, first: {exposed[0]}")
    if unlisted:
        raise Failed(f"{len(unlisted)} pages are not on the start page, tools/docsite/index.rst, first: {unlisted[0]}")
    count = sum(len(page.links) for page in (*pages.values(), *markdown.values()))
    index = (SITE / "index.html").relative_to(ROOT)
    return f"{index}: {len(pages)} pages without {len(internal)} internal plugins; {count} links, including *.md"


def build() -> list[Plugin]:
    """Generate the reference from the sources, add the guides, and build the HTML. A warning is an error.

    :return: the internal plugins, which the site leaves out. A public page that refers to one of them fails the build.
    """
    tree = copy_tree("docs")
    internal = [plugin for plugin, summary in documented_plugins(tree) if summary.startswith(INTERNAL)]
    for plugin in internal:
        for file in plugin.files:
            file.unlink()
    shutil.rmtree(SOURCES.parent, ignore_errors=True)
    SOURCES.mkdir(parents=True, mode=0o755)
    env = environment(ANSIBLE_COLLECTIONS_PATH=tree.parents[len(PLACE.parts) - 1])
    run(
        *(BIN / "antsibull-docs", "--config-file", SETTINGS / "antsibull-docs.cfg", "collection"),
        *("--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", SOURCES, COLLECTION),
        env=env,
    )
    _complete()
    # --fresh-env and --write-all: do not reuse anything from an earlier build.
    options = ("--quiet", "--fresh-env", "--write-all", "--fail-on-warning", "--keep-going")
    run(BIN / "sphinx-build", "-b", "html", "-c", SETTINGS, *options, SOURCES, SITE, env=env)
    return internal


def _complete() -> None:
    """Add what antsibull-docs leaves out: the pictures, the plugins for ansible-rulebook, and the playbooks. Replace its index by our start page."""
    guides = ROOT / "docs" / "docsite" / "rst"
    for picture in sorted(guides.glob("*.svg")):
        shutil.copy(picture, SOURCES / "docsite")
    shutil.copytree(ROOT / "docs" / "pictures", SOURCES / "pictures")
    shutil.copy(SETTINGS / "index.rst", SOURCES)
    for file in sorted((ROOT / "extensions" / "eda" / "plugins").glob("*/*.py")):
        documentation, examples = (
            yaml.safe_load(_constant(file, "DOCUMENTATION") or ""),
            _constant(file, "EXAMPLES") or "",
        )
        kind, name = file.parent.name.replace("_", " "), f"{COLLECTION}.{file.stem}"
        page = reference_pages.event_plugin(kind, name, documentation, examples, "guide_event_driven")
        (SOURCES / f"{file.stem}_{file.parent.name}.rst").write_text(page, encoding="utf-8")
    for name, guide in PLAYBOOKS.items():
        text = (ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8")
        page = reference_pages.playbook(f"{COLLECTION}.{name}", text, guide)
        (SOURCES / f"{name}_playbook.rst").write_text(page, encoding="utf-8")


def documented_plugins(tree: Path) -> Iterator[tuple[Plugin, str]]:
    """Find the plugins that have documentation, each with its short description.

    :arg tree: a collection's folder.
    """
    for file in sorted(tree.glob("plugins/*/*")):
        documentation = _documentation(file)
        if documentation:
            kind = "module" if file.parent.name == "modules" else file.parent.name
            # The code of a filter may be in a file beside its documentation.
            found = tuple(part for part in sorted({file, file.with_suffix(".py")}) if part.is_file())
            yield Plugin(kind, file.stem, found), str(documentation["short_description"])


def _documentation(file: Path) -> dict[str, object] | None:
    """Read the documentation of a plugin from its code, or from the YAML file beside it."""
    if file.suffix == ".yml":
        return dict(yaml.safe_load(file.read_text(encoding="utf-8"))["DOCUMENTATION"])
    if file.suffix == ".py":
        text = _constant(file, "DOCUMENTATION")
        return dict(yaml.safe_load(text)) if text else None
    return None


def _constant(file: Path, wanted: str) -> str | None:
    """Read a text that a Python file assigns to a name."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))) if name == wanted:
                return text
    return None


def pages_that_show(internal: list[Plugin], texts: Mapping[Path, str]) -> list[str]:
    """List the pages of the site that belong to an internal plugin, link to its page, or mention its full name.

    :arg texts: the HTML of each page.
    """
    found = []
    for plugin in internal:
        shown = re.compile(rf"\b{re.escape(plugin.page)}\b|\b{re.escape(f'{COLLECTION}.{plugin.name}')}(?!\w|\.\w)")
        for page, text in texts.items():
            if page.name == plugin.page or shown.search(text):
                found.append(f"{page.name}: shows the internal {plugin.kind} {plugin.name}")
    return found


def pages_without_entry(pages: Mapping[Path, links.Page], start: Path) -> list[str]:
    """List the pages of the site to which its start page has no link. The start page is written by hand."""
    listed = {(start.parent / link.partition("#")[0]).resolve() for link in pages[start].links}
    return [
        page.name
        for page in pages
        if page.resolve() not in listed and page not in (start, start.with_name("search.html"))
    ]
