# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All errors of the core, and who catches what.

::

    ApinizerError                       caught by every entry point: str(error) is the message for the user
     +- InputError                      an option or a value from the user is not valid
     +- RequestError                    a request without a usable response; attributes tell whether to retry it
     |   +- LoginError                  the token request failed, so the actual request was never sent
     |   +- ImportFileUnavailableError  the manager does not offer import-file
     |   +- TruststoreUnavailableError  the truststore of an environment cannot be read
     +- GatewaysUnknownError            the gateways must be asked before a write, and cannot be
     +- ModifiedError                   someone else has modified what a planned write relies on
     +- WriteError                      a plan was not carried out (in _writer.py; caught by _operations.py)
     +- OperationError                  an operation failed after it sent a write; has the result so far

    ValueError
     +- CertificateError                bytes are not a usable certificate; callers add the option and the file
     |   +- PrivateKeyError             there is a private key where only certificates belong
     +- WindowError                     a renewal window cannot be used (in _lifetime.py); callers add the option
     +- UnreadableError                 a response cannot be read; _failures.py turns it into a RequestError
     +- ShapeError                      JSON does not have a known format; _failures.py turns it into a RequestError

Callers test the type or an attribute of an error, never the wording of its message.
"""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls

_ENDS_OF_SENTENCE = (".", "!", "?", "…")


def join_sentences(*sentences: str) -> str:
    """Join sentences into one message.

    A quoted response of the manager may end in a period already; it does not get a second one.
    """
    *all_but_last, last = sentences
    return " ".join([*(text if text.endswith(_ENDS_OF_SENTENCE) else f"{text}." for text in all_but_last), last])


NO_IMPORT_FILE, IMPORT_NOT_DEPLOYED, GATEWAYS_UNKNOWN = "no_import_file", "import_not_deployed", "gateways_unknown"
JWKS_UNLINKED, DEPLOYMENT_FAILED, MODIFIED = "jwks_unlinked", "deployment_failed", "modified"
"""The problems whose remedy depends on what the user has started, because it names options. See C(_remedies.py)."""


class ApinizerError(Exception):
    """The base of all errors that a user sees. C(str(error)) is one line of plain English without secrets.

    A message may quote the manager, so control characters in it are escaped here, once for all errors.

    :cvar problem: one of the problems above, or None if the message already says what to do.
    """

    problem: str | None = None

    def __init__(self, message: str) -> None:
        super().__init__(escape_controls(message))


class InputError(ApinizerError):
    """An option or another value from the user is not valid.

    :arg option: the name of the option; the message starts with it.
    """

    def __init__(self, option: str, message: str) -> None:
        super().__init__(f"{option}: {message}")
        self.option = option


class RequestError(ApinizerError):
    """A request did not get a usable response.

    :arg status: the HTTP status, or None if there was no response.
    :arg maybe_applied: whether the manager may have carried out the request nevertheless.
    :arg retryable: whether sending the request again may succeed, for example after a timeout or HTTP 503.
    :arg retry_after: the seconds that the manager asks to wait, or None if it does not say.
    :arg foreign: whether the response is not one of the Management API (no JSON object), as from another server.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        maybe_applied: bool = False,
        retryable: bool = False,
        retry_after: float | None = None,
        foreign: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.maybe_applied = maybe_applied
        self.retryable = retryable
        self.retry_after = retry_after
        self.foreign = foreign


class LoginError(RequestError):
    """The token request failed. The request that needed the token was never sent."""


class ImportFileUnavailableError(RequestError):
    """The manager does not offer import-file, so it cannot write some environments and leave the others unchanged."""

    problem = NO_IMPORT_FILE


class TruststoreUnavailableError(RequestError):
    """The truststore of an environment cannot be read, so what its gateways hold is unknown."""

    @property
    def maybe_empty(self) -> bool:
        """Whether it may just be empty: the archive of an empty truststore is refused with HTTP 400, and so is that of
        unreachable workers (vendor: Export Truststore File).
        """
        return self.status == 400


class GatewaysUnknownError(ApinizerError):
    """The gateways must be asked, and cannot be. Nothing was written."""

    problem = GATEWAYS_UNKNOWN


class ModifiedError(ApinizerError):
    """Someone else has modified the record since a write was planned. Nothing was written."""

    problem = MODIFIED


class OperationError(ApinizerError):
    """An operation failed after it sent a write.

    :arg result: the return values of the module, as far as they are known.
    :arg request_error: the failed request, or None if the manager answered every request with success.
    :arg problem: see C(ApinizerError). The default is that of the request.
    """

    def __init__(
        self,
        message: str,
        result: dict[str, t.Any],
        request_error: RequestError | None = None,
        problem: str | None = None,
    ) -> None:
        super().__init__(message)
        self.result = result
        self.request_error = request_error
        self.problem = problem or (request_error.problem if request_error else None)


class CertificateError(ValueError):
    """Bytes are not a usable certificate. The message never repeats any of them."""


class PrivateKeyError(CertificateError):
    """There is a private key where only certificates belong."""


class UnreadableError(ValueError):
    """A response cannot be read. The message says why, as the end of a sentence."""


class ShapeError(ValueError):
    """JSON of the manager does not have a known format. The message names the part."""
