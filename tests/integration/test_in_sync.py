# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is in sync, and how duplicate entries of an environment are treated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from integration.certificate_fixture import (
    ALIAS,
    DEPLOYED,
    DESCRIPTION,
    NAME,
    PROJECT,
    CertificateFixture,
    MakeCase,
    assert_accurate,
    assert_error,
    calls,
)
from manager import Authority, Fault, Issued

pytestmark = pytest.mark.any_mode

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
GENERATIONS = ("2024.09", "2026.09")
"""The first keeps the PEM text with its chain; the second returns the DER of the leaf certificate only."""


def _on_one_line(pem: str) -> str:
    first, *body, last = pem.splitlines()
    return "\n".join([first, "".join(body), last])


@pytest.mark.parametrize("form", FORMS)
def test_text_form_does_not_matter(make_case: MakeCase, form: str) -> None:
    for generation in GENERATIONS:
        case = make_case(generation)
        file = case.machine.file("certificate", FORMS[form](case.old, case.authority))

        outcome = case.run(path=file)

        assert not outcome.failed, outcome
        assert (outcome.changed, outcome["operation"], outcome.warnings) == (False, "none", [])
        assert calls(case.manager.journal) == ["get"]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "DER"])
def test_content_is_normalized_before_it_is_sent(case: CertificateFixture, form: str) -> None:
    """Only CERTIFICATE blocks are sent, leaf first, as plain PEM, because the manager does not decode the value."""
    new = FORMS[form](case.new, case.authority)

    outcome = case.run(content=new)

    assert outcome.changed
    (update,) = case.manager.journal.writes()
    sent = update.files["pemEncodedFile"]
    assert sent.content.decode() == (case.new.chain_pem if form.startswith("chain") else case.new.pem)
    assert sent.transfer_encoding == ""


def test_der_is_sent_as_pem(case: CertificateFixture) -> None:
    outcome = case.run(path=case.machine.file("new.der", case.new.der))

    assert outcome.changed
    assert case.manager.journal.writes()[0].files["pemEncodedFile"].content.decode() == case.new.pem
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)


def test_chain_is_compared_where_the_manager_keeps_it(make_case: MakeCase, authority: Authority) -> None:
    """2024.09 keeps the chain, so a new issuer of the same certificate is a difference there."""
    case = make_case("2024.09")
    impostor = Authority()
    case.manager.add_certificate(PROJECT, NAME, dict.fromkeys(DEPLOYED, case.old.pem + impostor.pem), alias=ALIAS)

    outcome = case.run(content=case.old.chain_pem)

    assert outcome.changed
    assert case.manager.state.certificates[PROJECT, NAME].entries[0].pem == case.old.chain_pem
    assert not case.run(content=case.old.chain_pem).changed


def test_order_and_repetition_of_environments_do_not_matter(case: CertificateFixture) -> None:
    outcome = case.run(content=case.old.pem, environments=["staging", "development", " staging ", "staging"])

    assert not outcome.changed
    assert calls(case.manager.journal) == ["get"]


def test_alias_and_description_are_compared_only_if_given(case: CertificateFixture) -> None:
    aliases = {"development": "one", "staging": "two"}
    case.manager.add_certificate(
        PROJECT, NAME, dict.fromkeys(DEPLOYED, case.old), alias=aliases, description=DESCRIPTION
    )

    outcome = case.run(content=case.old.pem)

    assert not outcome.changed
    assert case.aliases() == aliases


def test_update_cannot_keep_different_aliases(case: CertificateFixture) -> None:
    aliases = {"development": "one", "staging": "two"}
    case.manager.add_certificate(PROJECT, NAME, dict.fromkeys(DEPLOYED, case.old), alias=aliases)

    outcome = case.run(content=case.new.pem)

    assert_error(outcome, "alias", "development: one", "staging: two", "unlisted_environments=keep")
    assert not case.manager.journal.writes()


def test_keep_preserves_the_alias_of_each_environment(case: CertificateFixture) -> None:
    aliases = {"development": "one", "staging": "two"}
    case.manager.add_certificate(PROJECT, NAME, dict.fromkeys(DEPLOYED, case.old), alias=aliases)

    outcome = case.run(content=case.new.pem, unlisted_environments="keep")

    assert not outcome.failed, outcome
    assert case.aliases() == aliases
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)
    assert_accurate(outcome, case.manager)


def test_only_environments_that_differ_are_imported(case: CertificateFixture) -> None:
    """One environment holds the new certificate already and is not written."""
    case.manager.set_entry(PROJECT, NAME, "development", case.new)

    outcome = case.run(content=case.new.pem, unlisted_environments="keep")

    assert outcome.changed
    assert [request.fields["environmentList"] for request in case.manager.journal.writes()] == ["staging"]


