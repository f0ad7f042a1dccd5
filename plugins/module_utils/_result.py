# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn values into the dictionaries that the modules return. The only file that knows the names of return values. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import asdict
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import remaining
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    Gateway,
    StoredCertificate,
    Truststore,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, iso


class EntryView(t.TypedDict):
    """The entry of one environment, as every module and plugin returns it.

    Dates are ISO 8601 in UTC (C(2026-12-31T23:59:59Z)), digests and the serial number are lower-case hexadecimal digits.
    """

    name: str
    alias: str | None
    subject: str | None
    issuer: str | None
    serial_number: str | None
    not_before: str | None
    not_after: str | None
    days_remaining: int | None
    percent_remaining: int | None
    expired: bool | None
    fingerprint_sha256: str | None
    fingerprint_sha1: str | None
    public_key_sha256: str | None
    entries: int


class GatewayView(t.TypedDict):
    """What the gateways of an environment hold: C(confirmed), C(stale), C(missing) or C(unknown).

    C(source) is C(workers) or C(manager), as in C(TruststoreView), or None if the truststore could not be read.
    """

    name: str
    state: str
    fingerprint_sha256: str | None
    reason: str | None
    source: str | None


class ChainView(t.TypedDict):
    """A certificate that the record contains as an issuer of another one. Of one that cannot be read, only the digest is known."""

    subject: str | None
    issuer: str | None
    fingerprint_sha256: str


class EnvironmentView(EntryView, total=False):
    """The entry of one environment.

    C(content), the PEM, C(chain), the issuers that are stored with the certificate, and C(gateway) are only returned where a
    caller asks for them.
    """

    content: str | None
    chain: list[ChainView]
    gateway: GatewayView


class CertificateView(t.TypedDict):
    """A certificate and its environments, sorted by name."""

    project: str
    name: str
    description: str | None
    environments: list[EnvironmentView]


class EnvironmentDeploymentView(t.TypedDict):
    """The deployment to one environment."""

    name: str
    success: bool
    message: str | None


class DeploymentView(t.TypedDict):
    """A deployment as the manager reported it. C(success) is None if the manager did not report it."""

    success: bool | None
    message: str | None
    environments: list[EnvironmentDeploymentView]


class TrustedCertificateView(t.TypedDict):
    """A certificate in a truststore. Of one that cannot be read, only the alias is known."""

    alias: str | None
    subject: str | None
    issuer: str | None
    serial_number: str | None
    not_before: str | None
    not_after: str | None
    days_remaining: int | None
    percent_remaining: int | None
    expired: bool | None
    fingerprint_sha256: str | None
    fingerprint_sha1: str | None


class TruststoreView(t.TypedDict):
    """What the gateways of an environment trust, sorted by alias. C(source) is C(workers) or C(manager)."""

    environment: str
    source: str
    certificates: list[TrustedCertificateView]


def certificate(
    stored: StoredCertificate | None, now: datetime, *, desired: Bundle | None = None, with_content: bool = False
) -> CertificateView | None:
    """Return the view of a certificate, or None if there is none. See C(stored_certificate)."""
    return None if stored is None else stored_certificate(stored, now, desired=desired, with_content=with_content)


def stored_certificate(
    stored: StoredCertificate,
    now: datetime,
    *,
    desired: Bundle | None = None,
    with_content: bool = False,
    with_chain: bool = False,
) -> CertificateView:
    """Return the view of a certificate.

    :arg now: the time that C(days_remaining), C(percent_remaining) and C(expired) refer to.
    :arg desired: of duplicate entries of an environment, show the one with this certificate.
    :arg with_content: add the PEM of each environment.
    :arg with_chain: add the issuers that are stored with the certificate.
    """
    environments: list[EnvironmentView] = []
    for environment in stored.environments:
        entry = stored.entry_of(environment, desired)
        if entry is not None:
            view = entry_values(entry, now, len(stored.entries_of(environment)))
            if with_content:
                view["content"] = entry.bundle.pem if entry.bundle else None
            if with_chain:
                view["chain"] = _chain(entry)
            environments.append(view)
    return {
        "project": stored.project,
        "name": stored.name,
        "description": stored.description,
        "environments": environments,
    }


def _chain(entry: Entry) -> list[ChainView]:
    return [
        {"subject": one.subject, "issuer": one.issuer, "fingerprint_sha256": one.fingerprint_sha256}
        for one in (entry.bundle.issuers if entry.bundle else ())
    ]


