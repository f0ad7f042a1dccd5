# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation import settings
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import (
    DesiredCertificate,
    Settings,
    check_role_variables,
    read_settings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError

CERTIFICATE = {"project": "MyProject", "name": "web", "path": "web.pem"}
BLANK = (None, "", "  ", "\n")
FLAGS = {
    "require_later_expiry": True,
    "require_same_subject": True,
    "require_same_names": True,
    "allow_wildcard_names": False,
    "require_same_usage": True,
    "require_new_key": False,
    "force": False,
    "rollback": True,
}
CHOICES = {
    "strategy": ("auto", "replace", "per_environment", "overlap"),
    "on_guard_failure": ("stop", "skip"),
    "update_scope": (None, "same_project", "all_projects"),
}
NUMBERS = {"minimum_remaining_days": 1, "soak_seconds": 0, "parallel_writes": 1}


def read(**variables: Any) -> Settings:
    return read_settings({"certificates": [CERTIFICATE], **variables})


def read_certificate(item: dict[str, Any], **variables: Any) -> DesiredCertificate:
    (desired,) = read_settings({"certificates": [item], **variables}).certificates
    return desired


def refusal(variable: str, message: str = "") -> Any:
    """The error whose message starts with the variable as the user knows it."""
    return pytest.raises(
        SettingError, match=f"^{re.escape(f'certificate_rotation_{variable}: ')}.*{re.escape(message)}"
    )


def test_only_the_certificates_are_required() -> None:
    assert read() == Settings(certificates=(DesiredCertificate("MyProject", "web", path="web.pem"),))


@pytest.mark.parametrize("blank", BLANK)
def test_a_blank_variable_counts_as_not_given(blank: str | None) -> None:
    others = (
        *FLAGS,
        *CHOICES,
        *NUMBERS,
        "waves",
        "environments",
        "renew_before_days",
        "update_referenced_jwks",
        "require_issuer",
        "obtain_tasks",
    )

    assert read(**dict.fromkeys(others, blank)) == read()


@pytest.mark.parametrize("variable", FLAGS)
@pytest.mark.parametrize(
    ("given", "flag"),
    [
        *((text, True) for text in (True, "true", "True", "YES", " on ", "1", 1)),
        *((text, False) for text in (False, "false", "False", "NO", " off ", "0", 0)),
    ],
)
def test_a_flag_is_a_boolean_or_a_word(variable: str, given: Any, flag: bool) -> None:
    assert getattr(read(**{variable: given}), variable) is flag


@pytest.mark.parametrize("variable", [*FLAGS, "update_referenced_jwks"])
@pytest.mark.parametrize("given", ["maybe", 2, [], "y"])
def test_another_value_of_a_flag_is_refused(variable: str, given: Any) -> None:
    with refusal(variable, f"must be true or false, not '{given}'"):
        read(**{variable: given})


@pytest.mark.parametrize("variable", NUMBERS)
@pytest.mark.parametrize(("given", "number"), [(1, 1), (45, 45), ("45", 45), (" 7 ", 7)])
def test_a_number_is_an_integer_or_text(variable: str, given: Any, number: int) -> None:
    assert getattr(read(**{variable: given}), variable) == number


@pytest.mark.parametrize(("variable", "least"), [(name, int(name == "parallel_writes")) for name in NUMBERS])
@pytest.mark.parametrize("given", [-1, "-1", "soon", "1.5", 1.5, True, False, []])
def test_a_number_that_is_not_whole_or_too_small_is_refused(variable: str, least: int, given: Any) -> None:
    with refusal(variable, f"must be a whole number of {least} or more, not '{given}'"):
        read(**{variable: given})


def test_the_minimum_of_a_number_is_accepted() -> None:
    assert (read(soak_seconds=0).soak_seconds, read(minimum_remaining_days=0).minimum_remaining_days) == (0, 0)
    with refusal("parallel_writes", "must be a whole number of 1 or more, not '0'"):
        read(parallel_writes=0)


@pytest.mark.parametrize(
    ("variable", "choice"),
    [(variable, choice) for variable, choices in CHOICES.items() for choice in choices if choice],
)
def test_blanks_around_a_choice_are_ignored(variable: str, choice: str) -> None:
    assert getattr(read(**{variable: f" {choice}\n"}), variable) == choice


@pytest.mark.parametrize("given", [["dev", " prod "], "dev, prod", "dev\nprod\n", ["dev", "prod", "dev"]])
def test_the_environments_of_a_run_are_a_list_or_text(given: Any) -> None:
    assert read(environments=given).environments == ("dev", "prod")


@pytest.mark.parametrize("given", [",", [""], {"dev": 1}, 5])
def test_the_environments_of_a_run_without_a_name_are_refused(given: Any) -> None:
    with refusal("environments"):
        read(environments=given)


@pytest.mark.parametrize("variable", CHOICES)
def test_another_choice_is_refused_and_the_choices_are_listed(variable: str) -> None:
    choices = ", ".join(choice for choice in CHOICES[variable] if choice)

    with refusal(variable, f"must be one of {choices}, not 'both'"):
        read(**{variable: "both"})


@pytest.mark.parametrize("flag", [True, "yes"])
def test_updating_jwks_requires_a_scope(flag: Any) -> None:
    found = read(update_referenced_jwks=flag, update_scope="same_project")

    assert (found.update_referenced_jwks, found.update_scope) == (True, "same_project")
    with refusal("update_scope", "required when certificate_rotation_update_referenced_jwks is true"):
        read(update_referenced_jwks=flag)


TWO = (("development", "staging"), ("production",))


@pytest.mark.parametrize(
    ("given", "waves"),
    [
        ([], ()),
        ("[]", ()),
        ("auto", "auto"),
        (" auto\n", "auto"),
        ([["development", "staging"], ["production"]], TWO),
        ([("development", "staging"), "production"], TWO),
        (["development, staging", "production"], TWO),
        ("development, staging\nproduction", TWO),
        ("\n development ,staging,\n\nproduction\n", TWO),
        ('[["development", "staging"], ["production"]]', TWO),
        ("- [development, staging]\n- [production]", TWO),
        ("- development, staging\n- production", TWO),
        ("- - development\n  - staging\n- - production\n", TWO),
        ("pre production", (("pre production",),)),
        ([["development", "development"]], (("development",),)),
        ([[2025, "2026"]], (("2025", "2026"),)),
        ([["production"], ["development"]], (("production",), ("development",))),
    ],
)
def test_waves_as_a_list_or_as_text(given: Any, waves: Any) -> None:
    assert read(waves=given).waves == waves


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([["a", "c"], ["b"], ["c", "a"]], "a, c is in more than one wave"),
        ("a\nb, a", "a is in more than one wave"),
        ([["a"], []], "is an empty list of environments"),
        ("a\n, ,", "is an empty list of environments"),
        ([["a"], {"b": "c"}], "must be a list of environment names"),
        ([None], "must be a list of environment names"),
        (5, "must be a list of lists of environment names, or auto"),
        ({"first": ["a"]}, "must be a list of lists of environment names, or auto"),
        ("[[a", "is not valid YAML in line 1"),
    ],
)
def test_waves_that_cannot_be_used(given: Any, message: str) -> None:
    with refusal("waves", message):
        read(waves=given)


