# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manifest import (
    ManifestError,
    SavedCertificate,
    SavedEnvironment,
    parse_manifest,
)

DIGEST = "0123456789abcdef" * 4
SECRET = "s3cret-s3cret"
ENVIRONMENT = {
    "name": "production",
    "alias": "web-alias",
    "not_after": "2026-12-31T23:59:59Z",
    "fingerprint_sha256": DIGEST,
    "file": "MyProject,web,production.pem",
    "sha256": DIGEST,
}
MANIFEST = {
    "schema": 1,
    "manager": "https://manager.example.com",
    "certificates": [{"project": "MyProject", "name": "web", "description": "First", "environments": [ENVIRONMENT]}],
}


def changed(**changes: Any) -> dict[str, Any]:
    """The manifest with changes by the name of their key; a function receives the object that has it."""
    manifest: dict[str, Any] = copy.deepcopy(MANIFEST)
    certificate = manifest["certificates"][0]
    for key, value in changes.items():
        where = next(part for part in (manifest, certificate, certificate["environments"][0]) if key in part)
        where[key] = value
    return manifest


def without(key: str) -> dict[str, Any]:
    manifest = changed()
    certificate = manifest["certificates"][0]
    for part in (manifest, certificate, certificate["environments"][0]):
        if key in part:
            del part[key]
            break
    return manifest


def parse(manifest: Any) -> Any:
    return parse_manifest(json.dumps(manifest).encode())


def problem(data: bytes) -> str:
    with pytest.raises(ManifestError) as raised:
        parse_manifest(data)
    return str(raised.value)


def test_a_manifest_becomes_values() -> None:
    found = parse(MANIFEST)

    assert found.manager == "https://manager.example.com"
    assert found.certificates == (
        SavedCertificate(
            "MyProject",
            "web",
            "First",
            (SavedEnvironment("production", "web-alias", "2026-12-31T23:59:59Z", DIGEST, ENVIRONMENT["file"], DIGEST),),
        ),
    )


def test_a_manifest_of_version_0_2_has_no_digests_of_files() -> None:
    assert parse(without("sha256")).certificates[0].environments[0].sha256 is None


def test_keys_of_a_later_version_are_ignored() -> None:
    assert parse({**MANIFEST, "more": [1]}) == parse(MANIFEST)


@pytest.mark.parametrize("key", ["description", "alias", "not_after", "sha256"])
def test_values_that_a_manager_may_not_return_can_be_null(key: str) -> None:
    parse(changed(**{key: None}))


def test_a_certificate_that_the_manager_did_not_return_has_no_file() -> None:
    manifest = changed(file=None, fingerprint_sha256=None, sha256=None, not_after=None)
    assert parse(manifest).certificates[0].environments[0].file is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "it is not valid JSON (line 1)"),
        (b"not JSON", "it is not valid JSON (line 1)"),
        (b'{\n "schema": 1,\n', "it is not valid JSON (line 3)"),
        (b"\xff", "it is not UTF-8 text"),
        (b"{" * 100_000, "it is not valid JSON (line 1)"),
        (b"[" * 100_000, "its JSON is nested too deeply"),
        (b'{"schema": 1, "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "its JSON is nested too deeply"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "it is not valid JSON"),
        (b"[]", "it must be a JSON object, not a list"),
        (b"7", "it must be a JSON object, not a number"),
        (b"null", "it must be a JSON object, not null"),
        (b"{}", "schema is missing"),
    ],
)
def test_data_that_is_not_a_manifest_is_refused(data: bytes, expected: str) -> None:
    assert problem(data) == expected


