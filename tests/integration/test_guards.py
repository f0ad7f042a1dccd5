# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guards and the status of environments let pass, for real-looking pairs of certificates.

The phases of the role run in this process, over real HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import read_rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_pages import (
    rotation_html,
    rotation_markdown,
)
from integration.certificate_fixture import calls
from integration.phase_runner import PhaseRunner
from manager import Authority, Issued, Manager

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode, pytest.mark.measured]

PROJECT, NAME = "MyProject", "my-certificate"
ENVIRONMENTS = STAGING, PRODUCTION = "staging", "production"
NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


@dataclass
class Rotation:
    """A finished run of the role in this process."""

    table: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    diffs: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        return str(self.result["outcome"])

    @property
    def message(self) -> str:
        return str(self.result["message"])

    @property
    def failed_guards(self) -> set[str]:
        return {guard["guard"] for one in self.result["certificates"] for guard in one["guards"] if not guard["passed"]}

    @property
    def keys(self) -> dict[str, str | None]:
        (certificate,) = self.result["certificates"]
        return {one["name"]: one["key"] for one in certificate["environments"]}


@dataclass
class Case:
    """A manager that holds a certificate in two environments."""

    manager: Manager
    folder: Path

    def hold(self, old: Issued) -> None:
        self.manager.add_project(PROJECT, ENVIRONMENTS)
        self.manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, old))

    def held(self) -> set[bytes]:
        """The DER in the record and at the gateways."""
        record = {der for entries in self.manager.holds(PROJECT, NAME).values() for der in entries}
        return record | {self.manager.served(environment, PROJECT, NAME) or b"" for environment in ENVIRONMENTS}

    def rotate(self, new: str, *, check: bool = False, **variables: Any) -> Rotation:
        given = {"certificates": [{"project": PROJECT, "name": NAME, "content": new}], **variables}
        runner = PhaseRunner(self.manager, self.folder, given, check=check)
        result = runner.run_role()
        diffs = [diff for one in runner.results.values() for diff in one.get("diff", ())]
        return Rotation(runner.results["plan"].get("table", []), runner.warnings, diffs, result)


@pytest.fixture
def generation() -> str:
    return "2026.09"


@pytest.fixture
def case(tmp_path: Path, generation: Any) -> Iterator[Case]:
    with Manager(generation) as manager:
        yield Case(manager, tmp_path)


def usage(*purposes: x509.ObjectIdentifier) -> list[x509.ExtensionType]:
    return [x509.ExtendedKeyUsage(list(purposes))]


def alternative(*names: x509.GeneralName) -> list[x509.ExtensionType]:
    return [x509.SubjectAlternativeName(list(names))]


BOTH = usage(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
SERVER = usage(ExtendedKeyUsageOID.SERVER_AUTH)
SPIFFE = alternative(x509.UniformResourceIdentifier("spiffe://example.com/payment"))
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], set[str]]] = {
    "clientAuth stays": ({"extensions": BOTH}, {"extensions": BOTH}, {}, set()),
    "clientAuth is lost": ({"extensions": BOTH}, {"extensions": SERVER}, {}, {"require_same_usage"}),
    "clientAuth may be lost": ({"extensions": BOTH}, {"extensions": SERVER}, {"require_same_usage": "no"}, set()),
    "another SPIFFE identity": (
        {"extensions": SPIFFE},
        {"extensions": alternative(x509.UniformResourceIdentifier("spiffe://example.com/orders"))},
        {},
        {"require_same_names"},
    ),
    "the same SPIFFE identity": ({"extensions": SPIFFE}, {"extensions": SPIFFE}, {}, set()),
    "a wildcard": ({"dns_names": ["www.example.com"]}, {"dns_names": ["*.example.com"]}, {}, {"require_same_names"}),
    "an accepted wildcard": (
        {"dns_names": ["www.example.com"]},
        {"dns_names": ["*.example.com"]},
        {"allow_wildcard_names": "true"},
        set(),
    ),
    "an accepted wildcard that covers too little": (
        {"dns_names": ["example.com"]},
        {"dns_names": ["*.example.com"]},
        {"allow_wildcard_names": "true"},
        {"require_same_names"},
    ),
}


