# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action that carries out the phases of the role certificate_rotation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation
short_description: "Internal: carry out a phase of the role certificate_rotation"
author: [apinizer.apiops contributors (@apinizer-apiops)]
description:
  - Internal to the role P(apinizer.apiops.certificate_rotation#role) and the playbooks C(apinizer.apiops.restore),
    C(apinizer.apiops.export), C(apinizer.apiops.audit), and C(apinizer.apiops.merge_reports). It may change with any release; do not
    use it in your own tasks.
  - It reads the variables of the role from the host, and keeps the state of a run in a file.
attributes:
  action: {description: "Runs on the controller, and runs modules on the host where that is necessary.", support: full}
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed, or would change in C(check_mode), when in diff mode.
    support: full
options:
  phase: {description: The phase to carry out., type: str, required: true}
  run: {description: The name of the run file. Empty for a new run., type: str, default: ""}
  wave: {description: The number of the wave to write or to verify., type: int}
  key: {description: The project and the name of the certificate that was obtained., type: str}
  settings: {description: The variables of the playbook., type: dict}
"""

EXAMPLES = r"""
- name: Write wave 1
  apinizer.apiops.rotation: {phase: write, run: "{{ certificate_rotation__run }}", wave: 1}
"""

RETURN = r"""
run_file: {description: The name of the run file., type: str, returned: by the phase plan}
"""
