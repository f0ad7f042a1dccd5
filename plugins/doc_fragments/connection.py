# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options that all modules share, and the plugins with them."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description:
      - The address of the Apinizer manager, with its path prefix if it has one.
      - Required; if not set, the value of the environment variable E(APINIZER_URL) is used.
    type: str
  token:
    description:
      - A personal API access token.
      - It is sent to the host of O(url) only; redirects are never followed.
      - If neither this nor O(username) is set, the value of the environment variable E(APINIZER_TOKEN) is used.
    type: str
  username:
    description:
      - The user name to request a token with, instead of O(token).
      - If not set, the value of the environment variable E(APINIZER_USERNAME) is used.
    type: str
  password:
    description:
      - The password that belongs to O(username).
      - If not set, the value of the environment variable E(APINIZER_PASSWORD) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify the manager's TLS certificate. Turn it off only where you would also hand out the token.
      - If not set, the value of the environment variable E(APINIZER_VALIDATE_CERTS) is used, or V(true).
    type: bool
  ca_path:
    description:
      - A PEM file with the certificate authorities to trust, instead of those of the system.
      - An empty file counts as not set.
      - If not set, the value of the environment variable E(APINIZER_CA_PATH) is used.
    type: path
  client_cert:
    description:
      - A PEM file with the certificate to present to the manager (mutual TLS). It may hold the private key as well.
      - An empty file counts as not set.
      - If not set, the value of the environment variable E(APINIZER_CLIENT_CERT) is used.
    type: path
  client_key:
    description:
      - A PEM file with the private key of O(client_cert), without a passphrase.
      - An empty file counts as not set.
      - If not set, the value of the environment variable E(APINIZER_CLIENT_KEY) is used.
    type: path
  timeout:
    description:
      - How many seconds to wait for a connection, and for each answer.
      - If not set, the value of the environment variable E(APINIZER_TIMEOUT) is used, or V(30).
    type: float
  retries:
    description:
      - How often a request may be sent again that the manager did not answer, or that it was too busy for.
      - Reading is simply repeated. A write is sent again only after reading has shown that it had no effect, or, to deploy
        once more, after the manager has reported a failed deployment.
      - If not set, the value of the environment variable E(APINIZER_RETRIES) is used, or V(3).
    type: int
notes:
  - Every option may be given as a string. An empty string counts as not set.
  - Proxies are taken from the environment (E(HTTPS_PROXY), E(HTTP_PROXY), E(NO_PROXY)) of the host that sends the requests.
  - The token needs any permission in the project to read, and C(SECRETS) with C(MANAGE) and C(SECRETS) with
    C(DEPLOY_UNDEPLOY) to write.
"""

    # For plugins that are no modules, beside the fragment above: each option's own entry is merged with its description.
    PLUGIN = r"""
options:
  url:
    env:
      - name: APINIZER_URL
  token:
    env:
      - name: APINIZER_TOKEN
  username:
    env:
      - name: APINIZER_USERNAME
  password:
    env:
      - name: APINIZER_PASSWORD
  validate_certs:
    env:
      - name: APINIZER_VALIDATE_CERTS
  ca_path:
    env:
      - name: APINIZER_CA_PATH
  client_cert:
    env:
      - name: APINIZER_CLIENT_CERT
  client_key:
    env:
      - name: APINIZER_CLIENT_KEY
  timeout:
    env:
      - name: APINIZER_TIMEOUT
  retries:
    env:
      - name: APINIZER_RETRIES
"""
