# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of environments: what Ansible makes of it, what it costs, and waves that are rotated with it."""

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

from integration.guides import shown_commands, shown_files
from integration.runners import COLLECTION, Run
from integration.scene import ENVIRONMENTS, NAME, PROJECT, Scene, Start, calls
from manager import Fault
from manager.model import Environment

# No task of a module, but the plugin itself; it runs in the controller's process.
pytestmark = pytest.mark.one_way

PLUGIN = f"{COLLECTION}.environments"
GUIDE = "guide_inventory"
MANAGER_ITSELF = "apimanager"


def _connection(scene: Scene) -> dict[str, str]:
    return {"APINIZER_URL": scene.manager.url, "APINIZER_TOKEN": scene.manager.token, "APINIZER_RETRIES": "0"}


def _file(scene: Scene, *, name: str = "apinizer.yml", **options: Any) -> str:
    return scene.machine.file(name, json.dumps({"plugin": PLUGIN, **options}))


def _list(scene: Scene, *words: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What ansible-inventory lists: groups with their hosts, and below C(_meta) the variables."""
    run = scene.machine.command("ansible-inventory", "--list", *words, env=_connection(scene) if env is None else env)
    assert run.status == 0, run.text
    assert "[WARNING]" not in run.text, run.text
    listed: dict[str, Any] = json.loads(run.text, object_hook=_without_mark)
    return listed


def _without_mark(value: dict[str, Any]) -> Any:
    """Some versions mark every text that is no template."""
    return value["__ansible_unsafe"] if list(value) == ["__ansible_unsafe"] else value


def _groups(listed: Mapping[str, Any]) -> dict[str, list[str]]:
    return {group: sorted(value["hosts"]) for group, value in listed.items() if "hosts" in value}


def _variables(listed: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    variables: dict[str, dict[str, Any]] = listed["_meta"]["hostvars"]
    return variables


def _words(run: Run) -> str:
    """What was printed, whichever way this version of Ansible breaks its lines."""
    return " ".join(run.text.split())


# Hosts, groups and variables


@pytest.mark.parametrize(
    ("generation", "groups", "requests"),
    [
        pytest.param(
            "2023",
            {"type_unknown": [MANAGER_ITSELF, "development", "staging"]},
            # Whether it lists environments is asked once, at both addresses.
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
            "2026",
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
def test_an_environment_of_several_projects_is_one_host(
    start: Start, generation: str, groups: dict[str, list[str]], requests: list[str]
) -> None:
    scene = start(generation)
    scene.manager.add_project("Another", ["staging"])
    scene.manager.add_certificate("Another", "z", {"staging": scene.new, MANAGER_ITSELF: scene.new})

    run = scene.machine.command("ansible-inventory", "-i", _file(scene), "--list", env=_connection(scene))
    text, _brace, warnings = run.text.rpartition("}\n")
    listed = json.loads(text + "}", object_hook=_without_mark)

    assert calls(scene.manager.journal) == requests
    assert len(scene.manager.journal.connections()) == 1
    assert {group: hosts for group, hosts in _groups(listed).items() if group.startswith("type_")} == groups
    staging = _variables(listed)["staging"]
    assert staging["apinizer_projects"] == ["Another", PROJECT]
    assert [(held["project"], held["name"]) for held in staging["apinizer_certificates"]] == [
        ("Another", "z"),
        (PROJECT, NAME),
    ]
    listed_there = generation != "2023"
    assert staging["apinizer_access_url"] == ("https://staging.example.com" if listed_there else None)
    assert staging["apinizer_status"] == ("PUBLISHED" if listed_there else None)
    assert ("does not list the environments of any project" in " ".join(warnings.split())) is not listed_there
    assert not scene.manager.journal.writes()


@pytest.mark.exhaustive
def test_every_variable_of_a_host(scene: Scene) -> None:
    (info,) = scene.info(project=PROJECT)["certificates"]

    variables = _variables(_list(scene, "-i", _file(scene)))["staging"]

    python = variables.pop("ansible_python_interpreter")
    assert python.startswith("/")
    (entry,) = [entry for entry in info["environments"] if entry.pop("name") == "staging"]
    assert variables == {
        "ansible_connection": "local",
        "apinizer_access_url": "https://staging.example.com",
        "apinizer_certificates": [{"project": PROJECT, "name": NAME, **entry}],
        "apinizer_environment": "staging",
        "apinizer_projects": [PROJECT],
        "apinizer_status": "PUBLISHED",
        "apinizer_type": "SANDBOX",
        "apinizer_url": scene.manager.url,
    }


def test_constructed_groups_and_variables(scene: Scene) -> None:
    file = _file(
        scene,
        projects=[PROJECT],
        strict=True,
        groups={"holding": "apinizer_certificates | length > 0"},
        keyed_groups=[{"key": "apinizer_projects", "prefix": "in"}],
        compose={"where": "apinizer_environment | upper", "ansible_connection": "'ssh'"},
    )

    listed = _list(scene, "-i", file)

    groups, variables = _groups(listed), _variables(listed)
    assert groups["holding"] == ["development", "staging"]
    assert groups["in_MyProject"] == sorted(ENVIRONMENTS)
    assert (variables["production"]["where"], variables["production"]["ansible_connection"]) == ("PRODUCTION", "ssh")
    assert calls(scene.manager.journal) == ["list", "environments"]


def test_names_that_ansible_would_take_for_patterns_or_templates(scene: Scene) -> None:
    """Hosts can be named on the command line, groups are cleaned, and nothing that the manager sends is evaluated."""
    sent = "{{ lookup('ansible.builtin.pipe', 'echo evaluated') }}"
    odd = Environment("Üretim: EU, a/b [1]", "ON PREMISES/é", access_url=sent)
    scene.manager.add_project(PROJECT, [odd, Environment("all", "TEST")])

    arguments = ["-i", _file(scene), "-m", "ansible.builtin.debug", "-a", "var=apinizer_access_url"]
    run = scene.machine.command("ansible", "type_on_premises_é,all_", *arguments, env=_connection(scene))

    assert run.status == 0, run.text
    assert sorted(re.findall(r"^(\S+) \| SUCCESS", run.text, re.MULTILINE)) == ["all_", "Üretim__EU__a_b__1_"]
    assert sent in run.text


def test_two_managers_in_one_inventory(start: Start) -> None:
    europe, asia = start(), start("2025", held=False)
    files = [
        _file(scene, name=f"{name}.apinizer.yaml", url=scene.manager.url, host_prefix=f"{name}-", projects=PROJECT)
        for name, scene in (("eu", europe), ("asia", asia))
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
def test_two_files_cannot_make_one_host_but_others_may_group_it(scene: Scene) -> None:
    """Or the host of one manager would have the certificates of another."""
    ours = [word for name in ("a.apinizer.yml", "b.apinizer.yml") for word in ("-i", _file(scene, name=name))]
    static = scene.machine.file("static.ini", "[critical]\nproduction\n")

    run = scene.machine.command("ansible-inventory", "-i", static, *ours, "--graph", env=_connection(scene))

    assert re.search(r"@critical:\n  \|  \|--production\n", run.text)
    assert re.search(r"@type_production:\n  \|  \|--production\n", run.text)
    assert _words(run).count("host_prefix: another file made host development already") >= 1
    assert _words(run).count("Unable to parse") == 1


# The connection


def test_options_may_be_templates(scene: Scene) -> None:
    """All of them, those that are no texts included, and an empty text is no value."""
    file = _file(
        scene,
        url="{{ lookup('ansible.builtin.env', 'MY_URL') }}",
        token="{{ my_token }}",
        projects="{{ my_projects }}",
        timeout="{{ 2 * 10 }}",
        validate_certs="{{ '' }}",
        username="{{ '' }}",
    )
    extra = {"my_token": scene.manager.token, "my_projects": [PROJECT]}

    listed = _list(scene, "-i", file, "-e", json.dumps(extra), env={"MY_URL": scene.manager.url})

    assert sorted(_variables(listed)) == sorted(ENVIRONMENTS)
    assert calls(scene.manager.journal) == ["list", "environments"]


def test_a_token_from_a_vault(scene: Scene) -> None:
    password = scene.machine.file("password", "vault-password")
    vaulted = VaultLib().encrypt(scene.manager.token, VaultSecret(b"vault-password")).decode()
    token = f"token: !vault |\n{textwrap.indent(vaulted, '  ')}"
    file = scene.machine.file("apinizer.yml", f"plugin: {PLUGIN}\nurl: {scene.manager.url}\n{token}")

    listed = _list(scene, "-i", file, "--vault-password-file", password, env={})

    assert sorted(_variables(listed)) == sorted(ENVIRONMENTS)


@pytest.mark.exhaustive
def test_a_login(scene: Scene) -> None:
    scene.manager.add_user("operator", "operator-password")
    file = _file(scene, url=scene.manager.url, username="operator", password="operator-password")

    run = scene.machine.command("ansible-inventory", "-i", file, "--list", "-vvvv")

    assert '"staging"' in run.text
    assert calls(scene.manager.journal)[:2] == ["token", "projects"]
    (bought,) = [token for token, value in scene.manager.state.tokens.items() if value.name == "operator"]
    assert bought not in run.text
    assert "operator-password" not in run.text


# Errors: Ansible warns and goes on, with the collection's own line


ERRORS = {
    "The certificates of project myproject cannot be listed": {"projects": ["myproject"]},
    "HTTP 401: Token is not valid! Check token (APINIZER_TOKEN)": {"token": "wrong-token"},
    "cannot be reached at http://127.0.0.1:9 (option url, APINIZER_URL)": {"url": "http://127.0.0.1:9"},
    "project: no option of this plugin": {"project": PROJECT},
    "projects: is an empty list": {"projects": []},
    "'yse' is not a valid boolean": {"validate_certs": "yse"},
    "url: missing; set url or APINIZER_URL to the manager's address": {"url": ""},
    "timeout: cannot be resolved: 'nowhere' is undefined": {"timeout": "{{ nowhere }}"},
    "ca_path: ******** cannot be read": {"ca_path": "-----BEGIN PRIVATE KEY-----\nTUlJRXZR"},
}


def test_errors_are_lines_without_secrets(scene: Scene) -> None:
    """The token stands above what is wrong: Ansible likes to show the lines around an error."""
    words = []
    for number, options in enumerate(ERRORS.values()):
        given = {"token": scene.manager.token, "url": scene.manager.url, "retries": 0, **options}
        text = yaml.safe_dump({"plugin": PLUGIN, **given}, sort_keys=False)
        words += ["-i", scene.machine.file(f"{number}.apinizer.yml", text)]

    run = scene.machine.command("ansible-inventory", *words, "--list", "-vvvv")

    for message in ERRORS:
        assert message in _words(run)
    assert _words(run).count("Unable to parse") == len(ERRORS)
    for secret in (scene.manager.token, "wrong-token", "TUlJRXZR"):
        assert secret not in run.text
    assert "staging" not in run.text


def test_an_error_in_what_is_constructed(scene: Scene) -> None:
    given = {"token": scene.manager.token, "url": scene.manager.url, "strict": True, "compose": {"x": "nowhere.y"}}
    file = scene.machine.file("apinizer.yml", yaml.safe_dump({"plugin": PLUGIN, **given}, sort_keys=False))

    run = scene.machine.command("ansible-inventory", "-i", file, "--graph", "-vvvv")

    assert "Could not set x for host development: 'nowhere' is undefined" in _words(run)
    assert scene.manager.token not in run.text


@pytest.mark.exhaustive
def test_two_environments_that_would_be_one_host(scene: Scene) -> None:
    scene.manager.add_project(PROJECT, ["a b", "a_b"])

    run = scene.machine.command("ansible-inventory", "-i", _file(scene), "--graph", env=_connection(scene))

    assert "Environments 'a b' and 'a_b' would both be host a_b" in _words(run)
    assert "staging" not in run.text


def test_files_with_other_names(scene: Scene) -> None:
    words = [word for name in ("manager.yml", "apinizer.json") for word in ("-i", _file(scene, name=name))]

    run = scene.machine.command("ansible-inventory", *words, "--graph", env=_connection(scene))

    assert "could not be verified by" in _words(run)
    assert _words(run).count("Unable to parse") == 2
    assert not len(scene.manager.journal)


@pytest.mark.exhaustive
def test_a_project_whose_environments_may_not_be_listed(scene: Scene) -> None:
    """The others' are, and its own are known from their certificates."""
    scene.manager.add_project("Another", ["test"])
    scene.manager.add_certificate("Another", "z", {"test": scene.new})
    address = re.compile(r"Another/environments|environments/Another")
    scene.manager.faults.add(Fault("status", path=address, status=403, times=2))

    run = scene.machine.command("ansible-inventory", "-i", _file(scene), "--graph", env=_connection(scene))

    assert "does not list the environments of project Another (The manager answered GET with HTTP 403" in _words(run)
    assert re.search(r"@type_unknown:\n  \|  \|--test\n", run.text)
    assert re.search(r"@type_sandbox:\n  \|  \|--staging\n", run.text)


@pytest.mark.exhaustive
def test_without_requests(scene: Scene) -> None:
    scene.machine.file("site/requests.py", "raise ImportError('not installed')")
    path = f"{scene.machine.folder / 'site'}:{scene.machine.environment()['PYTHONPATH']}"

    run = scene.machine.command(
        "ansible-inventory", "-i", _file(scene), "--graph", env={**_connection(scene), "PYTHONPATH": path}
    )

    assert "Failed to import the required Python library (requests)" in _words(run)


# What the guide and the documentation show


@pytest.fixture
def guided(start: Start) -> Scene:
    """A machine with the guide's files, and a manager that has the certificate in each environment."""
    scene = start(import_reports_deployment=True)
    scene.manager.add_certificate(PROJECT, NAME, dict.fromkeys((*ENVIRONMENTS, MANAGER_ITSELF), scene.old))
    for name, text in shown_files(GUIDE).items():
        scene.machine.file(name, text.replace("https://apinizer.example.com", scene.manager.url))
    scene.machine.file("new/my-certificate.pem", scene.new.pem)
    return scene


def _run(scene: Scene, command: str) -> Run:
    assert command in shown_commands(GUIDE)
    return scene.machine.command(*shlex.split(command), env={"MY_TOKEN": scene.manager.token})


def _hosts_run(run: Run) -> list[str]:
    return re.findall(r"^(?:changed|ok): \[(.+?)\]", run.text, re.MULTILINE)


def test_the_waves_of_the_guide(guided: Scene) -> None:
    """Checked, then the test environments, then the others: production last, each by itself, the manager untouched."""
    check, test, rest = (command for command in shown_commands(GUIDE) if "rotate.yml" in command)
    manager, old, new = guided.manager, guided.old.der, guided.new.der

    checked = _run(guided, check)
    assert checked.status == 0, checked.text
    assert _hosts_run(checked) == ["development", "staging", "production"]
    assert not manager.journal.writes()

    limited = _run(guided, test)
    assert limited.status == 0, limited.text
    assert _hosts_run(limited) == ["development"]
    assert guided.served() == {"development": new, "staging": old, "production": old}

    finished = _run(guided, rest)
    assert finished.status == 0, finished.text
    assert finished.text.count("PLAY [Rotate") == 3
    assert re.findall(r"^(changed|ok): \[(.+?)\]", finished.text, re.MULTILINE) == [
        ("ok", "development"),
        ("changed", "staging"),
        ("changed", "production"),
    ]
    assert guided.served() == dict.fromkeys(ENVIRONMENTS, new)
    assert guided.holds() == {**{name: [new] for name in ENVIRONMENTS}, MANAGER_ITSELF: [old]}
    assert [(request.method, request.fields["environmentList"]) for request in manager.journal.writes()] == [
        ("POST", "development"),
        ("POST", "staging"),
        ("POST", "production"),
    ]


@pytest.mark.exhaustive
def test_no_wave_starts_after_one_that_failed(guided: Scene) -> None:
    guided.manager.faults.add(Fault("deployment_failure", environments=("staging",), times=None))
    *_others, rest = (command for command in shown_commands(GUIDE) if "rotate.yml" in command)

    run = guided.machine.command(*shlex.split(rest), env={"MY_TOKEN": guided.manager.token, "APINIZER_RETRIES": "0"})

    assert run.status != 0
    assert "fatal: [staging]" in run.text
    assert guided.served() == {"development": guided.new.der, "staging": guided.old.der, "production": guided.old.der}
    assert guided.holds()["production"] == [guided.old.der]


@pytest.mark.exhaustive
def test_a_wave_of_several_environments(guided: Scene) -> None:
    """One after the other, although Ansible could do them at the same time."""
    play = shown_files(GUIDE)["rotate.yml"].replace("serial: 1", "serial: [1, 2]")
    guided.machine.file("rotate.yml", play)

    run = guided.machine.command(
        "ansible-playbook", "-i", "apinizer.yml", "rotate.yml", env={"MY_TOKEN": guided.manager.token}
    )

    assert run.status == 0, run.text
    assert run.text.count("PLAY [Rotate") == 2
    assert guided.served() == dict.fromkeys(ENVIRONMENTS, guided.new.der)


@pytest.mark.exhaustive
def test_the_role_of_the_guide(guided: Scene) -> None:
    later = guided.authority.issue("www.example.com", not_after=datetime.now(timezone.utc) + timedelta(days=500))
    guided.machine.file("new/my-certificate.pem", later.pem)
    command = ("ansible-playbook", "-i", "apinizer.yml", "rotate-with-the-role.yml", "--limit", "type_sandbox")

    run = guided.machine.command(*command, env={"MY_TOKEN": guided.manager.token})

    assert run.status == 0, run.text
    assert guided.served() == {**dict.fromkeys(ENVIRONMENTS, guided.old.der), "staging": later.der}
    assert (guided.machine.folder / "reports" / "staging" / "rotation.json").exists()
    assert list((guided.machine.folder / "backups" / "staging").rglob("*,staging.pem"))


def test_the_graph_of_the_guide(guided: Scene) -> None:
    guided.manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, guided.old))
    (command,) = (command for command in shown_commands(GUIDE) if "--graph" in command)

    assert _run(guided, command).text.strip() == shown_commands(GUIDE)[command].strip()


