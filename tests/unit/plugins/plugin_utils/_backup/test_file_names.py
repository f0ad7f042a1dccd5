# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.file_names import FileNames

Names = tuple[str, str, str]

PLAIN: list[Names] = [
    ("MyProject", "my-certificate", "production"),
    ("My Project", "web_1.2", "stage 2"),
    ("Ödeme", "müşteri sertifikası", "Üretim"),
    ("支付", "证书", "生产"),
]
ODD: list[tuple[str, str]] = [
    ("a/b", "a-b"),
    ("a\\b", "a-b"),
    ("..", "_."),
    ("../..", "_.-.."),
    ("/etc/passwd", "_etc-passwd"),
    ("-rf", "_rf"),
    ("100%", "100-"),
    ("{{ x }}", "_- x --"),
    ("a\nb", "a-b"),
    ("a\x1b[2Jb", "a--2Jb"),
    ("a\u202eb", "a-b"),
    ("a\ud800b", "a-b"),
    ("a,b", "a-b"),
    ("$HOME", "_HOME"),
    ("u\u0308", "ü"),
]


@pytest.mark.parametrize("names", PLAIN)
def test_plain_names_are_the_file_name(names: Names) -> None:
    assert FileNames().add(*names) == f"{','.join(names)}.pem"


@pytest.mark.parametrize(("odd", "readable"), ODD)
def test_other_characters_are_replaced_and_a_digest_is_added(odd: str, readable: str) -> None:
    file = FileNames().add("MyProject", odd, "production")

    assert re.fullmatch(rf"MyProject,{re.escape(readable)},production,[0-9a-f]{{16}}\.pem", file)


@pytest.mark.parametrize("character", ["a", "ü", "证", "😀", "\u0301", "/"])
@pytest.mark.parametrize("length", [33, 57, 255, 5000])
def test_long_names_are_cut(character: str, length: int) -> None:
    """eCryptfs allows 143 bytes; other file systems allow 255."""
    file = FileNames().add(character * length, character * length, character * length)

    assert len(file.encode()) <= 143
    assert re.search(r",[0-9a-f]{16}\.pem$", file)


@pytest.mark.parametrize(
    ("one", "another"),
    [
        (("a__b", "c", "d"), ("a", "b__c", "d")),
        (("a,b", "c", "d"), ("a", "b,c", "d")),
        (("a/b", "c", "d"), ("a-b", "c", "d")),
        (("a/b", "c", "d"), ("a\\b", "c", "d")),
        (("P", "web", "production"), ("P", "Web", "production")),
        (("P", "straße", "production"), ("P", "STRASSE", "production")),
        (("P", "ünlü", "production"), ("P", "u\u0308nlu\u0308", "production")),
        (("P", "\ufb01le", "production"), ("P", "file", "production")),
        (("P", "x" * 300 + "1", "production"), ("P", "x" * 300 + "2", "production")),
        (("P", "x" * 300, "production"), ("P", "x" * 300, "Production")),
    ],
)
def test_no_two_certificates_share_a_file_on_any_file_system(one: Names, another: Names) -> None:
    for first, second in ((one, another), (another, one)):
        names = FileNames()
        assert _on_disk(names.add(*first)) != _on_disk(names.add(*second))


def test_any_names_get_usable_and_distinct_files() -> None:
    """Names of random characters from alphabets in which they are easily mixed up."""
    generator = random.Random(7)
    alphabets = ["aA", "ab,-/", "üÜu\u0308U", "\x00\n\x1b\u202e", "x", "ıiIİ", ".. "]
    triples = {
        tuple(
            "".join(generator.choices(generator.choice(alphabets), k=generator.choice([1, 2, 60])))
            for _unused in range(3)
        )
        for _unused in range(3000)
    }
    names = FileNames()

    files = [names.add(*triple) for triple in sorted(triples)]

    assert len({_on_disk(file) for file in files}) == len(triples)
    for file in files:
        assert len(file.encode()) <= 143
        assert file.isprintable()
        assert "/" not in file
        assert not file.startswith((".", "-"))


def _on_disk(file: str) -> str:
    """The name as a file system that ignores case and normalizes Unicode compares it."""
    return unicodedata.normalize("NFKD", file).casefold()
