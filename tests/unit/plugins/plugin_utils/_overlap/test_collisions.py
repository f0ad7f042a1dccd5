# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.collisions import collisions
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import Companion
from unit.plugins.plugin_utils._overlap.test_stages import DEV, NAME, NEW, OLD, PROJECT, THIRD, subject, view

PLANNED = Companion(DEV, "web-next-dev", "web-alias-next-dev")
OTHER = replace(subject(dev=OLD), name="api", aliases={DEV: "api"})


def test_an_alias_that_the_manager_has_already_is_refused() -> None:
    listed = {
        PROJECT: {
            NAME: {"environments": [view(DEV, OLD)]},
            "other": {"environments": [view(DEV, OLD, "WEB-alias-next-DEV")]},
        }
    }
    own = subject(dev=OLD)

    (problem,) = collisions([(own, [PLANNED])], listed)
    assert problem == (
        "certificate_rotation_companion_alias: the companion of MyProject/web in dev would have the alias web-alias-next-dev, "
        "as has MyProject/other. Set another pattern"
    )
    assert "as has MyProject/web." in collisions([(own, [replace(PLANNED, alias="Web-Alias")])], listed)[0]
    assert not collisions([(own, [replace(PLANNED, alias="free")])], listed)
    # It has its alias already.
    assert not collisions([(own, [replace(PLANNED, action="none")])], listed)


def test_a_name_that_the_list_of_the_run_has_is_refused() -> None:
    (problem,) = collisions([(subject(dev=OLD), [PLANNED]), (replace(OTHER, name="web-next-dev"), [])], {})

    assert problem == (
        "certificate_rotation_companion_name: the companion of MyProject/web in dev would have the name web-next-dev, "
        "as has MyProject/web-next-dev. Set another pattern"
    )


def test_two_companions_of_a_run_with_the_same_alias_are_refused() -> None:
    other = replace(PLANNED, name="api-next-dev", alias="WEB-ALIAS-NEXT-dev")

    (problem,) = collisions([(subject(dev=OLD), [PLANNED]), (OTHER, [other])], {})

    assert problem == (
        "certificate_rotation_companion_alias: the companion of MyProject/api in dev would have the alias WEB-ALIAS-NEXT-dev, "
        "as has the companion of MyProject/web in dev. Set another pattern, or rotate the two in separate runs, the second one "
        "after the overlap of the first one has ended"
    )


def test_a_companion_with_the_alias_of_a_certificate_that_the_run_creates_is_refused() -> None:
    created = replace(OTHER, current={}, aliases={DEV: "Web-Alias-Next-Dev"})

    (problem,) = collisions([(subject(dev=OLD), [PLANNED]), (created, [])], {})

    assert "as has MyProject/api." in problem


def test_in_another_project_only_the_same_certificate_may_have_the_alias() -> None:
    """A truststore contains the certificates of all projects. One of the two would replace the other there."""
    elsewhere = replace(subject(dev=OLD), project="Other")
    overlaps = [(subject(dev=OLD), [PLANNED]), (elsewhere, [PLANNED])]
    listed = {"Other": {"partner": {"environments": [view(DEV, THIRD, PLANNED.alias)]}}}

    assert not collisions(overlaps, {})
    (problem,) = collisions([overlaps[0], (replace(elsewhere, new_sha1=THIRD), [PLANNED])], {})
    assert "the companion of Other/web in dev" in problem
    assert "the companion of MyProject/web in dev" in problem
    assert "as has Other/partner." in collisions(overlaps[:1], listed)[0]
    listed["Other"]["partner"]["environments"][0]["fingerprint_sha1"] = NEW
    assert not collisions(overlaps[:1], listed)


def test_projects_whose_names_contain_slashes_are_told_apart() -> None:
    first, second = (replace(subject(dev=OLD), project=project) for project in ("team/a", "team/b"))

    assert not collisions([(first, [PLANNED]), (second, [PLANNED])], {})
