# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML reports in a browser, as a playbook writes them. Skipped if no Chromium is installed."""

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
# Disable the browser's background requests, and the sandbox, which does not work as root.
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
# Reports contain no scripts; this one measures the page and replaces the policy that forbids scripts.
MEASURE = """<script>addEventListener("load", () => {
  const root = document.documentElement;
  document.body.dataset.overflow = root.scrollWidth - root.clientWidth;
});</script>"""


@dataclass(frozen=True)
class Browser:
    """A browser with a new profile."""

    program: str
    folder: Path

    def __call__(self, page: str, *options: str) -> str:
        """Open a page and return what the browser prints."""
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
        """Return the visible text of the page."""
        dom = self(page, "--dump-dom")
        assert "<script" not in dom
        body = re.sub(r"<(title|desc|style)>.*?</\1>", "", dom.partition("<body>")[2], flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def overflow(self, page: str, width: int) -> int:
        """Return by how many pixels the page is wider than a window of this width."""
        measured, replaced = POLICY.subn(MEASURE, page)
        assert replaced == 1
        dom = self(measured, "--dump-dom", f"--window-size={width},900")
        found = re.search(r'data-overflow="(\d+)"', dom)
        assert found, dom[-500:]
        return int(found[1])

    def picture(self, page: str, *options: str) -> bytes:
        """Return a screenshot of the page as PNG."""
        target = self.folder / "page.png"
        self(page, f"--screenshot={target}", "--window-size=1400,1200", *options)
        return target.read_bytes()


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """The first supported browser that is installed."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    folder = tmp_path / "browser"
    folder.mkdir()
    return Browser(program, folder)


@dataclass
class Listener:
    """A web server that records the requested paths."""

    url: str = ""
    paths: list[str] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A running web server on this machine."""
    found = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Suppress the log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def write_page(machine: Machine, name: str, value: object, expression: str) -> str:
    """Write a report to a file with a playbook, and return its content."""
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
        ("planned", ["Certificate rotation in check mode", "Mode Check mode: nothing was written", "To be obtained"]),
        ("refused", ["! Refused, nothing written", "2 days are left, 30 are asked for.", "↶ Previous certificate"]),
        ("rolled_back", ["↶ Failed and rolled back", "Worker gw-2 did not answer within 30 s", "Rollback ✓ Complete"]),
        ("rollback_failed", ["✕ Failed, and the rollback failed", "✕ Another certificate", "Rollback ✕ Not complete"]),
        ("hostile", [" ".join(text.split()) for text in (*HOSTILE[:3], *HOSTILE[4:6], *HOSTILE[7:])]),
    ],
)
def test_rotation_report_shows_the_facts(machine: Machine, browser: Browser, name: str, expected: list[str]) -> None:
    text = browser.read(write_page(machine, name, RUNS[name](), "rotation_report('html')"))

    assert [fact for fact in expected if fact not in text] == []


def test_audit_report_shows_the_facts(machine: Machine, browser: Browser) -> None:
    text = browser.read(write_page(machine, "audit", AUDITS["estate"](), "audit_report('html')"))

    assert "✕ Expired certificates 6 certificates in 3 environments." in text
    assert "Payments / shop ✕ Expired ≠ Drift · -22 ✕ expired 300" in text


@pytest.mark.parametrize("width", [500, 1400])
@pytest.mark.parametrize("name", ["refused", "hostile", "bare", "many"])
def test_rotation_report_fits_the_window(browser: Browser, name: str, width: int) -> None:
    assert browser.overflow(rotation_report(RUNS[name](), "html"), width) == 0


@pytest.mark.parametrize("width", [500, 1400])
@pytest.mark.parametrize("name", ["estate", "hostile"])
def test_audit_report_fits_the_window(browser: Browser, name: str, width: int) -> None:
    assert browser.overflow(audit_report(AUDITS[name](), "html"), width) == 0


def test_report_has_a_light_and_a_dark_theme(browser: Browser) -> None:
    page = rotation_report(RUNS["good"](), "html")
    light, dark = (browser.picture(page, f"--blink-settings=preferredColorScheme={scheme}") for scheme in (1, 0))

    assert light.startswith(b"\x89PNG")
    assert light != dark
    assert min(len(light), len(dark)) > 20_000, "a page of a single color is smaller"


def test_report_can_be_printed(browser: Browser, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    browser(rotation_report(RUNS["refused"](), "html"), f"--print-to-pdf={paper}", "--no-pdf-header-footer")

    assert paper.read_bytes().startswith(b"%PDF")


def test_report_sends_no_request(browser: Browser, listener: Listener) -> None:
    picture = f'<img src="{listener.url}/picture">'
    browser(f"<!DOCTYPE html>{picture}", "--dump-dom")
    assert listener.paths == ["/picture"], "the listener detects a page that loads a picture"
    listener.paths.clear()

    page = rotation_report(run(certificate(picture, project=picture), manager=listener.url, message=picture), "html")
    browser(page, "--dump-dom")
    assert listener.paths == []

    browser(page.replace("<main>", f"<main>{picture}<script src='{listener.url}/script'></script>"), "--dump-dom")
    assert listener.paths == [], "the policy blocks requests even from injected markup"
