# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.patterns import (
    DEFAULT_ALIAS,
    DEFAULT_NAME,
    Patterns,
    read_patterns,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError


def test_the_default_patterns() -> None:
    patterns = read_patterns(DEFAULT_NAME, DEFAULT_ALIAS)

    assert patterns == Patterns()
    assert patterns.name_of("web", "prod") == "web-next-prod"
    assert patterns.alias_of("web", "web-alias", "prod") == "web-alias-next-prod"


@pytest.mark.parametrize("alias", ["{alias}.next", "next-{name}", "{name}{environment}"])
def test_an_alias_needs_no_environment(alias: str) -> None:
    assert read_patterns(DEFAULT_NAME, alias).alias == alias


def test_names_may_contain_braces() -> None:
    assert Patterns().name_of("{environment}", "{name}") == "{environment}-next-{name}"


@pytest.mark.parametrize("name", ["next", "{name}", "{name}-next", "{environment}-next", "{{name}}-{environment}"])
def test_a_pattern_that_does_not_tell_companions_apart_is_refused(name: str) -> None:
    with pytest.raises(
        SettingError, match=r"^certificate_rotation_companion_name: must contain {name} and {environment}"
    ):
        read_patterns(name, DEFAULT_ALIAS)


@pytest.mark.parametrize("alias", ["next", "{environment}", "{alias}", " {name} ", "next-{environment}"])
def test_an_alias_that_could_be_that_of_the_certificate_is_refused(alias: str) -> None:
    with pytest.raises(SettingError, match=r"^certificate_rotation_companion_alias: must contain {alias} or {name}"):
        read_patterns(DEFAULT_NAME, alias)


@pytest.mark.parametrize(
    "pattern", ["{name}-{environment}-{project}", "{name!r}-{environment}", "{name:>9}{environment}"]
)
@pytest.mark.parametrize("extra", ["", "{", "}", "{}"])
def test_other_placeholders_are_refused(pattern: str, extra: str) -> None:
    with pytest.raises(SettingError, match=r"may contain the placeholders {environment}, {name} and no other braces"):
        read_patterns(pattern + extra, DEFAULT_ALIAS)
