# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import (
    Desired,
    Plan,
    Write,
    plan_absent,
    plan_present,
    similar_names,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

State = dict[str, str]
"""The entries of each environment: "old/web", or "old/web new/web" for a duplicate."""

BOTH = {"production": "old/web", "staging": "old/web"}


class World:
    """Records and plans in the notation of the tests."""

    def __init__(self, old: Bundle, new: Bundle) -> None:
        self.bundles = {"old": old, "new": new}

    def stored(self, state: State, **fields: Any) -> StoredCertificate:
        entries = tuple(
            Entry(environment, alias, self.bundles[bundle])
            for environment, listed in state.items()
            for bundle, alias in (entry.split("/") for entry in listed.split())
        )
        return StoredCertificate("MyProject", "web", **{"description": "First", "entries": entries, **fields})

    def state(self, stored: StoredCertificate) -> State:
        names = {bundle.leaf.der: name for name, bundle in self.bundles.items()}
        return {
            environment: " ".join(
                f"{names[entry.leaf.der]}/{entry.alias}" for entry in stored.entries_of(environment) if entry.leaf
            )
            for environment in stored.environments
        }

    def plan(
        self,
        current: State | StoredCertificate | None,
        *,
        bundle: str | None = None,
        environments: str | None = None,
        **options: Any,
    ) -> Plan:
        desired = Desired(
            bundle=self.bundles[bundle] if bundle else None,
            environments=frozenset(environments.split()) if environments else None,
            **options,
        )
        stored = self.stored(current) if isinstance(current, dict) else current
        return plan_present("MyProject", "web", stored, desired)


@pytest.fixture(scope="module")
def world(old: Bundle, new: Bundle) -> World:
    return World(old, new)


def in_words(write: Write) -> str:
    return f"{write.kind} {' '.join(write.environments)}: {write.alias}, {write.description}"


# Creating and deleting


def test_a_missing_certificate_is_created(world: World, new: Bundle) -> None:
    plan = world.plan(None, bundle="new", environments="staging production", alias="alias", description="text")
    after = StoredCertificate(
        "MyProject", "web", "text", entries=(Entry("production", "alias", new), Entry("staging", "alias", new))
    )
    write = Write("create", after, ("production", "staging"), "alias", "text", new)
    assert plan == Plan("create", after, (write,), added=("production", "staging"))


def test_alias_and_description_of_a_new_certificate_are_its_name(world: World) -> None:
    (write,) = world.plan(None, bundle="new", environments="staging").writes
    assert in_words(write) == "create staging: web, web"


def test_an_existing_certificate_is_deleted(world: World) -> None:
    write = Write("delete", None, ("production", "staging"))
    assert plan_absent("MyProject", "web", world.stored(BOTH)) == Plan("delete", None, (write,))


def test_a_missing_certificate_needs_no_deletion() -> None:
    assert plan_absent("MyProject", "web", None) == Plan("none", None)


# Names that are almost the same


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("my-certificate", "My-Certificate"),
        ("my-certificate", "my-certficate"),
        ("my-certificate", "my-certificates"),
        ("my-certificate", "my-certificote"),
        ("my-certificate", "my-certifciate"),
        ("my certificate", "my  certificate"),
        ("web", "WEB"),
    ],
)
def test_a_name_that_differs_in_case_or_one_letter_is_similar(name: str, other: str) -> None:
    assert similar_names(name, [other]) == [other]
    assert similar_names(other, [name]) == [name]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("my-certificate", "my-certificate"),
        ("certificate-1", "certificate-2"),
        ("certificate-1", "certificate-11"),
        ("certificate", "certificate2"),
        ("web", "wed"),
        ("my-certificate", "my-certs"),
        ("", "a"),
    ],
)
def test_other_names_are_not_similar(name: str, other: str) -> None:
    assert similar_names(name, [other]) == []
    assert similar_names(other, [name]) == []


@pytest.mark.parametrize("missing", ["bundle", "environments"])
def test_a_similar_name_is_pointed_out_before_anything_is_required(world: World, new: Bundle, missing: str) -> None:
    given: dict[str, Any] = {"bundle": new, "environments": frozenset(("staging",))}
    desired = Desired(**{key: value for key, value in given.items() if key != missing})
    with pytest.raises(InputError, match=r"required to create it\. Did you mean Web\?$"):
        plan_present("MyProject", "web", None, desired, [StoredCertificate("MyProject", "Web")])


