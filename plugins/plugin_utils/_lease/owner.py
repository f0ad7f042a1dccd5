# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds a lease, and whether that process has ended."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

_JOB_VARIABLES = ("awx_job_id", "tower_job_id")
"""The variables in which AWX passes the number of a job to its playbook."""


@dataclass(frozen=True)
class Owner:
    """The run that holds a lease.

    :arg pid: the process of C(ansible-playbook).
    :arg processes: what tells apart the hosts, their boots and their containers, since each of them numbers its own processes.
    :arg job: the number of the AWX job; empty without one.
    :arg run: the run file.
    :arg inventory_host: the host of the inventory that the run is for.
    """

    host: str = ""
    user: str = ""
    pid: int = 0
    processes: str = ""
    job: str = ""
    run: str = ""
    inventory_host: str = ""

    def __str__(self) -> str:
        if not self.host:
            return "a run that cannot be named"
        where = [f"process {self.pid}", *([f"AWX job {self.job}"] if self.job else []), f"run {self.run}"]
        if self.inventory_host:
            where.insert(0, f"inventory host {self.inventory_host}")
        return f"{self.user} on {self.host} ({', '.join(where)})"

    def is_beside(self, other: Owner) -> bool:
        """Whether both are runs of the same C(ansible-playbook), for different hosts of its inventory."""
        same = (self.pid, self.processes) == (other.pid, other.processes)
        return same and self.inventory_host != other.inventory_host

    def has_ended(self) -> bool:
        """Whether the process is known to have ended. That of another host or container is not known."""
        if not self.pid or self.processes != _processes():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):  # it belongs to someone else, or there is no such number
            return False
        return False


def this_owner(pid: int, variables: Mapping[str, object], run: str) -> Owner:
    """The owner of the leases of this run.

    :arg variables: those of the host.
    """
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # containers often run as a user without a name
        user = f"user {os.getuid()}"
    job = next((str(variables[name]) for name in _JOB_VARIABLES if variables.get(name)), os.environ.get("JOB_ID", ""))
    return Owner(socket.gethostname(), user, pid, _processes(), job, run, str(variables.get("inventory_hostname", "")))


def _processes() -> str:
    """The host name alone does not do: containers may share it and number their processes separately (pid_namespaces(7))."""
    found = [socket.gethostname()]
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            found.append(file.read().strip())
        found.append(os.readlink("/proc/self/ns/pid"))
    except OSError:  # macOS
        pass
    return " ".join(found)