def test_one_outdated_environment_is_a_difference(case: CertificateFixture) -> None:
    case.manager.set_entry(PROJECT, NAME, "development", case.new)

    outcome = case.run(content=case.new.pem)

    assert outcome.changed
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)


def test_without_content_the_environments_must_hold_one_certificate(case: CertificateFixture) -> None:
    case.manager.set_entry(PROJECT, NAME, "development", case.new)

    outcome = case.run(description="Renewed")

    assert_error(outcome, "path", "not the same in all its environments", "development, staging")
    assert not case.manager.journal.writes()


def test_without_content_the_manager_must_return_it(make_case: MakeCase) -> None:
    case = make_case(get_content=False)

    outcome = case.run(description="Renewed")

    assert_error(outcome, "path", "does not return")
    assert not case.manager.journal.writes()


def test_thumbprints_are_compared_where_content_is_missing(make_case: MakeCase) -> None:
    case = make_case(get_content=False)

    same, other = case.run(content=case.old.pem), case.run(content=case.new.pem, check=True)

    assert (same.changed, other.changed) == (False, True)
    assert [entry["fingerprint_sha256"] for entry in same["certificate"]["environments"]] == [case.old.sha256] * 2
    assert [entry["fingerprint_sha256"] for entry in other["previous"]["environments"]] == [None] * 2
    assert [entry["fingerprint_sha1"] for entry in other["previous"]["environments"]] == [case.old.sha1] * 2


class TestUnlistedEnvironments:
    """Environments that hold the certificate but are not listed in the task."""

    OPTIONS: ClassVar[dict[str, Any]] = {"environments": ["staging"]}

    @pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
    @pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.09"])
    def test_default_is_to_fail_without_a_write(self, make_case: MakeCase, generation: str, check: bool) -> None:
        case = make_case(generation)
        before = case.manager.snapshot()

        outcome = case.run(content=case.new.pem, check=check, **self.OPTIONS)

        assert_error(outcome, "environments", "development", "unlisted_environments", "remove", "update", "keep")
        assert case.manager.snapshot() == before
        assert calls(case.manager.journal) == ["get"]

    def test_default_fails_even_if_the_listed_environments_are_in_sync(self, case: CertificateFixture) -> None:
        assert_error(case.run(content=case.old.pem, **self.OPTIONS), "development")

    def test_remove_applies_even_if_nothing_else_differs(self, case: CertificateFixture) -> None:
        outcome = case.run(unlisted_environments="remove", **self.OPTIONS)

        assert outcome.changed
        assert case.gateway_certificates() == {"staging": case.old.der}

    @pytest.mark.parametrize("choice", ["keep", "update"])
    def test_update_and_keep_change_nothing_if_nothing_differs(self, case: CertificateFixture, choice: str) -> None:
        outcome = case.run(content=case.old.pem, unlisted_environments=choice, **self.OPTIONS)

        assert not outcome.changed
        assert calls(case.manager.journal) == ["get"]

    def test_pseudo_environment_of_the_manager_can_be_listed(self, case: CertificateFixture) -> None:
        outcome = case.run(content=case.new.pem, environments=[*DEPLOYED, "apimanager"])

        assert not outcome.failed, outcome
        assert case.record_certificates()["apimanager"] == [case.new.der]

    def test_pseudo_environment_of_the_manager_counts_as_unlisted(self, case: CertificateFixture) -> None:
        case.manager.add_certificate(PROJECT, NAME, dict.fromkeys([*DEPLOYED, "apimanager"], case.old))

        assert_error(case.run(content=case.new.pem, environments=[*DEPLOYED]), "apimanager")


