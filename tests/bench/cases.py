# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases that the benchmark measures: how many certificates, how much latency, and how much there is to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Situation = Literal["nothing", "some", "all"]

SITUATIONS: dict[Situation, str] = {
    "nothing": "nothing to do",
    "some": "1 in 100 to do",
    "all": "all to do",
}
"""The label of each situation in tables and messages."""

PROJECT = "MyProject"
ENVIRONMENTS = ("development", "staging", "production")


def certificate_name(index: int) -> str:
    """Return the name of the certificate with this index."""
    return f"certificate-{index:04}"


@dataclass(frozen=True)
class Case:
    """`size` certificates, each in every environment, with `latency` milliseconds added to every request."""

    size: int
    latency: int
    situation: Situation

    @property
    def due(self) -> range:
        """The indexes of the certificates to replace. "1 in 100" means at least one."""
        indexes: dict[Situation, range] = {
            "nothing": range(0),
            "some": range(0, self.size, 100),
            "all": range(self.size),
        }
        return indexes[self.situation]

    def __str__(self) -> str:
        """Describe the case for progress lines and messages."""
        certificates = "1 certificate" if self.size == 1 else f"{self.size:,} certificates"
        return f"{certificates}, {self.latency} ms, {SITUATIONS[self.situation]}"