OTHER_SCHEMA = "it has schema {}, not 1"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"schema": 2}, OTHER_SCHEMA.format(2)),
        ({"schema": 0}, OTHER_SCHEMA.format(0)),
        ({"schema": 10**100}, OTHER_SCHEMA.format("a number that no version has")),
        ({"schema": True}, "schema must be a whole number, not true or false"),
        ({"schema": 1.0}, "schema must be a whole number, not a decimal number"),
        ({"schema": "1"}, "schema must be a whole number, not text"),
        ({"manager": None}, "manager must be text, not null"),
        ({"certificates": {}}, "certificates must be a list, not an object"),
        ({"certificates": [7]}, "certificates[0] must be a JSON object, not a number"),
        ({"project": 7}, "certificates[0].project must be text, not a number"),
        ({"project": " "}, "certificates[0].project must contain visible characters and no control characters"),
        (
            {"name": "a\x1b[2J"},
            "certificates[0].name must contain visible characters and no control characters",
        ),
        ({"description": []}, "certificates[0].description must be text, not a list"),
        ({"description": "\ud800"}, "certificates[0].description is not valid Unicode text"),
        ({"description": "x" * 10_001}, "certificates[0].description has more than 10,000 characters"),
        ({"environments": "production"}, "certificates[0].environments must be a list, not text"),
        ({"environments": [None]}, "certificates[0].environments[0] must be a JSON object, not null"),
        ({"alias": 7}, "certificates[0].environments[0].alias must be text, not a number"),
        (
            {"not_after": "tomorrow"},
            "certificates[0].environments[0].not_after must be a date such as 2026-12-31T23:59:59Z",
        ),
        ({"sha256": SECRET}, "certificates[0].environments[0].sha256 must be 64 hexadecimal digits"),
        (
            {"fingerprint_sha256": DIGEST.upper()},
            "certificates[0].environments[0].fingerprint_sha256 must be 64 hexadecimal digits",
        ),
        (
            {"fingerprint_sha256": None, "sha256": None},
            "certificates[0].environments[0] has a file, but neither sha256 nor fingerprint_sha256 to compare it with",
        ),
        ({"environments": [ENVIRONMENT] * 2}, "it lists MyProject/web in production more than once"),
    ],
)
def test_another_value_is_refused_with_its_place(changes: dict[str, Any], expected: str) -> None:
    assert problem(json.dumps(changed(**changes)).encode()) == expected


@pytest.mark.parametrize(
    "key",
    [
        *("schema", "manager", "certificates", "project", "description", "environments"),
        *("alias", "not_after", "fingerprint_sha256", "file"),
    ],
)
def test_a_missing_key_is_refused_with_its_place(key: str) -> None:
    assert problem(json.dumps(without(key)).encode()).endswith(f"{key} is missing")


@pytest.mark.parametrize(
    "file", ["../x.pem", "/etc/passwd", "..", ".", "a/b.pem", "a\\b.pem", "./x.pem", "x/", "C:\\x.pem"]
)
def test_a_file_outside_the_folder_is_refused(file: str) -> None:
    assert problem(json.dumps(changed(file=file)).encode()) == (
        "certificates[0].environments[0].file must be the name of a file in the folder of the backup, without a path"
    )


@pytest.mark.parametrize("file", ["", "a\x00b.pem", "a\nb.pem"])
def test_a_file_name_with_control_characters_is_refused(file: str) -> None:
    assert "must contain visible characters" in problem(json.dumps(changed(file=file)).encode())


@pytest.mark.parametrize("seed", range(20))
def test_a_manifest_that_was_changed_anywhere_is_values_or_one_line(seed: int) -> None:
    """Each value is replaced by another one, each key is removed, and bytes are changed."""
    generator = random.Random(seed)
    others: list[Callable[[], Any]] = [
        *(lambda: None, lambda: True, lambda: -1, lambda: 1.5, lambda: SECRET, list, dict, lambda: [{}]),
        *(lambda: "\ud800", lambda: "\x1b[31m" + SECRET, lambda: SECRET * 10_000),
    ]
    messages = []
    for _unused in range(100):
        manifest: Any = copy.deepcopy(MANIFEST)
        parts = [manifest, manifest["certificates"][0], manifest["certificates"][0]["environments"][0]]
        part = generator.choice(parts)
        key = generator.choice(sorted(part))
        if generator.random() < 0.2:
            del part[key]
        else:
            part[key] = generator.choice(others)()
        data = bytearray(json.dumps(manifest).encode())
        if generator.random() < 0.3:
            data[generator.randrange(len(data))] = generator.randrange(256)
        try:
            parse_manifest(bytes(data))
        except ManifestError as exc:
            messages.append(str(exc))
    assert messages
    for message in messages:
        assert message.isprintable()
        assert SECRET not in message
        assert len(message) < 300
