# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.lookup.certificate import FIELDS, LookupModule, value_of
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

Held = Callable[..., StoredCertificate]


def test_every_field_has_a_value(held: Held, old: Bundle, now: datetime) -> None:
    stored = held({"staging": old})

    values = {field: value_of(stored, field, None, now=now) for field in FIELDS}

    assert None not in values.values()
    assert values["content"] == old.pem
    assert values["fingerprint_sha256"] == old.leaf.fingerprint_sha256
    assert (values["days_remaining"], values["expired"], values["entries"]) == (213, False, 1)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_environment_chooses(held: Held, old: Bundle, new: Bundle, now: datetime, environment: str) -> None:
    bundles = {"staging": old, "production": new}
    assert value_of(held(bundles), "content", environment, now=now) == bundles[environment].pem


def test_what_is_the_same_everywhere_needs_no_environment(held: Held, old: Bundle, new: Bundle, now: datetime) -> None:
    stored = held({"staging": old, "production": new})

    assert value_of(stored, "subject", None, now=now) == old.leaf.subject
    with pytest.raises(
        InputError, match=r"^environment: missing; .* MyProject/web is not the same in production, staging$"
    ):
        value_of(stored, "serial_number", None, now=now)


def test_the_newest_entry_speaks_for_an_environment(held: Held, old: Bundle, new: Bundle, now: datetime) -> None:
    stored = held({"staging": [new, old]})
    assert value_of(stored, "content", None, now=now) == new.pem
    assert value_of(stored, "entries", None, now=now) == 2


def test_an_environment_that_does_not_hold_it(held: Held, old: Bundle, now: datetime) -> None:
    with pytest.raises(InputError, match=r"^environment: Staging does not hold certificate MyProject/web; staging do"):
        value_of(held({"staging": old}), "content", "Staging", now=now)


def test_a_certificate_without_environments(held: Held, now: datetime) -> None:
    for environment in (None, "staging"):
        with pytest.raises(ApinizerError, match="MyProject/web is in no environment"):
            value_of(held({}), "content", environment, now=now)


def test_a_certificate_without_content(
    held: Held, without_content: Callable[[StoredCertificate], StoredCertificate], old: Bundle, now: datetime
) -> None:
    stored = without_content(held({"staging": old}))

    assert value_of(stored, "issuer", None, now=now) is None
    assert value_of(stored, "fingerprint_sha1", None, now=now) == old.leaf.fingerprint_sha1
    with pytest.raises(ApinizerError, match="does not send the content of certificate MyProject/web"):
        value_of(stored, "content", None, now=now)


@pytest.mark.parametrize("terms", [[], [[]]])
def test_no_names_give_nothing_and_ask_nobody(terms: list[Any]) -> None:
    assert LookupModule().run(terms, project="MyProject") == []
