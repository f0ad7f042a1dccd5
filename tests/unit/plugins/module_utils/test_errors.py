# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import pytest

from ansible_collections.apinizer.apiops.plugins import module_utils
from ansible_collections.apinizer.apiops.plugins.module_utils import _errors
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        (("One",), "One"),
        (("One", "Two"), "One. Two"),
        (("One.", "Two!", "Three?", "Four…", "Five"), "One. Two! Three? Four… Five"),
    ],
)
def test_a_sentence_ends_with_one_mark(sentences: tuple[str, ...], message: str) -> None:
    assert join_sentences(*sentences) == message


def test_the_map_shows_every_error() -> None:
    defined = {
        name
        for module in pkgutil.iter_modules(module_utils.__path__)
        for name, value in vars(import_module(f"{module_utils.__name__}.{module.name}")).items()
        if inspect.isclass(value)
        and issubclass(value, Exception)
        and value.__module__.startswith(module_utils.__name__)
    }
    assert _errors.__doc__ is not None
    assert defined == {word for word in _errors.__doc__.split() if word in defined}
    assert len(defined) >= 10
