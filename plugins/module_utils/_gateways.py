# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the gateways whether they hold what the manager's record contains.

The record, the reported deployment, and what the gateways hold can differ: an import may be stored without being deployed.
"""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT, CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import TruststoreUnavailableError, join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry, Gateway
from ansible_collections.apinizer.apiops.plugins.module_utils._result import DeploymentView
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls

CONFIRMED, STALE, MISSING, UNKNOWN = "confirmed", "stale", "missing", "unknown"
UNDEPLOYED = (STALE, MISSING)
"""The states of gateways that do not hold what they should."""

VERIFY_MODES = ("auto", "required", "never")

# Seconds. A deployment takes some seconds to reach all workers.
DEFAULT_TIMEOUT = 10.0
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 4.0


def unreported(deployment: DeploymentView | None, environments: t.Iterable[str]) -> list[str]:
    """Return the environments whose deployment the manager did not report.

    :arg deployment: the return value of the module; None if the response with it was lost.
    """
    if deployment is None or deployment["success"] is None:
        return list(environments)
    reported = {environment["name"] for environment in deployment["environments"]}
    return [name for name in environments if name not in reported]


class Trusted(t.NamedTuple):
    """A certificate under an alias, as far as a truststore or the record tells. Fingerprints are lower-case hex digits."""

    alias: str | None
    fingerprint_sha256: str | None
    fingerprint_sha1: str | None

    @classmethod
    def of_entry(cls, entry: Entry) -> Trusted:
        """Return an entry of the record, or of a truststore."""
        return cls(entry.alias, entry.leaf.fingerprint_sha256 if entry.leaf else None, entry.fingerprint_sha1)

    @classmethod
    def of(cls, view: t.Mapping[str, t.Any]) -> Trusted:
        """Return the same, from the values that the modules return for an entry."""
        return cls(view["alias"], view["fingerprint_sha256"], view["fingerprint_sha1"])

    def is_same(self, other: Trusted) -> bool:
        """Whether both are the same certificate. SHA-1 only decides where one of them has no content."""
        if self.fingerprint_sha256 and other.fingerprint_sha256:
            return self.fingerprint_sha256 == other.fingerprint_sha256
        return self.fingerprint_sha1 is not None and self.fingerprint_sha1 == other.fingerprint_sha1


def compare(environment: str, held: t.Sequence[Trusted], expected: Trusted) -> Gateway:
    """Compare what the gateways of an environment hold with what they should hold.

    Java truststores do not distinguish upper and lower case in aliases. A certificate under another alias is trusted as
    well, so it counts as confirmed.
    """
    same = [one for one in held if one.is_same(expected)]
    alias = _folded(expected.alias)
    under_alias = next((one for one in held if _folded(one.alias) == alias), None)
    if same:
        sha256 = expected.fingerprint_sha256 or same[0].fingerprint_sha256
        if any(_folded(one.alias) == alias for one in same):
            return Gateway(environment, CONFIRMED, sha256)
        other = "" if under_alias is None else f", while the alias {under_alias.alias} holds another certificate"
        return Gateway(environment, CONFIRMED, sha256, f"found under the alias {same[0].alias}{other}")
    if under_alias is not None:
        return Gateway(environment, STALE, under_alias.fingerprint_sha256)
    return Gateway(environment, MISSING)


def ask(api: CertificateApi, project: str, expected: t.Sequence[Entry]) -> list[Gateway]:
    """Ask the gateways of each entry's environment once."""
    gateways = []
    for entry in expected:
        try:
            truststore = api.truststore(project, entry.environment)
            held = [Trusted.of_entry(one) for one in truststore.entries]
            gateways.append(compare(entry.environment, held, Trusted.of_entry(entry)))
        except TruststoreUnavailableError as exc:
            gateways.append(Gateway(entry.environment, UNKNOWN, reason=str(exc)))
    return gateways


def ask_until_confirmed(
    api: CertificateApi, project: str, expected: t.Sequence[Entry], timeout: float
) -> list[Gateway]:
    """Ask the gateways until each holds its entry, or is unknown, but not longer than the timeout in seconds."""
    found = {gateway.name: gateway for gateway in ask(api, project, expected)}
    for delay in delays(timeout):
        pending = [entry for entry in expected if found[entry.environment].state in UNDEPLOYED]
        if not pending:
            break
        api.client.sleep(delay)
        found.update({gateway.name: gateway for gateway in ask(api, project, pending)})
    return list(found.values())


