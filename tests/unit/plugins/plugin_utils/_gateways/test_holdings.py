# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways hold of a certificate, in place of what the record contains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry, StoredCertificate, Truststore
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.holdings import as_gateways_hold

Held = Callable[..., StoredCertificate]


class Gateways:
    """Truststores by environment; `asked` are the requests."""

    def __init__(self, **held: list[tuple[str, Bundle]]) -> None:
        self.held = held
        self.asked: list[tuple[str, str]] = []

    def __call__(self, project: str, environment: str) -> Truststore:
        self.asked.append((project, environment))
        entries = tuple(Entry(environment, alias, bundle) for alias, bundle in self.held[environment])
        return Truststore(environment, "workers", entries)


def fingerprints(stored: StoredCertificate) -> dict[str, Any]:
    return {entry.environment: entry.leaf and entry.leaf.fingerprint_sha256 for entry in stored.entries}


def test_what_the_gateways_hold_under_the_alias_is_returned(held: Held, old: Bundle, new: Bundle) -> None:
    gateways = Gateways(staging=[("other", new), ("WEB-ALIAS", old)], production=[("web-alias", new)])

    found, sources = as_gateways_hold(held({"staging": new, "production": new}), None, gateways)

    assert fingerprints(found) == {
        "production": new.leaf.fingerprint_sha256,
        "staging": new.leaf.fingerprint_sha256,
    }, "the same certificate under another alias counts"
    assert sources == {"production": "workers", "staging": "workers"}
    assert gateways.asked == [("MyProject", "production"), ("MyProject", "staging")]


def test_a_stale_certificate_is_returned_as_it_is(held: Held, old: Bundle, new: Bundle) -> None:
    found, _sources = as_gateways_hold(held({"staging": new}), None, Gateways(staging=[("Web-Alias", old)]))
    assert fingerprints(found) == {"staging": old.leaf.fingerprint_sha256}


def test_only_the_chosen_environment_is_asked(held: Held, new: Bundle) -> None:
    gateways = Gateways(staging=[("web-alias", new)])
    found, sources = as_gateways_hold(held({"staging": new, "production": new}), "staging", gateways)
    assert (found.environments, sources) == (("staging",), {"staging": "workers"})
    assert gateways.asked == [("MyProject", "staging")]


def test_an_environment_that_the_record_does_not_have_is_not_asked(held: Held, new: Bundle) -> None:
    gateways = Gateways()
    stored = held({"staging": new})
    assert as_gateways_hold(stored, "production", gateways) == (stored, {})
    assert gateways.asked == []


def test_a_missing_certificate_is_an_error(held: Held, old: Bundle, new: Bundle) -> None:
    with pytest.raises(
        InputError,
        match=r"^source: the gateways of staging do not hold certificate MyProject/web\. .* use source=record$",
    ):
        as_gateways_hold(held({"staging": new}), None, Gateways(staging=[("other", old)]))
