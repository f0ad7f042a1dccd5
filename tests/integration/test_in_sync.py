# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as the same certificate, and what a manager that lists an environment twice is taken to hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from integration.scene import (
    ALIAS,
    DESCRIPTION,
    HELD_IN,
    NAME,
    PROJECT,
    Scene,
    Start,
    assert_error,
    assert_truthful,
    calls,
)
from manager import Authority, Fault, Issued

pytestmark = pytest.mark.any_way

FORMS: dict[str, Callable[[Issued, Authority], str | bytes]] = {
    "PEM": lambda issued, _unused: issued.pem,
    "CRLF": lambda issued, _unused: issued.pem.replace("\n", "\r\n"),
    "no last newline": lambda issued, _unused: issued.pem.rstrip("\n"),
    "text around": lambda issued, _unused: f"Bag Attributes\n    friendlyName: wäb\n{issued.pem}\n# the end\n",
    "one long line": lambda issued, _unused: _on_one_line(issued.pem),
    "twice": lambda issued, _unused: issued.pem * 2,
    "chain": lambda issued, _unused: issued.chain_pem,
    "chain, issuer first": lambda issued, authority: authority.pem + issued.pem,
    "DER": lambda issued, _unused: issued.der,
}
GENERATIONS = ("2023", "2026")
"""One keeps the PEM text and its chain, the other hands out the DER of the certificate alone."""


def _on_one_line(pem: str) -> str:
    first, *body, last = pem.splitlines()
    return "\n".join([first, "".join(body), last])


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_the_file_does_not_matter(start: Start, form: str) -> None:
    for generation in GENERATIONS:
        scene = start(generation)
        file = scene.machine.file("certificate", FORMS[form](scene.old, scene.authority))

        outcome = scene.run(path=file)

        assert not outcome.failed, outcome
        assert (outcome.changed, outcome["operation"], outcome.warnings) == (False, "none", [])
        assert calls(scene.manager.journal) == ["get"]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "DER"])
def test_what_leaves_is_normalised(scene: Scene, form: str) -> None:
    """Only the certificates, certificate first, in plain PEM: as it stands, for nothing decodes it."""
    new = FORMS[form](scene.new, scene.authority)

    outcome = scene.run(content=new)

    assert outcome.changed
    (update,) = scene.manager.journal.writes()
    sent = update.files["pemEncodedFile"]
    assert sent.content.decode() == (scene.new.chain_pem if form.startswith("chain") else scene.new.pem)
    assert sent.transfer_encoding == ""


def test_der_leaves_as_pem(scene: Scene) -> None:
    outcome = scene.run(path=scene.machine.file("new.der", scene.new.der))

    assert outcome.changed
    assert scene.manager.journal.writes()[0].files["pemEncodedFile"].content.decode() == scene.new.pem
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)


def test_a_chain_is_compared_as_far_as_the_manager_keeps_it(start: Start, authority: Authority) -> None:
    """2023 keeps the chain: a new issuer for the same certificate is a difference there."""
    scene = start("2023")
    impostor = Authority()
    scene.manager.add_certificate(PROJECT, NAME, dict.fromkeys(HELD_IN, scene.old.pem + impostor.pem), alias=ALIAS)

    outcome = scene.run(content=scene.old.chain_pem)

    assert outcome.changed
    assert scene.manager.state.certificates[PROJECT, NAME].entries[0].pem == scene.old.chain_pem
    assert not scene.run(content=scene.old.chain_pem).changed


def test_order_and_repetition_of_environments_mean_nothing(scene: Scene) -> None:
    outcome = scene.run(content=scene.old.pem, environments=["staging", "development", " staging ", "staging"])

    assert not outcome.changed
    assert calls(scene.manager.journal) == ["get"]


def test_an_environments_own_alias_and_the_description_count_only_when_given(scene: Scene) -> None:
    aliases = {"development": "one", "staging": "two"}
    scene.manager.add_certificate(
        PROJECT, NAME, dict.fromkeys(HELD_IN, scene.old), alias=aliases, description=DESCRIPTION
    )

    outcome = scene.run(content=scene.old.pem)

    assert not outcome.changed
    assert scene.aliases() == aliases


def test_different_aliases_cannot_all_be_kept_by_one_update(scene: Scene) -> None:
    aliases = {"development": "one", "staging": "two"}
    scene.manager.add_certificate(PROJECT, NAME, dict.fromkeys(HELD_IN, scene.old), alias=aliases)

    outcome = scene.run(content=scene.new.pem)

    assert_error(outcome, "alias", "development: one", "staging: two", "unlisted_environments=keep")
    assert not scene.manager.journal.writes()


def test_keep_leaves_each_environment_its_own_alias(scene: Scene) -> None:
    aliases = {"development": "one", "staging": "two"}
    scene.manager.add_certificate(PROJECT, NAME, dict.fromkeys(HELD_IN, scene.old), alias=aliases)

    outcome = scene.run(content=scene.new.pem, unlisted_environments="keep")

    assert not outcome.failed, outcome
    assert scene.aliases() == aliases
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)
    assert_truthful(outcome, scene.manager)


