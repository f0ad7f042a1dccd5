# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks in the controller's own process: when they run there, what they share, and that users notice nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.runners import CERTIFICATE, COLLECTION, INFO, Run, task
from integration.scene import HELD_IN, NAME, PROJECT, Scene, calls

HERE = "runs in the controller's process"
ELSEWHERE = "runs as a module, since "

# A connection to this machine that is not Ansible's own.
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
# Stands in for sudo, which may not be there.
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


def _environment(scene: Scene) -> dict[str, str]:
    return {"APINIZER_URL": scene.manager.url, "APINIZER_TOKEN": scene.manager.token}


def _play(scene: Scene, *tasks: dict[str, Any], **keywords: Any) -> Run:
    """Run tasks on the scene's manager, whose address and token come from the environment, and say where they run."""
    env = {**_environment(scene), **keywords.pop("env", {})}
    arguments = ["-vvv", *keywords.pop("arguments", [])]
    return scene.machine.playbook(*tasks, arguments=arguments, env=env, **keywords)


def _update(scene: Scene, **keywords: Any) -> dict[str, Any]:
    return {**task("update", project=PROJECT, name=NAME, content=scene.new.pem), **keywords}


LOCAL = {"delegate_to": "elsewhere", "vars": {"ansible_connection": "local"}}


@pytest.mark.one_way
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
def test_a_task_on_localhost_runs_in_the_controllers_process(scene: Scene, keywords: dict[str, Any]) -> None:
    run = _play(scene, _update(scene, **keywords))

    assert HERE in run.text, run.text
    assert ELSEWHERE not in run.text
    assert run["update"].changed
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)


WRAPPER = {"ansible_python_interpreter": "{{ wrapper }}"}


@pytest.mark.one_way
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
def test_any_other_task_runs_as_a_module(scene: Scene, keywords: dict[str, Any], reason: str) -> None:
    machine = scene.machine
    machine.file("connection_plugins/elsewhere.py", CONNECTION)
    plugins = Path(machine.file("become_plugins/oneself.py", BECOME)).parent
    python = machine.environment()["ANSIBLE_PYTHON_INTERPRETER"]
    wrapper = Path(machine.file("wrapper", f'#!/bin/sh\nexec "{python}" "$@"\n'))
    wrapper.chmod(0o755)
    keywords = dict(keywords)
    folders = {"ANSIBLE_BECOME_PLUGINS": str(plugins), "ANSIBLE_ASYNC_DIR": str(machine.home / "async")}
    env = {**folders, **keywords.pop("env", {})}

    run = _play(scene, _update(scene, **keywords), arguments=["-e", f"wrapper={wrapper}"], env=env)

    assert ELSEWHERE + reason in run.text, run.text
    assert HERE not in run.text
    assert run["update"].changed, run["update"]
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)


@pytest.mark.one_way
def test_without_a_library_the_module_says_what_is_missing(scene: Scene) -> None:
    machine = scene.machine
    machine.file("site/sitecustomize.py", "import sys\nsys.modules['requests'] = None\n")
    path = f"{machine.folder / 'site'}:{machine.environment()['PYTHONPATH']}"

    run = _play(scene, _update(scene), env={"PYTHONPATH": path})

    assert f"{ELSEWHERE}the controller's Python lacks requests" in run.text
    assert "required Python library (requests)" in run["update"].message
    assert not len(scene.manager.journal)


@pytest.mark.one_way
def test_the_items_of_a_loop_share_one_connection(scene: Scene) -> None:
    names = [f"certificate-{number}" for number in range(5)]
    for name in names:
        scene.manager.add_certificate(PROJECT, name, {"staging": scene.old})

    update = task("update", project=PROJECT, name="{{ item }}", content=scene.new.pem)
    run = _play(scene, {**update, "loop": names})

    assert run["update"].changed
    assert {scene.manager.served("staging", PROJECT, name) for name in names} == {scene.new.der}
    requests = list(scene.manager.journal)
    assert len({request.connection for request in requests}) == 1
    # The project has no JWKs, and is asked for them once.
    assert calls(requests) == ["get", "jwks", "update", "get"] + ["get", "update", "get"] * 4


@pytest.mark.one_way
def test_a_login_serves_all_items_of_a_loop_and_shows_its_token_in_none(scene: Scene) -> None:
    scene.manager.add_user("operator", "operator-password")
    env = {"APINIZER_TOKEN": "", "APINIZER_USERNAME": "operator", "APINIZER_PASSWORD": "operator-password"}

    run = _play(scene, {**task("read", INFO, project=PROJECT), "loop": [1, 2, 3]}, env=env)

    assert calls(scene.manager.journal) == ["token", "list", "list", "list"]
    (bought,) = [token.value for token in scene.manager.state.tokens.values() if token.name == "operator"]
    assert bought not in run.text
    assert bought not in str(run["read"].result)


