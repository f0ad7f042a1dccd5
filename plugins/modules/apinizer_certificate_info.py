#!/usr/bin/python
# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apinizer_certificate_info
short_description: Read the certificates of an Apinizer API manager
version_added: 0.1.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Reads which certificates an Apinizer manager holds, in which environments, and until when they are valid.
  - It sends one request for each project, one for the list of projects if O(project) is not set, and with O(details=true)
    one for each certificate of which the list leaves something out.
extends_documentation_fragment:
  - apinizer.apiops.attributes
  - apinizer.apiops.attributes.actiongroup_apinizer
  - apinizer.apiops.connection
attributes:
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
options:
  project:
    description:
      - The project to read. Upper and lower case count.
      - If not set, every project that the token may see is read.
    type: str
  name:
    description:
      - The certificate to read. Upper and lower case count. Needs O(project).
      - A name that the project does not have gives an empty list.
    type: str
  environments:
    description:
      - Return only these environments of each certificate, and no certificate that is in none of them.
    type: list
    elements: str
  expiring_within:
    description:
      - Return only certificates with an environment in which they expire within this many days, or have expired.
    type: int
  details:
    description:
      - Whether to read each certificate by itself. The list of a project may leave out the content of the certificates, and
        with it C(issuer), C(serial_number) and C(fingerprint_sha256).
    type: bool
    default: false
seealso:
  - module: apinizer.apiops.apinizer_certificate
"""

EXAMPLES = r"""
- name: Find what expires within 30 days, in all projects
  apinizer.apiops.apinizer_certificate_info:
    expiring_within: 30
  register: expiring

- name: Show it in a line for each certificate and environment
  ansible.builtin.debug:
    msg: >-
      {{ item.0.project }}/{{ item.0.name }} in {{ item.1.name }}:
      {{ item.1.days_remaining }} days, until {{ item.1.not_after }}
  loop: "{{ expiring.certificates | subelements('environments') }}"
  loop_control:
    label: "{{ item.0.name }} {{ item.1.name }}"

- name: Read one certificate with all details
  apinizer.apiops.apinizer_certificate_info:
    project: MyProject
    name: my-certificate
    details: true
  register: current

- name: Stop if staging and production do not hold the same certificate
  ansible.builtin.assert:
    that: >-
      current.certificates[0].environments
      | selectattr('name', 'in', ['staging', 'production'])
      | map(attribute='fingerprint_sha256') | unique | length == 1
"""

RETURN = r"""
certificates:
  description: The certificates that were found, sorted by project and name.
  returned: success
  type: list
  elements: dict
  contains:
    project:
      description: The project.
      type: str
      returned: always
      sample: MyProject
    name:
      description: The name of the certificate.
      type: str
      returned: always
      sample: my-certificate
    description:
      description: The description. V(null) if the manager does not report it.
      type: str
      returned: always
      sample: SSL certificate for API
    environments:
      description: The environments that hold the certificate, sorted by name.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The environment.
          type: str
          returned: always
          sample: production
        alias:
          description: The alias.
          type: str
          returned: always
          sample: my-cert-alias
        subject:
          description: The subject, as in RFC 4514; in the manager's own notation if it sends no content.
          type: str
          returned: always
          sample: CN=api.example.com,O=Example Inc,C=US
        issuer:
          description: The issuer, as in RFC 4514. V(null) if the manager sends no content.
          type: str
          returned: always
          sample: CN=Example CA,O=Example Inc,C=US
        serial_number:
          description: The serial number as lower-case hexadecimal digits. V(null) if the manager sends no content.
          type: str
          returned: always
          sample: 4f2c99d8a1
        not_before:
          description: The start of the validity, in UTC.
          type: str
          returned: always
          sample: "2026-01-01T00:00:00Z"
        not_after:
          description: The end of the validity, in UTC.
          type: str
          returned: always
          sample: "2026-12-31T23:59:59Z"
        days_remaining:
          description: Whole days until C(not_after); negative once it has passed.
          type: int
          returned: always
          sample: 38
        expired:
          description: Whether the validity has ended.
          type: bool
          returned: always
          sample: false
        fingerprint_sha256:
          description: The SHA-256 of the DER form as lower-case hexadecimal digits. V(null) if the manager sends no content.
          type: str
          returned: always
          sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        fingerprint_sha1:
          description: The SHA-1 of the DER form as lower-case hexadecimal digits.
          type: str
          returned: always
          sample: a94a8fe5ccb19ba61c4c0873d391e987982fbbd3
        entries:
          description:
            - How many entries the manager lists for this environment. More than one is a fault of the manager's update, which
              may add an entry instead of replacing it.
            - The values shown are then those of the entry issued last.
          type: int
          returned: always
          sample: 1
"""

from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleContext, ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._module import run_as_module
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import InfoOperation, run_info_operation
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    CONNECTION_SPEC,
    check_name,
    environment_names,
)

ARGUMENT_SPEC = {
    **CONNECTION_SPEC,
    "project": {"type": "str"},
    "name": {"type": "str"},
    "environments": {"type": "list", "elements": "str"},
    "expiring_within": {"type": "int"},
    "details": {"type": "bool", "default": False},
}


def info_operation(context: ModuleContext) -> InfoOperation:
    """Make the operation from the options.

    :raises InputError: if an option is not valid.
    """
    params = context.params
    for option in ("project", "name"):
        if params[option] is not None:
            check_name(option, params[option])
    if params["expiring_within"] is not None and not 0 <= params["expiring_within"] <= 36500:
        raise InputError("expiring_within", "must be a number of days between 0 and 36500")
    return InfoOperation(
        project=params["project"],
        name=params["name"],
        environments=environment_names(params["environments"]),
        expiring_within=params["expiring_within"],
        details=params["details"],
    )


def run(context: ModuleContext, now: datetime) -> Result:
    """Run the operation that the options describe."""
    operation = info_operation(context)
    with context.manager() as api:
        return {"changed": False, "certificates": run_info_operation(api, operation, now=now)}


DEFINITION = ModuleDefinition(ARGUMENT_SPEC, run, required_by={"name": ("project",)})


def main() -> None:
    run_as_module(DEFINITION)


if __name__ == "__main__":
    main()
