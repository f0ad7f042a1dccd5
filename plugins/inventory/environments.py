# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: environments
short_description: Inventory of the gateway environments of an Apinizer API manager
version_added: 1.0.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Creates a host for each gateway environment of a manager. You can then use patterns, C(--limit) and C(serial) to rotate
    certificates in waves.
  - The projects of a manager share its environments. An environment of several projects is one host, with the certificates of
    all of these projects.
  - An environment that the manager does not list, but that holds a certificate, becomes a host as well. This applies to the
    manager itself (V(apimanager)), which is never listed, and to all environments of a manager of release 2024.09, which
    has no such list. Their type, status and address are unknown.
  - Each host is in the groups C(type_TYPE) and C(status_STATUS), in lowercase, for example C(type_production) and
    C(status_published). If a value is unknown, the group is C(type_unknown) or C(status_unknown). Use O(keyed_groups),
    O(groups) and O(compose) to add more groups and variables.
  - The inventory source is a YAML file whose name ends in C(apinizer.yml) or C(apinizer.yaml), for example C(apinizer.yml),
    C(test.apinizer.yml) or C(test_apinizer.yaml).
  - The plugin sends one request to list the projects, unless O(projects) is set, and two requests for each project to read its
    certificates and environments. O(verify_gateways) adds one request for each environment that holds a certificate. If
    O(cache) is enabled and the data is in the cache, the plugin sends no requests.
extends_documentation_fragment:
  - apinizer.apiops.connection.plugin
  - apinizer.apiops.connection
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - Identifies the file as an inventory source for this plugin.
    type: str
    required: true
    choices:
      - apinizer.apiops.environments
  projects:
    description:
      - The projects to read. Case-sensitive. V(admin) contains the global certificates.
      - If not set, the plugin reads every project that the token can read.
    type: list
    elements: str
  host_prefix:
    description:
      - A prefix for the name of each host. Set it to distinguish the environments of several managers in one inventory.
      - It is an error if two inventory files define the same host.
    type: str
  verify_gateways:
    description:
      - Whether to ask the gateways of each environment what they hold, and to add the answer to C(apinizer_certificates).
      - The token needs the permission C(SECRETS) with C(EXPORT_IMPORT) on a manager from release 2026.09 on, or access to the
        project V(admin) on a manager from release 2025 on. If gateways cannot be asked, the plugin shows a warning.
    type: bool
    default: false
notes:
  - The name of a host is O(host_prefix) followed by the name of the environment. Every character other than letters, digits,
    C(.), C(-) and C(_) is replaced with C(_). The environment C(all) becomes C(all_). See P(ansible.builtin.constructed#inventory)
    for how group names are sanitized.
  - "Each host has the variables C(apinizer_environment) (the name of the environment), C(apinizer_type), C(apinizer_status) and
    C(apinizer_access_url) (as returned by M(apinizer.apiops.apinizer_environment_info); V(null) if unknown),
    C(apinizer_projects) (the projects that have the environment), C(apinizer_url) (the address of the manager) and
    C(apinizer_certificates)."
  - "C(apinizer_certificates) is a list of the certificates that the environment holds, sorted by project and name. Each item has
    C(project), C(name), and the values that M(apinizer.apiops.apinizer_certificate_info) returns for an environment: C(alias),
    C(subject), C(issuer), C(serial_number), C(not_before), C(not_after), C(days_remaining), C(percent_remaining), C(expired),
    C(fingerprint_sha256), C(fingerprint_sha1), C(public_key_sha256) and C(entries)."
  - "With O(verify_gateways), each item of C(apinizer_certificates) also has C(gateway), a dictionary with C(name) (the
    environment), C(state), C(fingerprint_sha256), C(reason) and C(source). C(state) is V(confirmed) if the gateways hold the certificate
    of the manager's record, V(stale) if they hold another certificate under its alias, V(missing) if they hold neither, and
    V(unknown) if they could not be asked, as with V(apimanager). C(fingerprint_sha256) is that of the certificate that they
    hold."
  - Tasks for a host run on the controller, because you cannot log in to an environment. C(ansible_connection) is V(local) and
    C(ansible_python_interpreter) is the Python interpreter that runs Ansible. Use O(compose) to override them.
  - The connection options, O(projects), O(host_prefix) and O(verify_gateways) can be templates. Only extra variables (C(-e))
    are available in them.
  - If an inventory file cannot be read, Ansible continues without it. To stop instead, set C(any_unparsed_is_failed) in the
    C([inventory]) section of C(ansible.cfg).
