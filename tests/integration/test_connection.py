# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options: address, authentication, proxies and TLS."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integration.certificate_fixture import DEPLOYED, NAME, PROJECT, CertificateFixture, MakeCase, assert_error, calls
from integration.forward_proxy import ForwardProxy
from integration.machine import CERTIFICATE, INFO, task
from manager import Fault, Tls

USER, PASSWORD = "operator", "p@ss&word=ş%"


def _login(case: CertificateFixture) -> dict[str, Any]:
    case.manager.add_user(USER, PASSWORD)
    return {"token": None, "username": USER, "password": PASSWORD}


def _run(case: CertificateFixture, env: dict[str, str] | None = None, **options: Any) -> Any:
    """Run the certificate module with nothing to change; omit each option that is None."""
    given = {**case.options(content=case.old.pem), **options}
    return case.machine.module(
        CERTIFICATE, env=env, **{key: value for key, value in given.items() if value is not None}
    )


class TestLogin:
    """A token is requested with the user name and the password."""

    @pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.09"])
    def test_token_is_requested_once(self, make_case: MakeCase, generation: str) -> None:
        case = make_case(generation)

        outcome = _run(case, **_login(case), content=case.new.pem, environments=[*DEPLOYED])

        assert outcome.changed
        requests = calls(case.manager.journal)
        assert (requests[0], requests.count("token")) == ("token", 1)
        token = case.manager.journal[0]
        assert token.token is None
        assert dict(token.fields) == {
            "grant_type": "client_credentials",
            "client_id": USER,
            "client_secret": "(hidden)",
        }
        assert {request.token for request in list(case.manager.journal)[1:]} == {USER}
        assert len(case.manager.journal.connections()) == 1

    def test_check_mode_logs_in_as_well(self, case: CertificateFixture) -> None:
        login = {key: value for key, value in _login(case).items() if value}

        outcome = case.machine.module(
            CERTIFICATE, check=True, url=case.manager.url, project=PROJECT, name=NAME, content=case.new.pem, **login
        )

        assert outcome.changed
        assert calls(case.manager.journal) == ["token", "get", "jwks"]

    def test_wrong_password_names_the_options(self, case: CertificateFixture) -> None:
        outcome = _run(case, **{**_login(case), "password": "wrong"})

        assert_error(outcome, "Bad credentials", "username and password")
        assert calls(case.manager.journal) == ["token"]

    def test_login_is_retried_while_the_manager_is_busy(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("status", path="auth/token", headers={"Retry-After": "0"}))

        assert not _run(case, **_login(case)).failed
        assert calls(case.manager.journal) == ["token", "token", "get"]

    def test_login_retries_are_bounded(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("status", path="auth/token", headers={"Retry-After": "0"}, times=None))

        assert_error(_run(case, **_login(case), retries=2), f"Could not get a token for user {USER}", "HTTP 503")
        assert calls(case.manager.journal) == ["token"] * 3

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("status", status=400, body={"error": "invalid_client"}),
            Fault("status", status=500),
            Fault("html"),
            Fault("status", status=200, body={"success": True}),
            Fault("status", status=200, body={"access_token": ""}),
            Fault("status", status=200, body={"access_token": 5}),
            Fault("status", status=200, body=["token"]),
        ],
        ids=lambda fault: f"{fault.kind}-{fault.status}-{fault.body}",
    )
    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_no_request_follows_a_failed_login(self, case: CertificateFixture, fault: Fault, state: str) -> None:
        """In particular, the certificate does not count as absent, nor the project as missing."""
        case.manager.faults.add(replace(fault, path="auth/token"))

        content = case.old.pem if state == "present" else None
        outcome = _run(case, **_login(case), state=state, content=content)

        assert_error(outcome, "token")
        assert "project" not in outcome.message
        assert calls(case.manager.journal) == ["token"]


