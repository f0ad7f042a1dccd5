# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: its hosts, groups, variables and requests, and rotations in waves that use it."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from integration.certificate_fixture import ENVIRONMENTS, NAME, PROJECT, CertificateFixture, MakeCase, calls
from integration.guides import shown_commands, shown_files
from integration.machine import COLLECTION, Run
from manager import Fault
from manager.model import Environment

# The plugin always runs in the controller's process.
pytestmark = pytest.mark.single_mode

PLUGIN = f"{COLLECTION}.environments"
GUIDE = "guide_inventory"
MANAGER_ITSELF = "apimanager"


def _connection(case: CertificateFixture) -> dict[str, str]:
    return {"APINIZER_URL": case.manager.url, "APINIZER_TOKEN": case.manager.token, "APINIZER_RETRIES": "0"}


def _file(case: CertificateFixture, *, name: str = "apinizer.yml", **options: Any) -> str:
    return case.machine.file(name, json.dumps({"plugin": PLUGIN, **options}))


def _list(case: CertificateFixture, *arguments: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the output of ansible-inventory: groups with their hosts, and the variables in `_meta`."""
    run = case.machine.command("ansible-inventory", "--list", *arguments, env=_connection(case) if env is None else env)
    assert run.status == 0, run.text
    assert "[WARNING]" not in run.text, run.text
    listed: dict[str, Any] = json.loads(run.text, object_hook=_without_mark)
    return listed


def _without_mark(value: dict[str, Any]) -> Any:
    """Remove the mark that some versions of ansible-core show for strings that are never templates."""
    return value["__ansible_unsafe"] if list(value) == ["__ansible_unsafe"] else value


def _groups(listed: Mapping[str, Any]) -> dict[str, list[str]]:
    return {group: sorted(value["hosts"]) for group, value in listed.items() if "hosts" in value}


def _variables(listed: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    variables: dict[str, dict[str, Any]] = listed["_meta"]["hostvars"]
    return variables


def _one_line(run: Run) -> str:
    """Return the output on one line: versions of ansible-core wrap lines differently."""
    return " ".join(run.text.split())


# Hosts, groups and variables


@pytest.mark.parametrize(
    ("generation", "groups", "requests"),
    [
        pytest.param(
            "2024.09",
            {"type_unknown": [MANAGER_ITSELF, "development", "staging"]},
            # The list of environments is requested once, at both addresses.
            ["projects", "list", "environments", "environments", "list", "list"],
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            "2025",
            {"type_kubernetes": sorted(ENVIRONMENTS), "type_unknown": [MANAGER_ITSELF]},
            ["projects", *["list", "environments"] * 3],
            marks=pytest.mark.exhaustive,
        ),
        (
            "2026.09",
            {
                "type_production": ["production"],
                "type_sandbox": ["staging"],
                "type_test": ["development"],
                "type_unknown": [MANAGER_ITSELF],
            },
            ["projects", *["list", "environments"] * 3],
        ),
    ],
)
def test_environment_of_several_projects_is_one_host(
    make_case: MakeCase, generation: str, groups: dict[str, list[str]], requests: list[str]
) -> None:
    case = make_case(generation)
    case.manager.add_project("Another", ["staging"])
    case.manager.add_certificate("Another", "z", {"staging": case.new, MANAGER_ITSELF: case.new})

    run = case.machine.command("ansible-inventory", "-i", _file(case), "--list", env=_connection(case))
    text, _brace, warnings = run.text.rpartition("}\n")
    listed = json.loads(text + "}", object_hook=_without_mark)

    assert calls(case.manager.journal) == requests
    assert len(case.manager.journal.connections()) == 1
    assert {group: hosts for group, hosts in _groups(listed).items() if group.startswith("type_")} == groups
    staging = _variables(listed)["staging"]
    assert staging["apinizer_projects"] == ["Another", PROJECT]
    assert [(held["project"], held["name"]) for held in staging["apinizer_certificates"]] == [
        ("Another", "z"),
        (PROJECT, NAME),
    ]
    listed_there = generation != "2024.09"
    assert staging["apinizer_access_url"] == ("https://staging.example.com" if listed_there else None)
    assert staging["apinizer_status"] == ("PUBLISHED" if listed_there else None)
    assert ("does not list the environments of any project" in " ".join(warnings.split())) is not listed_there
    assert not case.manager.journal.writes()


@pytest.mark.exhaustive
def test_host_has_every_variable(case: CertificateFixture) -> None:
    (info,) = case.info(project=PROJECT)["certificates"]

    variables = _variables(_list(case, "-i", _file(case)))["staging"]

    python = variables.pop("ansible_python_interpreter")
    assert python.startswith("/")
    (entry,) = [entry for entry in info["environments"] if entry.pop("name") == "staging"]
    del entry["chain"]
    assert variables == {
        "ansible_connection": "local",
        "apinizer_access_url": "https://staging.example.com",
        "apinizer_certificates": [{"project": PROJECT, "name": NAME, **entry}],
        "apinizer_environment": "staging",
        "apinizer_projects": [PROJECT],
        "apinizer_status": "PUBLISHED",
        "apinizer_type": "SANDBOX",
        "apinizer_url": case.manager.url,
    }


def test_host_has_what_its_gateways_hold(case: CertificateFixture) -> None:
    """Each environment is asked once for the certificates of all projects."""
    case.manager.add_project("Another", ["staging"])
    case.manager.add_certificate("Another", "z", {"staging": case.new, MANAGER_ITSELF: case.new}, alias="z")
    case.manager.set_gateway(PROJECT, NAME, "staging", case.new)
    case.manager.set_gateway(PROJECT, NAME, "development", None)
    stale = "apinizer_certificates | selectattr('gateway.state', 'in', ['stale', 'missing']) | length > 0"

    listed = _list(case, "-i", _file(case, verify_gateways="{{ true }}", strict=True, groups={"stale": stale}))

    # The workers of development report nothing, which does not tell an empty truststore from unreachable workers.
    assert calls(case.manager.journal) == ["projects", *["list", "environments"] * 3, *["truststore"] * 3]
    held = {
        (host, one["name"]): (one["gateway"]["state"], one["gateway"]["fingerprint_sha256"])
        for host, variables in _variables(listed).items()
        for one in variables["apinizer_certificates"]
    }
    assert held == {
        ("development", NAME): ("missing", None),
        ("staging", NAME): ("stale", case.new.sha256),
        ("staging", "z"): ("confirmed", case.new.sha256),
        (MANAGER_ITSELF, "z"): ("unknown", None),
    }
    assert _groups(listed)["stale"] == ["development", "staging"]


@pytest.mark.exhaustive
def test_gateways_that_cannot_be_asked_cause_one_warning(make_case: MakeCase) -> None:
    case = make_case(truststore=())

    arguments = ("ansible-inventory", "-i", _file(case, verify_gateways=True), "--list")
    run = case.machine.command(*arguments, env=_connection(case))

    assert run.status == 0, run.text
    assert _one_line(run).count("What the gateways of development, staging hold is unknown. The truststore of") == 1
    # Two addresses for each environment: HTTP 404 for one says nothing about the other.
    assert calls(case.manager.journal)[-4:] == ["truststore"] * 4
    assert calls(case.manager.journal).count("truststore") == 4


@pytest.mark.exhaustive
def test_cached_inventory_with_and_without_gateways_is_kept_apart(case: CertificateFixture) -> None:
    cache = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(case.machine.folder / "c"),
    }
    for verify_gateways in (False, True, False, True):
        listed = _list(case, "-i", _file(case, verify_gateways=verify_gateways, **cache))
        (held,) = _variables(listed)["staging"]["apinizer_certificates"]
        assert ("gateway" in held) is verify_gateways
    assert calls(case.manager.journal).count("truststore") == 2


def test_constructed_groups_and_variables_are_created(case: CertificateFixture) -> None:
    file = _file(
        case,
        projects=[PROJECT],
        strict=True,
        groups={"holding": "apinizer_certificates | length > 0"},
        keyed_groups=[{"key": "apinizer_projects", "prefix": "in"}],
        compose={"where": "apinizer_environment | upper", "ansible_connection": "'ssh'"},
    )

    listed = _list(case, "-i", file)

    groups, variables = _groups(listed), _variables(listed)
    assert groups["holding"] == ["development", "staging"]
    assert groups["in_MyProject"] == sorted(ENVIRONMENTS)
    assert (variables["production"]["where"], variables["production"]["ansible_connection"]) == ("PRODUCTION", "ssh")
    assert calls(case.manager.journal) == ["list", "environments"]


def test_names_are_neither_patterns_nor_templates(case: CertificateFixture) -> None:
    """Such hosts can be selected by name, group names are sanitized, and values of the manager are never evaluated."""
    sent = "{{ lookup('ansible.builtin.pipe', 'echo evaluated') }}"
    odd = Environment("Üretim: EU, a/b [1]", "ON PREMISES/é", access_url=sent)
    case.manager.add_project(PROJECT, [odd, Environment("all", "TEST")])

    arguments = ["-i", _file(case), "-m", "ansible.builtin.debug", "-a", "var=apinizer_access_url"]
    run = case.machine.command("ansible", "type_on_premises_é,all_", *arguments, env=_connection(case))

    assert run.status == 0, run.text
    assert sorted(re.findall(r"^(\S+) \| SUCCESS", run.text, re.MULTILINE)) == ["all_", "Üretim__EU__a_b__1_"]
    assert sent in run.text


def test_two_managers_share_one_inventory(make_case: MakeCase) -> None:
    europe, asia = make_case(), make_case("2025", with_certificate=False)
    files = [
        _file(case, name=f"{name}.apinizer.yaml", url=case.manager.url, host_prefix=f"{name}-", projects=PROJECT)
        for name, case in (("eu", europe), ("asia", asia))
    ]

    token = {"APINIZER_TOKEN": europe.manager.token}
    asia.manager.state.tokens[europe.manager.token] = europe.manager.state.tokens[europe.manager.token]
    variables = _variables(_list(europe, "-i", files[0], "-i", files[1], env=token))

    assert sorted(variables) == sorted(
        f"{name}-{environment}" for name in ("eu", "asia") for environment in ENVIRONMENTS
    )
    assert variables["eu-staging"]["apinizer_url"] == europe.manager.url
    assert variables["asia-staging"]["apinizer_url"] == asia.manager.url
    assert variables["asia-staging"]["apinizer_environment"] == "staging"


@pytest.mark.exhaustive
def test_two_files_cannot_create_the_same_host_but_can_group_it(case: CertificateFixture) -> None:
    """Otherwise a host of one manager would have the certificates of another."""
    ours = [argument for name in ("a.apinizer.yml", "b.apinizer.yml") for argument in ("-i", _file(case, name=name))]
    static = case.machine.file("static.ini", "[critical]\nproduction\n")

    run = case.machine.command("ansible-inventory", "-i", static, *ours, "--graph", env=_connection(case))

    assert re.search(r"@critical:\n  \|  \|--production\n", run.text)
    assert re.search(r"@type_production:\n  \|  \|--production\n", run.text)
    assert _one_line(run).count("host_prefix: another inventory file already defines host development") >= 1
    assert _one_line(run).count("Unable to parse") == 1


# The connection


def test_options_can_be_templates(case: CertificateFixture) -> None:
    """This applies to options of every type, and a template may result in an empty string."""
    file = _file(
        case,
        url="{{ lookup('ansible.builtin.env', 'MY_URL') }}",
        token="{{ my_token }}",
        projects="{{ my_projects }}",
        timeout="{{ 2 * 10 }}",
        validate_certs="{{ '' }}",
        username="{{ '' }}",
    )
    extra = {"my_token": case.manager.token, "my_projects": [PROJECT]}

    listed = _list(case, "-i", file, "-e", json.dumps(extra), env={"MY_URL": case.manager.url})

    assert sorted(_variables(listed)) == sorted(ENVIRONMENTS)
    assert calls(case.manager.journal) == ["list", "environments"]


def test_token_can_come_from_a_vault(case: CertificateFixture) -> None:
    password = case.machine.file("password", "vault-password")
    vaulted = VaultLib().encrypt(case.manager.token, VaultSecret(b"vault-password")).decode()
    token = f"token: !vault |\n{textwrap.indent(vaulted, '  ')}"
    file = case.machine.file("apinizer.yml", f"plugin: {PLUGIN}\nurl: {case.manager.url}\n{token}")

    listed = _list(case, "-i", file, "--vault-password-file", password, env={})

    assert sorted(_variables(listed)) == sorted(ENVIRONMENTS)


@pytest.mark.exhaustive
def test_login_is_supported(case: CertificateFixture) -> None:
    case.manager.add_user("operator", "operator-password")
    file = _file(case, url=case.manager.url, username="operator", password="operator-password")

    run = case.machine.command("ansible-inventory", "-i", file, "--list", "-vvvv")

    assert '"staging"' in run.text
    assert calls(case.manager.journal)[:2] == ["token", "projects"]
    (bought,) = [token for token, value in case.manager.state.tokens.items() if value.name == "operator"]
    assert bought not in run.text
    assert "operator-password" not in run.text


# Errors: Ansible warns with the line of the collection, and continues


ERRORS = {
    "The certificates of project myproject cannot be listed": {"projects": ["myproject"]},
    "HTTP 401: Token is not valid! Check token (APINIZER_TOKEN)": {"token": "wrong-token"},
    "cannot be reached at http://127.0.0.1:9 (option url, APINIZER_URL)": {"url": "http://127.0.0.1:9"},
    "project: is not an option of this plugin": {"project": PROJECT},
    "projects: is an empty list": {"projects": []},
    "'yse' is not a valid boolean": {"validate_certs": "yse"},
    "url: missing; set url or APINIZER_URL to the manager's address": {"url": ""},
    "timeout: cannot be resolved: 'nowhere' is undefined": {"timeout": "{{ nowhere }}"},
    "ca_path: ******** cannot be read": {"ca_path": "-----BEGIN PRIVATE KEY-----\nTUlJRXZR"},
}


def test_errors_are_single_lines_without_secrets(case: CertificateFixture) -> None:
    """The token is on the line before the error, since Ansible shows the lines around an error."""
    arguments = []
    for number, options in enumerate(ERRORS.values()):
        given = {"token": case.manager.token, "url": case.manager.url, "retries": 0, **options}
        text = yaml.safe_dump({"plugin": PLUGIN, **given}, sort_keys=False)
        arguments += ["-i", case.machine.file(f"{number}.apinizer.yml", text)]

    run = case.machine.command("ansible-inventory", *arguments, "--list", "-vvvv")

    for message in ERRORS:
        assert message in _one_line(run)
    assert _one_line(run).count("Unable to parse") == len(ERRORS)
    for secret in (case.manager.token, "wrong-token", "TUlJRXZR"):
        assert secret not in run.text
    assert "staging" not in run.text


def test_error_in_constructed_options_is_reported(case: CertificateFixture) -> None:
    given = {"token": case.manager.token, "url": case.manager.url, "strict": True, "compose": {"x": "nowhere.y"}}
    file = case.machine.file("apinizer.yml", yaml.safe_dump({"plugin": PLUGIN, **given}, sort_keys=False))

    run = case.machine.command("ansible-inventory", "-i", file, "--graph", "-vvvv")

    assert "Could not set x for host development: 'nowhere' is undefined" in _one_line(run)
    assert case.manager.token not in run.text


@pytest.mark.exhaustive
def test_environments_with_the_same_host_name_are_refused(case: CertificateFixture) -> None:
    case.manager.add_project(PROJECT, ["a b", "a_b"])

    run = case.machine.command("ansible-inventory", "-i", _file(case), "--graph", env=_connection(case))

    assert "Environments 'a b' and 'a_b' would both be host a_b" in _one_line(run)
    assert "staging" not in run.text


def test_files_with_other_names_are_ignored(case: CertificateFixture) -> None:
    arguments = [argument for name in ("manager.yml", "apinizer.json") for argument in ("-i", _file(case, name=name))]

    run = case.machine.command("ansible-inventory", *arguments, "--graph", env=_connection(case))

    assert "could not be verified by" in _one_line(run)
    assert _one_line(run).count("Unable to parse") == 2
    assert not len(case.manager.journal)


@pytest.mark.exhaustive
def test_project_without_the_right_to_list_environments(case: CertificateFixture) -> None:
    """Its environments are known from their certificates; other projects are not affected."""
    case.manager.add_project("Another", ["test"])
    case.manager.add_certificate("Another", "z", {"test": case.new})
    address = re.compile(r"Another/environments|environments/Another")
    case.manager.faults.add(Fault("status", path=address, status=403, times=2))

    run = case.machine.command("ansible-inventory", "-i", _file(case), "--graph", env=_connection(case))

    assert "does not list the environments of project Another (The manager answered GET with HTTP 403" in _one_line(run)
    assert re.search(r"@type_unknown:\n  \|  \|--test\n", run.text)
    assert re.search(r"@type_sandbox:\n  \|  \|--staging\n", run.text)


@pytest.mark.exhaustive
def test_missing_requests_library_is_named(case: CertificateFixture) -> None:
    case.machine.file("site/requests.py", "raise ImportError('not installed')")
    path = f"{case.machine.folder / 'site'}:{case.machine.environment()['PYTHONPATH']}"

    run = case.machine.command(
        "ansible-inventory", "-i", _file(case), "--graph", env={**_connection(case), "PYTHONPATH": path}
    )

    assert "Failed to import the required Python library (requests)" in _one_line(run)


# The examples of the guide and of the documentation


@pytest.fixture
def guided(make_case: MakeCase) -> CertificateFixture:
    """A machine with the files of the guide, and a manager with the certificate in each environment."""
    case = make_case(import_reports_deployment=True)
    case.manager.add_certificate(PROJECT, NAME, dict.fromkeys((*ENVIRONMENTS, MANAGER_ITSELF), case.old))
    for name, text in shown_files(GUIDE).items():
        case.machine.file(name, text.replace("https://apinizer.example.com", case.manager.url))
    case.machine.file("new/my-certificate.pem", case.new.pem)
    return case


def _run(case: CertificateFixture, command: str) -> Run:
    assert command in shown_commands(GUIDE)
    return case.machine.command(*shlex.split(command), env={"MY_TOKEN": case.manager.token})


def _hosts_run(run: Run) -> list[str]:
    return re.findall(r"^(?:changed|ok): \[(.+?)\]", run.text, re.MULTILINE)


def test_waves_of_the_guide_are_rotated_in_order(guided: CertificateFixture) -> None:
    """Check mode, then the test environments, then the others one by one with production last; not the manager itself."""
    check, test, rest = (command for command in shown_commands(GUIDE) if "rotate.yml" in command)
    manager, old, new = guided.manager, guided.old.der, guided.new.der

    checked = _run(guided, check)
    assert checked.status == 0, checked.text
    assert _hosts_run(checked) == ["development", "staging", "production"]
    assert not manager.journal.writes()

    limited = _run(guided, test)
    assert limited.status == 0, limited.text
    assert _hosts_run(limited) == ["development"]
    assert guided.gateway_certificates() == {"development": new, "staging": old, "production": old}

    finished = _run(guided, rest)
    assert finished.status == 0, finished.text
    assert finished.text.count("PLAY [Rotate") == 3
    assert re.findall(r"^(changed|ok): \[(.+?)\]", finished.text, re.MULTILINE) == [
        ("ok", "development"),
        ("changed", "staging"),
        ("changed", "production"),
    ]
    assert guided.gateway_certificates() == dict.fromkeys(ENVIRONMENTS, new)
    assert guided.record_certificates() == {**{name: [new] for name in ENVIRONMENTS}, MANAGER_ITSELF: [old]}
    assert [(request.method, request.fields["environmentList"]) for request in manager.journal.writes()] == [
        ("POST", "development"),
        ("POST", "staging"),
        ("POST", "production"),
    ]


@pytest.mark.exhaustive
def test_no_wave_starts_after_a_failed_wave(guided: CertificateFixture) -> None:
    guided.manager.faults.add(Fault("deployment_failure", environments=("staging",), times=None))
    *_others, rest = (command for command in shown_commands(GUIDE) if "rotate.yml" in command)

    run = guided.machine.command(*shlex.split(rest), env={"MY_TOKEN": guided.manager.token, "APINIZER_RETRIES": "0"})

    assert run.status != 0
    assert "fatal: [staging]" in run.text
    assert guided.gateway_certificates() == {
        "development": guided.new.der,
        "staging": guided.old.der,
        "production": guided.old.der,
    }
    assert guided.record_certificates()["production"] == [guided.old.der]


@pytest.mark.exhaustive
def test_environments_of_a_wave_run_one_after_the_other(guided: CertificateFixture) -> None:
    """The environments of a wave are written one after the other, although Ansible runs hosts in parallel."""
    play = shown_files(GUIDE)["rotate.yml"].replace("serial: 1", "serial: [1, 2]")
    guided.machine.file("rotate.yml", play)

    run = guided.machine.command(
        "ansible-playbook", "-i", "apinizer.yml", "rotate.yml", env={"MY_TOKEN": guided.manager.token}
    )

    assert run.status == 0, run.text
    assert run.text.count("PLAY [Rotate") == 2
    assert guided.gateway_certificates() == dict.fromkeys(ENVIRONMENTS, guided.new.der)


@pytest.mark.exhaustive
def test_role_of_the_guide_runs(guided: CertificateFixture) -> None:
    later = guided.authority.issue("www.example.com", not_after=datetime.now(timezone.utc) + timedelta(days=500))
    guided.machine.file("new/my-certificate.pem", later.pem)
    command = ("ansible-playbook", "-i", "apinizer.yml", "rotate-with-the-role.yml", "--limit", "type_sandbox")

    run = guided.machine.command(*command, env={"MY_TOKEN": guided.manager.token})

    assert run.status == 0, run.text
    assert guided.gateway_certificates() == {**dict.fromkeys(ENVIRONMENTS, guided.old.der), "staging": later.der}
    assert (guided.machine.folder / "reports" / "staging" / "rotation.json").exists()
    assert list((guided.machine.folder / "backups" / "staging").rglob("*,staging.pem"))


def test_graph_of_the_guide_is_printed(guided: CertificateFixture) -> None:
    guided.manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, guided.old))
    (command,) = (command for command in shown_commands(GUIDE) if "--graph" in command)

    assert _run(guided, command).text.strip() == shown_commands(GUIDE)[command].strip()


def test_setting_of_the_guide_makes_an_unreadable_inventory_fail(guided: CertificateFixture) -> None:
    play = guided.machine.file("play.yml", json.dumps([{"hosts": "all", "gather_facts": False, "tasks": []}]))
    arguments = ("ansible-playbook", "-i", "apinizer.yml", play)

    run = guided.machine.command(*arguments, env={"MY_TOKEN": "wrong"})

    assert run.status != 0
    assert "HTTP 401" in run.text


def test_warm_cache_sends_no_request(guided: CertificateFixture, make_case: MakeCase) -> None:
    case, other, file = guided, make_case("2025", with_certificate=False), "cached.apinizer.yml"
    cold = _list(case, "-i", file)
    read = case.manager.journal.mark()

    assert _list(case, "-i", file) == cold
    assert not len(read)

    case.manager.set_entry(PROJECT, NAME, "staging", case.new)
    play = case.machine.file("play.yml", json.dumps([{"hosts": "all"}]))
    case.machine.command("ansible-playbook", "-i", file, play, "--list-hosts", "--flush-cache", env=_connection(case))
    fresh = _variables(_list(case, "-i", file))["staging"]["apinizer_certificates"][0]
    assert fresh["fingerprint_sha256"] == case.new.sha256
    assert calls(read) == ["projects", *["list", "environments"] * 2]

    # The same file, but the environment variables name another manager.
    assert _variables(_list(case, "-i", file, env=_connection(other)))["staging"]["apinizer_certificates"] == []
    cached = "".join(path.read_text() for path in (case.machine.folder / "inventory-cache").iterdir())
    assert case.new.sha256 in cached
    assert case.manager.token not in cached
    assert other.manager.token not in cached


def test_examples_of_the_documentation_work(case: CertificateFixture) -> None:
    run = case.machine.command("ansible-doc", "--type", "inventory", "--json", PLUGIN)
    # The output is pure JSON, so there are no warnings.
    documentation = json.loads(run.text)[PLUGIN]
    for option, variable in (("url", "APINIZER_URL"), ("token", "APINIZER_TOKEN"), ("timeout", "APINIZER_TIMEOUT")):
        described = documentation["doc"]["options"][option]
        assert f"E({variable})" in "".join(described["description"])
        assert described["env"] == [{"name": variable}]
    listed = []
    for example in yaml.safe_load_all(documentation["examples"]):
        if example:
            given = {"url": case.manager.url} if "url" in example else {}
            file = _file(case, **{**example, **given})
            listed.append(_list(case, "-i", file, env={**_connection(case), "MY_TOKEN": case.manager.token}))

    plain, grouped, verified, prefixed = listed
    assert _groups(verified).get("stale", []) == []
    states = [one["gateway"]["state"] for one in _variables(verified)["staging"]["apinizer_certificates"]]
    assert set(states) == {"confirmed"}
    assert sorted(_variables(plain)) == sorted(ENVIRONMENTS)
    assert _groups(grouped)["my_certificate"] == ["development", "staging"]
    assert "soon" not in _groups(grouped)
    assert _groups(grouped)["project_MyProject"] == sorted(ENVIRONMENTS)
    assert _variables(grouped)["staging"]["subjects"] == ["CN=www.example.com,O=Example Inc,C=US"]
    assert sorted(_variables(prefixed)) == sorted(f"eu-{environment}" for environment in ENVIRONMENTS)
