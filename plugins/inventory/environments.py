# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: environments
short_description: The gateway environments of an Apinizer API manager as hosts
version_added: 0.2.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Makes a host of each gateway environment of a manager, so that patterns, C(--limit) and C(serial) say in which waves
    certificates are rotated.
  - The environments of a manager are shared by its projects. One that several projects have is one host, with the
    certificates of all of them.
  - An environment that is not listed, but holds a certificate, is a host as well. Such are the manager itself
    (V(apimanager)), which no list has, and all environments of a manager of the 2023 generation, which has no such list. Their
    type, status and address are not known.
  - Each host is in the groups C(type_TYPE) and C(status_STATUS), in lower case, such as C(type_production) and
    C(status_published). What is not known is C(type_unknown) and C(status_unknown). O(keyed_groups), O(groups) and O(compose)
    make more.
  - The file is a YAML file whose name ends in C(apinizer.yml) or C(apinizer.yaml), such as C(apinizer.yml),
    C(test.apinizer.yml) or C(test_apinizer.yaml).
  - One request reads the projects, unless O(projects) names them. Two for each project read its certificates and its
    environments. With a warm O(cache) there is none.
extends_documentation_fragment:
  - apinizer.apiops.connection.plugin
  - apinizer.apiops.connection
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - Marks the file as one for this plugin.
    type: str
    required: true
    choices:
      - apinizer.apiops.environments
  projects:
    description:
      - The projects to read. Upper and lower case count. V(admin) holds the global certificates.
      - If not set, every project that the token may see is read.
    type: list
    elements: str
  host_prefix:
    description:
      - What the name of each host begins with. It keeps the environments of several managers apart that are read into one
        inventory. A host that two files would make is an error.
    type: str
