# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user gets wrong: one line that names the option to mend, before any request leaves, and no secret in it."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from integration.runners import CERTIFICATE, INFO
from integration.scene import HELD_IN, NAME, PROJECT, Scene, assert_error, calls, key_lines
from manager import Issued

NOW = datetime.now(timezone.utc)
CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"


def _damaged(pem: str) -> str:
    lines = pem.splitlines()
    lines[3] = lines[3][:17]
    return "\n".join(lines)


def _other(scene: Scene) -> Issued:
    return scene.authority.issue("other.example.com")


def _expired(scene: Scene) -> Issued:
    return scene.authority.issue(
        "expired.example.com", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1)
    )


def _future(scene: Scene) -> Issued:
    return scene.authority.issue(
        "future.example.com", not_before=NOW + timedelta(days=1), not_after=NOW + timedelta(days=9)
    )


# What stands in the file or the text, and a part of the message.
CONTENTS: dict[str, tuple[Callable[[Scene], str], str]] = {
    "blank": (lambda _unused: " \n\n", "empty"),
    "text": (lambda _unused: "no certificate at all", "contains no certificate"),
    "key only": (lambda scene: scene.new.key_pem, "contains a private key"),
    "key after the certificate": (lambda scene: scene.new.pem + scene.new.key_pem, "contains a private key"),
    "key before the certificate": (lambda scene: scene.new.key_pem + scene.new.pem, "contains a private key"),
    "key with CRLF": (
        lambda scene: (scene.new.pem + scene.new.key_pem).replace("\n", "\r\n"),
        "contains a private key",
    ),
    "key that is cut off": (
        lambda scene: scene.new.pem + scene.new.key_pem[: len(scene.new.key_pem) // 2],
        "contains a private key",
    ),
    "damaged base64": (lambda scene: _damaged(scene.new.pem), "CERTIFICATE block 1"),
    "cut off": (lambda scene: scene.new.pem[:300], "no END line"),
    "valid base64 of nothing": (
        lambda _unused: (
            f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(b'nothing').decode()}\n-----END CERTIFICATE-----\n"
        ),
        "CERTIFICATE block 1",
    ),
    "request": (lambda _unused: CSR, "only: CERTIFICATE REQUEST"),
    "two that are unrelated": (
        lambda scene: scene.new.pem + _other(scene).pem,
        "CN=www.example.com,O=Example Inc,C=US; CN=other.example.com,O=Example Inc,C=US",
    ),
    "expired": (lambda scene: _expired(scene).pem, "expired on"),
    "not yet valid": (lambda scene: _future(scene).pem, "is not valid before"),
}


@pytest.mark.parametrize("option", ["path", "content"])
@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.any_way
def test_certificates_that_are_none(scene: Scene, kind: str, option: str) -> None:
    make, message = CONTENTS[kind]
    text = make(scene)
    value = text if option == "content" else scene.machine.file("new.pem", text)

    outcome = scene.run(**{option: value})

    assert_error(outcome, f"{option}: ", message)
    assert not len(scene.manager.journal)
    for line in key_lines(scene.new):
        assert line not in outcome.text


def _fifo(scene: Scene) -> str:
    path = str(scene.machine.folder / "fifo")
    os.mkfifo(path)
    return path


PATHS: dict[str, tuple[Callable[[Scene], str], str]] = {
    "empty file": (lambda scene: scene.machine.file("new.pem", ""), "empty"),
    "binary noise": (lambda scene: scene.machine.file("new.pem", bytes(range(256)) * 9), "contains no certificate"),
    "directory": (lambda scene: str(scene.machine.home), "is a directory"),
    "missing": (lambda scene: str(scene.machine.folder / "missing.pem"), "No such file or directory"),
    "beyond a file": (lambda scene: scene.machine.file("new.pem", scene.new.pem) + "/x", "Not a directory"),
    "named pipe": (_fifo, "not a regular file"),
    "device": (lambda _unused: "/dev/zero", "not a regular file"),
    "huge": (lambda scene: scene.machine.file("new.pem", scene.new.pem * 2000), "larger than 1 MiB"),
}


