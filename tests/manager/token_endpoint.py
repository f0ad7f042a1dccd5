# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST auth/token: exchange a username and a password for a token."""

from __future__ import annotations

import secrets
import time

from .context import Context, Outcome
from .errors import HttpError
from .http_types import json_response
from .model import Token
from .request_parser import URLENCODED


def create_token(context: Context) -> Outcome:
    """Return a new token, or HTTP 401 for wrong credentials."""
    if context.request.content_type != URLENCODED:
        raise HttpError(415)
    form = context.request.form.fields
    state = context.installation.state
    user = state.users.get(form.get("client_id", ""))
    if (
        user is None
        or form.get("grant_type") != "client_credentials"
        or not secrets.compare_digest(user.password.encode(), form.get("client_secret", "").encode())
    ):
        return Outcome(json_response({"error": "unauthorized_client", "error_description": "Bad credentials"}, 401))
    expires = time.time() + user.token_seconds
    token = Token(user.name, secrets.token_hex(20), user.permissions, user.projects, expires)
    state.tokens[token.value] = token
    in_milliseconds = context.dialect.token_expiry == "epoch milliseconds"
    return Outcome(
        json_response(
            {
                "access_token": token.value,
                "token_type": "Bearer",
                "expires_in": int(expires * 1000) if in_milliseconds else user.token_seconds,
            }
        )
    )
