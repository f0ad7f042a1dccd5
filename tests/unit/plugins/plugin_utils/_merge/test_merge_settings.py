# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the playbook merge_reports."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._merge.merge_settings import (
    check_merge_variables,
    read_merge_settings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import AUDITS, ROTATIONS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError

UNSET = dict.fromkeys(["kind", "files", "results", "expected", "since", "output_dir", "formats", "fail"], "")


def test_the_defaults_search_for_rotations_and_write_nothing():
    settings = read_merge_settings({**UNSET, "dir": "reports", "base_dir": "/work", "results": {}, "fail": None})

    assert (settings.kind, settings.dir, settings.files, settings.results) == (ROTATIONS, ("/work/reports",), (), None)
    assert (settings.expected, settings.since, settings.output_dir, settings.fail) == ((), None, "", True)
    assert settings.formats == ("html", "md", "json", "prom")


def test_values_are_lists_or_text():
    settings = read_merge_settings(
        {
            "kind": "audit",
            "files": "a.json, /b/../c.json",
            "expected": ["manager-a", "manager-b"],
            "since": "2026-11-23T05:00:00Z",
            "output_dir": "out",
            "formats": "md,prom",
            "fail": "no",
            "base_dir": "/work",
        }
    )

    assert (settings.kind, settings.files) == (AUDITS, ("/work/a.json", "/c.json"))
    assert settings.expected == ("manager-a", "manager-b")
    assert settings.since == datetime(2026, 11, 23, 5, tzinfo=timezone.utc)
    assert (settings.output_dir, settings.formats, settings.fail) == ("/work/out", ("md", "prom"), False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "merge_reports_dir: set it to a folder to search for rotation.json, or set merge_reports_files"),
        ({"kind": "audit"}, "merge_reports_dir: set it to a folder to search for audit.json, or set"),
        ({"kind": "other"}, "merge_reports_kind: must be one of rotation, audit, not 'other'"),
        ({"dir": "x", "formats": "pdf"}, "merge_reports_formats: must be some of html, md, json, prom, not 'pdf'"),
        ({"dir": "x", "since": "yesterday"}, "merge_reports_since: must be a time such as 2026-11-23T05:00:00Z, not"),
        ({"dir": "x", "fail": "perhaps"}, "merge_reports_fail: must be true or false, not 'perhaps'"),
        ({"dir": "x", "expected": {"a": 1}}, "merge_reports_expected: must be a list of manager names, or text"),
        # Such as an empty group of the inventory: then every report would be missing, and none would be noticed.
        ({"dir": "x", "expected": []}, "merge_reports_expected: is an empty list of managers. Name at least one"),
        ({"files": " , "}, "merge_reports_files: is an empty list of files"),
    ],
)
def test_a_wrong_value_is_named(given, message):
    with pytest.raises(SettingError) as raised:
        read_merge_settings(given)
    assert str(raised.value).startswith(message)


def test_a_misspelled_variable_is_refused_and_an_unknown_one_is_named():
    with pytest.raises(SettingError) as raised:
        check_merge_variables(["merge_reports_dirs"])
    assert str(raised.value) == (
        "merge_reports_dirs: the playbook has no such variable. Did you mean merge_reports_dir?"
    )
    assert check_merge_variables(["merge_reports_colour", "merge_reports__artifacts", "merge_reports_since"]) == [
        "merge_reports_colour is not a variable of the playbook merge_reports, and has no effect"
    ]
