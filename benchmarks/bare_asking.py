"""Answer a lab's checks in the process that ran its file, without any wall."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader.course.course import Course
from grader.guest.encode import encode
from grader.guest.inspector import Inspector
from grader.guest.places import Places
from grader.labs.lab import Answers, Lab
from grader.labs.load import load_labs
from grader.sandbox import wire


def check(
    root: Path,
    lab_id: str,
    names: dict[str, Any],
    workspace: Path,
    data: dict[str, Any],
    settle: Callable[[], bool],
) -> tuple[float, float]:
    """Run the checks of a lab on what its file defined: seconds of looking, and of calls.

    `settle` waits for the lab's services.

    Raises:
        AssertionError: a check does not hold.
    """
    course = Course(root)
    lab = load_labs(course.labs_folder, course.schemas)[lab_id]
    copies = workspace.with_name(f"copies-{lab_id}")
    copies.mkdir()
    asking = _Asking(names, Places(workspace, workspace, copies), settle)
    answers: Answers = {}
    for function in lab.checks.values():
        function(Lab(asking, data, answers))
    return asking.looks, asking.calls


class _Asking:
    """See `grader.labs.lab.Asking`."""

    def __init__(self, names: dict[str, Any], places: Places, settle: Callable[[], bool]) -> None:
        self._names = names
        self._settle = settle
        self._places = places
        self._inspector = Inspector(places)
        self.calls = self.looks = 0.0
        self.printed = ""

    def ask(self, role: str, op: str, **fields: Any) -> Any:
        begun = time.monotonic()
        try:
            # As it would come over the wire: infinity, for one, is written in a way of its own.
            told = wire.encode({"id": "", "value": self._answer(role, op, fields)})
            return wire.decode(told, "")["value"]
        finally:
            taken = time.monotonic() - begun
            if role == "runner":
                self.calls += taken
            else:
                self.looks += taken

    def _answer(self, role: str, op: str, fields: dict[str, Any]) -> Any:
        real, shown = self._places.real, self._places.shown
        if role == "inspector":
            return encode(self._inspector.handle(op, fields))
        if role == "scorer":
            import mlflow.pyfunc
            import pandas as pd

            model = mlflow.pyfunc.load_model(real(fields["model_uri"]))
            return encode(model.predict(pd.DataFrame(fields["rows"])))
        if op == "settle":
            return self._settle()
        if op == "value":
            return encode(self._names[fields["name"]])
        args, kwargs = real(list(fields["args"])), real(fields["kwargs"])
        return shown(encode(self._names[fields["function"]](*args, **kwargs)))
