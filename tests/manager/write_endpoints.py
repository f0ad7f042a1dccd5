# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints that write certificates. They validate everything before they write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from . import certificates, payloads
from .access import permitted_project
from .certificates import Submission
from .context import Context, Outcome
from .deployment import Deployment
from .errors import ApiError, HttpError, Problem
from .http_types import json_response
from .import_archive import is_archive, read_archive, read_mapping
from .jwks import after_delete, after_update, deletes_jwks, update_policy
from .lookup import certificate_of
from .model import API_MANAGER, Permission
from .pem import PrivateKeyFound, UnusableFile, Upload, read_pem, read_pem_or_der
from .request_parser import MULTIPART


def create_certificate(context: Context) -> Outcome:
    """POST projects/{p}/certificates/."""
    _require_multipart(context)
    project = permitted_project(context, Permission.MANAGE, Permission.DEPLOY)
    new = _submission(context, project, _value(context, "certificateName"))
    if new.key in context.installation.state.certificates:
        raise ApiError(Problem.CERTIFICATE_EXISTS, new.key[1])
    _check_targets(context, new)
    return _deployed(context, certificates.create(context.installation, new, context.failing))


def update_certificate(context: Context) -> Outcome:
    """PUT projects/{p}/certificates/{c}/."""
    _require_multipart(context)
    project = permitted_project(context, Permission.MANAGE, Permission.DEPLOY)
    new = _submission(context, project, context.names["certificate"])
    if new.key not in context.installation.state.certificates:
        raise ApiError(Problem.CERTIFICATE_MISSING, new.key[1])
    _check_targets(context, new)
    policy = update_policy(context.dialect, context.request.query)
    deployment = certificates.update(context.installation, new, context.failing, duplicates=context.options.duplicates)
    state = context.installation.state
    certificate = state.certificates[new.key]
    after_update(state, certificate, certificate.entries[-1].der, policy)
    return _deployed(context, deployment)


def delete_certificate(context: Context) -> Outcome:
    """DELETE projects/{p}/certificates/{c}/."""
    project = permitted_project(context, Permission.MANAGE, Permission.DEPLOY)
    state = context.installation.state
    certificate = certificate_of(context, project)
    with_jwks = deletes_jwks(context.dialect, context.request.query)
    deployment = certificates.delete(context.installation, certificate.key, context.failing)
    after_delete(state, certificate, delete=with_jwks)
    return _deployed(context, deployment)


def import_certificate_file(context: Context) -> Outcome:
    """POST projects/{p}/certificates/import-file/. Whether it deploys, and reports the result, are traits."""
    _require_multipart(context)
    project = permitted_project(context, Permission.IMPORT)
    name = _value(context, "certificateName")
    uploads, left_out = _uploads_to_import(context, name)
    new = Submission(
        key=(project, name),
        alias=_value(context, "alias"),
        description=context.request.form.fields.get("certificateDescription", ""),
        uploads=uploads,
    )
    _check_targets(context, new)
    deployment = certificates.import_file(
        context.installation, new, context.failing, deploys=context.options.import_deploys
    )
    body: payloads.Json = {"status": "SUCCESS"}
    unresolved = [*context.options.unresolved_references, *left_out]
    if unresolved:
        body["unresolvedReferences"] = unresolved
    if context.options.import_reports_deployment:
        body |= payloads.deployment_fields(deployment, context.options)
    return Outcome(json_response(body), applied=True)


def _deployed(context: Context, deployment: Deployment) -> Outcome:
    return Outcome(json_response(payloads.deployed(deployment, context.options)), applied=True)


def _require_multipart(context: Context) -> None:
    if context.request.content_type != MULTIPART:
        raise HttpError(415)


def _submission(context: Context, project: str, name: str) -> Submission:
    """Read the form of create and update, whose fields are all required."""
    return Submission(
        key=(project, name),
        alias=_value(context, "alias"),
        description=_value(context, "certificateDescription"),
        uploads=dict.fromkeys(_environments(context), _upload(context, "pemEncodedFile")),
    )


def _value(context: Context, name: str) -> str:
    value = context.request.form.fields.get(name, "")
    if not value.strip():
        raise ApiError(Problem.VALUE_EMPTY, name)
    return value


def _environments(context: Context) -> tuple[str, ...]:
    """Split `environmentList` at commas. Spaces belong to a name, and a repeated name counts once."""
    return tuple(dict.fromkeys(_value(context, "environmentList").split(",")))


def _uploads_to_import(context: Context, name: str) -> tuple[dict[str, Upload], list[str]]:
    """Return the certificate of each environment to import, and the reasons for which others are omitted.

    A single file is for all environments of `environmentList`, which is ignored for an archive.
    """
    content = _file(context, "certificateFile")
    if not is_archive(content):
        return dict.fromkeys(_environments(context), _upload(context, "certificateFile")), []
    mapping = read_mapping(context.request.form.fields.get("environmentMapping", ""))
    with _file_problems("certificateFile"):
        return read_archive(content, name, mapping)


def _upload(context: Context, name: str) -> Upload:
    read = read_pem_or_der if name == "certificateFile" else read_pem
    content = _file(context, name)
    with _file_problems(name):
        upload = read(content)
    return upload if context.dialect.keeps_chain else upload.leaf_only()


def _file(context: Context, name: str) -> bytes:
    part = context.request.form.files.get(name)
    if part is None or not part.content:
        raise ApiError(Problem.VALUE_EMPTY, name)
    return part.content


@contextmanager
def _file_problems(name: str) -> Iterator[None]:
    """Raise ApiError for a file that cannot be used."""
    try:
        yield
    except PrivateKeyFound as error:
        raise ApiError(Problem.PRIVATE_KEY, name) from error
    except UnusableFile as error:
        raise ApiError(Problem.FILE_INVALID, name) from error


def _check_targets(context: Context, new: Submission) -> None:
    """Raise ApiError unless every environment exists and the alias is unused there."""
    state = context.installation.state
    project = new.key[0]
    for environment in new.environments:
        if environment != API_MANAGER and environment not in state.environments[project]:
            raise ApiError(Problem.ENVIRONMENT_MISSING, environment)
    every = context.options.alias_scope == "environment"
    for other in state.certificates.values() if every else state.certificates_of(project):
        taken = {entry.environment for entry in other.entries if entry.alias == new.alias}
        if other.key != new.key and taken.intersection(new.environments):
            raise ApiError(Problem.ALIAS_USED, new.alias)
