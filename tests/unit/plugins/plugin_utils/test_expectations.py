# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._expectations import (
    expected_by_plan,
    expected_by_restore,
    expected_by_rollback,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate, Step
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate
from unit.plugins.plugin_utils._rotation.run_builder import DEV, NEW, OLD, PROD, STAGE, Json, entry

DESIRED = DesiredCertificate("MyProject", "web")


def planned(*, exists: bool) -> PlannedCertificate:
    steps = [
        Step(DEV, "update" if exists else "create", "differs", 1, entry(DEV, OLD) if exists else None),
        Step(PROD, "create", "absent", 2),
        Step(STAGE, "none", "in_sync", 1, entry(STAGE, NEW)),
    ]
    return PlannedCertificate(DESIRED, exists, tuple(steps))


def record(*views: Json) -> Json:
    return {"environments": list(views)}


def test_an_import_relies_on_the_environments_that_it_writes() -> None:
    expected = expected_by_plan(planned(exists=True), (DEV,), 1, one_update=False)
    assert expected.environments == {DEV: (entry(DEV, OLD),)}
    assert (expected.whole, expected.must_exist) == (False, True)


def test_one_update_relies_on_the_whole_record() -> None:
    expected = expected_by_plan(planned(exists=True), (DEV, PROD, STAGE), 1, one_update=True)
    assert expected.modified(record(entry(DEV, OLD), entry(STAGE, NEW))) == []
    other = record(entry(DEV, OLD), entry(STAGE, OLD), entry("other", OLD))
    assert expected.modified(other) == sorted([STAGE, "other"])


@pytest.mark.parametrize(("wave", "exists"), [(None, False), (1, False), (2, True)])
def test_only_the_first_wave_creates_a_certificate(wave: int | None, *, exists: bool) -> None:
    expected = expected_by_plan(planned(exists=False), (PROD,), wave, one_update=False)
    assert (expected.whole, expected.must_exist) == (not exists, exists)
    assert bool(expected.modified(None)) == exists
    assert bool(expected.modified(record(entry(DEV, NEW)))) != exists


@pytest.mark.parametrize("whole", [False, True])
def test_a_rollback_relies_on_what_the_run_wrote_or_found(*, whole: bool) -> None:
    previous = {DEV: entry(DEV, OLD), STAGE: entry(STAGE, OLD)}
    sha1 = NEW.leaf.fingerprint_sha1
    expected = expected_by_rollback([DEV, PROD], previous, sha1, whole=whole)
    untouched = entry(STAGE, OLD)
    assert expected.modified(record(entry(DEV, NEW), entry(PROD, NEW), untouched)) == []
    assert expected.modified(record(entry(DEV, OLD), untouched)) == []
    assert expected.modified(record(entry(PROD, OLD), untouched)) == [PROD]
    assert expected.modified(record(entry(STAGE, NEW))) == ([STAGE] if whole else [])
    assert expected.modified(record(untouched, entry("other", OLD))) == (["other"] if whole else [])
    assert "since this run wrote it" in str(expected.error("MyProject/web", [DEV]))


@pytest.mark.parametrize("whole", [False, True])
def test_a_restore_relies_on_what_its_plan_saw(*, whole: bool) -> None:
    seen = record(entry(DEV, OLD), entry(STAGE, OLD))
    expected = expected_by_restore((DEV, PROD), seen, whole=whole)
    assert expected.modified(seen) == []
    assert expected.modified(record(entry(DEV, NEW), entry(STAGE, OLD))) == [DEV]
    assert expected.modified(record(entry(DEV, OLD), entry(STAGE, NEW))) == ([STAGE] if whole else [])
    assert expected_by_restore((DEV,), None, whole=whole).modified(record(entry(DEV, NEW))) == [DEV]
