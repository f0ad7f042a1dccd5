# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module finds its manager, and how it proves who asks."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integration.forward_proxy import ForwardProxy
from integration.runners import CERTIFICATE, INFO, task
from integration.scene import HELD_IN, NAME, PROJECT, Scene, Start, assert_error, calls
from manager import Fault, Tls

USER, PASSWORD = "operator", "p@ss&word=ş%"


def _login(scene: Scene) -> dict[str, Any]:
    scene.manager.add_user(USER, PASSWORD)
    return {"token": None, "username": USER, "password": PASSWORD}


def _run(scene: Scene, env: dict[str, str] | None = None, **options: Any) -> Any:
    """Run the certificate module, with nothing to do; an option that is None is not given at all."""
    given = {**scene.options(content=scene.old.pem), **options}
    return scene.machine.module(
        CERTIFICATE, env=env, **{key: value for key, value in given.items() if value is not None}
    )


class TestLogin:
    """A token that is requested with user name and password."""

    @pytest.mark.parametrize("generation", ["2023", "2025", "2026"])
    def test_it_is_requested_once(self, start: Start, generation: str) -> None:
        scene = start(generation)

        outcome = _run(scene, **_login(scene), content=scene.new.pem, environments=[*HELD_IN])

        assert outcome.changed
        requests = calls(scene.manager.journal)
        assert (requests[0], requests.count("token")) == ("token", 1)
        token = scene.manager.journal[0]
        assert token.token is None
        assert dict(token.fields) == {
            "grant_type": "client_credentials",
            "client_id": USER,
            "client_secret": "(hidden)",
        }
        assert {request.token for request in list(scene.manager.journal)[1:]} == {USER}
        assert len(scene.manager.journal.connections()) == 1

    def test_check_mode_needs_it_as_well(self, scene: Scene) -> None:
        login = {key: value for key, value in _login(scene).items() if value}

        outcome = scene.machine.module(
            CERTIFICATE, check=True, url=scene.manager.url, project=PROJECT, name=NAME, content=scene.new.pem, **login
        )

        assert outcome.changed
        assert calls(scene.manager.journal) == ["token", "get", "jwks"]

    def test_a_wrong_password_names_the_options(self, scene: Scene) -> None:
        outcome = _run(scene, **{**_login(scene), "password": "wrong"})

        assert_error(outcome, "Bad credentials", "username and password")
        assert calls(scene.manager.journal) == ["token"]

    def test_a_busy_manager_is_asked_again(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("status", path="auth/token", headers={"Retry-After": "0"}))

        assert not _run(scene, **_login(scene)).failed
        assert calls(scene.manager.journal) == ["token", "token", "get"]

    def test_its_repetitions_are_bounded(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("status", path="auth/token", headers={"Retry-After": "0"}, times=None))

        assert_error(_run(scene, **_login(scene), retries=2), f"Could not get a token for user {USER}", "HTTP 503")
        assert calls(scene.manager.journal) == ["token"] * 3

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
    def test_without_a_token_nothing_is_asked(self, scene: Scene, fault: Fault, state: str) -> None:
        """Above all it does not make a certificate absent, or a project missing."""
        scene.manager.faults.add(replace(fault, path="auth/token"))

        outcome = _run(scene, **_login(scene), state=state)

        assert_error(outcome, "token")
        assert "project" not in outcome.message
        assert calls(scene.manager.journal) == ["token"]


