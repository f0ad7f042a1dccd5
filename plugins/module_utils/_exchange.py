# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of one exchange, a request with its response: its seconds as a whole, and the bytes of its response.

The timeouts of urllib3 bound each wait for the next bytes, so a response of one byte a second could take forever. Here,
each operation on the socket gets the time that is left. This needs no other thread, and works with TLS and proxies, because
all that http.client reads and sends passes through the file and the method that are replaced here.

Only the name resolution is not bounded: it is one call to the system, which has limits of its own (resolv.conf(5)).
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import UnreadableError

LARGEST_RESPONSE = 32 * 1024 * 1024
"""Bytes, before and after decompression. A list of 1,000 certificates has about 5 MiB."""
TOO_LARGE = "it is larger than 32 MiB"

_SENT_IN_ONE_CALL = 64 * 1024


class Exchange(threading.local):
    """The current exchange of each thread: what remains of its limits, and how far it has got."""

    def __init__(self) -> None:
        self.start(0.0)

    def start(self, seconds: float) -> None:
        """Start the next exchange.

        :arg seconds: the time it may take, from connecting to the last byte of the response.
        """
        self._deadline = time.monotonic() + seconds
        self._received = 0
        self.connected = False
        """Whether it opened a connection. It is False if it uses the connection of an earlier one."""
        self.sent = False
        """Whether the manager may have received a part of the request."""

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self._deadline

    @property
    def is_too_large(self) -> bool:
        """Whether the response is larger than it may be. In a chunk header, http.client replaces the error of C(count)."""
        return self._received > LARGEST_RESPONSE

    def remaining(self) -> float:
        """Return the seconds that are left.

        :raises socket.timeout: if there are none.
        """
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise socket.timeout("timed out")
        return seconds

    def count(self, received: int) -> None:
        """Count bytes of the response.

        :raises UnreadableError: if there are too many, in the headers or anywhere else.
        """
        self._received += received
        if self.is_too_large:
            raise UnreadableError(TOO_LARGE)


def bounded_pools(pools: t.Mapping[str, t.Any], exchange: Exchange, *, connects: bool = True) -> dict[str, t.Any]:
    """Return the classes of connection pools of urllib3, by scheme, with connections that keep to the limits.

    :arg pools: C(pool_classes_by_scheme) of a pool manager.
    :arg connects: whether to open the connections here. Those of a SOCKS proxy are opened by its library.
    """
    mixins = (_Connecting, _Bounded) if connects else (_Bounded,)
    return {scheme: _bounded_pool(pool, mixins, exchange) for scheme, pool in pools.items()}


def _bounded_pool(pool: t.Any, mixins: tuple[type, ...], exchange: Exchange) -> t.Any:
    def response_class(sock: t.Any, *arguments: t.Any, **named: t.Any) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(_Readable(sock, exchange), *arguments, **named)  # type: ignore[arg-type]

    own = {"exchange": exchange, "response_class": staticmethod(response_class)}
    connection = type(f"Bounded{pool.ConnectionCls.__name__}", (*mixins, pool.ConnectionCls), own)
    return type(f"Bounded{pool.__name__}", (pool,), {"ConnectionCls": connection})


class _Bounded:
    """Mixed into a connection of http.client: sends within the limits."""

    exchange: Exchange
    sock: t.Any

    def send(self, data: t.Any) -> None:
        parent: t.Any = super()
        if self.sock is None:
            t.cast(t.Any, self).connect()
        # A TLS socket grants each 16 KiB the whole timeout.
        for start in range(0, len(data), _SENT_IN_ONE_CALL):
            self.sock.settimeout(self.exchange.remaining())
            self.exchange.sent = True
            parent.send(data[start : start + _SENT_IN_ONE_CALL])

    def _tunnel(self) -> None:
        parent: t.Any = super()
        try:
            parent._tunnel()
        finally:
            # Only the proxy has received something.
            self.exchange.sent = False
        self.sock.settimeout(self.exchange.remaining())


class _Connecting:
    """Mixed into a connection of urllib3, which would grant each address of a host the whole timeout."""

    exchange: Exchange
    socket_options: t.Iterable[tuple[t.Any, ...]] | None
    port: int
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        error: OSError = OSError("no address")
        for family, kind, protocol, _name, address in socket.getaddrinfo(
            self._dns_host.strip("[]"), self.port, type=socket.SOCK_STREAM
        ):
            sock = None
            try:
                sock = socket.socket(family, kind, protocol)
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(self.exchange.remaining())
                sock.connect(address)
                sock.settimeout(self.exchange.remaining())
            except OSError as exc:
                error = exc
                if sock is not None:
                    sock.close()
            else:
                self.exchange.connected = True
                return sock
        raise error


class _Readable:
    """Stands for the socket from which http.client reads a response."""

    def __init__(self, sock: t.Any, exchange: Exchange) -> None:
        self._sock = sock
        self._exchange = exchange

    def makefile(self, *_mode: t.Any) -> io.BufferedReader:
        return io.BufferedReader(_BoundedFile(self._sock, self._exchange))


class _BoundedFile(io.RawIOBase):
    """The bytes of a socket, within the limits. Like the file of the socket, it keeps the socket open until it is closed."""

    def __init__(self, sock: t.Any, exchange: Exchange) -> None:
        super().__init__()
        self._sock = sock
        self._exchange = exchange
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._file.fileno())

    def readinto(self, buffer: t.Any) -> int:
        self._sock.settimeout(self._exchange.remaining())
        received = int(self._file.readinto(buffer))
        self._exchange.count(received)
        return received

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
