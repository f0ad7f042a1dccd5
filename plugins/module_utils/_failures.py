# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explain failures to users: turn any exception of an exchange into an error that names its cause and the option.

The libraries raise many kinds of exceptions, and not all of them are documented. Their class, and how far the exchange got,
decide the message; their own text is only shown where it is the system's or OpenSSL's.
"""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection, check_authorities
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    ApinizerError,
    InputError,
    RequestError,
    ShapeError,
    UnreadableError,
    join_sentences,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._exchange import TOO_LARGE, Exchange
from ansible_collections.apinizer.apiops.plugins.module_utils._response import INCOMPLETE
from ansible_collections.apinizer.apiops.plugins.module_utils._text import redact_userinfo

_INVALID_ADDRESS = {"InvalidURL", "InvalidProxyURL", "InvalidSchema", "LocationParseError", "LocationValueError"}
_NOT_TLS = {
    "WRONG_VERSION_NUMBER",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
}
# The first bytes of a TLS record: an alert or a handshake message, and the major version (RFC 8446, section 5.1).
_TLS_RECORD = re.compile(r"['\"]?(\x15|\x16|\\x15|\\x16)(\x03|\\x03)")
_LOST = {
    "RemoteDisconnected": "Remote end closed connection without response",
    "IncompleteRead": INCOMPLETE,
    "SSLEOFError": "the TLS connection was closed unexpectedly",
    "SSLZeroReturnError": "the TLS connection was closed unexpectedly",
}
_UNREADABLE = {
    "BadStatusLine": "its first line is not one of HTTP",
    "UnknownProtocol": "its first line is not one of HTTP",
    "LineTooLong": "one of its header lines is too long",
    "HTTPException": "it has too many header lines",
    "InvalidHeader": "one of its header lines is not valid",
    "RecursionError": "it is nested too deeply",
    "MemoryError": "there is not enough memory for it",
    "UnicodeEncodeError": "a value is not valid Unicode",
}

_HANDSHAKE = (
    "Check the scheme and the port in url. If the manager requires a client certificate, set client_cert and client_key"
)

_Value = t.TypeVar("_Value")


@dataclass(frozen=True)
class Route:
    """How a manager is reached.

    :arg proxy: the address of the proxy, with its credentials, or None.
    :arg verify: the argument I(verify) of requests.
    :arg has_answered: whether the manager has answered before.
    """

    proxy: str | None = None
    verify: t.Any = None
    has_answered: bool = False


def readable(method: str, read: t.Callable[[], _Value]) -> _Value:
    """Run a function that reads a response of the manager.

    :arg method: the method of the request.
    :raises RequestError: for every exception of the function, because callers rely on it to find out what a write did.
    """
    try:
        return read()
    except ApinizerError:
        raise
    except ShapeError as exc:
        error = RequestError(f"The manager's response has an unknown format: {exc}", maybe_applied=method != "GET")
        raise error from exc
    except Exception as exc:
        raise _unreadable(method, _reason(exc)) from exc


def explain(exc: Exception, method: str, connection: Connection, exchange: Exchange, route: Route) -> ApinizerError:
    """Return the error for the user after an exchange has failed."""
    if isinstance(exc, ApinizerError):
        return exc
    if exchange.is_too_large:
        return _unreadable(method, TOO_LARGE)
    errors = _chain(exc)
    if any(isinstance(error, UnreadableError) for error in errors):
        return _unreadable(method, _reason(exc))
    if exchange.sent:
        return _after_sending(exc, errors, method, connection, exchange, route)
    error = _before_sending(exc, errors, method, connection, exchange, route)
    # An option that was usable before was changed meanwhile. Callers only expect an InputError before the first write.
    return RequestError(str(error)) if isinstance(error, InputError) and route.has_answered else error


def _before_sending(
    exc: Exception, errors: list[BaseException], method: str, connection: Connection, exchange: Exchange, route: Route
) -> ApinizerError:
    problem = _invalid_input(connection, route)
    if problem is not None:
        return problem
    kinds = {type(error).__name__ for error in errors}
    system = _system_error(errors)
    hint = [_HANDSHAKE] if exchange.connected and not route.proxy else []
    if exchange.expired:
        what = "no TLS connection" if exchange.connected else "no connection"
        reason = f"{what} within {connection.timeout:g} seconds (option timeout, APINIZER_TIMEOUT)"
        return _unreachable(connection, route, join_sentences(reason, *hint))
    if _is_tls(errors):
        return _tls(errors, connection)
    if system is None and (kinds & _INVALID_ADDRESS or _is_about_host_name(errors)):
        return _invalid_proxy(connection, route.proxy) if route.proxy else _invalid_url(connection)
    if system is None and not kinds & set(_LOST):
        return RequestError(f"{method} could not be sent: {_reason(exc)}")
    return _unreachable(connection, route, join_sentences(_reason(exc), *hint))


def _after_sending(
    exc: Exception, errors: list[BaseException], method: str, connection: Connection, exchange: Exchange, route: Route
) -> ApinizerError:
    kinds = {type(error).__name__ for error in errors}
    maybe_applied = method != "GET"
    if exchange.expired:
        return RequestError(
            f"The manager did not answer {method} within {connection.timeout:g} seconds (option timeout, APINIZER_TIMEOUT)",
            maybe_applied=maybe_applied,
            retryable=True,
        )
    line = next((str(error) for error in errors if type(error).__name__ == "BadStatusLine"), "")
    if _TLS_RECORD.match(line):
        return RequestError(
            f"The server at {connection.url} expects TLS. Use https in url (APINIZER_URL), or check its port",
            maybe_applied=False,
        )
    if _is_tls(errors) and not route.has_answered:
        # From TLS 1.3 on, a server refuses a client certificate, or its absence, after the request was sent.
        return _tls(errors, connection, maybe_applied=maybe_applied)
    if not (kinds & set(_LOST) or _system_error(errors) is not None):
        return _unreadable(method, _reason(exc))
    message = f"The connection to the manager was interrupted during {method}: {_reason(exc)}"
    if not route.has_answered and connection.base.startswith("http:"):
        message = join_sentences(message, "If the manager expects TLS, use https in url (APINIZER_URL)")
    elif not route.has_answered and not connection.client_cert:
        message = join_sentences(
            message, "If the manager requires a client certificate, set client_cert and client_key"
        )
    return RequestError(message, maybe_applied=maybe_applied, retryable=True)


def _invalid_input(connection: Connection, route: Route) -> InputError | None:
    """Return the error about a proxy or a TLS file that cannot be used, or None if it is not one of them."""
    if route.proxy and not _is_address(route.proxy):
        return _invalid_proxy(connection, route.proxy)
    if connection.base.startswith("https:"):
        try:
            connection.check_tls_files()
            if isinstance(route.verify, str) and route.verify != connection.ca_path:
                # requests takes these before the authorities of the system.
                variable = "REQUESTS_CA_BUNDLE" if os.environ.get("REQUESTS_CA_BUNDLE") else "CURL_CA_BUNDLE"
                check_authorities(variable, route.verify)
        except InputError as problem:
            return problem
    return None


def _invalid_url(connection: Connection) -> InputError:
    return InputError("url", f"{connection.url} is not a valid address. Check its host name and its port")


def _invalid_proxy(connection: Connection, proxy: str) -> InputError:
    """The message does not repeat the address: where it has a password is unknown."""
    return InputError(
        _proxy_variable(connection, proxy),
        "is not a valid proxy address. Use one such as http://proxy.example.com:3128, and encode special characters in a "
        "username or a password as in a URL",
    )


def _unreachable(connection: Connection, route: Route, reason: str) -> RequestError:
    if route.proxy:
        variable = _proxy_variable(connection, route.proxy)
        message = (
            f"The manager cannot be reached at {connection.url} through the proxy {_shown(route.proxy)} "
            f"(environment variable {variable}): {reason}"
        )
    else:
        message = f"The manager cannot be reached at {connection.url} (option url, APINIZER_URL): {reason}"
    return RequestError(message, retryable=True)


def _tls(errors: list[BaseException], connection: Connection, *, maybe_applied: bool = False) -> RequestError:
    if _NOT_TLS & {str(getattr(error, "reason", None)) for error in errors}:
        return RequestError(
            f"The server at {connection.url} does not use TLS. Check the scheme and the port in url (APINIZER_URL)"
        )
    return RequestError(
        f"No trusted TLS connection to {connection.url}: {_reason(errors[0])}. Set ca_path (APINIZER_CA_PATH) to the "
        "certificate authority of the manager. If the manager requires a client certificate, set client_cert and client_key",
        maybe_applied=maybe_applied,
    )


def _unreadable(method: str, reason: str) -> RequestError:
    return RequestError(
        f"The manager's response to {method} could not be read: {reason}", maybe_applied=method != "GET"
    )


def _proxy_variable(connection: Connection, proxy: str) -> str:
    """Return the environment variable that a proxy comes from."""
    scheme = urlsplit(connection.base).scheme
    names = [variant for name in (f"{scheme}_proxy", "all_proxy") for variant in (name, name.upper())]
    return next((name for name in names if (os.environ.get(name) or "").strip() == proxy.strip()), names[0])


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _shown(proxy: str) -> str:
    return redact_userinfo(_with_scheme(proxy))


def _is_address(proxy: str) -> bool:
    try:
        parts = urlsplit(_with_scheme(proxy))
        return bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", proxy)
    except ValueError:
        return False


def _chain(exc: BaseException) -> list[BaseException]:
    """Return the error and its causes, outermost first. urllib3 keeps them in C(reason) and C(args)."""
    found: list[BaseException] = []
    pending: list[t.Any] = [exc]
    while pending:
        error = pending.pop(0)
        if isinstance(error, BaseException) and not any(error is other for other in found):
            found.append(error)
            pending += [getattr(error, "reason", None), *error.args, error.__cause__]
    return found


def _system_error(errors: list[BaseException]) -> OSError | None:
    """Return the innermost error of the system. The errors of requests only look like one."""
    system = [
        error for error in errors if isinstance(error, OSError) and not type(error).__module__.startswith("requests")
    ]
    return system[-1] if system else None


def _is_tls(errors: list[BaseException]) -> bool:
    names = {type(error).__name__ for error in errors}
    return bool(names & {"SSLError", "SSLCertVerificationError", "CertificateError"}) and not names & set(_LOST)


def _is_about_host_name(errors: list[BaseException]) -> bool:
    """Whether a name cannot be encoded for DNS. The class of the error depends on the version of Python."""
    return any(
        (isinstance(error, UnicodeError) and not isinstance(error, (UnicodeEncodeError, UnicodeDecodeError)))
        or getattr(error, "encoding", None) == "idna"
        for error in errors
    )


def _reason(exc: BaseException) -> str:
    """Return why an exchange failed, as the end of a sentence: in our words, the system's or OpenSSL's."""
    errors = _chain(exc)
    unreadable = next((error for error in errors if isinstance(error, UnreadableError)), None)
    if unreadable is not None:
        return str(unreadable)
    for error in reversed(errors):
        known = {**_LOST, **_UNREADABLE}.get(type(error).__name__)
        if known:
            return known
    system = _system_error(errors)
    if system is not None:
        text = str(system.strerror or system)
        text = re.sub(r"\s*\(_ssl\.c:\d+\)|^\[SSL[^\]]*\]\s*|^\[X509[^\]]*\]\s*", "", text)
        return redact_userinfo(" ".join(text.split())[:300])
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(errors[-1]).__name__).lower()
