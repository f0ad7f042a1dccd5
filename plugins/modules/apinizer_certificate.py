#!/usr/bin/python
# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apinizer_certificate
short_description: Manage a certificate of an Apinizer API manager
version_added: 0.1.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Creates, replaces and deletes a certificate of an Apinizer manager, which deploys it to its gateway environments.
  - The certificate is compared in every environment by the SHA-256 fingerprint of its DER form. If nothing differs, the
    module sends one request and changes nothing.
  - Replacing a certificate at the manager means that the old one is deleted and a new one created in every environment
    that the request lists. An environment that the list leaves out loses the certificate. The module therefore stops
    before it writes if O(environments) leaves one out, unless O(unlisted_environments) says what you want.
  - After every write the certificate is read back and compared, and the manager's report on the deployment is checked. A
    certificate that was stored but not deployed everywhere is a failure, although the manager answers HTTP 200.
extends_documentation_fragment:
  - apinizer.apiops.attributes
  - apinizer.apiops.attributes.actiongroup_apinizer
  - apinizer.apiops.connection
attributes:
  check_mode:
    details:
      - Everything that reading can tell is checked, and the result has the same keys and values as that of the real run.
      - Whether the manager has C(import-file) (see O(unlisted_environments)), and whether it adds a second entry for an
        environment instead of replacing the first, shows only when it is written to.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(force=true) writes each time.
      - A manager that does not report descriptions (the 2023 generation) gives nothing to compare O(description) with. It
        is then written only together with another change.
options:
  project:
    description:
      - The project that holds the certificate. V(admin) holds the global ones. Upper and lower case count.
    type: str
    required: true
  name:
    description:
      - The name of the certificate. Upper and lower case count. It cannot be changed.
    type: str
    required: true
  state:
    description:
      - V(present) makes sure that the certificate is there as described.
      - V(absent) deletes it from the manager and from all its environments.
    type: str
    choices:
      - present
      - absent
    default: present
  path:
    description:
      - A file on the host that runs the module, with the certificate in PEM or DER form. PEM may have its issuers with it, in
        any order.
      - Only certificates are sent. A file that holds a private key is refused.
      - Required to create a certificate, unless O(content) is given. If neither is given for an existing certificate, the
        one that the manager holds is kept.
    type: path
  content:
    description:
      - The certificate as PEM text, instead of O(path).
    type: str
  alias:
    description:
      - The alias of the certificate, which has to be unique in each environment.
      - If not set, aliases are kept, and a new certificate gets its O(name) as alias.
    type: str
  description:
    description:
      - A description.
      - If not set, it is kept. A new certificate, and one of which the manager reports no description, gets its O(name).
    type: str
  environments:
    description:
      - The environments to deploy to. Order and repetition do not matter.
      - Required to create a certificate. If not set for an existing one, its environments are kept.
    type: list
    elements: str
  unlisted_environments:
    description:
      - What happens to environments that hold the certificate, but are not in O(environments).
      - V(fail) stops before anything is written and names them.
      - V(remove) takes the certificate away from them.
      - V(update) gives them the new certificate as well.
      - V(keep) leaves them as they are. This writes with C(import-file), which the 2026 generation of the manager has and
        which needs the right C(SECRETS) with C(EXPORT_IMPORT). The documentation of the manager does not say whether it deploys
        to the gateways, so see RV(deployment). Each environment keeps its own alias if O(alias) is not set.
    type: str
    choices:
      - fail
      - remove
      - update
      - keep
    default: fail
  update_referenced_jwks:
    description:
      - Whether JWKs that were made from the certificate are updated with it.
      - If V(false), managers of the 2026 generation take the link to the certificate away from them. The module warns
        before that and names the JWKs.
    type: bool
    default: false
  update_scope:
    description:
      - Whose JWKs are updated. Required with O(update_referenced_jwks=true).
    type: str
    choices:
      - same_project
      - all_projects
  delete_referenced_jwks:
    description:
      - Whether JWKs that were made from the certificate are deleted with it, for O(state=absent). Otherwise they lose
        their link to it.
    type: bool
    default: false
  force:
    description:
      - Write and deploy even if nothing differs, for example after a deployment that failed.
    type: bool
    default: false
  allow_expired:
    description:
      - Accept a certificate that has expired, or is not valid yet, in O(path) or O(content).
    type: bool
    default: false
seealso:
  - module: apinizer.apiops.apinizer_certificate_info
  - name: Update Certificate
    description: The page of the manager's documentation on the request that this module is built around.
    link: https://docs.apinizer.com/
"""

EXAMPLES = r"""
# The connection comes from APINIZER_URL and APINIZER_TOKEN in these examples, unless they show another way.

- name: Replace the certificate wherever it is deployed
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: my-certificate
    path: new/my-certificate.pem

- name: Replace it in two environments and leave all others as they are
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: my-certificate
    path: new/my-certificate.pem
    environments:
      - development
      - staging
    unlisted_environments: keep

- name: See what a replacement would change, and change nothing
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: my-certificate
    path: new/my-certificate.pem
  check_mode: true
  diff: true

- name: Create a certificate and deploy it to three environments
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: another-certificate
    alias: another-alias
    description: Server certificate of api.example.com
    path: new/another-certificate.pem
    environments: [development, staging, production]

