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


def compare(environment: str, held: t.Sequence[Trusted], expected: Trusted, source: str | None = None) -> Gateway:
    """Compare what the gateways of an environment hold with what they should hold.

    Java truststores do not distinguish upper and lower case in aliases. A certificate under another alias is trusted as
    well, so it counts as confirmed.

    :arg source: where the truststore was read, see C(Truststore).
    """
    same = [one for one in held if one.is_same(expected)]
    alias = folded(expected.alias)
    under_alias = next((one for one in held if folded(one.alias) == alias), None)
    if same:
        sha256 = expected.fingerprint_sha256 or same[0].fingerprint_sha256
        if any(folded(one.alias) == alias for one in same):
            return Gateway(environment, CONFIRMED, sha256, source=source)
        other = "" if under_alias is None else f", while the alias {under_alias.alias} holds another certificate"
        return Gateway(environment, CONFIRMED, sha256, f"found under the alias {same[0].alias}{other}", source)
    if under_alias is not None:
        return Gateway(environment, STALE, under_alias.fingerprint_sha256, source=source)
    return Gateway(environment, MISSING, source=source)


def compare_deleted(environment: str, held: t.Sequence[Trusted], deleted: Trusted, source: str | None) -> Gateway:
    """Compare what the gateways of an environment hold with a certificate that they should no longer hold.

    Only its entry counts, which is the one with its alias: the same certificate under another alias may belong to another
    project, or be a public certificate authority.

    :arg source: as for C(compare).
    """
    alias = folded(deleted.alias)
    under_alias = next((one for one in held if folded(one.alias) == alias), None)
    if under_alias is not None and under_alias.is_same(deleted):
        return Gateway(environment, STALE, under_alias.fingerprint_sha256, source=source)
    same = next((one for one in held if one.is_same(deleted)), None)
    reason = None
    if same is not None:
        reason = f"the same certificate is still trusted under the alias {same.alias}"
    elif under_alias is not None:
        reason = f"the alias {under_alias.alias} holds another certificate"
    return Gateway(environment, CONFIRMED, None, reason, source)


class Reply(t.NamedTuple):
    """The answer for one environment.

    :arg maybe_empty: whether the truststore cannot be read, which may just mean that it is empty.
    :arg alone: whether the truststore contains nothing but a certificate that is to be deleted.
    """

    gateway: Gateway
    maybe_empty: bool = False
    alone: bool = False


def ask(api: CertificateApi, project: str, entries: t.Sequence[Entry], *, deleted: bool = False) -> list[Reply]:
    """Ask the gateways of each entry's environment once.

    :arg deleted: whether they should no longer hold the entries.
    """
    replies = []
    for entry in entries:
        trusted, judge = Trusted.of_entry(entry), compare_deleted if deleted else compare
        try:
            truststore = api.truststore(project, entry.environment)
        except TruststoreUnavailableError as exc:
            unknown = Gateway(entry.environment, UNKNOWN, reason=str(exc))
            replies.append(Reply(unknown, maybe_empty=exc.maybe_empty))
            continue
        held = [Trusted.of_entry(one) for one in truststore.entries]
        gateway = judge(entry.environment, held, trusted, truststore.source)
        replies.append(Reply(gateway, alone=deleted and all(one.is_same(trusted) for one in held)))
    return replies


def ask_until_confirmed(
    api: CertificateApi, project: str, entries: t.Sequence[Entry], timeout: float, *, deleted: bool = False
) -> list[Reply]:
    """Ask the gateways until each is as it should be, or unknown, but not longer than the timeout in seconds.

    :arg deleted: whether they should no longer hold the entries.
    """
    found = {reply.gateway.name: reply for reply in ask(api, project, entries, deleted=deleted)}
    for delay in delays(timeout):
        pending = [entry for entry in entries if found[entry.environment].gateway.state in UNDEPLOYED]
        if not pending:
            break
        api.client.sleep(delay)
        found.update({reply.gateway.name: reply for reply in ask(api, project, pending, deleted=deleted)})
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


def required_message(option: str, unknown: t.Sequence[str], *remedies: str) -> str:
    """Return the message about gateways that must be asked, and cannot be, for a task that only reads.

    :arg option: the option or variable that requires it.
    :arg unknown: what C(unknown_lines) returned.
    """
    return join_sentences(f"{option}: required, but not possible", *unknown, *remedies)


def unknown_message(name: str, gateways: t.Sequence[Gateway], *, deleted: bool = False) -> str:
    """Return the message about gateways that could not be asked after a write, or after a deletion."""
    done, names = "deleted" if deleted else "stored", ", ".join(gateway.name for gateway in gateways)
    return join_sentences(
        f"The manager {done} certificate {name} in {names}, but its gateways could not be asked",
        *unknown_lines(gateways, with_manager=True),
    )


def unknown_lines(gateways: t.Iterable[Gateway], *, with_manager: bool = False) -> list[str]:
    """Say which gateways could not be asked, of any number of certificates, with one line for each cause.

    :arg with_manager: include the pseudo-environment of the manager itself, which no request can ask.
    """
    causes: dict[str, dict[str, str]] = {}
    for gateway in gateways:
        if gateway.state == UNKNOWN and (with_manager or gateway.name != PSEUDO_ENVIRONMENT):
            # Messages about several environments differ in the name of the environment only.
            cause = (gateway.reason or "").replace(gateway.name, "")
            causes.setdefault(cause, {})[gateway.name] = gateway.reason or "no reason is known"
    return [escape_controls(join_sentences(is_unknown(names), names[min(names)])) for names in causes.values()]


def is_unknown(environments: t.Iterable[str]) -> str:
    """Say of which environments it is unknown what the gateways hold, for whatever reason, without the last period."""
    return f"What the gateways of {', '.join(sorted(environments))} hold is unknown"


def found_instead(gateway: Gateway) -> str:
    """Describe what the gateways of an environment hold instead of the certificate of the record."""
    if gateway.state != STALE:
        return f"those of {gateway.name} do not hold it"
    return f"those of {gateway.name} hold {_shown(gateway)} instead"


def undeleted_message(name: str, gateways: t.Sequence[Gateway]) -> str:
    """Describe the gateways that still hold a certificate after it was deleted, and what to do."""
    return join_sentences(
        f"The manager deleted certificate {name}, but the gateways of {', '.join(one.name for one in gateways)} still hold it",
        "The removal may still be in progress, or has failed without being reported. Check the environment in the manager's "
        "console, and read its truststore with apinizer_truststore_info; running again changes nothing, because the manager's "
        "record no longer contains the certificate",
    )


def undeployed_message(name: str, gateways: t.Sequence[Gateway], operation: str) -> str:
    """Describe the gateways that do not hold what the manager's record contains.

    What to do about an import that was not deployed is the caller's to say, see C(IMPORT_NOT_DEPLOYED).

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
    "Most likely, this manager stores imported certificates without deploying them; otherwise, the deployment failed, or has "
    "not ended yet"
)
_NOT_DEPLOYED = (
    "The deployment may still be in progress, or has failed without being reported. Check the environment in the "
    "manager's console, then run again with verify_gateways=required"
)


def _shown(gateway: Gateway) -> str:
    return f"SHA-256 {gateway.fingerprint_sha256}" if gateway.fingerprint_sha256 else "another certificate"


def folded(alias: str | None) -> str:
    """Return an alias in the form in which two of them are compared: truststores do not distinguish upper and lower case."""
    return (alias or "").casefold()
