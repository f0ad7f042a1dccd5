# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate lookup: the values it returns, the requests it sends, and its errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.certificate_fixture import NAME, PROJECT, CertificateFixture, MakeCase, calls
from integration.guides import shown_files
from integration.machine import COLLECTION, INFO, Run, task

# The plugin always runs in the controller's process.
pytestmark = pytest.mark.single_mode

PLUGIN = f"{COLLECTION}.certificate"
MANAGER_ITSELF = "apimanager"
FIELDS = (
    *("alias", "subject", "issuer", "serial_number", "not_before", "not_after"),
    *("days_remaining", "percent_remaining", "expired", "fingerprint_sha256", "fingerprint_sha1", "public_key_sha256"),
    "entries",
)


def _expression(*names: str, function: str = "lookup", **options: Any) -> str:
    given = {"project": PROJECT, **options}
    arguments = [repr(PLUGIN), *map(repr, names or (NAME,)), *(f"{key}={value!r}" for key, value in given.items())]
    return f"{{{{ {function}({', '.join(arguments)}) }}}}"


def _show(title: str, expression: str) -> dict[str, Any]:
    return {"name": title, "ansible.builtin.debug": {"msg": expression}}


def _play(case: CertificateFixture, *tasks: dict[str, Any], arguments: tuple[str, ...] = (), **keywords: Any) -> Run:
    env = {"APINIZER_URL": case.manager.url, "APINIZER_TOKEN": case.manager.token, "APINIZER_RETRIES": "0"}
    return case.machine.playbook(*tasks, env=env, arguments=arguments, **keywords)


def _shown(run: Run, title: str) -> str:
    """Return the output of a debug task as text: only some versions of ansible-core keep the type of a value."""
    return str(run[title]["msg"])


@pytest.mark.parametrize(
    "generation", [*(pytest.param(old, marks=pytest.mark.exhaustive) for old in ("2024.09", "2025")), "2026.09"]
)
def test_certificate_is_returned_as_pem_with_one_request(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation, list_content=False)

    run = _play(case, _show("pem", _expression()))

    assert _shown(run, "pem").strip() == case.old.pem.strip()
    assert calls(case.manager.journal) == ["get"]


@pytest.mark.exhaustive
def test_fields_equal_those_of_the_info_module(case: CertificateFixture) -> None:
    options = {"url": case.manager.url, "token": case.manager.token, "project": PROJECT}

    run = _play(
        case,
        task("info", INFO, **options),
        *[_show(field, _expression(field=field, environment="staging")) for field in FIELDS],
    )

    (entry,) = [entry for entry in run["info"]["certificates"][0]["environments"] if entry["name"] == "staging"]
    assert {field: _shown(run, field) for field in FIELDS} == {field: str(entry[field]) for field in FIELDS}
    assert set(entry) == {*FIELDS, "name", "chain"}


def test_several_names_share_one_session(case: CertificateFixture) -> None:
    odd = "a/b ü"
    case.manager.add_certificate(PROJECT, odd, {"staging": case.new}, alias="{{ 1 + 1 }}")

    run = _play(
        case,
        _show("fingerprints", f"{{{{ query({PLUGIN!r}, names, project={PROJECT!r}, field='fingerprint_sha256') }}}}"),
        _show("alias", f"{{{{ lookup({PLUGIN!r}, names[1], project={PROJECT!r}, field='alias') }}}}"),
        vars={"names": [NAME, odd]},
    )

    assert run["fingerprints"]["msg"] == [case.old.sha256, case.new.sha256]
    assert _shown(run, "alias") == "{{ 1 + 1 }}", "a value of the manager was evaluated as a template"
    assert calls(case.manager.journal) == ["get", "get", "get"]
    assert len({request.connection for request in list(case.manager.journal)[:2]}) == 1


