# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the pictures of the README from a run of the demo: the terminal as SVG, and the report as PNG.

`--record` runs the demo, and stores its output without what differs between runs. The SVG is always made from the stored output,
so that a test can compare them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests" / "demo" / "output.txt"
TERMINAL = ROOT / "docs" / "pictures" / "demo.svg"
REPORTS = {1: ROOT / "docs" / "pictures" / "report.png", 0: ROOT / "docs" / "pictures" / "report_dark.png"}
"""The pictures of the report, by the number that Chromium gives to their color scheme."""
DEMO_REPORT = ROOT / ".cache" / "demo" / "rolled-back" / "rotation.html"

STEP = "3. "
"""The number of the step of the demo that the pictures show: a rotation that is rolled back."""
COLUMNS = 100
FONT_SIZE = 13
CHARACTER, LINE, MARGIN = FONT_SIZE * 0.602, 18, 18
"""The width of a character of a monospaced font, the height of a line, and the space around the text, in pixels."""
COLORS = {"31": "#ff8f87", "32": "#7fd88f", "33": "#e8c266", "34": "#86b6ff", "35": "#d7a6f5", "36": "#6fd3dd"}
PAPER, INK, BAR = "#161b22", "#d5dbe3", "#2a323d"

_ESCAPE = re.compile(r"\x1b\[([\d;]*)m")


def record() -> str:
    """Run the demo in color and return the step that the pictures show, without what differs between runs."""
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "1"}
    done = subprocess.run(
        ["make", "demo"], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True
    )
    return normalized(_step(done.stdout))


def _step(output: str) -> str:
    """Return the command of the step and its output."""
    headings = re.split(r"^=+\n(?=\d+\. )", output, flags=re.MULTILINE)
    (step,) = [part for part in headings if part.startswith(STEP)]
    return step[step.index("$ ") :].rstrip() + "\n"


def normalized(text: str) -> str:
    """Replace dates, fingerprints, and paths, and leave out what a reader does not need.

    Left out are the included files, and Ansible's own display of each error, which `fatal:` repeats.
    """
    text = re.sub(r"reports=\S+/rolled-back", "reports=reports", text)
    text = re.sub(r"^\S*included: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\S*\[ERROR\]: .*\n(?:(?!.*fatal:).*\n)*", "", text, flags=re.MULTILINE)
    text = re.sub(r"^TASK \[[^\]\n]*Validating arguments.*\n.*\n\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^TASK \[[^\]\n]*\] \*+\n\n", "", text, flags=re.MULTILINE)  # its output was left out above
    text = re.sub(r"^TASK \[(?:apinizer\.apiops\.\w+ : )?(.*)\] \*+$", _heading, text, flags=re.MULTILINE)
    text = re.sub(r"(?<=localhost\x1b\[0m) +:", " :", text)
    fingerprints = list(dict.fromkeys(re.findall(r"\b[0-9a-f]{16}(?=\.\.\.)", text)))
    for number, fingerprint in enumerate(fingerprints):
        text = text.replace(fingerprint, ("4db5846275c3ff2c", "b65e03c3d1e75740")[number])
    years = list(dict.fromkeys(re.findall(r"\b(\d{4}-\d\d-\d\d)", text)))
    for number, day in enumerate(sorted(years)):
        text = text.replace(day, ("2026-12-05", "2027-11-26")[number])
    return re.sub(r"T\d\d:\d\d:\d\dZ", "T12:00:00Z", text)


def _heading(found: re.Match[str]) -> str:
    """Return the heading of a task without the name of its role."""
    return f"TASK [{found[1]}] ".ljust(COLUMNS - 20, "*")


def terminal(text: str) -> str:
    """Return a picture of a terminal with the text. A line that is too long is cut off, as in a terminal that does not wrap.

    :arg text: the output, with escape sequences for colors.
    """
    lines = [_spans(line) for line in text.splitlines()]
    width, height = round(COLUMNS * CHARACTER + 2 * MARGIN), len(lines) * LINE + 2 * MARGIN + 26
    rows = "\n".join(
        f'<text x="{MARGIN}" y="{44 + MARGIN + number * LINE}">{spans}</text>'
        for number, spans in enumerate(lines)
        if spans
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- Copyright: (c) 2026, apinizer.apiops contributors
     GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
     SPDX-License-Identifier: GPL-3.0-or-later
     Made by tools/pictures.py from tests/demo/output.txt. -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">
<title id="title">The demo: a rotation in three waves, in which the deployment to staging fails</title>
<style>
  text {{ font: {FONT_SIZE}px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; fill: {INK}; white-space: pre; }}
  {" ".join(f".c{code} {{ fill: {color}; }}" for code, color in COLORS.items())}
  .command {{ fill: #ffffff; font-weight: bold; }}
</style>
<rect width="{width}" height="{height}" rx="10" fill="{PAPER}"/>
<path d="M0 10A10 10 0 0 1 10 0H{width - 10}A10 10 0 0 1 {width} 10V30H0z" fill="{BAR}"/>
<circle cx="20" cy="15" r="5" fill="#ff8f87"/><circle cx="38" cy="15" r="5" fill="#e8c266"/><circle cx="56" cy="15" r="5" fill="#7fd88f"/>
{rows}
</svg>
"""


def _spans(line: str) -> str:
    """Return a line as spans with the colors of its escape sequences."""
    if line.startswith("$ "):
        return f'<tspan class="command">{escape(line[:COLUMNS], quote=False)}</tspan>'
    return "".join(
        f'<tspan class="c{color}">{escape(text, quote=False)}</tspan>' if color in COLORS else escape(text, quote=False)
        for color, text in _cut(line)
    )


def _cut(line: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a line with their colors, up to the width of the terminal."""
    color, left = "", COLUMNS
    first, *others = _ESCAPE.split(line.rstrip())
    for code, text in zip(("", *others[::2]), (first, *others[1::2]), strict=True):
        color = code.rpartition(";")[2] if code else color
        if text[:left]:
            yield color, text[:left]
        left = max(0, left - len(text))


def report() -> None:
    """Make pictures of the report that the demo has written, light and dark, with a manager that is not on this machine."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.exit("Chromium is required to make a picture of the report.")
    text = re.sub(r"http://127\.0\.0\.1:\d+", "https://apinizer.example.com", DEMO_REPORT.read_text(encoding="utf-8"))
    text = re.sub(r"/tmp/apinizer-demo-\w+/", "/srv/rotation/", text)  # noqa: S108 - the demo's own folder, which is gone
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        page.write_text(text, encoding="utf-8")
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")
        for scheme, picture in REPORTS.items():
            settings = (f"--blink-settings=preferredColorScheme={scheme}", "--window-size=920,1118")
            target = (f"--user-data-dir={folder}/profile", f"--screenshot={picture}", page.as_uri())
            subprocess.run([browser, *options, *settings, *target], capture_output=True, check=True, timeout=60)


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--record", action="store_true", help="run the demo first, and make a picture of its report as well"
    )
    if parser.parse_args().record:
        OUTPUT.write_text(record(), encoding="utf-8")
        report()
    TERMINAL.write_text(terminal(OUTPUT.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
