# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: which tasks give every environment that a run has touched its previous certificate again. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Touched:
    """A certificate that a run has written to.

    :arg environments: those written to.
    :arg before: the certificate before the run, as C(apinizer_certificate) returns it; None for one that was absent.
    :arg duplicated: whether the manager was seen to list an environment twice, so that only import-file replaces.
    """

    project: str
    name: str
    environments: tuple[str, ...]
    before: Mapping[str, t.Any] | None
    duplicated: bool = False

    @property
    def key(self) -> str:
        return f"{self.project}/{self.name}"


@dataclass(frozen=True)
class Undo:
    """One task of C(apinizer_certificate) that takes a step back, with the options that matter."""

    project: str
    name: str
    environments: tuple[str, ...]
    state: str = "present"
    unlisted_environments: str = "fail"
    content: str | None = field(default=None, repr=False)
    alias: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class WayBack:
    """C(impossible) says what cannot be undone, and why, fit for the user."""

    undos: tuple[Undo, ...] = ()
    impossible: tuple[str, ...] = ()


def find_way_back(touched: Sequence[Touched], *, one_update: bool) -> WayBack:
    """Plan the rollback. What was written last is undone first.

    :arg one_update: whether an update for all environments is the way to write (strategy C(replace)).
    """
    ways = [_one(certificate, one_update=one_update) for certificate in reversed(touched)]
    return WayBack(
        tuple(undo for way in ways for undo in way.undos),
        tuple(reason for way in ways for reason in way.impossible),
    )


def _one(touched: Touched, *, one_update: bool) -> WayBack:
    before = touched.before
    if before is None:
        return WayBack((Undo(touched.project, touched.name, touched.environments, state="absent"),))
    held = {environment["name"]: environment for environment in before["environments"]}
    impossible = tuple(
        f"{touched.key} in {name}: {reason}"
        for name in touched.environments
        for reason in [_cannot_be_put_back(held.get(name))]
        if reason
    )
    back = [name for name in touched.environments if name in held and not _cannot_be_put_back(held[name])]
    added = [name for name in touched.environments if name not in held]
    groups: dict[tuple[str, str | None], list[str]] = {}
    for name in back:
        groups.setdefault((held[name]["content"], held[name]["alias"]), []).append(name)

    def undo(names: Sequence[str], unlisted: str, content: str | None, alias: str | None) -> Undo:
        return Undo(
            touched.project,
            touched.name,
            tuple(names),
            unlisted_environments=unlisted,
            content=content,
            alias=alias,
            description=before["description"],
        )

    if one_update and not touched.duplicated and len(groups) == 1 and set(back) == set(held):
        (content, alias), names = next(iter(groups.items()))
        return WayBack((undo(names, "remove" if added else "fail", content, alias),), impossible)
    undos = tuple(undo(names, "keep", content, alias) for (content, alias), names in groups.items())
    if added and len({(entry["content"], entry["alias"]) for entry in held.values()}) == 1 and not impossible:
        undos += (undo(sorted(held), "remove", None, None),)
    elif added:
        stays = (
            f"{touched.key} in {', '.join(added)}: it was not there before this run and stays there, since taking it "
            "away takes an update that would give all other environments one and the same certificate"
        )
        impossible += (stays,)
    return WayBack(undos, impossible)


def _cannot_be_put_back(entry: Mapping[str, t.Any] | None) -> str | None:
    if entry is None:
        return None
    if entry["expired"]:
        return f"the previous certificate expired on {entry['not_after']}, so it is NOT put back"
    if entry["content"] is None:
        return "the manager did not hand out the previous certificate, so it cannot be put back"
    return None
