# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs and audits as the role and the playbook write them, and that each of them makes a report in every format.

The other tests of the reports, and those in a browser, take their input from here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import audit_report
from ansible_collections.apinizer.apiops.plugins.filter.certificate_findings import certificate_findings
from ansible_collections.apinizer.apiops.plugins.filter.rotation_report import rotation_report

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=timezone.utc)
ENVIRONMENTS = ("development", "staging", "production")
# Names that some format gives a meaning of its own.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a | b `c` **d** [e](javascript:f) ~~g~~",
    "two\nlines\r\nand \\ a \"quote\" and 'another'",
    "{{ 7 * 7 }} {% raw %}",
    "@everyone #1 $x$ <!-- -->",
    "\u202eevil\u2066 \x00\x1b[31m",
    "شهادة الإنتاج",
    "x" * 300,
)

Json = dict[str, Any]


def iso(moment: datetime) -> str:
    """The form that all dates have."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def held(name: str = "api", *, left: int = 8, lifetime: int = 365, **changes: Any) -> Json:
    """A certificate with so many days left."""
    end = NOW + timedelta(days=left, hours=6)
    seed = f"{name} {end}".encode("utf-8", "replace")
    return {
        "subject": f"CN={name}.example.com,O=Example Bank,C=TR",
        "issuer": "CN=Example Issuing CA G2,O=Example Bank,C=TR",
        "serial_number": hashlib.md5(seed).hexdigest()[:20],
        "not_before": iso(end - timedelta(days=lifetime)),
        "not_after": iso(end),
        "days_remaining": left,
        "fingerprint_sha256": hashlib.sha256(seed).hexdigest(),
        "fingerprint_sha1": hashlib.sha1(seed).hexdigest(),
        "alias": name,
        **changes,
    }


def step(environment: str, name: str = "api", **changes: Any) -> Json:
    """An environment whose certificate was replaced."""
    new = held(name, left=360)
    return {
        "name": environment,
        "wave": ENVIRONMENTS.index(environment) + 1 if environment in ENVIRONMENTS else 1,
        "action": "update",
        "reason": "expires_soon",
        "from": held(name),
        "to": new,
        "now": new,
        "entries": 1,
        "deployment": {"success": True, "message": "Deployed to 2 of 2 workers"},
        "rolled_back": None,
        **changes,
    }


def guard(name: str = "require_later_expiry", **changes: Any) -> Json:
    """A guard that passed."""
    return {
        "guard": name,
        "environment": "production",
        "passed": True,
        "message": "The new certificate expires later.",
        "current": "2026-12-01T11:00:00Z",
        "new": "2027-11-18T11:00:00Z",
        **changes,
    }


def certificate(name: str = "api", outcome: str = "rotated", **changes: Any) -> Json:
    """A certificate in three environments."""
    return {
        "project": "Payments",
        "name": name,
        "outcome": outcome,
        "environments": [step(environment, name) for environment in ENVIRONMENTS],
        "guards": [guard(), guard("require_same_subject", message="The subject stays.", current="api", new="api")],
        **changes,
    }


def quiet(name: str, outcome: str = "in_sync", left: int = 240) -> Json:
    """A certificate that needs nothing."""
    own = held(name, left=left)
    nothing = {
        "action": "none",
        "reason": outcome,
        "from": own,
        "to": None,
        "now": own,
        "deployment": None,
        "wave": None,
    }
    return certificate(name, outcome, guards=[], environments=[step(one, name, **nothing) for one in ENVIRONMENTS])


def run(*certificates: Json, outcome: str = "rotated", waves: str = "done done done", **changes: Any) -> Json:
    """A whole run."""
    return {
        "schema": 1,
        "manager": "https://apinizer.bank.example/manager",
        "host": "apinizer-prod",
        "started": iso(NOW - timedelta(minutes=4, seconds=12)),
        "finished": iso(NOW),
        "check_mode": False,
        "outcome": outcome,
        "message": "Done and verified: 1 of 1 certificates due, in 3 places.",
        "strategy": "per_environment",
        "strategy_reason": "The manager offers import-file, which writes to one environment and leaves the others alone.",
        "waves": [
            {"number": number, "environments": [environment], "outcome": wave}
            for number, (environment, wave) in enumerate(zip(ENVIRONMENTS, waves.split()), start=1)
        ],
        "certificates": list(certificates),
        "rollback": {"performed": False, "complete": None, "messages": []},
        "backup": "/var/lib/apinizer/backups/apinizer-prod-20261123T045548Z.json",
        **changes,
    }


def good() -> Json:
    """Everything went well; some certificates needed nothing."""
    shop = certificate("shop")
    shop["environments"][0] |= {"action": "create", "reason": "absent", "from": None}
    due = [certificate(), shop]
    return run(
        *due, quiet("portal"), quiet("legacy", "not_due", 95), message="Done and verified: 2 of 4 certificates due."
    )


def planned() -> Json:
    """Check mode: nothing was written."""
    nothing_yet = {"deployment": None}
    api = certificate(outcome="planned", environments=[step(one, now=held(), **nothing_yet) for one in ENVIRONMENTS])
    to_obtain = certificate("shop", "planned", guards=[])
    for environment in to_obtain["environments"]:
        gone = held("shop", left=-3)
        environment.update({"to": None, "from": gone, "now": gone, "reason": "expired", **nothing_yet})
    message = "Check mode, nothing was written: 2 of 3 certificates due, in 6 places."
    waves = "not_started not_started not_started"
    return run(
        api, to_obtain, quiet("portal"), outcome="planned", check_mode=True, message=message, waves=waves, backup=None
    )


def refused() -> Json:
    """Guards stood in the way of one certificate, and so of the run."""
    earlier = held(left=2, lifetime=90)
    stopped = [step(one, to=earlier, now=held(), deployment=None, reason="differs") for one in ENVIRONMENTS]
    guards = [
        guard("require_same_subject", message="The subject stays.", current="CN=api", new="CN=api"),
        guard(
            passed=False,
            message="The new certificate expires before the one that it replaces.",
            new=earlier["not_after"],
        ),
        guard(
            "minimum_days",
            environment=None,
            passed=False,
            message="2 days are left, 30 are asked for.",
            current=None,
            new="2",
        ),
    ]
    bad = certificate(outcome="skipped", environments=stopped, guards=guards)
    waiting = certificate("shop", "not_started")
    for environment in waiting["environments"]:
        environment.update(now=environment["from"], deployment=None)
    message = (
        "Nothing was written. Payments/api: the new certificate expires on 2026-11-25T11:00:00Z, before the one that it "
        "replaces (2026-12-01T11:00:00Z)."
    )
    waves = "not_started not_started not_started"
    return run(bad, waiting, outcome="refused", message=message, waves=waves, backup=None)


def rolled_back() -> Json:
    """Production failed to deploy; what was written before has been put back."""
    back = {"now": held(), "rolled_back": True}
    failed = {"deployment": {"success": False, "message": "Worker gw-2 did not answer within 30 s"}}
    environments = [step("development", **back), step("staging", **back), step("production", **back, **failed)]
    return run(
        certificate(outcome="rolled_back", environments=environments),
        quiet("portal"),
        outcome="rolled_back",
        waves="rolled_back rolled_back rolled_back",
        message="Payments/api in production: the deployment failed. Every environment has its previous certificate again.",
        rollback={
            "performed": True,
            "complete": True,
            "messages": ["Payments/api: put back in development, staging, production."],
        },
    )


def rollback_failed() -> Json:
    """The way back failed for one environment."""
    result = rolled_back()
    result["certificates"][0]["outcome"] = "failed"
    result["certificates"][0]["environments"][1] |= {"now": held(left=360), "rolled_back": False}
    result["certificates"][0]["environments"][2] |= {"now": held("someone-else", left=40), "rolled_back": False}
    message = "staging: the manager answered 503 to the update."
    return result | {
        "outcome": "rollback_failed",
        "message": f"THE ROLLBACK IS NOT COMPLETE: {message}",
        "rollback": {"performed": True, "complete": False, "messages": [message]},
    }


def failed() -> Json:
    """The manager went away after the first wave; what the others hold is not known."""
    environments = [step(one, now=None, deployment=None) for one in ENVIRONMENTS]
    message = "The manager did not answer. What the environments hold now could not be read back."
    api = certificate(outcome="failed", environments=environments)
    return run(api, outcome="failed", message=message, waves="failed not_started not_started", finished=None)


def nothing_to_do() -> Json:
    """Nothing is due."""
    return run(quiet("portal"), quiet("shop"), outcome="nothing_to_do", message="Nothing to do: 0 of 2.", waves="")


def bare() -> Json:
    """As little as a result may have."""
    nulls = dict.fromkeys(held())
    unknown = step(
        "production", **{"from": nulls, "to": nulls, "now": nulls}, deployment={"success": None, "message": None}
    )
    api = certificate(
        environments=[unknown | {"wave": None, "entries": None}], guards=[guard(message=None, current=None)]
    )
    return run(api, certificate("empty", environments=[]), waves="", strategy=None, strategy_reason=None, backup=None)


def hostile() -> Json:
    """Every text is one that some format gives a meaning of its own."""
    certificates = []
    for text in HOSTILE:
        texts = dict.fromkeys(("subject", "issuer", "serial_number", "alias", "fingerprint_sha256"), text)
        environment = step(text, **{"from": held() | texts}, deployment={"success": False, "message": text})
        spoken = guard(text, environment=text, passed=False, message=text, current=text, new=text)
        certificates.append(certificate(text, project=text, environments=[environment], guards=[spoken]))
    everything = " ".join(HOSTILE)
    rollback = {"performed": True, "complete": False, "messages": list(HOSTILE)}
    texts = dict.fromkeys(("manager", "host", "message", "strategy", "strategy_reason", "backup"), everything)
    waves = [{"number": 1, "environments": list(HOSTILE), "outcome": "done"}]
    return run(*certificates, rollback=rollback) | texts | {"waves": waves}


def many(number: int) -> Json:
    """A run over a whole estate: a quarter of the certificates is due, and a few of those fail."""
    certificates = []
    for index in range(number):
        name = f"service-{index:04}"
        if index % 4:
            certificates.append(quiet(name, "not_due" if index % 3 else "in_sync", left=40 + index * 7 % 320))
        else:
            certificates.append(certificate(name))
    certificates[8]["outcome"] = "failed"
    certificates[8]["environments"][2] |= {
        "now": held("service-0008"),
        "deployment": {"success": False, "message": "HTTP 500"},
    }
    message = "Payments/service-0008 in production: the deployment failed. Nothing was rolled back."
    return run(*certificates, outcome="failed", waves="done done failed", message=message)


RUNS: dict[str, Callable[[], Json]] = {
    "good": good,
    "planned": planned,
    "refused": refused,
    "rolled_back": rolled_back,
    "rollback_failed": rollback_failed,
    "failed": failed,
    "nothing_to_do": nothing_to_do,
    "bare": bare,
    "hostile": hostile,
    "many": lambda: many(40),
}


def place(environment: str, name: str = "api", *, entries: int = 1, **changes: Any) -> Json:
    """An environment as apinizer_certificate_info returns it."""
    described = held(name, **changes)
    return {**described, "name": environment, "expired": (described["days_remaining"] or 0) < 0, "entries": entries}


def audited(name: str, *places: Json, project: str = "Payments") -> Json:
    """A certificate as apinizer_certificate_info returns it."""
    return {"project": project, "name": name, "description": None, "environments": list(places)}


def estate() -> list[Json]:
    """Certificates with every kind of finding, and some without any."""
    return [
        audited("portal", *(place(one, "portal", left=240) for one in ENVIRONMENTS)),
        audited("api", *(place(one, "api", left=12) for one in ENVIRONMENTS)),
        audited("shop", place("production", "shop", left=-22), place("staging", "shop", left=300)),
        audited("mobile", place("production", "mobile", left=130, entries=2), project="Cards"),
        audited("internal-root", place("production", "internal-root", left=3100, lifetime=3650), project="Cards"),
        audited("unused"),
    ]


def audit(certificates: list[Json], threshold_days: int | None = 30, **changes: Any) -> Json:
    """A whole audit."""
    return {
        "schema": 1,
        "manager": "https://apinizer.bank.example/manager",
        "host": "apinizer-prod",
        "generated": iso(NOW),
        "threshold_days": threshold_days,
        "certificates": certificates,
        "findings": certificate_findings(certificates, threshold_days),
        **changes,
    }


def hostile_estate() -> list[Json]:
    """Every text is one that some format gives a meaning of its own."""
    return [
        audited(text, place(text, entries=2, left=-1, alias=text, subject=text, issuer=text), project=text)
        for text in HOSTILE
    ]


AUDITS: dict[str, Callable[[], Json]] = {
    "estate": lambda: audit(estate()),
    "clean": lambda: audit(estate()[:1]),
    "empty": lambda: audit([], None),
    "nulls": lambda: audit([audited("api", {**dict.fromkeys(held()), "name": "production"})]),
    "hostile": lambda: audit(hostile_estate()),
    "many": lambda: audit([audited(f"service-{n}", *(place(e, left=n) for e in ENVIRONMENTS)) for n in range(100)]),
}


@pytest.mark.parametrize("output_format", ["html", "md"])
@pytest.mark.parametrize("name", RUNS)
def test_every_run_makes_a_report(name, output_format):
    text = rotation_report(RUNS[name](), output_format)
    assert text.endswith("\n")
    text.encode("utf-8")


@pytest.mark.parametrize("output_format", ["html", "md", "prom"])
@pytest.mark.parametrize("name", AUDITS)
def test_every_audit_makes_a_report(name, output_format):
    text = audit_report(AUDITS[name](), output_format)
    assert text.endswith("\n")
    text.encode("utf-8")
