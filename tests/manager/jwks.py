# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What writing a certificate does to the JWKs that were made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from .dialect import Dialect
from .model import Certificate, Jwk, State
from .refusals import Problem, Refusal

SAME_PROJECT = "SAME_PROJECT"
ALL_PROJECTS = "ALL_PROJECTS"


@dataclass(frozen=True)
class JwkPolicy:
    """What an update does to JWKs: make them anew from the new certificate, cut their link, or leave them alone."""

    action: Literal["update", "nullify", "leave"]
    scope: str = ALL_PROJECTS


def update_policy(dialect: Dialect, query: Mapping[str, str]) -> JwkPolicy:
    """Read an update's query parameters in the dialect's own language; foreign ones are ignored.

    Raises Refusal for a value that is not one of those documented, or for a scope that is missing.
    """
    if dialect.jwk_parameters == "jwkUpdateAction":
        action = _choice(query, "jwkUpdateAction", ("NULLIFY", "UPDATE"))
        return JwkPolicy("update", _scope(query)) if action == "UPDATE" else JwkPolicy("nullify")
    if dialect.jwk_parameters == "updateReferencedJwks":
        wanted = _choice(query, "updateReferencedJwks", ("false", "true"))
        return JwkPolicy("update", _scope(query)) if wanted == "true" else JwkPolicy("leave")
    return JwkPolicy("leave")


def deletes_jwks(dialect: Dialect, query: Mapping[str, str]) -> bool:
    """Whether a certificate's deletion takes its JWKs along instead of cutting their link."""
    if dialect.jwk_parameters != "jwkUpdateAction":
        return False
    return _choice(query, "jwkDeleteAction", ("NULLIFY", "DELETE")) == "DELETE"


def after_update(state: State, certificate: Certificate, der: bytes, policy: JwkPolicy) -> None:
    """Apply the policy to the JWKs made from this certificate; `der` is what it holds now."""
    if policy.action == "leave":
        return
    for jwk in _made_from(state, certificate):
        if policy.action == "nullify":
            _put(state, replace(jwk, source_id=None))
        elif policy.scope == ALL_PROJECTS or jwk.project == certificate.project:
            _put(state, replace(jwk, der=der))


def after_delete(state: State, certificate: Certificate, *, delete: bool) -> None:
    """Delete the JWKs made from this certificate, or cut their link to it."""
    for jwk in _made_from(state, certificate):
        if delete:
            del state.jwks[jwk.project, jwk.name]
        else:
            _put(state, replace(jwk, source_id=None))


def _made_from(state: State, certificate: Certificate) -> list[Jwk]:
    return [jwk for jwk in state.jwks.values() if jwk.source_id == certificate.id]


def _put(state: State, jwk: Jwk) -> None:
    state.jwks[jwk.project, jwk.name] = jwk


def _scope(query: Mapping[str, str]) -> str:
    if not query.get("updateScope"):
        raise Refusal(Problem.VALUE_EMPTY, "updateScope")
    return _choice(query, "updateScope", (SAME_PROJECT, ALL_PROJECTS))


def _choice(query: Mapping[str, str], name: str, values: tuple[str, str]) -> str:
    """Return the parameter's value; the first of the two when it is not sent."""
    value = query.get(name, values[0])
    if value not in values:
        raise Refusal(Problem.VALUE_INVALID, name)
    return value
