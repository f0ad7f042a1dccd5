# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the registered results of the module apinizer_truststore_info. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.states import Answer, answer_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError

_EXPECTED = "truststores: must be the result of apinizer_truststore_info, or of a loop over it"


def read_results(value: object) -> dict[str, Answer]:
    """Read the result of a task, or of a task with a loop, as an answer for each environment.

    A result without C(truststores) is a task that failed. Its loop item tells the environment: it is the name, or a
    dictionary with the key C(environment).

    :raises ReportError: if it is anything else.
    """
    try:
        results = t.cast("dict[str, t.Any]", value).get("results", [value])
        return {environment: answer for result in results for environment, answer in _read_result(result)}
    except (AttributeError, KeyError, TypeError) as exc:
        raise ReportError(_EXPECTED) from exc


def _read_result(result: Mapping[str, t.Any]) -> list[tuple[str, Answer]]:
    if result.get("skipped"):
        return []
    if "truststores" in result:
        return [(one["environment"], answer_of(one["certificates"])) for one in result["truststores"]]
    item = result[result.get("ansible_loop_var", "item")]
    environment = item["environment"] if isinstance(item, Mapping) else item
    return [(str(environment), Answer(reason=str(result["msg"])))]
