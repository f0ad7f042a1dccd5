# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS, with and without client certificates."""

from __future__ import annotations

import pytest
import requests
import trustme

from manager import Fault


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return PEM files by name: two authorities, and the certificate and key of the server and of a client."""
    folder = tmp_path_factory.mktemp("tls")
    authority, other = trustme.CA(), trustme.CA()
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("client@example.com")
    blobs = {
        "ca": authority.cert_pem,
        "other": other.cert_pem,
        "server": server.cert_chain_pems[0],
        "server key": server.private_key_pem,
        "client": client.cert_chain_pems[0],
        "client key": client.private_key_pem,
    }
    paths = {name: str(folder / name) for name in blobs}
    for name, blob in blobs.items():
        blob.write_to_path(paths[name])
    return paths


def test_https(start, files):
    api = start(tls=(files["server"], files["server key"]))
    assert api.manager.url.startswith("https://127.0.0.1:")
    assert api("GET", "projects", verify=files["ca"]).status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        api.session.get(api.manager.url, verify=files["other"], timeout=5)


def test_mutual_tls(start, files):
    api = start(tls=(files["server"], files["server key"], files["ca"]))
    own = (files["client"], files["client key"])
    assert api("GET", "projects", verify=files["ca"], cert=own).status_code == 200
    seen = len(api.manager.journal)
    with pytest.raises(requests.ConnectionError):
        requests.get(api.manager.url_of("projects"), verify=files["ca"], timeout=5)
    assert len(api.manager.journal) == seen


def test_a_connection_can_be_dropped_under_tls(start, files):
    api = start(tls=(files["server"], files["server key"]))
    api.manager.faults.add(Fault("drop_after", method="DELETE"))
    with pytest.raises(requests.ConnectionError):
        api.delete(verify=files["ca"])
    assert api.manager.holds("MyProject", "web") == {}