def delays(timeout: float) -> t.Iterator[float]:
    """Yield the seconds to wait before each further attempt, with backoff, until the timeout is used up."""
    delay, left = _FIRST_DELAY, timeout
    while left > 0:
        yield min(delay, left)
        left -= delay
        delay = min(delay * 2, _LONGEST_DELAY)


def deployment_unknown_warning(name: str, environments: t.Iterable[str]) -> str:
    """Return the warning for a write whose deployment the manager did not report, and the gateways were not asked.

    :arg name: the name of the certificate.
    :arg environments: the environments that were written.
    """
    return (
        f"The manager stored certificate {name} in {', '.join(environments)}, but did not report the deployment. To check "
        "what the gateways hold, run again with verify_gateways=required, or read their truststores with "
        "apinizer_truststore_info"
    )


def unknown_message(name: str, gateways: t.Sequence[Gateway], *, written: bool) -> str:
    """Describe the gateways whose state is unknown.

    :arg written: whether the record was written before they were asked.
    """
    names = ", ".join(gateway.name for gateway in gateways)
    reasons = dict.fromkeys(gateway.reason for gateway in gateways if gateway.reason)
    if written:
        return join_sentences(
            f"The manager stored certificate {name} in {names}, but whether the gateways there hold it is unknown",
            *reasons,
        )
    return join_sentences(f"Whether the gateways of {names} hold certificate {name} is unknown", *reasons)


def unknown_lines(gateways: t.Iterable[Gateway]) -> list[str]:
    """Say which gateways could not be asked, of any number of certificates, with one line for each cause.

    The pseudo-environment of the manager itself is left out, because no request can ask it.
    """
    causes: dict[str, dict[str, str]] = {}
    for gateway in gateways:
        if gateway.state == UNKNOWN and gateway.name != PSEUDO_ENVIRONMENT:
            # Messages about several environments differ in the name of the environment only.
            cause = (gateway.reason or "").replace(gateway.name, "")
            causes.setdefault(cause, {})[gateway.name] = gateway.reason or "no reason is known"
    return [
        escape_controls(
            join_sentences(f"What the gateways of {', '.join(sorted(names))} hold is unknown", names[min(names)])
        )
        for names in causes.values()
    ]


def found_instead(gateway: Gateway) -> str:
    """Describe what the gateways of an environment hold instead of the certificate of the record."""
    if gateway.state != STALE:
        return f"those of {gateway.name} do not hold it"
    return f"those of {gateway.name} hold {_shown(gateway)} instead"


def undeployed_message(name: str, gateways: t.Sequence[Gateway], operation: str) -> str:
    """Describe the gateways that do not hold what the manager's record contains, and what to do.

    :arg operation: the operation that wrote the record, or C(none).
    """
    held: dict[str, list[str]] = {}
    for gateway in gateways:
        held.setdefault(_shown(gateway) if gateway.state == STALE else "", []).append(gateway.name)
    found = "; ".join(
        f"{', '.join(names)} "
        + (
            f"{'holds' if len(names) == 1 else 'hold'} {other} under its alias"
            if other
            else f"{'does' if len(names) == 1 else 'do'} not hold it"
        )
        for other, names in held.items()
    )
    return join_sentences(
        f"The manager's record contains certificate {name}, but its gateways do not hold it: {found}",
        _STORED_ONLY if operation == "import" else _NOT_DEPLOYED,
    )


_STORED_ONLY = (
    "Most likely, this manager stores imported certificates without deploying them; otherwise, the deployment failed, or takes "
    "longer than verify_gateways_timeout. To deploy the certificate, update all its environments at once: run again with "
    "verify_gateways=required and without environments and unlisted_environments; with the role certificate_rotation or the "
    "playbook restore, use a single wave and the strategy replace as well"
)
_NOT_DEPLOYED = (
    "The deployment may still be in progress, or has failed without being reported. Check the environment in the "
    "manager's console, then run again with verify_gateways=required"
)


def _shown(gateway: Gateway) -> str:
    return f"SHA-256 {gateway.fingerprint_sha256}" if gateway.fingerprint_sha256 else "another certificate"


def _folded(alias: str | None) -> str:
    return (alias or "").casefold()