@pytest.mark.parametrize("kind", PATHS)
def test_files_that_cannot_be_taken(scene: Scene, kind: str) -> None:
    make, message = PATHS[kind]
    path = make(scene)

    outcome = scene.run(path=path)

    assert_error(outcome, f"path: {path}", message)
    assert not len(scene.manager.journal)


@pytest.mark.parametrize("make", [_expired, _future], ids=["expired", "not yet valid"])
def test_they_are_accepted_on_request(scene: Scene, make: Callable[[Scene], Issued]) -> None:
    issued = make(scene)

    outcome = scene.run(content=issued.pem, allow_expired=True)

    assert outcome.changed
    assert scene.served() == dict.fromkeys(HELD_IN, issued.der)
    assert [entry["expired"] for entry in outcome["certificate"]["environments"]] == [make is _expired] * 2


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"path": "a.pem", "content": "b"}, ["path", "content", "mutually exclusive"]),
        ({"state": "gone"}, ["state", "present", "absent"]),
        ({"unlisted_environments": "ignore"}, ["unlisted_environments", "fail, remove, update, keep"]),
        ({"update_scope": "everywhere"}, ["update_scope", "same_project", "all_projects"]),
        ({"force": "perhaps"}, ["force"]),
        ({"timeout": "soon"}, ["timeout"]),
        ({"timeout": 0}, ["timeout: ", "greater than 0"]),
        ({"timeout": -1}, ["timeout: ", "greater than 0"]),
        ({"timeout": "nan"}, ["timeout: "]),
        ({"timeout": "inf"}, ["timeout: "]),
        ({"retries": -1}, ["retries: ", "0 or greater"]),
        ({"retries": "many"}, ["retries"]),
        ({"retries": "1.5"}, ["retries"]),
        ({"validate_certs": "perhaps"}, ["validate_certs"]),
        ({"environments": []}, ["environments: ", "list is empty"]),
        ({"environments": ["", " "]}, ["environments: ", "list is empty"]),
        ({"environments": ["one,two"]}, ["environments: ", "comma"]),
        ({"environments": ["a\nb"]}, ["environments: ", "control character"]),
        ({"environments": {"name": "staging"}}, ["environments"]),
        ({"project": ""}, ["project"]),
        ({"name": ""}, ["name"]),
        ({"name": " "}, ["name: "]),
        ({"name": "."}, ["name: "]),
        ({"name": ".."}, ["name: "]),
        ({"project": ".."}, ["project: "]),
        ({"name": "a\nb"}, ["name: ", "control characters"]),
        ({"project": "a\tb"}, ["project: ", "control characters"]),
        ({"name": "a\x7fb"}, ["name: ", "control characters"]),
        ({"nmae": "my-certificate"}, ["nmae"]),
    ],
    ids=str,
)
def test_options_that_cannot_be(scene: Scene, options: dict[str, Any], parts: list[str]) -> None:
    outcome = scene.run(**{"content": scene.new.pem, **options})

    assert_error(outcome, *parts)
    assert not outcome.changed
    assert not len(scene.manager.journal)


def test_an_environment_that_is_no_name(scene: Scene) -> None:
    """Ansible turns it into text, which no manager has as an environment."""
    outcome = scene.run(environments=[{"name": "staging"}], unlisted_environments="update")

    assert_error(outcome, "environments: ", "{'name': 'staging'}")
    assert not scene.manager.journal.writes()