def entry_values(entry: Entry, now: datetime, entries: int) -> EnvironmentView:
    """Return the view of one environment of a certificate.

    :arg now: the time that C(days_remaining), C(percent_remaining) and C(expired) refer to.
    :arg entries: the number of entries that the manager lists for the environment.
    """
    leaf = entry.leaf
    left = remaining(entry.not_before, entry.not_after, now)
    return {
        "name": entry.environment,
        "alias": entry.alias,
        "subject": entry.subject,
        "issuer": leaf.issuer if leaf else None,
        "serial_number": leaf.serial_number if leaf else None,
        "not_before": iso(entry.not_before) if entry.not_before else None,
        "not_after": iso(entry.not_after) if entry.not_after else None,
        "days_remaining": left.days,
        "percent_remaining": left.percent,
        "expired": entry.not_after < now if entry.not_after else None,
        "fingerprint_sha256": leaf.fingerprint_sha256 if leaf else None,
        "fingerprint_sha1": entry.fingerprint_sha1,
        "public_key_sha256": leaf.public_key_sha256 if leaf else None,
        "entries": entries,
    }


def truststore(found: Truststore, now: datetime) -> TruststoreView:
    """Return the view of a truststore.

    :arg now: the time that C(days_remaining), C(percent_remaining) and C(expired) refer to.
    """
    keys = tuple(TrustedCertificateView.__annotations__)
    views = ({**entry_values(entry, now, 1)} for entry in found.entries)
    certificates = [t.cast(TrustedCertificateView, {key: view[key] for key in keys}) for view in views]
    certificates.sort(key=lambda one: (one["alias"] or "", one["fingerprint_sha1"] or ""))
    return {"environment": found.environment, "source": found.source, "certificates": certificates}


def gateway(found: Gateway) -> GatewayView:
    """Return the view of what the gateways of an environment hold."""
    return t.cast(GatewayView, asdict(found))


class Held(t.NamedTuple):
    """The SHA-256 fingerprints of what the gateways hold before and after an operation, by environment.

    They are None if the gateways hold no such certificate, or if that is unknown.
    """

    before: t.Mapping[str, str | None]
    after: t.Mapping[str, str | None]


def diff(
    header: str, before: CertificateView | None, after: CertificateView | None, held: Held | None = None
) -> dict[str, t.Any]:
    """Return the differences that Ansible shows, built from the meaning of the certificates and not from their text.

    :arg header: the header of both sides.
    :arg held: what the gateways hold; None if they were not asked before the operation.
    """
    previous = {environment["name"]: environment for environment in before["environments"]} if before else {}
    return {
        "before_header": header,
        "after_header": header,
        "before": _diff_side(before, held.before if held else {}),
        "after": _diff_side(after, held.after if held else {}, previous),
    }


def key_change(before: t.Mapping[str, t.Any] | None, after: t.Mapping[str, t.Any] | None) -> str | None:
    """Return whether a certificate that replaces another one has its public key: C(kept), C(new), or None if unknown.

    :arg before, after: views of the two, C(EnvironmentView) or the like; None without a certificate.
    """
    keys = [(view or {}).get("public_key_sha256") for view in (before, after)]
    if None in keys:
        return None
    return "kept" if keys[0] == keys[1] else "new"


def _diff_side(
    view: CertificateView | None,
    held: t.Mapping[str, str | None],
    previous: t.Mapping[str, EnvironmentView] | None = None,
) -> dict[str, t.Any]:
    """What the manager stores and the gateways hold, without anything that changes with time.

    :arg previous: what this side replaces, by environment. Where it is another certificate, C(key) says if its key is kept.
    """
    if view is None:
        return {}

    def key(environment: EnvironmentView) -> dict[str, str]:
        before = (previous or {}).get(environment["name"])
        same = before is not None and before["fingerprint_sha256"] == environment["fingerprint_sha256"]
        change = None if same else key_change(before, environment)
        return {"key": change} if change else {}

    return {
        "description": view["description"],
        "environments": {
            environment["name"]: {
                "alias": environment["alias"],
                "subject": environment["subject"],
                "issuer": environment["issuer"],
                "serial_number": environment["serial_number"],
                "not_before": environment["not_before"],
                "not_after": environment["not_after"],
                "fingerprint_sha256": environment["fingerprint_sha256"],
                "entries": environment["entries"],
                **key(environment),
                **({"gateway_fingerprint_sha256": held[environment["name"]]} if environment["name"] in held else {}),
            }
            for environment in view["environments"]
        },
    }


def deployment(result: Deployment | None) -> DeploymentView | None:
    """Return the view of a deployment, or None if nothing was written."""
    if result is None:
        return None
    return {
        "success": False if result.failed else result.success,
        "message": result.message,
        "environments": [
            {"name": environment.name, "success": environment.success, "message": environment.message}
            for environment in result.environments
        ],
    }