def test_creating_a_certificate_with_a_similar_name_is_a_warning(world: World, new: Bundle) -> None:
    desired = Desired(bundle=new, environments=frozenset(("staging",)))
    plan = plan_present("MyProject", "web", None, desired, [StoredCertificate("MyProject", "Web")])
    assert plan.warnings == (
        "Project MyProject has a certificate Web, whose name is almost the same as that of the new certificate web",
    )


def test_stale_gateways_are_a_difference(world: World) -> None:
    assert world.plan(BOTH, bundle="old").operation == "none"
    (write,) = world.plan(BOTH, bundle="old", stale=frozenset(("staging",))).writes
    assert in_words(write) == "update production staging: web, First"


def test_only_stale_gateways_are_imported_again(world: World) -> None:
    plan = world.plan(BOTH, bundle="old", stale=frozenset(("staging",)), unlisted="keep")
    assert [in_words(write) for write in plan.writes] == ["import staging: web, First"]


# Changing


@pytest.mark.parametrize(
    ("current", "desired"),
    [
        pytest.param(BOTH, {}, id="nothing asked"),
        pytest.param(BOTH, {"bundle": "old"}, id="same certificate"),
        pytest.param(
            BOTH,
            {"bundle": "old", "environments": "staging production", "alias": "web", "description": "First"},
            id="everything set and in sync",
        ),
        pytest.param(BOTH, {"environments": "staging", "unlisted": "update"}, id="unlisted updated and the same"),
        pytest.param(
            {"production": "old/web", "staging": "new/web"},
            {"bundle": "new", "environments": "staging", "unlisted": "keep"},
            id="an unlisted environment differs and is kept",
        ),
        pytest.param({"production": "old/a", "staging": "new/b"}, {}, id="environments differ and nothing is asked"),
        pytest.param({"staging": "old/web new/web"}, {"bundle": "new"}, id="a duplicate that has the certificate"),
    ],
)
def test_nothing_is_written_if_nothing_differs(world: World, current: State, desired: dict[str, Any]) -> None:
    plan = world.plan(current, **desired)
    assert (plan.operation, plan.writes, plan.added) == ("none", (), ())
    assert plan.after == world.stored(current)


