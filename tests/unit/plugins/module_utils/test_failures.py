# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that name what is wrong and the option, and no secret."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError, RequestError
from exchanges import BODY, Serve, client_of, failure_of
from raw_server import response

pytestmark = pytest.mark.usefixtures("no_environment")

SECRET = "s3cr3t"

# Messages that name the cause


def test_http_to_a_port_with_tls_is_named(serve: Serve, tls: ssl.SSLContext) -> None:
    """A TLS server answers with an alert, or closes the connection."""
    alert = failure_of(serve(b"\x15\x03\x03\x00\x02\x02\x46"), "PUT")
    assert "expects TLS. Use https in url (APINIZER_URL), or check its port" in str(alert)
    closed = failure_of(serve(response(BODY), tls=tls).url.replace("https:", "http:"))
    assert "TLS" in str(closed)
    assert "use https in url" in str(closed).lower()


def test_https_to_a_port_without_tls_is_named(serve: Serve) -> None:
    for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b""):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"

            def answer_once(listener: socket.socket = listener, answer: bytes = answer) -> None:
                connection, _address = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

            thread = threading.Thread(target=answer_once)
            thread.start()
            error = failure_of(url, "PUT")
            thread.join()
        assert isinstance(error, RequestError)
        assert "Check the scheme and the port in url" in str(error)
        assert not error.maybe_applied


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, f"http://user:{SECRET}@127.0.0.1:1")
    error = failure_of("http://manager.example.com", "PUT")
    assert str(error) == (
        "The manager cannot be reached at http://manager.example.com through the proxy http://********@127.0.0.1:1 "
        f"(environment variable {variable}): Connection refused"
    )
    assert isinstance(error, RequestError)
    assert (error.retryable, error.maybe_applied) == (True, False)


def test_a_proxy_without_a_scheme_hides_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"user:{SECRET}@127.0.0.1:1")
    """requests refuses it, because it takes the username for the scheme."""
    message = str(failure_of("http://manager.example.com"))
    assert message.startswith("HTTP_PROXY: is not a valid proxy address")


def test_a_proxy_that_refuses_a_tunnel_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(response(b"", status="407 Proxy Authentication Required"))
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@{proxy.host}")
    error = failure_of("https://manager.example.com", "PUT")
    assert f"through the proxy http://********@{proxy.host} (environment variable HTTPS_PROXY): " in str(error)
    assert "407 Proxy Authentication Required" in str(error)
    assert isinstance(error, RequestError)
    assert not error.maybe_applied


def test_a_proxy_that_refuses_a_request_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", serve(response(b"", status="407 Proxy Authentication Required")).url)
    assert "Check the credentials of the proxy" in str(failure_of("http://manager.example.com"))


@pytest.mark.parametrize(
    "address",
    [
        f"http://user:{SECRET}/@host:3128",
        f"http://user:{SECRET}#@host",
        f"http://user:{SECRET}@host:port",
        "http://",
        "http://:80",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_an_address_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, address: str, scheme: str
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", address)
    error = failure_of(f"{scheme}://manager.example.com")
    assert isinstance(error, InputError)
    assert str(error).startswith(
        f"{scheme}_proxy: is not a valid proxy address. Use one such as http://proxy.example.com:3128"
    )


def test_a_redirect_is_shown_without_credentials(serve: Serve) -> None:
    message = str(failure_of(serve(response(b"", f"Location: https://user:{SECRET}@host/a@b", status="302 Found"))))
    assert "a redirect to https://********@host/a@b. Redirects are never followed" in message


@pytest.mark.parametrize("url", ["http://a..b", "http://.example.com", f"http://{'a' * 64}.example.com"])
def test_a_host_name_that_cannot_exist_is_named(url: str) -> None:
    with pytest.raises(InputError, match=r"^url: must be the manager's address"):
        client_of(url)


def test_a_host_name_that_cannot_be_encoded_is_named() -> None:
    error = failure_of("http://\u00fc..b")
    assert isinstance(error, InputError)
    assert str(error).startswith("url: ")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "no PEM"])
def test_a_bundle_of_the_environment_that_cannot_be_used_is_named(
    serve: Serve,
    tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    content: str | None,
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv(variable, str(bundle))
    error = failure_of(serve(response(BODY), tls=tls), "PUT")
    assert isinstance(error, InputError)
    assert str(error).startswith(f"{variable}: {bundle} ")


CLIENT_FILES = {
    "certificate": ({"client_cert": "broken"}, "client_cert: {broken} contains no certificate in PEM format"),
    "certificate with a key": (
        {"client_cert": "broken", "client_key": "key"},
        "client_cert: {broken} contains no certificate in PEM format",
    ),
    "key": ({"client_cert": "certificate", "client_key": "broken"}, "client_key: {broken} contains no private key"),
    "no key": ({"client_cert": "certificate"}, "client_cert: {certificate} contains no private key"),
    "another key": (
        {"client_cert": "certificate", "client_key": "other"},
        "client_key: {other} does not belong to the certificate in client_cert",
    ),
    "authority": ({"ca_path": "broken"}, "ca_path: {broken} contains no certificate in PEM format"),
}


@pytest.mark.parametrize("kind", CLIENT_FILES)
def test_a_tls_file_that_cannot_be_used_is_named(
    serve: Serve, tls: ssl.SSLContext, tls_authority: trustme.CA, ca_path: str, tmp_path: Path, kind: str
) -> None:
    issued, other = tls_authority.issue_cert("client"), tls_authority.issue_cert("other")
    files = {name: tmp_path / f"{name}.pem" for name in ("certificate", "key", "other", "broken")}
    issued.cert_chain_pems[0].write_to_path(str(files["certificate"]))
    issued.private_key_pem.write_to_path(str(files["key"]))
    other.private_key_pem.write_to_path(str(files["other"]))
    files["broken"].write_text("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")
    options, message = CLIENT_FILES[kind]
    given = {"ca_path": ca_path, **{option: str(files[name]) for option, name in options.items()}}
    error = failure_of(serve(response(BODY), tls=tls), "PUT", **given)
    assert isinstance(error, InputError)
    assert str(error).startswith(message.format(**files))
