#!/usr/bin/python
# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apinizer_truststore_info
short_description: Read what the gateways of an Apinizer API manager trust
version_added: 1.0.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Returns the certificates in the truststore of each environment. That is what its gateways trust when they connect to
    backends and partners. The manager's record, which M(apinizer.apiops.apinizer_certificate_info) returns, can differ from
    it, for example after a deployment that failed.
  - A truststore contains the certificates of all projects, and possibly those of public certificate authorities.
  - From release 2026.09 on, the manager reads the truststore live from the workers of the environment, for a token with the
    permission C(SECRETS) with C(EXPORT_IMPORT) in O(project). If that is not possible, the module reads the list that a
    manager from release 2025 on returns to a token with access to the project V(admin). If neither is available, the module
    fails.
extends_documentation_fragment:
  - apinizer.apiops.attributes
  - apinizer.apiops.attributes.actiongroup_apinizer
  - apinizer.apiops.connection
attributes:
  diff_mode:
    support: N/A
    details:
      - The module changes nothing.
options:
  project:
    description:
      - A project that the environments belong to. Case-sensitive.
    type: str
    required: true
  environments:
    description:
      - The environments whose truststores to return. If not set, the module returns those of all environments of O(project).
      - The truststore of the environment V(apimanager), which is that of the manager itself, cannot be read.
    type: list
    elements: str
seealso:
  - module: apinizer.apiops.apinizer_certificate
  - module: apinizer.apiops.apinizer_certificate_info
"""

EXAMPLES = r"""
- name: Read what the production gateways trust
  apinizer.apiops.apinizer_truststore_info:
    project: MyProject
    environments:
      - production
  register: found

- name: Show the certificates that expire within 30 days
  ansible.builtin.debug:
    msg: "{{ item.alias }} ({{ item.subject }}) expires on {{ item.not_after }}"
  loop: "{{ found.truststores[0].certificates }}"
  loop_control:
    label: "{{ item.alias }}"
  when: item.days_remaining is not none and item.days_remaining < 30
"""

RETURN = r"""
truststores:
  description: The truststores, sorted by environment.
  returned: success
  type: list
  elements: dict
  contains:
    environment:
      description: The name of the environment.
      type: str
      returned: always
      sample: production
    source:
      description:
        - V(workers) if the manager read the truststore live from the workers.
        - V(manager) if it is the manager's list of the truststore. The documentation of the manager does not say whether this
          list is read from the workers.
      type: str
      returned: always
      choices:
        - workers
        - manager
      sample: workers
    certificates:
      description: The trusted certificates, sorted by alias. Of a certificate that cannot be read, only the alias is known.
      type: list
      elements: dict
      returned: always
      contains:
        alias:
          description: The alias. Truststores of Java do not distinguish upper and lower case in aliases.
          type: str
          returned: always
          sample: my-cert-alias
        subject:
          description: The subject in the notation of RFC 4514.
          type: str
          returned: always
          sample: CN=api.example.com,O=Example Inc,C=US
        issuer:
          description: The issuer in the notation of RFC 4514.
          type: str
          returned: always
          sample: CN=Example CA,O=Example Inc,C=US
        serial_number:
          description: The serial number in lower-case hexadecimal digits.
          type: str
          returned: always
          sample: 4f2c99d8a1
        not_before:
          description: The start of the validity period, in UTC.
          type: str
          returned: always
          sample: "2026-01-01T00:00:00Z"
        not_after:
          description: The end of the validity period, in UTC.
          type: str
          returned: always
          sample: "2026-12-31T23:59:59Z"
        days_remaining:
          description: The whole days until C(not_after). Negative for an expired certificate.
          type: int
          returned: always
          sample: 38
        percent_remaining:
          description:
            - The share of the lifetime, from C(not_before) to C(not_after), that is left, in whole percent. Negative for an expired
              certificate.
          type: int
          returned: always
          version_added: 1.0.0
          sample: 10
        expired:
          description: Whether the certificate has expired.
          type: bool
          returned: always
          sample: false
        fingerprint_sha256:
          description: The SHA-256 fingerprint of the DER encoding in lower-case hexadecimal digits.
          type: str
          returned: always
          sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        fingerprint_sha1:
          description: The SHA-1 fingerprint of the DER encoding in lower-case hexadecimal digits.
          type: str
          returned: always
          sample: a94a8fe5ccb19ba61c4c0873d391e987982fbbd3
"""

from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleContext, ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.module_utils._module import run_as_module
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import run_truststore_info_operation
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    CONNECTION_SPEC,
    check_name,
    environment_names,
)

ARGUMENT_SPEC = {
    **CONNECTION_SPEC,
    "project": {"type": "str", "required": True},
    "environments": {"type": "list", "elements": "str"},
}


def run(context: ModuleContext, now: datetime) -> Result:
    """Read the truststores of the environments."""
    project = check_name("project", context.params["project"])
    environments = environment_names(context.params["environments"])
    for environment in environments or ():
        check_name("environments", environment)
    with context.manager() as api:
        return {"changed": False, "truststores": run_truststore_info_operation(api, project, environments, now=now)}


DEFINITION = ModuleDefinition(ARGUMENT_SPEC, run)


def main() -> None:
    run_as_module(DEFINITION)


if __name__ == "__main__":
    main()
