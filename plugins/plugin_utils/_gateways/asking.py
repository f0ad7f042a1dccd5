# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the gateways of all environments that hold certificates, with one request for each environment."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import run_truststore_info_operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.states import (
    Answer,
    answer_of,
    projects_to_ask,
)


def ask_environments(
    api: CertificateApi, certificates: Iterable[Mapping[str, t.Any]], *, now: datetime
) -> dict[str, Answer]:
    """Return the answer of each environment. A truststore that cannot be read is an answer as well.

    :arg certificates: as C(apinizer_certificate_info) returns them, of any number of projects.
    """
    return {
        environment: _ask(api, project, environment, now)
        for environment, project in projects_to_ask(certificates).items()
    }


def _ask(api: CertificateApi, project: str, environment: str, now: datetime) -> Answer:
    try:
        (found,) = run_truststore_info_operation(api, project, frozenset((environment,)), now=now)
    except RequestError as exc:
        return Answer(reason=str(exc))
    return answer_of(found["certificates"])
