"""`dbutils.jobs.taskValues`: what the tasks of one job run tell each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TaskValues:
    """Values of the tasks before, by task and key; None outside of a job."""

    def __init__(self, before: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._before = before
        #: What this task has set.
        self.made: dict[str, Any] = {}

    def set(self, key: str, value: Any) -> None:
        """Leave a JSON value for the tasks after this one."""
        self.made[key] = value

    def get(self, taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:  # noqa: N803 - the names are Databricks'
        """What a task before left.

        Raises:
            TypeError: outside of a job, without `debugValue`.
            ValueError: it left nothing by that key, and there is no default.
        """
        if self._before is None:
            if debugValue is None:
                raise TypeError("outside of a job, taskValues.get needs a debugValue")
            return debugValue
        value = self._before.get(taskKey, {}).get(key, default)
        if value is None:
            raise ValueError(f"the task {taskKey!r} has set no value {key!r}")
        return value


class Jobs:
    """`dbutils.jobs`."""

    def __init__(self, values: TaskValues | None = None) -> None:
        self.taskValues = values or TaskValues()
