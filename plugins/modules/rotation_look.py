# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of an action: it looks at what is due, for the role certificate_rotation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_look
short_description: Look in detail at the certificates that are due in a certificate rotation
version_added: 0.2.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Runs M(apinizer.apiops.apinizer_certificate) in C(check_mode) for each certificate that is due, with the C(module_defaults) for
    that module, and on localhost for eight at a time.
  - It only reads, and fails with what the manager or the module has against a certificate, for all of them at once.
  - It serves the role P(apinizer.apiops.certificate_rotation#role). Other uses are not supported, since it may change with the
    role.
extends_documentation_fragment: [apinizer.apiops.attributes.reads_only]
attributes:
  action:
    description: Runs on the controller, which runs the module on the host.
    support: full
options:
  evidence:
    description: The evidence of the run. P(apinizer.apiops.rotation_plan#filter) says what it is.
    type: dict
    required: true
seealso:
  - module: apinizer.apiops.apinizer_certificate
  - module: apinizer.apiops.rotation_write
"""

EXAMPLES = r"""
- name: Look at what is due in detail
  apinizer.apiops.rotation_look:
    evidence: "{{ certificate_rotation__evidence }}"
  register: looked_at
"""

RETURN = r"""
details:
  description:
    - By project and name, what RV(apinizer.apiops.apinizer_certificate#module:previous) has, V(null) for a certificate that does
      not exist. As text, which takes its place in the evidence.
  type: str
  returned: if nothing is against any certificate
"""
