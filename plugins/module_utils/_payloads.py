# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the manager's JSON, of every generation, into values. The only file that knows these formats. Pure.

Sources: the vendor's pages for certificates, environments and JWKs, and the deployment result in its openapi.yaml.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ShapeError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    Environment,
    EnvironmentDeployment,
    StoredCertificate,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import parse_stored

_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?\s*(?:Z|([+-])(\d\d):?(\d\d))?\Z", re.IGNORECASE
)


def is_success(body: dict[str, t.Any]) -> bool | None:
    """Return whether the envelope reports success, or None if it does not say."""
    success, status = body.get("success"), body.get("status")
    if isinstance(success, bool):
        return success
    return status.upper() == "SUCCESS" if isinstance(status, str) else None


def server_message(body: t.Any) -> str | None:
    """Return the manager's own message in an error response, under whichever key its generation uses."""
    if not isinstance(body, dict):
        return None
    words = [
        str(body[key])
        for key in ("error_description", "resultMessage", "message", "detail", "error")
        if isinstance(body.get(key), str) and body[key].strip()
    ][:1]
    for problem in _dicts(body.get("validation_errors")):
        words.append(f"{problem.get('field')}: {problem.get('message')}")
    return "; ".join(words) or None


def retry_after(body: t.Any) -> t.Any:
    """Return C(retry_after), which the 2025 generation adds to the body of HTTP 429, without conversion."""
    return body.get("retry_after") if isinstance(body, dict) else None