@pytest.mark.parametrize(
    ("current", "desired", "writes", "after"),
    [
        # The certificate.
        pytest.param(
            BOTH,
            {"bundle": "new"},
            ["update production staging: web, First"],
            {"production": "new/web", "staging": "new/web"},
            id="new certificate",
        ),
        pytest.param(
            {"production": "old/web", "staging": "new/web"},
            {"bundle": "new"},
            ["update production staging: web, First"],
            {"production": "new/web", "staging": "new/web"},
            id="one environment lacks it, and an update lists all",
        ),
        pytest.param(
            {"production": "old/a", "staging": "old/b"},
            {"bundle": "new", "alias": "web"},
            ["update production staging: web, First"],
            {"production": "new/web", "staging": "new/web"},
            id="aliases become one",
        ),
        # Alias and description: the certificate that the manager holds is sent again.
        pytest.param(
            BOTH,
            {"alias": "other"},
            ["update production staging: other, First"],
            {"production": "old/other", "staging": "old/other"},
            id="alias",
        ),
        pytest.param(
            BOTH, {"description": "Second"}, ["update production staging: web, Second"], BOTH, id="description"
        ),
        pytest.param(BOTH, {"force": True}, ["update production staging: web, First"], BOTH, id="force"),
        # Environments.
        pytest.param(
            BOTH,
            {"environments": "development staging production"},
            ["update development production staging: web, First"],
            {**BOTH, "development": "old/web"},
            id="an additional environment",
        ),
        pytest.param(
            BOTH,
            {"environments": "staging", "unlisted": "remove"},
            ["update staging: web, First"],
            {"staging": "old/web"},
            id="one environment less",
        ),
        pytest.param(
            {"production": "old/a", "staging": "new/b"},
            {"environments": "staging", "unlisted": "remove"},
            ["update staging: b, First"],
            {"staging": "new/b"},
            id="the remaining environment keeps its certificate",
        ),
        pytest.param(
            BOTH,
            {"bundle": "new", "environments": "development", "unlisted": "remove"},
            ["update development: web, First"],
            {"development": "new/web"},
            id="another environment instead",
        ),
        pytest.param(
            {"production": "old/web", "staging": "new/web"},
            {"bundle": "new", "environments": "staging", "unlisted": "update"},
            ["update production staging: web, First"],
            {"production": "new/web", "staging": "new/web"},
            id="unlisted updated",
        ),
        # Unlisted environments that are kept.
        pytest.param(
            BOTH,
            {"bundle": "new", "environments": "staging", "unlisted": "keep"},
            ["import staging: web, First"],
            {"production": "old/web", "staging": "new/web"},
            id="unlisted kept",
        ),
        pytest.param(
            {"development": "old/web", "production": "old/web", "staging": "new/web"},
            {"bundle": "new", "environments": "development staging", "unlisted": "keep"},
            ["import development: web, First"],
            {"development": "new/web", "production": "old/web", "staging": "new/web"},
            id="only what differs is imported",
        ),
        pytest.param(
            {"development": "old/a", "production": "old/b", "staging": "old/a"},
            {"bundle": "new", "unlisted": "keep"},
            ["import development staging: a, First", "import production: b, First"],
            {"development": "new/a", "production": "new/b", "staging": "new/a"},
            id="one import for each alias",
        ),
        pytest.param(
            {"production": "old/a", "staging": "old/b"},
            {"bundle": "new", "alias": "web", "unlisted": "keep"},
            ["import production staging: web, First"],
            {"production": "new/web", "staging": "new/web"},
            id="one import for the desired alias",
        ),
        pytest.param(
            {"production": "old/a", "staging": "old/a"},
            {"bundle": "new", "environments": "development", "unlisted": "keep"},
            ["import development: a, First"],
            {"development": "new/a", "production": "old/a", "staging": "old/a"},
            id="an additional environment has the alias of the others",
        ),
        pytest.param(
            BOTH,
            {"description": "Second", "environments": "staging", "unlisted": "keep"},
            ["import staging: web, Second"],
            BOTH,
            id="description with keep",
        ),
        pytest.param(
            BOTH,
            {"environments": "staging", "unlisted": "keep", "force": True},
            ["import staging: web, First"],
            BOTH,
            id="force with keep",
        ),
        # Duplicates.
        pytest.param(
            {"staging": "old/web old/web"},
            {"bundle": "new"},
            ["update staging: web, First"],
            {"staging": "old/web old/web new/web"},
            id="an update adds to a duplicate",
        ),
        pytest.param(
            {"production": "old/web", "staging": "old/web new/web"},
            {"bundle": "new", "environments": "staging", "unlisted": "keep", "force": True},
            ["import staging: web, First"],
            {"production": "old/web", "staging": "new/web"},
            id="an import replaces duplicates by one entry",
        ),
        pytest.param(
            {"staging": "old/a new/b"},
            {"bundle": "new", "alias": "a"},
            ["update staging: a, First"],
            {"staging": "old/a new/b new/a"},
            id="certificate and alias must be in the same entry",
        ),
    ],
)
def test_what_differs_is_written(
    world: World, current: State, desired: dict[str, Any], writes: list[str], after: State
) -> None:
    plan = world.plan(current, **desired)
    assert [in_words(write) for write in plan.writes] == writes
    assert plan.operation == writes[0].split()[0]
    assert plan.after is not None
    assert world.state(plan.after) == after
    assert plan.writes[-1].expected == plan.after
    assert plan.added == tuple(sorted(set(after) - set(current)))


def test_each_import_expects_the_state_before_the_next_one(world: World) -> None:
    first, second = world.plan({"production": "old/a", "staging": "old/b"}, bundle="new", unlisted="keep").writes
    assert first.expected is not None
    assert world.state(first.expected) == {"production": "new/a", "staging": "old/b"}
    assert second.expected is not None
    assert world.state(second.expected) == {"production": "new/a", "staging": "new/b"}


def test_a_certificate_without_content_can_be_in_sync(
    world: World, old: Bundle, without_content: Callable[[StoredCertificate], StoredCertificate]
) -> None:
    listed = without_content(world.stored(BOTH))
    plan = world.plan(listed, bundle="old")
    assert plan.operation == "none"
    assert plan.after is not None
    assert plan.after.entries[0].bundle == old
    assert world.plan(listed, bundle="new").operation == "update"


# Options that only the user can decide