@pytest.mark.exhaustive
def test_environment_selects_the_certificate(case: CertificateFixture) -> None:
    newest = case.authority.issue("www.example.com", not_before=case.new.certificate.not_valid_before_utc)
    case.manager.set_entry(PROJECT, NAME, "staging", case.new)
    case.manager.add_certificate(PROJECT, "doubled", {"staging": [case.old, newest], "apimanager": newest})

    run = _play(
        case,
        _show("staging", _expression(environment="staging", field="fingerprint_sha256")),
        _show("any", _expression()),
        _show("same subject", _expression(field="subject")),
        _show("the newest entry", _expression("doubled", environment="apimanager", field="fingerprint_sha256")),
        _show("entries", _expression("doubled", environment="staging", field="entries")),
    )

    assert _shown(run, "staging") == case.new.sha256
    assert "content of certificate MyProject/my-certificate is not the same in development, staging" in _shown(
        run, "any"
    )
    assert _shown(run, "same subject") == "CN=www.example.com,O=Example Inc,C=US"
    assert _shown(run, "the newest entry") == newest.sha256
    assert _shown(run, "entries") == "2"


ERRORS = {
    "Project MyProject has no certificate absent (case-sensitive)": _expression("absent"),
    "The certificates of project myproject cannot be listed": _expression(project="myproject"),
    "environment: production does not hold certificate MyProject/my-certificate. Use one of these: development, staging": (
        _expression(environment="production")
    ),
    "missing required arguments: project": f"{{{{ lookup({PLUGIN!r}, {NAME!r}) }}}}",
    "value of field must be one of: content, alias": _expression(field="pem"),
    "enviroment: is not an option of this plugin. Use one of these: ca_path": _expression(enviroment="staging"),
    "'yse' is not a valid boolean": _expression(validate_certs="yse"),
    "name: '..' is not a valid name": _expression(".."),
    "cannot be reached at http://127.0.0.1:9 (option url, APINIZER_URL)": _expression(url="http://127.0.0.1:9"),
    "HTTP 401: Token is not valid! Check token (APINIZER_TOKEN)": _expression().replace(") }}", ", token=my_token) }}"),
}


def test_errors_are_single_lines_without_secrets(case: CertificateFixture) -> None:
    tasks = [_show(message, expression) for message, expression in ERRORS.items()]

    run = _play(case, *tasks, _show("right", _expression()), arguments=("-vvvv",), vars={"my_token": "wrong-token"})

    for message in ERRORS:
        assert run[message].failed
        assert message in run[message].message
    assert not run["right"].failed
    assert case.manager.token not in run.text
    assert "wrong-token" not in run.text
    assert "Traceback" not in run.text


@pytest.mark.parametrize("language", ["en", pytest.param("tr", marks=pytest.mark.exhaustive)])
def test_absent_certificate_can_be_ignored(make_case: MakeCase, language: str) -> None:
    """A certificate is absent if the list of the project lacks it; the wording of errors does not matter."""
    case = make_case(language=language)

    run = _play(
        case, _show("absent", "{{ " + _expression("absent", errors="ignore")[3:-3] + " | default('none', true) }}")
    )

    assert _shown(run, "absent") == "none"
    assert calls(case.manager.journal) == ["get", "list"]


@pytest.mark.exhaustive
def test_manager_without_content_is_reported(make_case: MakeCase) -> None:
    case = make_case(get_content=False)

    run = _play(case, _show("pem", _expression()), _show("sha1", _expression(field="fingerprint_sha1")))

    assert "The manager does not return the content of certificate MyProject/my-certificate" in run["pem"].message
    assert _shown(run, "sha1") == case.old.sha1


def test_option_that_renders_empty_counts_as_not_given(case: CertificateFixture) -> None:
    run = _play(
        case, _show("pem", _expression(url="", token="", environment="", field="", validate_certs="", timeout=""))
    )

    assert _shown(run, "pem").strip() == case.old.pem.strip()


# What the gateways hold