def test_the_setting_of_the_guide_makes_an_unreadable_inventory_fail(guided: Scene) -> None:
    play = guided.machine.file("play.yml", json.dumps([{"hosts": "all", "gather_facts": False, "tasks": []}]))
    words = ("ansible-playbook", "-i", "apinizer.yml", play)

    run = guided.machine.command(*words, env={"MY_TOKEN": "wrong"})

    assert run.status != 0
    assert "HTTP 401" in run.text


def test_a_warm_cache_costs_no_request(guided: Scene, start: Start) -> None:
    scene, other, file = guided, start("2025", held=False), "cached.apinizer.yml"
    cold = _list(scene, "-i", file)
    read = scene.manager.journal.mark()

    assert _list(scene, "-i", file) == cold
    assert not len(read)

    scene.manager.set_entry(PROJECT, NAME, "staging", scene.new)
    play = scene.machine.file("play.yml", json.dumps([{"hosts": "all"}]))
    scene.machine.command("ansible-playbook", "-i", file, play, "--list-hosts", "--flush-cache", env=_connection(scene))
    fresh = _variables(_list(scene, "-i", file))["staging"]["apinizer_certificates"][0]
    assert fresh["fingerprint_sha256"] == scene.new.sha256
    assert calls(read) == ["projects", *["list", "environments"] * 2]

    # The same file with another manager in the environment.
    assert _variables(_list(scene, "-i", file, env=_connection(other)))["staging"]["apinizer_certificates"] == []
    kept = "".join(path.read_text() for path in (scene.machine.folder / "inventory-cache").iterdir())
    assert scene.new.sha256 in kept
    assert scene.manager.token not in kept
    assert other.manager.token not in kept


