# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints that return certificates as ZIP archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from .access import permitted_project
from .context import Context, Outcome
from .errors import ApiError, Problem
from .http_types import HttpResponse, file_response
from .lookup import certificate_of, environment_of
from .model import Permission
from .pem import pem_of


def export_certificate(context: Context) -> Outcome:
    """GET projects/{p}/certificates/{c}/export/, or export-file/: the DER of each environment, from the record.

    An environment with several entries has one file, with the newest.
    """
    certificate = certificate_of(context, permitted_project(context, Permission.IMPORT))
    wanted = context.request.query.get("environmentName", "") if context.dialect.filters_export else ""
    if wanted and wanted not in certificate.environments:
        raise ApiError(Problem.ENVIRONMENT_MISSING, wanted)
    files = {
        f"{certificate.name}-{environment}.cer": certificate.entries_in(environment)[-1].der
        for environment in certificate.environments
        if wanted in ("", environment)
    }
    return Outcome(_archive(f"{certificate.name}-certificates.zip", files))


def export_truststore(context: Context) -> Outcome:
    """GET projects/{p}/certificates/truststore/{env}/export-file/: the PEM of each certificate that its workers trust.

    It is read from the workers. Answers the same if they cannot be reached and if they report nothing.
    """
    environment = environment_of(context, permitted_project(context, Permission.IMPORT))
    installation = context.installation
    truststore = installation.gateways.get(environment)
    if environment in installation.unreachable or truststore is None or not truststore.trusted:
        raise ApiError(Problem.TRUSTSTORE_UNAVAILABLE, environment)
    files = {f"{name}.cer": pem_of(der).encode() for name, der in truststore.by_name().items()}
    return Outcome(_archive(f"{environment}-truststore.zip", files))


def _archive(name: str, files: Mapping[str, bytes]) -> HttpResponse:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for filename, content in files.items():
            archive.writestr(filename, content)
    return file_response(name, buffer.getvalue())
