# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is ever shown: not with -vvvv, not in results, diffs, errors or logs, not where a server repeats it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integration.certificate_fixture import DESCRIPTION, NAME, PROJECT, Scene, assert_error, key_lines
from integration.machine import Machine, Run, task
from manager import Fault, Manager

USER, PASSWORD = "operator", "correct horse battery staple"

# Stands in for the machine's syslog, whether it has one or not: Python imports it when it starts.
SITECUSTOMIZE = """
import os, syslog

def write(priority, message=None):
    with open(os.environ["SYSLOG_FILE"], "a") as file:
        file.write((priority if message is None else message) + "\\n")

syslog.syslog = write
"""


@pytest.fixture
def syslog(machine: Machine) -> Path:
    """The file that gets what modules write to syslog; in the controller's process nothing is written there."""
    machine.file("site/sitecustomize.py", SITECUSTOMIZE)
    return Path(machine.file("syslog", ""))


def _verbosely(scene: Scene, syslog: Path, *tasks: dict[str, Any]) -> tuple[Run, str]:
    """Run tasks as verbosely as Ansible can, and return all that was written anywhere."""
    machine = scene.machine
    log = machine.folder / "ansible.log"
    env = {
        "ANSIBLE_LOG_PATH": str(log),
        "SYSLOG_FILE": str(syslog),
        "PYTHONPATH": f"{machine.folder / 'site'}:{machine.environment()['PYTHONPATH']}",
    }
    run = machine.playbook(*tasks, arguments=["-vvvv"], env=env)
    results = str([outcome.result for outcome in run.outcomes.values()])
    assert len(run.outcomes) == len(tasks)
    return run, "\n".join([run.text, results, log.read_text(), syslog.read_text()])


def _logged(scene: Scene) -> bool:
    """Whether Ansible itself writes to syslog: it does for modules only."""
    return scene.machine.way == "module"


def _not_deployed(secret: str) -> dict[str, Any]:
    """The answer of a careless manager."""
    deployment = {"success": False, "message": f"no worker for {secret}", "environmentResults": []}
    return {"success": True, "deploymentResult": deployment}


def test_a_token(scene: Scene, syslog: Path) -> None:
    token = scene.manager.token
    scene.manager.faults.add(Fault("status", method="DELETE", status=400, body=f"bad request by {token}"))

    run, written = _verbosely(
        scene,
        syslog,
        task("update", **scene.options(content=scene.new.pem)),
        task("delete", **scene.options(state="absent")),
        task("refused", **scene.options(token=f" {token}x", content=scene.old.pem)),
        task("contradictory", **scene.options(username=USER, password=PASSWORD)),
    )

    assert run["update"].changed
    assert_error(run["delete"], "bad request by ********")
    assert_error(run["refused"], "401")
    assert_error(run["contradictory"], "token")
    assert token not in written
    assert PASSWORD not in written
    # The check can fail: what is no secret is there, in syslog as well.
    assert scene.new.sha256 in written
    assert (f"name={NAME}" in syslog.read_text()) is _logged(scene)


@pytest.mark.parametrize(
    ("state", "message"),
    [("present", "no worker for ********"), ("absent", "tokens are ******** and ********")],
    ids=["in a deployment result", "in an error"],
)
def test_a_password_and_the_token_that_it_buys(scene: Scene, syslog: Path, state: str, message: str) -> None:
    scene.manager.add_user(USER, PASSWORD)
    login = {**scene.options(username=USER, password=PASSWORD, state=state), "token": ""}
    certificate = {} if state == "absent" else {"content": scene.new.pem}

    def repeat_the_secrets(manager: Manager) -> None:
        """Let the write's answer hold the token that the login has just brought."""
        token = list(manager.state.tokens)[-1]
        manager.faults.add(
            Fault("status", method="PUT", status=200, body=_not_deployed(token), after=True),
            Fault("status", method="DELETE", status=400, body=f"tokens are {token} and {PASSWORD}"),
        )

    scene.manager.faults.add(Fault("other_writer", path="certificates", action=repeat_the_secrets))
    run, written = _verbosely(
        scene,
        syslog,
        task("echo", **login, **certificate, retries=0),
        task("wrong password", **{**login, "password": PASSWORD[:-1]}, **certificate),
    )

    assert_error(run["echo"], message)
    assert_error(run["wrong password"], "Bad credentials", "APINIZER_USERNAME")
    (bought,) = [token.value for token in scene.manager.state.tokens.values() if token.name == USER]
    for secret in (bought, PASSWORD, PASSWORD[:-1]):
        assert secret not in written


