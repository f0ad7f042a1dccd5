# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._source import read_certificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from manager import Authority, Issued

MEBIBYTE = 1024 * 1024


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "web.pem"


def refusal(path: object, content: str | None = None, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_certificate(str(path) if path else None, content, **{"allow_expired": True, **options})
    return str(caught.value)


def test_without_path_and_content_there_is_no_certificate(now: datetime) -> None:
    assert read_certificate(None, None, now=now, allow_expired=False) is None


@pytest.mark.parametrize("form", ["pem", "der"])
def test_a_file_is_read_in_either_form(file: Path, issued_new: Issued, new: Bundle, now: datetime, form: str) -> None:
    file.write_bytes(issued_new.der if form == "der" else issued_new.pem.encode())
    assert read_certificate(str(file), None, now=now, allow_expired=False) == new


def test_text_is_read(issued_new: Issued, new: Bundle, now: datetime) -> None:
    assert read_certificate(None, "şöyle \udcff\n" + issued_new.pem, now=now, allow_expired=False) == new


def test_errors_name_the_option_and_the_file(file: Path, now: datetime) -> None:
    file.write_text("")
    assert refusal(file, now=now) == f"path: {file}: is empty"
    assert refusal(None, " ", now=now) == "content: is empty"


def test_an_empty_option_is_refused(now: datetime) -> None:
    with pytest.raises(InputError, match=r"^path: is empty; set it to a PEM or DER file, or omit the option$"):
        read_certificate("", None, now=now, allow_expired=False)
    with pytest.raises(InputError, match=r"^content: is empty; set it to the text of a PEM file, or omit the option$"):
        read_certificate(None, "", now=now, allow_expired=False)


def test_a_private_key_is_not_shown(file: Path, issued_new: Issued, now: datetime) -> None:
    text = issued_new.pem + issued_new.key_pem
    file.write_text(text)
    reason = "contains a private key. Provide only the certificate; the key was not sent anywhere"
    assert refusal(file, now=now) == f"path: {file}: {reason}"
    assert refusal(None, text, now=now) == f"content: {reason}"


@pytest.mark.parametrize(
    ("days", "reason"),
    [(-400, "is not valid before 2026-05-01T00:00:00Z"), (400, "expired on 2027-04-30T23:59:59Z")],
)
def test_a_certificate_outside_its_validity_period_must_be_allowed(
    issued_new: Issued, new: Bundle, now: datetime, days: int, reason: str
) -> None:
    moment = now + timedelta(days=days)
    message = f"content: CN=web.example.com,O=Example Inc,C=US {reason}"
    assert refusal(None, issued_new.pem, now=moment, allow_expired=False) == message
    assert read_certificate(None, issued_new.pem, now=moment, allow_expired=True) == new


def test_a_missing_file(file: Path, now: datetime) -> None:
    message = f"path: {file} cannot be read on the host that runs the module: No such file or directory"
    assert refusal(file, now=now) == message


def test_a_missing_file_with_a_relative_path(
    file: Path, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The folder in which a relative path starts depends on how the task runs, so the message shows where it led."""
    monkeypatch.chdir(tmp_path)
    reason = "cannot be read on the host that runs the module: No such file or directory"
    assert refusal("new/web.pem", now=now) == f"path: new/web.pem ({tmp_path}/new/web.pem) {reason}"
    assert refusal("../web.pem", now=now) == f"path: ../web.pem ({tmp_path.parent}/web.pem) {reason}"


def test_an_empty_path(now: datetime) -> None:
    with pytest.raises(InputError, match=r"^path: is empty; set it to a PEM or DER file, or omit the option$"):
        read_certificate("", None, now=now, allow_expired=True)


def test_text_instead_of_a_path_is_not_shown(issued_new: Issued, now: datetime) -> None:
    message = "path: contains the text of a certificate instead of the path of a file; use content for the text"
    assert refusal(issued_new.pem, now=now) == message
    assert refusal(issued_new.key_pem, now=now) == message


def test_content_that_a_manager_held_is_read_whatever_is_wrong_with_its_chain(
    issued_new: Issued, now: datetime
) -> None:
    text = issued_new.pem + Authority().pem

    assert "do not verify" in refusal(None, text, now=now)
    bundle = read_certificate(None, text, now=now, allow_expired=True, validate_chain=False)
    assert bundle is not None
    assert bundle.pem == text
    assert refusal(None, "no certificate", now=now, validate_chain=False).startswith("content: contains no certificate")


def test_text_with_any_surrogate_is_read(issued_new: Issued, new: Bundle, now: datetime) -> None:
    assert read_certificate(None, "\ud800\n" + issued_new.pem, now=now, allow_expired=False) == new


def test_an_invalid_path(now: datetime) -> None:
    message = (
        r"path: a\\x00b \(/.*/a\\x00b\) cannot be read on the host that runs the module: .*null (byte|character).*"
    )
    with pytest.raises(InputError, match=message):
        read_certificate("a\0b", None, now=now, allow_expired=True)


def test_a_folder_is_not_a_file(tmp_path: Path, now: datetime) -> None:
    assert refusal(tmp_path, now=now) == f"path: {tmp_path} is a directory; use a PEM or DER file"


def test_a_pipe_does_not_make_the_task_hang(file: Path, now: datetime) -> None:
    os.mkfifo(file)
    assert refusal(file, now=now) == f"path: {file} is not a regular file; use a PEM or DER file"


def test_a_file_of_a_mebibyte_is_read_and_a_larger_one_is_not(
    file: Path, issued_new: Issued, new: Bundle, now: datetime
) -> None:
    file.write_text(issued_new.pem.ljust(MEBIBYTE))
    assert read_certificate(str(file), None, now=now, allow_expired=False) == new
    file.write_text(issued_new.pem.ljust(MEBIBYTE + 1))
    message = f"path: {file} is larger than 1 MiB, which is too large for a certificate with its issuers"
    assert refusal(file, now=now) == message