def test_a_certificate_with_every_key() -> None:
    desired = read_certificate(
        {
            "project": "MyProject",
            "name": "web",
            "content": "PEM",
            "alias": "web-alias",
            "description": 5,
            "environments": ["staging", "production", "staging"],
            "renew_before_days": "14",
        },
        renew_before_days=30,
    )

    assert desired == DesiredCertificate(
        "MyProject",
        "web",
        content="PEM",
        alias="web-alias",
        description="5",
        environments=("staging", "production"),
        renew_before=RenewalWindow(14),
    )


def test_a_blank_key_of_a_certificate_counts_as_not_given() -> None:
    blank = dict.fromkeys(("content", "alias", "description", "environments", "renew_before_days"), "")

    assert read_certificate(CERTIFICATE | blank, renew_before_days="30") == DesiredCertificate(
        "MyProject", "web", path="web.pem", renew_before=RenewalWindow(30)
    )


@pytest.mark.parametrize("obtains", [False, True])
@pytest.mark.parametrize("empty", [{"path": ""}, {"content": " "}])
def test_an_empty_source_of_the_certificate_is_refused(empty: dict[str, str], obtains: bool) -> None:
    """A template that renders to nothing must not mean that a certificate is to be obtained."""
    item = {"project": "MyProject", "name": "web", **empty}
    variables = {"obtain_tasks": "obtain.yml"} if obtains else {}
    (key,) = empty
    with pytest.raises(SettingError, match=f"MyProject/web has an empty {key}"):
        read_certificate(item, renew_before_days="30", **variables)


