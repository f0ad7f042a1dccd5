# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: certificate
short_description: Look up a certificate of an Apinizer API manager
version_added: 0.2.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Returns a certificate that the manager holds as PEM text, or one fact about it.
  - One request reads each certificate. A certificate that the project does not have is an error; O(ignore:errors=ignore) is
    Ansible's own way to go on without it.
  - It runs on the controller, and does not see C(module_defaults). Give the connection as options, or in the environment.
extends_documentation_fragment:
  - apinizer.apiops.connection.plugin
  - apinizer.apiops.connection
options:
  _terms:
    description:
      - The names of the certificates. Upper and lower case count.
    type: list
    elements: str
    required: true
  project:
    description:
      - The project that holds them. V(admin) holds the global ones. Upper and lower case count.
    type: str
    required: true
  environment:
    description:
      - The environment whose certificate is meant.
      - Needed if O(field) is not the same in all environments that hold the certificate; the error names them then.
    type: str
  field:
    description:
      - What to return.
      - V(content) is the certificate as PEM text, with its chain if the manager keeps that.
      - The others are those of an environment that M(apinizer.apiops.apinizer_certificate_info) returns.
    type: str
    default: content
    choices:
      - content
      - alias
      - subject
      - issuer
      - serial_number
      - not_before
      - not_after
      - days_remaining
      - expired
      - fingerprint_sha256
      - fingerprint_sha1
      - entries
notes:
  - If an environment has several entries for the certificate, the one issued last speaks for it.
seealso:
  - module: apinizer.apiops.apinizer_certificate_info
  - module: apinizer.apiops.apinizer_certificate
"""

EXAMPLES = r"""
# The connection comes from APINIZER_URL and APINIZER_TOKEN in these examples, unless they show another way.

- name: Keep the certificate in a file
  ansible.builtin.copy:
    content: "{{ lookup('apinizer.apiops.certificate', 'my-certificate', project='MyProject') }}"
    dest: my-certificate.pem
    mode: "0644"

- name: Give production the certificate that staging holds
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: my-certificate
    content: "{{ lookup('apinizer.apiops.certificate', 'my-certificate', project='MyProject', environment='staging') }}"
    environments: [production]
    unlisted_environments: keep

- name: Stop if one of two certificates is about to expire
  ansible.builtin.assert:
    that: item >= 30
  loop: "{{ query('apinizer.apiops.certificate', 'my-certificate', 'another-certificate', project='MyProject', field='days_remaining') }}"

- name: Name the connection, and say so if there is no such certificate
  ansible.builtin.debug:
    msg: "{{ subject | default('There is none', true) }}"
  vars:
    subject: >-
      {{ lookup('apinizer.apiops.certificate', 'no-such-certificate', project='MyProject', field='subject',
                url=apinizer_url, token=apinizer_token, errors='ignore') }}
"""

RETURN = r"""
_raw:
  description:
    - One value for each name, in their order.
    - PEM text for O(field=content). A number for V(days_remaining) and V(entries), a boolean for V(expired), text for the others.
    - V(null) for what the manager does not tell.
  type: list
  elements: raw
"""

import typing as t
from datetime import datetime, timezone

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.apinizer.apiops.plugins.module_utils import _result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    CONNECTION_SPEC,
    check_name,
    resolve_connection,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._plugin_options import connected, errors_as, validated

FIELDS = (
    *("content", "alias", "subject", "issuer", "serial_number", "not_before", "not_after"),
    *("days_remaining", "expired", "fingerprint_sha256", "fingerprint_sha1", "entries"),
)
SPEC = {
    **CONNECTION_SPEC,
    "project": {"type": "str", "required": True},
    "environment": {"type": "str"},
    "field": {"type": "str", "choices": list(FIELDS), "default": "content"},
}


class LookupModule(LookupBase):  # type: ignore[misc]
    """A certificate of a manager, or a fact about it."""

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:  # noqa: ARG002
        """One value for each certificate that the terms name.

        :raises AnsibleLookupError: with a line that says what to mend.
        """
        with errors_as(AnsibleLookupError, kwargs) as secrets:
            options = validated(kwargs, SPEC)
            project = check_name("project", options["project"])
            names = [check_name("name", str(term)) for term in self._flatten(terms)]
            if not names:
                return []
            with connected(resolve_connection(options, secrets.add)) as api:
                # Read completely before the first value is chosen: a missing right is said before a missing option.
                found = [(name, api.find(project, name)) for name in names]
            now = datetime.now(timezone.utc)
            return [
                value_of(_existing(project, name, stored), options["field"], options["environment"], now=now)
                for name, stored in found
            ]


def _existing(project: str, name: str, stored: StoredCertificate | None) -> StoredCertificate:
    if stored is None:
        raise ApinizerError(f"Project {project} has no certificate {name} (upper and lower case count)")
    return stored


def value_of(stored: StoredCertificate, field: str, environment: str | None, *, now: datetime) -> t.Any:
    """A field of the certificate as an environment holds it; without one, as all do.

    :arg field: one of C(FIELDS).
    :raises InputError: where the environment does not hold it, or one has to be named.
    :raises ApinizerError: where there is no value to be had.
    """
    what = f"certificate {stored.project}/{stored.name}"
    described = t.cast("dict[str, t.Any]", _result.certificate(stored, now, with_content=True))
    values = {each["name"]: each[field] for each in described["environments"]}
    if not values:
        raise ApinizerError(f"The {what} is in no environment")
    if environment is not None and environment not in values:
        raise InputError("environment", f"{environment} does not hold {what}; {', '.join(values)} do")
    value = values[environment or next(iter(values))]
    if environment is None and any(other != value for other in values.values()):
        raise InputError("environment", f"missing; {field} of {what} is not the same in {', '.join(values)}")
    if field == "content" and value is None:
        raise ApinizerError(f"The manager does not send the content of {what}")
    return value
