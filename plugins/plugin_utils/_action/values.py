# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own kinds of values, turned into Python's."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping


def plain(value: t.Any) -> t.Any:
    """A value as it would have come out of the JSON that a module receives: decrypted, and of Python's own types.

    Up to ansible-core 2.18 a text from a vault is no str at all, and is decrypted here.

    :raises AnsibleError: where it cannot be decrypted.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, Iterator)):
        return [plain(inner) for inner in value]
    return str(value)


def without_omitted(value: t.Any, omitted: str) -> t.Any:
    """A value without the keys for which a template says C(default(omit)), which older versions leave in place."""
    if isinstance(value, dict):
        return {key: without_omitted(inner, omitted) for key, inner in value.items() if inner != omitted}
    if isinstance(value, list):
        return [without_omitted(inner, omitted) for inner in value if inner != omitted]
    return value
