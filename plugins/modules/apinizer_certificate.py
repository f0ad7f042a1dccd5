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
  - Creates, replaces, and deletes a certificate of an Apinizer manager. The manager deploys the certificate to its gateway
    environments.
  - A certificate of Apinizer is trust material. It defines which backends, identity providers, and partners the gateways of
    an environment trust. It is not the certificate that a gateway presents on its HTTPS port, which the API of the manager
    cannot change.
  - The module compares the certificate of each environment by the SHA-256 fingerprint of its DER encoding. If nothing
    differs, it sends one request and changes nothing.
  - When a certificate is replaced, the manager deletes the old one and creates a new one in each environment that the
    request lists. An environment that the request does not list loses the certificate. If O(environments) does not list
    all environments that hold the certificate, the module therefore fails before it writes, unless
    O(unlisted_environments) says what to do.
  - After each write, the module reads the certificate back, compares it, and checks the deployment that the manager
    reports. If a certificate was stored but not deployed everywhere, the module fails, although the manager answers with
    HTTP 200. Where the manager does not report the deployment, the module asks the gateways. See O(verify_gateways).
extends_documentation_fragment:
  - apinizer.apiops.attributes
  - apinizer.apiops.attributes.actiongroup_apinizer
  - apinizer.apiops.connection
attributes:
  check_mode:
    details:
      - The module checks everything that it can find out by reading. The result has the same keys and values as without
        check mode, except for RV(deployment) and RV(gateways).
      - Only a write shows whether the manager has C(import-file) (see O(unlisted_environments)), and whether an update adds
        a second entry for an environment instead of replacing the first one.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(force=true), the module always writes.
      - If the manager does not report descriptions (release 2024.09), the module cannot compare O(description). It then
        writes the description only together with another change.
options:
  project:
    description:
      - The project of the certificate. Case-sensitive.
      - The project V(admin) contains the global certificates.
    type: str
    required: true
  name:
    description:
      - The name of the certificate. Case-sensitive.
      - The name of an existing certificate cannot be changed.
    type: str
    required: true
  state:
    description:
      - V(present) creates the certificate, or changes it so that it matches the other options.
      - V(absent) deletes the certificate from the manager and from all its environments. It cannot be combined with
        O(path), O(content), O(alias), O(description), O(environments), or O(unlisted_environments), because the manager
        cannot delete a certificate from some environments only. If the project has no such certificate but one with almost
        the same name, the module warns.
    type: str
    choices:
      - present
      - absent
    default: present
  path:
    description:
      - The path of a file with the certificate, on the host that runs the module. The file is either PEM or DER. A PEM file
        may also contain the issuers, in any order. Their signatures are verified.
      - Only certificates are sent. The module rejects a file that contains a private key.
      - Required to create a certificate, unless O(content) is set. If neither is set for an existing certificate, it keeps
        its content. An empty string is an error.
    type: path
  content:
    description:
      - The certificate as PEM text. Use it instead of O(path). An empty string is an error.
    type: str
  alias:
    description:
      - The alias of the certificate. It must be unique in each environment.
      - If not set, an existing certificate keeps its aliases, and a new certificate gets its O(name) as the alias.
    type: str
  description:
    description:
      - The description of the certificate.
      - If not set, an existing certificate keeps its description. A new certificate, and one without a description, gets
        its O(name) as the description.
    type: str
  environments:
    description:
      - The environments to deploy the certificate to. The order does not matter, and duplicates are ignored.
      - The environment V(apimanager) is the manager itself, which then trusts the certificate at once. A wrong certificate
        there can cut the manager off from its LDAP server or OIDC provider.
      - Required to create a certificate. If not set, an existing certificate keeps its environments.
    type: list
    elements: str
  unlisted_environments:
    description:
      - What to do with environments that hold the certificate but are not listed in O(environments). If not set, the module
        acts as with V(fail).
      - V(fail) fails before anything is written, and names the environments.
      - V(remove) removes the certificate from them.
      - V(update) replaces the certificate there as well.
      - V(keep) leaves them unchanged. For this, the module writes with C(import-file), which a manager has from release
        2026.09 on, and which requires the permission C(SECRETS) with C(EXPORT_IMPORT). The documentation of the manager does
        not say whether C(import-file) deploys to the gateways, so the module asks them, see O(verify_gateways). If O(alias)
        is not set, each environment keeps its own alias.
    type: str
    choices:
      - fail
      - remove
      - update
      - keep
  verify_gateways:
    description:
      - Whether to ask the gateways what they hold, by reading the truststore of each environment. The manager offers this
        from release 2026.09 on to a token with the permission C(SECRETS) with C(EXPORT_IMPORT) in the project, and from
        release 2025 on to a token with access to the project V(admin).
      - V(auto) asks after a write, in each environment for which the manager does not report the deployment. If the gateways
        cannot be asked, the module warns.
      - V(required) always asks, both before and after a write. A gateway that does not hold the certificate counts as a
        difference, even if the manager's record is in sync. If the gateways cannot be asked, the module fails before it writes,
        in check mode as well; with O(force=true), it writes and then fails. The environment V(apimanager) is an exception,
        because no request returns its truststore. Another one is an environment to which nothing may be deployed yet, because
        the manager answers a request for an empty truststore like one that fails.
      - V(never) does not ask.
      - If a gateway does not hold the certificate after a write, or still holds it after a deletion, the module fails.
    type: str
    choices:
      - auto
      - required
      - never
    default: auto
    version_added: 1.0.0
  verify_gateways_timeout:
    description:
      - The seconds within which all gateways must hold the certificate after a write. Until then, the module asks again those
        that do not hold it yet.
    type: float
    default: 10
    version_added: 1.0.0
  update_referenced_jwks:
    description:
      - Whether to update the JWKs that were created from the certificate as well.
      - If V(false), managers from release 2026.01 on remove their link to the certificate. The module warns about this and
        names the JWKs.
      - An import cannot update JWKs, so the module fails before it writes if O(unlisted_environments=keep).
    type: bool
    default: false
  update_scope:
    description:
      - The projects in which JWKs are updated. V(same_project) updates those in O(project), V(all_projects) those in every
        project.
      - Required if O(update_referenced_jwks=true).
    type: str
    choices:
      - same_project
      - all_projects
  delete_referenced_jwks:
    description:
      - Whether to delete the JWKs that were created from the certificate together with it. Only used with O(state=absent).
      - If V(false), the JWKs lose their link to the certificate.
    type: bool
    default: false
  force:
    description:
      - Whether to write the certificate even if nothing differs, for example after a failed deployment, or if
        O(verify_gateways=required) and the gateways cannot be asked.
      - The manager deploys what an update writes. With O(unlisted_environments=keep), the module writes with C(import-file)
        instead, which may store the certificate without deploying it, no matter how often it is repeated.
    type: bool
    default: false
  allow_expired:
    description:
      - Whether to accept a certificate in O(path) or O(content) that has expired or is not valid yet.
      - If V(false), the module rejects such a certificate before it sends any request.
    type: bool
    default: false
  validate_chain:
    description:
      - Whether to verify that the other certificates in O(path) or O(content) are the issuers of the certificate, by their
        names and signatures. If they are not, the module fails before it sends any request.
      - Set it to V(false) only to write a certificate back that the manager held before with such a chain, for example from a
        backup.
    type: bool
    default: true
    version_added: 1.0.0