seealso:
  - module: apinizer.apiops.apinizer_certificate
  - module: apinizer.apiops.apinizer_environment_info
"""

EXAMPLES = r"""
# apinizer.yml: all environments. The connection comes from the environment variables APINIZER_URL and APINIZER_TOKEN.
---
plugin: apinizer.apiops.environments

# test.apinizer.yml: one project, with the token from a lookup and additional groups. The group my_certificate contains the
# environments that hold this certificate. The group soon contains those with a certificate that expires within 30 days.
---
plugin: apinizer.apiops.environments
url: https://apinizer.example.com
token: "{{ lookup('ansible.builtin.env', 'MY_TOKEN') }}"
projects:
  - MyProject
strict: true
groups:
  my_certificate: >-
    apinizer_certificates | selectattr('project', 'eq', 'MyProject')
    | selectattr('name', 'eq', 'my-certificate') | length > 0
  soon: apinizer_certificates | selectattr('days_remaining', 'lt', 30) | length > 0
keyed_groups:
  - key: apinizer_projects
    prefix: project
compose:
  subjects: apinizer_certificates | map(attribute='subject') | unique

# gateways.apinizer.yml: the group stale contains the environments whose gateways do not hold a certificate of the record.
---
plugin: apinizer.apiops.environments
verify_gateways: true
strict: true
groups:
  stale: apinizer_certificates | selectattr('gateway.state', 'in', ['stale', 'missing']) | length > 0

