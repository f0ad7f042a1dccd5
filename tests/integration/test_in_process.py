# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks in the controller's process: when they run there, what they share, and that the results are the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.certificate_fixture import DEPLOYED, NAME, PROJECT, CertificateFixture, calls
from integration.machine import CERTIFICATE, COLLECTION, INFO, Run, task

HERE = "runs in the controller's process"
ELSEWHERE = "runs as a module, since "

# A connection plugin to this machine other than Ansible's `local`.
CONNECTION = '''
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: elsewhere
short_description: Elsewhere
description: [Somewhere else.]
"""


class Connection(Local):
    transport = "elsewhere"
'''
# Replaces sudo, which may not be installed.
BECOME = '''
from ansible.plugins.become import BecomeBase

DOCUMENTATION = """
name: oneself
short_description: Become oneself
description: [Runs the command as it is.]
options:
  become_user: {description: [Who.], default: root, vars: [{name: ansible_become_user}]}
  become_exe: {description: [What.], default: ""}
  become_flags: {description: [How.], default: ""}
  become_pass: {description: [With what.], default: ""}
"""


class BecomeModule(BecomeBase):
    name = "oneself"

    def build_become_command(self, cmd, shell):
        return cmd
'''


def _environment(case: CertificateFixture) -> dict[str, str]:
    return {"APINIZER_URL": case.manager.url, "APINIZER_TOKEN": case.manager.token}


def _play(case: CertificateFixture, *tasks: dict[str, Any], **keywords: Any) -> Run:
    """Run tasks with the connection in the environment, and return where each one ran."""
    env = {**_environment(case), **keywords.pop("env", {})}
    arguments = ["-vvv", *keywords.pop("arguments", [])]
    return case.machine.playbook(*tasks, arguments=arguments, env=env, **keywords)


def _update(case: CertificateFixture, **keywords: Any) -> dict[str, Any]:
    return {**task("update", project=PROJECT, name=NAME, content=case.new.pem), **keywords}


LOCAL = {"delegate_to": "elsewhere", "vars": {"ansible_connection": "local"}}


@pytest.mark.single_mode
@pytest.mark.parametrize(
    "keywords",
    [
        pytest.param({}, id="localhost"),
        pytest.param(LOCAL, id="delegated"),
        pytest.param({"connection": "ansible.builtin.local"}, id="by its full name"),
        pytest.param({"vars": {"ansible_python_interpreter": "auto_silent"}}, id="any Python"),
        pytest.param({"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}, id="the controller's"),
    ],
)
def test_task_on_localhost_runs_in_the_controllers_process(case: CertificateFixture, keywords: dict[str, Any]) -> None:
    run = _play(case, _update(case, **keywords))

    assert HERE in run.text, run.text
    assert ELSEWHERE not in run.text
    assert run["update"].changed
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)


WRAPPER = {"ansible_python_interpreter": "{{ wrapper }}"}


@pytest.mark.single_mode
@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        pytest.param({"vars": {"ansible_connection": "elsewhere"}}, "its connection is elsewhere", id="another host"),
        pytest.param({"become": True, "become_method": "oneself"}, "it becomes another user", id="another user"),
        pytest.param({"async": 30, "poll": 1}, "it is asynchronous", id="async"),
        pytest.param({"vars": WRAPPER}, "its interpreter is ", id="another Python"),
        pytest.param(
            {**LOCAL, "vars": {**LOCAL["vars"], **WRAPPER}},  # type: ignore[dict-item]
            "its interpreter is ",
            id="another Python of another host",
        ),
        pytest.param({"env": {"ANSIBLE_KEEP_REMOTE_FILES": "1"}}, "its files are to be kept", id="files kept"),
    ],
)
def test_any_other_task_runs_as_a_module(case: CertificateFixture, keywords: dict[str, Any], reason: str) -> None:
    machine = case.machine
    machine.file("connection_plugins/elsewhere.py", CONNECTION)
    plugins = Path(machine.file("become_plugins/oneself.py", BECOME)).parent
    python = machine.environment()["ANSIBLE_PYTHON_INTERPRETER"]
    wrapper = Path(machine.file("wrapper", f'#!/bin/sh\nexec "{python}" "$@"\n'))
    wrapper.chmod(0o755)
    keywords = dict(keywords)
    folders = {"ANSIBLE_BECOME_PLUGINS": str(plugins), "ANSIBLE_ASYNC_DIR": str(machine.home / "async")}
    env = {**folders, **keywords.pop("env", {})}

    run = _play(case, _update(case, **keywords), arguments=["-e", f"wrapper={wrapper}"], env=env)

    assert ELSEWHERE + reason in run.text, run.text
    assert HERE not in run.text
    assert run["update"].changed, run["update"]
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)


@pytest.mark.single_mode
def test_missing_library_is_named_by_the_module(case: CertificateFixture) -> None:
    machine = case.machine
    machine.file("site/sitecustomize.py", "import sys\nsys.modules['requests'] = None\n")
    path = f"{machine.folder / 'site'}:{machine.environment()['PYTHONPATH']}"

    run = _play(case, _update(case), env={"PYTHONPATH": path})

    assert f"{ELSEWHERE}the controller's Python lacks requests" in run.text
    assert "required Python library (requests)" in run["update"].message
    assert not len(case.manager.journal)


