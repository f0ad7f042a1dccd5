# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the files of a backup or an export: readable, short, and unique on every file system. Pure."""

from __future__ import annotations

import hashlib
import unicodedata

_LONGEST = (32, 56, 32)
"""Bytes of UTF-8 for the project, the name and the environment. With the rest, a file name has at most 143 bytes: what an
encrypted folder of eCryptfs allows, where other file systems allow 255. Programs that write a file beside it add a little."""
_DIGITS = 16  # of the SHA-256 that tells names apart


class FileNames:
    """Gives each file of a folder a name that no other has, regardless of upper and lower case.

    :arg suffix: the end of the names.
    """

    def __init__(self, suffix: str = ".pem") -> None:
        self._suffix = suffix
        self._taken: set[str] = set()

    def add(self, *exact: str) -> str:
        """The file name of a certificate in an environment, such as C(MyProject,web,production.pem).

        Where that is not exactly the names, or is taken, digits of a digest of the names tell it apart.

        :arg exact: up to three names: of a project, of a certificate, and of an environment.
        """
        readable = ",".join(_readable(text, longest) for text, longest in zip(exact, _LONGEST))
        if readable != ",".join(exact) or _same(readable) in self._taken:
            # A name may hold any character but a null character, so no two lists of names have the same text.
            digest = hashlib.sha256("\0".join(exact).encode("utf-8", "surrogatepass")).hexdigest()
            readable = f"{readable},{digest[:_DIGITS]}"
        self._taken.add(_same(readable))
        return readable + self._suffix


def _readable(text: str, longest: int) -> str:
    """A name as a part of a file name: other characters than letters, digits and a few signs are replaced."""
    kept = "".join(character if _is_safe(character) else "-" for character in unicodedata.normalize("NFC", text))
    # A file whose name starts with a period is hidden, and one that starts with a hyphen is taken for an option.
    kept = ("_" + kept[1:]) if kept[:1] in (".", "-") else kept
    return kept.encode("utf-8")[:longest].decode("utf-8", "ignore")


def _is_safe(character: str) -> bool:
    return character in " ._-" or unicodedata.category(character)[0] in "LNM"


def _same(name: str) -> str:
    """The same text for names that a file system may take for the same one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
