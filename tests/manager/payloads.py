# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON of the API: every shape, in every generation."""

from __future__ import annotations

import base64
import datetime
import functools
import http
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from .call import Answer, json_answer
from .deployment import Deployment, EnvironmentResult
from .dialect import Dialect, Envelope
from .model import Certificate, Entry, Environment, Jwk, Project
from .refusals import NotServed, Problem, Refusal
from .texts import DEPLOYMENTS, PROBLEMS, Language

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
}
_FIELD_PROBLEMS = {Problem.VALUE_EMPTY, Problem.VALUE_INVALID, Problem.FILE_INVALID, Problem.PRIVATE_KEY}
_TOKEN_PROBLEMS = {Problem.TOKEN_MISSING, Problem.TOKEN_INVALID, Problem.TOKEN_EXPIRED}


def result_list(envelope: Envelope, items: Sequence[Json]) -> Json:
    """Wrap what a GET returns."""
    if envelope == "success":
        return {"success": True, "resultList": list(items)}
    return {"status": "SUCCESS", "resultList": list(items), "resultCount": len(items)}


def certificate(value: Certificate, dialect: Dialect, *, content: bool) -> Json:
    """A certificate, with or without its content."""
    entries = [_entry(entry, dialect, content=content) for entry in value.entries]
    description = {"description": value.description} if dialect.shows_description else {}
    return {"name": value.name, **description, "certificateEnvironmentList": entries}


def environment(value: Environment) -> Json:
    """An environment of a project."""
    return {
        "id": value.id,
        "name": value.name,
        "description": value.description,
        "type": value.type,
        "accessUrl": value.access_url,
        "status": value.status,
    }


def project(value: Project) -> Json:
    """A project."""
    return {"id": value.id, "name": value.name, "description": value.description}


def jwk(value: Jwk) -> Json:
    """A JWK as the list shows it: no key material."""
    return {"name": value.name, "sourceType": value.source_type, "sourceId": value.source_id, "kid": value.kid}


def deployed(deployment: Deployment, dialect: Dialect, language: Language) -> Json:
    """The whole body of a create, update or delete: the outer success says nothing of the deployment's."""
    message = DEPLOYMENTS[language][deployment.success]
    result = deployment_result(deployment, dialect, language)
    if dialect.deployment == "openapi":
        return {"status": "SUCCESS", "resultMessage": message, "deploymentResult": result}
    return {"success": True, "deploymentResult": result}


def deployment_result(deployment: Deployment, dialect: Dialect, language: Language) -> Json:
    """The deployment result, in the prose pages' shape or in openapi.yaml's."""
    texts = DEPLOYMENTS[language]
    if dialect.deployment == "openapi":
        details = [_environment_detail(result, texts[result.success]) for result in deployment.results]
        return {"success": deployment.success, "detail": texts[deployment.success], "detailList": details}
    results = [
        {"environmentName": result.environment, "success": result.success, "message": texts[result.success]}
        for result in deployment.results
    ]
    return {"success": deployment.success, "message": texts[deployment.success], "environmentResults": results}


def refused(refusal: Refusal, dialect: Dialect, language: Language) -> Answer:
    """The answer to a request that the API refuses."""
    text = PROBLEMS[language][refusal.problem].format(subject=refusal.subject)
    if dialect.errors == "failure":
        status = 401 if refusal.problem in _TOKEN_PROBLEMS else 400
        return json_answer({"status": "FAILURE", "resultMessage": text}, status)
    status, error = _OAUTH_ERRORS[refusal.problem]
    body: Json = {"error": error, "error_description": text}
    if refusal.problem in _FIELD_PROBLEMS:
        body["validation_errors"] = [{"field": refusal.subject, "message": text}]
    return json_answer(body, status)


def not_served(refusal: NotServed, path: str) -> Answer:
    """The answer to a request that the servlet container refuses: the same in every generation and language."""
    phrase = http.HTTPStatus(refusal.status).phrase
    return json_answer({"status": refusal.status, "error": phrase, "path": path}, refusal.status)


def _entry(entry: Entry, dialect: Dialect, *, content: bool) -> Json:
    start, end, thumbprint, subject = _read(entry.der)
    kept = entry.pem.encode() if dialect.keeps_chain else entry.der
    encoded = {"base64EncodedContent": base64.b64encode(kept).decode()} if content else {}
    return {
        "environmentName": entry.environment,
        "startDate": _date(start, dialect),
        "endDate": _date(end, dialect),
        **encoded,
        "sha1Thumbprint": thumbprint,
        "subjectDn": subject,
        "alias": entry.alias,
    }


@functools.lru_cache(maxsize=4096)
def _read(der: bytes) -> tuple[datetime.datetime, datetime.datetime, str, str]:
    """What the API says of a certificate: from when, until when, SHA-1 and subject; a manager has it in its database."""
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
