# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts are divided between the jobs as AWX divides them."""

from __future__ import annotations

import pytest

from fleet.slices import sliced

HOSTS = ["manager-3", "manager-1", "manager-5", "manager-2", "manager-4"]


def test_host_k_goes_to_slice_k_modulo_n():
    assert sliced(HOSTS, 2) == [["manager-1", "manager-3", "manager-5"], ["manager-2", "manager-4"]]


def test_names_are_sorted_as_text():
    assert sliced(["manager-10", "manager-9", "Manager-1"], 3) == [["Manager-1"], ["manager-10"], ["manager-9"]]


def test_no_slice_is_empty():
    assert sliced(HOSTS, 100) == [[host] for host in sorted(HOSTS)]


@pytest.mark.parametrize("count", range(1, 7))
def test_every_host_is_in_exactly_one_slice(count):
    slices = sliced(HOSTS, count)

    assert sorted(host for hosts in slices for host in hosts) == sorted(HOSTS)
    assert max(map(len, slices)) - min(map(len, slices)) <= 1
