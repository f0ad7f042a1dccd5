# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authenticate requests and check the permissions of their tokens."""

from __future__ import annotations

from .context import Context
from .errors import ApiError, Problem
from .model import Permission, State, Token
from .options import Options

_BEARER = "Bearer "

UNKNOWN_TOKEN = "(unknown)"
"""What the journal shows for an Authorization header that matches no token."""


def authenticate(state: State, options: Options, authorization: str, now: float) -> Token:
    """Return the token of an Authorization header.

    `authorization` is empty if the request has no such header; `now` is in epoch seconds. Raises ApiError if the token
    is missing, unknown, expired, or in a form that this manager does not accept.
    """
    if not authorization:
        raise ApiError(Problem.TOKEN_MISSING)
    bare = not authorization.startswith(_BEARER)
    bare_allowed = options.bare_token_only or options.dialect.accepts_bare_token
    token = state.tokens.get(authorization.removeprefix(_BEARER))
    if token is None or (bare and not bare_allowed) or (not bare and options.bare_token_only):
        raise ApiError(Problem.TOKEN_INVALID)
    if token.expires is not None and token.expires <= now:
        raise ApiError(Problem.TOKEN_EXPIRED)
    return token


def token_name(state: State, authorization: str) -> str | None:
    """Return the name of the token in an Authorization header, with or without "Bearer"; None without a header."""
    if not authorization:
        return None
    token = state.tokens.get(authorization.removeprefix(_BEARER))
    return UNKNOWN_TOKEN if token is None else token.name


def visible_projects(context: Context) -> list[str]:
    """Return the names of the projects that the token may read."""
    token = context.token
    return [name for name in context.installation.state.projects if token is not None and token.sees(name)]


def readable_project(context: Context) -> str:
    """Return the project named in the path. Raises ApiError unless it exists and the token may read it."""
    name = context.names["project"]
    if name not in context.installation.state.projects:
        raise ApiError(Problem.PROJECT_MISSING, name)
    if name not in visible_projects(context):
        raise ApiError(Problem.PROJECT_HIDDEN, name)
    return name


def permitted_project(context: Context, *permissions: Permission) -> str:
    """Like `readable_project`, but the token must have all of the permissions in the project."""
    project = readable_project(context)
    token = context.token
    if token is None or not all(token.may(permission, project) for permission in permissions):
        raise ApiError(Problem.PERMISSION_MISSING)
    return project
