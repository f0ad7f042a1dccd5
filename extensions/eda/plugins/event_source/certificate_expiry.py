# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source that ansible-rulebook loads.

It makes the collection importable and then runs C(plugins/plugin_utils/_watch/watcher.py), which has the logic.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.events import Event

DOCUMENTATION = r"""
---
short_description: Watch the certificates of an Apinizer API manager
description:
  - Reads the certificates in the record of an Apinizer manager at regular intervals. Emits an event when a certificate is
    about to expire, has expired, changes, or differs between environments, when the manager has duplicate entries, and when
    the manager becomes unreachable. If O(verify_gateways) is set, it also emits an event when the gateways do not hold the
    certificate of the record, and when they hold it again.
  - Emits each event once and keeps running while the manager is unreachable.
  - If a certificate is below several thresholds when it is first seen, the source emits one event, for the smallest threshold.
    The same applies if a certificate crosses several thresholds between two readings.
  - The manager counts as unreachable if any of the projects to watch cannot be read. The source then emits one event, and another
    one if the cause changes to another HTTP status or another kind of error. It reads less and less often, but at least every 15
    minutes (or every O(interval), if that is longer). It emits an event when all projects can be read again.
  - An argument with an invalid value ends the source at startup, with one line that names the argument.
  - The source only reads. It sends one request for each project, and one for the list of projects unless O(project) is set.
    O(verify_gateways) adds one request for each environment.
author: apinizer.apiops contributors (@apinizer-apiops)
options:
  project:
    description:
      - Watch only this project. Case-sensitive.
      - If not set, the source watches all projects that the token can read.
    type: str
  name:
    description: Watch only the certificate with this name. Case-sensitive. Requires O(project).
    type: str
  environments:
    description:
      - Watch only these environments.
      - If not set, the source watches all environments that hold a certificate.
    type: list
    elements: str
  expiring_within:
    description:
      - Thresholds. The source emits an event when a certificate has less left than one of them.
      - Each threshold is a number of days, such as V(30), or a share of the lifetime of each certificate from V(1%) to V(99%),
        such as V(33%). The lifetime is the validity period of the certificate.
      - It always emits an event when a certificate has expired.
    type: list
    elements: raw
    default: [60, 30, 14, 7, 1]
    aliases: [thresholds]
  interval:
    description: The number of seconds between two readings, at least V(1).
    type: float
    default: 300
  heartbeat:
    description:
      - The number of seconds between two heartbeat events. The first one follows the first reading, even if that reading fails.
      - Set it to V(0) for no heartbeats.
    type: float
    default: 3600
  state_file:
    description:
      - A file that stores which events were emitted, so that they are not repeated after a restart. Each source needs its own
        file.
      - If not set, events for certificates that are below a threshold, have expired, have drifted or have duplicate entries are
        emitted again after a restart.
      - The file is created with mode 0600 and always replaced atomically. An empty file counts as missing.
      - If the file contains anything else, for example the state for another manager, the source ends at startup and leaves the
        file unchanged.
      - If the source ends while it is emitting an event, this event may be emitted again after a restart.
    type: path
  verify_gateways:
    description:
      - Whether each reading also asks the gateways of each environment what they hold. The source then emits C(gateway_stale)
        when the gateways of an environment do not hold the certificate of the manager's record, and C(gateway_confirmed) when
        they hold it again.
      - The token needs the permission C(SECRETS) with C(EXPORT_IMPORT) on a manager from release 2026.09 on, or access to the
        project V(admin) on a manager from release 2025 on.
      - If the gateways of an environment cannot be asked, their state is unknown. The source logs this, emits no event, and
        does not forget what it has reported. The environment V(apimanager) is always unknown.
    type: bool
    default: false
  url:
    description:
      - The address of the Apinizer manager, including a path prefix if there is one. Every event contains it.
      - Required. If not set, the value of the environment variable E(APINIZER_URL) is used.
    type: str
  token:
    description:
      - A personal API access token. It needs at least one permission, of any kind, in each project to watch.
      - If neither O(token) nor O(username) is set, the value of the environment variable E(APINIZER_TOKEN) is used.
    type: str
  username:
    description:
      - The user name to request a token with, as an alternative to O(token). Requires O(password).
      - If not set, the value of the environment variable E(APINIZER_USERNAME) is used.
    type: str
  password:
    description:
      - The password of O(username).
      - If not set, the value of the environment variable E(APINIZER_PASSWORD) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify the TLS certificate of the manager. If you disable this, anyone who can intercept the connection can
        obtain the token.
      - If not set, the value of the environment variable E(APINIZER_VALIDATE_CERTS) is used. The default is V(true).
    type: bool
  ca_path:
    description:
      - A PEM file with the certificate authorities to trust instead of those of the system. An empty file counts as not set.
      - If not set, the value of the environment variable E(APINIZER_CA_PATH) is used.
    type: path
  client_cert:
    description:
      - A PEM file with the client certificate for mutual TLS. The file can also contain the private key.
      - If not set, the value of the environment variable E(APINIZER_CLIENT_CERT) is used.
    type: path
  client_key:
    description:
      - A PEM file with the private key of O(client_cert), without a passphrase. Requires O(client_cert).
      - If not set, the value of the environment variable E(APINIZER_CLIENT_KEY) is used.
    type: path
  timeout:
    description:
      - The number of seconds to wait for a connection and for each response.
      - If not set, the value of the environment variable E(APINIZER_TIMEOUT) is used. The default is V(30).
    type: float
  retries:
    description:
      - How many times to retry a failed request before the manager counts as unreachable.
      - If not set, the value of the environment variable E(APINIZER_RETRIES) is used. The default is V(3).
    type: int
notes:
  - Every argument can be a string. An empty string counts as not set.
  - Use the environment variables for the token and the password. C(ansible-rulebook -vv) prints the arguments in a rulebook.
  - To try the source without ansible-rulebook, run its file with Python. It then prints each event as a line of JSON. The
    arguments come from the environment, and from a YAML or JSON file if you pass one.
"""

