# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the writes: (current record, desired state) -> Plan. Pure: no HTTP, no Ansible, no clock.

The rules follow from the vendor's page for the update: an update carries one PEM and one alias for all environments, and
an environment that it does not list loses the certificate. Only import-file leaves the other environments unchanged.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError, join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

# Shorter names, such as dev and deb, differ in one letter by chance.
_SHORTEST_TYPO = 5


@dataclass(frozen=True)
class Desired:
    """The desired state. None means that the option is not set.

    C(unlisted) is C(fail), C(remove), C(update) or C(keep): what happens to environments that hold the certificate but
    are not in C(environments). C(stale) are environments whose gateways do not hold what the record contains.
    """

    bundle: Bundle | None = None
    alias: str | None = None
    description: str | None = None
    environments: frozenset[str] | None = None
    unlisted: str = "fail"
    force: bool = False
    stale: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Write:
    """One request that changes the manager, and the expected record after it (None: no certificate).

    C(kind) is C(create), C(update), C(import) or C(delete). Every kind but C(delete) has a bundle.
    """

    kind: str
    expected: StoredCertificate | None
    environments: tuple[str, ...] = ()
    alias: str = ""
    description: str = ""
    bundle: Bundle | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Plan:
    """The writes of an operation.

    C(operation) is C(none), C(create), C(update), C(import) or C(delete). C(after) is the expected record after the last
    write. C(added) are the environments that do not hold the certificate yet.
    """

    operation: str
    after: StoredCertificate | None
    writes: tuple[Write, ...] = ()
    added: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def plan_absent(project: str, name: str, current: StoredCertificate | None, others: t.Iterable[str] = ()) -> Plan:
    """Plan to delete the certificate if it exists.

    :arg others: the names of the project's certificates. If one of them is similar, the plan warns.
    """
    if current is None:
        similar = similar_names(name, others)
        warning = (
            f"Nothing was deleted: project {project} has no certificate {name}. Did you mean {' or '.join(similar)}?"
        )
        return Plan("none", None, warnings=(warning,) if similar else ())
    return Plan("delete", None, (Write("delete", None, current.environments),))


def plan_present(
    project: str,
    name: str,
    current: StoredCertificate | None,
    desired: Desired,
    siblings: t.Sequence[StoredCertificate] = (),
) -> Plan:
    """Plan to create or change the certificate so that it matches C(desired).

    :arg siblings: the other certificates of the project, as far as they are known.
    :raises InputError: if the task does not specify something that only the user can decide.
    """
    desired = replace(desired, alias=_given(desired.alias), description=_given(desired.description))
    if current is None:
        return _plan_create(project, name, desired, similar_names(name, [sibling.name for sibling in siblings]))
    current = current.recognize(desired.bundle)
    listed = _listed(current, desired)
    unlisted = set(current.environments) - listed
    if unlisted and desired.unlisted == "fail":
        raise _unlisted_error(current, unlisted)
    target = listed | unlisted if desired.unlisted == "update" else listed
    differing = {environment for environment in target if _differs(current, desired, environment)}
    redescribed = _redescribed(current, desired)
    warnings = _warnings(current, desired)
    removed = unlisted if desired.unlisted == "remove" else set()
    if not (differing or redescribed or removed or desired.force):
        return Plan("none", current, warnings=warnings)
    added = tuple(sorted(target - set(current.environments)))
    if desired.unlisted == "keep":
        touched = listed if redescribed or desired.force else differing
        writes = _imports(current, desired, touched)
        operation = "import"
    else:
        writes = (_update(current, desired, target),)
        operation = "update"
    return Plan(operation, writes[-1].expected, writes, added, warnings)


def similar_names(name: str, others: t.Iterable[str]) -> list[str]:
    """Return the names that differ from a name only in case, or in one letter. Digits usually number a series."""
    return [other for other in others if other != name and (_folded(other) == _folded(name) or _is_typo(name, other))]


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _is_typo(name: str, other: str) -> bool:
    """Whether one letter was added, left out, or replaced, or two neighbors were swapped."""
    name, other = sorted((_folded(name), _folded(other)), key=len)
    if len(other) - len(name) > 1 or len(name) < _SHORTEST_TYPO:
        return False
    start = next((at for at, pair in enumerate(zip(name, other)) if pair[0] != pair[1]), len(name))
    differing = name[start : start + 1] + other[start : start + 1]
    if any(character.isdigit() for character in differing):
        return False
    if len(name) < len(other):
        return name[start:] == other[start + 1 :]
    swapped = name[start : start + 2] == other[start : start + 2][::-1] and name[start + 2 :] == other[start + 2 :]
    return swapped or name[start + 1 :] == other[start + 1 :]


def _given(text: str | None) -> str | None:
    """Return a description or an alias, or None for one of blanks: no field of a request may be empty (vendor: Update
    Certificate), and the manager refuses blanks as well.
    """
    return text if text and text.strip() else None


def _plan_create(project: str, name: str, desired: Desired, similar: t.Sequence[str]) -> Plan:
    for option, value in (("path", desired.bundle), ("environments", desired.environments)):
        if value is None:
            what = "path or content is" if option == "path" else "environments is"
            raise InputError(
                option,
                join_sentences(
                    f"missing; project {project} has no certificate {name}, and {what} required to create it",
                    *([f"Did you mean {' or '.join(similar)}?"] if similar else []),
                ),
            )
    bundle = t.cast(Bundle, desired.bundle)
    alias, description = desired.alias or name, desired.description or name
    environments = tuple(sorted(desired.environments or ()))
    after = StoredCertificate(
        project=project,
        name=name,
        description=description,
        entries=tuple(Entry(environment, alias, bundle) for environment in environments),
    )
    write = Write("create", after, environments, alias, description, bundle)
    warnings = tuple(
        f"Project {project} has a certificate {other}, whose name is almost the same as that of the new certificate {name}"
        for other in similar
    )
    return Plan("create", after, (write,), added=environments, warnings=warnings)


