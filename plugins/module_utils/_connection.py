# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options as a value: the address of the manager and the credentials, checked before any request."""

from __future__ import annotations

import math
import os
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError


def is_token(text: str) -> bool:
    """Whether text has only characters that a header can carry: visible ASCII (RFC 6750, section 2.1, is stricter)."""
    return text.isascii() and text.isprintable() and " " not in text


@dataclass(frozen=True)
class Connection:
    """The resolved connection options. Either C(token), or C(username) and C(password), must be set.

    C(timeout) is in seconds. C(retries) is how many times a request may be sent again.
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
        """The address that all paths are appended to. The user's URL may end in C(/apiops) or not."""
        base = self.url.rstrip("/")
        return (base if base.endswith("/apiops") else base + "/apiops") + "/"

    @property
    def verify(self) -> bool | str:
        """The argument I(verify) of requests: False, a file of certificate authorities, or True for the system's."""
        return (self.ca_path or True) if self.validate_certs else False

    def check(self) -> None:
        """Check the values.

        :raises InputError: if one is missing or not valid.
        """
        self._check_url()
        self._check_authentication()
        self._check_files()
        if not (math.isfinite(self.timeout) and self.timeout > 0):
            raise InputError("timeout", f"must be a number of seconds greater than 0, not {self.timeout:g}")
        if self.retries < 0:
            raise InputError("retries", f"must be 0 or greater, not {self.retries}")

    def _check_url(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            if usable and str(parts.hostname).isascii():
                # As the name resolution does; it refuses empty labels and those of more than 63 characters.
                str(parts.hostname).encode("idna")
        except ValueError:
            usable = False
        if not usable or any(character.isspace() for character in self.url):
            raise InputError("url", "must be the manager's address, such as https://apinizer.example.com:8443")
        if parts.username is not None or parts.password is not None:
            raise InputError(
                "url", "must not contain a username or a password; set token, or username and password, instead"
            )
        if parts.query or parts.fragment:
            raise InputError("url", "must not contain a query (?) or a fragment (#)")

    def _check_authentication(self) -> None:
        if self.token is None and (self.username is None or self.password is None):
            missing = "password" if self.username is not None else "username" if self.password is not None else None
            if missing:
                raise InputError(missing, "missing; set both username and password")
            raise InputError("token", "missing; set token (APINIZER_TOKEN), or username and password")
        if self.token is not None and not is_token(self.token):
            raise InputError(
                "token", "contains characters that a token cannot have (a space, a line break, or non-ASCII text)"
            )

    def _check_files(self) -> None:
        if self.client_key and not self.client_cert:
            raise InputError("client_cert", "missing; client_cert is required when client_key is set")
        for option in ("ca_path", "client_cert", "client_key"):
            path = getattr(self, option)
            if path and not (option == "ca_path" and not self.validate_certs):
                _check_readable(option, path)
        key = self.client_key or self.client_cert
        if key and _is_encrypted(key):
            # OpenSSL would prompt for the passphrase, and a task has no terminal to prompt on.
            option = "client_key" if self.client_key else "client_cert"
            raise InputError(option, f"{key} contains an encrypted private key; use one without a passphrase")

    def check_tls_files(self) -> None:
        """Load the files as a TLS connection does. It cannot tell which of them has failed.

        :raises InputError: if one cannot be used.
        """
        if self.validate_certs and self.ca_path:
            check_authorities("ca_path", self.ca_path)
        if not self.client_cert:
            return
        key_option, key = ("client_key", self.client_key) if self.client_key else ("client_cert", self.client_cert)
        try:
            # With a passphrase, because OpenSSL would prompt for it otherwise.
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(self.client_cert, self.client_key, password="")
        except (OSError, ValueError) as exc:
            check_authorities("client_cert", self.client_cert)
            if getattr(exc, "reason", None) == "KEY_VALUES_MISMATCH":
                problem = "does not belong to the certificate in client_cert"
            else:
                problem = "contains no private key in PEM format that can be used"
            raise InputError(key_option, f"{key} {problem}") from exc


def check_authorities(option: str, path: str) -> None:
    """Check that a file has certificates in PEM format. A directory is not read.

    :arg option: the option, or the environment variable, that names it.
    :raises InputError: if it has none, or one that is damaged.
    """
    try:
        if not os.path.isdir(path):
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError as exc:
        raise InputError(option, f"{path} contains no certificate in PEM format, or one that is damaged") from exc
    except OSError as exc:
        raise InputError(option, f"{path} cannot be read: {exc.strerror}") from exc


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
