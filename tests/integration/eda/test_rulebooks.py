# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source and the rulebooks of the collection, run by ansible-rulebook against the fake manager."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
import requests
import yaml
from ansible_rulebook.validators import Validate

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import read_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.events import Event
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.observe import (
    Reading,
    heartbeat,
    observe,
    observe_failure,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import State
from integration.certificate_fixture import key_lines
from integration.eda.conftest import ENVIRONMENTS, PROJECT, Issue, Receive, RunRulebook
from integration.machine import ROOT, Machine
from manager import Fault, Manager

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

SOURCES = ROOT / "extensions" / "eda" / "plugins" / "event_source"
NAME = "1.10"
"""The name of a certificate that a careless template would convert to a number."""


def test_expiring_certificate_is_rotated_and_the_watch_continues_after_a_restart(
    run_rulebook: RunRulebook, manager: Manager, machine: Machine, issue: Issue
):
    calm, other, new = issue(days=200), issue(days=300), issue(days=364)
    manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, calm))
    manager.add_certificate(PROJECT, "drifted", {"development": other, "production": calm})
    machine.file(f"new/{PROJECT}/{NAME}.pem", new.pem)
    state, reports = machine.folder / "state.json", machine.folder / "reports"
    rulebook = run_rulebook(
        "rotate_expiring",
        verbose=True,
        hostvars={"certificate_rotation_report_dir": str(reports)},
        certificate_rotation_new_dir=str(machine.folder / "new"),
        certificate_watch_state_file=str(state),
    )
    with rulebook:
        rulebook.wait_for(lambda: len(manager.journal) >= 2, "first reading")
        old = issue(days=30, seconds=4)
        crossing = old.certificate.not_valid_after_utc - timedelta(days=30)
        manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, old))
        while datetime.now(timezone.utc) < crossing:
            assert not manager.journal.writes(), "the certificate was rotated before it crossed the threshold"
            time.sleep(0.05)
        rulebook.wait_for((reports / "rotation.json").exists, "report of the rotation")
        assert manager.holds(PROJECT, NAME) == {environment: [new.der] for environment in ENVIRONMENTS}
        assert {manager.served(environment, PROJECT, NAME) for environment in ENVIRONMENTS} == {new.der}
        assert manager.holds(PROJECT, "drifted") == {"development": [other.der], "production": [calm.der]}

        down = Fault("drop_before", times=None)
        manager.faults.add(down)
        rulebook.wait_for_text("Certificates cannot be read: ")
        manager.faults.clear()
        rulebook.wait_for_text("Certificates can be read again; reading had failed since ")
        read_again = len(manager.journal)
        rulebook.wait_for(lambda: len(manager.journal) > read_again + 2, "further readings")
        rulebook.wait_for(
            lambda: '"unreachable_since": null' in state.read_text(), "reachable manager in the state file"
        )

    result = json.loads((reports / "rotation.json").read_text())
    (certificate,) = result["certificates"]
    assert (result["outcome"], certificate["name"]) == ("rotated", NAME)
    assert len(manager.journal.writes()) == 1
    assert state.stat().st_mode & 0o777 == 0o600
    saved = {each["name"]: each["environments"] for each in json.loads(state.read_text())["certificates"]}
    assert {environment["before"]["told"] for environment in saved[NAME]} == {30}
    assert {environment["seen"]["fingerprint_sha1"] for environment in saved[NAME]} == {new.sha1}

    with run_rulebook(
        "print_events", certificate_watch_state_file=str(state), certificate_watch_heartbeat=1
    ) as restarted:
        restarted.wait_for_text("Watching 2 certificates in 3 environments\n", times=2)
        assert restarted.kinds == []
        manager.set_entry(PROJECT, "drifted", "development", calm)
        restarted.wait_for(lambda: len(restarted.kinds) == 2, "event")
    assert restarted.kinds == ["certificate_changed", "drift_ended"]
    assert len(manager.journal.writes()) == 1
    for text in (rulebook.text, restarted.text, state.read_text()):
        assert manager.token not in text
        assert not any(line in text for issued in (old, new) for line in key_lines(issued))


