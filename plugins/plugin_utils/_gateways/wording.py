# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways hold, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import STALE, UNKNOWN
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls


def found_instead(gateway: Gateway) -> str:
    """Describe what the gateways of an environment hold instead of the certificate of the record."""
    if gateway.state != STALE:
        return f"those of {gateway.name} do not hold it"
    found = f"SHA-256 {gateway.fingerprint_sha256}" if gateway.fingerprint_sha256 else "another certificate"
    return f"those of {gateway.name} hold {found} instead"


def unknown_lines(gateways: Iterable[Gateway]) -> list[str]:
    """Say which gateways could not be asked, one line for each cause.

    Nobody can ask the manager itself, so its pseudo-environment is left out.
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
