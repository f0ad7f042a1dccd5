# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the role and of the audit playbook, and a test that each of them can be rendered in every format.

The other tests of the reports, including those in a browser, take their input from here.
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
# Names that have a special meaning in some format.
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
    """Format a date as the modules do."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def entry(name: str = "api", *, left: int = 8, lifetime: int = 365, **changes: Any) -> Json:
    """A certificate with this number of days left."""
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


def environment_result(environment: str, name: str = "api", **changes: Any) -> Json:
    """An environment whose certificate was replaced."""
    new = entry(name, left=360)
    return {
        "name": environment,
        "wave": ENVIRONMENTS.index(environment) + 1 if environment in ENVIRONMENTS else 1,
        "action": "update",
        "reason": "expires_soon",
        "from": entry(name),
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
        "environments": [environment_result(environment, name) for environment in ENVIRONMENTS],
        "guards": [
            guard(),
            guard("require_same_subject", message="The subject is unchanged.", current="api", new="api"),
        ],
        **changes,
    }


def unchanged(name: str, outcome: str = "in_sync", left: int = 240) -> Json:
    """A certificate that needs no change."""
    own = entry(name, left=left)
    nothing = {
        "action": "none",
        "reason": outcome,
        "from": own,
        "to": None,
        "now": own,
        "deployment": None,
        "wave": None,
    }
    return certificate(
        name, outcome, guards=[], environments=[environment_result(one, name, **nothing) for one in ENVIRONMENTS]
    )


def run(*certificates: Json, outcome: str = "rotated", waves: str = "done done done", **changes: Any) -> Json:
    """The result of a run."""
    return {
        "schema": 1,
        "manager": "https://apinizer.bank.example/manager",
        "host": "apinizer-prod",
        "started": iso(NOW - timedelta(minutes=4, seconds=12)),
        "finished": iso(NOW),
        "check_mode": False,
        "outcome": outcome,
        "message": "Rotated 1 of 1 certificates in 3 environments.",
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
    """A successful run; some certificates needed no change."""
    shop = certificate("shop")
    shop["environments"][0] |= {"action": "create", "reason": "absent", "from": None}
    due = [certificate(), shop]
    return run(
        *due,
        unchanged("portal"),
        unchanged("legacy", "not_due", 95),
        message="Rotated 2 of 4 certificates in 3 environments.",
    )


def planned() -> Json:
    """Check mode: nothing was written."""
    nothing_yet = {"deployment": None}
    api = certificate(
        outcome="planned", environments=[environment_result(one, now=entry(), **nothing_yet) for one in ENVIRONMENTS]
    )
    to_obtain = certificate("shop", "planned", guards=[])
    for environment in to_obtain["environments"]:
        gone = entry("shop", left=-3)
        environment.update({"to": None, "from": gone, "now": gone, "reason": "expired", **nothing_yet})
    message = "Check mode: 2 of 3 certificates are due in 3 environments. Nothing was written."
    waves = "not_started not_started not_started"
    return run(
        api,
        to_obtain,
        unchanged("portal"),
        outcome="planned",
        check_mode=True,
        message=message,
        waves=waves,
        backup=None,
    )


def refused() -> Json:
    """Guards failed for one certificate, so the run was refused."""
    earlier = entry(left=2, lifetime=90)
    stopped = [
        environment_result(one, to=earlier, now=entry(), deployment=None, reason="differs") for one in ENVIRONMENTS
    ]
    guards = [
        guard("require_same_subject", message="The subject is unchanged.", current="CN=api", new="CN=api"),
        guard(
            passed=False,
            message="The new certificate expires before the current one.",
            new=earlier["not_after"],
        ),
        guard(
            "minimum_days",
            environment=None,
            passed=False,
            message="The new certificate has 2 days left, fewer than minimum_days (30).",
            current=None,
            new="2",
        ),
    ]
    bad = certificate(outcome="skipped", environments=stopped, guards=guards)
    waiting = certificate("shop", "not_started")
    for environment in waiting["environments"]:
        environment.update(now=environment["from"], deployment=None)
    message = (
        "Nothing was written. Payments/api: the new certificate expires on 2026-11-25T11:00:00Z, before the current one "
        "(2026-12-01T11:00:00Z)."
    )
    waves = "not_started not_started not_started"
    return run(bad, waiting, outcome="refused", message=message, waves=waves, backup=None)


def rolled_back() -> Json:
    """The deployment to production failed; the previous certificates were restored."""
    back = {"now": entry(), "rolled_back": True}
    failed = {"deployment": {"success": False, "message": "Worker gw-2 did not answer within 30 s"}}
    environments = [
        environment_result("development", **back),
        environment_result("staging", **back),
        environment_result("production", **back, **failed),
    ]
    return run(
        certificate(outcome="rolled_back", environments=environments),
        unchanged("portal"),
        outcome="rolled_back",
        waves="rolled_back rolled_back rolled_back",
        message="Payments/api in production: the deployment failed. The previous certificates were restored.",
        rollback={
            "performed": True,
            "complete": True,
            "messages": ["Payments/api: restored in development, staging, production."],
        },
    )


def rollback_failed() -> Json:
    """The rollback failed for two environments."""
    result = rolled_back()
    result["certificates"][0]["outcome"] = "failed"
    result["certificates"][0]["environments"][1] |= {"now": entry(left=360), "rolled_back": False}
    result["certificates"][0]["environments"][2] |= {"now": entry("someone-else", left=40), "rolled_back": False}
    message = "staging: the manager answered 503 to the update."
    return result | {
        "outcome": "rollback_failed",
        "message": f"THE ROLLBACK IS INCOMPLETE: {message}",
        "rollback": {"performed": True, "complete": False, "messages": [message]},
    }


def failed() -> Json:
    """The manager became unreachable after the first wave; the environments could not be read back."""
    environments = [environment_result(one, now=None, deployment=None) for one in ENVIRONMENTS]
    message = "The manager did not answer. The manager's record could not be read back."
    api = certificate(outcome="failed", environments=environments)
    return run(api, outcome="failed", message=message, waves="failed not_started not_started", finished=None)


def skipped() -> Json:
    """A guard failed for the only certificate that is due, and the run was to skip such certificates."""
    result = refused()
    return result | {
        "outcome": "skipped",
        "message": "The guards left out the only certificate that is due. Nothing was written.",
        "certificates": [result["certificates"][0], unchanged("portal")],
    }


def stored() -> Json:
    """The manager stored the new certificate and reported no deployment."""
    environments = [environment_result(one, deployment={"success": None, "message": None}) for one in ENVIRONMENTS]
    return run(
        certificate(outcome="stored", environments=environments),
        outcome="stored",
        message="The manager's record holds the new certificate. It is unknown whether the gateways hold it.",
    )


def nothing_to_do() -> Json:
    """Nothing is due."""
    return run(
        unchanged("portal"),
        unchanged("shop"),
        outcome="nothing_to_do",
        message="None of the 2 certificates is due.",
        waves="",
    )


def bare() -> Json:
    """The smallest possible result."""
    nulls = dict.fromkeys(entry())
    unknown = environment_result(
        "production", **{"from": nulls, "to": nulls, "now": nulls}, deployment={"success": None, "message": None}
    )
    api = certificate(
        environments=[unknown | {"wave": None, "entries": None}], guards=[guard(message=None, current=None)]
    )
    return run(api, certificate("empty", environments=[]), waves="", strategy=None, strategy_reason=None, backup=None)


def hostile() -> Json:
    """Every text has a special meaning in some format."""
    certificates = []
    for text in HOSTILE:
        texts = dict.fromkeys(("subject", "issuer", "serial_number", "alias", "fingerprint_sha256"), text)
        environment = environment_result(
            text, **{"from": entry() | texts}, deployment={"success": False, "message": text}
        )
        spoken = guard(text, environment=text, passed=False, message=text, current=text, new=text)
        certificates.append(certificate(text, project=text, environments=[environment], guards=[spoken]))
    everything = " ".join(HOSTILE)
    rollback = {"performed": True, "complete": False, "messages": list(HOSTILE)}
    texts = dict.fromkeys(("manager", "host", "message", "strategy", "strategy_reason", "backup"), everything)
    waves = [{"number": 1, "environments": list(HOSTILE), "outcome": "done"}]
    return run(*certificates, rollback=rollback) | texts | {"waves": waves}


def many(number: int) -> Json:
    """A run with many certificates: a quarter of them is due, and one of those fails."""
    certificates = []
    for index in range(number):
        name = f"service-{index:04}"
        if index % 4:
            certificates.append(unchanged(name, "not_due" if index % 3 else "in_sync", left=40 + index * 7 % 320))
        else:
            certificates.append(certificate(name))
    certificates[8]["outcome"] = "failed"
    certificates[8]["environments"][2] |= {
        "now": entry("service-0008"),
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
    "skipped": skipped,
    "stored": stored,
    "nothing_to_do": nothing_to_do,
    "bare": bare,
    "hostile": hostile,
    "many": lambda: many(40),
}


def environment_entry(environment: str, name: str = "api", *, entries: int = 1, **changes: Any) -> Json:
    """An environment as apinizer_certificate_info returns it."""
    described = entry(name, **changes)
    return {**described, "name": environment, "expired": (described["days_remaining"] or 0) < 0, "entries": entries}


def gateway(environment: Json, state: str, *, sha256: str | None = None, reason: str | None = None) -> Json:
    """The same environment, with what its gateways hold."""
    source = None if state == "unknown" else "workers"
    held = {
        "name": environment["name"],
        "state": state,
        "fingerprint_sha256": sha256,
        "reason": reason,
        "source": source,
    }
    return {**environment, "gateway": held}


def audited(name: str, *environments: Json, project: str = "Payments") -> Json:
    """A certificate as apinizer_certificate_info returns it."""
    return {"project": project, "name": name, "description": None, "environments": list(environments)}


def certificates_with_findings() -> list[Json]:
    """Certificates with every kind of finding, and some without findings."""
    return [
        audited("portal", *(environment_entry(one, "portal", left=240) for one in ENVIRONMENTS)),
        audited("api", *(environment_entry(one, "api", left=12) for one in ENVIRONMENTS)),
        audited(
            "shop", environment_entry("production", "shop", left=-22), environment_entry("staging", "shop", left=300)
        ),
        audited("mobile", environment_entry("production", "mobile", left=130, entries=2), project="Cards"),
        audited(
            "internal-root", environment_entry("production", "internal-root", left=3100, lifetime=3650), project="Cards"
        ),
        audited("unused"),
    ]


def certificates_at_gateways() -> list[Json]:
    """A certificate with each state of the gateways."""
    places = {one: environment_entry(one, "api", left=300) for one in (*ENVIRONMENTS, "test", "apimanager")}
    own, other = places["test"]["fingerprint_sha256"], entry("api", left=8)["fingerprint_sha256"]
    reason = "The truststore of environment test cannot be read. HTTP 400"
    return [
        audited(
            "api",
            gateway(places["development"], "confirmed", sha256=own, reason="found under the alias x"),
            gateway(places["staging"], "missing"),
            gateway(places["production"], "stale", sha256=other),
            gateway(places["test"], "unknown", reason=reason),
            gateway(places["apimanager"], "unknown", reason="no request returns it"),
        ),
        audited("portal", gateway(environment_entry("production", "portal", left=240), "confirmed", sha256=own)),
    ]


def audit(certificates: list[Json], threshold_days: int | None = 30, **changes: Any) -> Json:
    """The input of the filter audit_report."""
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
    """Every text has a special meaning in some format."""
    entries = [environment_entry(one, entries=2, left=-1, alias=one, subject=one, issuer=one) for one in HOSTILE]
    states = ("confirmed", "stale", "unknown", "{{ state }}")
    return [
        audited(text, gateway(entries[index], states[index % 4], sha256=text[:20] or None, reason=text), project=text)
        for index, text in enumerate(HOSTILE)
    ]


AUDITS: dict[str, Callable[[], Json]] = {
    "findings": lambda: audit(certificates_with_findings()),
    "clean": lambda: audit(certificates_with_findings()[:1]),
    "empty": lambda: audit([], None),
    "nulls": lambda: audit([audited("api", {**dict.fromkeys(entry()), "name": "production"})]),
    "gateways": lambda: audit(certificates_at_gateways()),
    "hostile": lambda: audit(hostile_estate()),
    "many": lambda: audit(
        [audited(f"service-{n}", *(environment_entry(e, left=n) for e in ENVIRONMENTS)) for n in range(100)]
    ),
}


def of_manager(number: int, result: Json) -> Json:
    """A result or an audit as that of the manager with this number."""
    return {**result, "host": f"manager-{number:03}", "manager": f"https://apinizer-{number:03}.bank.example"}


def fleet(managers: int, certificates: int = 30) -> list[Json]:
    """The results of many managers. The first ones have different outcomes, the others have rotated their certificates."""
    rotated = run(*(certificate(f"service-{index:04}") for index in range(certificates)))
    first = [make() for make in (nothing_to_do, good, rolled_back, stored, rollback_failed, refused, planned, skipped)]
    return [of_manager(number, result) for number, result in enumerate([*first, *([rotated] * managers)][:managers])]


SEVERAL_RUNS: dict[str, Callable[[], list[Json]]] = {
    "fleet": lambda: fleet(12),
    "none": list,
    "failed": lambda: [of_manager(1, failed())],
    "hostile": lambda: [hostile(), of_manager(2, bare())],
}
SEVERAL_AUDITS: dict[str, Callable[[], list[Json]]] = {
    "audits": lambda: [of_manager(number, AUDITS[name]()) for number, name in enumerate(AUDITS)],
    "none": list,
    "hostile": lambda: [AUDITS["hostile"]()],
}


@pytest.mark.parametrize("output_format", ["html", "md", "json", "prom", "text"])
@pytest.mark.parametrize(
    ("render", "make"),
    [(rotation_report, one) for one in SEVERAL_RUNS.values()]
    + [(audit_report, one) for one in SEVERAL_AUDITS.values()],
)
def test_every_merged_report_can_be_rendered(render, make, output_format):
    text = render(make(), output_format)
    assert text.endswith("\n")
    text.encode("utf-8")


@pytest.mark.parametrize("output_format", ["html", "md", "prom"])
@pytest.mark.parametrize("name", RUNS)
def test_every_run_can_be_rendered(name, output_format):
    text = rotation_report(RUNS[name](), output_format)
    assert text.endswith("\n")
    text.encode("utf-8")


@pytest.mark.parametrize("output_format", ["html", "md", "prom"])
@pytest.mark.parametrize("name", AUDITS)
def test_every_audit_can_be_rendered(name, output_format):
    text = audit_report(AUDITS[name](), output_format)
    assert text.endswith("\n")
    text.encode("utf-8")
