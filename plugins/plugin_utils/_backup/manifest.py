# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a backup, which may have been changed since: JSON in, values or one line of text out. Pure."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

MANIFEST = "manifest.json"
SCHEMA = 1
"""Raised when a key of the manifest changes its meaning or is removed."""
LARGEST_MANIFEST = 32 * 1024 * 1024
"""Bytes. The manifest of 10,000 certificates in five environments has about 25 MB."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_LONGEST_NAME, _LONGEST_TEXT = 1_000, 10_000  # characters


class ManifestError(ValueError):
    """A manifest that cannot be used; the message says what is wrong with it, and quotes nothing but names."""


class SchemaError(ManifestError):
    """A manifest that another version of the collection wrote."""


@dataclass(frozen=True)
class SavedEnvironment:
    """A certificate in an environment.

    :arg not_after: ISO 8601 in UTC; None where the manager did not return the certificate.
    :arg fingerprint_sha256: of the certificate without its issuers.
    :arg file: the name of its file in the folder; None where the manager did not return the certificate.
    :arg sha256: of the file. Backups from before 1.0.0 may lack it.
    """

    name: str
    alias: str | None
    not_after: str | None
    fingerprint_sha256: str | None
    file: str | None
    sha256: str | None


@dataclass(frozen=True)
class SavedCertificate:
    project: str
    name: str
    description: str | None
    environments: tuple[SavedEnvironment, ...]


@dataclass(frozen=True)
class Manifest:
    """C(manager) is the address of the manager that the certificates are of."""

    manager: str
    certificates: tuple[SavedCertificate, ...]


def parse_manifest(data: bytes) -> Manifest:
    """Parse a manifest. Keys that it does not know are ignored.

    :raises SchemaError: where it has another schema.
    :raises ManifestError: where it is not JSON, or has not the keys and types that C(write_backup) writes.
    """
    try:
        found = json.loads(data)
    except RecursionError:
        raise ManifestError("its JSON is nested too deeply") from None
    except json.JSONDecodeError as exc:
        raise ManifestError(f"it is not valid JSON (line {exc.lineno})") from None
    except UnicodeDecodeError:
        raise ManifestError("it is not UTF-8 text") from None
    except ValueError:
        raise ManifestError("it is not valid JSON") from None  # A number of more than 4,300 digits.
    top = _Part(found, "")
    schema = top.value("schema", int)
    if schema != SCHEMA:
        shown = schema if 0 <= schema < 1000 else "a number that no version has"
        raise SchemaError(f"it has schema {shown}, not {SCHEMA}")
    certificates = tuple(_certificate(part) for part in top.parts("certificates"))
    targets = set()
    for certificate in certificates:
        for environment in certificate.environments:
            target = (certificate.project, certificate.name, environment.name)
            if target in targets:
                raise ManifestError(f"it lists {'/'.join(target[:2])} in {target[2]} more than once")
            targets.add(target)
    return Manifest(top.text("manager"), certificates)


def _certificate(part: _Part) -> SavedCertificate:
    return SavedCertificate(
        project=part.name("project"),
        name=part.name("name"),
        description=part.optional_text("description"),
        environments=tuple(_environment(inner) for inner in part.parts("environments")),
    )


def _environment(part: _Part) -> SavedEnvironment:
    saved = SavedEnvironment(
        name=part.name("name"),
        alias=part.optional_text("alias"),
        not_after=part.optional_text("not_after", _DATE, "a date such as 2026-12-31T23:59:59Z"),
        fingerprint_sha256=part.optional_text("fingerprint_sha256", _DIGEST, "64 hexadecimal digits"),
        file=part.file("file"),
        sha256=part.optional_text("sha256", _DIGEST, "64 hexadecimal digits") if "sha256" in part else None,
    )
    if saved.file and not (saved.sha256 or saved.fingerprint_sha256):
        raise ManifestError(f"{part.where} has a file, but neither sha256 nor fingerprint_sha256 to compare it with")
    return saved


class _Part:
    """A JSON object of the manifest, and where it is, such as C(certificates[0].environments[2])."""

    def __init__(self, value: t.Any, where: str) -> None:
        if not isinstance(value, dict):
            raise ManifestError(f"{where or 'it'} must be a JSON object, not {_kind(value)}")
        self._value = value
        self.where = where

    def __contains__(self, key: str) -> bool:
        return key in self._value

    def value(self, key: str, kind: type[t.Any]) -> t.Any:
        if key not in self._value:
            raise ManifestError(f"{self._path(key)} is missing")
        value = self._value[key]
        # To Python, true is an int.
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ManifestError(f"{self._path(key)} must be {_KINDS[kind]}, not {_kind(value)}")
        return value

    def parts(self, key: str) -> list[_Part]:
        items = self.value(key, list)
        return [_Part(item, f"{self._path(key)}[{number}]") for number, item in enumerate(items)]

    def text(self, key: str, longest: int = _LONGEST_TEXT) -> str:
        text: str = self.value(key, str)
        if len(text) > longest:
            raise ManifestError(f"{self._path(key)} has more than {longest:,} characters")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise ManifestError(f"{self._path(key)} is not valid Unicode text") from None
        return text

    def optional_text(self, key: str, pattern: re.Pattern[str] | None = None, form: str = "") -> str | None:
        if key in self._value and self._value[key] is None:
            return None
        text = self.text(key)
        if pattern and not pattern.fullmatch(text):
            raise ManifestError(f"{self._path(key)} must be {form}")
        return text

    def name(self, key: str) -> str:
        name = self.text(key, _LONGEST_NAME)
        if not name.strip() or not name.isprintable():
            raise ManifestError(f"{self._path(key)} must contain visible characters and no control characters")
        return name

    def file(self, key: str) -> str | None:
        if self.optional_text(key) is None:
            return None
        name = self.name(key)
        if name in (".", "..") or "/" in name or "\\" in name:
            raise ManifestError(
                f"{self._path(key)} must be the name of a file in the folder of the backup, without a path"
            )
        return name

    def _path(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key


_KINDS = {int: "a whole number", str: "text", list: "a list"}


def _kind(value: t.Any) -> str:
    kinds = {
        dict: "an object",
        list: "a list",
        str: "text",
        bool: "true or false",
        type(None): "null",
        float: "a decimal number",
    }
    return kinds.get(type(value), "a number")
