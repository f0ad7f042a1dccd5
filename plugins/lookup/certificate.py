# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: certificate
short_description: Look up a certificate of an Apinizer API manager
version_added: 1.0.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Returns the PEM text of a certificate in the record of the manager, or what the gateways hold in its place, or one of its
    properties.
  - One request reads each certificate, and O(source=gateways) adds one request for each environment. It is an error if the
    project does not have the certificate. Set O(ignore:errors=ignore), an option of every lookup, to continue without it.
  - The lookup runs on the controller and does not use C(module_defaults). Set the connection with the options or the
    environment variables.
extends_documentation_fragment:
  - apinizer.apiops.connection.plugin
  - apinizer.apiops.connection
options:
  _terms:
    description:
      - The names of the certificates. Case-sensitive.
    type: list
    elements: str
    required: true
  project:
    description:
      - The project that contains the certificates. Case-sensitive. V(admin) contains the global certificates.
    type: str
    required: true
  environment:
    description:
      - The environment whose certificate to return.
      - Required if the value of O(field) is not the same in all environments that hold the certificate. The error then names
        these environments.
    type: str
  field:
    description:
      - What to return.
      - V(content) is the certificate as PEM text, with its chain if the manager stores the chain.
      - V(truststore_source) says where the truststore of the environment was read, as RV(apinizer.apiops.apinizer_truststore_info#module:truststores[].source).
        It requires O(source=gateways). V(workers) proves what the gateways hold, V(manager) is weaker evidence.
      - The other choices are the values that M(apinizer.apiops.apinizer_certificate_info) returns for an environment.
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
      - percent_remaining
      - expired
      - fingerprint_sha256
      - fingerprint_sha1
      - public_key_sha256
      - entries
      - truststore_source
  source:
    description:
      - Where to read the certificate.
      - V(record) is what the manager stores. V(gateways) is what the gateways of the environment trust in its place. That is
        the same certificate, or else the one that has its alias. If they hold neither, it is an error.
      - For V(gateways), the token needs the permission C(SECRETS) with C(EXPORT_IMPORT) on a manager from release 2026.09 on,
        or access to the project V(admin) on a manager from release 2025 on. The environment V(apimanager) cannot be asked.
    type: str
    default: record
    choices:
      - record
      - gateways
notes:
  - If an environment has duplicate entries for the certificate, the value is that of the entry issued last.
  - A truststore contains no chains, so V(content) is a single certificate with O(source=gateways). O(field=entries) counts the
    entries of the record, so it cannot be combined with O(source=gateways).
seealso:
  - module: apinizer.apiops.apinizer_certificate_info
  - module: apinizer.apiops.apinizer_truststore_info
  - module: apinizer.apiops.apinizer_certificate
"""

EXAMPLES = r"""
# Unless shown otherwise, the connection comes from the environment variables APINIZER_URL and APINIZER_TOKEN.

- name: Save the certificate to a file
  ansible.builtin.copy:
    content: "{{ lookup('apinizer.apiops.certificate', 'my-certificate', project='MyProject') }}"
    dest: my-certificate.pem
    mode: "0644"

- name: Copy the certificate from staging to production
  apinizer.apiops.apinizer_certificate:
    project: MyProject
    name: my-certificate
    content: "{{ lookup('apinizer.apiops.certificate', 'my-certificate', project='MyProject', environment='staging') }}"
    environments: [production]
    unlisted_environments: keep

- name: Fail if one of two certificates expires within 30 days
  ansible.builtin.assert:
    that: item >= 30
  loop: "{{ query('apinizer.apiops.certificate', 'my-certificate', 'another-certificate', project='MyProject', field='days_remaining') }}"

- name: Fail if the production gateways do not hold the certificate that the manager stores
  ansible.builtin.assert:
    that: stored == held
  vars:
    stored: "{{ lookup('apinizer.apiops.certificate', 'my-certificate', project='MyProject', environment='production',
                       field='fingerprint_sha256') }}"
    held: "{{ lookup('apinizer.apiops.certificate', 'my-certificate', project='MyProject', environment='production',
                     field='fingerprint_sha256', source='gateways') }}"

- name: Set the connection explicitly and handle a missing certificate
  ansible.builtin.debug:
    msg: "{{ subject | default('No such certificate', true) }}"
  vars:
    subject: >-
      {{ lookup('apinizer.apiops.certificate', 'no-such-certificate', project='MyProject', field='subject',
                url=apinizer_url, token=apinizer_token, errors='ignore') }}
