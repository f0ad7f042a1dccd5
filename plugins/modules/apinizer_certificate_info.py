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
  - Returns the certificates in the record of an Apinizer manager, the environments that hold them, and their validity
    periods. The gateways of an environment may hold another certificate if its deployment failed. To find that out as well,
    set O(verify_gateways).
  - The module sends one request for each project, and one for the list of projects if O(project) is not set. With
    O(details=true), it sends another request for each certificate whose content is missing from the list. With
    O(verify_gateways), it sends another request for each environment. With O(jwks=true), it sends another request for each
    project.
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
      - The project to read. Case-sensitive.
      - If not set, the module reads all projects that the token has access to.
    type: str
  name:
    description:
      - The name of the certificate to return. Case-sensitive. Requires O(project).
      - If the certificate does not exist, the module returns an empty list.
      - If not set, the module returns all certificates.
    type: str
  environments:
    description:
      - The environments to return. Certificates that none of these environments holds are not returned.
      - If not set, the module returns all environments of each certificate.
    type: list
    elements: str
  expiring_within:
    description:
      - Only return certificates that have expired, or that expire within this time, in at least one environment.
      - A number of days, such as V(30), or a share of the lifetime of each certificate from V(1%) to V(99%), such as V(33%). The
        lifetime is the validity period of the certificate, from C(not_before) to C(not_after).
      - A share suits certificates with different lifetimes. For example, V(33%) is 2 days of a lifetime of 6 days, and 131 days
        of a lifetime of 397 days.
      - If not set, the module returns certificates regardless of when they expire.
    type: raw
  details:
    description:
      - Whether to read each certificate individually if the list of its project does not contain its content.
      - If V(false), C(issuer), C(serial_number), and C(fingerprint_sha256) may be V(null).
    type: bool
    default: false
  verify_gateways:
    description:
      - Whether to ask the gateways what they hold, by reading the truststore of each environment. The manager offers this
        from release 2026.09 on to a token with the permission C(SECRETS) with C(EXPORT_IMPORT) in the project, and from
        release 2025 on to a token with access to the project V(admin).
      - A truststore contains the certificates of all projects, so the module asks each environment once, through the first of
        its projects.
      - V(auto) asks. If the gateways cannot be asked, their state is V(unknown).
      - V(required) asks. If the gateways cannot be asked, the module fails. The environment V(apimanager) is an exception,
        because no request returns its truststore.
      - V(never) does not ask.
    type: str
    choices:
      - auto
      - required
      - never
    default: never
    version_added: 1.0.0
  jwks:
    description:
      - Whether to return the JWKs that were created from certificates. An update of a certificate may break their link to it,
        see O(apinizer.apiops.apinizer_certificate#module:update_referenced_jwks).
      - The manager reports them from release 2025 on.
    type: bool
    default: false
    version_added: 1.0.0
seealso:
  - module: apinizer.apiops.apinizer_certificate
  - module: apinizer.apiops.apinizer_truststore_info
  - plugin: apinizer.apiops.certificate_findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Find certificates of all projects that expire within 30 days
  apinizer.apiops.apinizer_certificate_info:
    expiring_within: 30
  register: expiring

- name: Find certificates of all projects with less than a third of their lifetime left
  apinizer.apiops.apinizer_certificate_info:
    expiring_within: "33%"

- name: Show a line for each certificate and environment
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

- name: Fail if staging and production hold different certificates
  ansible.builtin.assert:
    that: >-
      current.certificates[0].environments
      | selectattr('name', 'in', ['staging', 'production'])
      | map(attribute='fingerprint_sha256') | unique | length == 1

- name: Read the certificates of a project, and what the gateways hold
  apinizer.apiops.apinizer_certificate_info:
    project: MyProject
    verify_gateways: required
  register: verified

- name: Fail if gateways do not hold a certificate of the record
  ansible.builtin.assert:
    that: findings | length == 0
    fail_msg: "{{ findings | map(attribute='message') | join(' ') }}"
  vars:
    findings: >-
      {{ verified.certificates | apinizer.apiops.certificate_findings | selectattr('kind', 'eq', 'not_on_gateway') }}
"""

RETURN = r"""
certificates:
  description: The certificates that match, sorted by project and name.
  returned: success
  type: list
  elements: dict
  contains:
    project:
      description: The project of the certificate.
      type: str
      returned: always
      sample: MyProject
    name:
      description: The name of the certificate.
      type: str
      returned: always
      sample: my-certificate
    description:
      description: The description of the certificate. V(null) if the manager does not report it.
      type: str
      returned: always
      sample: Certificate of the payment backend
    environments:
      description: The environments that hold the certificate, sorted by name.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The name of the environment.
          type: str
          returned: always
          sample: production
        alias:
          description: The alias of the certificate in the environment.
          type: str
          returned: always
          sample: my-cert-alias
        subject:
          description: The subject in the notation of RFC 4514, or in the manager's notation if it does not return the content.
          type: str
          returned: always
          sample: CN=payments.example.com,O=Example Inc,C=US
        issuer:
          description: The issuer in the notation of RFC 4514. V(null) if the manager does not return the content.
          type: str
          returned: always
          sample: CN=Example CA,O=Example Inc,C=US
        serial_number:
          description: The serial number in lower-case hexadecimal digits. V(null) if the manager does not return the content.
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
          description:
            - The SHA-256 fingerprint of the DER encoding in lower-case hexadecimal digits.
            - V(null) if the manager does not return the content.
          type: str
          returned: always
          sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        fingerprint_sha1:
          description: The SHA-1 fingerprint of the DER encoding in lower-case hexadecimal digits.
          type: str
          returned: always
          sample: a94a8fe5ccb19ba61c4c0873d391e987982fbbd3
        public_key_sha256:
          description:
            - The SHA-256 digest of the public key (the DER of SubjectPublicKeyInfo) in lower-case hexadecimal digits. It stays
              the same if a certificate is renewed with the same key.
            - V(null) if the manager does not return the content.
          type: str
          returned: always
          sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
        entries:
          description:
            - The number of entries that the manager lists for this environment. There may be duplicate entries, because an
              update of the manager may add an entry instead of replacing it.
            - In this case, the other values are those of the entry that was issued last.
          type: int
          returned: always
          sample: 1
        chain:
          description:
            - The issuers that the record contains with the certificate, nearest first. Most managers store the certificate alone.
          type: list
          elements: dict
          returned: always
          version_added: 1.0.0
          contains:
            subject:
              description: The subject in the notation of RFC 4514.
              type: str
              returned: always
              sample: CN=Example CA,O=Example Inc,C=US
            issuer:
              description: The issuer in the notation of RFC 4514.
              type: str
              returned: always
              sample: CN=Example Root,O=Example Inc,C=US
            fingerprint_sha256:
              description: The SHA-256 fingerprint of the DER encoding in lower-case hexadecimal digits.
              type: str
              returned: always
              sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        gateway:
          description: What the gateways of the environment hold.
          type: dict
          returned: if O(verify_gateways) is V(auto) or V(required)
          version_added: 1.0.0
          contains:
            name:
              description: The name of the environment.
              type: str
              returned: always
              sample: production
            state:
              description:
                - V(confirmed) if they hold the certificate of the record, V(stale) if they hold another certificate under its
                  alias, V(missing) if they hold neither, V(unknown) if they could not be asked.
              type: str
              returned: always
              choices:
                - confirmed
                - stale
                - missing
                - unknown
              sample: stale
            fingerprint_sha256:
              description:
                - The SHA-256 fingerprint of the certificate that they hold, in lower-case hexadecimal digits. V(null) if there
                  is none, or if it is not known.
              type: str
              returned: always
              sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
            reason:
              description: Why the state is unknown, or under which other alias they hold the certificate. V(null) otherwise.
              type: str
              returned: always
              sample: found under the alias other-alias
            source:
              description:
                - Where the truststore was read. V(workers) proves what the gateways hold, because the manager reads it live from
                  the workers of the environment.
                - V(manager) is the manager's own list. The documentation of the manager does not say whether this list is read
                  from the workers, so it is weaker evidence.
                - V(null) if the state is V(unknown) because the truststore could not be read.
              type: str
              returned: always
              choices:
                - workers
                - manager
              sample: workers
jwks:
  description:
    - The projects of the returned certificates that have JWKs created from certificates, sorted by name.
    - The manager does not report from which certificate a JWK was created.
  returned: if O(jwks) is V(true)
  type: list
  elements: dict
  version_added: 1.0.0
  contains:
    project:
      description: The name of the project.
      type: str
      returned: always
      sample: MyProject
    names:
      description: The names of the JWKs.
      type: list
      elements: str
      returned: always
      sample: [my-jwk]
"""

import typing as t
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleContext, ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import VERIFY_MODES
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow, WindowError, read_window
from ansible_collections.apinizer.apiops.plugins.module_utils._module import run_as_module
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import (
    InfoOperation,
    run_info_operation,
    run_jwk_info_operation,
)
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
    "expiring_within": {"type": "raw"},
    "details": {"type": "bool", "default": False},
    "verify_gateways": {"type": "str", "choices": list(VERIFY_MODES), "default": "never"},
    "jwks": {"type": "bool", "default": False},
}


def info_operation(context: ModuleContext) -> InfoOperation:
    """Make the operation from the options.

    :raises InputError: if an option is not valid.
    """
    params = context.params
    for option in ("project", "name"):
        if params[option] is not None:
            check_name(option, params[option])
    return InfoOperation(
        project=params["project"],
        name=params["name"],
        environments=environment_names(params["environments"]),
        expiring_within=_window(params["expiring_within"]),
        details=params["details"],
        verify_gateways=params["verify_gateways"],
        chains=True,
    )


def _window(value: t.Any) -> RenewalWindow | None:
    try:
        return None if value is None else read_window(value)
    except WindowError as exc:
        raise InputError("expiring_within", str(exc)) from exc


def run(context: ModuleContext, now: datetime) -> Result:
    """Run the operation that the options describe."""
    operation = info_operation(context)
    with context.manager() as api:
        certificates = run_info_operation(api, operation, now=now)
        jwks = {"jwks": run_jwk_info_operation(api, certificates, context.warn)} if context.params["jwks"] else {}
        return {"changed": False, "certificates": certificates, **jwks}


DEFINITION = ModuleDefinition(ARGUMENT_SPEC, run, required_by={"name": ("project",)})


def main() -> None:
    run_as_module(DEFINITION)


if __name__ == "__main__":
    main()