class TestEnvironmentVariables:
    """Each connection option can be set in the environment; the task's own option takes precedence."""

    def test_url_and_token(self, case: CertificateFixture) -> None:
        env = {"APINIZER_URL": case.manager.url, "APINIZER_TOKEN": case.manager.token}

        assert not _run(case, env, url=None, token=None).failed

    def test_username_and_password(self, case: CertificateFixture) -> None:
        _login(case)
        env = {"APINIZER_USERNAME": USER, "APINIZER_PASSWORD": PASSWORD}

        assert not _run(case, env, token=None).failed
        assert calls(case.manager.journal) == ["token", "get"]

    @pytest.mark.parametrize(
        ("variable", "value", "parts"),
        [
            ("APINIZER_URL", "manager.example.com", ["url: "]),
            ("APINIZER_TOKEN", "two words", ["token: "]),
            ("APINIZER_VALIDATE_CERTS", "perhaps", ["APINIZER_VALIDATE_CERTS"]),
            ("APINIZER_CA_PATH", "/missing.pem", ["ca_path: /missing.pem"]),
            ("APINIZER_CLIENT_CERT", "/missing.pem", ["client_cert: /missing.pem"]),
            ("APINIZER_CLIENT_KEY", "/missing.pem", ["client_cert: missing"]),
            ("APINIZER_TIMEOUT", "soon", ["APINIZER_TIMEOUT"]),
            ("APINIZER_TIMEOUT", "0", ["timeout: "]),
            ("APINIZER_RETRIES", "many", ["APINIZER_RETRIES"]),
            ("APINIZER_RETRIES", "-1", ["retries: "]),
        ],
    )
    def test_variables_are_read_and_validated(
        self, case: CertificateFixture, variable: str, value: str, parts: list[str]
    ) -> None:
        left_out = {"APINIZER_URL": "url", "APINIZER_TOKEN": "token"}.get(variable)

        outcome = _run(case, {variable: value}, **({left_out: None} if left_out else {}))

        assert_error(outcome, *parts)
        assert not len(case.manager.journal)

    def test_task_option_takes_precedence(self, case: CertificateFixture) -> None:
        env = {
            "APINIZER_URL": "https://elsewhere.invalid",
            "APINIZER_TOKEN": "elsewhere",
            "APINIZER_TIMEOUT": "0",
            "APINIZER_RETRIES": "-1",
            "APINIZER_CA_PATH": "/missing.pem",
        }
        ca = case.machine.file("ca.pem", case.authority.pem)

        assert not _run(case, env, timeout=5, retries=0, ca_path=ca).failed

    def test_retries_and_timeout_take_effect(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("delay", seconds=1.5, times=None))
        env = {"APINIZER_RETRIES": "1", "APINIZER_TIMEOUT": "1"}

        assert_error(_run(case, env), "within 1 second", "APINIZER_TIMEOUT")
        case.manager.settle()
        assert calls(case.manager.journal) == ["get"] * 2

    def test_token_of_the_task_overrides_login_of_the_environment(self, case: CertificateFixture) -> None:
        _login(case)

        outcome = _run(case, {"APINIZER_USERNAME": USER, "APINIZER_PASSWORD": PASSWORD})

        assert not outcome.failed
        assert calls(case.manager.journal) == ["get"]

    def test_login_of_the_task_overrides_token_of_the_environment(self, case: CertificateFixture) -> None:
        outcome = _run(case, {"APINIZER_TOKEN": "old"}, **_login(case))

        assert not outcome.failed
        assert calls(case.manager.journal) == ["token", "get"]

    def test_password_alone_can_come_from_the_environment(self, case: CertificateFixture) -> None:
        env = {"APINIZER_PASSWORD": PASSWORD, "APINIZER_TOKEN": "old"}

        assert not _run(case, env, **{**_login(case), "password": None}).failed

    def test_token_and_login_in_the_environment_are_an_error(self, case: CertificateFixture) -> None:
        env = {"APINIZER_TOKEN": case.manager.token, "APINIZER_USERNAME": USER, "APINIZER_PASSWORD": PASSWORD}

        assert_error(_run(case, env, token=None), "APINIZER_TOKEN and APINIZER_USERNAME")
        assert not len(case.manager.journal)


