# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import DEPLOYMENT_FAILED, RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    EnvironmentDeployment,
    StoredCertificate,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import Desired, plan_absent, plan_present
from ansible_collections.apinizer.apiops.plugins.module_utils._writer import (
    WriteError,
    Writer,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

Effect = Callable[[], None]
Held = Callable[..., StoredCertificate]
KEY = ("MyProject", "web")
UPDATE = "update production staging"
UNCHANGED = "The manager's record of certificate web is unchanged"

# Behaviors of a write


def never_arrives(take_effect: Effect) -> Deployment:
    raise RequestError("The connection broke", maybe_applied=True, retryable=True)


def loses_its_answer(take_effect: Effect) -> Deployment:
    take_effect()
    raise RequestError("The connection broke", maybe_applied=True, retryable=True)


def answers(status: int, **known: Any) -> Callable[[Effect], Deployment]:
    """The write is refused with this status and has no effect."""

    def refuse(take_effect: Effect) -> Deployment:
        raise RequestError(f"HTTP {status}", status=status, maybe_applied=status >= 500, **known)

    return refuse


def takes_effect_and_answers(status: int) -> Callable[[Effect], Deployment]:
    def fail(take_effect: Effect) -> Deployment:
        take_effect()
        return answers(status)(take_effect)

    return fail


def does_nothing(take_effect: Effect) -> Deployment:
    return Deployment(success=True)


NOT_DEPLOYED = Deployment(True, "done", (EnvironmentDeployment("staging", success=False, message="down"),))


def is_not_deployed(take_effect: Effect) -> Deployment:
    take_effect()
    return NOT_DEPLOYED


def succeeds_first(take_effect: Effect) -> Deployment:
    take_effect()
    return Deployment(success=True, message="first")


class Job:
    """Plans and carries out operations with a fake API."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.warnings: list[str] = []

    def present(self, bundle: Bundle, *environments: str, **options: Any) -> Any:
        writer_options = {name: options.pop(name) for name in ("jwk_scope", "with_jwks") if name in options}
        before = self.api.stored.get(KEY)
        desired = Desired(bundle=bundle, environments=frozenset(environments) or None, **options)
        return self._writer(**writer_options).carry_out(plan_present(*KEY, before, desired), before)

    def absent(self, **options: Any) -> Any:
        before = self.api.stored.get(KEY)
        return self._writer(**options).carry_out(plan_absent("MyProject", "web", before), before)

    def _writer(self, **options: Any) -> Writer:
        return Writer(self.api, *KEY, warn=self.warnings.append, **options)

    def holds(self, state: StoredCertificate | None) -> bool:
        """Whether the manager has this record."""
        found = self.api.stored.get(KEY)
        return found.same_state(state) if found else state is None


@pytest.fixture
def job(api: Any) -> Job:
    return Job(api)


@pytest.fixture
def before(held: Held, old: Bundle) -> StoredCertificate:
    """The record before the write."""
    return held({"production": old, "staging": old})


@pytest.fixture
def renewed(held: Held, new: Bundle) -> StoredCertificate:
    """The record when all environments hold `new`."""
    return held({"production": new, "staging": new})


# Success


def test_a_write_is_sent_once_and_read_back(job: Job, new: Bundle, renewed: StoredCertificate) -> None:
    after, deployment = job.present(new, jwk_scope="SAME_PROJECT")
    assert job.api.calls == [UPDATE, "find"]
    assert job.api.sent == [
        {
            "environments": ("production", "staging"),
            "alias": "web-alias",
            "description": "First",
            "bundle": new,
            "jwk_scope": "SAME_PROJECT",
        }
    ]
    assert renewed.same_state(after)
    assert deployment == Deployment(success=True)
    assert (job.warnings, job.api.sleeps) == ([], [])


def test_creating(job: Job, held: Held, new: Bundle) -> None:
    job.api.stored.clear()
    after, _deployment = job.present(new, "staging", alias="alias", description="text")
    assert job.api.calls == ["create staging", "find"]
    assert held({"staging": new}, alias="alias", description="text").same_state(after)


@pytest.mark.parametrize("with_jwks", [False, True])
def test_deleting(job: Job, with_jwks: bool) -> None:
    after, _deployment = job.absent(with_jwks=with_jwks)
    assert job.api.calls == ["delete", "list MyProject"]
    assert job.api.sent == [{"with_jwks": with_jwks}]
    assert after is None


def test_importing(job: Job, held: Held, old: Bundle, new: Bundle) -> None:
    after, _deployment = job.present(new, "staging", unlisted="keep")
    assert job.api.calls == ["import staging", "find"]
    assert held({"production": old, "staging": new}).same_state(after)


def test_an_import_succeeds_although_someone_else_writes_another_environment(
    job: Job, held: Held, old: Bundle, new: Bundle
) -> None:
    """That has happened before the record was read back: production holds another certificate, and development is new."""

    def with_another_writer(take_effect: Effect) -> Deployment:
        take_effect()
        job.api.stored[KEY] = held({"development": old, "production": new, "staging": new})
        return Deployment(success=True)

    job.api.writes = [with_another_writer]
    after, deployment = job.present(new, "staging", unlisted="keep")
    assert job.api.calls == ["import staging", "find"]
    assert deployment.success
    assert after.environments == ("development", "production", "staging")


@pytest.mark.parametrize("environments", [("production",), ("staging",)])
def test_an_import_fails_where_its_environment_is_not_as_written_or_another_one_has_lost_the_certificate(
    job: Job, held: Held, old: Bundle, new: Bundle, environments: tuple[str, ...]
) -> None:
    def with_another_writer(take_effect: Effect) -> Deployment:
        take_effect()
        job.api.stored[KEY] = held(dict.fromkeys(environments, new))
        return Deployment(success=True)

    job.api.writes = [with_another_writer]
    with pytest.raises(WriteError, match="does not hold what was written"):
        job.present(new, "staging", unlisted="keep")


def test_a_manager_that_adds_entries_causes_a_warning(job: Job, held: Held, old: Bundle, new: Bundle) -> None:
    job.api.adds_entries = True
    after, _deployment = job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    assert held({"production": [old, new], "staging": [old, new]}).same_state(after)
    (warning,) = job.warnings
    assert warning.startswith("Certificate web of project MyProject has more than one entry in production, staging")


def test_a_description_that_is_not_reported_is_not_compared(job: Job, new: Bundle) -> None:
    job.api.reports_descriptions = False
    after, _deployment = job.present(new, description="Second")
    assert job.api.calls == [UPDATE, "find"]
    assert after.description is None
    assert job.api.stored[KEY].description == "Second"


def test_a_manager_that_sends_no_content_is_compared_by_thumbprint(
    job: Job, new: Bundle, without_content: Callable[[StoredCertificate], StoredCertificate]
) -> None:
    def store_without_content(take_effect: Effect) -> Deployment:
        take_effect()
        job.api.stored[KEY] = without_content(job.api.stored[KEY])
        return Deployment(success=True)

    job.api.writes = [store_without_content]
    after, _deployment = job.present(new)
    assert [entry.bundle for entry in after.entries] == [new, new]


def test_unresolved_references_cause_a_warning(job: Job, new: Bundle) -> None:
    def import_in_part(take_effect: Effect) -> Deployment:
        take_effect()
        return Deployment(success=True, unresolved=("JWK signing",))

    job.api.writes = [import_in_part]
    job.present(new, "staging", unlisted="keep")
    assert job.warnings == ["The manager left a reference of certificate web unresolved: JWK signing"]


def says_nothing(take_effect: Effect) -> Deployment:
    take_effect()
    return Deployment()


def test_an_unreported_deployment_is_not_claimed(job: Job, new: Bundle) -> None:
    job.api.writes = [says_nothing]
    _after, deployment = job.present(new, "staging", unlisted="keep")
    assert deployment == Deployment(success=None)


def test_a_deletion_need_not_report_a_deployment(job: Job) -> None:
    job.api.writes = [says_nothing]
    assert job.absent() == (None, Deployment())
    assert job.warnings == []


# Lost responses


def test_a_write_that_took_effect_is_not_repeated(job: Job, new: Bundle, renewed: StoredCertificate) -> None:
    job.api.writes = [loses_its_answer]
    after, deployment = job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    assert renewed.same_state(after)
    assert deployment == Deployment(success=None), "the deployment result is unknown"
    (warning,) = job.warnings
    assert warning == (
        "The connection broke. The write took effect, but the response with the deployment result was lost"
    )


def test_a_deletion_that_took_effect_is_not_repeated(job: Job) -> None:
    job.api.writes = [loses_its_answer]
    assert job.absent() == (None, Deployment())
    assert job.api.calls == ["delete", "list MyProject"]
    (warning,) = job.warnings
    assert warning == (
        "The connection broke. The certificate was deleted, but the response with the deployment result was lost"
    )


def test_a_write_without_effect_is_retried(job: Job, new: Bundle) -> None:
    job.api.writes = [never_arrives]
    _after, deployment = job.present(new)
    assert job.api.calls == [UPDATE, "find", UPDATE, "find"]
    assert job.api.sleeps == [0.5], "it waits before reading back, because the manager may still be working"
    assert deployment == Deployment(success=True)
    assert job.warnings == []


def test_a_write_is_retried_up_to_retries_times(job: Job, new: Bundle, before: StoredCertificate) -> None:
    job.api.writes = [never_arrives] * 3
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"] * 3
    assert job.api.sleeps == [0.5, 1.0, 2.0]
    assert str(caught.value) == f"The connection broke. {UNCHANGED}"
    assert before.same_state(caught.value.after)
    assert (caught.value.changed, caught.value.known, caught.value.deployment) == (False, True, None)


def test_without_retries_a_write_is_sent_once(job: Job, new: Bundle) -> None:
    job.api.client.connection.retries = 0
    job.api.writes = [never_arrives]
    with pytest.raises(WriteError):
        job.present(new)
    assert job.api.calls == [UPDATE, "find"]


def test_a_retry_waits_as_long_as_the_manager_asks(job: Job, new: Bundle) -> None:
    job.api.writes = [answers(429, retryable=True, retry_after=7.0)]
    job.present(new)
    assert job.api.calls == [UPDATE, "find", UPDATE, "find"]
    assert job.api.sleeps == [7.0]


def test_a_write_that_takes_effect_while_waiting_is_not_repeated(job: Job, held: Held, new: Bundle) -> None:
    def slow(take_effect: Effect) -> Deployment:
        job.api.before_read = [take_effect]
        return never_arrives(take_effect)

    job.api.writes = [slow]
    job.present(new)
    assert job.api.calls == [UPDATE, "find"]


def test_a_write_that_takes_effect_after_reading_back_makes_its_retry_fail(job: Job, held: Held, new: Bundle) -> None:
    """The retry of a creation then fails with "is already exist!", although the goal was reached."""
    job.api.stored.clear()

    def very_slow(take_effect: Effect) -> Deployment:
        job.api.before_read = [lambda: None, take_effect]
        return never_arrives(take_effect)

    job.api.writes = [very_slow, answers(400)]
    after, deployment = job.present(new, "staging")
    assert job.api.calls == ["create staging", "find"] * 2
    assert held({"staging": new}, alias="web", description="web").same_state(after)
    assert deployment == Deployment(success=None)
    assert job.warnings[0].startswith("HTTP 400. The write took effect, but the response")


# Refused writes


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_a_refused_write_is_not_repeated(job: Job, new: Bundle, before: StoredCertificate, status: int) -> None:
    job.api.writes = [answers(status)]
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    assert str(caught.value) == f"HTTP {status}. {UNCHANGED}"
    assert before.same_state(caught.value.after)
    assert (caught.value.changed, caught.value.known) == (False, True)


def test_a_manager_without_import_file_changes_nothing(job: Job, new: Bundle, before: StoredCertificate) -> None:
    job.api.writes = [answers(404)]
    with pytest.raises(WriteError) as caught:
        job.present(new, "staging", unlisted="keep")
    assert job.api.calls == ["import staging", "find"]
    assert not caught.value.changed
    assert job.holds(before)


def test_a_refused_deletion_is_not_repeated(job: Job) -> None:
    job.api.writes = [answers(400)]
    with pytest.raises(WriteError, match=rf"^HTTP 400\. {UNCHANGED}$"):
        job.absent()
    assert job.api.calls == ["delete", "list MyProject"]


def test_an_internal_error_of_the_manager_is_a_failure_even_if_the_write_took_effect(
    job: Job, new: Bundle, renewed: StoredCertificate
) -> None:
    job.api.writes = [takes_effect_and_answers(500)]
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    sha256 = new.leaf.fingerprint_sha256
    assert str(caught.value) == (
        f"HTTP 500. The manager now holds production: SHA-256 {sha256}, alias web-alias; staging: SHA-256 {sha256}, "
        "alias web-alias"
    )
    assert caught.value.changed
    assert renewed.same_state(caught.value.after)


def test_success_without_effect_is_a_failure(job: Job, new: Bundle, before: StoredCertificate) -> None:
    job.api.writes = [does_nothing]
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    assert str(caught.value) == (
        f"The manager answered the update with success, but does not hold what was written. {UNCHANGED}. Either the write "
        "was lost, or someone else modified the certificate at the same time"
    )
    assert before.same_state(caught.value.after)
    assert (caught.value.changed, caught.value.deployment) == (False, Deployment(success=True))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda stored, old: replace(stored, description="Other"), id="description"),
        pytest.param(lambda stored, old: replace(stored, entries=stored.entries[:1]), id="one environment less"),
        pytest.param(
            lambda stored, old: replace(stored, entries=(*stored.entries, Entry("development", "web-alias", old))),
            id="an additional environment",
        ),
        pytest.param(
            lambda stored, old: replace(
                stored, entries=tuple(replace(entry, alias="other") for entry in stored.entries)
            ),
            id="alias",
        ),
        pytest.param(
            lambda stored, old: replace(stored, entries=(replace(stored.entries[0], bundle=old), *stored.entries[1:])),
            id="certificate of one environment",
        ),
    ],
)
def test_success_with_another_effect_is_a_failure(
    job: Job, old: Bundle, new: Bundle, spoil: Callable[[StoredCertificate, Bundle], StoredCertificate]
) -> None:
    def take_another_effect(take_effect: Effect) -> Deployment:
        take_effect()
        job.api.stored[KEY] = spoil(job.api.stored[KEY], old)
        return Deployment(success=True)

    job.api.writes = [take_another_effect]
    with pytest.raises(WriteError, match=r"does not hold what was written\. The manager now holds") as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    assert caught.value.changed


# Changes by someone else


def test_a_change_by_someone_else_is_not_overwritten(
    job: Job, held: Held, old: Bundle, new: Bundle, unreadable: Bundle
) -> None:
    theirs = held({"production": unreadable, "staging": unreadable})

    def someone_writes(take_effect: Effect) -> Deployment:
        job.api.stored[KEY] = theirs
        return never_arrives(take_effect)

    job.api.writes = [someone_writes]
    with pytest.raises(
        WriteError, match=r"^The connection broke\. The manager now holds production: SHA-256"
    ) as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    assert job.holds(theirs)
    assert caught.value.changed


def test_a_certificate_that_someone_else_deleted_is_not_created_again(job: Job, new: Bundle) -> None:
    def someone_deletes(take_effect: Effect) -> Deployment:
        job.api.stored.clear()
        return answers(400)(take_effect)

    job.api.writes = [someone_deletes]
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    assert str(caught.value) == (
        "HTTP 400. The manager now has no certificate web. production, staging LOST THE CERTIFICATE: run the task "
        "again, or restore the PEM that this result returns in previous"
    )
    assert (caught.value.changed, caught.value.after) == (True, None)


# Updates that failed halfway


@pytest.mark.parametrize("failure", [answers(500), answers(502, retryable=True), never_arrives])
def test_a_certificate_that_an_update_lost_is_created_again(
    job: Job, new: Bundle, renewed: StoredCertificate, failure: Callable[[Effect], Deployment]
) -> None:
    def delete_and_fail(take_effect: Effect) -> Deployment:
        job.api.stored.clear()
        return failure(take_effect)

    job.api.writes = [delete_and_fail]
    after, deployment = job.present(new, jwk_scope="ALL_PROJECTS")
    assert job.api.calls == [UPDATE, "find", "create production staging", "find"]
    assert renewed.same_state(after)
    assert deployment == Deployment(success=True)


def test_an_environment_that_an_update_lost_is_given_the_certificate_again(
    job: Job, held: Held, new: Bundle, renewed: StoredCertificate
) -> None:
    def do_half_and_fail(take_effect: Effect) -> Deployment:
        job.api.stored[KEY] = held({"production": new})
        return answers(500)(take_effect)

    job.api.writes = [do_half_and_fail]
    after, _deployment = job.present(new)
    assert job.api.calls == [UPDATE, "find", UPDATE, "find"]
    assert renewed.same_state(after)


def test_a_loss_that_cannot_be_repaired_is_reported(job: Job, new: Bundle) -> None:
    def delete_and_fail(take_effect: Effect) -> Deployment:
        job.api.stored.clear()
        return answers(500)(take_effect)

    job.api.writes = [delete_and_fail, answers(500), answers(500)]
    with pytest.raises(WriteError, match="production, staging LOST THE CERTIFICATE") as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find", "create production staging", "find", "create production staging", "find"]
    assert caught.value.changed


# Failed deployments


def test_a_failed_deployment_is_retried(job: Job, new: Bundle) -> None:
    job.api.writes = [is_not_deployed]
    _after, deployment = job.present(new)
    assert job.api.calls == [UPDATE, "find", UPDATE, "find"]
    assert job.api.sleeps == [0.5]
    assert deployment == Deployment(success=True)


def test_a_created_certificate_is_deployed_again_with_an_update(job: Job, new: Bundle) -> None:
    job.api.stored.clear()
    job.api.writes = [is_not_deployed]
    job.present(new, "staging")
    assert job.api.calls == ["create staging", "find", "update staging", "find"]


def test_a_deployment_that_keeps_failing_names_the_environments(job: Job, new: Bundle) -> None:
    job.api.writes = [is_not_deployed] * 3
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"] * 3
    assert job.api.sleeps == [0.5, 1.0]
    assert str(caught.value) == (
        "The manager stored the certificate, but its deployment failed in: staging (down). Retried 2 times without "
        "success. The gateways there may still hold the certificate that was replaced"
    )
    assert (caught.value.changed, caught.value.deployment) == (True, NOT_DEPLOYED)


def test_the_gateways_may_lack_a_created_certificate_that_was_not_deployed(job: Job, new: Bundle) -> None:
    """Also after a retry, which is an update: it has replaced nothing."""
    job.api.stored.clear()
    job.api.writes = [is_not_deployed] * 3
    with pytest.raises(WriteError, match=r"Retried 2 times without success\. The gateways there may not hold it$"):
        job.present(new, "staging")


def test_a_failed_deployment_is_not_retried_if_that_adds_entries(job: Job, new: Bundle) -> None:
    job.api.adds_entries = True
    job.api.writes = [is_not_deployed]
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    assert str(caught.value) == (
        "The manager stored the certificate, but its deployment failed in: staging (down). The write was not "
        "repeated, because each update adds another entry (production, staging). The gateways there may still hold "
        "the certificate that was replaced"
    )


def test_a_deletion_that_is_not_deployed_is_a_failure_and_not_repeated(job: Job) -> None:
    job.api.writes = [is_not_deployed]
    with pytest.raises(
        WriteError,
        match=(
            r"^The manager deleted the certificate, but its deployment failed in: staging \(down\)\. "
            r"The gateways there may still hold the deleted certificate$"
        ),
    ):
        job.absent()
    assert job.api.calls == ["delete", "list MyProject"]


@pytest.mark.parametrize(
    ("deployment", "where"),
    [
        (Deployment(success=False), "(the manager does not say where)"),
        (Deployment(success=False, message="no worker"), "no worker"),
        (
            Deployment(False, None, (EnvironmentDeployment("a", False), EnvironmentDeployment("b", False, "down"))),
            "a; b (down)",
        ),
    ],
)
def test_a_failed_deployment_is_reported_with_the_details_of_the_manager(
    job: Job, new: Bundle, deployment: Deployment, where: str
) -> None:
    def fail(take_effect: Effect) -> Deployment:
        take_effect()
        return deployment

    job.api.client.connection.retries = 0
    job.api.writes = [fail]
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert str(caught.value) == (
        f"The manager stored the certificate, but its deployment failed in: {where}. The gateways there may still "
        "hold the certificate that was replaced"
    )
    assert caught.value.problem == DEPLOYMENT_FAILED


def test_deploying_again_survives_a_broken_connection(job: Job, new: Bundle) -> None:
    job.api.writes = [is_not_deployed, loses_its_answer]
    _after, deployment = job.present(new)
    assert job.api.calls == [UPDATE, "find"] * 3
    assert deployment == Deployment(success=True)


def test_a_failed_deployment_whose_retry_is_refused_stays_a_failure(job: Job, new: Bundle) -> None:
    job.api.writes = [is_not_deployed, answers(403)]
    with pytest.raises(WriteError, match=r"^HTTP 403\. The manager now holds") as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"] * 2
    assert (caught.value.changed, caught.value.deployment) == (True, NOT_DEPLOYED)


# Several writes


@pytest.fixture
def different_aliases(job: Job, old: Bundle) -> None:
    entries = (Entry("production", "a", old), Entry("staging", "b", old))
    job.api.stored[KEY] = StoredCertificate(*KEY, "First", entries=entries)


@pytest.mark.usefixtures("different_aliases")
def test_the_results_of_several_imports_are_merged(job: Job, new: Bundle) -> None:
    def deploy(environment: str, success: bool | None) -> Callable[[Effect], Deployment]:
        def succeed(take_effect: Effect) -> Deployment:
            take_effect()
            return Deployment(success, "done", (EnvironmentDeployment(environment, success=True),))

        return succeed

    job.api.writes = [deploy("production", True), deploy("staging", None)]
    _after, deployment = job.present(new, unlisted="keep")
    assert job.api.calls == ["import production", "find", "import staging", "find"]
    assert [sent["alias"] for sent in job.api.sent] == ["a", "b"]
    environments = (EnvironmentDeployment("production", success=True), EnvironmentDeployment("staging", success=True))
    assert deployment == Deployment(None, "done", environments), "one unknown result makes the merged result unknown"


@pytest.mark.usefixtures("different_aliases")
def test_an_import_that_fails_after_another_one_has_changed_something(job: Job, new: Bundle) -> None:
    job.api.writes = [succeeds_first, answers(400)]
    with pytest.raises(WriteError, match=r"^HTTP 400\. The manager now holds ") as caught:
        job.present(new, unlisted="keep")
    assert job.api.calls == ["import production", "find", "import staging", "find"]
    assert caught.value.changed
    assert caught.value.deployment == Deployment(success=True, message="first")


# Reading back


@pytest.mark.parametrize("status", [401, 403])
def test_a_write_that_cannot_be_read_back_has_an_unknown_result(job: Job, new: Bundle, status: int) -> None:
    job.api.reads = [RequestError(f"HTTP {status}", status=status)]
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert job.api.calls == [UPDATE, "find"]
    assert str(caught.value) == (
        "The manager answered the write with success. What the manager holds now is unknown, because reading it "
        f"back failed: HTTP {status}. Run again once the manager can be reached; the next run only writes what is "
        "still missing"
    )
    assert (caught.value.known, caught.value.after, caught.value.changed) == (False, None, True)
    assert caught.value.deployment == Deployment(success=True)


def test_reading_back_is_retried(job: Job, new: Bundle, renewed: StoredCertificate) -> None:
    job.api.reads = [RequestError("HTTP 500", status=500)] * 2
    after, _deployment = job.present(new)
    assert job.api.calls == [UPDATE, "find", "find", "find"]
    assert job.api.sleeps == [0.5, 1.0]
    assert renewed.same_state(after)


@pytest.mark.parametrize(
    ("error", "reads"),
    [
        pytest.param(RequestError("HTTP 500", status=500), 3, id="up to retries times"),
        pytest.param(
            RequestError("HTTP 503", status=503, retryable=True), 1, id="what the client has repeated already"
        ),
    ],
)
def test_reading_back_ends_after_retries(job: Job, new: Bundle, error: RequestError, reads: int) -> None:
    job.api.reads = [error] * 3
    with pytest.raises(WriteError, match="reading it back failed: HTTP 50"):
        job.present(new)
    assert job.api.calls == [UPDATE] + ["find"] * reads


def test_a_refused_write_that_cannot_be_read_back_had_no_effect(job: Job, new: Bundle) -> None:
    job.api.writes = [answers(401)]
    job.api.reads = [RequestError("HTTP 401", status=401)]
    with pytest.raises(WriteError) as caught:
        job.present(new)
    assert str(caught.value) == "HTTP 401. The write had no effect"
    assert (caught.value.known, caught.value.changed) == (False, False)


def test_a_lost_answer_that_cannot_be_read_back_may_have_had_an_effect(job: Job, new: Bundle) -> None:
    job.api.writes = [never_arrives]
    job.api.reads = [RequestError("HTTP 401", status=401)]
    with pytest.raises(WriteError, match=r"^The connection broke\. What the manager holds now is unknown") as caught:
        job.present(new)
    assert (caught.value.known, caught.value.changed) == (False, True)
