# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON bodies of the API in every generation."""

from __future__ import annotations

import base64
import datetime
import functools
import http
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from .deployment import Deployment, EnvironmentResult
from .dialect import Dialect, Envelope
from .errors import ApiError, HttpError, Problem
from .http_types import HttpResponse, json_response
from .messages import DEPLOYMENTS, FAILED_DEPLOYMENTS, PROBLEMS, Language
from .model import Certificate, Entry, Environment, Jwk, Project
from .options import Options
from .pem import pem_of
from .truststore import Trusted

Json = dict[str, Any]

_OAUTH_ERRORS: dict[Problem, tuple[int, str]] = {
    Problem.TOKEN_MISSING: (401, "invalid_token"),
    Problem.TOKEN_INVALID: (401, "invalid_token"),
    Problem.TOKEN_EXPIRED: (401, "invalid_token"),
    Problem.PERMISSION_MISSING: (403, "forbidden"),
    Problem.PROJECT_MISSING: (404, "not_found"),
    Problem.PROJECT_HIDDEN: (403, "forbidden"),
    Problem.ENVIRONMENT_MISSING: (404, "not_found"),
    Problem.CERTIFICATE_MISSING: (404, "not_found"),
    Problem.CERTIFICATE_EXISTS: (409, "conflict"),
    Problem.ALIAS_USED: (409, "conflict"),
    Problem.VALUE_EMPTY: (400, "bad_request"),
    Problem.VALUE_INVALID: (400, "bad_request"),
    Problem.FILE_INVALID: (400, "bad_request"),
    Problem.PRIVATE_KEY: (400, "bad_request"),
    Problem.ARCHIVE_EMPTY: (400, "bad_request"),
    Problem.TRUSTSTORE_UNAVAILABLE: (400, "bad_request"),
}
_FIELD_PROBLEMS = {Problem.VALUE_EMPTY, Problem.VALUE_INVALID, Problem.FILE_INVALID, Problem.PRIVATE_KEY}
_TOKEN_PROBLEMS = {Problem.TOKEN_MISSING, Problem.TOKEN_INVALID, Problem.TOKEN_EXPIRED}


def result_list(envelope: Envelope, items: Sequence[Json], total: int | None = None) -> Json:
    """Return the body of a GET. `total` is the length of the list that `items` are a page of, if it has pages."""
    if envelope == "success":
        count = {} if total is None else {"resultCount": total}
        return {"success": True, "resultList": list(items), **count}
    return {"status": "SUCCESS", "resultList": list(items), "resultCount": len(items) if total is None else total}


def certificate(value: Certificate, dialect: Dialect, *, content: bool) -> Json:
    """Return a certificate, with or without its content."""
    entries = [_entry(entry, dialect, content=content) for entry in value.entries]
    description = {"description": value.description} if dialect.shows_description else {}
    return {"name": value.name, **description, "certificateEnvironmentList": entries}


def trusted_certificate(name: str, value: Trusted, environment: str, dialect: Dialect, *, content: bool) -> Json:
    """Return a certificate of a truststore, in the form of a certificate with one entry."""
    entry = Entry(environment, value.alias, pem_of(value.der), value.der)
    description = {"description": ""} if dialect.shows_description else {}
    entries = [_entry(entry, dialect, content=content)]
    return {"name": name, **description, "certificateEnvironmentList": entries}


def environment(value: Environment) -> Json:
    """Return an environment of a project."""
    return {
        "id": value.id,
        "name": value.name,
        "description": value.description,
        "type": value.type,
        "accessUrl": value.access_url,
        "status": value.status,
    }


def project(value: Project) -> Json:
    """Return a project."""
    return {"id": value.id, "name": value.name, "description": value.description}


def jwk(value: Jwk) -> Json:
    """Return a JWK as in the list, without key material."""
    return {"name": value.name, "sourceType": value.source_type, "sourceId": value.source_id, "kid": value.kid}


