# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of an action: it lists the certificates of several projects for the role certificate_rotation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_list
short_description: List the certificates of the projects of a certificate rotation
version_added: 0.2.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Runs M(apinizer.apiops.apinizer_certificate_info) for each project, with the C(module_defaults) for that module, and returns
    the certificates as text, which Ansible hands on without looking into each value.
  - It serves the role P(apinizer.apiops.certificate_rotation#role). Other uses are not supported, since it may change with the
    role.
extends_documentation_fragment: [apinizer.apiops.attributes.reads_only]
attributes:
  action:
    description: Runs on the controller, which runs the module on the host.
    support: full
options:
  projects:
    description: The projects to list.
    type: list
    elements: str
    required: true
seealso:
  - module: apinizer.apiops.apinizer_certificate_info
  - module: apinizer.apiops.rotation_step
"""

EXAMPLES = r"""
- name: Read the certificates of two projects
  apinizer.apiops.rotation_list:
    projects: [MyProject, AnotherProject]
  register: listed
"""

RETURN = r"""
certificates:
  description:
    - By project, the certificates as M(apinizer.apiops.apinizer_certificate_info) returns them. As text, which
      P(apinizer.apiops.rotation_plan#filter) takes.
  type: str
  returned: if all projects could be listed
"""
