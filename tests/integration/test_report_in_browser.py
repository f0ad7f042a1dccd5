# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports that a playbook writes, opened in a browser. Skipped if Chromium is not installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import audit_report
from ansible_collections.apinizer.apiops.plugins.filter.rotation_report import rotation_report
from integration.machine import COLLECTION, Machine
from unit.plugins.plugin_utils._report.test_samples import (
    AUDITS,
    HOSTILE,
    RUNS,
    SEVERAL_AUDITS,
    SEVERAL_RUNS,
    certificate,
    run,
)

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60
# No background activity of the browser, and no sandbox, which is not available to root.
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Shows pages in frames and writes what it finds there into the document. Pages in frames keep their policy, which forbids
# scripts, so the script of the document around them reads and measures them.
FRAMES = """<!DOCTYPE html><meta charset="utf-8"><body><pre id="found"></pre>
<script>addEventListener("load", () => {
  const excess = (element) => element.scrollWidth - element.clientWidth;
  const gap = (page) => {
    const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT), boxes = [...page.querySelectorAll("rect")];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const range = page.createRange();
      range.selectNodeContents(node);
      if (node.textContent.trim()) boxes.push(range);
    }
    const found = boxes.map((box) => box.getBoundingClientRect()).filter((box) => box.height).sort((a, b) => a.top - b.top);
    let end = 0, largest = 0;
    for (const box of found) [largest, end] = [Math.max(largest, box.top - end), Math.max(end, box.bottom)];
    return Math.round(largest);
  };
  document.getElementById("found").textContent = JSON.stringify([...document.querySelectorAll("iframe")].map(({contentDocument: page}) => ({
    body: page.body.outerHTML,
    overflow: excess(page.documentElement),
    gap: gap(page),
    sideways: Math.max(0, ...[...page.querySelectorAll(".scroll")].map(excess)),
  })));
});</script>"""