def deployed(deployment: Deployment, options: Options) -> Json:
    """Return the body of a create, update, or delete. It reports success even if the deployment failed."""
    result = deployment_fields(deployment, options)
    if "resultMessage" in result:
        return {"status": "SUCCESS", **result}
    if options.dialect.deployment == "openapi":
        message = DEPLOYMENTS[options.language][deployment.success]
        return {"status": "SUCCESS", "resultMessage": message, **result}
    return {"success": True, **result}


def deployment_fields(deployment: Deployment, options: Options) -> Json:
    """Return `deploymentResult`, and `resultMessage` if only that names the environments of a failed deployment."""
    if deployment.success or not options.failures_in_message:
        return {"deploymentResult": _deployment_result(deployment, options.dialect, options.language)}
    reason = DEPLOYMENTS[options.language][False]
    details = ", ".join(f"{result.environment}: {reason}" for result in deployment.results if not result.success)
    return {
        "resultMessage": FAILED_DEPLOYMENTS[options.language].format(details=details),
        "deploymentResult": {"success": False, "detailList": []},
    }


def _deployment_result(deployment: Deployment, dialect: Dialect, language: Language) -> Json:
    """Return the deployment result in the format of the prose pages or of openapi.yaml."""
    texts = DEPLOYMENTS[language]
    if dialect.deployment == "openapi":
        details = [_environment_detail(result, texts[result.success]) for result in deployment.results]
        return {"success": deployment.success, "detail": texts[deployment.success], "detailList": details}
    results = [
        {"environmentName": result.environment, "success": result.success, "message": texts[result.success]}
        for result in deployment.results
    ]
    return {"success": deployment.success, "message": texts[deployment.success], "environmentResults": results}


def api_error(error: ApiError, dialect: Dialect, language: Language) -> HttpResponse:
    """Return the response to a request that the API rejects."""
    text = PROBLEMS[language][error.problem].format(subject=error.subject)
    if dialect.errors == "failure":
        status = 401 if error.problem in _TOKEN_PROBLEMS else 400
        return json_response({"status": "FAILURE", "resultMessage": text}, status)
    status, code = _OAUTH_ERRORS[error.problem]
    body: Json = {"error": code, "error_description": text}
    if error.problem in _FIELD_PROBLEMS:
        body["validation_errors"] = [{"field": error.subject, "message": text}]
    return json_response(body, status)


def http_error(error: HttpError, path: str) -> HttpResponse:
    """Return the response to a request that the servlet container rejects, the same in every generation."""
    phrase = http.HTTPStatus(error.status).phrase
    return json_response({"status": error.status, "error": phrase, "path": path}, error.status)


def _entry(entry: Entry, dialect: Dialect, *, content: bool) -> Json:
    start, end, thumbprint, subject = _details(entry.der)
    content_bytes = entry.pem.encode() if dialect.keeps_chain else entry.der
    encoded = {"base64EncodedContent": base64.b64encode(content_bytes).decode()} if content else {}
    return {
        "environmentName": entry.environment,
        "startDate": _date(start, dialect),
        "endDate": _date(end, dialect),
        **encoded,
        "sha1Thumbprint": thumbprint,
        "subjectDn": subject,
        "alias": entry.alias or None,
    }


@functools.lru_cache(maxsize=4096)
def _details(der: bytes) -> tuple[datetime.datetime, datetime.datetime, str, str]:
    """Return the start, end, SHA-1, and subject of a certificate. A real manager has them in its database."""
    parsed = x509.load_der_x509_certificate(der)
    return (
        parsed.not_valid_before_utc,
        parsed.not_valid_after_utc,
        parsed.fingerprint(hashes.SHA1()).hex().upper(),
        ", ".join(rdn.rfc4514_string() for rdn in reversed(parsed.subject.rdns)),
    )


def _date(moment: datetime.datetime, dialect: Dialect) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (".000Z" if dialect.shows_milliseconds else "Z")


def _environment_detail(result: EnvironmentResult, text: str) -> Json:
    pods = [
        {
            "envName": result.environment,
            "success": result.success,
            "detail": text,
            "podName": f"worker-{result.environment}-0",
            "podIp": "10.0.0.10",
            "responseTime": 12,
            "detailList": [],
        }
    ]
    return {**pods[0], "detailList": pods}
