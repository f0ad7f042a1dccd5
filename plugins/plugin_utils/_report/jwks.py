# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what C(apinizer_certificate_info) returns as C(jwks). Pure."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, sanitize


def read_jwks(value: object) -> list[tuple[str, tuple[str, ...]]]:
    """Return the projects, each with the names of its JWKs; empty if the JWKs were not read.

    :raises ReportError: naming the value that is missing or has the wrong type.
    """
    result = Reader({"jwks": sanitize(value, "jwks")}, "apinizer_certificate_info")
    return [(one.text("project"), one.texts("names")) for one in result.each("jwks")]