@pytest.mark.parametrize(
    ("current", "desired", "message"),
    [
        pytest.param(
            None,
            {"environments": "staging"},
            "path: missing; project MyProject has no certificate web, and path or content is required to create it",
            id="creating without a certificate",
        ),
        pytest.param(
            None,
            {"bundle": "new"},
            "environments: missing; project MyProject has no certificate web, and environments is required to "
            "create it",
            id="creating without environments",
        ),
        pytest.param(
            {},
            {"bundle": "new"},
            "environments: missing; it is required, because no environment holds certificate web",
            id="nowhere",
        ),
        pytest.param(
            {**BOTH, "development": "old/web"},
            {"bundle": "new", "environments": "staging"},
            "environments: certificate web of project MyProject is also in development, production, which the list "
            "does not contain, and an update would remove it there. Choose a value for unlisted_environments: "
            "remove (remove it there), update (replace it there, too), or keep (leave it unchanged there; requires "
            "a manager with import-file)",
            id="unlisted environments",
        ),
        pytest.param(
            {"production": "old/web", "staging": "new/web"},
            {"description": "Second"},
            "path: missing; path or content is required, because certificate web is not the same in all its "
            "environments (production, staging)",
            id="environments hold different certificates",
        ),
        pytest.param(
            {"production": "old/web", "staging": "new/web"},
            {"environments": "development", "unlisted": "keep"},
            "path: missing; path or content is required, because certificate web is not the same in all its "
            "environments (production, staging)",
            id="an additional environment, and the others hold different certificates",
        ),
        pytest.param(
            {"staging": "old/web new/web"},
            {"force": True},
            "path: missing; path or content is required, because certificate web is not the same in all its "
            "environments (staging)",
            id="the entries of a duplicate are different certificates",
        ),
        pytest.param(
            {"production": "old/a", "staging": "old/b"},
            {"bundle": "new"},
            "alias: missing; it is required, because certificate web has different aliases (production: a, staging: "
            "b), and this request sets the same alias everywhere. Set alias, or change the environments one by one "
            "with unlisted_environments=keep, which keeps each alias",
            id="aliases differ",
        ),
        pytest.param(
            {"production": "old/a", "staging": "old/b"},
            {"bundle": "new", "environments": "development", "unlisted": "keep"},
            "alias: missing; it is required, because certificate web has different aliases (production: a, staging: "
            "b), and this request sets the same alias everywhere. Set alias, or change the environments one by one "
            "with unlisted_environments=keep, which keeps each alias",
            id="an additional environment, and the aliases of the others differ",
        ),
    ],
)
def test_options_that_only_the_user_can_decide_are_required(
    world: World, current: State | None, desired: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        world.plan(current, **desired)
    assert str(caught.value) == message
    assert caught.value.option == message.partition(":")[0]


@pytest.mark.parametrize("known", [[], ["staging"]])
def test_content_that_the_manager_does_not_return_cannot_be_sent_again(world: World, known: list[str]) -> None:
    entries = [
        entry if entry.environment in known else replace(entry, bundle=None, sha1="ffff")
        for entry in world.stored(BOTH).entries
    ]
    with pytest.raises(InputError) as caught:
        world.plan(StoredCertificate("MyProject", "web", "First", entries=tuple(entries)), alias="other")
    assert str(caught.value) == (
        "path: missing; path or content is required, because the manager does not return the content of certificate web"
    )


def test_an_unreported_alias_becomes_the_name(world: World, old: Bundle) -> None:
    (write,) = world.plan(
        StoredCertificate("MyProject", "web", "First", entries=(Entry("s", None, old),)), force=True
    ).writes
    assert in_words(write) == "update s: web, First"


# Unreported descriptions

UNREPORTED = (
    "The manager does not report the description of certificate web, so it was not compared. It is written with the "
    "next change; set force=true to write it now"
)


@pytest.mark.parametrize(
    ("desired", "writes", "warnings"),
    [
        ({"bundle": "old"}, [], ()),
        ({"description": "Second"}, [], (UNREPORTED,)),
        ({"description": "Second", "force": True}, ["update production staging: web, Second"], ()),
        ({"description": "Second", "bundle": "new"}, ["update production staging: web, Second"], (UNREPORTED,)),
        ({"bundle": "new"}, ["update production staging: web, web"], ()),
    ],
)
def test_a_description_that_is_not_reported_is_not_compared(
    world: World, desired: dict[str, Any], writes: list[str], warnings: tuple[str, ...]
) -> None:
    plan = world.plan(world.stored(BOTH, description=None, description_reported=False), **desired)
    assert [in_words(write) for write in plan.writes] == writes
    assert plan.warnings == warnings


def test_an_empty_description_is_replaced_by_the_name_when_it_is_written(world: World) -> None:
    plan = world.plan(world.stored(BOTH, description=None), bundle="new")
    assert in_words(plan.writes[0]) == "update production staging: web, web"


@pytest.mark.parametrize("blank", [" ", "\t\n"])
@pytest.mark.parametrize("unlisted", ["fail", "keep"])
def test_blanks_of_the_record_are_never_sent(world: World, blank: str, unlisted: str) -> None:
    """The manager refuses a field of blanks with HTTP 400."""
    entries = tuple(Entry(environment, blank, world.bundles["old"]) for environment in BOTH)
    stored = world.stored(BOTH, description=blank, entries=entries)

    plan = world.plan(stored, bundle="new", unlisted=unlisted)

    assert {(write.alias, write.description) for write in plan.writes} == {("web", "web")}


def test_a_description_and_an_alias_of_blanks_are_like_none(world: World) -> None:
    assert world.plan(BOTH, bundle="old", alias=" ", description="  ").operation == "none"
    created = world.plan(None, bundle="old", environments="staging", alias=" ", description="  ")
    assert [(write.alias, write.description) for write in created.writes] == [("web", "web")]


@pytest.mark.parametrize("bundle", ["old", "new"])
def test_duplicates_are_named_in_a_warning(world: World, bundle: str) -> None:
    current = {"development": "old/web old/web", "production": "old/web", "staging": "old/web old/web"}
    (warning,) = world.plan(current, bundle=bundle).warnings
    assert warning == (
        "Certificate web of project MyProject has more than one entry in development, staging, and every update "
        "adds another one. If the manager has import-file, run the task for just these environments with "
        "unlisted_environments=keep and force=true to get a single entry in the record again"
    )


# All combinations

ENTRIES = (None, "old/a", "new/a", "old/b", "old/a new/a")


def every_case(world: World) -> Iterator[tuple[StoredCertificate, dict[str, Any]]]:
    """Every state of two environments, combined with every desired state."""
    for production, staging in itertools.product(ENTRIES, repeat=2):
        listed = {"production": production, "staging": staging}
        current = world.stored({name: entries for name, entries in listed.items() if entries})
        for bundle, environments, alias, description, unlisted, force in itertools.product(
            (None, "new"),
            (None, "staging", "development staging"),
            (None, "a"),
            (None, "Second"),
            ("fail", "remove", "update", "keep"),
            (False, True),
        ):
            yield (
                current,
                {
                    "bundle": bundle,
                    "environments": environments,
                    "alias": alias,
                    "description": description,
                    "unlisted": unlisted,
                    "force": force,
                },
            )


def carried_out(current: StoredCertificate, plan: Plan) -> StoredCertificate:
    """The record after the writes of a plan. An update replaces all entries, an import those of its environments."""
    state = current
    for write in plan.writes:
        entries = state.entries if write.kind == "import" else ()
        entries = tuple(entry for entry in entries if entry.environment not in write.environments)
        added = tuple(Entry(name, write.alias, write.bundle) for name in write.environments)
        state = replace(state, description=write.description, entries=entries + added)
    return state


def test_every_plan_keeps_its_promises(world: World) -> None:
    seen: Counter[str] = Counter()
    for current, desired in every_case(world):
        try:
            plan = world.plan(current, **desired)
        except InputError as error:
            seen[f"open: {error.option}"] += 1
            continue
        seen[plan.operation] += 1
        after = plan.after
        assert after is not None
        listed = set((desired["environments"] or "").split()) or set(current.environments)
        unlisted = set(current.environments) - listed
        # The writes lead to the predicted record.
        if not (current.duplicated and plan.operation == "update"):
            assert after.same_state(carried_out(current, plan))
        # After that, there is nothing left to do.
        assert world.plan(after, **{**desired, "force": False}).operation == "none"
        # The desired certificate is in every listed environment.
        for environment in listed:
            assert not desired["bundle"] or any(
                entry.holds(world.bundles[desired["bundle"]]) for entry in after.entries_of(environment)
            )
            assert after.entries_of(environment)
        # No environment loses the certificate unless the task says so, and kept environments are unchanged.
        lost = set(current.environments) - set(after.environments)
        assert lost == (unlisted if desired["unlisted"] == "remove" else set())
        if desired["unlisted"] == "keep":
            assert all(after.entries_of(name) == current.entries_of(name) for name in unlisted)
    assert set(seen) == {"none", "update", "import", "open: path", "open: alias", "open: environments"}