def test_issued_certificate_is_rotated(run_rulebook: RunRulebook, manager: Manager, machine: Machine, issue: Issue):
    """Only a request with the token and a valid payload reaches the playbook."""
    old, new = issue(days=30), issue(days=364)
    manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, old))
    machine.file("new/web/web.pem", new.pem)
    reports = machine.folder / "reports"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "certificate_issued_port": port,
        "certificate_rotation_new_dir": str(machine.folder / "new"),
        "CERTIFICATE_ISSUED_TOKEN": "token-of-the-authority",
    }

    def send(payload: object, token: str = "token-of-the-authority") -> int:
        """Send a payload to the webhook. Return the HTTP status, 0 if the webhook does not listen yet."""
        headers = {"Authorization": f"Bearer {token}"}
        with suppress(requests.ConnectionError):
            return requests.post(f"http://127.0.0.1:{port}/", json=payload, headers=headers, timeout=30).status_code
        return 0

    valid = {"project": PROJECT, "name": NAME, "environments": ["staging"], "path": "web/web.pem"}
    hostvars = {"certificate_rotation_report_dir": str(reports), "certificate_rotation_strategy": "per_environment"}
    with run_rulebook("rotate_issued", hostvars=hostvars, **variables) as rulebook:
        rulebook.wait_for(lambda: send(valid, token="another") == 401, "webhook")
        assert send({**valid, "path": "/etc/{{ lookup('pipe', 'id') }}"}) == 200
        rulebook.wait_for_text("The event was rejected: path must be a relative path")
        assert send(valid) == 200
        rulebook.wait_for((reports / "rotation.json").exists, "report of the rotation")

    assert f"{PROJECT} / {NAME} in staging: a new certificate was issued" in rulebook.text
    result = json.loads((reports / "rotation.json").read_text())
    assert result["outcome"] == "rotated", result["message"]
    held = {name: [(new if name == "staging" else old).der] for name in ENVIRONMENTS}
    assert manager.holds(PROJECT, NAME) == held
    assert len(manager.journal.writes()) == 1
    for secret in (manager.token, "token-of-the-authority", "lookup"):
        assert secret not in rulebook.text


