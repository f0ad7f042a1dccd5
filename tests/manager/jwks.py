# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Update the JWKs that were generated from a certificate when the certificate is written or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from .dialect import Dialect
from .errors import ApiError, Problem
from .model import Certificate, Jwk, State

SAME_PROJECT = "SAME_PROJECT"
ALL_PROJECTS = "ALL_PROJECTS"


@dataclass(frozen=True)
class JwkPolicy:
    """What an update does to JWKs: regenerate them from the new certificate, unlink them, or leave them alone."""

    action: Literal["update", "nullify", "leave"]
    scope: str = ALL_PROJECTS


def update_policy(dialect: Dialect, query: Mapping[str, str]) -> JwkPolicy:
    """Return the policy from the query parameters of an update. Parameters of other generations are ignored.

    Raises ApiError for an undocumented value, or if the scope is missing.
    """
    if dialect.jwk_parameters == "jwkUpdateAction":
        action = _choice(query, "jwkUpdateAction", ("NULLIFY", "UPDATE"))
        return JwkPolicy("update", _scope(query)) if action == "UPDATE" else JwkPolicy("nullify")
    if dialect.jwk_parameters == "updateReferencedJwks":
        value = _choice(query, "updateReferencedJwks", ("false", "true"))
        return JwkPolicy("update", _scope(query)) if value == "true" else JwkPolicy("leave")
    return JwkPolicy("leave")


def deletes_jwks(dialect: Dialect, query: Mapping[str, str]) -> bool:
    """Whether the deletion of a certificate also deletes its JWKs, instead of unlinking them."""
    if dialect.jwk_parameters != "jwkUpdateAction":
        return False
    return _choice(query, "jwkDeleteAction", ("NULLIFY", "DELETE")) == "DELETE"


def after_update(state: State, certificate: Certificate, der: bytes, policy: JwkPolicy) -> None:
    """Apply the policy to the JWKs generated from this certificate, whose content is now `der`."""
    if policy.action == "leave":
        return
    for jwk in _generated_from(state, certificate):
        if policy.action == "nullify":
            _store(state, replace(jwk, source_id=None))
        elif policy.scope == ALL_PROJECTS or jwk.project == certificate.project:
            _store(state, replace(jwk, der=der))


def after_delete(state: State, certificate: Certificate, *, delete: bool) -> None:
    """Delete the JWKs generated from this certificate, or unlink them."""
    for jwk in _generated_from(state, certificate):
        if delete:
            del state.jwks[jwk.project, jwk.name]
        else:
            _store(state, replace(jwk, source_id=None))


def _generated_from(state: State, certificate: Certificate) -> list[Jwk]:
    return [jwk for jwk in state.jwks.values() if jwk.source_id == certificate.id]


def _store(state: State, jwk: Jwk) -> None:
    state.jwks[jwk.project, jwk.name] = jwk


def _scope(query: Mapping[str, str]) -> str:
    if not query.get("updateScope"):
        raise ApiError(Problem.VALUE_EMPTY, "updateScope")
    return _choice(query, "updateScope", (SAME_PROJECT, ALL_PROJECTS))


def _choice(query: Mapping[str, str], name: str, values: tuple[str, str]) -> str:
    """Return the value of a parameter, by default the first of the two allowed values."""
    value = query.get(name, values[0])
    if value not in values:
        raise ApiError(Problem.VALUE_INVALID, name)
    return value