def results(body: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the objects of C(resultList).

    :raises ShapeError: if there is no list of objects.
    """
    listed = body.get("resultList")
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ShapeError("resultList is not a list of objects")
    return listed


def project_names(items: list[dict[str, t.Any]]) -> list[str]:
    """Return the names of projects.

    :raises ShapeError: if a project has no name.
    """
    return [_named(item) for item in items]


def environments(items: list[dict[str, t.Any]]) -> tuple[Environment, ...]:
    """Read environments.

    :raises ShapeError: if an environment has no name.
    """
    return tuple(
        Environment(
            name=_named(item),
            type=_text(item.get("type")),
            status=_text(item.get("status")),
            access_url=_text(item.get("accessUrl")),
            description=_text(item.get("description")),
        )
        for item in items
    )


def _named(item: dict[str, t.Any]) -> str:
    # One version of the vendor's page about environments has environmentName.
    name = item.get("name", item.get("environmentName"))
    if not isinstance(name, str):
        raise ShapeError("an object of resultList has no name")
    return name


def certificate_jwks(items: list[dict[str, t.Any]]) -> tuple[str, ...]:
    """Return the names of the JWKs that were created from a certificate."""
    return tuple(
        str(jwk.get("name") or jwk.get("kid"))
        for jwk in items
        if str(jwk.get("sourceType")).upper() == "CERTIFICATE" and jwk.get("sourceId")
    )


def certificate(project: str, item: dict[str, t.Any]) -> StoredCertificate:
    """Read a certificate object of C(resultList).

    :raises ShapeError: if its name, or the name of an environment, is missing.
    """
    name = item.get("name")
    if not isinstance(name, str):
        raise ShapeError("a certificate has no name")
    environments = item.get("certificateEnvironmentList")
    if not isinstance(environments, list):
        raise ShapeError(f"certificate {name} has no certificateEnvironmentList")
    return StoredCertificate(
        project=project,
        name=name,
        description=_text(item.get("description")),
        description_reported="description" in item,
        entries=tuple(_entry(name, entry) for entry in environments),
    )


def _entry(name: str, item: t.Any) -> Entry:
    environment = item.get("environmentName") if isinstance(item, dict) else None
    if not isinstance(environment, str):
        raise ShapeError(f"an entry of certificate {name} has no environmentName")
    content = _text(item.get("base64EncodedContent"))
    thumbprint = re.sub(r"[^0-9a-f]", "", (_text(item.get("sha1Thumbprint")) or "").lower())
    return Entry(
        environment=environment,
        alias=_text(item.get("alias")),
        bundle=parse_stored(content) if content else None,
        sha1=thumbprint or None,
        reported_subject=_text(item.get("subjectDn")),
        reported_not_before=_date(item.get("startDate")),
        reported_not_after=_date(item.get("endDate")),
    )


def truststore(environment: str, items: list[dict[str, t.Any]]) -> tuple[Entry, ...]:
    """Read the certificates of a truststore, which have the format of the list of certificates."""
    found = []
    for item in items:
        name = _text(item.get("name"))
        for part in _dicts(item.get("certificateEnvironmentList")) or [item]:
            if part.get("environmentName") in (None, environment):
                entry = _entry(name or "", {**part, "environmentName": environment})
                found.append(entry if entry.alias else replace(entry, alias=name))
    return tuple(found)


def result_count(body: dict[str, t.Any]) -> int:
    """Return how many objects the manager has for a list, or 0 if it does not say."""
    count = body.get("resultCount")
    return count if isinstance(count, int) and not isinstance(count, bool) else 0


def deployment(body: dict[str, t.Any], environments: t.Iterable[str] = ()) -> Deployment:
    """Read the deployment result of a write, in the format of the pages or in the format of openapi.yaml.

    :arg environments: the environments that were written. If the deployment failed and the result does not say where, those
        that the manager's message names have failed (vendor: Import Key File, Import Keystore File).
    """
    references = body.get("unresolvedReferences")
    unresolved = tuple(str(reference) for reference in references) if isinstance(references, list) else ()
    result = body.get("deploymentResult")
    if not isinstance(result, dict):
        return Deployment(unresolved=unresolved)
    found: dict[str, EnvironmentDeployment] = {}
    for item in _dicts(result.get("environmentResults")) + _dicts(result.get("detailList")):
        one = _environment_deployment(item, result.get("success"))
        found[one.name] = _merge(found.get(one.name), one)
    success = result.get("success")
    message = _text(result.get("message")) or _text(result.get("detail"))
    if success is False and not any(found):
        message = message or _text(body.get("resultMessage"))
        found = {name: EnvironmentDeployment(name, False, message) for name in _named_in(message or "", environments)}
    return Deployment(
        success=success if isinstance(success, bool) else None,
        message=message,
        environments=tuple(found[name] for name in sorted(found)),
        unresolved=unresolved,
    )


def _named_in(message: str, environments: t.Iterable[str]) -> list[str]:
    """Return the environments whose names are words of a message. Names can contain hyphens and each other."""
    return [name for name in environments if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", message)]


def _environment_deployment(item: dict[str, t.Any], whole: t.Any) -> EnvironmentDeployment:
    """Read the result of one environment, or of one pod: openapi.yaml nests lists of pods.

    :arg whole: the success of the enclosing result, for a part without its own.
    """
    success = item.get("success", whole)
    parts = [_environment_deployment(part, success) for part in _dicts(item.get("detailList"))]
    failures = [part for part in parts if not part.success]
    message = _text(item.get("message")) or _text(item.get("detail")) or next((p.message for p in failures), None)
    pod = _text(item.get("podName"))
    return EnvironmentDeployment(
        name=str(item.get("environmentName") or item.get("envName") or ""),
        success=success is True and not failures,
        message=f"{pod}: {message}" if pod and message else message,
    )


def _merge(one: EnvironmentDeployment | None, other: EnvironmentDeployment) -> EnvironmentDeployment:
    """Merge the results of several pods of an environment: it failed if one of them did, with the messages of those."""
    if one is None:
        return other
    if one.success != other.success:
        return other if one.success else one
    texts = dict.fromkeys(text for text in (one.message, other.message) if text)
    return EnvironmentDeployment(one.name, one.success, "; ".join(texts) or None)


def _dicts(value: t.Any) -> list[dict[str, t.Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) else None


def _date(value: t.Any) -> datetime | None:
    """Read a date, or return None if there is no readable one."""
    return _parse_date(value) if isinstance(value, str) else None


@lru_cache(maxsize=16)
def _parse_date(text: str) -> datetime | None:
    """Read an ISO 8601 date with or without fractions. A date without a time zone is UTC, as in the vendor's samples."""
    found = _DATE.match(text.strip())
    if not found:
        return None
    sign = -1 if found.group(7) == "-" else 1
    offset = sign * timedelta(hours=int(found.group(8) or 0), minutes=int(found.group(9) or 0))
    try:
        return datetime(*(int(found.group(part)) for part in range(1, 7)), tzinfo=timezone.utc) - offset  # type: ignore[arg-type,misc]
    except (ValueError, OverflowError):
        return None
