# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the connections to managers open from one item of a loop to the next.

Ansible runs all items of a loop in one worker process, and each task in a new one, so a connection lives as long as its
task. Each thread has its own connections; all threads share the login.
"""

from __future__ import annotations

import threading
import typing as t
from contextlib import contextmanager

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._auth import Auth
from ansible_collections.apinizer.apiops.plugins.module_utils._client import Client
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.managers: dict[Connection, CertificateApi] = {}


_of_thread = _OfThread()
_auths: dict[Connection, Auth] = {}


@contextmanager
def shared_manager(connection: Connection, add_secret: t.Callable[[str], object]) -> t.Iterator[CertificateApi]:
    """Return the manager of a connection. In one thread, equal connections share the same manager.

    :arg add_secret: receives the token if it was requested, now or earlier.
    :raises InputError: if a value of the connection is not valid.
    """
    api = _of_thread.managers.get(connection)
    if api is None:
        auth = _auths.setdefault(connection, Auth(connection.token))
        client = Client(connection, add_secret=add_secret, auth=auth)
        api = _of_thread.managers[connection] = CertificateApi(client)
    else:
        api.client.reuse(add_secret)
    yield api
