# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of an action: it hands the result of the role certificate_rotation on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_stats
short_description: Hand the result of a certificate rotation to the statistics of the run
version_added: 0.2.0
author:
  - apinizer.apiops contributors (@apinizer-apiops)
description:
  - Does what M(ansible.builtin.set_stats) does with C(aggregate), for one fact, and without looking into each of its values.
  - It serves the role P(apinizer.apiops.certificate_rotation#role). Other uses are not supported, since it may change with
    the role.
extends_documentation_fragment: [apinizer.apiops.attributes.reads_only]
attributes:
  action:
    description: Runs on the controller only.
    support: full
options:
  fact:
    description: The name of the fact.
    type: str
    required: true
  name:
    description: The name of the statistic, a dictionary in which the fact is found by the name of its host.
    type: str
    required: true
seealso:
  - module: ansible.builtin.set_stats
"""

EXAMPLES = r"""
- name: Hand the result on
  apinizer.apiops.rotation_stats:
    fact: certificate_rotation_result
    name: certificate_rotation
"""

RETURN = r"""# Nothing but what every task returns."""