@pytest.mark.parametrize(("old", "new", "variables", "failed"), PAIRS.values(), ids=PAIRS)
def test_guards_on_pairs_of_certificates(
    case: Case,
    authority: Authority,
    old: dict[str, Any],
    new: dict[str, Any],
    variables: dict[str, Any],
    failed: set[str],
) -> None:
    """A certificate that a guard stops is not written; one that passes is held by the record and the gateways."""
    current = authority.issue("www.example.com", not_after=NOW + 30 * DAY, **old)
    desired = authority.issue("www.example.com", not_after=NOW + 300 * DAY, **new)
    case.hold(current)

    check = case.rotate(desired.pem, check=True, **variables)
    made = case.rotate(desired.pem, **variables)

    assert check.failed_guards == made.failed_guards == failed
    assert (check.outcome, made.outcome) == (("refused", "refused") if failed else ("planned", "rotated"))
    assert case.held() == {(current if failed else desired).der}


def test_an_authority_with_a_new_key_passes_and_a_leaf_in_its_place_does_not(case: Case) -> None:
    """The authorities have the same name."""
    first, second = Authority("Partner CA"), Authority("Partner CA")
    case.hold(Issued(first.der, first.pem, first.pem, ""))
    leaf = first.issue("Partner CA", not_after=NOW + 9000 * DAY)

    refused = case.rotate(leaf.pem)
    rotated = case.rotate(second.pem, require_later_expiry="false")

    assert refused.failed_guards == {"require_same_usage"}
    assert "CA flag is missing: certificates that it has issued will be refused" in refused.message
    assert (rotated.outcome, rotated.keys) == ("rotated", dict.fromkeys(ENVIRONMENTS, "new"))
    assert case.held() == {second.der}


@pytest.mark.parametrize("as_file", [True, False], ids=["file", "text"])
def test_only_a_certificate_of_a_required_issuer_is_written(case: Case, authority: Authority, as_file: bool) -> None:
    stranger = Authority("Example CA")
    old = authority.issue("www.example.com", not_after=NOW + 30 * DAY)
    new, foreign = (one.issue("www.example.com", not_after=NOW + 300 * DAY) for one in (authority, stranger))
    case.hold(old)
    (case.folder / "ca.pem").write_text(Authority("Another CA").pem + authority.pem, encoding="utf-8")
    anchors = "ca.pem" if as_file else authority.pem

    refused = case.rotate(foreign.pem, require_issuer=anchors)

    assert refused.failed_guards == {"require_issuer"}
    assert "is not signed by the key of CN=Example CA,O=Example Inc,C=US" in refused.message
    assert "certificate_rotation_require_issuer" in refused.message
    assert case.held() == {old.der}
    assert case.rotate(foreign.chain_pem, require_issuer=anchors).outcome == "refused"
    assert case.rotate(new.pem, require_issuer=anchors).outcome == "rotated"
    assert case.held() == {new.der}


def test_trust_anchors_that_cannot_be_used_stop_the_run_with_the_plan(case: Case, authority: Authority) -> None:
    case.hold(authority.issue("www.example.com", not_after=NOW + 30 * DAY))

    made = case.rotate(authority.issue("www.example.com").pem, require_issuer="missing.pem")

    assert made.outcome == "refused"
    assert "certificate_rotation_require_issuer: " in made.message
    assert "missing.pem" in made.message


@pytest.mark.parametrize(("required", "passes"), [("false", True), ("true", False)])
def test_a_kept_key_is_shown_and_refused_on_request(
    case: Case, authority: Authority, required: str, passes: bool
) -> None:
    """The plan, the difference and every format of the report say whether the key is kept."""
    old = authority.issue("www.example.com", not_after=NOW + 30 * DAY)
    kept = authority.issue("www.example.com", not_after=NOW + 300 * DAY, key_of=old)
    case.hold(old)

    made = case.rotate(kept.pem, require_new_key=required)

    assert made.failed_guards == (set() if passes else {"require_new_key"})
    assert made.keys == dict.fromkeys(ENVIRONMENTS, "kept")
    assert [line.split()[-1] for line in made.table] == ["key", "kept", "kept"]
    rotation = read_rotation(made.result)
    assert all("key: kept" in page for page in (rotation_html(rotation), rotation_markdown(rotation)))
    if passes:
        (diff,) = made.diffs
        assert [one["key"] for one in diff["after"]["environments"].values()] == ["kept", "kept"]
        again = case.rotate(authority.issue("www.example.com", not_after=NOW + 360 * DAY).pem, require_new_key=required)
        assert again.keys == dict.fromkeys(ENVIRONMENTS, "new")
        assert [line.split()[-1] for line in again.table] == ["key", "new", "new"]


