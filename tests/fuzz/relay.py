# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server between the client and the fake manager, which mutates some of the responses."""

from __future__ import annotations

import http.client
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from manager import Manager
from raw_server import Part, RawServer

from .mutations import NOT_JSON, Answer, Mutation, mutate

MOST_REQUESTS = 400
"""A case that sends more requests is endless."""
_LONGEST_LOGIN = 4000
"""Bytes. The fake manager does not read a longer header, and answers with the words of its library."""


@dataclass
class Relay:
    """What passed through the server.

    `misleading`: whether a read got a response that is well-formed and untrue, so that no client could know better.
    `refused`: whether a write got a response that says that it was refused.
    """

    url: str = ""
    lines: list[str] = field(default_factory=list)
    misleading: bool = False
    refused: bool = False

    @property
    def mutated(self) -> int:
        """How many responses were mutated."""
        return sum("mutated" in line for line in self.lines)


@contextmanager
def relay(
    manager: Manager,
    seed: object,
    chosen: Callable[[int, str], bool],
    *,
    mutation: Mutation = mutate,
    keep_alive: bool = False,
) -> Iterator[Relay]:
    """Run the server. `chosen` tells from the number of a request and its method whether its response is mutated."""
    made, lock = Relay(), threading.Lock()
    host, port = manager.url.removeprefix("http://").split(":")

    def answer(request: bytes) -> Iterator[Part]:
        head, _blank, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _version = first.split(" ", 2)
        headers = dict(line.split(": ", 1) for line in lines)
        with lock:
            number = len(made.lines)
            made.lines.append(f"{method} {path}")
        if number >= MOST_REQUESTS:
            return
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        try:
            connection.request(method, path, body or None, {**headers, "Connection": "close"})
            received = connection.getresponse()
            original = Answer(
                f"{received.status} {received.reason}",
                received.read(),
                () if keep_alive else ("Connection: close",),
                content_type=received.headers.get("Content-Type", ""),
            )
        finally:
            connection.close()
        sent = original
        if chosen(number, method):
            sent = mutation(random.Random(f"{seed}/{number}"), original)
            if "auth/token" in path and len(sent.body) > _LONGEST_LOGIN:
                sent = original
            with lock:
                made.lines[number] += f" mutated: {'; '.join(sent.notes)}"
                made.misleading |= method == "GET" and _is_misleading(sent, original)
                made.refused |= method != "GET" and _is_refusal(sent)
        yield sent.to_bytes()

    with RawServer(answer, keep_alive=keep_alive) as server:
        made.url = server.url
        yield made


def _is_misleading(sent: Answer, original: Answer) -> bool:
    """Whether a response can be read, although it is not the manager's. An archive is always taken for one that can."""
    body: Any = sent.json
    if sent.body[:2] == b"PK" or any("charset" in note or "Content-Encoding" in note for note in sent.notes):
        return True
    return body is not NOT_JSON and body != original.json and isinstance(body, dict) and "resultList" in body


def _is_refusal(sent: Answer) -> bool:
    body = sent.json
    says = isinstance(body, dict) and (body.get("success") is False or body.get("status") not in (None, "SUCCESS"))
    return sent.status[:1] in ("3", "4") or says
