# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of an action: it writes certificates of a wave, for the role certificate_rotation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_write
short_description: Write certificates of a certificate rotation at once
version_added: 0.2.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Runs M(apinizer.apiops.apinizer_certificate) with the options in each of O(requests), and with the C(module_defaults) for that
    module. On localhost they run at the same time, each with a connection of its own; elsewhere one after the other.
  - It fails if one of them does, after all have come to their end.
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
  requests:
    description: Requests of P(apinizer.apiops.rotation_waves#filter), each for another certificate.
    type: list
    elements: dict
    required: true
  contents:
    description: The new certificates, PEM, in the order of O(requests).
    type: list
    elements: str
    required: true
  at_once:
    description: How many to write at the same time. In a loop, so many connections are kept from item to item.
    type: int
    required: true
seealso:
  - module: apinizer.apiops.apinizer_certificate
  - module: apinizer.apiops.rotation_look
"""

EXAMPLES = r"""
- name: Rotate the certificates of a wave
  apinizer.apiops.rotation_write:
    requests: "{{ item }}"
    contents: "{{ item | map(attribute='key') | map('extract', plan.contents) }}"
    at_once: 4
  loop: "{{ wave.requests | batch(4) }}"
"""

RETURN = r"""
written:
  description: What came of each request.
  type: list
  elements: dict
  returned: always
  contains:
    key:
      description: The project and the name of the certificate.
      type: str
    environments:
      description: The environments that the request names.
      type: list
      elements: str
    result:
      description:
        - Of what M(apinizer.apiops.apinizer_certificate) returned, that which the run has to know. C(changed) is V(true) also where a
          module ended without a word.
      type: dict
"""