class TestEmptyValues:
    """Surveys and credential injectors pass an empty string or file for a value that the user left out."""

    OPTIONS = ("username", "password", "validate_certs", "ca_path", "client_cert", "client_key", "timeout", "retries")

    def test_empty_option_counts_as_not_given(self, case: CertificateFixture) -> None:
        empty = dict.fromkeys([*self.OPTIONS, "alias", "description", "environments", "state", "force"], "")
        empty |= dict.fromkeys(["unlisted_environments", "update_scope", "allow_expired", "update_referenced_jwks"], "")

        outcome = _run(case, **empty)

        assert not outcome.failed, outcome
        assert not outcome.changed

    @pytest.mark.parametrize("option", ["path", "content"])
    def test_empty_source_of_a_certificate_is_refused(self, case: CertificateFixture, option: str) -> None:
        """A template that renders to nothing must not mean that the certificate stays as it is."""
        outcome = _run(case, **{"content": None, option: ""})

        assert_error(outcome, f"{option}: is empty")
        assert not len(case.manager.journal)

    def test_empty_option_of_the_info_module_counts_as_not_given(self, case: CertificateFixture) -> None:
        empty = dict.fromkeys([*self.OPTIONS, "project", "name", "environments", "expiring_within", "details"], "")

        outcome = case.info(**empty)

        assert [one["name"] for one in outcome["certificates"]] == [NAME]

    def test_empty_variable_counts_as_not_given(self, case: CertificateFixture) -> None:
        env = {f"APINIZER_{option.upper()}": "" for option in (*self.OPTIONS, "url", "token")}

        assert not _run(case, env).failed

    def test_environment_is_used_where_the_option_is_empty(self, case: CertificateFixture) -> None:
        env = {"APINIZER_URL": case.manager.url, "APINIZER_TOKEN": case.manager.token}

        assert not _run(case, env, url="", token="", timeout="").failed

    def test_every_value_can_be_text(self, case: CertificateFixture) -> None:
        outcome = _run(
            case,
            content=case.new.pem,
            timeout="5",
            retries="1",
            validate_certs="yes",
            force="false",
            environments="development,staging",
            update_referenced_jwks="true",
            update_scope="all_projects",
        )

        assert outcome.changed

    @pytest.mark.parametrize("by_variable", [False, True], ids=["option", "variable"])
    def test_ca_path_with_an_empty_file_counts_as_not_given(self, case: CertificateFixture, by_variable: bool) -> None:
        empty = case.machine.file("empty.pem", "")

        outcome = _run(case, {"APINIZER_CA_PATH": empty}) if by_variable else _run(case, ca_path=empty)

        assert not outcome.failed


@pytest.mark.parametrize("pasted", ["Bearer {}", " {}\n", "Bearer {}\n"])
def test_whitespace_around_a_token_is_removed(case: CertificateFixture, pasted: str) -> None:
    assert not _run(case, token=pasted.format(case.manager.token)).failed


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_netrc_never_replaces_the_token(case: CertificateFixture, name: str) -> None:
    (case.machine.home / name).write_text("machine 127.0.0.1 login someone password else\n")

    outcome = _run(case, content=case.new.pem)

    assert outcome.changed
    assert {request.token for request in case.manager.journal} == {"all-rights"}


def test_module_defaults_of_the_action_group_apply(case: CertificateFixture) -> None:
    defaults = {"group/apinizer.apiops.apinizer": {"url": case.manager.url, "token": case.manager.token}}

    run = case.machine.playbook(
        task("update", project=PROJECT, name=NAME, content=case.new.pem),
        task("read", INFO, project=PROJECT),
        module_defaults=defaults,
    )

    assert run["update"].changed
    (read,) = run["read"]["certificates"]
    assert [environment.pop("chain") for environment in read["environments"]] == [[]] * len(DEPLOYED)
    assert read == run["update"]["certificate"]


@pytest.mark.parametrize("suffix", ["", "/", "//", "/apiops", "/apiops/"])
@pytest.mark.parametrize("prefix", ["", "/gate/way"])
def test_url_is_accepted_in_each_form(make_case: MakeCase, prefix: str, suffix: str) -> None:
    case = make_case(prefix=prefix)

    assert not _run(case, url=case.manager.url + suffix).failed
    assert case.manager.journal[0].raw_path == f"{prefix}/apiops/projects/MyProject/certificates/my-certificate/"


def _closed_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["127.0.0.1", "manager.invalid"])
def test_refused_connection_is_reported(case: CertificateFixture, host: str) -> None:
    url = f"http://{host}:{_closed_port()}"

    outcome = _run(case, url=url, retries=1)

    assert_error(outcome, f"cannot be reached at {url}", "option url", "APINIZER_URL")
    assert not outcome.changed
    assert "object at 0x" not in outcome.message


def test_response_of_another_server_is_reported(case: CertificateFixture) -> None:
    case.manager.faults.add(Fault("html", body="<html><title>It works!</title></html>", times=None))

    assert_error(_run(case), "an HTML page titled 'It works!'", "APINIZER_URL")


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    """A running forward proxy."""
    with ForwardProxy() as running:
        yield running