class TestEnvironmentVariables:
    """Every option may come from the environment; what the task says wins."""

    def test_url_and_token(self, scene: Scene) -> None:
        env = {"APINIZER_URL": scene.manager.url, "APINIZER_TOKEN": scene.manager.token}

        assert not _run(scene, env, url=None, token=None).failed

    def test_username_and_password(self, scene: Scene) -> None:
        _login(scene)
        env = {"APINIZER_USERNAME": USER, "APINIZER_PASSWORD": PASSWORD}

        assert not _run(scene, env, token=None).failed
        assert calls(scene.manager.journal) == ["token", "get"]

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
    def test_they_are_read_and_checked(self, scene: Scene, variable: str, value: str, parts: list[str]) -> None:
        left_out = {"APINIZER_URL": "url", "APINIZER_TOKEN": "token"}.get(variable)

        outcome = _run(scene, {variable: value}, **({left_out: None} if left_out else {}))

        assert_error(outcome, *parts)
        assert not len(scene.manager.journal)

    def test_the_task_wins(self, scene: Scene) -> None:
        env = {
            "APINIZER_URL": "https://elsewhere.invalid",
            "APINIZER_TOKEN": "elsewhere",
            "APINIZER_TIMEOUT": "0",
            "APINIZER_RETRIES": "-1",
            "APINIZER_CA_PATH": "/missing.pem",
        }
        ca = scene.machine.file("ca.pem", scene.authority.pem)

        assert not _run(scene, env, timeout=5, retries=0, ca_path=ca).failed

    def test_retries_and_timeout_count(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("delay", seconds=0.5, times=None))
        env = {"APINIZER_RETRIES": "1", "APINIZER_TIMEOUT": "0.2"}

        assert_error(_run(scene, env), "within 0.2 seconds", "APINIZER_TIMEOUT")
        scene.manager.settle()
        assert calls(scene.manager.journal) == ["get"] * 2

    def test_a_token_of_the_task_wins_over_a_login_of_the_environment(self, scene: Scene) -> None:
        _login(scene)

        outcome = _run(scene, {"APINIZER_USERNAME": USER, "APINIZER_PASSWORD": PASSWORD})

        assert not outcome.failed
        assert calls(scene.manager.journal) == ["get"]

    def test_a_login_of_the_task_wins_over_a_token_of_the_environment(self, scene: Scene) -> None:
        outcome = _run(scene, {"APINIZER_TOKEN": "old"}, **_login(scene))

        assert not outcome.failed
        assert calls(scene.manager.journal) == ["token", "get"]

    def test_the_password_alone_may_come_from_the_environment(self, scene: Scene) -> None:
        env = {"APINIZER_PASSWORD": PASSWORD, "APINIZER_TOKEN": "old"}

        assert not _run(scene, env, **{**_login(scene), "password": None}).failed

    def test_both_in_the_environment_is_an_error(self, scene: Scene) -> None:
        env = {"APINIZER_TOKEN": scene.manager.token, "APINIZER_USERNAME": USER, "APINIZER_PASSWORD": PASSWORD}

        assert_error(_run(scene, env, token=None), "APINIZER_TOKEN and APINIZER_USERNAME")
        assert not len(scene.manager.journal)


class TestEmptyValues:
    """Surveys and credential injectors give an empty string, or an empty file, for what the user left open."""

    OPTIONS = ("username", "password", "validate_certs", "ca_path", "client_cert", "client_key", "timeout", "retries")

    def test_of_every_option(self, scene: Scene) -> None:
        empty = dict.fromkeys([*self.OPTIONS, "path", "alias", "description", "environments", "state", "force"], "")
        empty |= dict.fromkeys(["unlisted_environments", "update_scope", "allow_expired", "update_referenced_jwks"], "")

        outcome = _run(scene, **empty)

        assert not outcome.failed, outcome
        assert not outcome.changed

    def test_of_the_info_module(self, scene: Scene) -> None:
        empty = dict.fromkeys([*self.OPTIONS, "project", "name", "environments", "expiring_within", "details"], "")

        outcome = scene.info(**empty)

        assert [one["name"] for one in outcome["certificates"]] == [NAME]

    def test_of_every_variable(self, scene: Scene) -> None:
        env = {f"APINIZER_{option.upper()}": "" for option in (*self.OPTIONS, "url", "token")}

        assert not _run(scene, env).failed

    def test_an_empty_option_leaves_the_word_to_the_environment(self, scene: Scene) -> None:
        env = {"APINIZER_URL": scene.manager.url, "APINIZER_TOKEN": scene.manager.token}

        assert not _run(scene, env, url="", token="", timeout="").failed

    def test_every_value_may_be_text(self, scene: Scene) -> None:
        outcome = _run(
            scene,
            content=scene.new.pem,
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
    def test_a_ca_path_that_is_an_empty_file(self, scene: Scene, by_variable: bool) -> None:
        empty = scene.machine.file("empty.pem", "")

        outcome = _run(scene, {"APINIZER_CA_PATH": empty}) if by_variable else _run(scene, ca_path=empty)

        assert not outcome.failed


@pytest.mark.parametrize("pasted", ["Bearer {}", " {}\n", "Bearer {}\n"])
def test_a_token_pasted_with_something_around_it(scene: Scene, pasted: str) -> None:
    assert not _run(scene, token=pasted.format(scene.manager.token)).failed


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_netrc_never_replaces_the_token(scene: Scene, name: str) -> None:
    (scene.machine.home / name).write_text("machine 127.0.0.1 login someone password else\n")

    outcome = _run(scene, content=scene.new.pem)

    assert outcome.changed
    assert {request.token for request in scene.manager.journal} == {"all-rights"}


def test_module_defaults_of_the_action_group(scene: Scene) -> None:
    defaults = {"group/apinizer.apiops.apinizer": {"url": scene.manager.url, "token": scene.manager.token}}

    run = scene.machine.playbook(
        task("update", project=PROJECT, name=NAME, content=scene.new.pem),
        task("read", INFO, project=PROJECT),
        module_defaults=defaults,
    )

    assert run["update"].changed
    assert run["read"]["certificates"] == [run["update"]["certificate"]]


@pytest.mark.parametrize("suffix", ["", "/", "//", "/apiops", "/apiops/"])
@pytest.mark.parametrize("prefix", ["", "/gate/way"])
def test_forms_of_the_url(start: Start, prefix: str, suffix: str) -> None:
    scene = start(prefix=prefix)

    assert not _run(scene, url=scene.manager.url + suffix).failed
    assert scene.manager.journal[0].raw_path == f"{prefix}/apiops/projects/MyProject/certificates/my-certificate/"


def _closed_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["127.0.0.1", "manager.invalid"])
def test_nobody_is_there(scene: Scene, host: str) -> None:
    url = f"http://{host}:{_closed_port()}"

    outcome = _run(scene, url=url, retries=1)

    assert_error(outcome, f"cannot be reached at {url}", "option url", "APINIZER_URL")
    assert not outcome.changed
    assert "object at 0x" not in outcome.message