@pytest.mark.parametrize("text", ["staging,development", "staging, development"])
def test_a_comma_separates_environments_in_text(scene: Scene, text: str) -> None:
    """A survey gives text: Ansible splits it, so that no name ever has a comma."""
    outcome = scene.run(content=scene.new.pem, environments=text)

    assert outcome.changed
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"token": None}, ["token: missing", "APINIZER_TOKEN", "username and password"]),
        ({"token": ""}, ["token: missing"]),
        ({"username": "operator", "password": "secret"}, ["token: cannot be combined"]),
        ({"token": None, "username": "operator"}, ["password: missing"]),
        ({"token": None, "password": "secret"}, ["username: missing"]),
        ({"token": "two words"}, ["token: "]),
        ({"token": "line\nbreak"}, ["token: "]),
        ({"token": "şifre"}, ["token: "]),
        ({"url": None}, ["url: missing", "APINIZER_URL"]),
        ({"url": ""}, ["url: missing"]),
        ({"url": "manager.example.com"}, ["url: ", "https://"]),
        ({"url": "ftp://manager.example.com"}, ["url: ", "https://"]),
        ({"url": "https://"}, ["url: "]),
        ({"url": "https://manager.example.com:port"}, ["url: "]),
        ({"url": "https://manager.example.com:99999"}, ["url: "]),
        ({"url": "https://[::1"}, ["url: "]),
        ({"url": "https://manager.example.com/a b"}, ["url: "]),
        ({"url": "https://operator:secret@manager.example.com"}, ["url: ", "must not contain a username"]),
        ({"url": "https://manager.example.com/?a=b"}, ["url: ", "query"]),
        ({"client_key": "client.key"}, ["client_cert: missing"]),
        ({"ca_path": "/missing/ca.pem"}, ["ca_path: /missing/ca.pem", "No such file"]),
        ({"ca_path": "/"}, ["ca_path: /", "directory"]),
        ({"client_cert": "/missing/client.pem"}, ["client_cert: /missing/client.pem", "No such file"]),
        ({"client_cert": "/dev/null", "client_key": "/missing/client.key"}, ["client_key: /missing/client.key"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("module", [CERTIFICATE, INFO])
@pytest.mark.any_way
def test_connections_that_cannot_be(scene: Scene, module: str, options: dict[str, Any], parts: list[str]) -> None:
    given = {"url": scene.manager.url, "token": scene.manager.token, "project": PROJECT, "name": NAME, **options}

    outcome = scene.machine.module(module, **{key: value for key, value in given.items() if value is not None})

    assert_error(outcome, *parts)
    assert not len(scene.manager.journal)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"name": NAME}, ["project"]),
        ({"expiring_within": -1}, ["expiring_within: "]),
        ({"expiring_within": 36501}, ["expiring_within: "]),
        ({"expiring_within": "soon"}, ["expiring_within"]),
        ({"environments": []}, ["environments: ", "list is empty"]),
        ({"project": ".."}, ["project: "]),
        ({"project": PROJECT, "name": "a\nb"}, ["name: "]),
    ],
    ids=str,
)
def test_options_of_the_info_module_that_cannot_be(scene: Scene, options: dict[str, Any], parts: list[str]) -> None:
    assert_error(scene.info(**options), *parts)
    assert not len(scene.manager.journal)


@pytest.mark.parametrize(("options", "option"), [({}, "path"), ({"content": "new"}, "environments")])
def test_creating_needs_a_certificate_and_environments(scene: Scene, options: dict[str, Any], option: str) -> None:
    given = {"content": scene.new.pem} if options else {}

    outcome = scene.run(**{**given, "name": "another"})

    assert_error(outcome, f"{option}: missing", "project MyProject has no certificate another")
    assert calls(scene.manager.journal) == ["get", "list"]


# Names that an address, a form or a shell could stumble over, and that are nevertheless legal.
ODD_NAMES = [
    "my certificate",
    "a/b",
    "..a",
    "50% off",
    "%2F",
    "one+one",
    "a?b#c&d=e;f",
    'it\'s "quoted"',
    "back\\slash",
    "ünïcödé şertifika ığ",
    "証明書🔒",
    "<b>{{ braces }}</b>",
]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.any_way
def test_odd_names_arrive_as_they_are(scene: Scene, name: str) -> None:
    """Created, read, updated and deleted under one name, which is also the project's and the environment's."""
    manager = scene.manager
    manager.add_project(name, [name])
    options = {"project": name, "name": name}

    created = scene.run(**options, content=scene.old.pem, environments=[name], alias=name, description=name)
    assert not created.failed, created
    (certificate,) = manager.state.certificates_of(name)
    assert (certificate.name, certificate.description, certificate.environments) == (name, name, (name,))
    assert certificate.entries[0].alias == name

    updated = scene.run(**options, content=scene.new.pem)
    assert updated.changed
    assert manager.served(name, name, name) == scene.new.der
    assert manager.state.certificates[name, name].entries[0].alias == name

    found = scene.info(**options)
    assert [one["name"] for one in found["certificates"]] == [name]

    deleted = scene.run(**options, state="absent")
    assert deleted.changed
    assert not manager.state.certificates_of(name)
    assert len(manager.state.certificates) == 1
