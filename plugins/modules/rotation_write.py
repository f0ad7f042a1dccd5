# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of an action: it writes one certificate of a wave, for the role certificate_rotation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_write
short_description: Write one certificate of a certificate rotation
version_added: 0.2.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Runs M(apinizer.apiops.apinizer_certificate) with the options in O(request), and with the C(module_defaults) for that module. In
    a loop over many certificates it takes less time than that, since Ansible has fewer options to render for each.
  - It serves the role P(apinizer.apiops.certificate_rotation#role). Other uses are not supported, since it may change with the
    role.
extends_documentation_fragment: [apinizer.apiops.attributes]
attributes:
  action:
    description: Runs on the controller, which runs the module on the host.
    support: full
  diff_mode:
    support: full
options:
  request:
    description: A request of P(apinizer.apiops.rotation_waves#filter).
    type: dict
    required: true
  content:
    description: The new certificate, PEM.
    type: str
    required: true
seealso:
  - module: apinizer.apiops.apinizer_certificate
  - module: apinizer.apiops.rotation_look
"""

EXAMPLES = r"""
- name: Rotate the certificates of a wave
  apinizer.apiops.rotation_write:
    request: "{{ item }}"
    content: "{{ plan.contents[item.key] }}"
  loop: "{{ wave.requests }}"
"""

RETURN = r"""# What apinizer_certificate returns, but for previous and invocation."""
