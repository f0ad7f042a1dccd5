# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The differences between the generations of the API, as one table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Generation = Literal["2024.09", "2025", "2026.04", "2026.09", "openapi"]
"""By release. `openapi` is 2026.09 with the deployment result of the vendor's openapi.yaml instead of that of the prose pages."""

Source = Literal["workers", "manager"]
"""Who tells what is in the truststore of an environment: its workers (a ZIP archive), or the manager (a JSON list)."""

Envelope = Literal["success", "status"]
"""`{"success": true, …}`, or `{"status": "SUCCESS", …, "resultCount": n}`."""


@dataclass(frozen=True)
class Dialect:
    """The properties of one generation, from the vendor's pages."""

    list_envelope: Envelope
    get_envelope: Envelope
    errors: Literal["oauth", "failure"]
    """`{"error", "error_description"}` with specific statuses, or `{"status": "FAILURE"}` with 400 and 401 only."""
    deployment: Literal["prose", "openapi"]
    jwk_parameters: Literal["none", "updateReferencedJwks", "jwkUpdateAction"]
    environment_types: tuple[str, str, str]
    """The type of an environment for production, for staging, and for anything else."""
    keeps_chain: bool
    """The manager stores and returns the whole PEM text. Other generations store the leaf and return its DER."""
    shows_description: bool
    shows_milliseconds: bool
    accepts_bare_token: bool
    token_expiry: Literal["seconds", "epoch milliseconds"]
    truststore: frozenset[Source]
    filters_export: bool
    """The export of a certificate can be limited to an environment."""


_D2024_09 = Dialect(
    list_envelope="status",
    get_envelope="status",
    errors="failure",
    deployment="prose",
    jwk_parameters="none",
    environment_types=("KUBERNETES", "KUBERNETES", "KUBERNETES"),
    keeps_chain=True,
    shows_description=False,
    shows_milliseconds=False,
    accepts_bare_token=True,
    token_expiry="epoch milliseconds",
    truststore=frozenset(),
    filters_export=False,
)
_D2025 = Dialect(
    list_envelope="success",
    get_envelope="success",
    errors="oauth",
    deployment="prose",
    jwk_parameters="updateReferencedJwks",
    environment_types=("KUBERNETES", "KUBERNETES", "KUBERNETES"),
    keeps_chain=False,
    shows_description=True,
    shows_milliseconds=True,
    accepts_bare_token=False,
    token_expiry="seconds",
    truststore=frozenset({"manager"}),
    filters_export=False,
)
_D2026_09 = Dialect(
    list_envelope="status",
    get_envelope="success",
    errors="failure",
    deployment="prose",
    jwk_parameters="jwkUpdateAction",
    environment_types=("PRODUCTION", "SANDBOX", "TEST"),
    keeps_chain=False,
    shows_description=True,
    shows_milliseconds=True,
    accepts_bare_token=False,
    token_expiry="seconds",
    truststore=frozenset({"workers", "manager"}),
    filters_export=True,
)
_D2026_04 = replace(_D2026_09, truststore=frozenset({"manager"}), filters_export=False)
_OPENAPI = replace(_D2026_09, deployment="openapi")

DIALECTS: dict[Generation, Dialect] = {
    "2024.09": _D2024_09,
    "2025": _D2025,
    "2026.04": _D2026_04,
    "2026.09": _D2026_09,
    "openapi": _OPENAPI,
}