def test_only_what_differs_is_imported(scene: Scene) -> None:
    """One environment has the new certificate already: it is left alone."""
    scene.manager.set_entry(PROJECT, NAME, "development", scene.new)

    outcome = scene.run(content=scene.new.pem, unlisted_environments="keep")

    assert outcome.changed
    assert [request.fields["environmentList"] for request in scene.manager.journal.writes()] == ["staging"]


def test_an_environment_that_lags_behind_is_a_difference(scene: Scene) -> None:
    scene.manager.set_entry(PROJECT, NAME, "development", scene.new)

    outcome = scene.run(content=scene.new.pem)

    assert outcome.changed
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)


def test_without_a_certificate_there_has_to_be_one_to_keep(scene: Scene) -> None:
    scene.manager.set_entry(PROJECT, NAME, "development", scene.new)

    outcome = scene.run(description="Renewed")

    assert_error(outcome, "path", "not the same in all its environments", "development, staging")
    assert not scene.manager.journal.writes()


def test_without_a_certificate_the_manager_has_to_hand_it_out(start: Start) -> None:
    scene = start(get_content=False)

    outcome = scene.run(description="Renewed")

    assert_error(outcome, "path", "does not return")
    assert not scene.manager.journal.writes()


def test_thumbprints_decide_where_there_is_no_content(start: Start) -> None:
    scene = start(get_content=False)

    same, other = scene.run(content=scene.old.pem), scene.run(content=scene.new.pem, check=True)

    assert (same.changed, other.changed) == (False, True)
    assert [entry["fingerprint_sha256"] for entry in same["certificate"]["environments"]] == [scene.old.sha256] * 2
    assert [entry["fingerprint_sha256"] for entry in other["previous"]["environments"]] == [None] * 2
    assert [entry["fingerprint_sha1"] for entry in other["previous"]["environments"]] == [scene.old.sha1] * 2


class TestUnlistedEnvironments:
    """Environments that hold the certificate and are not in the task's list."""

    OPTIONS: ClassVar[dict[str, Any]] = {"environments": ["staging"]}

    @pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
    @pytest.mark.parametrize("generation", ["2023", "2025", "2026"])
    def test_by_default_nothing_is_written(self, start: Start, generation: str, check: bool) -> None:
        scene = start(generation)
        before = scene.manager.snapshot()

        outcome = scene.run(content=scene.new.pem, check=check, **self.OPTIONS)

        assert_error(outcome, "environments", "development", "unlisted_environments", "remove", "update", "keep")
        assert scene.manager.snapshot() == before
        assert calls(scene.manager.journal) == ["get"]

    def test_not_even_where_the_listed_ones_are_in_sync(self, scene: Scene) -> None:
        assert_error(scene.run(content=scene.old.pem, **self.OPTIONS), "development")

    def test_remove_takes_it_away_even_if_nothing_else_differs(self, scene: Scene) -> None:
        outcome = scene.run(unlisted_environments="remove", **self.OPTIONS)

        assert outcome.changed
        assert scene.served() == {"staging": scene.old.der}

    @pytest.mark.parametrize("choice", ["keep", "update"])
    def test_others_leave_it_where_nothing_differs(self, scene: Scene, choice: str) -> None:
        outcome = scene.run(content=scene.old.pem, unlisted_environments=choice, **self.OPTIONS)

        assert not outcome.changed
        assert calls(scene.manager.journal) == ["get"]

    def test_the_managers_own_pseudo_environment_can_be_listed(self, scene: Scene) -> None:
        outcome = scene.run(content=scene.new.pem, environments=[*HELD_IN, "apimanager"])

        assert not outcome.failed, outcome
        assert scene.holds()["apimanager"] == [scene.new.der]

    def test_the_managers_own_pseudo_environment_counts_as_unlisted(self, scene: Scene) -> None:
        scene.manager.add_certificate(PROJECT, NAME, dict.fromkeys([*HELD_IN, "apimanager"], scene.old))

        assert_error(scene.run(content=scene.new.pem, environments=[*HELD_IN]), "apimanager")


