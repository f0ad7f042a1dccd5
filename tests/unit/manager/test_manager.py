# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake manager as a Python object (setup, inspection, start, and stop) and as a program."""

from __future__ import annotations

import datetime
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from manager import Authority, Environment, Manager

TESTS = Path(__file__).parents[2]


def test_a_manager_that_has_stopped_keeps_its_state(start, old):
    api = start()
    api.get()
    manager = api.manager
    manager.__exit__(None, None, None)
    with pytest.raises(requests.ConnectionError):
        api.get()
    assert manager.served("staging", "MyProject", "web") == old.der
    assert manager.journal.methods() == ["GET"]


def test_a_port_in_use_is_an_error():
    with Manager() as first:
        port = int(first.url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="in use"), Manager(port=port):
            pass


def test_managers_share_nothing(start):
    first, second = start(), start()
    first.delete()
    assert first.manager.url != second.manager.url
    assert second.get()["name"] == "web"
    assert second("GET", "projects", headers={"Authorization": f"Bearer {first.token}"}).status_code == 401


def test_a_snapshot_shows_every_kind_of_change(api, old, new):
    manager = api.manager
    manager.add_jwk("MyProject", "key", "web")
    before = manager.snapshot()
    assert manager.snapshot() == before
    manager.set_entry("MyProject", "web", "staging", new, deploy=False)
    assert manager.snapshot()["gateways"] == before["gateways"]
    assert manager.snapshot()["certificates"] != before["certificates"]
    manager.set_entry("MyProject", "web", "staging", old, deploy=False)
    manager.set_entry("MyProject", "web", "production", old)
    assert manager.snapshot() == before
    manager.remove_certificate("MyProject", "web")
    assert manager.snapshot() == {"certificates": {}, "jwks": before["jwks"], "gateways": {}}


def test_environments_with_all_properties(api):
    odd = Environment("odd", "DOCKER", status="DRAFT", access_url="https://odd.example.com")
    api.manager.add_project("Odd", [odd])
    shown = api("GET", "projects", "Odd", "environments").json()["resultList"]
    assert (shown[0]["type"], shown[0]["status"], shown[0]["accessUrl"]) == ("DOCKER", "DRAFT", odd.access_url)


def test_adding_a_certificate_to_an_unknown_environment_is_an_error(api, old):
    with pytest.raises(ValueError, match="nowhere"):
        api.manager.add_certificate("MyProject", "x", {"nowhere": old})


def test_replacing_a_certificate_undeploys_it_from_environments_that_are_left_out(api, old, new):
    api.manager.add_certificate("MyProject", "web", {"staging": new.chain_pem.encode()})
    assert api.manager.holds("MyProject", "web") == {"staging": [new.der]}
    assert api.manager.served("production", "MyProject", "web") is None


def test_an_authority_issues_certificates_with_the_requested_properties():
    authority = Authority("Test CA")
    moments = [datetime.datetime(year, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc) for year in (2020, 2021)]
    issued = authority.issue(
        "a.example.com",
        dns_names=["b.example.com"],
        ip_addresses=["127.0.0.1"],
        not_before=moments[0],
        not_after=moments[1],
        serial=77,
    )
    certificate = issued.certificate
    assert certificate.serial_number == 77
    assert [certificate.not_valid_before_utc, certificate.not_valid_after_utc] == moments
    assert issued.chain_pem == issued.pem + authority.pem
    assert "PRIVATE KEY" in issued.key_pem
    assert issued.key_pem not in repr(issued)
    assert len(issued.sha1) == 40
    assert len(issued.sha256) == 64


@pytest.fixture
def program(tmp_path):
    """Start `python -m manager` with arguments; return the process, the variables that it exports, and its output."""
    running = []

    def run(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(TESTS), "TMPDIR": str(tmp_path)}
        process = subprocess.Popen(
            [sys.executable, "-m", "manager", *arguments], env=environment, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        exported, lines = {}, []
        for line in process.stdout:
            lines.append(line)
            exported.update(re.findall(r"(APINIZER_\w+)=(\S+)", line) if line.startswith("export ") else [])
            if "Ctrl-C" in line:
                break
        return process, exported, "".join(lines)

    yield run
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_runs_until_a_signal(program, tmp_path, number):
    process, exported, text = program("--generation", "2025", "--fail-deployment", "staging")
    headers = {"Authorization": f"Bearer {exported['APINIZER_TOKEN']}"}
    url = f"{exported['APINIZER_URL']}/apiops/projects/MyProject/certificates/"
    names = {item["name"] for item in requests.get(url, headers=headers, timeout=5).json()["resultList"]}
    assert names == {"my-certificate", "expires-soon", "expired", "drifted"}
    renewed = Path(re.search(r"path=(\S+)", text).group(1)).read_text()
    form = {"alias": "a", "certificateDescription": "d", "environmentList": "staging"}
    files = {"pemEncodedFile": ("new.pem", renewed)}
    answer = requests.put(f"{url}my-certificate/", headers=headers, data=form, files=files, timeout=5)
    assert answer.json()["deploymentResult"]["success"] is False
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_program_with_mutual_tls_for_a_limited_time(program):
    process, exported, _text = program("--mutual-tls", "--for", "1")
    answer = requests.get(
        f"{exported['APINIZER_URL']}/apiops/projects/",
        headers={"Authorization": f"Bearer {exported['APINIZER_TOKEN']}"},
        verify=exported["APINIZER_CA_PATH"],
        cert=(exported["APINIZER_CLIENT_CERT"], exported["APINIZER_CLIENT_KEY"]),
        timeout=5,
    )
    assert answer.status_code == 200
    assert process.wait(5) == 0


def test_the_program_with_traits(program):
    _process, exported, _text = program(
        *("--generation", "2026.04", "--truststore", "workers", "manager", "--page-size", "2", "--paging", "from-0"),
        *("--unreachable", "staging", "--unpublished", "production", "--without", "import"),
    )
    headers = {"Authorization": f"Bearer {exported['APINIZER_TOKEN']}"}

    def get(path):
        return requests.get(f"{exported['APINIZER_URL']}/apiops/{path}", headers=headers, timeout=5)

    listed = get("projects/MyProject/certificates/?page=1").json()
    assert ([item["name"] for item in listed["resultList"]], listed["resultCount"]) == (["expired", "drifted"], 4)
    statuses = get("projects/MyProject/environments/?page=1").json()["resultList"]
    assert [(item["name"], item["status"]) for item in statuses] == [("production", "UNPUBLISHED")]
    assert get("projects/admin/certificates/truststore/staging/").json()["resultList"]
    refused = get("projects/MyProject/certificates/truststore/development/export-file/")
    assert refused.json()["resultMessage"] == "User does not have required permission for this operation!"


def test_the_program_without_truststore_calls(program):
    _process, exported, _text = program("--truststore", "--import-stores-only", "--failures-in-message")
    url = f"{exported['APINIZER_URL']}/apiops/projects/admin/certificates/truststore/staging/"
    headers = {"Authorization": f"Bearer {exported['APINIZER_TOKEN']}"}
    assert requests.get(url, headers=headers, timeout=5).status_code == 404
