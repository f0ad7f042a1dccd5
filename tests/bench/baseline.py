# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline: the minimum that a correct client must do, over one connection: `python baseline.py FILE`.

FILE is a JSON list of certificates. For each one, the script reads the certificate, compares it, updates it if it
differs in any environment, checks the deployment result, and reads the certificate back.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

_TIMEOUT_SECONDS = 30


def main(file: str) -> None:
    """Bring every certificate in the list in sync with its file."""
    base = os.environ["APINIZER_URL"] + "/apiops/projects"
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer " + os.environ["APINIZER_TOKEN"]
        for desired in json.loads(Path(file).read_text(encoding="utf-8")):
            url = f"{base}/{quote(desired['project'], safe='')}/certificates/{quote(desired['name'], safe='')}/"
            _rotate(session, url, Path(desired["path"]).read_text(encoding="ascii"))


def _rotate(session: requests.Session, url: str, pem: str) -> None:
    der = ssl.PEM_cert_to_DER_cert(pem)
    current = _read(session, url)
    if _is_in_sync(current, der):
        return
    entries = current["certificateEnvironmentList"]
    form = {
        "alias": entries[0]["alias"],
        "certificateDescription": current["description"],
        "environmentList": ",".join(entry["environmentName"] for entry in entries),
    }
    response = session.put(url, data=form, files={"pemEncodedFile": ("certificate.pem", pem)}, timeout=_TIMEOUT_SECONDS)
    response.raise_for_status()
    if not response.json()["deploymentResult"]["success"]:
        sys.exit(f"{url} was not deployed")
    if not _is_in_sync(_read(session, url), der):
        sys.exit(f"{url} does not hold the certificate that was written")


def _read(session: requests.Session, url: str) -> dict[str, Any]:
    response = session.get(url, timeout=_TIMEOUT_SECONDS)
    response.raise_for_status()
    (certificate,) = response.json()["resultList"]
    return dict(certificate)


def _is_in_sync(certificate: dict[str, Any], der: bytes) -> bool:
    entries = certificate["certificateEnvironmentList"]
    return all(base64.b64decode(entry["base64EncodedContent"]) == der for entry in entries)


if __name__ == "__main__":
    main(sys.argv[1])