def test_source_runs_without_ansible_rulebook(manager: Manager, machine: Machine, issue: Issue):
    """It prints each event as a line of JSON, and an event for each cause of an outage."""
    manager.add_certificate(PROJECT, NAME, {"production": issue(days=10)})
    arguments = machine.file("arguments.yml", "expiring_within: [30, 14]\ninterval: 1\nheartbeat: 0\nretries: 0\n")
    file = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "certificate_expiry.py"
    env = machine.environment(APINIZER_URL=manager.url, APINIZER_TOKEN=manager.token)
    with subprocess.Popen(
        [sys.executable, str(file), arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        events = [json.loads(process.stdout.readline())]
        for status in (503, 500):
            manager.faults.clear()
            manager.faults.add(Fault("status", status=status, times=None))
            events.append(json.loads(process.stdout.readline()))
        # Not SIGINT, which a shell ignores in commands that it runs in the background.
        process.terminate()
        rest, errors = process.communicate(timeout=60)

    assert (process.returncode, rest) == (-signal.SIGTERM, "")
    assert [(event["kind"], event.get("status")) for event in events] == [
        ("threshold_crossed", None),
        ("manager_unreachable", 503),
        ("manager_unreachable", 500),
    ]
    assert events[1]["unreachable_since"] == events[2]["unreachable_since"]
    assert manager.token not in errors

    done = subprocess.run(
        [sys.executable, str(file), machine.file("wrong.yml", "interval: 0")],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: interval: must be a number of seconds, 1 or more, not 0\n"


def test_gateways_are_watched_across_a_restart(
    run_rulebook: RunRulebook, manager: Manager, machine: Machine, issue: Issue
):
    held = issue(days=300)
    manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, held))
    manager.set_gateway(PROJECT, NAME, "staging", issue(days=200))
    variables = {
        "certificate_watch_state_file": str(machine.folder / "state.json"),
        "certificate_watch_verify_gateways": True,
        "certificate_watch_heartbeat": 1,
    }

    with run_rulebook("print_events", **variables) as rulebook:
        rulebook.wait_for(lambda: len(rulebook.kinds) == 1, "event")
        rulebook.wait_for(lambda: '"stale": [\n' in (machine.folder / "state.json").read_text(), "saved state")
    assert rulebook.kinds == ["gateway_stale"]
    assert "those of staging hold SHA-256 " in rulebook.text

    with run_rulebook("print_events", **variables) as restarted:
        restarted.wait_for_text("Watching 1 certificate in 3 environments\n", times=2)
        assert restarted.kinds == []
        manager.set_gateway(PROJECT, NAME, "staging", held)
        restarted.wait_for(lambda: restarted.kinds, "event")
    assert restarted.kinds == ["gateway_confirmed"]
    assert not manager.journal.writes()


def test_invalid_argument_ends_the_source_with_a_message_that_names_it(run_rulebook: RunRulebook, manager: Manager):
    with run_rulebook("print_events", certificate_watch_expiring_within="soon") as rulebook:
        status = rulebook.wait_for_end()
    assert status == 1
    (line,) = (line for line in rulebook.text.splitlines() if "Source error" in line)
    assert "'expiring_within: " in line
    assert manager.token not in rulebook.text
    assert len(manager.journal) == 0


def test_notify_rulebook_calls_the_webhook(run_rulebook: RunRulebook, manager: Manager, receive: Receive, issue: Issue):
    manager.add_certificate(PROJECT, NAME, {"production": issue(days=-2)})
    receiver = receive({("POST", "/hooks/secret-of-the-webhook"): None})
    address = f"{receiver.url}/hooks/secret-of-the-webhook"
    with run_rulebook("notify", verbose=True, env={"CERTIFICATE_NOTIFY_URL": address}) as rulebook:
        rulebook.wait_for_text("PLAY RECAP")
    ((_method, _path, body),) = receiver.received
    assert list(body) == ["text"]
    assert body["text"].startswith(f"{PROJECT} / {NAME} in production: expired on ")
    assert "failed=0" in rulebook.text
    assert manager.token not in rulebook.text
    assert "secret-of-the-webhook" not in rulebook.text


def test_unreachable_webhook_fails_without_showing_its_address(machine: Machine):
    arguments = ("ansible-playbook", "apinizer.apiops.notify", "-vvvv", "-e", '{"certificate_notify_lines": ["Hello"]}')
    run = machine.command(*arguments, env={"CERTIFICATE_NOTIFY_URL": "http://127.0.0.1:1/secret"})
    assert run.status == 2
    assert "The webhook cannot be reached. Check certificate_notify_url" in run.text
    assert "/secret" not in run.text
    run = machine.command(*arguments)
    assert run.status == 2
    assert "certificate_notify_url: missing. Set certificate_notify_url or the environment variable" in run.text


def test_job_template_is_launched_for_the_expiring_certificate(
    run_rulebook: RunRulebook, manager: Manager, receive: Receive, issue: Issue
):
    manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, issue(days=10)))
    template = {
        "id": 7,
        "type": "job_template",
        "name": "Rotate certificates",
        "summary_fields": {"organization": {"name": "Default"}},
        "related": {"launch": "/api/v2/job_templates/7/launch/"},
        **{f"ask_{what}_on_launch": what == "variables" for what in ("limit", "labels", "inventory", "variables")},
    }
    job = {"id": 8, "url": "/api/v2/jobs/8/", "type": "job", "status": "successful", "artifacts": {}}
    controller = receive(
        {
            ("GET", "/api/v2/config/"): {"version": "4.6.0"},
            ("GET", "/api/v2/unified_job_templates/"): {"count": 1, "next": None, "results": [template]},
            ("POST", "/api/v2/job_templates/7/launch/"): job,
            ("GET", "/api/v2/jobs/8/"): job,
            ("GET", "/api/v2/unified_jobs/"): {"count": 1, "next": None, "results": [job]},
        }
    )
    env = {"EDA_CONTROLLER_URL": controller.url, "EDA_CONTROLLER_TOKEN": "controller-token"}
    with run_rulebook("rotate_expiring_controller", env=env, certificate_rotation_new_dir="/new") as rulebook:
        rulebook.wait_for(lambda: any(method == "POST" for method, *_rest in controller.received), "launch")
    ((_method, _path, body),) = (request for request in controller.received if request[0] == "POST")
    variables = body["extra_vars"]
    assert variables["certificate_rotation_certificates"] == [
        {"project": PROJECT, "name": NAME, "environments": sorted(ENVIRONMENTS), "path": f"/new/{PROJECT}/{NAME}.pem"}
    ]
    assert variables["certificate_rotation_renew_before"] == 14
    assert variables["certificate_rotation_hosts"] == "localhost"
    assert not any(secret in rulebook.text for secret in (manager.token, "controller-token"))
    assert manager.token not in json.dumps(body)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "extensions" / "eda" / "rulebooks").iterdir()), ids=lambda file: file.stem
)
def test_rulebooks_are_valid_and_use_known_arguments(file: Path):
    rulesets = yaml.safe_load(file.read_text(encoding="utf-8"))
    Validate.rulebook(rulesets)
    schema = json.loads((SOURCES / "schemas" / "certificate_expiry.json").read_text(encoding="utf-8"))
    for source in rulesets[0]["sources"]:
        if "eda.builtin.webhook" in source:
            assert source["filters"] == [{"apinizer.apiops.certificate_issued": None}]
            assert source["eda.builtin.webhook"]["token"], "the webhook requires a token"
        else:
            jsonschema.validate(source["apinizer.apiops.certificate_expiry"], schema)


