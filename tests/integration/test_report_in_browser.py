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
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import audit_report
from ansible_collections.apinizer.apiops.plugins.filter.rotation_report import rotation_report
from integration.machine import COLLECTION, Machine
from unit.plugins.plugin_utils._report.test_samples import AUDITS, HOSTILE, RUNS, certificate, run

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
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# Reports have no scripts. For measuring, this one replaces the policy that forbids them.
MEASURE = """<script>addEventListener("load", () => {
  const excess = (element) => element.scrollWidth - element.clientWidth;
  document.body.dataset.overflow = excess(document.documentElement);
  document.body.dataset.sideways = Math.max(0, ...[...document.querySelectorAll(".scroll")].map(excess));
});</script>"""


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

    def read(self, page: str) -> str:
        """Return the visible text of the page, without styles and the titles of images."""
        dom = self(page, "--dump-dom")
        assert "<script" not in dom
        body = re.sub(r"<(title|desc|style)>.*?</\1>", "", dom.partition("<body>")[2], flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def overflow(self, page: str, width: int, *, measure: str = "overflow") -> int:
        """Return by how many pixels the page is wider than its window.

        With C(sideways): by how many pixels a table is wider than its region.
        """
        measured, replaced = POLICY.subn(MEASURE, page)
        assert replaced == 1
        dom = self(measured, "--dump-dom", f"--window-size={width},900")
        found = re.search(rf'data-{measure}="(\d+)"', dom)
        assert found, dom[-500:]
        return int(found[1])

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


def write_page(machine: Machine, name: str, value: object, expression: str) -> str:
    """Write a report with a playbook and return its content."""
    source = machine.file(f"{name}.json", json.dumps(value))
    target = machine.folder / f"{name}.html"
    content = f"{{{{ lookup('ansible.builtin.file', '{source}') | from_json | {COLLECTION}.{expression} }}}}"
    done = machine.playbook(
        {"name": "write", "ansible.builtin.copy": {"content": content, "dest": str(target)}}, diff=False
    )
    assert done["write"].changed, done.text
    return target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("good", ["✓ Rotated", "Manager https://apinizer.bank.example/manager", "Wave 1 ✓ Done", "✓ New certificate"]),
        ("planned", ["Certificate rotation in check mode", "Mode Check mode: nothing was written", "Not obtained yet"]),
        (
            "refused",
            [
                "! Refused, nothing written",
                "The new certificate has 2 days left, fewer than minimum_days (30).",
                "↶ Previous certificate",
            ],
        ),
        ("rolled_back", ["↶ Failed and rolled back", "Worker gw-2 did not answer within 30 s", "Rollback ✓ Complete"]),
        ("rollback_failed", ["✕ Failed, and the rollback failed", "✕ Another certificate", "Rollback ✕ Incomplete"]),
        ("hostile", [" ".join(text.split()) for text in (*HOSTILE[:3], *HOSTILE[4:6], *HOSTILE[7:])]),
    ],
)
def test_a_playbook_writes_a_readable_rotation_report(
    machine: Machine, browser: Browser, name: str, expected: list[str]
) -> None:
    text = browser.read(write_page(machine, name, RUNS[name](), "rotation_report('html')"))

    assert [fact for fact in expected if fact not in text] == []


def test_a_playbook_writes_a_readable_audit_report(machine: Machine, browser: Browser) -> None:
    text = browser.read(write_page(machine, "audit", AUDITS["findings"](), "audit_report('html')"))

    assert "✕ Expired certificates 6 certificates in 3 environments." in text
    assert "Payments / shop ✕ Expired ≠ Drift · -22 ✕ expired 300" in text


@pytest.mark.parametrize("width", [500, 1400])
@pytest.mark.parametrize("name", ["refused", "hostile", "bare", "many"])
def test_a_run_fits_its_window(browser: Browser, name: str, width: int) -> None:
    assert browser.overflow(rotation_report(RUNS[name](), "html"), width) == 0


@pytest.mark.parametrize("width", [500, 1400])
@pytest.mark.parametrize("name", ["findings", "gateways", "hostile"])
def test_an_audit_fits_its_window(browser: Browser, name: str, width: int) -> None:
    assert browser.overflow(audit_report(AUDITS[name](), "html"), width) == 0


@pytest.mark.parametrize("width", [500, 900, 1180])
def test_no_table_scrolls_sideways_in_a_narrow_window(browser: Browser, width: int) -> None:
    audits = (audit_report(AUDITS[name](), "html") for name in ("findings", "gateways"))
    for page in (rotation_report(RUNS["refused"](), "html"), *audits):
        assert browser.overflow(page, width, measure="sideways") == 0


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
