# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running fake manager with one certificate, and a plain HTTP client for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from manager import Authority, Issued, Manager

TIMEOUT_SECONDS = 5


class ApiClient:
    """An HTTP client for a manager, built on requests alone."""

    def __init__(self, manager: Manager) -> None:
        """Use the token with all rights."""
        self.manager = manager
        self.session = requests.Session()
        self.session.trust_env = False
        self.token = manager.token

    def __call__(self, method: str, *names: str, raw: str = "", **options: Any) -> requests.Response:
        """Send a request to the `names` under /apiops/, encoded, or to the `raw` path there, unchanged."""
        url = f"{self.manager.url}/apiops/{raw}" if raw else self.manager.url_of(*names)
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        options.setdefault("timeout", TIMEOUT_SECONDS)
        return self.session.request(method, url, headers=headers, allow_redirects=False, **options)

    def get(self, name: str = "web") -> Any:
        """Return a certificate as the manager shows it."""
        return self("GET", "projects", "MyProject", "certificates", name).json()["resultList"][0]

    def put(self, pem: str | bytes, *environments: str, name: str = "web", **options: Any) -> requests.Response:
        """Update a certificate."""
        form = {"alias": "web", "certificateDescription": "Renewed", "environmentList": ",".join(environments)}
        form |= options.pop("form", {})
        files = options.pop("files", {"pemEncodedFile": ("new.pem", pem)})
        return self("PUT", "projects", "MyProject", "certificates", name, data=form, files=files, **options)

    def create(self, name: str, pem: str | bytes, *environments: str, **options: Any) -> requests.Response:
        """Create a certificate, with its name as alias."""
        form = {
            "certificateName": name,
            "alias": name,
            "certificateDescription": "New",
            "environmentList": ",".join(environments),
        }
        form |= options.pop("form", {})
        files = {"pemEncodedFile": ("new.pem", pem)}
        return self("POST", "projects", "MyProject", "certificates", data=form, files=files, **options)

    def import_file(self, content: str | bytes, *environments: str, name: str = "web", **form: str) -> Any:
        """Import a certificate file."""
        form = {"certificateName": name, "alias": "web", "environmentList": ",".join(environments), **form}
        files = {"certificateFile": ("new.crt", content)}
        return self("POST", "projects", "MyProject", "certificates", "import-file", data=form, files=files)

    def delete(self, name: str = "web", **options: Any) -> requests.Response:
        """Delete a certificate."""
        return self("DELETE", "projects", "MyProject", "certificates", name, **options)


Start = Callable[..., ApiClient]


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Return one authority for all tests."""
    return Authority()


@pytest.fixture(scope="session")
def old(authority: Authority) -> Issued:
    """Return the certificate that the manager holds at first."""
    return authority.issue("web.example.com")


@pytest.fixture(scope="session")
def new(authority: Authority) -> Issued:
    """Return the certificate that replaces it."""
    return authority.issue("web.example.com")


@pytest.fixture
def start(old: Issued) -> Iterator[Start]:
    """Start managers that hold `web` in staging and production of MyProject, but not in development."""
    with ExitStack() as running:

        def start_one(**options: Any) -> ApiClient:
            manager = running.enter_context(Manager(**options))
            manager.add_project("MyProject", ["development", "staging", "production"])
            manager.add_certificate("MyProject", "web", {"staging": old, "production": old}, description="First")
            return ApiClient(manager)

        yield start_one


@pytest.fixture
def api(start: Start) -> ApiClient:
    """Return a client of a manager of the newest generation."""
    return start()
