# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils import _archive
from ansible_collections.apinizer.apiops.plugins.module_utils._archive import is_archive, truststore_entries
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ShapeError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle


def archive(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return data.getvalue()


def test_each_file_is_a_certificate_under_its_alias(old: Bundle, new: Bundle) -> None:
    data = archive({"web.cer": old.leaf.pem.encode(), "Öffentliche CA/x.cer": new.leaf.der})
    found = truststore_entries("staging", data)
    assert [(entry.environment, entry.alias) for entry in found] == [
        ("staging", "web"),
        ("staging", "Öffentliche CA/x"),
    ]
    assert [entry.leaf and entry.leaf.der for entry in found] == [old.leaf.der, new.leaf.der]


def test_other_files_are_ignored(old: Bundle) -> None:
    assert truststore_entries("staging", archive({"README.txt": b"x", "web.CER": old.leaf.der}))[0].alias == "web"
    assert truststore_entries("staging", archive({})) == ()


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"-----BEGIN CERTIFICATE-----\n!\n"])
def test_a_file_that_is_no_certificate_leaves_only_its_alias(content: bytes) -> None:
    (entry,) = truststore_entries("staging", archive({"broken.cer": content}))
    assert (entry.alias, entry.fingerprint_sha1 if not content.startswith(b"not") else None) == ("broken", None)


def _truncated(data: bytes) -> bytes:
    return data[:-10]


def _damaged(data: bytes) -> bytes:
    return data[:60] + bytes(20) + data[80:]


def _encrypted(data: bytes) -> bytes:
    # Bit 0 of the general purpose flags, in the local header and in the central directory (APPNOTE.TXT, section 4.4.4).
    at = data.index(b"PK\x01\x02") + 8
    return data[:6] + b"\x01" + data[7:at] + b"\x01" + data[at + 1 :]


@pytest.mark.parametrize("change", [_truncated, _damaged, _encrypted, lambda _data: b"PK\x03\x04", lambda _data: b""])
def test_an_archive_that_cannot_be_read_is_an_error(old: Bundle, change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ShapeError, match="ZIP archive is damaged or encrypted"):
        truststore_entries("staging", change(archive({"web.cer": old.leaf.pem.encode() * 4})))


def test_an_archive_that_unpacks_to_too_much_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive({"bomb.cer": bytes(_archive._LARGEST_FILE + 1)})
    assert len(bomb) < 10_000
    with pytest.raises(ShapeError, match="too large when unpacked"):
        truststore_entries("staging", bomb)
    monkeypatch.setattr(_archive, "_LARGEST_TOTAL", 100)
    with pytest.raises(ShapeError, match="too large when unpacked"):
        truststore_entries("staging", archive({f"{number}.cer": bytes(60) for number in range(2)}))


def test_an_archive_of_too_many_files_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_archive, "_MOST_FILES", 1)
    with pytest.raises(ShapeError, match="has 2 files"):
        truststore_entries("staging", archive({"a.cer": b"", "b.cer": b""}))


@pytest.mark.parametrize(
    ("data", "expected"), [(archive({}), True), (archive({"a": b""}), True), (b"{}", False), (b"", False)]
)
def test_an_archive_is_recognized(data: bytes, expected: bool) -> None:
    assert is_archive(data) is expected