@pytest.mark.parametrize("text", ["staging, production", "staging\nproduction\n", ["staging", " production "]])
def test_the_environments_of_a_certificate_as_text(text: Any) -> None:
    assert read_certificate(CERTIFICATE | {"environments": text}).environments == ("staging", "production")


@pytest.mark.parametrize(
    "text",
    [
        "- {project: MyProject, name: web, path: web.pem}\n- {project: MyProject, name: api, path: api.pem}\n",
        "- project: MyProject\n  name: web\n  path: web.pem\n- project: MyProject\n  name: api\n  path: api.pem\n",
        (
            '[{"project": "MyProject", "name": "web", "path": "web.pem"},'
            ' {"project": "MyProject", "name": "api", "path": "api.pem"}]'
        ),
    ],
)
def test_certificates_as_text(text: str) -> None:
    found = [(desired.key, desired.path) for desired in read(certificates=text).certificates]

    assert found == [("MyProject/web", "web.pem"), ("MyProject/api", "api.pem")]


LIST = "must be a list of certificates, each with project, name, and path or content"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        *((blank, LIST) for blank in BLANK),
        ([], LIST),
        ("web.pem", LIST),
        (CERTIFICATE, LIST),
        (["web"], "item 1 must be a dictionary with project, name, and path or content"),
        ([CERTIFICATE, {"name": "web"}], "item 2 has no project"),
        ([{"project": "MyProject", "name": " "}], "item 1 has no name"),
        ([CERTIFICATE | {"paht": "x", "envs": "y"}], "item 1 has the unknown key envs, paht"),
        ([CERTIFICATE | {"key": "x"}], "item 1 has the unknown key key"),
        ([CERTIFICATE | {"content": "PEM"}], "MyProject/web has both path and content"),
        ([CERTIFICATE, CERTIFICATE | {"path": "other.pem"}], "MyProject/web is listed more than once"),
        ([CERTIFICATE | {"environments": []}], "is an empty list of environments"),
        ([CERTIFICATE | {"environments": 5}], "must be a list of environment names"),
        *(
            (
                [CERTIFICATE | {name: "soon"}],
                f"MyProject/web: {name}: must be a number of days from 0 to 36500, such as 30, or",
            )
            for name in ("renew_before", "renew_before_days")
        ),
        ([CERTIFICATE | {"renew": "soon"}], "MyProject/web: renew: must be true or false, not 'soon'"),
        (
            [{"project": "MyProject", "name": "web"}],
            "MyProject/web has neither path nor content, and certificate_rotation_obtain_tasks is not set",
        ),
    ],
)
def test_certificates_that_cannot_be_used(given: Any, message: str) -> None:
    with refusal("certificates", message):
        read(certificates=given)


def test_text_that_is_not_valid_yaml_is_not_quoted() -> None:
    """It may hold a private key, which users paste by mistake."""
    text = "- project: MyProject\n  content: |\n    -----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n"

    with refusal("certificates", "is not valid YAML in line 5") as raised:
        read(certificates=text)
    assert "MIGH" not in str(raised.value)
    assert raised.value.__cause__ is None


BARE = {"project": "MyProject", "name": "web"}


@pytest.mark.parametrize("days", [{"renew_before_days": 30}, {"renew_before_days": "30"}, {"renew_before": 30}])
def test_a_certificate_to_be_obtained_requires_renew_before(days: dict[str, Any]) -> None:
    expected = DesiredCertificate("MyProject", "web", renew_before=RenewalWindow(30))

    assert read_certificate(BARE | days, obtain_tasks="obtain.yml") == expected
    assert read_certificate(BARE, obtain_tasks="obtain.yml", **days) == expected
    with refusal("renew_before", "required for MyProject/web, unless it has renew"):
        read_certificate(BARE, obtain_tasks="obtain.yml")


@pytest.mark.parametrize(("given", "renew"), [(True, True), ("yes", True), (False, False), ("no", False)])
def test_a_certificate_with_renew_requires_no_window(given: Any, renew: bool) -> None:
    """It is due if renew says so, or has expired."""
    expected = DesiredCertificate("MyProject", "web", renew_before=RenewalWindow(0), renew=renew)

    assert read_certificate(BARE | {"renew": given}, obtain_tasks="obtain.yml") == expected
    with_window = read_certificate(BARE | {"renew": given}, obtain_tasks="obtain.yml", renew_before="33%")
    assert (with_window.renew, with_window.renew_before) == (renew, RenewalWindow(33, is_share=True))
    assert read_certificate(CERTIFICATE | {"renew": given}).renew_before is None