EXAMPLES = r"""
- name: Print urgent events
  hosts: localhost
  sources:
    - name: Certificates
      apinizer.apiops.certificate_expiry:
        url: https://apinizer.example.com
        expiring_within: ["33%", 14, 7, 1]
        state_file: /var/lib/eda/certificates.json
  rules:
    - name: Print events about certificates that expire within 7 days
      condition: event.kind == "expired" or (event.kind == "threshold_crossed" and event.threshold <= 7)
      action:
        print_event:
          pretty: true
"""

_COLLECTION = "ansible_collections.apinizer.apiops"
# The libraries that the source needs, with the names of their packages.
_LIBRARIES = {"ansible": "ansible-core", "requests": "requests", "cryptography": "cryptography"}


class SetupError(Exception):
    """The source cannot run in this installation. The message is one line that says what to change."""


class Queue(t.Protocol):
    """The queue that ansible-rulebook passes to a source."""

    async def put(self, event: Event) -> object:
        """Add an event."""


async def main(queue: Queue, args: dict[str, t.Any]) -> None:
    """Watch a manager until ansible-rulebook cancels this. Called by ansible-rulebook.

    :arg queue: receives the events.
    :arg args: the arguments of the source in the rulebook.
    :raises InputError: if an argument has to be corrected.
    :raises SetupError: if a library is missing, or the collection cannot be imported.
    """
    _prepare()
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.watcher import watch

    await watch(queue.put, args)


def _prepare() -> None:
    """Check that the libraries are installed, and make the collection importable."""
    for module, package in _LIBRARIES.items():
        try:
            importlib.import_module(module)
        except ImportError as exc:
            raise SetupError(
                f"The Python package {package} is missing. Install it for {sys.executable}, which runs ansible-rulebook"
            ) from exc
    make_importable(Path(__file__))


def make_importable(file: Path) -> None:
    """Make the collection that this file belongs to importable.

    ansible-rulebook runs the file by its path and does not add the collection to the search path of Python.

    :arg file: this file.
    :raises SetupError: if the file is not in the directory of the collection, and the collection is not installed elsewhere.
    """
    for root in _find_roots(file):
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        package = importlib.import_module("ansible_collections")
        directory = str(root / "ansible_collections")
        # The PyPI package "ansible" installs ansible_collections as a regular package, which hides all other directories.
        if directory not in package.__path__:
            package.__path__.insert(0, directory)
        importlib.invalidate_caches()
        return
    try:
        importlib.import_module(f"{_COLLECTION}.plugins.plugin_utils._watch.watcher")
    except ImportError as exc:
        raise SetupError(
            f"{file} is not in a directory {_COLLECTION.replace('.', '/')}. Install the collection with ansible-galaxy"
        ) from exc


def _find_roots(file: Path) -> Iterator[Path]:
    """Yield the directories in the path of the file that contain the collection, first as given, then with links resolved."""
    for path in (file.absolute(), file.resolve()):
        for folder in path.parents:
            if folder.name == "ansible_collections" and (folder / "apinizer" / "apiops" / "plugins").is_dir():
                yield folder.parent


class _Printer:
    """Prints each event as a line of JSON."""

    async def put(self, event: Event) -> object:
        """Print an event at once, also if the output is a file or a pipe."""
        print(json.dumps(event), flush=True)
        return None


def _run_alone(command_line: list[str]) -> None:
    """Watch a manager without ansible-rulebook, until interrupted.

    :arg command_line: the path of a YAML or JSON file with the arguments of the source, or nothing.
    """
    parser = argparse.ArgumentParser(description="Watch a manager, and print each event as a line of JSON.")
    parser.add_argument(
        "file",
        nargs="?",
        help="a YAML or JSON file with the arguments of the source, such as expiring_within. The connection can also come from "
        "the environment (APINIZER_URL, APINIZER_TOKEN, ...)",
    )
    file = parser.parse_args(command_line).file
    try:
        _prepare()
        from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError

        try:
            asyncio.run(main(_Printer(), _read_file(Path(file)) if file else {}))
        except InputError as exc:
            sys.exit(f"error: {exc}")
    except SetupError as exc:
        sys.exit(f"error: {exc}")
    except KeyboardInterrupt:
        pass


def _read_file(file: Path) -> dict[str, t.Any]:
    """Read the arguments of the source from a YAML or JSON file.

    :raises SetupError: if that is not possible. The message does not quote the file, which may contain a token.
    """
    import yaml

    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SetupError(f"{file} cannot be read: {exc.strerror}") from exc
    except (ValueError, yaml.YAMLError):
        raise SetupError(f"{file} is not valid YAML") from None
    if not isinstance(values, dict):
        raise SetupError(f"{file} must contain a dictionary with the arguments of the source")
    return values


if __name__ == "__main__":
    _run_alone(sys.argv[1:])
