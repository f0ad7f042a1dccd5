# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that a correct client can do, over one connection: `python floor.py FILE`, a JSON list of certificates.

Read each certificate, compare it, write it where it differs in an environment, look at what came of the deployment, and
read it back.
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

_SECONDS = 30


def main(file: str) -> None:
    """Bring every certificate of the list to what its file holds."""
    base = os.environ["APINIZER_URL"] + "/apiops/projects"
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer " + os.environ["APINIZER_TOKEN"]
        for wanted in json.loads(Path(file).read_text(encoding="utf-8")):
            address = f"{base}/{quote(wanted['project'], safe='')}/certificates/{quote(wanted['name'], safe='')}/"
            _rotate(session, address, Path(wanted["path"]).read_text(encoding="ascii"))


def _rotate(session: requests.Session, address: str, pem: str) -> None:
    der = ssl.PEM_cert_to_DER_cert(pem)
    held = _read(session, address)
    if _is_everywhere(held, der):
        return
    entries = held["certificateEnvironmentList"]
    form = {
        "alias": entries[0]["alias"],
        "certificateDescription": held["description"],
        "environmentList": ",".join(entry["environmentName"] for entry in entries),
    }
    answer = session.put(address, data=form, files={"pemEncodedFile": ("certificate.pem", pem)}, timeout=_SECONDS)
    answer.raise_for_status()
    if not answer.json()["deploymentResult"]["success"]:
        sys.exit(f"{address} was not deployed")
    if not _is_everywhere(_read(session, address), der):
        sys.exit(f"{address} does not hold what was written")


def _read(session: requests.Session, address: str) -> dict[str, Any]:
    answer = session.get(address, timeout=_SECONDS)
    answer.raise_for_status()
    (held,) = answer.json()["resultList"]
    return dict(held)


def _is_everywhere(held: dict[str, Any], der: bytes) -> bool:
    return all(base64.b64decode(entry["base64EncodedContent"]) == der for entry in held["certificateEnvironmentList"])


if __name__ == "__main__":
    main(sys.argv[1])
