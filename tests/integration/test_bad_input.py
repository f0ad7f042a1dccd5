# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid input fails before any request, with one line that names the option and shows no secret."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from integration.certificate_fixture import DEPLOYED, NAME, PROJECT, CertificateFixture, assert_error, calls, key_lines
from integration.machine import CERTIFICATE, INFO
from manager import Authority, Issued

NOW = datetime.now(timezone.utc)
CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"


def _damaged(pem: str) -> str:
    lines = pem.splitlines()
    lines[3] = lines[3][:17]
    return "\n".join(lines)


def _other(case: CertificateFixture) -> Issued:
    return case.authority.issue("other.example.com")


def _expired(case: CertificateFixture) -> Issued:
    return case.authority.issue(
        "expired.example.com", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1)
    )


def _future(case: CertificateFixture) -> Issued:
    return case.authority.issue(
        "future.example.com", not_before=NOW + timedelta(days=1), not_after=NOW + timedelta(days=9)
    )


# The content of the file or the option, and a part of the message.
CONTENTS: dict[str, tuple[Callable[[CertificateFixture], str], str]] = {
    "blank": (lambda _unused: " \n\n", "empty"),
    "text": (lambda _unused: "no certificate at all", "contains no certificate"),
    "key only": (lambda case: case.new.key_pem, "contains a private key"),
    "key after the certificate": (lambda case: case.new.pem + case.new.key_pem, "contains a private key"),
    "key before the certificate": (lambda case: case.new.key_pem + case.new.pem, "contains a private key"),
    "key with CRLF": (
        lambda case: (case.new.pem + case.new.key_pem).replace("\n", "\r\n"),
        "contains a private key",
    ),
    "key that is cut off": (
        lambda case: case.new.pem + case.new.key_pem[: len(case.new.key_pem) // 2],
        "contains a private key",
    ),
    "damaged base64": (lambda case: _damaged(case.new.pem), "CERTIFICATE block 1"),
    "cut off": (lambda case: case.new.pem[:300], "no END line"),
    "valid base64 of nothing": (
        lambda _unused: (
            f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(b'nothing').decode()}\n-----END CERTIFICATE-----\n"
        ),
        "CERTIFICATE block 1",
    ),
    "request": (lambda _unused: CSR, "only: CERTIFICATE REQUEST"),
    "literal line breaks": (lambda case: case.new.pem.replace("\n", "\\n"), "the two characters \\n"),
    "base64 without PEM lines": (
        lambda case: base64.b64encode(case.new.der).decode(),
        "is base64 without the lines around it",
    ),
    "issuer of the same name with another key": (
        lambda case: case.new.pem + Authority().pem,
        "CN=www.example.com,O=Example Inc,C=US is not signed by the key of CN=Example CA,O=Example Inc,C=US",
    ),
    "two that are unrelated": (
        lambda case: case.new.pem + _other(case).pem,
        "CN=www.example.com,O=Example Inc,C=US; CN=other.example.com,O=Example Inc,C=US",
    ),
    "expired": (lambda case: _expired(case).pem, "expired on"),
    "not yet valid": (lambda case: _future(case).pem, "is not valid before"),
}


@pytest.mark.parametrize("option", ["path", "content"])
@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.any_mode
def test_invalid_certificate_is_refused(case: CertificateFixture, kind: str, option: str) -> None:
    make, message = CONTENTS[kind]
    text = make(case)
    value = text if option == "content" else case.machine.file("new.pem", text)

    outcome = case.run(**{option: value})

    assert_error(outcome, f"{option}: ", message)
    assert not len(case.manager.journal)
    for line in key_lines(case.new):
        assert line not in outcome.text