def _listed(current: StoredCertificate, desired: Desired) -> set[str]:
    listed = set(current.environments if desired.environments is None else desired.environments)
    if not listed:
        raise InputError(
            "environments", f"missing; it is required, because no environment holds certificate {current.name}"
        )
    return listed


def _unlisted_error(current: StoredCertificate, unlisted: set[str]) -> InputError:
    return InputError(
        "environments",
        f"certificate {current.name} of project {current.project} is also in {', '.join(sorted(unlisted))}, which "
        "the list does not contain, and an update would remove it there. Choose a value for unlisted_environments: "
        "remove (remove it there), update (replace it there, too), or keep (leave it unchanged there; requires a "
        "manager with import-file)",
    )


def _differs(current: StoredCertificate, desired: Desired, environment: str) -> bool:
    """Whether the gateways are stale, or no entry of the environment matches the options that are set."""
    return environment in desired.stale or not any(
        (desired.bundle is None or entry.holds(desired.bundle)) and desired.alias in (None, entry.alias)
        for entry in current.entries_of(environment)
    )


def _redescribed(current: StoredCertificate, desired: Desired) -> bool:
    return (
        desired.description is not None and current.description_reported and desired.description != current.description
    )


def _warnings(current: StoredCertificate, desired: Desired) -> tuple[str, ...]:
    warnings = []
    if current.duplicated:
        warnings.append(duplicates_warning(current))
    if desired.description is not None and not current.description_reported and not desired.force:
        warnings.append(
            f"The manager does not report the description of certificate {current.name}, so it was not compared. It is "
            "written with the next change; set force=true to write it now"
        )
    return tuple(warnings)


def duplicates_warning(current: StoredCertificate) -> str:
    """Return the warning for environments with duplicate entries."""
    return (
        f"Certificate {current.name} of project {current.project} has more than one entry in "
        f"{', '.join(current.duplicated)}, and every update adds another one. If the manager has import-file, run the "
        "task for just these environments with unlisted_environments=keep and force=true to get a single entry in the record again"
    )


def _update(current: StoredCertificate, desired: Desired, target: set[str]) -> Write:
    bundle = _bundle(current, desired, target)
    alias = desired.alias or _current_alias(current, bundle, target)
    description = desired.description or _given(current.description) or current.name
    environments = tuple(sorted(target))
    after = replace(
        current,
        description=description,
        entries=tuple(
            entry
            for environment in environments
            # A manager that lists an environment twice adds another entry with each update.
            for entry in (
                *(current.entries_of(environment) if environment in current.duplicated else ()),
                Entry(environment, alias, bundle),
            )
        ),
    )
    return Write("update", after, environments, alias, description, bundle)


def _imports(current: StoredCertificate, desired: Desired, touched: set[str]) -> tuple[Write, ...]:
    """Plan one import for each alias to keep, because an import carries a single alias."""
    bundle = _bundle(current, desired, touched)
    description = desired.description or _given(current.description) or current.name
    by_alias: dict[str, list[str]] = {}
    for environment in sorted(touched):
        entry = current.entry_of(environment, bundle)
        alias = desired.alias or (_given(entry.alias) if entry else None) or _current_alias(current, bundle, touched)
        by_alias.setdefault(alias, []).append(environment)
    writes = []
    state = current
    for alias, environments in by_alias.items():
        untouched = tuple(entry for entry in state.entries if entry.environment not in environments)
        state = replace(
            state,
            description=description,
            entries=untouched + tuple(Entry(environment, alias, bundle) for environment in environments),
        )
        writes.append(Write("import", state, tuple(environments), alias, description, bundle))
    return tuple(writes)


def _bundle(current: StoredCertificate, desired: Desired, target: set[str]) -> Bundle:
    """Return the certificate to send: the desired one, or the one that the manager holds.

    :raises InputError: if the environments hold different certificates, or the manager does not return the content.
    """
    if desired.bundle is not None:
        return desired.bundle
    entries = [entry for entry in current.entries if entry.environment in target] or list(current.entries)
    bundles = {entry.bundle.leaf.der: entry.bundle for entry in entries if entry.bundle is not None}
    if len(bundles) > 1:
        raise InputError(
            "path",
            f"missing; path or content is required, because certificate {current.name} is not the same in all its "
            f"environments ({', '.join(sorted({entry.environment for entry in entries}))})",
        )
    if not bundles or any(entry.bundle is None for entry in entries):
        raise InputError(
            "path",
            "missing; path or content is required, because the manager does not return the content of certificate "
            f"{current.name}",
        )
    return next(iter(bundles.values()))


def _current_alias(current: StoredCertificate, bundle: Bundle, target: set[str]) -> str:
    """Return the alias that the environments have.

    :raises InputError: if they have different ones, because a request carries a single alias.
    """
    concerned = target & set(current.environments) or set(current.environments)
    entries = [current.entry_of(environment, bundle) for environment in sorted(concerned)]
    aliases = {
        entry.environment: alias
        for entry in entries
        if entry is not None and (alias := _given(entry.alias)) is not None
    }
    if len(set(aliases.values())) > 1:
        raise InputError(
            "alias",
            f"missing; it is required, because certificate {current.name} has different aliases ("
            + ", ".join(f"{environment}: {alias}" for environment, alias in aliases.items())
            + "), and this request sets the same alias everywhere. Set alias, or change the environments one by one with "
            "unlisted_environments=keep, which keeps each alias",
        )
    return next(iter(aliases.values()), current.name)