- name: Take the certificate from a lookup, and the JWKs that were made from it along
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: my-certificate
    content: "{{ lookup('ansible.builtin.file', 'new/my-certificate.pem') }}"
    update_referenced_jwks: true
    update_scope: same_project

- name: Set the connection once for several tasks
  module_defaults:
    group/apinizer.apiops.apinizer:
      url: "{{ apinizer_url }}"
      token: "{{ apinizer_token }}"
  block:
    - name: Change just the description
      apinizer.apiops.apinizer_certificate:
        project: MyProject
        name: my-certificate
        description: Renewed by Ansible

- name: Log in with user name and password
  apinizer.apiops.apinizer_certificate:
    url: "{{ apinizer_url }}"
    username: "{{ apinizer_username }}"
    password: "{{ apinizer_password }}"
    project: MyProject
    name: my-certificate
    path: new/my-certificate.pem

- name: Delete a certificate everywhere
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: another-certificate
    state: absent

# As an ad-hoc command:
# ansible localhost -m apinizer.apiops.apinizer_certificate -a "project=MyProject name=my-certificate path=new/my-certificate.pem"
"""

RETURN = r"""
operation:
  description: What was done, or would be done in check mode.
  returned: success, and failure after a write was tried
  type: str
  sample: update
  choices:
    - none
    - create
    - update
    - import
    - delete
certificate:
  description:
    - The certificate after the task. V(null) if there is none.
    - After a failure, what the manager was found to hold; missing if it could not be read any more.
  returned: success, and failure after a write was tried
  type: dict
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
            - The values shown are then those of the entry that the task asked for, or else of the one issued last.
          type: int
          returned: always
          sample: 1
previous:
  description:
    - The certificate before the task. V(null) if there was none.
    - The environments have the same keys as in RV(certificate), and C(content), the certificate as PEM text.
  returned: success, and failure after a write was tried
  type: dict
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
      description: As RV(certificate.environments), with C(content).
      type: list
      elements: dict
      returned: always
deployment:
  description: What the manager said of the deployment. V(null) if nothing was written.
  returned: success, and failure after a write was tried
  type: dict
  contains:
    success:
      description: Whether the deployment succeeded everywhere. V(null) if the manager did not say.
      type: bool
      returned: always
      sample: true
    message:
      description: The manager's message.
      type: str
      returned: always
      sample: Deployment completed
    environments:
      description: The result of each environment, as far as the manager reports them.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The environment.
          type: str
          returned: always
          sample: production
        success:
          description: Whether the deployment to it succeeded.
          type: bool
          returned: always
          sample: true
        message:
          description: The manager's message on it.
          type: str
          returned: always
          sample: Deployed
"""

from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleContext, ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.module_utils._module import run_as_module
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import (
    CertificateOperation,
    run_certificate_operation,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    CONNECTION_SPEC,
    check_name,
    environment_names,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Desired
from ansible_collections.apinizer.apiops.plugins.module_utils._source import read_certificate

ARGUMENT_SPEC = {
    **CONNECTION_SPEC,
    "project": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "path": {"type": "path"},
    # Secret until it is known not to contain a private key.
    "content": {"type": "str", "no_log": True},
    "alias": {"type": "str"},
    "description": {"type": "str"},
    "environments": {"type": "list", "elements": "str"},
    "unlisted_environments": {"type": "str", "choices": ["fail", "remove", "update", "keep"], "default": "fail"},
    "update_referenced_jwks": {"type": "bool", "default": False},
    "update_scope": {"type": "str", "choices": ["same_project", "all_projects"]},
    "delete_referenced_jwks": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "allow_expired": {"type": "bool", "default": False},
}


def certificate_operation(context: ModuleContext, now: datetime) -> CertificateOperation:
    """Make the operation from the options.

    :raises InputError: if an option is not valid.
    """
    params = context.params
    absent = params["state"] == "absent"
    bundle = None
    if not absent:
        bundle = read_certificate(params["path"], params["content"], now=now, allow_expired=params["allow_expired"])
        if params["content"] is not None:
            context.no_log_values.discard(params["content"])
    return CertificateOperation(
        project=check_name("project", params["project"]),
        name=check_name("name", params["name"]),
        absent=absent,
        desired=Desired(
            bundle=bundle,
            alias=params["alias"],
            description=params["description"],
            environments=environment_names(params["environments"]),
            unlisted=params["unlisted_environments"],
            force=params["force"],
        ),
        jwk_scope=params["update_scope"].upper() if params["update_referenced_jwks"] else None,
        delete_jwks=params["delete_referenced_jwks"],
    )


def run(context: ModuleContext, now: datetime) -> Result:
    """Run the operation that the options describe."""
    operation = certificate_operation(context, now)
    with context.manager() as api:
        return run_certificate_operation(api, operation, check_mode=context.check_mode, now=now, warn=context.warn)


DEFINITION = ModuleDefinition(
    ARGUMENT_SPEC,
    run,
    mutually_exclusive=(("path", "content"),),
    required_if=(("update_referenced_jwks", True, ("update_scope",)),),
)


def main() -> None:
    run_as_module(DEFINITION)


if __name__ == "__main__":
    main()
