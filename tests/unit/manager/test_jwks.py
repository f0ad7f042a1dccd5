# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the JWKs that were generated from a certificate."""

from __future__ import annotations

import pytest

UPDATE_2025 = {"updateReferencedJwks": "true", "updateScope": "SAME_PROJECT"}
UPDATE_2026_04 = {"jwkUpdateAction": "UPDATE", "updateScope": "SAME_PROJECT"}
BOTH = {**UPDATE_2025, **UPDATE_2026_04}
KEPT, UNLINKED, RENEWED = "kept", "unlinked", "regenerated"


@pytest.fixture
def effect(start, old, new):
    """Return what an update with these parameters does to a JWK in the same project, and to one in another project."""

    def update(generation, params):
        api = start(generation=generation)
        api.manager.add_project("Other")
        jwks = [
            api.manager.add_jwk("MyProject", "own", "web"),
            api.manager.add_jwk("Other", "far", ("MyProject", "web")),
        ]
        unrelated = api.manager.add_jwk("MyProject", "unrelated")
        assert api.put(new.pem, "staging", params=params).status_code == 200
        known = api.manager.state.jwks
        assert known["MyProject", "unrelated"] == unrelated
        return tuple(describe(known[jwk.project, jwk.name], jwk) for jwk in jwks)

    def describe(now, before):
        if now.source_id is None:
            return UNLINKED
        return {old.der: KEPT, new.der: RENEWED}[now.der] if now.source_id == before.source_id else "lost"

    return update


@pytest.mark.parametrize(
    ("generation", "params", "own", "far"),
    [
        ("2024.09", BOTH, KEPT, KEPT),
        ("2025", {}, KEPT, KEPT),
        ("2025", {"updateReferencedJwks": "false"}, KEPT, KEPT),
        ("2025", UPDATE_2026_04, KEPT, KEPT),
        ("2025", UPDATE_2025, RENEWED, KEPT),
        ("2025", {**UPDATE_2025, "updateScope": "ALL_PROJECTS"}, RENEWED, RENEWED),
        ("2025", BOTH, RENEWED, KEPT),
        ("2026.04", {}, UNLINKED, UNLINKED),
        ("2026.04", UPDATE_2026_04, RENEWED, KEPT),
        ("2026.09", {}, UNLINKED, UNLINKED),
        ("2026.09", {"jwkUpdateAction": "NULLIFY"}, UNLINKED, UNLINKED),
        ("2026.09", UPDATE_2025, UNLINKED, UNLINKED),
        ("2026.09", UPDATE_2026_04, RENEWED, KEPT),
        ("2026.09", {**BOTH, "updateScope": "ALL_PROJECTS"}, RENEWED, RENEWED),
        ("openapi", {}, UNLINKED, UNLINKED),
    ],
)
def test_update(effect, generation, params, own, far):
    assert effect(generation, params) == (own, far)


@pytest.mark.parametrize(
    ("generation", "params"),
    [
        ("2025", {"updateReferencedJwks": "true"}),
        ("2025", {"updateReferencedJwks": "yes"}),
        ("2025", {"updateReferencedJwks": "true", "updateScope": "same_project"}),
        ("2026.09", {"jwkUpdateAction": "UPDATE"}),
        ("2026.09", {"jwkUpdateAction": "update", "updateScope": "SAME_PROJECT"}),
    ],
)
def test_bad_parameters_are_rejected_before_anything_changes(start, new, generation, params):
    api = start(generation=generation)
    before = api.manager.snapshot()
    assert api.put(new.pem, "staging", params=params).status_code == 400
    assert api.manager.snapshot() == before


@pytest.mark.parametrize(
    ("generation", "action", "left"),
    [
        ("2025", "DELETE", [None]),
        ("2026.09", None, [None]),
        ("2026.09", "NULLIFY", [None]),
        ("2026.09", "DELETE", []),
        ("2026.04", "DELETE", []),
    ],
)
def test_delete(start, generation, action, left):
    api = start(generation=generation)
    api.manager.add_jwk("MyProject", "own", "web")
    assert api.delete(params={"jwkDeleteAction": action}).status_code == 200
    assert [jwk.source_id for jwk in api.manager.state.jwks.values()] == left


def test_import_file_keeps_jwks(api, new):
    jwk = api.manager.add_jwk("MyProject", "own", "web")
    assert api.import_file(new.pem, "staging").ok
    assert api.manager.state.jwks["MyProject", "own"] == jwk