@pytest.mark.parametrize("by_login", [False, True], ids=["token", "password"])
def test_secrets_from_the_environment(scene: Scene, by_login: bool) -> None:
    """They are no options of the task, so nothing but the module itself can hide them."""
    scene.manager.add_user(USER, PASSWORD)
    secret = PASSWORD if by_login else scene.manager.token
    scene.manager.faults.add(Fault("status", method="PUT", status=200, body=_not_deployed(secret), after=True))
    proof = {"APINIZER_USERNAME": USER, "APINIZER_PASSWORD": secret} if by_login else {"APINIZER_TOKEN": secret}

    run = scene.machine.playbook(
        task("update", project=PROJECT, name=NAME, content=scene.new.pem, retries=0),
        arguments=["-vvvv"],
        env={"APINIZER_URL": scene.manager.url, **proof},
    )

    assert_error(run["update"], "no worker for ********")
    assert secret not in run.text
    assert secret not in str(run["update"].result)


@pytest.mark.parametrize("option", ["path", "content"])
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with the certificate"])
def test_a_private_key(scene: Scene, syslog: Path, option: str, alone: bool) -> None:
    text = scene.new.key_pem if alone else scene.new.pem + scene.new.key_pem
    value = text if option == "content" else scene.machine.file("new.pem", text)

    run, written = _verbosely(scene, syslog, task("key", **scene.options(**{option: value})))

    assert_error(run["key"], f"{option}: ", "private key")
    assert not len(scene.manager.journal)
    for line in key_lines(scene.new):
        assert line not in written
    assert ("Invoked with" in syslog.read_text()) is _logged(scene)


def test_a_refused_task_shows_no_key_either(scene: Scene, syslog: Path) -> None:
    """Errors that Ansible itself raises, before the module has looked at the content."""
    key = scene.new.key_pem

    run, written = _verbosely(
        scene,
        syslog,
        task("two sources", **scene.options(content=key, path="new.pem")),
        task("no such option", **scene.options(content=key, nmae=NAME)),
        task("absent", **scene.options(content=key, state="absent")),
        task("no manager", **{**scene.options(content=scene.new.pem), "url": ""}),
    )

    assert_error(run["two sources"], "mutually exclusive")
    assert_error(run["no such option"], "nmae")
    assert run["absent"].changed
    assert_error(run["no manager"], "url: missing")
    for line in key_lines(scene.new):
        assert line not in written


def test_secrets_in_the_wrong_option(scene: Scene, syslog: Path) -> None:
    run, written = _verbosely(
        scene,
        syslog,
        task("a key for a path", **scene.options(path=scene.new.key_pem)),
        task("a password in the address", **{**scene.options(), "url": f"https://{USER}:{PASSWORD}@127.0.0.1"}),
    )

    assert_error(run["a key for a path"], "path: ")
    assert_error(run["a password in the address"], "url: ")
    for line in [*key_lines(scene.new), PASSWORD]:
        assert line not in written


def test_a_certificate_is_no_secret(scene: Scene, syslog: Path) -> None:
    """Hiding all of it would leave operators blind: only the invocation's line in syslog leaves the text out."""
    run, _unused = _verbosely(scene, syslog, task("update", **scene.options(content=scene.new.pem)))

    body = scene.new.pem.splitlines()[1]
    assert run["update"]["previous"]["environments"][0]["content"] == scene.old.pem
    assert DESCRIPTION in run.text
    assert scene.new.sha256 in run.text
    assert body not in syslog.read_text()
    assert ("content=NOT_LOGGING_PARAMETER" in syslog.read_text()) is _logged(scene)
    assert ("token=NOT_LOGGING_PARAMETER" in syslog.read_text()) is _logged(scene)