seealso:
  - module: apinizer.apiops.apinizer_certificate_info
  - name: Update Certificate
    description: The page about the update request in the documentation of the manager.
    link: https://docs.apinizer.com/
"""

EXAMPLES = r"""
# Unless an example sets them, the url and the token come from APINIZER_URL and APINIZER_TOKEN.

- name: Replace the certificate wherever it is deployed
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: my-certificate
    path: new/my-certificate.pem

- name: Replace the certificate in two environments and leave the others unchanged
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: my-certificate
    path: new/my-certificate.pem
    environments:
      - development
      - staging
    unlisted_environments: keep

- name: Show what a replacement would change without changing anything
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
    description: CA of partner X
    path: new/another-certificate.pem
    environments: [development, staging, production]

- name: Replace the certificate with text from a lookup and update the JWKs created from it
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: my-certificate
    content: "{{ lookup('ansible.builtin.file', 'new/my-certificate.pem') }}"
    update_referenced_jwks: true
    update_scope: same_project

- name: Set the connection options once for several tasks
  module_defaults:
    group/apinizer.apiops.apinizer:
      url: "{{ apinizer_url }}"
      token: "{{ apinizer_token }}"
  block:
    - name: Change only the description
      apinizer.apiops.apinizer_certificate:
        project: MyProject
        name: my-certificate
        description: Renewed by Ansible

- name: Log in with a username and a password
  apinizer.apiops.apinizer_certificate:
    url: "{{ apinizer_url }}"
    username: "{{ apinizer_username }}"
    password: "{{ apinizer_password }}"
    project: MyProject
    name: my-certificate
    path: new/my-certificate.pem

- name: Delete a certificate from all environments
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: another-certificate
    state: absent

# As an ad-hoc command:
# ansible localhost -m apinizer.apiops.apinizer_certificate -a "project=MyProject name=my-certificate path=new/my-certificate.pem"
"""

RETURN = r"""
operation:
  description: What the module did, or would do without check mode.
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
    - The certificate after the task. V(null) if it does not exist.
    - After a failed write, this is the certificate as read back from the manager. It is not returned if the manager could
      not be read.
  returned: success, and failure after a write was tried
  type: dict
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
            - In this case, the other values are those of the entry with the desired certificate, or else of the one that was
              issued last.
          type: int
          returned: always
          sample: 1
previous:
  description:
    - The certificate before the task. V(null) if it did not exist.
    - The environments have the same keys as in RV(certificate), and additionally C(content), the certificate as PEM text.
      Use it to restore the certificate.
  returned: success, and failure after a write was tried
  type: dict
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
      description: The environments, as in RV(certificate.environments), with C(content).
      type: list
      elements: dict
      returned: always
