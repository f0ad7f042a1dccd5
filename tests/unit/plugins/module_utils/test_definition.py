# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleDefinition
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    InputError,
    OperationError,
    RequestError,
)

CONTEXT: Any = object()


def test_a_result_is_returned() -> None:
    definition = ModuleDefinition({}, lambda context, now: {"changed": True, "context": context, "zone": now.tzinfo})
    assert definition.run(CONTEXT) == {"changed": True, "context": CONTEXT, "zone": timezone.utc}


@pytest.mark.parametrize(
    ("error", "values"),
    [
        (InputError("path", "empty"), {"msg": "path: empty"}),
        (RequestError("HTTP 400", status=400), {"msg": "HTTP 400"}),
        (OperationError("HTTP 500", {"changed": True}), {"msg": "HTTP 500", "changed": True}),
    ],
)
def test_an_error_becomes_a_message_and_the_known_values(error: Exception, values: dict[str, Any]) -> None:
    def fail(_context: object, _now: object) -> dict[str, Any]:
        raise error

    assert ModuleDefinition({}, fail).run(CONTEXT) == {"failed": True, **values}
