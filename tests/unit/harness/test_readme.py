# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in tests/README.md are real tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
EXAMPLES = re.findall(
    r"from `([\w/.]+)`.*?^```python\n(.*?)^```$",
    (TESTS / "README.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE | re.DOTALL,
)


def test_readme_has_an_example_of_each_kind() -> None:
    assert [file.split("/")[:2] for file, _code in EXAMPLES] == [
        ["unit", "plugins"],
        ["integration", "test_deployment.py"],
        ["integration", "role"],
    ]


@pytest.mark.parametrize(("file", "code"), EXAMPLES)
def test_example_is_part_of_the_file(file: str, code: str) -> None:
    assert code in (TESTS / file).read_text(encoding="utf-8"), f"copy the current test from tests/{file}"
