# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managers to which this process keeps its connections, from one item of a loop to the next.

Ansible runs the items of a loop in one worker process, and every task in a new one, so nothing is kept for longer. Each
thread has a connection of its own; all of them share the login.
"""

from __future__ import annotations

import threading
import typing as t
from contextlib import contextmanager

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._auth import Auth
from ansible_collections.apinizer.apiops.plugins.module_utils._client import Client
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection


class _Kept(threading.local):
    def __init__(self) -> None:
        self.managers: dict[Connection, CertificateApi] = {}


_kept = _Kept()
_authorizations: dict[Connection, Auth] = {}


@contextmanager
def shared_manager(connection: Connection, hide: t.Callable[[str], object]) -> t.Iterator[CertificateApi]:
    """The manager at the other end of a connection; in the same thread, the same options get the same one again.

    :arg hide: takes the token that a login brings or has brought.
    :raises InputError: where the connection's values cannot work.
    """
    api = _kept.managers.get(connection)
    if api is None:
        authorization = _authorizations.setdefault(connection, Auth(connection.token))
        client = Client(connection, hide=hide, authorization=authorization)
        api = _kept.managers[connection] = CertificateApi(client)
    else:
        # Files may have changed since then, and are read again for a new connection at any time.
        connection.check()
        api.client.hide_with(hide)
    yield api
