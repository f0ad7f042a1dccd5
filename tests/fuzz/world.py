# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake manager with random traits and certificates."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args

from manager import Manager
from manager.dialect import Generation
from manager.messages import Language
from manager.paging import Paging

from .certificates import NEW, OLD, OTHER

PROJECT, NAME, UNRELATED = "MyProject", "web", "unrelated"
ENVIRONMENTS = DEV, STAGE, PROD = "development", "staging", "production"
Snapshot = Mapping[str, Any]


def snapshot(manager: Manager) -> Snapshot:
    """Return what the manager and its gateways hold. The order of environments means nothing."""
    found = manager.snapshot()
    for certificate in found["certificates"].values():
        certificate["entries"].sort(key=lambda entry: entry[0])
    return found


@dataclass(frozen=True)
class World:
    """A manager, how it was made, and what it and its gateways held at first."""

    manager: Manager
    description: str
    before: Snapshot

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments whose record contains the certificate at first."""
        certificate = self.before["certificates"].get((PROJECT, NAME))
        return tuple(dict.fromkeys(entry[0] for entry in certificate["entries"])) if certificate else ()


@contextmanager
def make_world(rng: random.Random) -> Iterator[World]:
    """Start a manager. Most of them have the certificate in all environments."""
    traits = {
        "generation": rng.choice(get_args(Generation)),
        "language": rng.choice(get_args(Language)),
        "duplicates": rng.random() < 0.1,
        "list_content": rng.random() < 0.7,
        "get_content": rng.random() < 0.9,
        "import_deploys": rng.random() < 0.6,
        "import_reports_deployment": rng.random() < 0.4,
        "unresolved_references": ("route-1",) if rng.random() < 0.1 else (),
        "failures_in_message": rng.random() < 0.3,
        "truststore": rng.choice([None, None, (), ("workers",), ("manager",), ("workers", "manager")]),
        "page_size": rng.choice([None, None, None, 1, 2]),
        "paging": rng.choice(get_args(Paging)),
    }
    kept = [name for name in ENVIRONMENTS if rng.random() < 0.85] or [DEV]
    pems = {name: rng.choice([OLD, OLD, OLD, OTHER]) for name in kept}
    in_sync = rng.random() < 0.1
    stale = rng.random() < 0.1
    with Manager(**traits) as manager:
        manager.add_project(PROJECT, ENVIRONMENTS)
        manager.add_certificate(PROJECT, UNRELATED, dict.fromkeys((STAGE, PROD), OTHER))
        manager.add_certificate(PROJECT, NAME, dict.fromkeys(kept, NEW) if in_sync else pems, description="First")
        if stale:
            manager.set_gateway(PROJECT, NAME, kept[0], OTHER)
        if rng.random() < 0.2:
            manager.add_jwk(PROJECT, "signing", NAME)
        shown = {name: "NEW" if in_sync else "OLD" if pem == OLD else "OTHER" for name, pem in pems.items()}
        words = [f"{name}={value!r}" for name, value in traits.items()]
        text = f"{', '.join(words)}; holds {shown}" + (f", but the gateways of {kept[0]} are stale" if stale else "")
        yield World(manager, text, snapshot(manager))
