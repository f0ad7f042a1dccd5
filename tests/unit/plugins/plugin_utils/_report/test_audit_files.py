# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report files of an audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import audit_report
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.phases import PHASES
from unit.plugins.plugin_utils._report.test_samples import AUDITS
from unit.plugins.plugin_utils._rotation.fakes import FakeFiles, FakeTask


def _write(files: FakeFiles, audit: object, *, check_mode: bool = False) -> object:
    task = FakeTask(Path(), None, files, {}, check_mode=check_mode)
    return PHASES["audit_files"](task, settings={"dir": "/reports", "audit": audit})


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("name", ["findings", "gateways", "hostile"])
def test_every_format_is_written_in_check_mode_as_well(name, check_mode):
    audit, files = AUDITS[name](), FakeFiles()

    assert _write(files, audit, check_mode=check_mode) == {"changed": False}

    assert files.modes == {
        "/reports": 0o755,
        "/reports/audit.json": 0o644,
        "/reports/audit.html": 0o644,
        "/reports/audit.md": 0o644,
        "/reports/apinizer_certificates.prom": 0o644,
    }
    texts = {path: content.decode() for path, content in files.contents.items()}
    # The file is equal to that of the filter to_nice_json.
    assert texts["/reports/audit.json"] == json.dumps(audit, indent=4, sort_keys=True, ensure_ascii=False) + "\n"
    assert texts["/reports/audit.html"] == audit_report(audit, "html")
    assert texts["/reports/audit.md"] == audit_report(audit, "md")
    assert texts["/reports/apinizer_certificates.prom"] == audit_report(audit, "prom")


def test_folder_that_cannot_be_made_is_named_with_its_variable():
    assert _write(FakeFiles(unusable=["/reports"]), AUDITS["clean"]()) == {
        "changed": False,
        "failed": True,
        "msg": "certificate_audit_report_dir: the folder /reports cannot be created",
    }