def _pkcs12(case: CertificateFixture) -> bytes:
    """A file with the certificate and its private key."""
    key = serialization.load_pem_private_key(case.new.key_pem.encode(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    return pkcs12.serialize_key_and_certificates(b"web", key, case.new.certificate, None, encryption)


def _fifo(case: CertificateFixture) -> str:
    path = str(case.machine.folder / "fifo")
    os.mkfifo(path)
    return path


PATHS: dict[str, tuple[Callable[[CertificateFixture], str], str]] = {
    "UTF-16": (lambda case: case.machine.file("new.pem", case.new.pem.encode("utf-16")), "is text in UTF-16. Save it"),
    "PKCS #12": (
        lambda case: case.machine.file("new.p12", _pkcs12(case)),
        "openssl pkcs12 -in new.p12 -nokeys -out new.pem",
    ),
    "empty file": (lambda case: case.machine.file("new.pem", ""), "empty"),
    "binary noise": (lambda case: case.machine.file("new.pem", bytes(range(256)) * 9), "contains no certificate"),
    "directory": (lambda case: str(case.machine.home), "is a directory"),
    "missing": (lambda case: str(case.machine.folder / "missing.pem"), "No such file or directory"),
    "beyond a file": (lambda case: case.machine.file("new.pem", case.new.pem) + "/x", "Not a directory"),
    "named pipe": (_fifo, "not a regular file"),
    "device": (lambda _unused: "/dev/zero", "not a regular file"),
    "huge": (lambda case: case.machine.file("new.pem", case.new.pem * 2000), "larger than 1 MiB"),
}


@pytest.mark.parametrize("kind", PATHS)
def test_unusable_file_is_refused(case: CertificateFixture, kind: str) -> None:
    make, message = PATHS[kind]
    path = make(case)

    outcome = case.run(path=path)

    assert_error(outcome, f"path: {path}", message)
    assert not len(case.manager.journal)


@pytest.mark.parametrize("make", [_expired, _future], ids=["expired", "not yet valid"])
def test_allow_expired_accepts_certificates_outside_their_validity(
    case: CertificateFixture, make: Callable[[CertificateFixture], Issued]
) -> None:
    issued = make(case)

    outcome = case.run(content=issued.pem, allow_expired=True)

    assert outcome.changed
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, issued.der)
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
def test_invalid_option_is_refused(case: CertificateFixture, options: dict[str, Any], parts: list[str]) -> None:
    outcome = case.run(**{"content": case.new.pem, **options})

    assert_error(outcome, *parts)
    assert not outcome.changed
    assert not len(case.manager.journal)


def test_environment_that_is_a_dictionary_is_refused(case: CertificateFixture) -> None:
    """Ansible turns it into text, which matches no environment of the manager."""
    outcome = case.run(environments=[{"name": "staging"}], unlisted_environments="update")

    assert_error(outcome, "environments: ", "{'name': 'staging'}")
    assert not case.manager.journal.writes()


@pytest.mark.parametrize("text", ["staging,development", "staging, development"])
def test_comma_separated_text_is_a_list_of_environments(case: CertificateFixture, text: str) -> None:
    """A survey returns text, which Ansible splits at each comma; so no name contains a comma."""
    outcome = case.run(content=case.new.pem, environments=text)

    assert outcome.changed
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)


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
@pytest.mark.any_mode
def test_invalid_connection_option_is_refused(
    case: CertificateFixture, module: str, options: dict[str, Any], parts: list[str]
) -> None:
    given = {"url": case.manager.url, "token": case.manager.token, "project": PROJECT, "name": NAME, **options}

    outcome = case.machine.module(module, **{key: value for key, value in given.items() if value is not None})

    assert_error(outcome, *parts)
    assert not len(case.manager.journal)


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
def test_invalid_option_of_the_info_module_is_refused(
    case: CertificateFixture, options: dict[str, Any], parts: list[str]
) -> None:
    assert_error(case.info(**options), *parts)
    assert not len(case.manager.journal)


@pytest.mark.parametrize(("options", "option"), [({}, "path"), ({"content": "new"}, "environments")])
def test_create_requires_a_certificate_and_environments(
    case: CertificateFixture, options: dict[str, Any], option: str
) -> None:
    given = {"content": case.new.pem} if options else {}

    outcome = case.run(**{**given, "name": "another"})

    assert_error(outcome, f"{option}: missing", "project MyProject has no certificate another")
    assert calls(case.manager.journal) == ["get", "list"]


# Valid names that are easy to break in a URL, a form or a shell.
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
@pytest.mark.any_mode
def test_unusual_names_reach_the_manager_unchanged(case: CertificateFixture, name: str) -> None:
    """Create, read, update and delete a certificate whose project and environment have the same name."""
    manager = case.manager
    manager.add_project(name, [name])
    options = {"project": name, "name": name}

    created = case.run(**options, content=case.old.pem, environments=[name], alias=name, description=name)
    assert not created.failed, created
    (certificate,) = manager.state.certificates_of(name)
    assert (certificate.name, certificate.description, certificate.environments) == (name, name, (name,))
    assert certificate.entries[0].alias == name

    updated = case.run(**options, content=case.new.pem)
    assert updated.changed
    assert manager.served(name, name, name) == case.new.der
    assert manager.state.certificates[name, name].entries[0].alias == name

    found = case.info(**options)
    assert [one["name"] for one in found["certificates"]] == [name]

    deleted = case.run(**options, state="absent")
    assert deleted.changed
    assert not manager.state.certificates_of(name)
    assert len(manager.state.certificates) == 1
