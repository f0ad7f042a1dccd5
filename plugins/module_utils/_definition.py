# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definition of a module, independent of where it runs: as a module, or in the controller's own process.

Both ways validate with the same argument spec, run the same operation, and report errors in the same words.

The layers of C(module_utils). Each file only uses files that come after it on this map::

    module definitions      _module  _definition  _source  _options
                            _remedies                               what a user of the module can do about a failure
            |
    operations              _operations  _writer  _verification  _plan  read, plan, write, read back
                            _expected                                   what a planned write relies on
                            _truststores  _gateways                     ask the gateways what they hold
                            _result                                     the return values
            |
    certificate API         _api                                        endpoints and generations of the manager
            |
    client                  _client  _envelope  _auth  _transport       HTTP, authentication, retries, limits
                            _failures  _response  _exchange
                            _connection
            |
    payloads                _payloads  _archive                         responses of the manager -> values
            |
    x509, model, errors     _model  _x509                               values
                            _trust  _chain                              a certificate and its issuers
                            _usage  _identifiers                        what a certificate is valid for
                            _certificate  _names                        one certificate
                            _lifetime                                   when a certificate is due
                            _pem  _formats                              text and files with certificates
                            _errors  _text                              errors, and text for the screen
"""

from __future__ import annotations

import platform
import sys
import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, OperationError

# What the operations import besides the standard library.
LIBRARIES = ("requests", "cryptography")

Result = dict[str, t.Any]


def missing_library() -> str | None:
    """Import the required libraries. Return a message about the first one that is missing, or None."""
    for library in LIBRARIES:
        try:
            __import__(library)
        except ImportError:
            return (
                f"Failed to import the required Python library ({library}) on {platform.node()}'s Python {sys.executable}. "
                f"Install it with: {sys.executable} -m pip install {library}"
            )
    return None


class ModuleContext(t.Protocol):
    """The surroundings in which a definition runs.

    C(params) are the validated options. C(no_log_values) are the secrets that no result may show.
    """

    params: dict[str, t.Any]
    check_mode: bool
    no_log_values: set[str]

    def warn(self, warning: str) -> None:
        """Show a warning to the user."""

    def manager(self) -> t.ContextManager[CertificateApi]:
        """Connect to the manager of the connection options.

        :raises InputError: if a connection option is missing or not valid.
        """


@dataclass(frozen=True)
class ModuleDefinition:
    """A module: its argument spec, as AnsibleModule expects it, and its operation.

    :arg operation: receives the context and the current time, and returns the return values.
    """

    argument_spec: dict[str, dict[str, t.Any]]
    operation: t.Callable[[ModuleContext, datetime], Result]
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[str, t.Any, tuple[str, ...]], ...] = ()
    required_by: t.Mapping[str, tuple[str, ...]] | None = None

    def specification(self) -> dict[str, t.Any]:
        """Return the keyword arguments for AnsibleModule, or for the validator of Ansible."""
        return {
            "argument_spec": self.argument_spec,
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_if": list(self.required_if),
            "required_by": dict(self.required_by or {}),
        }

    def run(self, context: ModuleContext) -> Result:
        """Run the operation.

        :returns: the return values. If it failed, they have C(failed) and C(msg), one line for the user.
        """
        try:
            return self.operation(context, datetime.now(timezone.utc))
        except OperationError as exc:
            return {**exc.result, "failed": True, "msg": str(exc)}
        except ApinizerError as exc:
            return {"failed": True, "msg": str(exc)}
