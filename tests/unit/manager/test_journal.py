# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: what it records of each request, and the secrets that it leaves out."""

from __future__ import annotations

from manager import ALL_RIGHTS


def test_what_is_recorded(api, new):
    api.manager.add_project('My Project/%2F"ü', ["staging"])
    api("GET", "projects", 'My Project/%2F"ü', "certificates", params={"a": "1", "b": ""})
    request = api.manager.journal[-1]
    assert request.method == "GET"
    assert request.segments == ("projects", 'My Project/%2F"ü', "certificates")
    assert request.path == '/apiops/projects/My Project/%2F"ü/certificates/'
    assert request.raw_path == "/apiops/projects/My%20Project%2F%252F%22%C3%BC/certificates/"
    assert request.query == {"a": "1", "b": ""}
    assert request.headers["user-agent"].startswith("python-requests")
    assert (request.status, request.applied, request.faults) == (200, False, ())


def test_form_values_and_files(api, new):
    part = ("renewed.pem", new.pem, "application/x-pem-file", {"Content-Transfer-Encoding": "binary"})
    api.put(new.pem, "staging", "production", form={"certificateDescription": "Übung"}, files={"pemEncodedFile": part})
    request = api.manager.journal[-1]
    assert request.fields == {
        "alias": "web",
        "certificateDescription": "Übung",
        "environmentList": "staging,production",
    }
    file = request.files["pemEncodedFile"]
    assert (file.filename, file.content_type, file.transfer_encoding) == (
        "renewed.pem",
        "application/x-pem-file",
        "binary",
    )
    assert file.content == new.pem.encode()
    assert (request.status, request.applied) == (200, True)


def test_a_rejected_write_is_not_applied(api):
    api.put("nothing", "staging")
    assert (api.manager.journal[-1].status, api.manager.journal[-1].applied) == (400, False)


def test_tokens_are_recorded_by_name(api):
    task = api.manager.add_token("task 7")
    api("GET", "projects")
    api("GET", "projects", headers={"Authorization": f"Bearer {task}"})
    api("GET", "projects", headers={"Authorization": task})
    api("GET", "projects", headers={"Authorization": "Bearer guessed-value"})
    api("GET", "projects", headers={"Authorization": None})
    journal = api.manager.journal
    assert [request.token for request in journal] == [ALL_RIGHTS, "task 7", "task 7", "(unknown)", None]
    assert journal[1].headers["Authorization"] == "task 7"
    assert "Authorization" not in journal[4].headers
    assert [request.status for request in journal.by("task 7")] == [200, 401]
    recorded = repr([vars(request) for request in journal])
    assert not [secret for secret in (task, api.manager.token, "guessed-value") if secret in recorded]


def test_writes_and_methods_and_repr(api, new):
    api.get()
    api.put(new.pem, "staging")
    api.delete()
    journal = api.manager.journal
    assert journal.methods() == ["GET", "PUT", "DELETE"]
    assert journal.writes().methods() == ["PUT", "DELETE"]
    assert len(journal.by(ALL_RIGHTS).writes()) == 2
    assert "DELETE /apiops/projects/MyProject/certificates/web/ → 200" in repr(journal)


def test_a_mark_shows_later_requests(api):
    api.get()
    later = api.manager.journal.mark()
    assert later.methods() == []
    api.delete()
    assert later.methods() == ["DELETE"]
    api.manager.journal.clear()
    assert api.manager.journal.methods() == later.methods() == []
    api.delete()
    assert later.methods() == ["DELETE"]


def test_connections_are_numbered(api):
    api.get()
    api.get()
    assert len(api.manager.journal.connections()) == 1
    api.session.close()
    api.get()
    assert [request.connection for request in api.manager.journal] == [1, 1, 2]