def test_a_list_without_content_does_not_tell_the_key_but_preflight_does(tmp_path: Path, authority: Authority) -> None:
    with Manager("2026.09", list_content=False) as manager:
        case = Case(manager, tmp_path)
        old = authority.issue("www.example.com", not_after=NOW + 30 * DAY)
        case.hold(old)

        made = case.rotate(authority.issue("www.example.com", not_after=NOW + 300 * DAY, key_of=old).pem)

    assert [line.split()[-1] for line in made.table] == ["key", "unknown", "unknown"]
    assert made.keys == dict.fromkeys(ENVIRONMENTS, "kept")


WAYS = {"one update": "", "waves": [[STAGING], [PRODUCTION]]}


@pytest.mark.parametrize("waves", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("check", [True, False], ids=["check mode", "run"])
def test_nothing_is_written_if_an_environment_is_not_published(
    case: Case, authority: Authority, waves: Any, check: bool
) -> None:
    old = authority.issue("www.example.com", not_after=NOW + 30 * DAY)
    case.hold(old)
    case.manager.set_status(PRODUCTION, "UNPUBLISHED")

    made = case.rotate(authority.issue("www.example.com").pem, check=check, waves=waves)

    assert made.outcome == "refused"
    assert f"Environment {PRODUCTION} of project {PROJECT} has the status UNPUBLISHED" in made.message
    assert "certificate_rotation_environments" in made.message
    assert not case.manager.journal.writes()


def test_a_run_that_leaves_the_unpublished_environment_out_goes_on(case: Case, authority: Authority) -> None:
    case.hold(authority.issue("www.example.com", not_after=NOW + 30 * DAY))
    case.manager.set_status(PRODUCTION, "UNPUBLISHED")
    new = authority.issue("www.example.com")

    assert case.rotate(new.pem, environments=STAGING).outcome in ("rotated", "stored")
    assert case.manager.served(STAGING, PROJECT, NAME) == new.der


def test_changes_that_wait_to_be_published_are_a_warning(case: Case, authority: Authority) -> None:
    case.hold(authority.issue("www.example.com", not_after=NOW + 30 * DAY))
    case.manager.set_status(STAGING, "REPUBLISH_REQUIRED")

    made = case.rotate(authority.issue("www.example.com").pem)

    assert made.outcome == "rotated"
    assert made.warnings == [
        (
            f"Environment {STAGING} of project {PROJECT} has the status REPUBLISH_REQUIRED: other changes are waiting to be "
            "published there"
        )
    ]


@pytest.mark.parametrize(
    ("generation", "waves", "asked"),
    [("2026.09", "", 1), ("2026.09", "auto", 1), ("2026.04", "", 1), ("2025", "", 1), ("2024.09", "", 2)],
)
def test_the_environments_of_a_project_are_read_once(
    case: Case, authority: Authority, generation: str, waves: str, asked: int
) -> None:
    """Automatic waves have read them before. A manager of 2024.09 has neither address of the list."""
    case.hold(authority.issue("www.example.com", not_after=NOW + 30 * DAY))
    new = authority.issue("www.example.com")

    assert case.rotate(new.pem, check=True, waves=waves).outcome == "planned"
    assert calls(case.manager.journal).count("environments") == asked

    assert case.rotate(new.pem).outcome in ("rotated", "stored")
    mark = case.manager.journal.mark()
    assert case.rotate(new.pem).outcome == "nothing_to_do"
    assert "environments" not in calls(mark)