def test_the_documentation_and_its_examples(scene: Scene) -> None:
    run = scene.machine.command("ansible-doc", "--type", "inventory", "--json", PLUGIN)
    # Nothing but JSON, so no warning either.
    documentation = json.loads(run.text)[PLUGIN]
    for option, variable in (("url", "APINIZER_URL"), ("token", "APINIZER_TOKEN"), ("timeout", "APINIZER_TIMEOUT")):
        described = documentation["doc"]["options"][option]
        assert f"E({variable})" in "".join(described["description"])
        assert described["env"] == [{"name": variable}]
    listed = []
    for example in yaml.safe_load_all(documentation["examples"]):
        if example:
            given = {"url": scene.manager.url} if "url" in example else {}
            file = _file(scene, **{**example, **given})
            listed.append(_list(scene, "-i", file, env={**_connection(scene), "MY_TOKEN": scene.manager.token}))

    plain, grouped, prefixed = listed
    assert sorted(_variables(plain)) == sorted(ENVIRONMENTS)
    assert _groups(grouped)["my_certificate"] == ["development", "staging"]
    assert "soon" not in _groups(grouped)
    assert _groups(grouped)["project_MyProject"] == sorted(ENVIRONMENTS)
    assert _variables(grouped)["staging"]["subjects"] == ["CN=www.example.com,O=Example Inc,C=US"]
    assert sorted(_variables(prefixed)) == sorted(f"eu-{environment}" for environment in ENVIRONMENTS)
