# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils import _result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import TruststoreUnavailableError
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import (
    Reply,
    Trusted,
    ask,
    ask_until_confirmed,
    compare,
    compare_deleted,
    delays,
    found_instead,
    required_message,
    undeployed_message,
    unknown_lines,
    unreported,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    EnvironmentDeployment,
    Gateway,
    Truststore,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

NEW, OLD = ("a" * 64, "a" * 40), ("b" * 64, "b" * 40)
EXPECTED = Trusted("web", *NEW)
ELSEWHERE = "found under the alias x, while the alias web holds another certificate"


# The comparison


@pytest.mark.parametrize(
    ("held", "gateway"),
    [
        ([Trusted("web", *NEW)], Gateway("staging", "confirmed", NEW[0])),
        ([Trusted("WEB", *NEW)], Gateway("staging", "confirmed", NEW[0])),
        ([Trusted("web", *OLD)], Gateway("staging", "stale", OLD[0])),
        ([Trusted("Web", *OLD)], Gateway("staging", "stale", OLD[0])),
        ([Trusted("other", *OLD)], Gateway("staging", "missing")),
        ([], Gateway("staging", "missing")),
        ([Trusted(None, *OLD)], Gateway("staging", "missing")),
        ([Trusted("other", *NEW)], Gateway("staging", "confirmed", NEW[0], "found under the alias other")),
        (
            [Trusted("web", *OLD), Trusted("x", *NEW)],
            Gateway("staging", "confirmed", NEW[0], ELSEWHERE),
        ),
        ([Trusted("x", *NEW), Trusted("web", *NEW)], Gateway("staging", "confirmed", NEW[0])),
    ],
)
def test_a_truststore_is_compared_by_certificate_and_alias(held: list[Trusted], gateway: Gateway) -> None:
    assert compare("staging", held, EXPECTED) == gateway


@pytest.mark.parametrize(
    ("held", "state"),
    [
        (Trusted("web", None, NEW[1]), "confirmed"),
        (Trusted("web", None, OLD[1]), "stale"),
        (Trusted("web", None, None), "stale"),
        # The same SHA-1 does not make it the same certificate if the SHA-256 says otherwise.
        (Trusted("web", OLD[0], NEW[1]), "stale"),
    ],
)
def test_sha1_decides_only_without_content(held: Trusted, state: str) -> None:
    assert compare("staging", [held], EXPECTED).state == state


def test_certificates_of_which_nothing_is_known_are_not_the_same() -> None:
    assert not Trusted("web", None, None).is_same(Trusted("web", None, None))


# What the manager did not report


@pytest.mark.parametrize(
    ("deployment", "names"),
    [
        (Deployment(), ["dev", "prod"]),
        (Deployment(success=True), ["dev", "prod"]),
        (Deployment(success=True, environments=(EnvironmentDeployment("dev", True),)), ["prod"]),
        (Deployment(success=None, environments=(EnvironmentDeployment("dev", True),)), ["dev", "prod"]),
        (Deployment(True, None, (EnvironmentDeployment("dev", True), EnvironmentDeployment("prod", True))), []),
    ],
)
def test_an_environment_counts_as_reported_only_by_name(deployment: Deployment, names: list[str]) -> None:
    assert unreported(_result.deployment(deployment), ["dev", "prod"]) == names
    assert unreported(None, ["dev", "prod"]) == ["dev", "prod"]


# Asking


class FakeApi:
    """Answers with the truststores set for an environment, one for each request, the last one again and again."""

    def __init__(self, **truststores: Any) -> None:
        self.truststores = truststores
        self.asked: list[str] = []
        self.slept: list[float] = []
        self.client = self

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def truststore(self, _project: str, environment: str) -> Truststore:
        self.asked.append(environment)
        answers = self.truststores[environment]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Truststore(environment, "workers", tuple(answer))


def entry(bundle: Bundle, environment: str = "staging") -> Entry:
    return Entry(environment, "web", bundle)


def test_one_request_asks_the_gateways_of_an_environment(new: Bundle, old: Bundle) -> None:
    api: Any = FakeApi(staging=[[entry(old), entry(new)]], production=[[entry(old)]])
    found = ask(api, "MyProject", [entry(new), entry(new, "production")])
    assert [reply.gateway.state for reply in found] == ["confirmed", "stale"]
    assert api.asked == ["staging", "production"]


def test_gateways_that_cannot_be_asked_are_unknown(new: Bundle) -> None:
    api: Any = FakeApi(staging=[TruststoreUnavailableError("No truststore")])
    assert ask(api, "MyProject", [entry(new)]) == [Reply(Gateway("staging", "unknown", reason="No truststore"))]


def test_http_400_may_mean_an_empty_truststore(new: Bundle) -> None:
    api: Any = FakeApi(staging=[TruststoreUnavailableError("HTTP 400", status=400)])
    (reply,) = ask(api, "MyProject", [entry(new)])
    assert (reply.gateway.state, reply.maybe_empty) == ("unknown", True)


def test_a_reply_says_where_the_truststore_was_read(new: Bundle, old: Bundle) -> None:
    for held in ([entry(new)], [Entry("staging", "x", new)], [entry(old)], []):
        (reply,) = ask(FakeApi(staging=[held]), "MyProject", [entry(new)])  # type: ignore[arg-type]
        assert reply.gateway.source == "workers"


# After a deletion


@pytest.mark.parametrize(
    ("held", "gateway"),
    [
        ([], Gateway("staging", "confirmed", source="manager")),
        ([Trusted("other", *OLD)], Gateway("staging", "confirmed", source="manager")),
        ([Trusted("WEB", *NEW)], Gateway("staging", "stale", NEW[0], source="manager")),
        (
            [Trusted("web", *OLD)],
            Gateway("staging", "confirmed", None, "the alias web holds another certificate", "manager"),
        ),
        (
            [Trusted("x", *NEW)],
            Gateway("staging", "confirmed", None, "the same certificate is still trusted under the alias x", "manager"),
        ),
    ],
)
def test_a_gateway_is_stale_as_long_as_it_holds_the_deleted_certificate(held: list[Trusted], gateway: Gateway) -> None:
    assert compare_deleted("staging", held, EXPECTED, "manager") == gateway


def test_a_removal_that_takes_a_moment_is_confirmed(new: Bundle, old: Bundle) -> None:
    api: Any = FakeApi(staging=[[entry(new)], [entry(new)], [Entry("staging", "other", old)]])
    (reply,) = ask_until_confirmed(api, "MyProject", [entry(new)], 10, deleted=True)
    assert (reply.gateway.state, reply.alone) == ("confirmed", False)
    assert api.slept == [0.5, 1.0]


def test_a_deployment_that_takes_a_moment_is_confirmed(new: Bundle, old: Bundle) -> None:
    api: Any = FakeApi(staging=[[entry(old)], [], [entry(new)]], production=[[entry(new)]])
    found = ask_until_confirmed(api, "MyProject", [entry(new), entry(new, "production")], 10)
    assert [reply.gateway.state for reply in found] == ["confirmed", "confirmed"]
    assert api.asked == ["staging", "production", "staging", "staging"]
    assert api.slept == [0.5, 1.0]


def test_asking_ends_with_the_timeout(new: Bundle, old: Bundle) -> None:
    api: Any = FakeApi(staging=[[entry(old)]])
    assert ask_until_confirmed(api, "MyProject", [entry(new)], 10)[0].gateway.state == "stale"
    assert api.slept == [0.5, 1.0, 2.0, 4.0, 2.5]


def test_unknown_gateways_are_not_asked_again(new: Bundle) -> None:
    api: Any = FakeApi(staging=[TruststoreUnavailableError("No truststore")])
    ask_until_confirmed(api, "MyProject", [entry(new)], 10)
    assert api.asked == ["staging"]


@pytest.mark.parametrize("timeout", [0, 0.2, 1.5, 10, 60])
def test_the_delays_add_up_to_the_timeout(timeout: float) -> None:
    assert sum(delays(timeout)) == pytest.approx(timeout)


# Messages


@pytest.mark.parametrize(
    ("operation", "remedy"),
    [("import", "stores imported certificates without deploying them"), ("update", "verify_gateways=required")],
)
def test_the_message_says_what_the_gateways_hold_and_what_to_do(operation: str, remedy: str) -> None:
    gateways = [Gateway("prod", "stale", "ab12"), Gateway("stage", "stale"), Gateway("dev", "missing")]
    message = undeployed_message("web", gateways, operation)
    assert "prod holds SHA-256 ab12 under its alias" in message
    assert "stage holds another certificate under its alias" in message
    assert "dev does not hold it" in message
    assert remedy in message


def test_each_reason_is_given_once() -> None:
    unknown = [Gateway("a", "unknown", reason="Down"), Gateway("b", "unknown", reason="Down")]
    lines = unknown_lines(unknown)
    assert lines == ["What the gateways of a, b hold is unknown. Down"]
    assert required_message("the_option", lines, "Do this") == (
        "the_option: required, but not possible. What the gateways of a, b hold is unknown. Down. Do this"
    )


@pytest.mark.parametrize(
    ("gateway", "text"),
    [
        (Gateway("production", "stale", "ab12"), "those of production hold SHA-256 ab12 instead"),
        (Gateway("production", "stale"), "those of production hold another certificate instead"),
        (Gateway("production", "missing"), "those of production do not hold it"),
    ],
)
def test_what_the_gateways_hold_instead(gateway: Gateway, text: str) -> None:
    assert found_instead(gateway) == text


def test_gateways_with_the_same_cause_share_a_line() -> None:
    gateways = [
        Gateway("staging", "unknown", reason="The truststore of staging cannot be read: HTTP 404."),
        Gateway("production", "unknown", reason="The truststore of production cannot be read: HTTP 404."),
        Gateway("production", "unknown", reason="The truststore of production cannot be read: HTTP 404."),
        Gateway("development", "unknown", reason="The workers do not respond"),
        Gateway("test", "confirmed", "ab12"),
        Gateway("apimanager", "unknown", reason="no request returns it"),
    ]
    assert unknown_lines(gateways) == [
        "What the gateways of production, staging hold is unknown. The truststore of production cannot be read: HTTP 404.",
        "What the gateways of development hold is unknown. The workers do not respond",
    ]


def test_nothing_is_said_about_the_manager_itself() -> None:
    manager = Gateway("apimanager", "unknown", reason="no request returns it")
    assert unknown_lines([manager]) == []
    assert unknown_lines([manager], with_manager=True) == [
        "What the gateways of apimanager hold is unknown. no request returns it"
    ]
