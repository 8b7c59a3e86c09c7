"""The journal of a lab's services: written, read behind the wall, and told to checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grader.errors import StudentError
from grader.guest import workspace_view
from grader.guest.places import Places
from grader.guest.refusal import Refused
from grader.guest.services import journal as journals
from grader.guest.services.context import Pending
from grader.guest.services.journal import Journal
from grader.labs.lab import Lab


def _places(folder: Path) -> Places:
    return Places(folder, folder, folder)


def test_the_newest_line_of_a_thing_holds(tmp_path: Path) -> None:
    """Things keep their order, changes replace, what is dropped is gone."""
    journal = Journal(tmp_path)
    journal.put("job", "1", {"name": "a"})
    journal.put("job", "2", {"name": "b"})
    journal.put("job", "1", {"name": "c"})
    journal.put("job", "3", {"name": "d"})
    journal.drop("job", "2")
    keys = [journal.add("received", {"n": n}) for n in (1, 2)]
    assert len(set(keys)) == 2
    assert workspace_view.view(_places(tmp_path)) == {
        "job": [{"name": "c"}, {"name": "d"}],
        "received": [{"n": 1}, {"n": 2}],
    }


def test_a_full_journal_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is told as if it were all."""
    monkeypatch.setattr(journals, "MAX_BYTES", 500)
    journal = Journal(tmp_path)
    for number in range(50):
        journal.add("received", {"n": number})
    assert (tmp_path / journals.PLACE).stat().st_size < 600
    with pytest.raises(Refused, match="did too much"):
        workspace_view.view(_places(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "nonsense\n",
        "[]\n",
        '{"kind": "job"}\n',
        '{"kind": 1, "id": "1", "data": {}}\n',
        '{"kind": "job", "id": "1", "data": 7}\n',
        "[" * 100_000,
        "\xff\n",
    ],
)
def test_a_journal_that_somebody_else_wrote_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever it holds, the answer is a sentence."""
    path = tmp_path / journals.PLACE
    path.parent.mkdir()
    path.write_text(text, encoding="latin-1")
    with pytest.raises(Refused, match="not as they write it"):
        workspace_view.view(_places(tmp_path))


def test_a_journal_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """Neither a link nor a folder is followed; without one, it is missing."""
    with pytest.raises(Refused, match="is gone") as refusal:
        workspace_view.view(_places(tmp_path))
    assert refusal.value.kind == "missing"
    path = tmp_path / journals.PLACE
    path.parent.mkdir()
    (tmp_path / "other").write_text("", encoding="utf-8")
    path.symlink_to(tmp_path / "other")
    with pytest.raises(Refused, match="is gone"):
        workspace_view.view(_places(tmp_path))
    path.unlink()
    path.mkdir()
    with pytest.raises(Refused):
        workspace_view.view(_places(tmp_path))


class _Answers:
    """Answers requests with prepared values."""

    printed = ""

    def __init__(self, **found: list[Any]) -> None:
        self._found = found

    def ask(self, role: str, op: str, **fields: Any) -> Any:
        """Settled, and what was prepared."""
        return True if op == "settle" else self._found


DELIVERY = {
    "webhook": "w",
    "event": "E",
    "target": "job 1",
    "payload": {"event": "E"},
    "test": False,
    "status": None,
    "attempts": 3,
    "error": "ConnectionError",
}
RUN = {
    "run_id": 1,
    "job_id": 2,
    "name": "n",
    "state": "TERMINATED",
    "result": "SUCCESS",
    "notebook_params": {"a": "b"},
    "job_parameters": {},
    "tasks": [
        {
            "key": "t",
            "state": "TERMINATED",
            "result": "SUCCESS",
            "parameters": {"a": "b"},
            "exit": "x",
            "error": "",
            "output": "",
        }
    ],
}


def test_checks_get_values_of_ours() -> None:
    """Webhooks, deliveries, messages, jobs and runs, by attributes."""
    hook = {"id": "w", "events": ["E"], "status": "ACTIVE", "description": ""}
    received = {"hook": "h", "method": "POST", "headers": {"X-A": "1"}, "body": "{", "status": 200}
    found = Lab(
        _Answers(
            webhook=[
                {**hook, "job_spec": {"job_id": "2"}, "model_name": "m"},
                {**hook, "http_url_spec": {"url": "u"}},
            ],
            delivery=[DELIVERY],
            received=[received, {**received, "body": '{"a": 1}'}],
            job=[{"job_id": 2, "settings": {"name": "n", "tasks": [{"task_key": "t"}, 7]}}],
            run=[RUN],
        ),
        {},
    ).workspace
    assert found.settled
    assert [(w.model, w.url, w.job_id) for w in found.webhooks] == [
        ("m", None, 2),
        (None, "u", None),
    ]
    assert (found.deliveries[0].status, found.deliveries[0].attempts) == (None, 3)
    assert [r.payload for r in found.received_at("h")] == [{}, {"a": 1}]
    assert found.received[0].headers == {"x-a": "1"}
    assert (found.jobs[0].name, found.jobs[0].tasks) == ("n", [{"task_key": "t"}])
    (run,) = found.runs_of(2)
    assert (task := run.task("t")) and task.exit == "x"
    assert run.task("u") is None
    assert found.runs_of(3) == []


@pytest.mark.parametrize(
    "found",
    [
        {"delivery": [{**DELIVERY, "attempts": "many"}]},
        {"delivery": [{**DELIVERY, "payload": 7}]},
        {"delivery": [{}]},
        {"run": [{**RUN, "tasks": 7}]},
        {"run": [{**RUN, "notebook_params": []}]},
        {"run": [{**RUN, "run_id": None}]},
        {"webhook": [7]},
        {"job": [{"job_id": 1.5, "settings": {}}]},
        {"received": [{"hook": "h", "headers": []}]},
    ],
)
def test_what_makes_no_sense_is_held_against_the_lab(found: dict[str, list[Any]]) -> None:
    """It is the student's word, and never a fault of the grader's."""
    with pytest.raises(StudentError, match="cannot be made sense of"):
        _ = Lab(_Answers(**json.loads(json.dumps(found))), {}).workspace


def test_waiting_ends_when_all_is_over() -> None:
    """At once if nothing is under way, and in time if something stays."""
    pending = Pending()
    assert pending.wait(0)
    with pending.one():
        pending.begin()
        assert not pending.wait(0.01)
        pending.end()
        assert not pending.wait(0)
    assert pending.wait(0)
