# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication with a manager: the token request, the scheme of the header, and the renewal of an expired token.

The client sends requests; this module decides which Authorization header they carry, and whether a request that was
answered with HTTP 401 is sent again with another one. Clients in several threads may share one C(Auth).
"""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection, is_token
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import LoginError, RequestError, join_sentences

_UNAUTHORIZED = 401


class HasStatus(t.Protocol):
    """A response, as far as authentication looks at it."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""


Response = t.TypeVar("Response", bound=HasStatus)


class Auth:
    """The token of one manager: either given by the user, or requested with a username and a password when needed.

    :arg token: the user's token, or None to request one.
    """

    def __init__(self, token: str | None) -> None:
        self._lock = threading.Lock()
        self._given = token is not None
        self._token = token
        self.scheme = "Bearer "
        self.scheme_is_settled = False
        """Whether the manager has accepted the scheme, so that HTTP 401 is about the token."""
        self.token_was_accepted = False
        """Whether the manager has accepted a requested token, so that HTTP 401 means that it has expired."""

    @property
    def known_token(self) -> str | None:
        """The current token, or None if none was requested yet."""
        return self._token

    def token(self, log_in: t.Callable[[], str], *, instead_of: str | None = None) -> str:
        """Return the token. All threads that wait for it share one login.

        :arg log_in: requests a token.
        :arg instead_of: a token that the manager does not accept any more.
        :raises LoginError: if the token request fails.
        """
        with self._lock:
            if self._token is None or self._token == instead_of:
                self._token = log_in()
                self.scheme_is_settled = True
            return self._token

    def send(
        self,
        send: t.Callable[[str], Response],
        *,
        log_in: t.Callable[[], str],
        add_secret: t.Callable[[str], object],
    ) -> Response:
        """Send a request with authentication.

        A response with HTTP 401 means that the manager did not process the request, so sending it again is safe:
        without "Bearer" (the vendor's pages of 2024.09 show the bare token, later pages "Bearer TOKEN", and nothing
        tells them apart), or with a new token if the current one has expired.

        :arg send: sends the request with an Authorization header, and returns the response.
        :arg log_in: requests a token.
        :arg add_secret: receives each requested token before it is sent.
        :raises LoginError: if a token is required and the token request fails.
        """
        token, scheme = self._token_to_send(log_in, add_secret), self.scheme
        response = send(scheme + token)
        # Another thread may have settled the scheme or renewed the token in the meantime.
        if response.status_code == _UNAUTHORIZED and (scheme != self.scheme or not self.scheme_is_settled):
            bare = send(token)
            if bare.status_code != _UNAUTHORIZED:
                response, self.scheme = bare, ""
        if response.status_code == _UNAUTHORIZED and (self.token_was_accepted or self._token != token):
            token = self._token_to_send(log_in, add_secret, instead_of=token)
            response = send(self.scheme + token)
        accepted = response.status_code != _UNAUTHORIZED
        if accepted:
            self.scheme_is_settled = True
        self.token_was_accepted = accepted and not self._given
        return response

    def _token_to_send(
        self, log_in: t.Callable[[], str], add_secret: t.Callable[[str], object], *, instead_of: str | None = None
    ) -> str:
        token = self.token(log_in, instead_of=instead_of)
        if not self._given:
            add_secret(token)
        return token


def request_token(connection: Connection, post: t.Callable[[dict[str, str | None]], dict[str, t.Any]]) -> str:
    """Request a token with the username and the password (OAuth 2.0 client credentials, RFC 6749, section 4.4).

    :arg post: sends the form to the token endpoint, and returns the JSON of the response.
    :raises LoginError: if the response has no usable token, or there is no usable response.
    """
    form = {
        "grant_type": "client_credentials",
        "client_id": connection.username,
        "client_secret": connection.password,
    }
    try:
        body = post(form)
    except RequestError as exc:
        raise LoginError(f"Could not get a token for user {connection.username}: {exc}") from exc
    token = body.get("access_token")
    if not isinstance(token, str) or not token:
        raise LoginError(
            join_sentences(
                "The response to the token request contains no access_token",
                "Check that url (APINIZER_URL) is the address of the manager itself",
            )
        )
    if not is_token(token):
        raise LoginError(
            "The access_token in the response to the token request contains characters that a token cannot have"
        )
    return token
