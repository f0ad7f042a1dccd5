#!/usr/bin/python
# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apinizer_environment_info
short_description: Read the gateway environments of a project of an Apinizer API manager
version_added: 0.1.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Returns the gateway environments that a certificate of the project can be deployed to.
  - The releases of the manager have different addresses for this list. The documentation of release 2024.09 does not
    contain one. With such a manager, the module fails with the response of the manager.
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
      - The project whose environments to return. Case-sensitive.
    type: str
    required: true
seealso:
  - module: apinizer.apiops.apinizer_certificate
"""

EXAMPLES = r"""
- name: Read the environments of a project
  apinizer.apiops.apinizer_environment_info:
    project: MyProject
  register: found

- name: Show the names of the production environments
  ansible.builtin.debug:
    msg: "{{ found.environments | selectattr('type', 'eq', 'PRODUCTION') | map(attribute='name') | join(', ') }}"
"""

RETURN = r"""
environments:
  description:
    - The environments, sorted by name.
    - The list never contains the pseudo-environment V(apimanager), although a certificate can be deployed to it.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the environment.
      type: str
      returned: always
      sample: production
    type:
      description:
        - The stage of the environment (V(PRODUCTION), V(SANDBOX), or V(TEST)), for a manager from release 2026.01 on.
        - The platform (V(KUBERNETES) or V(DOCKER)), for a manager of 2025.
      type: str
      returned: always
      sample: PRODUCTION
    status:
      description: The status of the environment, such as V(PUBLISHED). V(null) if the manager does not report it.
      type: str
      returned: always
      sample: PUBLISHED
    access_url:
      description: The address of the environment. V(null) if the manager does not report it.
      type: str
      returned: always
      sample: https://api.example.com
    description:
      description: The description of the environment. V(null) if the manager does not report it.
      type: str
      returned: always
      sample: Production gateways
"""

from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleContext, ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.module_utils._module import run_as_module
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import run_environment_info_operation
from ansible_collections.apinizer.apiops.plugins.module_utils._options import CONNECTION_SPEC, check_name

ARGUMENT_SPEC = {
    **CONNECTION_SPEC,
    "project": {"type": "str", "required": True},
}


def run(context: ModuleContext, _now: datetime) -> Result:
    """Read the environments of the project."""
    project = check_name("project", context.params["project"])
    with context.manager() as api:
        return {"changed": False, "environments": run_environment_info_operation(api, project)}


DEFINITION = ModuleDefinition(ARGUMENT_SPEC, run)


def main() -> None:
    run_as_module(DEFINITION)


if __name__ == "__main__":
    main()
