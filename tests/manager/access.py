# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is calling, and what they may do."""

from __future__ import annotations

from .context import Context, Options
from .model import Permission, State, Token
from .refusals import Problem, Refusal

_BEARER = "Bearer "

UNKNOWN_TOKEN = "(unknown)"
"""Stands in the journal for an Authorization header that matches no token."""


def authenticate(state: State, options: Options, authorization: str, now: float) -> Token:
    """Return the token of an Authorization header (empty when there is none) at the time `now`, in epoch seconds.

    Raises Refusal when the token is missing, unknown, expired, or in a form that this manager does not take.
    """
    if not authorization:
        raise Refusal(Problem.TOKEN_MISSING)
    bare = not authorization.startswith(_BEARER)
    bare_allowed = options.bare_token_only or options.dialect.accepts_bare_token
    token = state.tokens.get(authorization.removeprefix(_BEARER))
    if token is None or (bare and not bare_allowed) or (not bare and options.bare_token_only):
        raise Refusal(Problem.TOKEN_INVALID)
    if token.expires is not None and token.expires <= now:
        raise Refusal(Problem.TOKEN_EXPIRED)
    return token


def token_name(state: State, authorization: str) -> str | None:
    """Return the name of the token in an Authorization header, in whichever form; None without a header."""
    if not authorization:
        return None
    token = state.tokens.get(authorization.removeprefix(_BEARER))
    return UNKNOWN_TOKEN if token is None else token.name


def visible_projects(context: Context) -> list[str]:
    """The names of the projects that the caller may read."""
    token = context.token
    return [name for name in context.installation.state.projects if token is not None and token.sees(name)]


def readable_project(context: Context) -> str:
    """Return the project named in the path. Raises Refusal unless it exists and the caller may read it."""
    name = context.names["project"]
    if name not in context.installation.state.projects:
        raise Refusal(Problem.PROJECT_MISSING, name)
    if name not in visible_projects(context):
        raise Refusal(Problem.PROJECT_HIDDEN, name)
    return name


def writable_project(context: Context, *permissions: Permission) -> str:
    """Like readable_project, but the caller needs all of the permissions there."""
    project = readable_project(context)
    token = context.token
    if token is None or not all(token.may(permission, project) for permission in permissions):
        raise Refusal(Problem.PERMISSION_MISSING)
    return project
