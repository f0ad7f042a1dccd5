# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation on a certificate, on every generation: in check mode, as a real run, and again.

Check mode sends GET requests only and predicts the real run; the second run finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.modules import apinizer_certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.in_process import run_in_process
from integration.certificate_fixture import (
    ALIAS,
    DEPLOYED,
    DESCRIPTION,
    ENVIRONMENTS,
    NAME,
    CertificateFixture,
    MakeCase,
    assert_accurate,
    assert_error,
    calls,
)
from integration.machine import CERTIFICATE, Outcome, Run, task
from manager import Fault

GENERATIONS = ("2024.09", "2025", "2026.04", "2026.09", "openapi")
WITH_IMPORT = ("2026.09", "openapi")
WRITES = ("create", "update", "import", "delete")


@dataclass(frozen=True)
class Scenario:
    """A task and its expected effect.

    `holds` names the certificate (`old` or `new`) of each environment afterwards, `calls` the requests of the real run.
    `new` in the options stands for the PEM text of the new certificate.
    """

    operation: str
    calls: tuple[str, ...]
    holds: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    aliases: str = ALIAS
    description: str = DESCRIPTION
    exists: bool = True


_OLD, _NEW = dict.fromkeys(DEPLOYED, "old"), dict.fromkeys(DEPLOYED, "new")
SCENARIOS = {
    "nothing to do": Scenario("none", ("get",), _OLD, {"content": "old", "alias": ALIAS, "environments": [*DEPLOYED]}),
    "create": Scenario(
        "create",
        ("get", "list", "environments", "create", "get"),
        dict.fromkeys(ENVIRONMENTS, "new"),
        {"content": "new", "environments": [*ENVIRONMENTS]},
        aliases=NAME,
        description=NAME,
        exists=False,
    ),
    "certificate only": Scenario("update", ("get", "jwks", "update", "get"), _NEW, {"content": "new"}),
    "description only": Scenario(
        "update", ("get", "jwks", "update", "get"), _OLD, {"description": "Renewed"}, description="Renewed"
    ),
    "alias only": Scenario(
        "update", ("get", "list", "jwks", "update", "get"), _OLD, {"alias": "another"}, aliases="another"
    ),
    "add environment": Scenario(
        "update",
        ("get", "jwks", "environments", "list", "update", "get"),
        dict.fromkeys(ENVIRONMENTS, "old"),
        {"environments": [*ENVIRONMENTS]},
    ),
    "remove": Scenario(
        "update",
        ("get", "jwks", "update", "get"),
        {"staging": "new"},
        {"content": "new", "environments": ["staging"], "unlisted_environments": "remove"},
    ),
    "widen with update": Scenario(
        "update",
        ("get", "jwks", "update", "get"),
        _NEW,
        {"content": "new", "environments": ["staging"], "unlisted_environments": "update"},
    ),
    "keep": Scenario(
        "import",
        ("get", "import", "get", "truststore"),
        {"development": "old", "staging": "new"},
        {"content": "new", "environments": ["staging"], "unlisted_environments": "keep"},
    ),
    "absent": Scenario("delete", ("list", "delete", "list"), {}, {"state": "absent"}),
}
# 2024.09 reports no descriptions, and 2024.09 and 2025 have no import-file: see the separate tests below.
EVERYWHERE = [name for name in SCENARIOS if name not in ("description only", "keep")]
MATRIX = [
    *((generation, name) for generation in GENERATIONS for name in EVERYWHERE),
    *((generation, "description only") for generation in GENERATIONS if generation != "2024.09"),
    *((generation, "keep") for generation in WITH_IMPORT),
]
TIMES = {"check": True, "real": False, "again": False}
"""The three times that a scenario runs, and whether each is in check mode. Each has a token, which identifies its requests."""

ThreeTimes = Callable[[CertificateFixture, Mapping[str, Any]], Run]


def _in_a_play(case: CertificateFixture, options: Mapping[str, Any]) -> Run:
    """Run a task in check mode, as a real run and again, in one play."""
    return case.machine.playbook(
        *(task(name, check_mode=check, **_options(case, name, options)) for name, check in TIMES.items())
    )


def _in_this_process(case: CertificateFixture, options: Mapping[str, Any]) -> Run:
    """The same without Ansible's processes, for differences on the manager's side, which no version of Ansible affects."""
    outcomes = {}
    for name, check in TIMES.items():
        given = _options(case, name, options)
        definition = apinizer_certificate.DEFINITION
        outcomes[name] = Outcome(
            run_in_process(definition, CERTIFICATE, given, check_mode=check, show_invocation=False)
        )
    return Run(0, "", outcomes)


