# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the manager is and how to prove who asks: values, checked before any request leaves."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError


@dataclass(frozen=True)
class Connection:
    """The connection options, resolved. Either C(token), or C(username) and C(password).

    C(timeout) is in seconds; C(retries) is how often a request may be sent again.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    validate_certs: bool = True
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    timeout: float = 30.0
    retries: int = 3

    @property
    def base(self) -> str:
        """The address that all paths follow. C(/apiops) may have been given with the URL."""
        base = self.url.rstrip("/")
        return (base if base.endswith("/apiops") else base + "/apiops") + "/"

    @property
    def verify(self) -> bool | str:
        """What requests calls I(verify): off, a file of certificate authorities, or the system's."""
        return (self.ca_path or True) if self.validate_certs else False

    def check(self) -> None:
        """Refuse what cannot work.

        :raises InputError: naming the option.
        """
        self._check_url()
        self._check_authentication()
        self._check_files()
        if not (math.isfinite(self.timeout) and self.timeout > 0):
            raise InputError("timeout", f"must be a number of seconds above 0, not {self.timeout:g}")
        if self.retries < 0:
            raise InputError("retries", f"must be 0 or more, not {self.retries}")

    def _check_url(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or any(character.isspace() for character in self.url):
            raise InputError("url", "must be the manager's address, such as https://apinizer.example.com:8443")
        if parts.username is not None or parts.password is not None:
            raise InputError("url", "must not hold a user name or a password; use token, or username and password")
        if parts.query or parts.fragment:
            raise InputError("url", "must not have a query (?) or a fragment (#)")

    def _check_authentication(self) -> None:
        if self.token is None and (self.username is None or self.password is None):
            missing = "password" if self.username is not None else "username" if self.password is not None else None
            if missing:
                raise InputError(missing, "missing; username and password belong together")
            raise InputError("token", "missing; give token (APINIZER_TOKEN), or username and password")
        if self.token is not None and not (self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise InputError("token", "holds characters that no token has (a space, a line break, non-ASCII text)")

    def _check_files(self) -> None:
        if self.client_key and not self.client_cert:
            raise InputError("client_cert", "missing; client_key is of no use without it")
        for option in ("ca_path", "client_cert", "client_key"):
            path = getattr(self, option)
            if path and not (option == "ca_path" and not self.validate_certs):
                _check_readable(option, path)
        key = self.client_key or self.client_cert
        if key and _is_encrypted(key):
            # OpenSSL would ask for the passphrase on the terminal, and a task has none.
            option = "client_key" if self.client_key else "client_cert"
            raise InputError(option, f"{key} holds an encrypted private key; give one without a passphrase")


def _check_readable(option: str, path: str) -> None:
    if os.path.isdir(path):
        raise InputError(option, f"{path} is a directory, not a file")
    try:
        with open(path, "rb"):
            pass
    except OSError as exc:
        raise InputError(option, f"{path} cannot be read: {exc.strerror}") from exc


def _is_encrypted(path: str) -> bool:
    with open(path, "rb") as file:
        head = file.read(65536)
    return b"BEGIN ENCRYPTED PRIVATE KEY" in head or b"Proc-Type: 4,ENCRYPTED" in head
