# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import Marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import read_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.companions import abandoned
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.findings import find

NOW = datetime(2026, 11, 26, tzinfo=timezone.utc)


def listed(name: str, sha1: str, *, of: str = "", days: float = 3, environment: str = "production") -> dict[str, Any]:
    description = Marker(of, NOW - timedelta(days=days)).added_to("Partner") if of else "Partner"
    entry = {"name": environment, "fingerprint_sha1": sha1}
    return {"project": "MyProject", "name": name, "description": description, "environments": [entry]}


def reason(*certificates: dict[str, Any]) -> str:
    """Why the companion, the first of the certificates, was abandoned."""
    read = read_certificates(list(certificates))
    entries, message = abandoned(read[0], {(one.project, one.name): one for one in read}, NOW)
    assert [entry.environment for entry in entries] == (["production"] if entries else [])
    return message if entries else ""


def test_an_overlap_that_is_under_way_is_no_finding() -> None:
    assert not reason(listed("web-next", "02", of="web"), listed("web", "01"))
    assert not reason(listed("web", "01"), listed("web-next", "02", of="web"))


@pytest.mark.parametrize(
    ("others", "days", "why"),
    [
        ([], 3, "that certificate does not exist"),
        ([listed("web", "01", environment="staging")], 3, "that certificate is not in production"),
        ([listed("web", "02")], 3, "that certificate holds the same content already"),
        ([listed("web", "01")], 61, "the overlap is older than 60 days"),
    ],
)
def test_a_companion_without_a_purpose_was_abandoned(others: list[dict[str, Any]], days: int, why: str) -> None:
    since = f"{NOW - timedelta(days=days):%Y-%m-%d} 00:00:00 UTC"

    assert reason(listed("web-next", "02", of="web", days=days), *others) == (
        f"Companion of web since {since}, and {why}. Run the rotation again with certificate_rotation_strategy=overlap, or "
        "delete the companion."
    )


def test_it_is_a_finding_of_the_audit() -> None:
    (finding,) = find(read_certificates([listed("web-next", "02", of="web")]), None)

    assert (finding["kind"], finding["name"], finding["environments"]) == (
        "abandoned_companion",
        "web-next",
        ["production"],
    )