@pytest.mark.parametrize("name", ["renew_before", "renew_before_days"])
def test_a_window_is_a_number_of_days_or_a_share(name: str) -> None:
    assert read_certificate(CERTIFICATE, **{name: "33%"}).renew_before == RenewalWindow(33, is_share=True)
    assert read_certificate(CERTIFICATE | {name: 7}, renew_before="33%").renew_before == RenewalWindow(7)
    with refusal(name, "or a share of the lifetime from 1% to 99%, such as \"33%\", not '33 %'"):
        read(**{name: "33 %"})


def test_both_names_of_the_window_have_to_agree() -> None:
    both = {"renew_before": 30, "renew_before_days": "30"}
    assert read_certificate(CERTIFICATE, **both).renew_before == RenewalWindow(30)
    assert read_certificate(CERTIFICATE | both).renew_before == RenewalWindow(30)

    both["renew_before"] = "33%"
    message = "is 33% of the lifetime, but renew_before_days, another name for it, is 30 days. Set only renew_before"
    with refusal("renew_before", message):
        read(**both)
    with refusal("certificates", f"MyProject/web: renew_before: {message}"):
        read(certificates=[CERTIFICATE | both])


def test_a_certificate_that_is_given_does_not_require_renew_before() -> None:
    desired = read_certificate(CERTIFICATE, obtain_tasks="obtain.yml")

    assert (desired.path, desired.renew_before) == ("web.pem", None)


def test_the_content_of_a_certificate_is_not_in_its_repr() -> None:
    assert "PEM" not in repr(read_certificate(BARE | {"content": "PEM"}))


ROLE = Path(__file__).parents[5] / "roles" / "certificate_rotation"
PREFIX = "certificate_rotation_"


def documented() -> set[str]:
    """The role's variables, as its argument specification has them."""
    specification = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    return set(specification["argument_specs"]["main"]["options"])


def test_every_variable_of_the_role_is_known() -> None:
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))

    assert {*defaults, f"{PREFIX}certificates"} == documented()
    assert check_role_variables(documented()) == []


def test_only_the_variables_of_the_role_its_playbook_and_its_hooks_are_known() -> None:
    known = {f"{PREFIX}{name}" for name in (*settings.VARIABLES, *settings._OTHERS)}

    playbook = ("hosts", "serial", "max_fail_percentage")
    others = (*playbook, "item", "obtained", "result", "new_dir", "job_template", "organization")
    assert known - documented() == {f"{PREFIX}{name}" for name in others}
    assert documented() <= known


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("wave", "waves"),
        ("certificate", "certificates"),
        ("enviroments", "environments"),
        ("stategy", "strategy"),
        ("renew_before_day", "renew_before_days"),
        ("require_later_expire", "require_later_expiry"),
        ("parallel_write", "parallel_writes"),
        ("backup_dirs", "backup_dir"),
        ("verify_task", "verify_tasks"),
        ("validate_cert", "validate_certs"),
        ("tokn", "token"),
        ("Waves", "waves"),
    ],
)
def test_a_variable_that_is_almost_a_known_one_is_refused(name: str, meant: str) -> None:
    with refusal(name, f"the role has no such variable. Did you mean {PREFIX}{meant}?"):
        check_role_variables([f"{PREFIX}waves", f"{PREFIX}{name}"])


def test_another_unknown_variable_is_a_warning() -> None:
    assert check_role_variables([f"{PREFIX}team_mail", f"{PREFIX}approver", f"{PREFIX}waves"]) == [
        f"{PREFIX}approver is not a variable of the role certificate_rotation, and has no effect",
        f"{PREFIX}team_mail is not a variable of the role certificate_rotation, and has no effect",
    ]


@pytest.mark.parametrize(
    "name", ["waves", "wave", "ansible_host", "certificate_restore_dir", f"{PREFIX}_run", f"{PREFIX}_planned"]
)
def test_variables_of_others_and_internal_ones_are_not_checked(name: str) -> None:
    assert check_role_variables([name]) == []


@pytest.mark.parametrize("name", ["backup_dir", "report_dir", "base_dir"])
def test_a_folder_is_text(name: str) -> None:
    assert getattr(read(**{name: "some/folder"}), name) == "some/folder"
    assert getattr(read(), name) == ""
