# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import Trusted
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.verification import Expected, ask

SHA256, OTHER = "a" * 64, "b" * 64


def access(**aliases: str) -> Any:
    """A manager whose workers hold certificates under these aliases."""
    held = [
        {"alias": alias, "fingerprint_sha256": sha256, "fingerprint_sha1": None} for alias, sha256 in aliases.items()
    ]
    store = {"source": "workers", "certificates": held}
    return SimpleNamespace(read_truststores=lambda projects: {name: {"truststores": [store]} for name in projects})


@pytest.mark.parametrize(
    ("held", "state", "reason"),
    [
        ({"web": SHA256, "WEB-Next": SHA256}, "confirmed", None),
        ({"other": SHA256, "web-next": SHA256}, "confirmed", "found under the alias other"),
        ({"web": OTHER, "web-next": SHA256}, "stale", None),
        ({"Web-Next": SHA256}, "missing", None),
    ],
)
def test_the_alias_of_a_companion_does_not_count(held: dict[str, str], state: str, reason: str | None) -> None:
    expected = Expected("p/web", "p", "prod", Trusted("web", SHA256, None), other_than="web-next")

    found = ask(access(**held), [expected])["p/web", "prod"]

    sha256 = {"confirmed": SHA256, "stale": OTHER, "missing": None}[state]
    assert found == Gateway("prod", state, sha256, reason, source="workers")
