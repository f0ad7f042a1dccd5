# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates are issued once, and again when the cached ones are old or too few."""

from __future__ import annotations

import multiprocessing
import os
import time

from bench.certificates import load_pairs

DAY_SECONDS = 24 * 3600


def test_the_cache_is_used_while_it_is_fresh_and_large_enough(tmp_path):
    two = load_pairs(2, tmp_path)
    assert load_pairs(2, tmp_path) == two
    assert load_pairs(1, tmp_path).new == two.new[:1]
    assert load_pairs(3, tmp_path).new[:2] != two.new


def test_old_certificates_are_issued_again(tmp_path):
    first = load_pairs(1, tmp_path)
    eight_days_ago = time.time() - 8 * DAY_SECONDS
    os.utime(tmp_path / "certificates.json", (eight_days_ago, eight_days_ago))
    assert load_pairs(1, tmp_path) != first


def test_processes_that_start_together_get_the_same_certificates(tmp_path):
    """The managers of a fleet run in several processes, and the jobs use the certificates of a third one."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        first, *others = pool.starmap(load_pairs, [(20, tmp_path)] * 3, chunksize=1)
    assert all(pairs == first for pairs in others)