notes:
  - The name of a host is O(host_prefix) and the name of the environment, in which everything but letters, digits, C(.), C(-) and
    C(_) becomes C(_). The environment C(all) becomes C(all_). P(ansible.builtin.constructed#inventory) says how names of groups
    are cleaned.
  - "The variables of a host are C(apinizer_environment) (the name of the environment), C(apinizer_type), C(apinizer_status) and
    C(apinizer_access_url) (as M(apinizer.apiops.apinizer_environment_info) returns them; V(null) if not known),
    C(apinizer_projects) (the projects that have the environment), C(apinizer_url) (the address of the manager) and
    C(apinizer_certificates)."
  - "C(apinizer_certificates) is a list of the certificates that the environment holds, sorted by project and name. Each has
    C(project), C(name), and what M(apinizer.apiops.apinizer_certificate_info) returns for an environment: C(alias), C(subject),
    C(issuer), C(serial_number), C(not_before), C(not_after), C(days_remaining), C(expired), C(fingerprint_sha256),
    C(fingerprint_sha1) and C(entries)."
  - Tasks for a host run on the controller, since an environment is no machine to log in to. C(ansible_connection) is V(local)
    and C(ansible_python_interpreter) the Python that runs Ansible. O(compose) can set others.
  - The connection options, O(projects) and O(host_prefix) may be templates. They find the extra variables (C(-e)), and no others.
  - Ansible goes on without an inventory that cannot be read. Set C(any_unparsed_is_failed) in the section C(inventory) of
    C(ansible.cfg) to make it stop.
seealso:
  - module: apinizer.apiops.apinizer_certificate
  - module: apinizer.apiops.apinizer_environment_info
"""

EXAMPLES = r"""
# apinizer.yml: all environments, with APINIZER_URL and APINIZER_TOKEN from the environment.
---
plugin: apinizer.apiops.environments

# test.apinizer.yml: one project, the token from a lookup, and more groups. my_certificate are the environments that hold that
# certificate, soon are those in which some certificate expires within 30 days.
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

# eu.apinizer.yml: one of several managers, read anew once an hour.
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
from ansible_collections.apinizer.apiops.plugins.plugin_utils._inventory.hosts import (
    EnvironmentHost,
    ProjectRead,
    make_hosts,
    read_projects,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._plugin_options import connected, errors_as, validated

SUFFIXES = ("apinizer.yml", "apinizer.yaml")
SPEC = {
    **CONNECTION_SPEC,
    "projects": {"type": "list", "elements": "str"},
    "host_prefix": {"type": "str", "default": ""},
}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    """The environments of a manager."""

    NAME = "apinizer.apiops.environments"

    def verify_file(self, path: str) -> bool:
        """Whether the file's name is one for this plugin."""
        return bool(super().verify_file(path)) and path.endswith(SUFFIXES)

    def set_options(
        self, task_keys: t.Any = None, var_options: t.Any = None, direct: Mapping[str, t.Any] | None = None
    ) -> None:
        """Keep the plugin's own options as they stand in the file, and leave the others to Ansible.

        Ansible converts them before their templates are resolved, and would take any word for a false validate_certs.
        """
        theirs = dict(direct or {})
        self._own = {option: theirs.pop(option) for option in SPEC if option in theirs}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=theirs)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Fill the inventory from the file that is the plugin's configuration."""
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        now = datetime.now(timezone.utc)
        with errors_as(AnsibleParserError, self._own) as secrets:
            self._check_known(config)
            options = self._options_of_file()
            secrets.update(filter(None, (options["token"], options["password"])))
            connection = resolve_connection(options, secrets.add)
            projects = self._projects(path, connection, options["projects"], now, cache=cache)
            hosts = make_hosts(projects, prefix=options["host_prefix"], now=now, warn=self.display.warning)
            self._check_new(hosts)
        # Only now, so that an error leaves no half of an inventory behind.
        for host in hosts:
            self._add(host, connection)

    def _check_known(self, config: Mapping[str, t.Any]) -> None:
        """Refuse a misspelt option, which Ansible would pass over: without O(projects) all of them are read."""
        for option in sorted(set(config) - set(self.get_options())):
            raise InputError(
                option, "no option of this plugin; see ansible-doc -t inventory apinizer.apiops.environments"
            )

    def _check_new(self, hosts: list[EnvironmentHost]) -> None:
        """Refuse to mix two managers: a host would be in the groups of the one, and have the variables of the other."""
        for host in hosts:
            known = self.inventory.hosts.get(host.name)
            # A host of another kind of file may be known: those may add environments to groups of their own.
            if known is not None and "apinizer_environment" in known.vars:
                raise InputError(
                    "host_prefix",
                    f"another file made host {host.name} already; give each manager's file its own prefix, and name all "
                    "projects of a manager in one file",
                )

    def _options_of_file(self) -> dict[str, t.Any]:
        """The plugin's own options, without templates and of their types."""
        self.templar.available_variables = self._vars
        resolved = {}
        for option, value in self._own.items():
            try:
                resolved[option] = plain(self.templar.template(value))
            except AnsibleError as exc:
                # Not chained: Ansible would show the lines of the file around it, and a token may stand there.
                raise InputError(option, f"cannot be resolved: {' '.join(str(exc).split())}") from None
        options = validated(resolved, SPEC)
        if options["projects"] is not None:
            if not options["projects"]:
                raise InputError("projects", "is an empty list; name at least one, or leave the option out")
            options["projects"] = sorted({check_name("projects", project) for project in options["projects"]})
        return options

    def _projects(
        self, path: str, connection: Connection, names: list[str] | None, now: datetime, *, cache: bool
    ) -> list[ProjectRead]:
        """What the manager has, from the cache where it may be used."""
        wanted = bool(self.get_option("cache"))
        # Not the file alone: the environment may name another manager the next time.
        key = self.get_cache_key("\n".join([path, connection.base, *(names or ["*", "*"])]))
        if wanted and cache and key in self._cache:
            known: list[ProjectRead] = self._cache[key]
            return known
        with connected(connection) as api:
            read = read_projects(api, names, now=now, warn=self.display.warning)
        if wanted:
            self._cache[key] = read
        return read

    def _add(self, host: EnvironmentHost, connection: Connection) -> None:
        self.inventory.add_host(host.name)
        for group in host.groups:
            self.inventory.add_host(host.name, group=self.inventory.add_group(self._sanitize_group_name(group)))
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "apinizer_url": connection.url,
            **_as_data(host.variables),
        }
        for name, value in variables.items():
            self.inventory.set_variable(host.name, name, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict=strict)


def _as_data(value: t.Any) -> t.Any:
    """The value, its texts marked so that no Ansible takes what the manager sent for a template.

    Only those that could be one: ansible-inventory of ansible-core up to 2.18 shows the mark.
    """
    if isinstance(value, dict):
        return {key: _as_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_data(item) for item in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value