def test_events_match_their_schema():
    schema = json.loads((ROOT / "extensions" / "eda" / "schemas" / "certificate_expiry_event.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    seen = set()
    for event in events_of_all_kinds():
        validator.validate(event)
        validator.validate({**event, "meta": {}})
        seen.add(event["kind"])
        assert not validator.is_valid({**event, "token": "secret"})
        assert not validator.is_valid({key: value for key, value in event.items() if key != "manager"})
    assert seen == set(schema["properties"]["kind"]["enum"])


def events_of_all_kinds() -> list[Event]:
    """Return events of all kinds, as the source builds them."""
    at, manager = datetime(2026, 12, 1, tzinfo=timezone.utc), "https://apinizer.example.com"
    events: list[Event] = []
    state = State()

    def read(*held: tuple[str, int, int], gateways: Mapping[str, str] | None = None) -> None:
        """Read a certificate, given by environment, days left and number of entries, and the states of gateways."""
        nonlocal state
        environments = [
            {
                "name": environment,
                "days_remaining": left,
                "percent_remaining": left,
                "not_before": "2026-01-01T00:00:00Z",
                "not_after": "2027-01-01T00:00:00Z",
                "fingerprint_sha1": f"{left + 10:040x}",
                "fingerprint_sha256": None,
                "entries": entries,
                "gateway": {"name": environment, "state": gateways[environment], "fingerprint_sha256": "b" * 64}
                if gateways and environment in gateways
                else None,
            }
            for environment, left, entries in held
        ]
        certificates = read_certificates([{"project": PROJECT, "name": NAME, "environments": environments}])
        observed, state = observe(
            state, Reading(manager, at, certificates), [RenewalWindow(30), RenewalWindow(33, is_share=True)]
        )
        events.extend(observed)

    read(("production", -1, 2), ("staging", 20, 1))
    events.append(heartbeat(state, manager, at))
    failed, state = observe_failure(state, manager, at, "HTTP 503", 503)
    events.extend([*failed, *observe_failure(State(), manager, at, "no response")[0]])
    read(("production", 100, 1), ("staging", 100, 1))
    read(("production", 100, 1), ("staging", 100, 1), gateways={"production": "stale", "staging": "missing"})
    read(("production", 100, 1), ("staging", 100, 1), gateways={"production": "confirmed"})
    read(("production", 31, 1), ("staging", 31, 1))
    assert [event["expiring_within"] for event in events if event["kind"] == "threshold_crossed"] == [30, "33%"]
    return events
