# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a rotation as HTML and Markdown, and the rules for all pages."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import audit_report
from ansible_collections.apinizer.apiops.plugins.filter.rotation_report import FilterModule, rotation_report
from unit.plugins.plugin_utils._report.test_samples import (
    AUDITS,
    HOSTILE,
    RUNS,
    SEVERAL_AUDITS,
    SEVERAL_RUNS,
    bare,
    certificate,
    entry,
    good,
    hostile,
    planned,
    refused,
    rollback_failed,
    run,
)

VOID = {"meta", "link", "br", "wbr"}
PAGES = {
    **{f"run {name}": (rotation_report, make) for name, make in RUNS.items()},
    **{f"audit {name}": (audit_report, make) for name, make in AUDITS.items()},
    **{f"several runs {name}": (rotation_report, make) for name, make in SEVERAL_RUNS.items()},
    **{f"several audits {name}": (audit_report, make) for name, make in SEVERAL_AUDITS.items()},
}


class Page(HTMLParser):
    """The elements and texts of a page.

    :ivar wrong: elements that are not closed in order.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Page:
    render, make = PAGES[request.param]
    return Page(render(make(), "html"))


def test_a_page_is_well_formed(page):
    assert page.wrong == []
    identifiers = Counter(attributes["id"] for _tag, attributes in page.elements if "id" in attributes)
    assert [one for one, number in identifiers.items() if number > 1] == []
    targets = [str(attributes["href"]) for tag, attributes in page.elements if tag in ("a", "use")]
    assert {target.removeprefix("#") for target in targets} <= set(identifiers)


def test_a_page_is_self_contained(page):
    names = {tag for tag, _attributes in page.elements}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "base"}
    for _tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset", "style", "data")]
        assert (attributes.get("href") or "#").startswith(("#", "data:,"))
    policy = next(one["content"] for one in page.named("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_a_page_is_accessible(page):
    assert page.named("html") == [{"lang": "en"}]
    assert len(page.named("title")) >= 1
    levels = [int(tag[1]) for tag, _attributes in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attributes.get("scope") in ("col", "row", "rowgroup") for attributes in page.named("th"))
    assert all(one.get("role") == "img" or one.get("aria-hidden") == "true" for one in page.named("svg"))
    pictures = sum(one.get("role") == "img" for one in page.named("svg"))
    assert len(page.named("title")) == pictures + 1
    assert len(page.named("desc")) == pictures


def test_the_style_sheet_loads_nothing():
    assert not re.search(r"url\(|@import|@font-face", rotation_report(good(), "html"))


def test_hostile_texts_are_shown_verbatim():
    shown = Page(rotation_report(hostile(), "html")).text
    for text in HOSTILE[:6]:
        assert " ".join(text.split()) in shown.replace("\ufffd", "")


def test_hostile_texts_are_escaped_in_markdown():
    lines = rotation_report(hostile(), "md").splitlines()
    assert not [line for line in lines if re.search(r"<\w|(?<!\\)`|\w\*\*|@everyone", line)]
    tables = [line for line in lines if line.startswith("|")]
    widths = {line.count("|") for line in tables}
    # All rows of a table have as many cells as its header.
    assert widths == {line.count("|") for line in tables if set(line) <= set("|-: ")}


def normalize(source: str) -> str:
    return " ".join(source.split())


@pytest.mark.parametrize("output_format", ["html", "md"])
def test_both_formats_contain_the_same_facts(output_format):
    result = rollback_failed()
    source = rotation_report(result, output_format)
    text = normalize(Page(source).text if output_format == "html" else source)
    for fact in (
        "Failed, and the rollback failed",
        "THE ROLLBACK IS INCOMPLETE",
        "https://apinizer.bank.example/manager",
        "4 min 12 s",
        "Wave by wave",
        "leaves the others alone",
        "/var/lib/apinizer/backups/apinizer-prod-20261123T045548Z.json",
        "Worker gw-2 did not answer within 30 s",
        "Another certificate",
        "CN=someone-else.example.com",
        entry("someone-else", left=40)["fingerprint_sha256"],
        entry("someone-else", left=40)["serial_number"],
        "Update: the certificate expires soon",
        "the manager answered 503 to the update",
        "Rollback",
        "Certificates without changes",
    ):
        assert fact in text


@pytest.mark.parametrize("output_format", ["html", "md"])
def test_guards_that_failed_come_first(output_format):
    text = rotation_report(refused(), output_format).partition("Details by certificate")[2].replace("\\", "")
    assert text.index("minimum_days") < text.index("require_same_subject")
    assert "The new certificate has 2 days left, fewer than minimum_days (30)." in text


@pytest.mark.parametrize("output_format", ["html", "md"])
def test_check_mode_is_named(output_format):
    text = rotation_report(planned(), output_format)
    assert "Certificate rotation in check mode" in text
    assert "Planned, nothing written" in text
    assert "Not obtained yet" in text


@pytest.mark.parametrize("output_format", ["html", "md"])
def test_nulls_are_shown_as_dashes(output_format):
    text = rotation_report(bare(), output_format)
    assert "No backup" in text
    assert not re.search(r"\bNone\b|\bnull\b", text.partition("</style>")[2] or text)


def test_a_page_of_a_large_run_has_a_reasonable_size():
    source = rotation_report(run(*(certificate(f"service-{number}") for number in range(1000))), "html")
    assert len(Page(source).named("article")) == 1000
    assert len(source) < 12_000_000


@pytest.mark.parametrize("output_format", ["pdf", "", None, "HTML"])
def test_an_unknown_format_is_refused(output_format):
    with pytest.raises(AnsibleFilterError, match=f"the format must be html, md or prom, not '{output_format}'"):
        rotation_report(good(), output_format)


def test_wrong_input_is_refused():
    with pytest.raises(AnsibleFilterError, match=r"rotation_report: result\.schema: must be 1"):
        rotation_report(good() | {"schema": 2}, "html")


def test_ansible_finds_the_filter():
    assert FilterModule().filters() == {"rotation_report": rotation_report}
