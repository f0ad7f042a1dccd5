# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup of a certificate: what it gives, what it asks of the manager, and how it says no."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.guides import shown_files
from integration.runners import COLLECTION, INFO, Run, task
from integration.scene import NAME, PROJECT, Scene, Start, calls

# No task of a module, but the plugin itself; it runs in the controller's process.
pytestmark = pytest.mark.one_way

PLUGIN = f"{COLLECTION}.certificate"
FIELDS = (
    *("alias", "subject", "issuer", "serial_number", "not_before", "not_after"),
    *("days_remaining", "expired", "fingerprint_sha256", "fingerprint_sha1", "entries"),
)


def _expression(*names: str, function: str = "lookup", **options: Any) -> str:
    given = {"project": PROJECT, **options}
    words = [repr(PLUGIN), *map(repr, names or (NAME,)), *(f"{key}={value!r}" for key, value in given.items())]
    return f"{{{{ {function}({', '.join(words)}) }}}}"


def _show(title: str, expression: str) -> dict[str, Any]:
    return {"name": title, "ansible.builtin.debug": {"msg": expression}}


def _play(scene: Scene, *tasks: dict[str, Any], arguments: tuple[str, ...] = (), **keywords: Any) -> Run:
    env = {"APINIZER_URL": scene.manager.url, "APINIZER_TOKEN": scene.manager.token, "APINIZER_RETRIES": "0"}
    return scene.machine.playbook(*tasks, env=env, arguments=arguments, **keywords)


def _shown(run: Run, title: str) -> str:
    """What a task showed, as text: some versions keep the type of a value, and some do not."""
    return str(run[title]["msg"])


@pytest.mark.parametrize(
    "generation", [*(pytest.param(old, marks=pytest.mark.exhaustive) for old in ("2023", "2025")), "2026"]
)
def test_the_certificate_as_pem_in_one_request(start: Start, generation: str) -> None:
    scene = start(generation, list_content=False)

    run = _play(scene, _show("pem", _expression()))

    assert _shown(run, "pem").strip() == scene.old.pem.strip()
    assert calls(scene.manager.journal) == ["get"]


@pytest.mark.exhaustive
def test_every_field_is_that_of_the_info_module(scene: Scene) -> None:
    options = {"url": scene.manager.url, "token": scene.manager.token, "project": PROJECT}

    run = _play(
        scene,
        task("info", INFO, **options),
        *[_show(field, _expression(field=field, environment="staging")) for field in FIELDS],
    )

    (entry,) = [entry for entry in run["info"]["certificates"][0]["environments"] if entry["name"] == "staging"]
    assert {field: _shown(run, field) for field in FIELDS} == {field: str(entry[field]) for field in FIELDS}
    assert set(entry) == {*FIELDS, "name"}


def test_several_names_in_one_session(scene: Scene) -> None:
    odd = "a/b ü"
    scene.manager.add_certificate(PROJECT, odd, {"staging": scene.new}, alias="{{ 1 + 1 }}")

    run = _play(
        scene,
        _show("fingerprints", f"{{{{ query({PLUGIN!r}, names, project={PROJECT!r}, field='fingerprint_sha256') }}}}"),
        _show("alias", f"{{{{ lookup({PLUGIN!r}, names[1], project={PROJECT!r}, field='alias') }}}}"),
        vars={"names": [NAME, odd]},
    )

    assert run["fingerprints"]["msg"] == [scene.old.sha256, scene.new.sha256]
    assert _shown(run, "alias") == "{{ 1 + 1 }}", "what the manager sent was taken for a template"
    assert calls(scene.manager.journal) == ["get", "get", "get"]
    assert len({request.connection for request in list(scene.manager.journal)[:2]}) == 1


@pytest.mark.exhaustive
def test_the_environment_that_is_meant(scene: Scene) -> None:
    newest = scene.authority.issue("www.example.com", not_before=scene.new.certificate.not_valid_before_utc)
    scene.manager.set_entry(PROJECT, NAME, "staging", scene.new)
    scene.manager.add_certificate(PROJECT, "doubled", {"staging": [scene.old, newest], "apimanager": newest})

    run = _play(
        scene,
        _show("staging", _expression(environment="staging", field="fingerprint_sha256")),
        _show("any", _expression()),
        _show("same subject", _expression(field="subject")),
        _show("the newest entry", _expression("doubled", environment="apimanager", field="fingerprint_sha256")),
        _show("entries", _expression("doubled", environment="staging", field="entries")),
    )

    assert _shown(run, "staging") == scene.new.sha256
    assert "content of certificate MyProject/my-certificate is not the same in development, staging" in _shown(
        run, "any"
    )
    assert _shown(run, "same subject") == "CN=www.example.com,O=Example Inc,C=US"
    assert _shown(run, "the newest entry") == newest.sha256
    assert _shown(run, "entries") == "2"


