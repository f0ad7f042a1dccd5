# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source for ansible-rulebook. What it does is in C(plugins/plugin_utils/_watch/watcher.py) of the collection."""

from __future__ import annotations

import importlib
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

DOCUMENTATION = r"""
---
short_description: Tell when certificates of an Apinizer manager expire, change, or differ between environments
description:
  - Reads the certificates of an Apinizer manager again and again, and sends an event for each thing that happens, once.
  - A certificate that is below several thresholds when it is first seen gives one event, that of the smallest threshold.
    The same holds if several are crossed between two readings.
  - A manager that cannot be read, in any project to watch, never ends the source. It tells so once, asks less and less
    often (at least every 15 minutes, or every O(interval) if that is longer), and tells when the manager is back.
  - An argument that cannot be used ends it at the start, with one line that names the argument.
  - Only reads. One request for each project, and one for the list of projects unless O(project) is given.
author: apinizer.apiops contributors (@apinizer-apiops)
options:
  project:
    description: Watch only this project. If not set, all projects that the token may see.
    type: str
  name:
    description: Watch only the certificate of this name. Needs O(project).
    type: str
  environments:
    description: Watch only these environments.
    type: list
    elements: str
  thresholds:
    description:
      - Numbers of days. Each tells when a certificate has less than so many days left.
      - That a certificate has expired is told in any case.
    type: list
    elements: int
    default: [60, 30, 14, 7, 1]
  interval:
    description: Seconds from one reading to the next.
    type: float
    default: 300
  heartbeat:
    description:
      - Seconds from one sign of life to the next. The first comes with the first reading, whether that succeeds or not.
      - V(0) for none.
    type: float
    default: 3600
  state_file:
    description:
      - A file in which to keep what was told, so that a restart does not tell it again. One file for each source.
      - If not set, a restart tells again what is below a threshold, drifted or listed twice.
      - It is made with mode 0600 and always replaced as a whole. An empty file counts as none.
      - A file that holds anything else, also the state of another manager, ends the source at the start and is left as it
        is.
      - An event that was about to be handed over when the source ended may be told again.
    type: path
  url:
    description:
      - The address of the Apinizer manager, with its path prefix if it has one. It is part of every event.
      - Required; if not set, the value of the environment variable E(APINIZER_URL) is used.
    type: str
  token:
    description:
      - A personal API access token. It needs any permission in the projects to watch.
      - If neither this nor O(username) is set, the value of the environment variable E(APINIZER_TOKEN) is used.
    type: str
  username:
    description:
      - The user name to request a token with, instead of O(token).
      - If not set, the value of the environment variable E(APINIZER_USERNAME) is used.
    type: str
  password:
    description:
      - The password that belongs to O(username).
      - If not set, the value of the environment variable E(APINIZER_PASSWORD) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify the manager's TLS certificate. Turn it off only where you would also hand out the token.
      - If not set, the value of the environment variable E(APINIZER_VALIDATE_CERTS) is used, or V(true).
    type: bool
  ca_path:
    description:
      - A PEM file with the certificate authorities to trust, instead of those of the system.
      - If not set, the value of the environment variable E(APINIZER_CA_PATH) is used.
    type: path
  client_cert:
    description:
      - A PEM file with the certificate to present to the manager (mutual TLS). It may hold the private key as well.
      - If not set, the value of the environment variable E(APINIZER_CLIENT_CERT) is used.
    type: path
  client_key:
    description:
      - A PEM file with the private key of O(client_cert), without a passphrase.
      - If not set, the value of the environment variable E(APINIZER_CLIENT_KEY) is used.
    type: path
  timeout:
    description:
      - How many seconds to wait for a connection, and for each answer.
      - If not set, the value of the environment variable E(APINIZER_TIMEOUT) is used, or V(30).
    type: float
  retries:
    description:
      - How often a request may be sent again before the manager counts as unreachable.
      - If not set, the value of the environment variable E(APINIZER_RETRIES) is used, or V(3).
    type: int
notes:
  - Every argument may be given as a string. An empty string counts as not set.
  - Prefer the environment variables for the token and the password. Variables of a rulebook may be shown by what uses them.
"""

EXAMPLES = r"""
- name: Tell what happens to certificates
  hosts: localhost
  sources:
    - name: Certificates
      apinizer.apiops.certificate_expiry:
        url: https://apinizer.example.com
        thresholds: [30, 14, 7, 1]
        state_file: /var/lib/eda/certificates.json
  rules:
    - name: Print what is urgent
      condition: event.kind == "expired" or (event.kind == "threshold_crossed" and event.threshold <= 7)
      action:
        print_event:
          pretty: true
"""

_COLLECTION = "ansible_collections.apinizer.apiops"
# What the source imports, sooner or later, by the names of their packages.
_LIBRARIES = {"ansible": "ansible-core", "requests": "requests", "cryptography": "cryptography"}


class SetupError(Exception):
    """The Python that runs ansible-rulebook cannot run this source; the message says what it lacks."""


class Queue(t.Protocol):
    """What ansible-rulebook gives to a source."""

    async def put(self, event: dict[str, t.Any]) -> object:
        """Take an event."""


async def main(queue: Queue, args: dict[str, t.Any]) -> None:
    """Watch the manager that the arguments name, until ansible-rulebook ends.

    :raises InputError: where an argument has to be mended.
    :raises SetupError: where a library is missing.
    """
    for module, package in _LIBRARIES.items():
        try:
            importlib.import_module(module)
        except ImportError as exc:
            raise SetupError(f"the Python that runs ansible-rulebook, {sys.executable}, lacks {package}") from exc
    make_importable(Path(__file__))
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.watcher import watch

    await watch(queue.put, args)


def make_importable(file: Path) -> None:
    """Make Python find the collection that this file belongs to.

    ansible-rulebook runs the file by its path, and does not know where the collection's other files are.

    :raises SetupError: where the file is in no collection.
    """
    for root in _roots(file):
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        package = importlib.import_module("ansible_collections")
        place = str(root / "ansible_collections")
        # Where the package "ansible" is installed, ansible_collections is a package there and hides all other folders.
        if place not in package.__path__:
            package.__path__.insert(0, place)
        importlib.invalidate_caches()
        return
    try:
        importlib.import_module(f"{_COLLECTION}.plugins.plugin_utils._watch.watcher")
    except ImportError as exc:
        raise SetupError(
            f"{file} must lie in a folder {_COLLECTION.replace('.', '/')}, as Ansible installs it"
        ) from exc


def _roots(file: Path) -> Iterator[Path]:
    """The folders that Ansible searches for collections and that have this one: as the file was named, then resolved."""
    for path in (file.absolute(), file.resolve()):
        for folder in path.parents:
            if folder.name == "ansible_collections" and (folder / "apinizer" / "apiops" / "plugins").is_dir():
                yield folder.parent
