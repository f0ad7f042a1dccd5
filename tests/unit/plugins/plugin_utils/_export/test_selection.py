# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a record can be exported, and the files that it becomes."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, parse_text
from ansible_collections.apinizer.apiops.plugins.plugin_utils._export.documents import make_files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._export.selection import Selection, select
from unit.plugins.module_utils.certificate_maker import make_certificate

ROOT, OTHER_ROOT = make_certificate("Root"), make_certificate("Root", own_key=ec.generate_private_key(ec.SECP256R1()))
FIRST, SECOND = (make_certificate("www", "Root", serial=number) for number in (1, 2))

HOSTILE = (
    "{{ lookup('pipe', 'id') }}",
    "{% raw %}",
    "{# no comment #}",
    "two\nlines\r\nand\ttabs",
    "---\nsecond: document",
    "- item",
    "yes",
    "0123",
    "1e3",
    "null",
    "~",
    "#1: a 'b' \"c\" \\d",
    "!unsafe tagged",
    "\u202eevil\u2066 \x00\x1b[31m",
    "line\u2028separator\x85next",
    "\ud800 alone",
    "müşteri sertifikası 🙂",
    "x" * 5000,
)


class _Loader(yaml.SafeLoader):
    """Reads the lists as Ansible does, which knows the tag !unsafe."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def environment(name: str, *held: Any, content: str | None = "", alias: str | None = "web", entries: int = 1) -> Any:
    """An environment of the record. With C(content), the manager returns that instead of the certificates."""
    bundle = Bundle(held[0], tuple(held[1:]))
    sha1 = bundle.leaf.fingerprint_sha1
    return {
        "name": name,
        "alias": alias,
        "content": bundle.pem if content == "" else content,
        "fingerprint_sha1": sha1,
        "entries": entries,
    }


def certificate(
    *environments: Any, name: str = "web", project: str = "MyProject", description: str | None = None
) -> Any:
    return {"project": project, "name": name, "description": description, "environments": list(environments)}


def items_of(files: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The items of each list by the path of its file."""
    return {
        path: yaml.load(text, Loader=_Loader)["certificate_rotation_certificates"]
        for path, text in files.items()
        if path.endswith(".yml")
    }


def shown(selection: Selection) -> list[tuple[str, tuple[str, ...], str]]:
    return [(one.name, one.environments, one.bundle.leaf.fingerprint_sha256) for one in selection.everything]


def test_environments_with_the_same_certificate_are_one_item() -> None:
    found = select([certificate(environment("a", FIRST), environment("b", FIRST, ROOT))])

    assert shown(found) == [("web", ("a", "b"), FIRST.fingerprint_sha256)]
    # The longest chain is exported: it makes no difference to what is in sync.
    assert found.same[0].bundle == Bundle(FIRST, (ROOT,))
    assert (found.same[0].alias, found.left_out, found.notes) == ("web", (), ())


def test_companions_of_an_overlap_are_left_out() -> None:
    marked = "Partner [overlap of web since 2026-11-26T04:05:06Z]"
    found = select([certificate(environment("a", SECOND), name="web-next-a", description=marked)])

    assert shown(found) == []
    assert found.left_out == (
        "MyProject/web-next-a: it is the companion of web in an overlap, and the role creates and deletes it",
    )


def test_a_certificate_that_differs_is_an_item_of_each_environment() -> None:
    found = select(
        [certificate(environment("b", SECOND, alias="x"), environment("c", FIRST), environment("a", FIRST, alias=None))]
    )

    assert found.same == ()
    assert list(found.differing) == ["a", "b", "c"]
    assert {name: [(one.environments, one.alias) for one in items] for name, items in found.differing.items()} == {
        "a": [(("a",), None)],
        "b": [(("b",), "x")],
        "c": [(("c",), "web")],
    }


def test_an_alias_that_differs_is_left_to_the_role() -> None:
    found = select(
        [certificate(environment("a", FIRST), environment("b", FIRST, alias="other"), environment("c", FIRST))]
    )

    assert found.same[0].alias is None
    assert found.notes == (
        "MyProject/web: its alias differs between environments, so it is not in the list, and the role keeps it",
    )


def test_only_the_chosen_environments_are_compared() -> None:
    held = certificate(environment("a", FIRST), environment("b", SECOND))
    assert shown(select([held], ("b",))) == [("web", ("b",), SECOND.fingerprint_sha256)]