# eu.apinizer.yml: one of several managers, cached for one hour.
---
plugin: apinizer.apiops.environments
url: https://apinizer-eu.example.com
host_prefix: eu-
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: inventory-cache
cache_timeout: 3600
"""

import sys
import typing as t
from collections.abc import Mapping
from datetime import datetime, timezone

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    CONNECTION_SPEC,
    check_name,
    resolve_connection,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.values import plain
from ansible_collections.apinizer.apiops.plugins.plugin_utils._inventory.hosts import EnvironmentHost, make_hosts
from ansible_collections.apinizer.apiops.plugins.plugin_utils._inventory.projects import ProjectData, read_projects
from ansible_collections.apinizer.apiops.plugins.plugin_utils._plugin_options import (
    connect,
    convert_errors,
    validate_options,
)

SUFFIXES = ("apinizer.yml", "apinizer.yaml")
SPEC = {
    **CONNECTION_SPEC,
    "projects": {"type": "list", "elements": "str"},
    "host_prefix": {"type": "str", "default": ""},
    "verify_gateways": {"type": "bool", "default": False},
}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    """Create hosts for the environments of a manager."""

    NAME = "apinizer.apiops.environments"

    def verify_file(self, path: str) -> bool:
        """Return whether the name of the file is one that this plugin accepts."""
        return bool(super().verify_file(path)) and path.endswith(SUFFIXES)

    def set_options(
        self, task_keys: t.Any = None, var_options: t.Any = None, direct: Mapping[str, t.Any] | None = None
    ) -> None:
        """Keep the plugin's own options as they are in the file, and let Ansible process the others.

        Ansible converts options before it resolves their templates: it would convert any template for validate_certs
        to false.
        """
        others = dict(direct or {})
        self._own_options = {option: others.pop(option) for option in SPEC if option in others}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=others)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the hosts of an inventory file.

        :arg path: the inventory file, which contains the options of the plugin.
        :arg cache: whether cached data may be used; False with C(--flush-cache).
        :raises AnsibleParserError: with one line that names the option, or the cause and what to do.
        """
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        now = datetime.now(timezone.utc)
        with convert_errors(AnsibleParserError, self._own_options) as secrets:
            self._check_option_names(config)
            options = self._resolve_options()
            secrets.update(filter(None, (options["token"], options["password"])))
            connection = resolve_connection(options, secrets.add)
            projects = self._read_projects(path, connection, options, now, cache=cache)
            hosts = make_hosts(projects, prefix=options["host_prefix"], now=now, warn=self.display.warning)
            self._check_hosts_are_new(hosts)
        # Add hosts only after all checks, so that an error never leaves a partial inventory behind.
        for host in hosts:
            self._add_host(host, connection)

    def _check_option_names(self, config: Mapping[str, t.Any]) -> None:
        """Refuse misspelled options, which Ansible ignores: without O(projects), for example, all projects are read."""
        for option in sorted(set(config) - set(self.get_options())):
            raise InputError(
                option, "is not an option of this plugin. See ansible-doc -t inventory apinizer.apiops.environments"
            )

    def _check_hosts_are_new(self, hosts: list[EnvironmentHost]) -> None:
        """Refuse to mix two managers: a host would have the groups of both, but the variables of only one."""
        for host in hosts:
            known = self.inventory.hosts.get(host.name)
            # Hosts from other kinds of inventory files are allowed: such files can add environments to other groups.
            if known is not None and "apinizer_environment" in known.vars:
                raise InputError(
                    "host_prefix",
                    f"another inventory file already defines host {host.name}. Set a different host_prefix in the file "
                    "of each manager, and list all projects of a manager in the same file",
                )

    def _resolve_options(self) -> dict[str, t.Any]:
        """Resolve the templates of the plugin's own options and validate the result."""
        self.templar.available_variables = self._vars
        resolved = {}
        for option, value in self._own_options.items():
            try:
                resolved[option] = plain(self.templar.template(value))
            except AnsibleError as exc:
                # Not chained: Ansible would show the surrounding lines of the file, which may contain a token.
                raise InputError(option, f"cannot be resolved: {' '.join(str(exc).split())}") from None
        options = validate_options(resolved, SPEC)
        if options["projects"] is not None:
            if not options["projects"]:
                raise InputError("projects", "is an empty list. Specify at least one project, or omit the option")
            options["projects"] = sorted({check_name("projects", project) for project in options["projects"]})
        return options

    def _read_projects(
        self, path: str, connection: Connection, options: Mapping[str, t.Any], now: datetime, *, cache: bool
    ) -> list[ProjectData]:
        """Read the projects from the cache or from the manager.

        :arg options: the validated options.
        :arg cache: whether cached data may be used. The cache is updated in any case.
        """
        use_cache = bool(self.get_option("cache"))
        names, verify_gateways = options["projects"], options["verify_gateways"]
        # The path is not enough: the environment variables may name another manager in the next run.
        source = [path, connection.base, "gateways" if verify_gateways else "record"]
        key = self.get_cache_key("\n".join([*source, *(names or ["*", "*"])]))
        if use_cache and cache and key in self._cache:
            cached: list[ProjectData] = self._cache[key]
            return cached
        with connect(connection) as api:
            projects = read_projects(api, names, now=now, warn=self.display.warning, verify_gateways=verify_gateways)
        if use_cache:
            self._cache[key] = projects
        return projects

    def _add_host(self, host: EnvironmentHost, connection: Connection) -> None:
        self.inventory.add_host(host.name)
        for group in host.groups:
            self.inventory.add_host(host.name, group=self.inventory.add_group(self._sanitize_group_name(group)))
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "apinizer_url": connection.url,
            **_mark_unsafe(host.variables),
        }
        for name, value in variables.items():
            self.inventory.set_variable(host.name, name, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict=strict)


def _mark_unsafe(value: t.Any) -> t.Any:
    """Mark strings that could be templates, so that Ansible never evaluates text that came from the manager.

    Other strings are not marked, because ansible-inventory of ansible-core up to 2.18 shows the mark.
    """
    if isinstance(value, dict):
        return {key: _mark_unsafe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mark_unsafe(item) for item in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value
