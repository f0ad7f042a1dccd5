# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the reports: what each code of the input is called, its sign and its tone. Pure.

A reader must be able to do without colour, so every tone comes with a sign and a word.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """One state of something.

    :arg key: the code in the input.
    :arg sign: one character.
    :arg label: the state in words.
    :arg tone: good, info, neutral, warn or bad; it becomes a colour.
    """

    key: str
    sign: str
    label: str
    tone: str

    @property
    def text(self) -> str:
        """Sign and words, for where there is no colour at all."""
        return f"{self.sign} {self.label}"


Vocabulary = t.Mapping[str, Word]


def word(vocabulary: Vocabulary, key: str) -> Word:
    """The word for a code. An unknown one speaks for itself: a report must not fail for want of a word."""
    return vocabulary.get(key) or Word(key, "•", key.replace("_", " ").capitalize(), "neutral")


def rank(vocabulary: Vocabulary, state: Word) -> int:
    """The place of a state in its vocabulary, for sorting; unknown ones come first."""
    return list(vocabulary).index(state.key) if state.key in vocabulary else -1


def _vocabulary(*entries: tuple[str, str, str, str]) -> Vocabulary:
    return {entry[0]: Word(*entry) for entry in entries}


RUN = _vocabulary(
    ("nothing_to_do", "✓", "Nothing to do", "good"),
    ("planned", "○", "Planned, nothing written", "info"),
    ("rotated", "✓", "Rotated", "good"),
    ("refused", "!", "Refused, nothing written", "warn"),
    ("failed", "✕", "Failed", "bad"),
    ("rolled_back", "↶", "Failed and rolled back", "warn"),
    ("rollback_failed", "✕", "Failed, and the rollback failed", "bad"),
)

WAVE = _vocabulary(
    ("done", "✓", "Done", "good"),
    ("failed", "✕", "Failed", "bad"),
    ("rolled_back", "↶", "Rolled back", "warn"),
    ("not_started", "○", "Not started", "neutral"),
)

# In the order in which a reader should meet them.
CERTIFICATE = _vocabulary(
    ("failed", "✕", "Failed", "bad"),
    ("rolled_back", "↶", "Rolled back", "warn"),
    ("skipped", "!", "Skipped, a guard failed", "warn"),
    ("rotated", "✓", "Rotated", "good"),
    ("planned", "○", "Planned", "info"),
    ("not_started", "○", "Not started", "neutral"),
    ("not_due", "—", "Not due", "neutral"),
    ("in_sync", "=", "In sync", "neutral"),
)

HOLDS = _vocabulary(
    ("new", "✓", "New certificate", "good"),
    ("previous", "↶", "Previous certificate", "neutral"),
    ("unchanged", "=", "Unchanged", "neutral"),
    ("other", "✕", "Another certificate", "bad"),
    ("nothing", "—", "No certificate", "neutral"),
    ("unknown", "?", "Not known, not read back", "warn"),
    ("unmarked", "?", "No fingerprint to compare", "warn"),
)

DEPLOYMENT = _vocabulary(
    ("true", "✓", "Deployed", "good"),
    ("false", "✕", "Deployment failed", "bad"),
    ("null", "?", "Deployment not confirmed", "warn"),
)

ROLLBACK = _vocabulary(
    ("complete", "✓", "Complete", "good"),
    ("incomplete", "✕", "Not complete", "bad"),
    ("none", "—", "Not performed", "neutral"),
)

GUARD = _vocabulary(
    ("true", "✓", "Passed", "good"),
    ("false", "✕", "Failed", "bad"),
)

FINDING = _vocabulary(
    ("expired", "✕", "Expired", "bad"),
    ("expires_soon", "!", "Expires soon", "warn"),
    ("drift", "≠", "Drift", "warn"),
    ("duplicate_entries", "+", "Duplicate entries", "warn"),
)

AUDIT = _vocabulary(
    ("expired", "✕", "Expired certificates", "bad"),
    ("findings", "!", "Findings to look at", "warn"),
    ("clean", "✓", "No findings", "good"),
    ("empty", "—", "No certificates", "neutral"),
)

ACTION: t.Mapping[str, str] = {"create": "Create", "update": "Update", "none": "No change"}

REASON: t.Mapping[str, str] = {
    "absent": "has no certificate",
    "differs": "holds a different certificate",
    "expires_soon": "its certificate expires soon",
    "expired": "its certificate has expired",
    "in_sync": "holds the wanted certificate",
    "not_due": "not due yet",
    "duplicate_entries": "has duplicate entries",
    "forced": "forced",
}

STRATEGY: t.Mapping[str, str] = {
    "replace": "Replace in all environments at once",
    "per_environment": "One environment at a time",
}
