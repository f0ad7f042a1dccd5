# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets never appear: not with -vvvv, not in results, diffs, errors or logs, and not if a server repeats them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integration.certificate_fixture import DESCRIPTION, NAME, PROJECT, CertificateFixture, assert_error, key_lines
from integration.fork_server import STARTUP
from integration.machine import Machine, Run, task
from manager import Fault, Manager

USER, PASSWORD = "operator", "correct horse battery staple"

# Replaces the machine's syslog, if it has one. The programs of Ansible run this file at start, and the Python of modules
# imports it.
SITECUSTOMIZE = """
import os, syslog

os.environ["PYTHONPATH"] = os.path.dirname(__file__) + os.pathsep + os.environ["PYTHONPATH"]

def write(priority, message=None):
    with open(os.environ["SYSLOG_FILE"], "a") as file:
        file.write((priority if message is None else message) + "\\n")

syslog.syslog = write
"""


@pytest.fixture
def syslog(machine: Machine) -> Path:
    """The file that receives what modules write to syslog; tasks in the controller's process write nothing there."""
    machine.file("site/sitecustomize.py", SITECUSTOMIZE)
    return Path(machine.file("syslog", ""))


def _verbosely(case: CertificateFixture, syslog: Path, *tasks: dict[str, Any]) -> tuple[Run, str]:
    """Run tasks with the highest verbosity, and return everything that was written anywhere."""
    machine = case.machine
    log = machine.folder / "ansible.log"
    startup = machine.folder / "site" / "sitecustomize.py"
    env = {"ANSIBLE_LOG_PATH": str(log), "SYSLOG_FILE": str(syslog), STARTUP: str(startup)}
    run = machine.playbook(*tasks, arguments=["-vvvv"], env=env)
    results = str([outcome.result for outcome in run.outcomes.values()])
    assert len(run.outcomes) == len(tasks)
    return run, "\n".join([run.text, results, log.read_text(), syslog.read_text()])


def _logged(case: CertificateFixture) -> bool:
    """Return whether Ansible writes to syslog: it does so for modules only."""
    return case.machine.mode == "module"


def _not_deployed(secret: str) -> dict[str, Any]:
    """Return a response that repeats a secret."""
    deployment = {"success": False, "message": f"no worker for {secret}", "environmentResults": []}
    return {"success": True, "deploymentResult": deployment}


def test_token_is_hidden(case: CertificateFixture, syslog: Path) -> None:
    token = case.manager.token
    case.manager.faults.add(Fault("status", method="DELETE", status=400, body=f"bad request by {token}"))

    run, written = _verbosely(
        case,
        syslog,
        task("update", **case.options(content=case.new.pem)),
        task("delete", **case.options(state="absent")),
        task("refused", **case.options(token=f" {token}x", content=case.old.pem)),
        task("contradictory", **case.options(username=USER, password=PASSWORD)),
    )

    assert run["update"].changed
    assert_error(run["delete"], "bad request by ********")
    assert_error(run["refused"], "401")
    assert_error(run["contradictory"], "token")
    assert token not in written
    assert PASSWORD not in written
    # Make sure that the check can fail: values that are not secret are present, in syslog as well.
    assert case.new.sha256 in written
    assert (f"name={NAME}" in syslog.read_text()) is _logged(case)


@pytest.mark.parametrize(
    ("state", "message"),
    [("present", "no worker for ********"), ("absent", "tokens are ******** and ********")],
    ids=["in a deployment result", "in an error"],
)
def test_password_and_the_token_from_the_login_are_hidden(
    case: CertificateFixture, syslog: Path, state: str, message: str
) -> None:
    case.manager.add_user(USER, PASSWORD)
    login = {**case.options(username=USER, password=PASSWORD, state=state), "token": ""}
    certificate = {} if state == "absent" else {"content": case.new.pem}

    def repeat_the_secrets(manager: Manager) -> None:
        """Repeat the token from the login in the response to the write."""
        token = list(manager.state.tokens)[-1]
        manager.faults.add(
            Fault("status", method="PUT", status=200, body=_not_deployed(token), after=True),
            Fault("status", method="DELETE", status=400, body=f"tokens are {token} and {PASSWORD}"),
        )

    case.manager.faults.add(Fault("other_writer", path="certificates", action=repeat_the_secrets))
    run, written = _verbosely(
        case,
        syslog,
        task("echo", **login, **certificate, retries=0),
        task("wrong password", **{**login, "password": PASSWORD[:-1]}, **certificate),
    )

    assert_error(run["echo"], message)
    assert_error(run["wrong password"], "Bad credentials", "APINIZER_USERNAME")
    (issued_token,) = [token.value for token in case.manager.state.tokens.values() if token.name == USER]
    for secret in (issued_token, PASSWORD, PASSWORD[:-1]):
        assert secret not in written