class TestProxy:
    """Proxies are configured in the environment."""

    @pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
    def test_every_request_uses_the_proxy(self, case: CertificateFixture, proxy: ForwardProxy, variable: str) -> None:
        # Python ignores HTTP_PROXY in uppercase only in a CGI environment.
        outcome = _run(case, {variable: proxy.url}, content=case.new.pem)

        assert outcome.changed
        address = case.manager.url_of("projects", PROJECT, "certificates", NAME)
        assert proxy.seen == [
            f"GET {address}",
            f"GET {case.manager.url_of('projects', PROJECT, 'jwks')}",
            f"PUT {address}",
            f"GET {address}",
        ]
        assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)

    def test_no_proxy_bypasses_the_proxy(self, case: CertificateFixture, proxy: ForwardProxy) -> None:
        assert not _run(case, {"HTTP_PROXY": proxy.url, "NO_PROXY": "example.com,127.0.0.1"}).failed
        assert proxy.seen == []
        assert len(case.manager.journal) == 1

    def test_tls_uses_a_tunnel(self, make_case: MakeCase, proxy: ForwardProxy) -> None:
        """The proxy sees the address, but not the requests."""
        case = _tls_case(make_case)

        outcome = _run(case, {"HTTPS_PROXY": proxy.url}, ca_path=str(_pki(case, "ca.pem")))

        assert not outcome.failed
        assert proxy.seen == [f"CONNECT {case.manager.url.removeprefix('https://')}"]

    def test_unreachable_proxy_is_reported(self, case: CertificateFixture) -> None:
        outcome = _run(case, {"HTTP_PROXY": f"http://127.0.0.1:{_closed_port()}"}, content=case.new.pem, retries=1)

        assert_error(outcome, "cannot be reached", "through the proxy http://127.0.0.1:", "HTTP_PROXY")
        assert not len(case.manager.journal)

    def test_credentials_of_the_proxy_are_not_shown(self, case: CertificateFixture) -> None:
        env = {"HTTP_PROXY": f"http://someone:proxy-secret@127.0.0.1:{_closed_port()}"}

        outcome = _run(case, env, retries=0)

        assert_error(outcome)
        assert "proxy-secret" not in outcome.text


def _pki(case: CertificateFixture, name: str) -> Path:
    return case.machine.folder / "pki" / name


def _tls_case(make_case: MakeCase, *, mutual: bool = False, host: str = "127.0.0.1") -> CertificateFixture:
    """Start a manager with TLS; the machine's folder `pki` holds the certificate authority and the client's files."""
    plain = make_case()
    machine, authority = plain.machine, plain.authority
    names = {"ip_addresses": [host]} if host[0].isdigit() else {"dns_names": [host]}
    server, client = authority.issue(host, **names), authority.issue("client")
    machine.file("pki/ca.pem", authority.pem)
    machine.file("pki/client.pem", client.pem)
    machine.file("pki/client.key", client.key_pem)
    machine.file("pki/both.pem", client.pem + client.key_pem)
    certificate, key = machine.file("pki/server.pem", server.pem), machine.file("pki/server.key", server.key_pem)
    return make_case(tls=Tls(certificate, key, machine.folder / "pki" / "ca.pem" if mutual else None))


ENCRYPTED_KEYS = {
    "PKCS #8": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
    "OpenSSL's own": "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END EC PRIVATE KEY-----\n",
}