ERRORS = {
    "Project MyProject has no certificate absent (upper and lower case count)": _expression("absent"),
    "The certificates of project myproject cannot be listed": _expression(project="myproject"),
    "environment: production does not hold certificate MyProject/my-certificate; development, staging do": _expression(
        environment="production"
    ),
    "missing required arguments: project": f"{{{{ lookup({PLUGIN!r}, {NAME!r}) }}}}",
    "value of field must be one of: content, alias": _expression(field="pem"),
    "enviroment: no option of this plugin; it has": _expression(enviroment="staging"),
    "'yse' is not a valid boolean": _expression(validate_certs="yse"),
    "name: '..' is not a valid name": _expression(".."),
    "cannot be reached at http://127.0.0.1:9 (option url, APINIZER_URL)": _expression(url="http://127.0.0.1:9"),
    "HTTP 401: Token is not valid! Check token (APINIZER_TOKEN)": _expression().replace(") }}", ", token=my_token) }}"),
}


def test_errors_are_lines_without_secrets(scene: Scene) -> None:
    tasks = [_show(message, expression) for message, expression in ERRORS.items()]

    run = _play(scene, *tasks, _show("right", _expression()), arguments=("-vvvv",), vars={"my_token": "wrong-token"})

    for message in ERRORS:
        assert run[message].failed
        assert message in run[message].message
    assert not run["right"].failed
    assert scene.manager.token not in run.text
    assert "wrong-token" not in run.text
    assert "Traceback" not in run.text


@pytest.mark.parametrize("language", ["en", pytest.param("tr", marks=pytest.mark.exhaustive)])
def test_an_absent_certificate_may_be_ignored(start: Start, language: str) -> None:
    """Absent is what the project's list does not have; no error's wording decides."""
    scene = start(language=language)

    run = _play(
        scene, _show("absent", "{{ " + _expression("absent", errors="ignore")[3:-3] + " | default('none', true) }}")
    )

    assert _shown(run, "absent") == "none"
    assert calls(scene.manager.journal) == ["get", "list"]


@pytest.mark.exhaustive
def test_a_manager_that_sends_no_content(start: Start) -> None:
    scene = start(get_content=False)

    run = _play(scene, _show("pem", _expression()), _show("sha1", _expression(field="fingerprint_sha1")))

    assert "The manager does not send the content of certificate MyProject/my-certificate" in run["pem"].message
    assert _shown(run, "sha1") == scene.old.sha1


def test_an_option_that_comes_out_empty_is_not_given(scene: Scene) -> None:
    run = _play(
        scene, _show("pem", _expression(url="", token="", environment="", field="", validate_certs="", timeout=""))
    )

    assert _shown(run, "pem").strip() == scene.old.pem.strip()


# What the documentation and the guide show


def test_the_documentation_and_its_examples(scene: Scene) -> None:
    holds = {"development": scene.new, "staging": scene.new, "production": scene.old}
    scene.manager.add_certificate(PROJECT, NAME, holds)
    scene.manager.add_certificate(PROJECT, "another-certificate", {"staging": scene.new})
    shown = scene.machine.command("ansible-doc", "--type", "lookup", "--json", PLUGIN)
    # Nothing but JSON, so no warning either.
    documentation = json.loads(shown.text)[PLUGIN]
    keep, give, *others = yaml.safe_load(documentation["examples"])
    variables = {"apinizer_url": scene.manager.url, "apinizer_token": scene.manager.token}

    # Once the second has made the environments the same, the first has one certificate to keep.
    run = _play(scene, give, keep, *others, vars=variables, ignore_errors=False)

    assert run.status == 0, run.text
    assert scene.manager.holds(PROJECT, NAME)["production"] == [scene.new.der]
    assert (scene.machine.folder / "my-certificate.pem").read_text().strip() == scene.new.pem.strip()
    assert _shown(run, others[-1]["name"]) == "There is none"
    assert documentation["doc"]["options"]["field"]["choices"] == ["content", *FIELDS]
    assert documentation["doc"]["options"]["token"]["env"] == [{"name": "APINIZER_TOKEN"}]


@pytest.mark.exhaustive
def test_the_play_of_the_guide(scene: Scene) -> None:
    file = scene.machine.file("lookup.yml", shown_files("guide_inventory")["lookup.yml"])

    run = scene.machine.command(
        "ansible-playbook", file, env={"APINIZER_URL": scene.manager.url, "APINIZER_TOKEN": scene.manager.token}
    )

    assert run.status == 0, run.text
    assert Path(scene.machine.folder, "my-certificate.pem").read_text().strip() == scene.old.pem.strip()
    assert f"{scene.old.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}" in run.text
