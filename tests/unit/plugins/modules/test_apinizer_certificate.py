# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.modules import apinizer_certificate
from manager import Authority, Issued

Run = Callable[..., dict[str, Any]]
UPDATE = "update production staging"


@pytest.fixture
def run(run_module: Run) -> Run:
    """Runs the module for MyProject/web. Expired certificates are accepted."""

    def run(**options: Any) -> dict[str, Any]:
        named = {"project": "MyProject", "name": "web", "allow_expired": True}
        return run_module(apinizer_certificate, **{**named, **options})

    return run


def test_a_certificate_is_replaced(run: Run, api: Any, issued_new: Issued, tmp_path: Path) -> None:
    path = tmp_path / "new.pem"
    path.write_text(issued_new.pem)
    result = run(path=str(path))
    # The fake reports that the deployment succeeded, but not where.
    assert api.calls == ["find", "jwks", UPDATE, "find", "truststore production", "truststore staging"]
    assert (result["changed"], result["operation"]) == (True, "update")
    assert [gateway["state"] for gateway in result["gateways"]] == ["confirmed", "confirmed"]
    assert result["certificate"]["environments"][0]["fingerprint_sha256"] == issued_new.sha256
    result = run(path=str(path))
    assert (result["changed"], result["operation"]) == (False, "none")


def test_check_mode_sends_no_write(run: Run, api: Any, issued_new: Issued) -> None:
    result = run(content=issued_new.pem, check_mode=True)
    assert api.calls == ["find", "jwks"]
    assert (result["changed"], result["operation"], result["deployment"]) == (True, "update", None)


def test_every_option_reaches_the_manager(run: Run, api: Any, issued_new: Issued, new: Bundle) -> None:
    run(
        content=issued_new.pem,
        alias="alias",
        description="text",
        environments=["staging", "development", "staging"],
        unlisted_environments="remove",
        update_referenced_jwks=True,
        update_scope="all_projects",
    )
    assert api.sent == [
        {
            "environments": ("development", "staging"),
            "alias": "alias",
            "description": "text",
            "bundle": new,
            "jwk_scope": "ALL_PROJECTS",
        }
    ]


def test_values_may_be_strings(run: Run, api: Any, old: Bundle) -> None:
    """Surveys and environment variables always produce strings."""
    result = run(
        force="yes", environments="staging,production", update_referenced_jwks="true", update_scope="same_project"
    )
    assert result["changed"]
    assert api.sent[0]["jwk_scope"] == "SAME_PROJECT"


def test_an_empty_string_counts_as_not_set(run: Run, api: Any) -> None:
    empty = ("alias", "description", "environments", "unlisted_environments", "state", "force")
    result = run(**dict.fromkeys(empty, ""))
    assert "failed" not in result, result
    assert (result["changed"], api.calls) == (False, ["find"])


@pytest.mark.parametrize("option", ["path", "content"])
def test_an_empty_source_of_the_certificate_is_refused(run: Run, api: Any, option: str) -> None:
    result = run(**{option: ""})
    assert result["msg"].startswith(f"{option}: is empty; ")
    assert api.calls == []


