# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done: (what the manager has, what the task asks) -> Plan. Pure: no HTTP, no Ansible, no clock.

Rules that come from the vendor's page for the update: it takes one PEM and one alias for all environments, and an
environment that its list leaves out loses the certificate. Only import-file touches some environments and not others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle


@dataclass(frozen=True)
class Desired:
    """What a task asks for; None is "not given".

    C(unlisted) is C(fail), C(remove), C(update) or C(keep): what happens to environments that hold the certificate and
    are not in C(environments).
    """

    bundle: Bundle | None = None
    alias: str | None = None
    description: str | None = None
    environments: frozenset[str] | None = None
    unlisted: str = "fail"
    force: bool = False


@dataclass(frozen=True)
class Write:
    """One request that changes the manager, and the state that it is to bring about (None: no certificate).

    Every kind but C(delete) has a bundle.
    """

    kind: str
    expected: StoredCertificate | None
    environments: tuple[str, ...] = ()
    alias: str = ""
    description: str = ""
    bundle: Bundle | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Plan:
    """C(operation) is C(none), C(create), C(update), C(import) or C(delete); C(after) the state once it is done."""

    operation: str
    after: StoredCertificate | None
    writes: tuple[Write, ...] = ()
    added: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def plan_absent(current: StoredCertificate | None) -> Plan:
    """No certificate of that name."""
    if current is None:
        return Plan("none", None)
    return Plan("delete", None, (Write("delete", None, current.environments),))


def plan_present(project: str, name: str, current: StoredCertificate | None, desired: Desired) -> Plan:
    """The certificate as C(desired).

    :raises InputError: where the task leaves something open that only the user can decide.
    """
    if current is None:
        return _plan_create(project, name, desired)
    current = current.recognising(desired.bundle)
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


def _plan_create(project: str, name: str, desired: Desired) -> Plan:
    if desired.bundle is None:
        raise InputError(
            "path", f"missing, and so is content: project {project} has no certificate {name}, so it has to be created"
        )
    if desired.environments is None:
        raise InputError(
            "environments", f"missing: project {project} has no certificate {name}, so it has to be created"
        )
    alias, description = desired.alias or name, desired.description or name
    environments = tuple(sorted(desired.environments))
    after = StoredCertificate(
        project=project,
        name=name,
        description=description,
        entries=tuple(Entry(environment, alias, desired.bundle) for environment in environments),
    )
    write = Write("create", after, environments, alias, description, desired.bundle)
    return Plan("create", after, (write,), added=environments)


def _listed(current: StoredCertificate, desired: Desired) -> set[str]:
    listed = set(current.environments if desired.environments is None else desired.environments)
    if not listed:
        raise InputError("environments", f"missing: certificate {current.name} is in no environment")
    return listed


def _unlisted_error(current: StoredCertificate, unlisted: set[str]) -> InputError:
    return InputError(
        "environments",
        f"certificate {current.name} of project {current.project} is also in {', '.join(sorted(unlisted))}, which the "
        "list leaves out, and an update would take it from there. Choose with unlisted_environments: remove (it is "
        "taken from there), update (it is replaced there too) or keep (nothing changes there; needs a manager with "
        "import-file)",
    )


def _differs(current: StoredCertificate, desired: Desired, environment: str) -> bool:
    """Whether no entry of the environment is as desired. Only what is given counts."""
    return not any(
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
            f"The manager does not report the description of certificate {current.name}, so it was not compared; it is "
            "written together with the next change, or now with force=true"
        )
    return tuple(warnings)


def duplicates_warning(current: StoredCertificate) -> str:
    """What to say of environments that are listed more than once."""
    return (
        f"Certificate {current.name} of project {current.project} has more than one entry in "
        f"{', '.join(current.duplicated)}, and every update adds one more. Where the manager has import-file, "
        "unlisted_environments=keep with force=true and just that environment makes it one again"
    )


def _update(current: StoredCertificate, desired: Desired, target: set[str]) -> Write:
    bundle = _bundle(current, desired, target)
    alias = desired.alias or _kept_alias(current, bundle, target)
    description = desired.description or current.description or current.name
    environments = tuple(sorted(target))
    after = replace(
        current,
        description=description,
        entries=tuple(
            entry
            for environment in environments
            # A manager that already lists an environment twice adds an entry with each update.
            for entry in (
                *(current.entries_of(environment) if environment in current.duplicated else ()),
                Entry(environment, alias, bundle),
            )
        ),
    )
    return Write("update", after, environments, alias, description, bundle)


def _imports(current: StoredCertificate, desired: Desired, touched: set[str]) -> tuple[Write, ...]:
    """One import for each alias that is to be kept, since an import carries one."""
    bundle = _bundle(current, desired, touched)
    description = desired.description or current.description or current.name
    by_alias: dict[str, list[str]] = {}
    for environment in sorted(touched):
        entry = current.entry_of(environment, bundle)
        alias = desired.alias or (entry.alias if entry else None) or _kept_alias(current, bundle, touched)
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
    """The certificate to send: the given one, or the one that the manager holds already.

    :raises InputError: where the environments hold different ones, or the manager does not hand it out.
    """
    if desired.bundle is not None:
        return desired.bundle
    entries = [entry for entry in current.entries if entry.environment in target] or list(current.entries)
    held = {entry.bundle.leaf.der: entry.bundle for entry in entries if entry.bundle is not None}
    if len(held) > 1:
        raise InputError(
            "path",
            f"missing, and so is content: certificate {current.name} is not the same in all its environments "
            f"({', '.join(sorted({entry.environment for entry in entries}))}), so there is no one certificate to keep",
        )
    if not held or any(entry.bundle is None for entry in entries):
        raise InputError(
            "path",
            f"missing, and so is content: the manager does not hand out the content of certificate {current.name}, so it "
            "cannot be sent again",
        )
    return next(iter(held.values()))


def _kept_alias(current: StoredCertificate, bundle: Bundle, target: set[str]) -> str:
    """The alias of the environments concerned.

    :raises InputError: where they differ: one request carries one alias.
    """
    concerned = target & set(current.environments) or set(current.environments)
    entries = [current.entry_of(environment, bundle) for environment in sorted(concerned)]
    aliases = {entry.environment: entry.alias for entry in entries if entry and entry.alias}
    if len(set(aliases.values())) > 1:
        raise InputError(
            "alias",
            f"missing: certificate {current.name} has different aliases ("
            + ", ".join(f"{environment}: {alias}" for environment, alias in aliases.items())
            + "), and this request sets one for all. Give alias, or change the environments one by one with "
            "unlisted_environments=keep, which leaves each its own",
        )
    return next(iter(aliases.values()), current.name)
