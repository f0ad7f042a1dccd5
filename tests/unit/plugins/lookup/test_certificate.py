# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which value the lookup selects, and which cases are errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError

from ansible_collections.apinizer.apiops.plugins.lookup.certificate import FIELDS, LookupModule, select_value
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

Held = Callable[..., StoredCertificate]


def test_every_field_has_a_value(held: Held, old: Bundle, now: datetime) -> None:
    stored = held({"staging": old})

    sources = {"staging": "workers"}
    values = {field: select_value(stored, field, None, now=now, sources=sources) for field in FIELDS}

    assert None not in values.values()
    assert values["content"] == old.pem
    assert values["fingerprint_sha256"] == old.leaf.fingerprint_sha256
    assert (values["days_remaining"], values["expired"], values["entries"]) == (213, False, 1)
    assert values["truststore_source"] == "workers"


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_environment_selects_the_certificate(
    held: Held, old: Bundle, new: Bundle, now: datetime, environment: str
) -> None:
    bundles = {"staging": old, "production": new}
    assert select_value(held(bundles), "content", environment, now=now) == bundles[environment].pem


def test_a_value_that_is_the_same_everywhere_needs_no_environment(
    held: Held, old: Bundle, new: Bundle, now: datetime
) -> None:
    stored = held({"staging": old, "production": new})

    assert select_value(stored, "subject", None, now=now) == old.leaf.subject
    with pytest.raises(
        InputError, match=r"^environment: must be set, .* MyProject/web is not the same in production, staging$"
    ):
        select_value(stored, "serial_number", None, now=now)


def test_the_newest_of_duplicate_entries_is_used(held: Held, old: Bundle, new: Bundle, now: datetime) -> None:
    stored = held({"staging": [new, old]})
    assert select_value(stored, "content", None, now=now) == new.pem
    assert select_value(stored, "entries", None, now=now) == 2


def test_an_environment_without_the_certificate_is_an_error(held: Held, old: Bundle, now: datetime) -> None:
    with pytest.raises(
        InputError, match=r"^environment: Staging does not hold certificate MyProject/web\. Use one of these: staging$"
    ):
        select_value(held({"staging": old}), "content", "Staging", now=now)


def test_a_certificate_without_environments_is_an_error(held: Held, now: datetime) -> None:
    for environment in (None, "staging"):
        with pytest.raises(ApinizerError, match=r"^No environment holds certificate MyProject/web$"):
            select_value(held({}), "content", environment, now=now)


def test_a_certificate_without_content_has_the_other_values(
    held: Held, without_content: Callable[[StoredCertificate], StoredCertificate], old: Bundle, now: datetime
) -> None:
    stored = without_content(held({"staging": old}))

    assert select_value(stored, "issuer", None, now=now) is None
    assert select_value(stored, "fingerprint_sha1", None, now=now) == old.leaf.fingerprint_sha1
    with pytest.raises(ApinizerError, match="does not return the content of certificate MyProject/web"):
        select_value(stored, "content", None, now=now)


def test_the_number_of_entries_is_a_value_of_the_record() -> None:
    with pytest.raises(AnsibleLookupError, match=r"^field: entries is a value of the record"):
        LookupModule().run(["web"], project="MyProject", field="entries", source="gateways")


def test_only_the_gateways_have_a_truststore() -> None:
    with pytest.raises(AnsibleLookupError, match=r"^field: truststore_source requires source=gateways$"):
        LookupModule().run(["web"], project="MyProject", field="truststore_source")


@pytest.mark.parametrize("terms", [[], [[]]])
def test_without_names_nothing_is_requested(terms: list[Any]) -> None:
    assert LookupModule().run(terms, project="MyProject") == []