@pytest.mark.parametrize("with_jwks", [False, True])
def test_a_certificate_is_deleted(run: Run, api: Any, with_jwks: bool) -> None:
    assert run(state="absent", delete_referenced_jwks=with_jwks)["operation"] == "delete"
    assert api.sent == [{"with_jwks": with_jwks}]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("environments", ["staging"]),
        ("unlisted_environments", "keep"),
        ("unlisted_environments", "fail"),
        ("path", "/nowhere/web.pem"),
        ("content", "PEM"),
        ("alias", "web"),
        ("description", "text"),
    ],
)
def test_a_deletion_names_nothing_that_only_a_write_has(run: Run, api: Any, option: str, value: Any) -> None:
    result = run(state="absent", **{option: value})
    assert result["msg"].startswith(
        f"{option}: cannot be combined with state=absent, which deletes the certificate from all"
    )
    assert api.calls == []


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf")])
def test_the_timeout_of_the_gateways_is_a_number_of_seconds(run: Run, api: Any, timeout: float) -> None:
    assert (
        "verify_gateways_timeout: must be 0 or a positive number of seconds"
        in run(verify_gateways_timeout=timeout)["msg"]
    )
    assert api.calls == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": ""}, "missing required arguments: name"),
        ({"path": "a", "content": "b"}, "parameters are mutually exclusive: path|content"),
        (
            {"update_referenced_jwks": True},
            "update_referenced_jwks is True but all of the following are missing: update_scope",
        ),
        ({"state": "gone"}, "value of state must be one of: present, absent, got: gone"),
        ({"project": ".."}, "project: '..' is not a valid name, because it cannot be part of a URL"),
        (
            {"name": "a\nb"},
            "name: must contain visible characters and no control characters (such as a line break or a tab)",
        ),
        (
            {"environments": []},
            "environments: the list is empty; name at least one environment, or omit the option",
        ),
        ({"content": "web"}, "content: contains no certificate: it is neither PEM"),
        ({"url": "apinizer"}, "url: must be the manager's address"),
        ({"token": ""}, "token: missing; set token (APINIZER_TOKEN), or username and password"),
    ],
)
def test_invalid_options_are_rejected_before_any_request(
    run: Run, api: Any, options: dict[str, Any], message: str
) -> None:
    result = run(**options)
    assert result["failed"]
    assert result["msg"].startswith(message)
    assert api.calls == []


def test_an_expired_certificate_must_be_allowed(run: Run, api: Any, authority: Any, old: Bundle) -> None:
    assert old.leaf.not_before is not None
    expired = authority.issue(
        "web", not_before=old.leaf.not_before.replace(year=2020), not_after=old.leaf.not_before.replace(year=2021)
    )
    result = run(content=expired.pem, allow_expired=False)
    assert result["msg"] == "content: CN=web,O=Example Inc,C=US expired on 2021-01-01T00:00:00Z"
    assert api.calls == []
    assert run(content=expired.pem)["changed"]


def test_a_chain_that_does_not_verify_is_refused_unless_validate_chain_is_false(
    run: Run, api: Any, issued_new: Issued
) -> None:
    """The role rolls back to what the manager held before, whatever is wrong with it."""
    chain = issued_new.pem + Authority().pem
    result = run(content=chain)
    assert result["msg"].startswith("content: contains a chain whose signatures do not verify: CN=web.example.com,")
    assert api.calls == []
    assert run(content=chain, validate_chain=False)["changed"]
    assert api.sent[0]["bundle"].pem == chain


def test_a_private_key_is_never_shown(run: Run, api: Any, issued_new: Issued) -> None:
    result = run(content=issued_new.pem + issued_new.key_pem)
    assert result["msg"].startswith("content: contains a private key")
    assert api.calls == []
    lines = issued_new.key_pem.splitlines()[1:-1]
    assert not [line for line in lines if line in json.dumps(result)]


def test_a_certificate_is_not_a_secret(run: Run, issued_old: Issued) -> None:
    """The content is only a secret until it is known not to contain a private key."""
    result = run(content=issued_old.pem)
    assert result["previous"]["environments"][0]["content"] == issued_old.pem


def test_a_token_is_never_shown(run: Run) -> None:
    assert "t0k3n" not in json.dumps(run(token="t0k3n"))


def test_a_failure_after_a_write_returns_the_known_values(run: Run, api: Any, issued_new: Issued) -> None:
    def is_not_deployed(take_effect: Callable[[], None]) -> Deployment:
        take_effect()
        return Deployment(success=False, message="no worker")

    api.writes = [is_not_deployed] * 3
    result = run(content=issued_new.pem)
    assert result["failed"]
    assert "its deployment failed in: no worker" in result["msg"]
    assert (result["changed"], result["operation"]) == (True, "update")
    assert result["deployment"] == {"success": False, "message": "no worker", "environments": []}
