# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust anchors to which new certificates must chain."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._source import is_text
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Certificate, parse_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem, Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError, is_blank


def read_anchors(given: t.Any, locate: Callable[[str], str], files: Files) -> list[Certificate]:
    """Read trust anchors from a file, or from PEM text.

    :arg given: the value of C(require_issuer).
    :arg locate: returns the path to read for the path of a user.
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