def test_a_server_that_is_no_manager(scene: Scene) -> None:
    scene.manager.faults.add(Fault("html", body="<html><title>It works!</title></html>", times=None))

    assert_error(_run(scene), "an HTML page titled 'It works!'", "APINIZER_URL")


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    """A proxy that runs."""
    with ForwardProxy() as running:
        yield running


class TestProxy:
    """Proxies are taken from the environment."""

    @pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
    def test_every_request_goes_through_it(self, scene: Scene, proxy: ForwardProxy, variable: str) -> None:
        # Python ignores HTTP_PROXY in upper case only where it looks like CGI.
        outcome = _run(scene, {variable: proxy.url}, content=scene.new.pem)

        assert outcome.changed
        address = scene.manager.url_of("projects", PROJECT, "certificates", NAME)
        assert proxy.seen == [
            f"GET {address}",
            f"GET {scene.manager.url_of('projects', PROJECT, 'jwks')}",
            f"PUT {address}",
            f"GET {address}",
        ]
        assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)

    def test_no_proxy(self, scene: Scene, proxy: ForwardProxy) -> None:
        assert not _run(scene, {"HTTP_PROXY": proxy.url, "NO_PROXY": "example.com,127.0.0.1"}).failed
        assert proxy.seen == []
        assert len(scene.manager.journal) == 1

    def test_tls_through_a_tunnel(self, start: Start, proxy: ForwardProxy) -> None:
        """The proxy sees the address, and nothing of what is said."""
        scene = _tls_scene(start)

        outcome = _run(scene, {"HTTPS_PROXY": proxy.url}, ca_path=str(_pki(scene, "ca.pem")))

        assert not outcome.failed
        assert proxy.seen == [f"CONNECT {scene.manager.url.removeprefix('https://')}"]

    def test_a_proxy_that_is_not_there(self, scene: Scene) -> None:
        outcome = _run(scene, {"HTTP_PROXY": f"http://127.0.0.1:{_closed_port()}"}, content=scene.new.pem, retries=1)

        assert_error(outcome, "cannot be reached")
        assert not len(scene.manager.journal)

    def test_credentials_of_the_proxy_are_not_shown(self, scene: Scene) -> None:
        env = {"HTTP_PROXY": f"http://someone:proxy-secret@127.0.0.1:{_closed_port()}"}

        outcome = _run(scene, env, retries=0)

        assert_error(outcome)
        assert "proxy-secret" not in outcome.text


def _pki(scene: Scene, name: str) -> Path:
    return scene.machine.folder / "pki" / name


def _tls_scene(start: Start, *, mutual: bool = False, host: str = "127.0.0.1") -> Scene:
    """A scene whose manager speaks TLS, with the files of its machine's user in the folder `pki`."""
    plain = start()
    machine, authority = plain.machine, plain.authority
    names = {"ip_addresses": [host]} if host[0].isdigit() else {"dns_names": [host]}
    server, client = authority.issue(host, **names), authority.issue("client")
    machine.file("pki/ca.pem", authority.pem)
    machine.file("pki/client.pem", client.pem)
    machine.file("pki/client.key", client.key_pem)
    machine.file("pki/both.pem", client.pem + client.key_pem)
    certificate, key = machine.file("pki/server.pem", server.pem), machine.file("pki/server.key", server.key_pem)
    return start(tls=Tls(certificate, key, machine.folder / "pki" / "ca.pem" if mutual else None))


ENCRYPTED_KEYS = {
    "PKCS #8": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
    "OpenSSL's own": "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END EC PRIVATE KEY-----\n",
}