@pytest.mark.single_mode
def test_items_of_a_loop_share_one_connection(case: CertificateFixture) -> None:
    names = [f"certificate-{number}" for number in range(5)]
    for name in names:
        case.manager.add_certificate(PROJECT, name, {"staging": case.old})

    update = task("update", project=PROJECT, name="{{ item }}", content=case.new.pem)
    run = _play(case, {**update, "loop": names})

    assert run["update"].changed
    assert {case.manager.served("staging", PROJECT, name) for name in names} == {case.new.der}
    requests = list(case.manager.journal)
    assert len({request.connection for request in requests}) == 1
    # The project has no JWKs; they are requested once.
    assert calls(requests) == ["get", "jwks", "update", "get"] + ["get", "update", "get"] * 4


@pytest.mark.single_mode
def test_items_of_a_loop_share_one_login_without_showing_its_token(case: CertificateFixture) -> None:
    case.manager.add_user("operator", "operator-password")
    env = {"APINIZER_TOKEN": "", "APINIZER_USERNAME": "operator", "APINIZER_PASSWORD": "operator-password"}

    run = _play(case, {**task("read", INFO, project=PROJECT), "loop": [1, 2, 3]}, env=env)

    assert calls(case.manager.journal) == ["token", "list", "list", "list"]
    (bought,) = [token.value for token in case.manager.state.tokens.values() if token.name == "operator"]
    assert bought not in run.text
    assert bought not in str(run["read"].result)


@pytest.mark.single_mode
def test_each_host_has_its_own_connection(case: CertificateFixture) -> None:
    case.machine.file("hosts.ini", "[all]\none\ntwo\nthree\n[all:vars]\nansible_connection=local\n")

    run = _play(case, task("read", INFO, project=PROJECT), arguments=["-i", "hosts.ini"], hosts="all")

    requests = list(case.manager.journal)
    assert calls(requests) == ["list"] * 3
    assert len({request.connection for request in requests}) == 3
    assert run.text.count(HERE) == 3


def test_environment_keyword_of_a_task_applies(case: CertificateFixture) -> None:
    run = case.machine.playbook(
        task("without", INFO, project=PROJECT),
        {**task("with", INFO, project=PROJECT), "environment": _environment(case)},
        task("without again", INFO, project=PROJECT),
        {**task("looped", INFO, project=PROJECT), "environment": {"APINIZER_URL": "{{ item }}"}, "loop": ["x", "y"]},
        env={"APINIZER_TOKEN": "token"},
    )

    assert not run["with"].failed
    for name in ("without", "without again"):
        assert run[name].message == "url: missing; set url or APINIZER_URL to the manager's address"
    assert [one["msg"][:30] for one in run["looped"]["results"]] == ["url: must be the manager's add"] * 2
    assert calls(case.manager.journal) == ["list"]


def test_relative_path_starts_at_the_folder_of_the_playbook(case: CertificateFixture) -> None:
    machine = case.machine
    machine.file("plays/new.pem", case.new.pem)
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task("update", **case.options(path="new.pem"))]}
    machine.file("plays/playbook.yml", json.dumps([play]))

    run = machine.command("ansible-playbook", "plays/playbook.yml")

    assert run["update"].changed, run["update"]


def test_options_can_come_from_defaults_templates_and_a_vault(case: CertificateFixture) -> None:
    machine = case.machine
    machine.file("password", "vault password")
    done = machine.command(
        "ansible-vault", "encrypt_string", "--vault-password-file", "password", "--name", "secret", case.manager.token
    )
    assert done.status == 0, done.text
    machine.file("secrets.yml", done.text.split("Encryption successful")[0])

    run = machine.playbook(
        task("defaults", CERTIFICATE, name=NAME, content=case.new.pem),
        {"name": "by its short name", "apinizer_certificate_info": {"project": PROJECT}},
        arguments=["--vault-password-file", "password", "-vvv"],
        vars_files=["secrets.yml"],
        collections=[COLLECTION],
        module_defaults={
            f"group/{COLLECTION}.apinizer": {"url": case.manager.url, "token": "{{ secret }}"},
            f"{COLLECTION}.{CERTIFICATE}": {"project": "{{ 'My' ~ 'Project' }}"},
        },
    )

    assert run["defaults"].changed, run["defaults"]
    assert not run["by its short name"].failed, run["by its short name"]
    assert case.manager.token not in run.text


def test_text_of_the_manager_is_not_templated(case: CertificateFixture) -> None:
    case.manager.add_certificate(PROJECT, "sly", {"staging": case.old}, description="{{ 6 * 7 }}")

    run = case.machine.playbook(
        {**task("read", INFO, **case.options(name="sly")), "register": "read"},
        {"name": "show", "ansible.builtin.debug": {"msg": "{{ read.certificates[0].description }}"}},
    )

    assert run["show"].message == "{{ 6 * 7 }}"


def test_no_log_hides_the_result(case: CertificateFixture) -> None:
    run = case.machine.playbook(_update(case, no_log=True), arguments=["-vvv"], env=_environment(case))

    assert case.gateway_certificates()["staging"] == case.new.der
    assert case.new.sha256 not in run.text


def test_invocation_is_the_same_in_both_execution_modes(case: CertificateFixture) -> None:
    """Ansible decides whether to show it."""
    update = task("update", **case.options(content=case.new.pem), retries="2", environments="staging,development")

    shown = case.machine.playbook(update, env={"ANSIBLE_INJECT_INVOCATION": "1"})["update"]["invocation"]

    arguments = shown["module_args"]
    assert (arguments["retries"], arguments["environments"]) == (2, ["staging", "development"])
    assert arguments["token"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert arguments["content"] == case.new.pem
    assert arguments["unlisted_environments"] is None
