"""What jobs are made of: tasks, their order, their parameters."""

from __future__ import annotations

from typing import Any

import pytest

from grader.guest.services.errors import ApiError
from grader.guest.services.jobs import settings as job_settings
from grader.guest.services.jobs.settings import Given

NOTHING = Given.of({})


def _task(key: str, *needs: str, **more: Any) -> dict[str, Any]:
    after = {"depends_on": [{"task_key": need} for need in needs]} if needs else {}
    return {"task_key": key, "notebook_task": {"notebook_path": f"/{key}"}, **after, **more}


def test_tasks_come_after_those_they_need() -> None:
    """Else they keep the order they are given in."""
    tasks = [_task("d", "b", "c"), _task("x"), _task("c", "a"), _task("b", "a"), _task("a")]
    assert job_settings.in_order(tasks) == ["x", "a", "c", "b", "d"]


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ([], "at least one task"),
        ("x", "at least one task"),
        ([_task("a"), _task("a")], "two tasks have the task_key 'a'"),
        ([_task("a", "b")], "depends on 'b', which is no task"),
        ([_task("a", "b"), _task("b", "a")], "in a circle"),
        ([_task("a", "a")], "in a circle"),
        ([_task("a b")], "'task_key' of letters"),
        ([{"task_key": "a"}], r"must have one of .* \(got none\)"),
        ([{"task_key": "a", "sql_task": {}}], r"\(got sql_task\)"),
        ([_task("a", spark_python_task={"python_file": "/x"})], "got notebook_task, spark"),
        ([{"task_key": "a", "notebook_task": {}}], "must have a 'notebook_path'"),
        ([_task("a", notebook_task={"notebook_path": "x"})], "must be absolute"),
        ([_task("a", job_cluster_key="c")], "'c', which is not defined"),
        ([_task("a", run_if="NEVER")], "'run_if' must be one of"),
        (
            [_task("a", notebook_task={"notebook_path": "/x", "base_parameters": ["y"]})],
            "'base_parameters' must be an object",
        ),
    ],
)
def test_a_job_that_cannot_run_is_refused(tasks: Any, told: str) -> None:
    """With the task and what is wrong with it."""
    with pytest.raises(ApiError, match=told):
        job_settings.settings_of({"name": "n", "tasks": tasks})


def test_settings_get_defaults_and_keep_the_rest() -> None:
    """Whatever else there is, is kept."""
    made = job_settings.settings_of({"tasks": [_task("a")], "tags": {"x": "y"}})
    assert (made["name"], made["max_concurrent_runs"], made["tags"]) == ("Untitled", 1, {"x": "y"})


def test_a_job_of_the_first_api_has_one_task() -> None:
    """Its settings become those of a task."""
    made = job_settings.settings_of(
        {"name": "n", "notebook_task": {"notebook_path": "/x"}, "new_cluster": {"num_workers": 1}}
    )
    assert made["tasks"] == [
        {
            "task_key": "main",
            "notebook_task": {"notebook_path": "/x"},
            "new_cluster": {"num_workers": 1},
        }
    ]
    assert made["format"] == "SINGLE_TASK"
    assert "notebook_task" not in made


@pytest.mark.parametrize(
    ("rule", "results", "runs"),
    [
        (None, [], True),
        (None, ["SUCCESS", "SUCCESS"], True),
        (None, ["SUCCESS", "FAILED"], False),
        ("ALL_DONE", ["FAILED"], True),
        ("ALL_FAILED", ["FAILED", "UPSTREAM_FAILED"], True),
        ("ALL_FAILED", ["SUCCESS", "FAILED"], False),
        ("AT_LEAST_ONE_SUCCESS", ["SUCCESS", "FAILED"], True),
        ("AT_LEAST_ONE_SUCCESS", ["FAILED"], False),
        ("AT_LEAST_ONE_FAILED", ["SUCCESS", "FAILED"], True),
        ("AT_LEAST_ONE_FAILED", ["SUCCESS"], False),
        ("NONE_FAILED", ["FAILED"], False),
    ],
)
def test_a_task_runs_by_the_results_before_it(
    rule: str | None, results: list[str], runs: bool
) -> None:
    """As `run_if` says; all must have succeeded if it says nothing."""
    assert job_settings.runs_after({"run_if": rule}, results) is runs


def test_parameters_of_a_notebook_have_an_order() -> None:
    """The task's own, then those of the run, then those of the job."""
    base = {"a": "1", "b": "1", "c": "1", "d": 7}
    task = _task("t", notebook_task={"notebook_path": "/t", "base_parameters": base})
    given = Given.of({"notebook_params": {"b": "2", "c": "2"}})
    assert job_settings.widgets_of(task, given, {"c": "3"}, {}) == {
        "a": "1",
        "b": "2",
        "c": "3",
        "d": "7",
    }


def test_job_parameters_have_defaults_and_must_be_known() -> None:
    """A run may give others than the defaults, but no new ones."""
    settings = {"parameters": [{"name": "a", "default": "1"}, {"name": "b", "default": "1"}]}
    given = Given.of({"job_parameters": {"b": "2"}})
    assert job_settings.parameters_of(settings, given) == {"a": "1", "b": "2"}
    with pytest.raises(ApiError, match="no parameter 'c'"):
        job_settings.parameters_of(settings, Given.of({"job_parameters": {"c": "3"}}))


def test_arguments_of_a_file_are_replaced_as_a_whole() -> None:
    """An empty list is one, too."""
    task = {"spark_python_task": {"python_file": "/x", "parameters": ["a", "{{job.id}}"]}}
    values = {"job.id": "5"}
    assert job_settings.arguments_of(task, NOTHING, values) == ["a", "5"]
    assert job_settings.arguments_of(task, Given.of({"python_params": []}), values) == []
    with pytest.raises(ApiError, match="list of texts"):
        Given.of({"python_params": [1]})


def test_references_are_filled_where_they_are_known() -> None:
    """An unknown one stays, as on Databricks: `{{model.name}}` names nothing."""
    values = {"job.run_id": "9", "tasks.a.values.k": "v"}
    text = "{{job.run_id}}-{{ tasks.a.values.k }}-{{model.name}}"
    assert job_settings.filled(text, values) == "9-v-{{model.name}}"


def test_an_update_replaces_tasks_by_key() -> None:
    """Others stay, and so do settings that it does not name."""
    before = {"name": "n", "tasks": [_task("a"), _task("b")], "tags": {}}
    changed = _task("b", max_retries=2)
    made = job_settings.merged(before, {"tasks": [changed, _task("c")]})
    assert made == {"name": "n", "tasks": [_task("a"), changed, _task("c")], "tags": {}}
