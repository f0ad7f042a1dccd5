# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates are minted once, and again when they are old or too few."""

from __future__ import annotations

import os
import time

from bench.material import material

DAY_SECONDS = 24 * 3600


def test_what_is_in_the_cache_is_used_while_it_is_fresh_and_enough(tmp_path):
    two = material(2, tmp_path)
    assert material(2, tmp_path) == two
    assert material(1, tmp_path).new == two.new[:1]
    assert material(3, tmp_path).new[:2] != two.new


def test_old_certificates_are_minted_again(tmp_path):
    first = material(1, tmp_path)
    eight_days_ago = time.time() - 8 * DAY_SECONDS
    os.utime(tmp_path / "certificates.json", (eight_days_ago, eight_days_ago))
    assert material(1, tmp_path) != first