class TestDuplicates:
    """A manager whose update adds an entry instead of replacing it."""

    def test_the_update_succeeds_and_says_so(self, start: Start) -> None:
        scene = start(duplicates=True)

        outcome = scene.run(content=scene.new.pem)

        assert not outcome.failed, outcome
        assert [entry["entries"] for entry in outcome["certificate"]["environments"]] == [2, 2]
        assert_truthful(outcome, scene.manager)
        (warning,) = outcome.warnings
        assert "development, staging" in warning
        assert "import-file" in warning

    def test_one_entry_that_is_as_desired_is_enough(self, start: Start) -> None:
        """Another update would only add a third."""
        scene = start(duplicates=True)
        scene.manager.add_certificate(
            PROJECT, NAME, {"development": scene.new, "staging": [scene.new, scene.old]}, alias=ALIAS
        )

        outcome = scene.run(content=scene.new.pem)

        assert (outcome.changed, calls(scene.manager.journal)) == (False, ["get"])
        environments = {entry["name"]: entry for entry in outcome["certificate"]["environments"]}
        assert (environments["staging"]["entries"], environments["development"]["entries"]) == (2, 1)
        assert environments["staging"]["fingerprint_sha256"] == scene.new.sha256
        (warning,) = outcome.warnings
        assert "staging" in warning
        assert "development" not in warning

    def test_keep_makes_one_of_them_again(self, start: Start) -> None:
        """The way out that the warning names."""
        scene = start(duplicates=True)
        scene.manager.add_certificate(PROJECT, NAME, {name: [scene.old, scene.new] for name in HELD_IN}, alias=ALIAS)

        outcome = scene.run(content=scene.new.pem, environments=["staging"], unlisted_environments="keep", force=True)

        assert not outcome.failed, outcome
        assert scene.holds() == {"development": [scene.old.der, scene.new.der], "staging": [scene.new.der]}
        assert_truthful(outcome, scene.manager)


@pytest.mark.parametrize("generation", ["2023", "2025", "2026"])
def test_a_manager_that_takes_the_bare_token_only(start: Start, generation: str) -> None:
    scene = start(generation, bare_token_only=True)

    outcome = scene.run(content=scene.new.pem)

    assert not outcome.failed, outcome
    statuses = [request.status for request in scene.manager.journal]
    assert statuses.count(401) == 1, "the form of the token is found out once"
    assert statuses[0] == 401
    assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)


class TestJwks:
    """JWKs that were made from the certificate."""

    def test_an_update_that_would_unlink_them_warns_first(self, start: Start) -> None:
        scene = start("2026")
        scene.manager.add_jwk(PROJECT, "web-jwk", NAME)
        scene.manager.add_jwk(PROJECT, "unrelated")

        check, real = scene.run(content=scene.new.pem, check=True), scene.run(content=scene.new.pem)

        assert check.warnings == real.warnings
        (warning,) = real.warnings
        assert "web-jwk" in warning
        assert "unrelated" not in warning
        assert "update_referenced_jwks" in warning
        assert scene.manager.state.jwks[PROJECT, "web-jwk"].source_id is None

    @pytest.mark.parametrize("generation", ["2023", "2025", "2026"])
    def test_both_dialects_are_spoken(self, start: Start, generation: str) -> None:
        scene = start(generation)

        outcome = scene.run(content=scene.new.pem, update_referenced_jwks=True, update_scope="same_project")

        assert outcome.changed
        assert calls(scene.manager.journal) == ["get", "update", "get"]
        assert dict(scene.manager.journal.writes()[0].query) == {
            "updateReferencedJwks": "true",
            "jwkUpdateAction": "UPDATE",
            "updateScope": "SAME_PROJECT",
        }

    @pytest.mark.parametrize(("scope", "elsewhere"), [("same_project", "old"), ("all_projects", "new")])
    @pytest.mark.parametrize("generation", ["2025", "2026"])
    def test_they_are_updated_in_the_scope(self, start: Start, generation: str, scope: str, elsewhere: str) -> None:
        scene = start(generation)
        scene.manager.add_jwk(PROJECT, "here", NAME)
        scene.manager.add_jwk("admin", "there", (PROJECT, NAME))

        outcome = scene.run(content=scene.new.pem, update_referenced_jwks=True, update_scope=scope)

        assert not outcome.warnings
        jwks = scene.manager.state.jwks
        assert jwks[PROJECT, "here"].der == scene.new.der
        assert jwks["admin", "there"].der == getattr(scene, elsewhere).der

    def test_the_scope_is_required(self, scene: Scene) -> None:
        assert_error(scene.run(content=scene.new.pem, update_referenced_jwks=True), "update_scope")
        assert not len(scene.manager.journal)

    def test_without_their_right_the_update_goes_on(self, scene: Scene) -> None:
        """That the JWKs cannot be looked up is worth a warning, not a failure."""
        scene.manager.faults.add(Fault("status", path="jwks", status=403, body={"error": "forbidden"}))

        outcome = scene.run(content=scene.new.pem)

        assert outcome.changed
        assert ["Could not check" in warning for warning in outcome.warnings] == [True]

    @pytest.mark.parametrize(("delete", "remaining"), [(False, {"web-jwk"}), (True, set())])
    def test_deleting_the_certificate(self, scene: Scene, delete: bool, remaining: set[str]) -> None:
        scene.manager.add_jwk(PROJECT, "web-jwk", NAME)

        outcome = scene.run(state="absent", delete_referenced_jwks=delete)

        assert outcome.changed
        assert {name for _unused, name in scene.manager.state.jwks} == remaining
