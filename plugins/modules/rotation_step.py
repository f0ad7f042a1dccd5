# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of an action: a step of the role certificate_rotation that works on many certificates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_step
short_description: Take a step of a certificate rotation that works on many certificates
version_added: 0.2.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Returns what the filter for the step returns, for example P(apinizer.apiops.rotation_plan#filter), without Ansible looking
    into each value on the way. What it returns is hidden.
  - It serves the role P(apinizer.apiops.certificate_rotation#role). Other uses are not supported, since it may change with the
    role.
extends_documentation_fragment: [apinizer.apiops.attributes.reads_only]
attributes:
  action:
    description: Runs on the controller only.
    support: full
options:
  step:
    description: Which step to take.
    type: str
    choices: [settings, files, plan, applied, result]
    required: true
  evidence:
    description:
      - What the filter for the step takes, mostly the evidence of the run. P(apinizer.apiops.rotation_plan#filter) says what
        that is.
    type: raw
    required: true
  results_of:
    description: The name of a variable that a loop was registered in. Its C(results) become a part of the evidence as they are.
    type: str
seealso:
  - module: apinizer.apiops.rotation_list
  - module: apinizer.apiops.rotation_stats
"""

EXAMPLES = r"""
- name: Decide what is due
  apinizer.apiops.rotation_step:
    step: plan
    evidence: "{{ certificate_rotation__evidence }}"
  register: certificate_rotation__plan
"""

RETURN = r"""
result:
  description: What the filter returns, for that step, as text for P(apinizer.apiops.rotation_unpacked#filter). What another filter returns is
    not within a key.
  type: str
  returned: if O(step=result)
"""