def test_content_that_is_missing_in_one_environment_is_that_of_another_with_the_same_thumbprint() -> None:
    found = select([certificate(environment("a", FIRST, content=None), environment("b", FIRST))])
    assert shown(found) == [("web", ("a", "b"), FIRST.fingerprint_sha256)]

    found = select([certificate(environment("a", SECOND, content=None), environment("b", FIRST))])
    assert shown(found) == [("web", ("b",), FIRST.fingerprint_sha256)]
    assert found.left_out == ("MyProject/web in a: the manager does not return the certificate",)


def test_duplicate_entries_are_exported_and_named() -> None:
    found = select([certificate(environment("a", FIRST, entries=2))])

    assert len(found.same) == 1
    assert found.notes == ("MyProject/web in a: the record has 2 entries. The one that was issued last was exported",)


def test_a_chain_that_the_role_would_refuse_is_exported_without_issuers() -> None:
    found = select([certificate(environment("a", FIRST, OTHER_ROOT))])

    assert found.same[0].bundle == Bundle(FIRST)
    (note,) = found.notes
    assert note.startswith(
        "MyProject/web in a: exported without its issuers: the record contains a chain whose signatures"
    )


def private_key(encoding: serialization.Encoding) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (private_key(serialization.Encoding.PEM).decode(), "the manager does not return the certificate"),
        (
            base64.b64encode(private_key(serialization.Encoding.DER)).decode(),
            "the record contains a private key instead of a certificate",
        ),
        (base64.b64encode(b"\x30\x03abc").decode(), "the record does not contain a readable certificate: "),
        ("no base64!", "the manager does not return the certificate"),
    ],
)
def test_what_is_no_certificate_is_left_out_and_never_written(content: str, message: str) -> None:
    found = select([certificate(environment("a", FIRST, content=content), environment("b", SECOND))])

    assert shown(found) == [("web", ("b",), SECOND.fingerprint_sha256)]
    assert len(found.left_out) == 1
    assert found.left_out[0].startswith(f"MyProject/web in a: {message}")
    files = make_files(found)
    assert not any("PRIVATE KEY" in text for text in files.values())
    assert all(parse_text(text) for path, text in files.items() if path.endswith(".pem"))


def test_texts_of_every_sort_survive_and_are_never_templates() -> None:
    certificates = [
        certificate(environment(text, FIRST, alias=text), name=text, project=text, description=text) for text in HOSTILE
    ]
    files = make_files(select(certificates))

    (items,) = items_of(files).values()
    assert [item["name"] for item in items] == sorted(HOSTILE)
    for item in items:
        assert {item["project"], item["alias"], item["description"], *item["environments"]} == {item["name"]}
        assert files[item["path"]] == FIRST.pem
    assert len({item["path"].casefold() for item in items}) == len(HOSTILE)
    assert all(len(path.encode()) < 160 for path in files)
    for line in files["certificates.yml"].splitlines():
        assert "!unsafe" in line or not any(start in line for start in ("{{", "{%", "{#"))
    assert all(text.isprintable() for text in files["certificates.yml"].split("\n"))


def test_names_that_differ_in_case_have_different_files() -> None:
    certificates = [certificate(environment("a", FIRST), name=name) for name in ("web", "WEB", "Web")]

    files = make_files(select(certificates))

    assert len({path.casefold() for path in files}) == 4


def test_the_text_does_not_depend_on_the_order_of_the_record() -> None:
    certificates = [
        certificate(environment("b", FIRST), environment("a", SECOND), name=name, project=project)
        for name in ("web", "WEB", "a/b")
        for project in ("p", "a")
    ]
    certificates += [certificate(environment("a", FIRST), name="same"), certificate(name="nowhere")]

    assert make_files(select(certificates)) == make_files(select(reversed(certificates)))


def test_a_name_in_a_comment_starts_no_line() -> None:
    name = "x\ncertificate_rotation_force: true"
    files = make_files(
        select([certificate(environment("a", FIRST), environment("b", SECOND), name=name), certificate(name=name)])
    )

    assert yaml.load(files["certificates.yml"], Loader=_Loader) == {"certificate_rotation_certificates": []}
    assert (
        "\n#   MyProject/x\\ncertificate_rotation_force: true: differences/a.yml, differences/b.yml\n"
        in files["certificates.yml"]
    )


def test_a_list_names_only_files_that_exist_before_it() -> None:
    files = list(make_files(select([certificate(environment("a", FIRST), environment("b", SECOND))])))
    assert [path.rpartition(".")[2] for path in files] == ["pem", "pem", "yml", "yml", "yml"]
    assert files[-1] == "certificates.yml"