class TestTls:
    """Verification of the manager's certificate, and client certificates."""

    @pytest.mark.parametrize("by_variable", [False, True], ids=["option", "variable"])
    def test_private_authority_is_trusted_with_ca_path(self, make_case: MakeCase, by_variable: bool) -> None:
        case = _tls_case(make_case)
        ca = str(_pki(case, "ca.pem"))

        outcome = _run(case, {"APINIZER_CA_PATH": ca}) if by_variable else _run(case, ca_path=ca)

        assert not outcome.failed
        assert len(case.manager.journal.connections()) == 1

    def test_unknown_authority_is_refused(self, make_case: MakeCase) -> None:
        case = _tls_case(make_case)

        outcome = _run(case, retries=3)

        assert_error(outcome, "No trusted TLS connection", case.manager.url, "ca_path", "APINIZER_CA_PATH")
        assert not len(case.manager.journal)

    def test_certificate_of_another_host_is_refused(self, make_case: MakeCase) -> None:
        case = _tls_case(make_case, host="manager.example.com")

        assert_error(_run(case, ca_path=str(_pki(case, "ca.pem"))), "No trusted TLS connection", "127.0.0.1")
        assert not len(case.manager.journal)

    @pytest.mark.parametrize("by_variable", [False, True], ids=["option", "variable"])
    def test_verification_can_be_turned_off(self, make_case: MakeCase, by_variable: bool) -> None:
        """`ca_path` is then ignored, whether it exists or not."""
        case = _tls_case(make_case)
        options = {"ca_path": "/missing.pem"}

        if by_variable:
            outcome = _run(case, {"APINIZER_VALIDATE_CERTS": "no"}, **options)
        else:
            outcome = _run(case, validate_certs=False, **options)

        assert not outcome.failed
        assert not outcome.warnings

    @pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    def test_bundles_of_other_programs_are_ignored(self, make_case: MakeCase, variable: str) -> None:
        case = _tls_case(make_case)
        ca = str(_pki(case, "ca.pem"))
        wrong = case.machine.file("wrong.pem", type(case.authority)().pem)

        assert not _run(case, {variable: wrong}, ca_path=ca).failed
        assert not _run(case, {variable: wrong}, validate_certs=False).failed

    @pytest.mark.parametrize("content", ["", "no certificate\n"], ids=["empty", "no PEM"])
    def test_empty_ca_path_trusts_the_system_authorities_only(self, make_case: MakeCase, content: str) -> None:
        """An empty file counts as not given, and the system's authorities did not issue the manager's certificate."""
        case = _tls_case(make_case)

        outcome = _run(case, ca_path=case.machine.file("ca.pem", content))

        assert_error(outcome, "ca_path")
        assert not len(case.manager.journal)

    @pytest.mark.parametrize(
        "files",
        [
            {"client_cert": "client.pem", "client_key": "client.key"},
            {"client_cert": "both.pem"},
        ],
        ids=["two files", "one file"],
    )
    @pytest.mark.parametrize("by_variable", [False, True], ids=["option", "variable"])
    def test_mutual_tls_accepts_the_client_certificate(
        self, make_case: MakeCase, files: dict[str, str], by_variable: bool
    ) -> None:
        case = _tls_case(make_case, mutual=True)
        paths = {option: str(_pki(case, name)) for option, name in {**files, "ca_path": "ca.pem"}.items()}

        if by_variable:
            outcome = _run(case, {f"APINIZER_{option.upper()}": path for option, path in paths.items()})
        else:
            outcome = _run(case, **paths)

        assert not outcome.failed, outcome

    def test_mutual_tls_without_a_certificate_is_reported(self, make_case: MakeCase) -> None:
        case = _tls_case(make_case, mutual=True)

        assert_error(_run(case, ca_path=str(_pki(case, "ca.pem")), retries=0), "client_cert")
        assert not len(case.manager.journal)

    @pytest.mark.parametrize("kind", ENCRYPTED_KEYS)
    @pytest.mark.parametrize("together", [False, True], ids=["client_key", "client_cert"])
    def test_encrypted_client_key_is_refused(self, make_case: MakeCase, kind: str, together: bool) -> None:
        """OpenSSL would otherwise prompt for the passphrase and hang."""
        case = _tls_case(make_case, mutual=True)
        certificate, key = _pki(case, "client.pem").read_text(), ENCRYPTED_KEYS[kind]
        files = {"client_cert": case.machine.file("client.pem", certificate + key if together else certificate)}
        if not together:
            files["client_key"] = case.machine.file("client.key", key)

        outcome = _run(case, ca_path=str(_pki(case, "ca.pem")), **files)

        assert_error(outcome, "client_cert: " if together else "client_key: ", "passphrase")

    @pytest.mark.parametrize("content", ["", "no key\n"], ids=["empty", "no PEM"])
    def test_invalid_client_key_is_refused(self, make_case: MakeCase, content: str) -> None:
        case = _tls_case(make_case, mutual=True)

        outcome = _run(
            case,
            ca_path=str(_pki(case, "ca.pem")),
            client_cert=str(_pki(case, "client.pem")),
            client_key=case.machine.file("client.key", content),
            retries=0,
        )

        assert_error(outcome, "client_key")
        assert not len(case.manager.journal)