class TestDuplicates:
    """A manager whose update adds an entry instead of replacing it."""

    def test_update_succeeds_with_a_warning(self, make_case: MakeCase) -> None:
        case = make_case(duplicates=True)

        outcome = case.run(content=case.new.pem)

        assert not outcome.failed, outcome
        assert [entry["entries"] for entry in outcome["certificate"]["environments"]] == [2, 2]
        assert_accurate(outcome, case.manager)
        (warning,) = outcome.warnings
        assert "development, staging" in warning
        assert "import-file" in warning

    def test_one_desired_entry_is_in_sync(self, make_case: MakeCase) -> None:
        """Another update would only add a third entry."""
        case = make_case(duplicates=True)
        case.manager.add_certificate(
            PROJECT, NAME, {"development": case.new, "staging": [case.new, case.old]}, alias=ALIAS
        )

        outcome = case.run(content=case.new.pem)

        assert (outcome.changed, calls(case.manager.journal)) == (False, ["get"])
        environments = {entry["name"]: entry for entry in outcome["certificate"]["environments"]}
        assert (environments["staging"]["entries"], environments["development"]["entries"]) == (2, 1)
        assert environments["staging"]["fingerprint_sha256"] == case.new.sha256
        (warning,) = outcome.warnings
        assert "staging" in warning
        assert "development" not in warning

    def test_keep_removes_duplicate_entries(self, make_case: MakeCase) -> None:
        """This is the remedy that the warning names."""
        case = make_case(duplicates=True)
        case.manager.add_certificate(PROJECT, NAME, {name: [case.old, case.new] for name in DEPLOYED}, alias=ALIAS)

        outcome = case.run(content=case.new.pem, environments=["staging"], unlisted_environments="keep", force=True)

        assert not outcome.failed, outcome
        assert case.record_certificates() == {"development": [case.old.der, case.new.der], "staging": [case.new.der]}
        assert_accurate(outcome, case.manager)


@pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.09"])
def test_token_is_sent_without_bearer_where_the_manager_requires_it(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation, bare_token_only=True)

    outcome = case.run(content=case.new.pem)

    assert not outcome.failed, outcome
    statuses = [request.status for request in case.manager.journal]
    assert statuses.count(401) == 1, "the form of the token is found out once"
    assert statuses[0] == 401
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)


class TestJwks:
    """JWKs that reference the certificate."""

    def test_update_that_would_unlink_jwks_warns_first(self, make_case: MakeCase) -> None:
        case = make_case("2026.09")
        case.manager.add_jwk(PROJECT, "web-jwk", NAME)
        case.manager.add_jwk(PROJECT, "unrelated")

        check, real = case.run(content=case.new.pem, check=True), case.run(content=case.new.pem)

        assert check.warnings == real.warnings
        (warning,) = real.warnings
        assert "web-jwk" in warning
        assert "unrelated" not in warning
        assert "update_referenced_jwks" in warning
        assert case.manager.state.jwks[PROJECT, "web-jwk"].source_id is None

    @pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.09"])
    def test_jwks_are_updated_on_each_generation(self, make_case: MakeCase, generation: str) -> None:
        case = make_case(generation)

        outcome = case.run(content=case.new.pem, update_referenced_jwks=True, update_scope="same_project")

        assert outcome.changed
        assert calls(case.manager.journal) == ["get", "update", "get"]
        assert dict(case.manager.journal.writes()[0].query) == {
            "updateReferencedJwks": "true",
            "jwkUpdateAction": "UPDATE",
            "updateScope": "SAME_PROJECT",
        }

    @pytest.mark.parametrize(("scope", "elsewhere"), [("same_project", "old"), ("all_projects", "new")])
    @pytest.mark.parametrize("generation", ["2025", "2026.09"])
    def test_jwks_are_updated_within_the_scope(
        self, make_case: MakeCase, generation: str, scope: str, elsewhere: str
    ) -> None:
        case = make_case(generation)
        case.manager.add_jwk(PROJECT, "here", NAME)
        case.manager.add_jwk("admin", "there", (PROJECT, NAME))

        outcome = case.run(content=case.new.pem, update_referenced_jwks=True, update_scope=scope)

        assert not outcome.warnings
        jwks = case.manager.state.jwks
        assert jwks[PROJECT, "here"].der == case.new.der
        assert jwks["admin", "there"].der == getattr(case, elsewhere).der

    def test_scope_is_required(self, case: CertificateFixture) -> None:
        assert_error(case.run(content=case.new.pem, update_referenced_jwks=True), "update_scope")
        assert not len(case.manager.journal)

    def test_update_continues_without_the_right_to_read_jwks(self, case: CertificateFixture) -> None:
        """JWKs that cannot be read cause a warning, not a failure."""
        case.manager.faults.add(Fault("status", path="jwks", status=403, body={"error": "forbidden"}))

        outcome = case.run(content=case.new.pem)

        assert outcome.changed
        assert ["Could not check" in warning for warning in outcome.warnings] == [True]

    @pytest.mark.parametrize(("delete", "remaining"), [(False, {"web-jwk"}), (True, set())])
    def test_delete_handles_referenced_jwks(self, case: CertificateFixture, delete: bool, remaining: set[str]) -> None:
        case.manager.add_jwk(PROJECT, "web-jwk", NAME)

        outcome = case.run(state="absent", delete_referenced_jwks=delete)

        assert outcome.changed
        assert {name for _unused, name in case.manager.state.jwks} == remaining