@dataclass(frozen=True)
class Frame:
    """A page as a browser shows it.

    :arg body: its elements as HTML.
    :arg overflow: by how many pixels the page is wider than its window.
    :arg gap: the height in pixels of the largest part without text and bars, from the top to the last of them.
    :arg sideways: by how many pixels a table is wider than its region.
    """

    body: str
    overflow: int
    gap: int
    sideways: int

    @property
    def text(self) -> str:
        """The visible text, without styles and the titles of images."""
        assert "<script" not in self.body
        visible = re.sub(r"<(title|desc|style)>.*?</\1>", "", self.body, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", visible)).split())


@dataclass(frozen=True)
class Browser:
    """A browser with a new profile."""

    program: str
    folder: Path

    def __call__(self, page: str, *options: str) -> str:
        """Open a page and return the standard output of the browser."""
        source = self.folder / "page.html"
        source.write_text(page, encoding="utf-8")
        done = subprocess.run(
            [self.program, *QUIET, f"--user-data-dir={self.folder / 'profile'}", *options, source.as_uri()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=True,
        )
        return done.stdout

    def show(self, pages: Sequence[str], width: int) -> list[Frame]:
        """Show pages in windows of this width, which takes one start of the browser."""
        frame = '<iframe style="border: 0; width: {}px; height: 900px" srcdoc="{}"></iframe>'
        dom = self(FRAMES + "".join(frame.format(width, escape(page)) for page in pages), "--dump-dom")
        found = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
        assert found, dom[-500:]
        frames = [Frame(**measured) for measured in json.loads(unescape(found[1]))]
        assert len(frames) == len(pages)
        return frames

    def picture(self, page: str, *options: str) -> bytes:
        """Return a screenshot of the page as PNG."""
        target = self.folder / "page.png"
        self(page, f"--screenshot={target}", "--window-size=1400,1200", *options)
        return target.read_bytes()


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """The first installed browser."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    folder = tmp_path / "browser"
    folder.mkdir()
    return Browser(program, folder)


@dataclass
class Listener:
    """The requests that a web server received."""

    url: str = ""
    paths: list[str] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A web server on localhost that records requests."""
    found = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Do not log requests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


READABLE = {
    "good": ["✓ Rotated", "Manager https://apinizer.bank.example/manager", "Wave 1 ✓ Done", "✓ New certificate"],
    "planned": ["Certificate rotation in check mode", "Mode Check mode: nothing was written", "Not obtained yet"],
    "refused": [
        "! Refused, nothing written",
        "The new certificate has 2 days left, fewer than minimum_days (30).",
        "↶ Previous certificate",
    ],
    "rolled_back": ["↶ Failed and rolled back", "Worker gw-2 did not answer within 30 s", "Rollback ✓ Complete"],
    "rollback_failed": ["✕ Failed, and the rollback failed", "✕ Another certificate", "Rollback ✕ Incomplete"],
    "hostile": [" ".join(text.split()) for text in (*HOSTILE[:3], *HOSTILE[4:6], *HOSTILE[7:])],
}
"""Parts of the text of each report on a rotation."""


def write_pages(machine: Machine, values: Mapping[str, object], filter_call: str) -> list[str]:
    """Write reports with a playbook and return their content."""
    for name, value in values.items():
        machine.file(f"{name}.json", json.dumps(value))
    source = f"lookup('ansible.builtin.file', '{machine.folder}/' ~ item ~ '.json')"
    content = f"{{{{ {source} | from_json | {COLLECTION}.{filter_call} }}}}"
    copy = {"content": content, "dest": f"{machine.folder}/{{{{ item }}}}.html"}
    done = machine.playbook({"name": "write", "ansible.builtin.copy": copy, "loop": list(values)}, diff=False)
    assert done["write"].changed, done.text
    return [(machine.folder / f"{name}.html").read_text(encoding="utf-8") for name in values]


def test_a_playbook_writes_readable_rotation_reports(machine: Machine, browser: Browser) -> None:
    pages = write_pages(machine, {name: RUNS[name]() for name in READABLE}, "rotation_report('html')")

    for (name, expected), frame in zip(READABLE.items(), browser.show(pages, 1400)):
        assert [fact for fact in expected if fact not in frame.text] == [], name


def test_a_playbook_writes_a_readable_audit_report(machine: Machine, browser: Browser) -> None:
    pages = write_pages(machine, {"audit": AUDITS["findings"]()}, "audit_report('html')")

    (frame,) = browser.show(pages, 1400)
    assert "✕ Expired certificates 6 certificates in 3 environments." in frame.text
    assert "Payments / shop ✕ Expired ≠ Drift · -22 ✕ expired 300" in frame.text


def opened(page: str) -> str:
    """Return the page with all details open."""
    return page.replace("<details ", "<details open ")


@pytest.mark.parametrize("width", [400, 1400])
def test_reports_fit_their_window(browser: Browser, width: int) -> None:
    runs = {name: rotation_report(RUNS[name](), "html") for name in ("refused", "hostile", "bare", "many")}
    audits = {name: audit_report(AUDITS[name](), "html") for name in ("findings", "gateways", "hostile")}

    several = {
        "several runs": rotation_report(SEVERAL_RUNS["fleet"](), "html", expected=["x" * 300]),
        "several hostile runs": opened(rotation_report(SEVERAL_RUNS["hostile"](), "html")),
        "several audits": opened(audit_report(SEVERAL_AUDITS["audits"](), "html")),
    }
    names = [*runs, *(f"audit {name}" for name in audits), *several]

    frames = browser.show([*runs.values(), *audits.values(), *several.values()], width)

    overflows = [frame.overflow for frame in frames]
    assert dict(zip(names, overflows)) == dict.fromkeys(names, 0)
    assert max(frame.gap for frame in frames) <= 80, "a part of a page is empty"


def test_a_page_that_is_too_wide_is_noticed(browser: Browser) -> None:
    wide = '<body style="margin: 0"><div style="width: 700px">x</div>'
    table = '<div class="scroll" style="overflow: auto"><div style="width: 600px">x</div></div>'
    first, second = browser.show([wide, f'<body style="margin: 0">{table}'], 500)

    assert (first.overflow, second.sideways) == (200, 100)


def test_a_page_with_an_empty_part_is_noticed(browser: Browser) -> None:
    (frame,) = browser.show(['<body style="margin: 0">above<div style="height: 600px"></div>below'], 400)

    assert 600 <= frame.gap <= 610


@pytest.mark.parametrize("width", [500, 900, 1180])
def test_no_table_scrolls_sideways_in_a_narrow_window(browser: Browser, width: int) -> None:
    audits = (audit_report(AUDITS[name](), "html") for name in ("findings", "gateways"))

    several = opened(rotation_report(SEVERAL_RUNS["fleet"](), "html"))

    frames = browser.show([rotation_report(RUNS["refused"](), "html"), *audits, several], width)

    assert [frame.sideways for frame in frames] == [0, 0, 0, 0]


def test_a_page_has_a_light_and_a_dark_scheme(browser: Browser) -> None:
    page = rotation_report(RUNS["good"](), "html")
    light, dark = (browser.picture(page, f"--blink-settings=preferredColorScheme={scheme}") for scheme in (1, 0))

    assert light.startswith(b"\x89PNG")
    assert light != dark
    assert min(len(light), len(dark)) > 20_000, "a page of one color is smaller"


def test_a_page_can_be_printed(browser: Browser, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    browser(rotation_report(RUNS["refused"](), "html"), f"--print-to-pdf={paper}", "--no-pdf-header-footer")

    assert paper.read_bytes().startswith(b"%PDF")


def test_a_page_sends_no_requests(browser: Browser, listener: Listener) -> None:
    picture = f'<img src="{listener.url}/picture">'
    browser(f"<!DOCTYPE html>{picture}", "--dump-dom")
    assert listener.paths == ["/picture"], "the listener must notice a page that loads something"
    listener.paths.clear()

    page = rotation_report(run(certificate(picture, project=picture), manager=listener.url, message=picture), "html")
    browser(page, "--dump-dom")
    assert listener.paths == []

    browser(page.replace("<main>", f"<main>{picture}<script src='{listener.url}/script'></script>"), "--dump-dom")
    assert listener.paths == [], "the policy must block requests even if markup gets through"
