# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a fleet's jobs: the project, the folder that all jobs share, and a private data folder for each job."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cases import PROJECT, certificate_name
from bench.certificates import load_pairs
from bench.workspace import COLLECTIONS, PROGRAMS

IDENT = "1"
"""The identifier of the only run in a private data folder, as in AWX, where it is the number of the job."""

_PROJECT = Path(__file__).parent / "project"
_MAX_EVENT_BYTES = 700_000
"""AWX's setting MAX_EVENT_RES_DATA: the result of a task in an event is left out if it is larger."""


@dataclass(frozen=True)
class JobFolder:
    """The folders of one job: `control` is written by the controller, and `node` is where the execution node unpacks it."""

    control: Path
    node: Path

    @property
    def artifacts(self) -> Path:
        """Where the controller stores the events and the output of the job."""
        return self.control / "artifacts" / IDENT


class Workspace:
    """A folder for the jobs of a fleet. `shared` is the folder that all execution nodes mount."""

    def __init__(self, folder: Path, certificates: int, cache: Path, variables: Mapping[str, Any]) -> None:
        """Write the project. `variables` are those of the job template; `cache` is the folder of `load_pairs`."""
        self.folder = folder
        self.shared = folder / "shared"
        self._project = folder / "project"
        shutil.copytree(_PROJECT, self._project)
        for new_folder in (self.shared / "backups", self._project / "new", folder / "home"):
            new_folder.mkdir(parents=True)
        names = [certificate_name(index) for index in range(certificates)]
        for name, pem in zip(names, load_pairs(certificates, cache).new):
            (self._project / "new" / f"{name}.pem").write_text(pem, encoding="ascii")
        self._inventory_variables = {
            "certificate_rotation_certificates": [
                {"project": PROJECT, "name": name, "path": f"new/{name}.pem"} for name in names
            ],
            "certificate_rotation_backup_dir": str(self.shared / "backups"),
            "certificate_rotation_report_dir": str(self.shared / "reports" / "{{ inventory_hostname }}"),
        }
        self._template_variables = {"certificate_rotation_hosts": "all", **variables}

    def prepare(
        self, job: str, urls: Mapping[str, str], token: str, *, forks: int, variables: Mapping[str, Any]
    ) -> JobFolder:
        """Write the private data folder of a job as AWX does: project, inventory, extra variables, and environment.

        :arg urls: the URLs of the managers in the slice of the job.
        :arg variables: extra variables of this job.
        """
        folder = JobFolder(self.folder / job / "control", self.folder / job / "node")
        shutil.copytree(self._project, folder.control / "project")
        for name in ("inventory", "env"):
            (folder.control / name).mkdir()
        folder.node.mkdir()
        inventory = {
            "all": {"hosts": list(urls), "vars": self._inventory_variables},
            "_meta": {"hostvars": {name: {"certificate_rotation_url": url} for name, url in urls.items()}},
        }
        script = folder.control / "inventory" / "hosts"
        script.write_text(f"#! {sys.executable}\nprint({json.dumps(inventory)!r})\n", encoding="utf-8")
        script.chmod(0o700)
        environment = {
            "APINIZER_TOKEN": token,
            "AWX_PRIVATE_DATA_DIR": str(folder.node),
            "MAX_EVENT_RES": str(_MAX_EVENT_BYTES),
        }
        for name, text in {
            "extravars": json.dumps({**self._template_variables, **variables, "awx_job_id": job}),
            "envvars": json.dumps(environment),
            "cmdline": f"-u root --forks={forks}",
            "settings": json.dumps({"suppress_ansible_output": True}),
        }.items():
            (folder.control / "env" / name).write_text(text, encoding="utf-8")
        return folder

    def environment(self) -> dict[str, str]:
        """Return the environment of the commands. It inherits nothing, so that the user's settings change no result."""
        home = self.folder / "home"
        return {
            "PATH": os.pathsep.join([str(PROGRAMS), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(home / ".ansible"),
            "ANSIBLE_NOCOLOR": "true",
        }

    def clear(self) -> None:
        """Delete the files that jobs have written to the shared folder."""
        shutil.rmtree(self.shared)
        (self.shared / "backups").mkdir(parents=True)

    def file_sizes(self) -> tuple[int, int]:
        """Return the size in bytes of all reports, and that of all backups."""
        reports, backups = (
            sum(file.stat().st_size for file in (self.shared / name).rglob("*") if file.is_file())
            for name in ("reports", "backups")
        )
        return reports, backups

    def merge_reports(self, hosts: Sequence[str]) -> dict[str, Any]:
        """Merge the reports of all jobs with the playbook of the collection.

        :returns: the merged report; one without managers if the playbook has written none.
        """
        merged = self.shared / "merged"
        variables = {
            "merge_reports_dir": str(self.shared / "reports"),
            "merge_reports_expected": list(hosts),
            "merge_reports_output_dir": str(merged),
            "merge_reports_fail": False,
        }
        program = str(PROGRAMS / "ansible-playbook")
        subprocess.run(
            [program, "apinizer.apiops.merge_reports", "--extra-vars", json.dumps(variables)],
            env=self.environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        report = merged / "rotations.json"
        return dict(json.loads(report.read_text(encoding="utf-8"))) if report.exists() else {"managers": []}
