# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics in the Prometheus text format, for the textfile collector of the node exporter. Pure.

The format: U(https://prometheus.io/docs/instrumenting/exposition_formats/).
"""

from __future__ import annotations

import typing as t

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Gauge:
    """One metric. The first value for the same labels counts, since Prometheus rejects duplicate series."""

    def __init__(self, name: str, description: str) -> None:
        self._name = name
        self._description = description
        self._samples: dict[str, int] = {}

    def add(self, value: int, labels: t.Mapping[str, str]) -> None:
        """Add a sample."""
        shown = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
        self._samples.setdefault(f"{self._name}{{{shown}}}", value)

    def lines(self) -> t.Iterator[str]:
        """Yield the lines of the metric; none if it has no samples."""
        if self._samples:
            yield f"# HELP {self._name} {self._description}"
            yield f"# TYPE {self._name} gauge"
            yield from (f"{series} {value}" for series, value in self._samples.items())


def metrics_text(*metrics: Gauge) -> str:
    """Return the lines of metrics as the content of a file."""
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())
