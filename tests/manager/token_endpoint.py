# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST auth/token: a token for a user's name and password."""

from __future__ import annotations

import secrets
import time

from .call import json_answer
from .context import Context, Outcome
from .http_request import URLENCODED
from .model import Token
from .refusals import NotServed


def create_token(context: Context) -> Outcome:
    """Answer with a new token that lives as long as the user's tokens do, or with 401."""
    if context.call.content_type != URLENCODED:
        raise NotServed(415)
    form = context.call.form.fields
    state = context.installation.state
    user = state.users.get(form.get("client_id", ""))
    if (
        user is None
        or form.get("grant_type") != "client_credentials"
        or not secrets.compare_digest(user.password.encode(), form.get("client_secret", "").encode())
    ):
        return Outcome(json_answer({"error": "unauthorized_client", "error_description": "Bad credentials"}, 401))
    expires = time.time() + user.token_seconds
    token = Token(user.name, secrets.token_hex(20), user.permissions, user.projects, expires)
    state.tokens[token.value] = token
    in_milliseconds = context.dialect.token_expiry == "epoch milliseconds"
    return Outcome(
        json_answer(
            {
                "access_token": token.value,
                "token_type": "Bearer",
                "expires_in": int(expires * 1000) if in_milliseconds else user.token_seconds,
            }
        )
    )
