# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two addresses are those of the same manager. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_API = "/apiops"


def normalized_address(url: str) -> str:
    """An address in one form: scheme and host in lower case, no default port, no C(/apiops) and no slash at its end.

    That is what RFC 3986 (section 6.2) regards as equivalent, and what the connection option C(url) does. A username and a
    password are left out, since the address is shown. Text that is not an address is returned as an empty string.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    if not parts.scheme or not parts.hostname or not parts.hostname.isprintable():
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown_port = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
    path = parts.path.rstrip("/")
    if path.endswith(_API):
        path = path[: -len(_API)].rstrip("/")
    return f"{parts.scheme}://{host}{shown_port}{path}"