@pytest.mark.parametrize(
    ("generation", "requests"),
    [
        ("2026.09", ["get", "get", "truststore"]),
        # The address that this manager does not have is requested once.
        pytest.param("2025", ["get", "get", "truststore", "truststore"], marks=pytest.mark.exhaustive),
    ],
)
def test_gateways_are_asked_once_for_several_certificates(
    make_case: MakeCase, generation: str, requests: list[str]
) -> None:
    case = make_case(generation)
    case.manager.add_certificate(PROJECT, "other", {"staging": case.new}, alias="other")
    case.manager.set_gateway(PROJECT, NAME, "staging", case.new, alias="MY-CERT-ALIAS")
    options = {"environment": "staging", "source": "gateways"}

    run = _play(
        case, _show("held", _expression(NAME, "other", function="query", field="fingerprint_sha256", **options))
    )

    assert run["held"]["msg"] == [case.new.sha256, case.new.sha256]
    assert calls(case.manager.journal) == requests


def test_gateways_can_hold_something_else_than_the_record(case: CertificateFixture) -> None:
    case.manager.set_gateway(PROJECT, NAME, "staging", case.new)
    case.manager.add_certificate(PROJECT, "absent", {"staging": case.old}, alias="absent")
    case.manager.set_gateway(PROJECT, "absent", "staging", None)
    case.manager.add_certificate(PROJECT, "own", {MANAGER_ITSELF: case.old}, alias="own")

    run = _play(
        case,
        _show("pem", _expression(environment="staging", source="gateways")),
        _show("record", _expression(environment="staging")),
        _show("everywhere", _expression(source="gateways")),
        _show("subject", _expression(source="gateways", field="subject")),
        _show("absent", _expression("absent", source="gateways")),
        _show("own", _expression("own", source="gateways")),
        _show("entries", _expression(source="gateways", field="entries")),
        _show("source", _expression(source="gateways", field="truststore_source")),
    )

    assert _shown(run, "pem").strip() == case.new.pem.strip()
    assert _shown(run, "record").strip() == case.old.pem.strip()
    assert "content of certificate MyProject/my-certificate is not the same in development, staging" in _shown(
        run, "everywhere"
    )
    assert _shown(run, "subject") == "CN=www.example.com,O=Example Inc,C=US"
    assert "source: the gateways of staging do not hold certificate MyProject/absent" in run["absent"].message
    assert "apimanager is the manager itself" in run["own"].message
    assert "field: entries is a value of the record" in run["entries"].message
    assert _shown(run, "source") == "workers"


# The examples of the documentation and of the guide


def test_examples_of_the_documentation_work(case: CertificateFixture) -> None:
    holds = {"development": case.new, "staging": case.new, "production": case.old}
    case.manager.add_certificate(PROJECT, NAME, holds)
    case.manager.add_certificate(PROJECT, "another-certificate", {"staging": case.new})
    shown = case.machine.command("ansible-doc", "--type", "lookup", "--json", PLUGIN)
    # The output is pure JSON, so there are no warnings.
    documentation = json.loads(shown.text)[PLUGIN]
    save, copy, *others = yaml.safe_load(documentation["examples"])
    variables = {"apinizer_url": case.manager.url, "apinizer_token": case.manager.token}

    # The second example makes the environments equal; only then does the first one have a single value.
    run = _play(case, copy, save, *others, vars=variables, ignore_errors=False)

    assert run.status == 0, run.text
    assert case.manager.holds(PROJECT, NAME)["production"] == [case.new.der]
    assert (case.machine.folder / "my-certificate.pem").read_text().strip() == case.new.pem.strip()
    assert _shown(run, others[-1]["name"]) == "No such certificate"
    assert documentation["doc"]["options"]["field"]["choices"] == ["content", *FIELDS, "truststore_source"]
    assert documentation["doc"]["options"]["token"]["env"] == [{"name": "APINIZER_TOKEN"}]


@pytest.mark.exhaustive
def test_play_of_the_guide_runs(case: CertificateFixture) -> None:
    file = case.machine.file("lookup.yml", shown_files("guide_inventory")["lookup.yml"])

    run = case.machine.command(
        "ansible-playbook", file, env={"APINIZER_URL": case.manager.url, "APINIZER_TOKEN": case.manager.token}
    )

    assert run.status == 0, run.text
    assert Path(case.machine.folder, "my-certificate.pem").read_text().strip() == case.old.pem.strip()
    assert f"{case.old.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}" in run.text
