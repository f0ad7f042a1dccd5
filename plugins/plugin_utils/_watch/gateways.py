# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events about gateways that do not hold the certificate of the record, and about those that hold it again. Pure.

A state that is unknown neither is an event nor changes what was reported before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, UNDEPLOYED, found_instead
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import EnvironmentEntry
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.events import (
    Event,
    EventDetails,
    certificate_details,
    make_certificate_event,
)


def gateway_events(
    manager: str,
    at: datetime,
    certificate: tuple[str, str],
    reported: Collection[str],
    entries: Iterable[EnvironmentEntry],
) -> Iterator[Event]:
    """Build one event for all environments with the same certificate in the record and the same one at the gateways.

    :arg certificate: project and name.
    :arg reported: the environments whose gateways are reported not to hold the certificate.
    """
    stale: dict[tuple[str | None, str, str | None], list[tuple[EnvironmentEntry, Gateway]]] = {}
    confirmed: dict[str | None, list[EnvironmentEntry]] = {}
    for entry in entries:
        gateway = entry.gateway
        if gateway and gateway.state in UNDEPLOYED and entry.environment not in reported:
            group = (entry.fingerprint_sha1, gateway.state, gateway.fingerprint_sha256)
            stale.setdefault(group, []).append((entry, gateway))
        elif gateway and gateway.state == CONFIRMED and entry.environment in reported:
            confirmed.setdefault(entry.fingerprint_sha1, []).append(entry)
    for pairs in stale.values():
        entry, gateway = pairs[0]
        names = [one.environment for one, _gateway in pairs]
        found = "; ".join(found_instead(one) for _entry, one in pairs)
        details: EventDetails = {
            **certificate_details(entry),
            "gateway_state": gateway.state,
            "gateway_fingerprint_sha256": gateway.fingerprint_sha256,
        }
        text = f"the gateways do not hold the certificate of the record: {found}"
        yield make_certificate_event("gateway_stale", manager, at, certificate, names, text, details)
    for held in confirmed.values():
        names = [one.environment for one in held]
        text = "the gateways hold the certificate of the record"
        details = certificate_details(held[0])
        yield make_certificate_event("gateway_confirmed", manager, at, certificate, names, text, details)


def stale_environments(
    reported: Iterable[str], known: Collection[str], entries: Mapping[str, EnvironmentEntry]
) -> tuple[str, ...]:
    """Return the environments whose gateways are reported not to hold the certificate after a reading.

    :arg reported: those before the reading.
    :arg known: the environments that have not been forgotten.
    :arg entries: the entries of the reading, by environment.
    """
    states = {name: entry.gateway for name, entry in entries.items() if entry.gateway}
    kept = [name for name in reported if name in known and not (name in states and states[name].state == CONFIRMED)]
    return tuple(sorted({*kept, *(name for name, gateway in states.items() if gateway.state in UNDEPLOYED)}))