"""

RETURN = r"""
_raw:
  description:
    - One value for each name, in the same order.
    - PEM text for O(field=content), an integer for V(days_remaining), V(percent_remaining) and V(entries), a boolean for
      V(expired), and a string for the other choices of O(field).
    - V(null) if the manager does not report the value.
  type: list
  elements: raw
"""

import typing as t
from datetime import datetime, timezone
from functools import cache

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
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.holdings import as_gateways_hold
from ansible_collections.apinizer.apiops.plugins.plugin_utils._plugin_options import (
    connect,
    convert_errors,
    validate_options,
)

FIELDS = (
    *("content", "alias", "subject", "issuer", "serial_number", "not_before", "not_after"),
    *("days_remaining", "percent_remaining", "expired", "fingerprint_sha256", "fingerprint_sha1", "public_key_sha256"),
    "entries",
    "truststore_source",
)
SPEC = {
    **CONNECTION_SPEC,
    "project": {"type": "str", "required": True},
    "environment": {"type": "str"},
    "field": {"type": "str", "choices": list(FIELDS), "default": "content"},
    "source": {"type": "str", "choices": ["record", "gateways"], "default": "record"},
}


class LookupModule(LookupBase):  # type: ignore[misc]
    """Return certificates of a manager, or one of their properties."""

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:  # noqa: ARG002
        """Return one value for each certificate.

        :arg terms: the names of the certificates.
        :raises AnsibleLookupError: with one line that names the option, or the cause and what to do.
        """
        with convert_errors(AnsibleLookupError, kwargs) as secrets:
            options = validate_options(kwargs, SPEC)
            project = check_name("project", options["project"])
            names = [check_name("name", str(term)) for term in self._flatten(terms)]
            if options["source"] == "gateways" and options["field"] == "entries":
                raise InputError("field", "entries is a value of the record. Choose another field, or source=record")
            if options["source"] == "record" and options["field"] == "truststore_source":
                raise InputError("field", "truststore_source requires source=gateways")
            if not names:
                return []
            with connect(resolve_connection(options, secrets.add)) as api:
                # Read all certificates first: a missing permission is reported before a missing option.
                read = [(name, api.find(project, name)) for name in names]
                found: list[tuple[StoredCertificate, dict[str, str]]]
                found = [(_require(project, name, stored), {}) for name, stored in read]
                if options["source"] == "gateways":
                    # Each environment is asked once, for all certificates.
                    truststore = cache(api.truststore)
                    found = [as_gateways_hold(stored, options["environment"], truststore) for stored, _none in found]
            now = datetime.now(timezone.utc)
            return [
                select_value(stored, options["field"], options["environment"], now=now, sources=sources)
                for stored, sources in found
            ]


def _require(project: str, name: str, stored: StoredCertificate | None) -> StoredCertificate:
    if stored is None:
        raise ApinizerError(f"Project {project} has no certificate {name} (case-sensitive)")
    return stored


def select_value(
    stored: StoredCertificate,
    field: str,
    environment: str | None,
    *,
    now: datetime,
    sources: t.Mapping[str, str] | None = None,
) -> t.Any:
    """Return a property of the certificate in one environment, or in all environments if they agree.

    :arg field: one of C(FIELDS).
    :arg environment: the environment to use; None if the value has to be the same in all environments.
    :arg now: the time from which C(days_remaining), C(percent_remaining) and C(expired) count.
    :arg sources: the sources of the truststores by environment, for C(truststore_source).
    :raises InputError: if C(environment) does not hold the certificate, or is None and the environments do not agree.
    :raises ApinizerError: if no environment holds the certificate, or the manager does not return its content.
    """
    label = f"certificate {stored.project}/{stored.name}"
    described = t.cast("dict[str, t.Any]", _result.certificate(stored, now, with_content=True))
    if field == "truststore_source":
        values = {each["name"]: (sources or {}).get(each["name"]) for each in described["environments"]}
    else:
        values = {each["name"]: each[field] for each in described["environments"]}
    if not values:
        raise ApinizerError(f"No environment holds {label}")
    if environment is not None and environment not in values:
        raise InputError("environment", f"{environment} does not hold {label}. Use one of these: {', '.join(values)}")
    value = values[environment or next(iter(values))]
    if environment is None and any(other != value for other in values.values()):
        raise InputError(
            "environment", f"must be set, because {field} of {label} is not the same in {', '.join(values)}"
        )
    if field == "content" and value is None:
        raise ApinizerError(f"The manager does not return the content of {label}")
    return value