@pytest.mark.parametrize("by_login", [False, True], ids=["token", "password"])
def test_secrets_from_the_environment_are_hidden(case: CertificateFixture, by_login: bool) -> None:
    """They are not options of the task, so only the module itself can hide them."""
    case.manager.add_user(USER, PASSWORD)
    secret = PASSWORD if by_login else case.manager.token
    case.manager.faults.add(Fault("status", method="PUT", status=200, body=_not_deployed(secret), after=True))
    proof = {"APINIZER_USERNAME": USER, "APINIZER_PASSWORD": secret} if by_login else {"APINIZER_TOKEN": secret}

    run = case.machine.playbook(
        task("update", project=PROJECT, name=NAME, content=case.new.pem, retries=0),
        arguments=["-vvvv"],
        env={"APINIZER_URL": case.manager.url, **proof},
    )

    assert_error(run["update"], "no worker for ********")
    assert secret not in run.text
    assert secret not in str(run["update"].result)


@pytest.mark.parametrize("option", ["path", "content"])
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with the certificate"])
def test_private_key_is_hidden(case: CertificateFixture, syslog: Path, option: str, alone: bool) -> None:
    text = case.new.key_pem if alone else case.new.pem + case.new.key_pem
    value = text if option == "content" else case.machine.file("new.pem", text)

    run, written = _verbosely(case, syslog, task("key", **case.options(**{option: value})))

    assert_error(run["key"], f"{option}: ", "private key")
    assert not len(case.manager.journal)
    for line in key_lines(case.new):
        assert line not in written
    assert ("Invoked with" in syslog.read_text()) is _logged(case)


def test_refused_task_does_not_show_the_key(case: CertificateFixture, syslog: Path) -> None:
    """Ansible itself raises these errors, before the module parses the content."""
    key = case.new.key_pem

    run, written = _verbosely(
        case,
        syslog,
        task("two sources", **case.options(content=key, path="new.pem")),
        task("no such option", **case.options(content=key, nmae=NAME)),
        task("absent", **case.options(content=key, state="absent")),
        task("no manager", **{**case.options(content=case.new.pem), "url": ""}),
    )

    assert_error(run["two sources"], "mutually exclusive")
    assert_error(run["no such option"], "nmae")
    assert_error(run["absent"], "content: cannot be combined with state=absent")
    assert_error(run["no manager"], "url: missing")
    for line in key_lines(case.new):
        assert line not in written


def test_secrets_in_the_wrong_option_are_hidden(case: CertificateFixture, syslog: Path) -> None:
    run, written = _verbosely(
        case,
        syslog,
        task("a key for a path", **case.options(path=case.new.key_pem)),
        task("a password in the address", **{**case.options(), "url": f"https://{USER}:{PASSWORD}@127.0.0.1"}),
    )

    assert_error(run["a key for a path"], "path: ")
    assert_error(run["a password in the address"], "url: ")
    for line in [*key_lines(case.new), PASSWORD]:
        assert line not in written


def test_text_about_private_keys_is_not_hidden(case: CertificateFixture, syslog: Path) -> None:
    """Only a PEM block of a private key is a secret in the wrong place."""
    text = "key in HSM, no private key here"

    run, written = _verbosely(case, syslog, task("describe", **case.options(content=case.old.pem, description=text)))

    assert run["describe"].changed
    assert run["describe"]["certificate"]["description"] == case.description() == text
    assert text in written


def test_control_characters_of_the_manager_do_not_reach_the_terminal(case: CertificateFixture, syslog: Path) -> None:
    """Neither in an error, nor in a warning, which Ansible prints as they are."""
    unsafe, escaped = "a\x1b]0;title\x07\x9b\u202eb", r"a\x1b]0;title\x07\x9b\u202eb"
    references = {"status": "SUCCESS", "unresolvedReferences": [unsafe]}
    case.manager.faults.add(
        Fault("status", method="PUT", status=200, body=references, after=True),
        Fault("status", method="DELETE", status=400, body={"error": unsafe}),
    )

    run, written = _verbosely(
        case,
        syslog,
        task("update", **case.options(content=case.new.pem)),
        task("delete", **case.options(state="absent")),
    )

    assert_error(run["delete"], f"The manager answered DELETE with HTTP 400: {escaped}")
    assert [warning for warning in run["update"].warnings if escaped in warning]
    assert not [character for character in "\x07\x9b\u202e" if character in written]


def test_certificate_is_not_hidden(case: CertificateFixture, syslog: Path) -> None:
    """Operators need to see it; only the invocation in syslog omits the PEM text."""
    run, _unused = _verbosely(case, syslog, task("update", **case.options(content=case.new.pem)))

    body = case.new.pem.splitlines()[1]
    assert run["update"]["previous"]["environments"][0]["content"] == case.old.pem
    assert DESCRIPTION in run.text
    assert case.new.sha256 in run.text
    assert body not in syslog.read_text()
    assert ("content=NOT_LOGGING_PARAMETER" in syslog.read_text()) is _logged(case)
    assert ("token=NOT_LOGGING_PARAMETER" in syslog.read_text()) is _logged(case)
