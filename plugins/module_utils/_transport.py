# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send one request over a keep-alive session of requests, and read its response, within the limits of an exchange.

requests is imported when the first transport is created. It is used for its connections, proxies and TLS settings only:
its sessions read the body of a redirect without any limit, and prepare requests slower than they are sent.
"""

from __future__ import annotations

import logging
import os
import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._exchange import Exchange, bounded_pools
from ansible_collections.apinizer.apiops.plugins.module_utils._failures import Route, explain
from ansible_collections.apinizer.apiops.plugins.module_utils._response import (
    ACCEPTED_ENCODINGS,
    Response,
    read_response,
)


def _without_traceback(record: logging.LogRecord) -> bool:
    """Filter warnings of urllib3 that show a traceback and raw bytes of the manager: Ansible may write them to its log."""
    return record.exc_info is None


class Transport:
    """The connections to one manager."""

    def __init__(self, connection: Connection) -> None:
        import requests

        self._connection = connection
        self._requests = requests
        self._exchange = Exchange()
        # Without a type: the versions of requests differ in theirs.
        self._session: t.Any = requests.Session()
        self._adapter = _bounded_adapter(self._exchange)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)
        self._session.headers.update(
            {
                "Accept": "application/json, application/zip",
                "Accept-Encoding": ACCEPTED_ENCODINGS,
                "User-Agent": "ansible-apinizer.apiops",
            }
        )
        for module in ("connection", "connectionpool"):
            logging.getLogger(f"urllib3.{module}").addFilter(_without_traceback)
        self._base: str | None = None
        self._settings: dict[str, t.Any] | None = None
        self._environment = os.environ.copy()
        self._has_answered = False
        if not connection.validate_certs:
            # The user chose this, so a warning on standard error for each request would only be noise.
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def notice_environment(self) -> None:
        """Read the proxies and the TLS settings again if the environment variables have changed."""
        environment = os.environ.copy()
        if environment != self._environment:
            self._environment, self._settings = environment, None

    def send(self, method: str, path: str, authorization: str | None, **body: t.Any) -> Response:
        """Send one request and return its response.

        :arg path: the path below C(/apiops/) with the query, encoded.
        :arg body: C(files) or C(data), as requests expects them.
        :raises RequestError: if there is no response, or it cannot be read. No other exception leaves this method, whatever
            the libraries raise, so that callers can find out what a write did.
        :raises InputError: if the connection cannot be used at all.
        """
        self._exchange.start(self._connection.timeout)
        try:
            request = self._prepare(method, path, authorization, **body)
            answer = self._adapter.send(
                request,
                stream=True,
                timeout=self._connection.timeout,
                verify=self._environment_settings()["verify"],
                cert=self._client_certificate(),
                proxies=self._environment_settings()["proxies"],
            )
            response = read_response(answer)
            if "Set-Cookie" in answer.headers:
                cookies: t.Any = self._requests.cookies
                cookies.extract_cookies_to_jar(self._session.cookies, request, answer.raw)
        except Exception as exc:
            raise explain(exc, method, self._connection, self._exchange, self._route()) from exc
        self._has_answered = True
        return response

    def _prepare(self, method: str, path: str, authorization: str | None, **body: t.Any) -> t.Any:
        """Prepare a request.

        Session.prepare_request takes longer than sending the request does: it normalizes the same address, merges the
        same settings, and looks for the credentials of a ~/.netrc (which must not be used here) each time.
        """
        request: t.Any = self._requests.PreparedRequest()
        if self._base is None:
            request.prepare_url(self._connection.base, None)
            self._base = str(request.url)
        request.method = method
        request.url = f"{self._base}{path}"
        request.headers = self._requests.structures.CaseInsensitiveDict(t.cast("dict[str, str]", self._session.headers))
        if authorization is not None:
            request.headers["Authorization"] = authorization
        request.prepare_cookies(self._session.cookies)
        if method != "GET":
            request.prepare_body(**{"data": None, "files": None, **body})
        return request

    def _client_certificate(self) -> t.Any:
        certificate, key = self._connection.client_cert, self._connection.client_key
        return (certificate, key) if certificate and key else certificate

    def _environment_settings(self) -> dict[str, t.Any]:
        """Return the proxies and the TLS settings. They are only read again if the environment changes."""
        if self._settings is None:
            # C(verify) is passed here, because REQUESTS_CA_BUNDLE overrides the value of the session.
            self._settings = self._session.merge_environment_settings(
                self._connection.base, {}, None, self._connection.verify, None
            )
        return self._settings

    def _route(self) -> Route:
        """Return how the manager is reached, to explain a failure."""
        settings = self._settings or {}
        return Route(
            proxy=self._requests.utils.select_proxy(self._connection.base, settings.get("proxies")),
            verify=settings.get("verify"),
            has_answered=self._has_answered,
        )


def _bounded_adapter(exchange: Exchange) -> t.Any:
    from requests.adapters import HTTPAdapter

    class BoundedAdapter(HTTPAdapter):
        """An adapter of requests whose connections keep to the limits of an exchange."""

        def init_poolmanager(self, *arguments: t.Any, **named: t.Any) -> None:
            super().init_poolmanager(*arguments, **named)
            manager = self.poolmanager
            manager.pool_classes_by_scheme = bounded_pools(manager.pool_classes_by_scheme, exchange)

        def proxy_manager_for(self, proxy: str, **named: t.Any) -> t.Any:
            known = proxy in self.proxy_manager
            manager: t.Any = super().proxy_manager_for(proxy, **named)
            if not known:
                connects = not proxy.lower().startswith("socks")
                pools = bounded_pools(manager.pool_classes_by_scheme, exchange, connects=connects)
                manager.pool_classes_by_scheme = pools
            return manager

    return BoundedAdapter()
