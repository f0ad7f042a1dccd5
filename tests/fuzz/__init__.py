# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random faults and mutated responses, against everything that reads or writes a manager. `make fuzz` runs it.

A case is made from its seed alone: the traits and the certificates of a fake manager, the operation, and what goes wrong.
"""
