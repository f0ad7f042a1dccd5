# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: so many certificates, so far away, in such a situation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Situation = Literal["nothing", "some", "all"]

SITUATIONS: dict[Situation, str] = {
    "nothing": "nothing to do",
    "some": "1 in 100 to do",
    "all": "all to do",
}
"""What each is called in tables."""

PROJECT = "MyProject"
ENVIRONMENTS = ("development", "staging", "production")


def certificate_name(index: int) -> str:
    """The name of the certificate of that index."""
    return f"certificate-{index:04}"


@dataclass(frozen=True)
class Case:
    """`size` certificates, each in every environment; `latency` milliseconds are added to every request."""

    size: int
    latency: int
    situation: Situation

    @property
    def due(self) -> range:
        """The indexes of the certificates that have to be replaced; one in a hundred means at least one."""
        sizes: dict[Situation, range] = {
            "nothing": range(0),
            "some": range(0, self.size, 100),
            "all": range(self.size),
        }
        return sizes[self.situation]

    def __str__(self) -> str:
        """For progress and messages."""
        certificates = "1 certificate" if self.size == 1 else f"{self.size:,} certificates"
        return f"{certificates}, {self.latency} ms, {SITUATIONS[self.situation]}"