def _options(case: CertificateFixture, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    given = {"old": case.old.pem, "new": case.new.pem}
    chosen = {key: given.get(value, value) if key == "content" else value for key, value in options.items()}
    return case.options(case.manager.add_token(name), **chosen)


def _calls_by(case: CertificateFixture, token: str) -> list[str]:
    return calls(case.manager.journal.by(token))


def _expected_calls(scenario: Scenario, generation: str) -> list[str]:
    """Return the expected requests.

    2024.09 documents no list of environments, so both generations' addresses are tried, unless the JWKs show the generation.
    """
    if generation != "2024.09":
        return list(scenario.calls)
    lookups = [] if "jwks" in scenario.calls else ["environments"] * 2
    return [call for name in scenario.calls for call in (lookups if name == "environments" else [name])]


def _before_the_write(expected: list[str]) -> list[str]:
    return next((expected[:index] for index, call in enumerate(expected) if call in WRITES), expected)


def _expected_description(case: CertificateFixture, scenario: Scenario) -> str:
    """An update must send a description: the name, where the manager does not report the current one."""
    lost = scenario.operation == "update" and not case.manager.options.dialect.shows_description
    return NAME if lost else scenario.description


def _assert_state(case: CertificateFixture, scenario: Scenario) -> None:
    """Assert that the manager and its gateways hold what the scenario expects, and nothing else."""
    der = {"old": case.old.der, "new": case.new.der}
    expected = {environment: der[which] for environment, which in scenario.holds.items()}
    assert case.gateway_certificates() == expected
    assert case.record_certificates() == {environment: [value] for environment, value in expected.items()}
    if expected:
        assert case.aliases() == dict.fromkeys(expected, scenario.aliases)
        assert case.description() == _expected_description(case, scenario)


def _assert_check_mode_foretold(run: Run) -> None:
    for key in ("changed", "operation", "certificate", "previous", "diff"):
        assert run["check"][key] == run["real"][key], key
    assert set(run["check"].result) - {"warnings"} == set(run["real"].result) - {"warnings"}


def _run(case: CertificateFixture, scenario: Scenario, expected: list[str], three_times: ThreeTimes) -> Run:
    """Run a scenario three times, and assert what applies to every scenario."""
    run = three_times(case, scenario.options)
    assert run.status == 0, run.text
    assert not run["check"].failed
    assert not run["real"].failed
    assert not run["again"].failed
    _assert_check_mode_foretold(run)
    _assert_state(case, scenario)
    assert_accurate(run["real"], case.manager)
    assert_accurate(run["again"], case.manager)
    assert (run["real"]["operation"], run["real"].changed) == (scenario.operation, scenario.operation != "none")
    assert (run["again"]["operation"], run["again"].changed) == ("none", False)
    assert _calls_by(case, "check") == _before_the_write(expected)
    assert _calls_by(case, "real") == expected
    assert len(_calls_by(case, "again")) == 1
    for token in ("check", "real", "again"):
        assert len(case.manager.journal.by(token).connections()) == 1, token
    return run


@pytest.mark.parametrize("name", [name for generation, name in MATRIX if generation == "2026.09"])
def test_check_mode_predicts_the_change_and_a_second_run_changes_nothing(make_case: MakeCase, name: str) -> None:
    scenario = SCENARIOS[name]
    case = make_case("2026.09", with_certificate=scenario.exists)

    _assert_deployment(_run(case, scenario, _expected_calls(scenario, "2026.09"), _in_a_play), scenario)


@pytest.mark.exhaustive
@pytest.mark.single_mode
@pytest.mark.parametrize(("generation", "name"), MATRIX)
def test_every_generation_ends_in_the_same_state(make_case: MakeCase, generation: str, name: str) -> None:
    scenario = SCENARIOS[name]
    case = make_case(generation, with_certificate=scenario.exists)

    _assert_deployment(_run(case, scenario, _expected_calls(scenario, generation), _in_this_process), scenario)


def _assert_deployment(run: Run, scenario: Scenario) -> None:
    """Assert what each run of a scenario says about the deployment."""
    assert run["check"]["deployment"] is None
    assert run["again"]["deployment"] is None
    if scenario.operation == "none":
        assert run["real"]["deployment"] is None
    elif scenario.operation == "import":
        # The manager's response to import-file reports no deployment, so the result claims none, and the gateways are asked.
        assert run["real"]["deployment"]["success"] is None
        assert [gateway["state"] for gateway in run["real"]["gateways"]] == ["confirmed"]
    else:
        touched = scenario.holds or _OLD
        deployment = run["real"]["deployment"]
        assert deployment["success"] is True
        assert {one["name"]: one["success"] for one in deployment["environments"]} == dict.fromkeys(touched, True)
        assert deployment["message"] == "Deployment completed successfully"


# Variants of managers within a generation, and the requests that they require.
VARIANTS: dict[str, dict[str, Any]] = {
    "2024.09 in Turkish": {"generation": "2024.09", "language": "tr"},
    "2025 in Turkish": {"generation": "2025", "language": "tr"},
    "2026.09 in Turkish": {"generation": "2026.09", "language": "tr"},
    "no content in lists": {"generation": "2026.09", "list_content": False},
    "no content at all": {"generation": "2026.09", "list_content": False, "get_content": False},
    "URL with a path": {"generation": "2025", "prefix": "/gate/way"},
}


@pytest.mark.exhaustive
@pytest.mark.single_mode
@pytest.mark.parametrize("name", ["nothing to do", "create", "certificate only", "absent"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_managers_lead_to_the_same_state(make_case: MakeCase, variant: str, name: str) -> None:
    options, scenario = VARIANTS[variant], SCENARIOS[name]
    case = make_case(with_certificate=scenario.exists, **options)
    expected = _expected_calls(scenario, options["generation"])
    if name == "absent" and not options.get("list_content", True):
        # The PEM text for `previous` takes a request of its own.
        expected.insert(1, "get")

    run = _run(case, scenario, expected, _in_this_process)

    if scenario.exists:
        contents = [entry["content"] for entry in run["real"]["previous"]["environments"]]
        # Without content in its responses, a manager can be compared only with what the task gives.
        known = options.get("get_content", True) or name == "nothing to do"
        assert contents == [case.old.pem if known else None] * len(DEPLOYED)
    else:
        assert run["real"]["previous"] is None


def test_unreported_description_alone_is_not_a_change(make_case: MakeCase) -> None:
    """2024.09 does not report descriptions, so there is nothing to compare, and a warning says so."""
    case = make_case("2024.09")

    run = _in_a_play(case, {"description": "Renewed"})

    for name in ("check", "real", "again"):
        assert not run[name].failed
        assert (run[name].changed, run[name]["operation"]) == (False, "none")
        assert ["does not report the description" in warning for warning in run[name].warnings] == [True]
    assert case.description() == DESCRIPTION
    assert calls(case.manager.journal) == ["get"] * 3


def test_unreported_description_is_written_with_another_change(make_case: MakeCase) -> None:
    case = make_case("2024.09")

    outcome = case.run(content=case.new.pem, description="Renewed")

    assert case.description() == "Renewed"
    assert outcome["certificate"]["description"] == "Renewed"
    assert outcome["diff"]["after"]["description"] == "Renewed"


def test_failed_change_of_the_description_only_is_reported(make_case: MakeCase) -> None:
    """The certificate is the same before and after, so only the failed request reveals it."""
    case = make_case("2024.09")
    case.manager.faults.add(Fault("status", method="PUT", status=500))

    outcome = case.run(description="Renewed", force=True)

    assert_error(outcome, "HTTP 500", "The manager's record of certificate my-certificate is unchanged")
    assert not outcome.changed
    assert outcome["certificate"]["description"] is None
    assert case.description() == DESCRIPTION


@pytest.mark.parametrize("generation", ["2024.09", "2025"])
def test_keep_requires_import_file(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation)
    before = case.manager.snapshot()

    run = _in_a_play(case, SCENARIOS["keep"].options)

    for name in ("real", "again"):
        assert_error(run[name], "import-file", "unlisted_environments")
        assert not run[name].changed
        assert_accurate(run[name], case.manager)
    assert case.manager.snapshot() == before
    assert not [request for request in case.manager.journal if request.applied]


def test_diff_shows_the_parsed_certificates(case: CertificateFixture) -> None:
    serial_number = f"{case.old.certificate.serial_number:x}"

    run = case.machine.playbook(
        task("update", check_mode=True, **case.options(content=case.new.pem, description="Renewed"))
    )

    diff = run["update"]["diff"]
    assert diff["before_header"] == diff["after_header"] == "MyProject/my-certificate"
    assert (diff["before"]["description"], diff["after"]["description"]) == (DESCRIPTION, "Renewed")
    for environment in DEPLOYED:
        before, after = diff["before"]["environments"][environment], diff["after"]["environments"][environment]
        assert (before["fingerprint_sha256"], after["fingerprint_sha256"]) == (case.old.sha256, case.new.sha256)
        assert before["subject"] == "CN=www.example.com,O=Example Inc,C=US"
        assert before["serial_number"] == serial_number
    shown = [line for line in run.text.splitlines() if "fingerprint_sha256" in line]
    assert [(line[0], line.split('"')[3]) for line in shown] == [("-", case.old.sha256), ("+", case.new.sha256)] * 2


def test_result_has_every_field(case: CertificateFixture) -> None:
    begin, end = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), datetime(2126, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    new = case.authority.issue("www.example.com", not_before=begin, not_after=end)

    outcome = case.run(content=new.pem)

    staging = outcome["certificate"]["environments"][1]
    assert [entry["name"] for entry in outcome["certificate"]["environments"]] == sorted(DEPLOYED)
    assert staging == {
        "name": "staging",
        "alias": ALIAS,
        "subject": "CN=www.example.com,O=Example Inc,C=US",
        "issuer": "CN=Example CA,O=Example Inc,C=US",
        "serial_number": f"{new.certificate.serial_number:x}",
        "not_before": "2026-01-02T03:04:05Z",
        "not_after": "2126-01-02T03:04:05Z",
        "days_remaining": (end - datetime.now(timezone.utc)).days,
        "percent_remaining": 99,
        "expired": False,
        "fingerprint_sha256": new.sha256,
        "fingerprint_sha1": new.sha1,
        "public_key_sha256": new.public_key_sha256,
        "entries": 1,
    }
    previous = outcome["previous"]
    assert [entry.pop("content") for entry in previous["environments"]] == [case.old.pem] * 2
    assert [entry["fingerprint_sha256"] for entry in previous["environments"]] == [case.old.sha256] * 2
