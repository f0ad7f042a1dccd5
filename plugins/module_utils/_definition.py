# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module of the collection takes and does, wherever it runs: as a module, or in the controller's own process.

Both ways validate with the same specification, run the same work and report errors with the same words.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError

# What the work imports, sooner or later, besides the standard library.
LIBRARIES = ("requests", "cryptography")

Result = dict[str, t.Any]


def missing_library() -> str | None:
    """What to say of the first library that cannot be imported; None where all can. It imports them."""
    from ansible.module_utils.basic import missing_required_lib

    for library in LIBRARIES:
        try:
            __import__(library)
        except ImportError:
            return str(missing_required_lib(library))
    return None


class ModuleContext(t.Protocol):
    """What runs a body.

    C(params) are the options, validated; C(no_log_values) are what no result may show.
    """

    params: dict[str, t.Any]
    check_mode: bool
    no_log_values: set[str]

    def warn(self, warning: str) -> None:
        """Show the user a line."""

    def manager(self) -> t.ContextManager[CertificateApi]:
        """The manager that the connection options name.

        :raises InputError: where they name none.
        """


@dataclass(frozen=True)
class ModuleDefinition:
    """A module: the specification of its options, as AnsibleModule takes it, and its work.

    :arg work: takes its host and the time, gives the return values.
    """

    argument_spec: dict[str, dict[str, t.Any]]
    work: t.Callable[[ModuleContext, datetime], Result]
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[str, t.Any, tuple[str, ...]], ...] = ()
    required_by: t.Mapping[str, tuple[str, ...]] | None = None

    def specification(self) -> dict[str, t.Any]:
        """The arguments by which AnsibleModule, and Ansible's validator, take the specification."""
        return {
            "argument_spec": self.argument_spec,
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_if": list(self.required_if),
            "required_by": dict(self.required_by or {}),
        }

    def run(self, host: ModuleContext) -> Result:
        """Do the work.

        :returns: the return values; with C(failed) and C(msg), a line for the user, where it did not succeed.
        """
        try:
            return self.work(host, datetime.now(timezone.utc))
        except ApinizerError as exc:
            return {**getattr(exc, "result", {}), "failed": True, "msg": str(exc)}