class TestTls:
    """Whom to trust, and how to be trusted."""

    @pytest.mark.parametrize("by_variable", [False, True], ids=["option", "variable"])
    def test_an_authority_of_ones_own(self, start: Start, by_variable: bool) -> None:
        scene = _tls_scene(start)
        ca = str(_pki(scene, "ca.pem"))

        outcome = _run(scene, {"APINIZER_CA_PATH": ca}) if by_variable else _run(scene, ca_path=ca)

        assert not outcome.failed
        assert len(scene.manager.journal.connections()) == 1

    def test_an_unknown_authority_is_refused(self, start: Start) -> None:
        scene = _tls_scene(start)

        outcome = _run(scene, retries=3)

        assert_error(outcome, "No trusted TLS connection", scene.manager.url, "ca_path", "APINIZER_CA_PATH")
        assert not len(scene.manager.journal)

    def test_another_host_is_refused(self, start: Start) -> None:
        scene = _tls_scene(start, host="manager.example.com")

        assert_error(_run(scene, ca_path=str(_pki(scene, "ca.pem"))), "No trusted TLS connection", "127.0.0.1")
        assert not len(scene.manager.journal)

    @pytest.mark.parametrize("by_variable", [False, True], ids=["option", "variable"])
    def test_trust_can_be_turned_off(self, start: Start, by_variable: bool) -> None:
        """Then a ca_path does not matter either, be it there or not."""
        scene = _tls_scene(start)
        options = {"ca_path": "/missing.pem"}

        if by_variable:
            outcome = _run(scene, {"APINIZER_VALIDATE_CERTS": "no"}, **options)
        else:
            outcome = _run(scene, validate_certs=False, **options)

        assert not outcome.failed
        assert not outcome.warnings

    @pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    def test_other_programs_bundles_do_not_override(self, start: Start, variable: str) -> None:
        scene = _tls_scene(start)
        ca = str(_pki(scene, "ca.pem"))
        wrong = scene.machine.file("wrong.pem", type(scene.authority)().pem)

        assert not _run(scene, {variable: wrong}, ca_path=ca).failed
        assert not _run(scene, {variable: wrong}, validate_certs=False).failed

    @pytest.mark.parametrize("content", ["", "no certificate\n"], ids=["empty", "no PEM"])
    def test_a_ca_path_that_trusts_nobody(self, start: Start, content: str) -> None:
        """An empty file counts as not given, so the system's authorities decide: they do not know the manager's."""
        scene = _tls_scene(start)

        outcome = _run(scene, ca_path=scene.machine.file("ca.pem", content))

        assert_error(outcome, "ca_path")
        assert not len(scene.manager.journal)

    @pytest.mark.parametrize(
        "files",
        [
            {"client_cert": "client.pem", "client_key": "client.key"},
            {"client_cert": "both.pem"},
        ],
        ids=["two files", "one file"],
    )
    @pytest.mark.parametrize("by_variable", [False, True], ids=["option", "variable"])
    def test_mutual(self, start: Start, files: dict[str, str], by_variable: bool) -> None:
        scene = _tls_scene(start, mutual=True)
        paths = {option: str(_pki(scene, name)) for option, name in {**files, "ca_path": "ca.pem"}.items()}

        if by_variable:
            outcome = _run(scene, {f"APINIZER_{option.upper()}": path for option, path in paths.items()})
        else:
            outcome = _run(scene, **paths)

        assert not outcome.failed, outcome

    def test_mutual_without_a_certificate(self, start: Start) -> None:
        scene = _tls_scene(start, mutual=True)

        assert_error(_run(scene, ca_path=str(_pki(scene, "ca.pem")), retries=0), "client_cert")
        assert not len(scene.manager.journal)

    @pytest.mark.parametrize("kind", ENCRYPTED_KEYS)
    @pytest.mark.parametrize("together", [False, True], ids=["client_key", "client_cert"])
    def test_a_key_with_a_passphrase(self, start: Start, kind: str, together: bool) -> None:
        """OpenSSL would ask for it, and hang."""
        scene = _tls_scene(start, mutual=True)
        certificate, key = _pki(scene, "client.pem").read_text(), ENCRYPTED_KEYS[kind]
        files = {"client_cert": scene.machine.file("client.pem", certificate + key if together else certificate)}
        if not together:
            files["client_key"] = scene.machine.file("client.key", key)

        outcome = _run(scene, ca_path=str(_pki(scene, "ca.pem")), **files)

        assert_error(outcome, "client_cert: " if together else "client_key: ", "passphrase")

    @pytest.mark.parametrize("content", ["", "no key\n"], ids=["empty", "no PEM"])
    def test_a_key_that_is_none(self, start: Start, content: str) -> None:
        scene = _tls_scene(start, mutual=True)

        outcome = _run(
            scene,
            ca_path=str(_pki(scene, "ca.pem")),
            client_cert=str(_pki(scene, "client.pem")),
            client_key=scene.machine.file("client.key", content),
            retries=0,
        )

        assert_error(outcome, "client_key")
        assert not len(scene.manager.journal)