gateways:
  description:
    - What the gateways hold, for each environment that was asked. V(null) if none was asked, see O(verify_gateways).
  returned: success, and failure after a write was tried
  type: list
  elements: dict
  contains:
    name:
      description: The name of the environment.
      type: str
      returned: always
      sample: production
    state:
      description:
        - V(confirmed) if the gateways hold the certificate, V(stale) if they hold another one under its alias, V(missing) if
          they hold neither, and V(unknown) if they could not be asked.
        - After a deletion, V(confirmed) if the gateways no longer hold the certificate under its alias, and V(stale) if they
          still do.
        - In check mode, this is what the gateways hold before the change.
      type: str
      returned: always
      choices:
        - confirmed
        - stale
        - missing
        - unknown
      sample: confirmed
    fingerprint_sha256:
      description: The SHA-256 fingerprint of the certificate that the gateways hold. V(null) if there is none or it is unknown.
      type: str
      returned: always
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    reason:
      description: Why the state is unknown, or under which other alias the certificate was found. Otherwise V(null).
      type: str
      returned: always
      sample: found under the alias other-alias
    source:
      description:
        - Where the truststore was read. V(workers) proves what the gateways hold, because the manager reads it live from the
          workers of the environment.
        - V(manager) is the manager's own list. The documentation of the manager does not say whether this list is read from
          the workers, so it is weaker evidence.
        - V(null) if the state is V(unknown).
      type: str
      returned: always
      choices:
        - workers
        - manager
      sample: workers
deployment:
  description: The deployment as the manager reported it. V(null) if nothing was written.
  returned: success, and failure after a write was tried
  type: dict
  contains:
    success:
      description: Whether the deployment succeeded in all environments. V(null) if the manager did not report it.
      type: bool
      returned: always
      sample: true
    message:
      description: The manager's message about the deployment.
      type: str
      returned: always
      sample: Deployment completed
    environments:
      description: The deployment to each environment, as far as the manager reported it.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The name of the environment.
          type: str
          returned: always
          sample: production
        success:
          description: Whether the deployment to the environment succeeded.
          type: bool
          returned: always
          sample: true
        message:
          description: The manager's message about the environment.
          type: str
          returned: always
          sample: Deployed
"""

import math
from datetime import datetime
from typing import Any

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleContext, ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import DEFAULT_TIMEOUT, VERIFY_MODES
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
from ansible_collections.apinizer.apiops.plugins.module_utils._remedies import MODULE_REMEDIES, add_remedy
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
    # Without a default, since it must not be set together with state=absent.
    "unlisted_environments": {"type": "str", "choices": ["fail", "remove", "update", "keep"]},
    "verify_gateways": {"type": "str", "choices": list(VERIFY_MODES), "default": "auto"},
    "verify_gateways_timeout": {"type": "float", "default": DEFAULT_TIMEOUT},
    "update_referenced_jwks": {"type": "bool", "default": False},
    "update_scope": {"type": "str", "choices": ["same_project", "all_projects"]},
    "delete_referenced_jwks": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "allow_expired": {"type": "bool", "default": False},
    "validate_chain": {"type": "bool", "default": True},
}


def certificate_operation(context: ModuleContext, now: datetime) -> CertificateOperation:
    """Make the operation from the options.

    :raises InputError: if an option is not valid.
    """
    params = context.params
    absent = params["state"] == "absent"
    bundle = None
    if absent:
        _check_nothing_to_write(params)
    if not (math.isfinite(params["verify_gateways_timeout"]) and params["verify_gateways_timeout"] >= 0):
        raise InputError(
            "verify_gateways_timeout",
            f"must be 0 or a positive number of seconds, not {params['verify_gateways_timeout']:g}",
        )
    if not absent:
        bundle = read_certificate(
            params["path"],
            params["content"],
            now=now,
            allow_expired=params["allow_expired"],
            validate_chain=params["validate_chain"],
        )
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
            unlisted=params["unlisted_environments"] or "fail",
            force=params["force"],
        ),
        jwk_scope=params["update_scope"].upper() if params["update_referenced_jwks"] else None,
        delete_jwks=params["delete_referenced_jwks"],
        verify_gateways=params["verify_gateways"],
        verify_timeout=params["verify_gateways_timeout"],
    )


def _check_nothing_to_write(params: dict[str, Any]) -> None:
    """Check that a deletion names nothing that only a write has.

    :raises InputError: if it does. A list of environments most likely means that only these are to lose the certificate.
    """
    for option in ("environments", "unlisted_environments", "path", "content", "alias", "description"):
        if params[option] is not None:
            raise InputError(
                option,
                "cannot be combined with state=absent, which deletes the certificate from all environments. To remove it "
                "from some environments only, use state=present, list the others in environments, and set "
                "unlisted_environments=remove",
            )


def run(context: ModuleContext, now: datetime) -> Result:
    """Run the operation that the options describe."""
    operation = certificate_operation(context, now)
    with context.manager() as api:
        try:
            return run_certificate_operation(api, operation, check_mode=context.check_mode, now=now, warn=context.warn)
        except ApinizerError as exc:
            add_remedy(exc, MODULE_REMEDIES)
            raise


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
