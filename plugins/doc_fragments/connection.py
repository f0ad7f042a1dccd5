# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options that all modules and plugins share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description:
      - The address of the Apinizer manager. If the manager has a path prefix, include it.
      - Required. If not set, the value of the environment variable E(APINIZER_URL) is used.
    type: str
  token:
    description:
      - A personal API access token of the manager.
      - The token is only sent to the host of O(url). Redirects are never followed.
      - If neither this option nor O(username) is set, the value of the environment variable E(APINIZER_TOKEN) is used.
    type: str
  username:
    description:
      - The username to request a token with. Use it together with O(password), instead of O(token).
      - If not set, the value of the environment variable E(APINIZER_USERNAME) is used.
    type: str
  password:
    description:
      - The password of O(username).
      - If not set, the value of the environment variable E(APINIZER_PASSWORD) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify the TLS certificate of the manager. With V(false), anyone who can intercept the connection can read
        the token, so only use it for tests.
      - If not set, the value of the environment variable E(APINIZER_VALIDATE_CERTS) is used, or else V(true).
    type: bool
  ca_path:
    description:
      - The path of a PEM file with the certificate authorities to trust, instead of the authorities that the system trusts.
      - An empty file counts as not set.
      - If not set, the value of the environment variable E(APINIZER_CA_PATH) is used.
    type: path
  client_cert:
    description:
      - The path of a PEM file with the client certificate for mutual TLS. The file may also contain the private key.
      - An empty file counts as not set.
      - If not set, the value of the environment variable E(APINIZER_CLIENT_CERT) is used.
    type: path
  client_key:
    description:
      - The path of a PEM file with the private key of O(client_cert). The key must not have a passphrase.
      - An empty file counts as not set.
      - If not set, the value of the environment variable E(APINIZER_CLIENT_KEY) is used.
    type: path
  timeout:
    description:
      - The maximum time in seconds for each request as a whole, from connecting to the last byte of the response. Only the
        name resolution is not included.
      - If not set, the value of the environment variable E(APINIZER_TIMEOUT) is used, or else V(30).
    type: float
  retries:
    description:
      - The maximum number of times to send a request again if the manager does not answer or is too busy.
      - Reads are simply repeated. A write is only repeated if the certificate, read back from the manager, shows that the
        write had no effect, or if the manager reported that the deployment failed.
      - If not set, the value of the environment variable E(APINIZER_RETRIES) is used, or else V(3).
    type: int
notes:
  - Every option may be a string. An empty string counts as not set.
  - Proxies are taken from the environment variables E(HTTPS_PROXY), E(HTTP_PROXY), and E(NO_PROXY) of the host that sends the
    requests.
  - To read, the token needs any permission in the project. To write, it needs C(SECRETS) with C(MANAGE) and, where the
    console offers it, C(SECRETS) with C(DEPLOY_UNDEPLOY). To write some environments and leave the others unchanged, and to
    read truststores, it needs C(SECRETS) with C(EXPORT_IMPORT).
"""

    # For plugins that are not modules, in addition to the fragment above. Ansible merges the entries of each option.
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
