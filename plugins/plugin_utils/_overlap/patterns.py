# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patterns for the names and aliases of companions. Pure."""

from __future__ import annotations

import string
from dataclasses import dataclass

from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError

DEFAULT_NAME = "{name}-next-{environment}"
DEFAULT_ALIAS = "{alias}-next-{environment}"

LONGEST_OVERLAP = 3650  # days; far beyond the lifetime of the certificates that an overlap is meant for


@dataclass(frozen=True)
class Patterns:
    """How companions are called.

    :arg name: a pattern with C({name}) and C({environment}), so that no two companions, and no companion and its
        certificate, have the same name.
    :arg alias: a pattern with C({alias}) or C({name}), and perhaps C({environment}).
    """

    name: str = DEFAULT_NAME
    alias: str = DEFAULT_ALIAS

    def name_of(self, name: str, environment: str) -> str:
        """The name of the companion of a certificate in an environment."""
        return self.name.format(name=name, environment=environment)

    def alias_of(self, name: str, alias: str, environment: str) -> str:
        """Its alias.

        :arg alias: the alias of the certificate in the environment.
        """
        return self.alias.format(name=name, alias=alias, environment=environment)


def read_patterns(name: str, alias: str) -> Patterns:
    """Check the patterns of the variables C(companion_name) and C(companion_alias).

    :raises SettingError: for a pattern that cannot be used.
    """
    used = _placeholders("companion_name", name, {"name", "environment"})
    if used != {"name", "environment"}:
        raise SettingError(
            "companion_name",
            f"must contain {{name}} and {{environment}}, so that each companion has a name of its own, not '{name}'",
        )
    used = _placeholders("companion_alias", alias, {"name", "alias", "environment"})
    if not used & {"name", "alias"} or alias.strip() in ("{name}", "{alias}"):
        raise SettingError(
            "companion_alias",
            "must contain {alias} or {name}, and more than that, so that it differs from the alias of the certificate, "
            f"not '{alias}'",
        )
    return Patterns(name, alias)


def _placeholders(variable: str, pattern: str, known: set[str]) -> set[str]:
    """The placeholders in a pattern.

    :raises SettingError: for braces that are not one of the known placeholders.
    """
    try:
        fields = [
            (field, spec, kind) for _text, field, spec, kind in string.Formatter().parse(pattern) if field is not None
        ]
    except ValueError:
        fields = [("", "", None)]
    if any(field not in known or spec or kind for field, spec, kind in fields):
        names = ", ".join(f"{{{one}}}" for one in sorted(known))
        raise SettingError(variable, f"may contain the placeholders {names} and no other braces, not '{pattern}'")
    return {field for field, _spec, _kind in fields}
