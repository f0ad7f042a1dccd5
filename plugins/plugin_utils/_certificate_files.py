# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that a user gives as a file or as text: new ones, and the trust anchors to which they must chain."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._source import PEM_AS_PATH, is_text
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import (
    Bundle,
    Certificate,
    parse_certificates,
    parse_input,
    parse_text,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem, Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX, SettingError, is_blank

Locate = Callable[[str], str]  # returns the path to read for the path of a user


def read_new_certificate(key: str, path: str | None, content: str | None, locate: Locate, files: Files) -> Bundle:
    """Read a new certificate from a file, or from text.

    :arg key: the C(project/name) of the certificate, for the message.
    :raises CertificateError: where it cannot be used; the message is complete.
    """
    try:
        if content is not None:
            return parse_text(content)
        if path is None:
            raise CertificateError("your tasks set neither path nor content in it")
        if is_text(path):
            raise CertificateError(PEM_AS_PATH)
        return parse_input(files.read(locate(path)))
    except (CertificateError, FileProblem) as exc:
        source = _source(path, content)
        raise CertificateError(f"The new certificate of {key} ({source}) cannot be used: {exc}") from exc


def _source(path: str | None, content: str | None) -> str:
    """What a message calls the origin of a certificate."""
    if content is not None:
        return "content"
    if path is None:
        return f"{PREFIX}obtained"
    return "path" if is_text(path) else path


def read_anchors(given: t.Any, locate: Locate, files: Files) -> list[Certificate]:
    """Read trust anchors from a file, or from PEM text.

    :arg given: the value of C(require_issuer).
    :returns: the certificates; none where the variable is empty.
    :raises SettingError: where they cannot be used.
    """
    if is_blank(given):
        return []
    text = str(given)
    try:
        return parse_certificates(text.encode("utf-8", "replace") if is_text(text) else files.read(locate(text)))
    except FileProblem as exc:
        raise SettingError("require_issuer", str(exc)) from exc
    except CertificateError as exc:
        raise SettingError("require_issuer", str(exc) if is_text(text) else f"{text} {exc}") from exc