@pytest.mark.one_way
def test_several_hosts_have_a_connection_each(scene: Scene) -> None:
    scene.machine.file("hosts.ini", "[all]\none\ntwo\nthree\n[all:vars]\nansible_connection=local\n")

    run = _play(scene, task("read", INFO, project=PROJECT), arguments=["-i", "hosts.ini"], hosts="all")

    requests = list(scene.manager.journal)
    assert calls(requests) == ["list"] * 3
    assert len({request.connection for request in requests}) == 3
    assert run.text.count(HERE) == 3


def test_the_environment_of_a_task_is_the_modules(scene: Scene) -> None:
    run = scene.machine.playbook(
        task("without", INFO, project=PROJECT),
        {**task("with", INFO, project=PROJECT), "environment": _environment(scene)},
        task("without again", INFO, project=PROJECT),
        {**task("looped", INFO, project=PROJECT), "environment": {"APINIZER_URL": "{{ item }}"}, "loop": ["x", "y"]},
        env={"APINIZER_TOKEN": "token"},
    )

    assert not run["with"].failed
    for name in ("without", "without again"):
        assert run[name].message == "url: missing; set url or APINIZER_URL to the manager's address"
    assert [one["msg"][:30] for one in run["looped"]["results"]] == ["url: must be the manager's add"] * 2
    assert calls(scene.manager.journal) == ["list"]


def test_a_relative_path_starts_from_the_folder_of_the_playbook(scene: Scene) -> None:
    machine = scene.machine
    machine.file("plays/new.pem", scene.new.pem)
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task("update", **scene.options(path="new.pem"))]}
    machine.file("plays/playbook.yml", json.dumps([play]))

    run = machine.command("ansible-playbook", "plays/playbook.yml")

    assert run["update"].changed, run["update"]


def test_options_may_come_from_defaults_templates_and_a_vault(scene: Scene) -> None:
    machine = scene.machine
    machine.file("password", "vault password")
    done = machine.command(
        "ansible-vault", "encrypt_string", "--vault-password-file", "password", "--name", "secret", scene.manager.token
    )
    assert done.status == 0, done.text
    machine.file("secrets.yml", done.text.split("Encryption successful")[0])

    run = machine.playbook(
        task("defaults", CERTIFICATE, name=NAME, content=scene.new.pem),
        {"name": "by its short name", "apinizer_certificate_info": {"project": PROJECT}},
        arguments=["--vault-password-file", "password", "-vvv"],
        vars_files=["secrets.yml"],
        collections=[COLLECTION],
        module_defaults={
            f"group/{COLLECTION}.apinizer": {"url": scene.manager.url, "token": "{{ secret }}"},
            f"{COLLECTION}.{CERTIFICATE}": {"project": "{{ 'My' ~ 'Project' }}"},
        },
    )

    assert run["defaults"].changed, run["defaults"]
    assert not run["by its short name"].failed, run["by its short name"]
    assert scene.manager.token not in run.text


def test_what_the_manager_says_is_no_template(scene: Scene) -> None:
    scene.manager.add_certificate(PROJECT, "sly", {"staging": scene.old}, description="{{ 6 * 7 }}")

    run = scene.machine.playbook(
        {**task("read", INFO, **scene.options(name="sly")), "register": "read"},
        {"name": "show", "ansible.builtin.debug": {"msg": "{{ read.certificates[0].description }}"}},
    )

    assert run["show"].message == "{{ 6 * 7 }}"


def test_no_log_hides_all(scene: Scene) -> None:
    run = scene.machine.playbook(_update(scene, no_log=True), arguments=["-vvv"], env=_environment(scene))

    assert scene.served()["staging"] == scene.new.der
    assert scene.new.sha256 not in run.text


def test_the_invocation_is_shown_alike(scene: Scene) -> None:
    """Whether it is shown at all is Ansible's to say."""
    update = task("update", **scene.options(content=scene.new.pem), retries="2", environments="staging,development")

    shown = scene.machine.playbook(update, env={"ANSIBLE_INJECT_INVOCATION": "1"})["update"]["invocation"]

    arguments = shown["module_args"]
    assert (arguments["retries"], arguments["environments"]) == (2, ["staging", "development"])
    assert arguments["token"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert arguments["content"] == scene.new.pem
    assert arguments["unlisted_environments"] == "fail"
