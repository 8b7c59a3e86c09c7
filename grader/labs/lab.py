"""The `lab` that a check is given: the vocabulary of observations, each a request over the wall."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from grader.core.clean import clean
from grader.errors import StudentError
from grader.labs.features import Features
from grader.labs.shapes import misfit
from grader.labs.workspace import Workspace, made_of
from grader.sandbox.interface import RoleName

T = TypeVar("T")
#: What calls were answered: JSON values or failures, by the calls as JSON.
Answers = dict[str, Any]


class Asking(Protocol):
    """How observations are had. Both methods raise `StudentError` and `SandboxFault`."""

    def ask(self, role: RoleName, op: str, **fields: Any) -> Any:
        """The value of one request to the `runner`, `inspector` or `scorer`."""
        ...

    @property
    def printed(self) -> str:
        """What the student's file printed."""
        ...


class WrongShape(AssertionError):
    """An observation is not of the form that the task asks for."""


@dataclass(frozen=True, slots=True)
class DeltaTable:
    """A Delta table as the lab left it. `history` is oldest first, one mapping per commit with
    `version`, `operation`, `parameters` and `metrics` (texts), and `timestamp` (ms)."""

    name: str
    version: int
    history: Sequence[Mapping[str, Any]]
    schema: Mapping[str, str]
    partitions: Sequence[str]
    active_files: int
    files_on_disk: int
    _ask: Asking

    @property
    def operations(self) -> list[str]:
        """The operation of each commit, oldest first."""
        return [h["operation"] for h in self.history]

    def rows(self, version: int | None = None) -> list[dict[str, Any]]:
        """All rows, now or at `version`, in no particular order."""
        found = self._ask.ask("inspector", "rows", table=self.name, version=version)
        return cast(list[dict[str, Any]], found)


@dataclass(frozen=True, slots=True)
class Model:
    """A logged model: its flavors, and its signature's columns as MLflow writes them."""

    name: str
    id: str
    flavors: Sequence[str]
    inputs: Sequence[Mapping[str, Any]]
    outputs: Sequence[Mapping[str, Any]]
    example: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the tracking store. Params are texts; `parent` is a run id or None."""

    id: str
    name: str
    status: str
    experiment: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    parent: str | None
    artifacts: Sequence[str]
    models: Sequence[Model]


@dataclass(frozen=True, slots=True)
class Tracking:
    """The tracking store and registry as the lab left them; runs are oldest first."""

    experiments: Sequence[str]
    runs: Sequence[Run]
    registered: Sequence[Mapping[str, Any]]

    def named(self, name: str) -> list[Run]:
        """The runs with this name."""
        return [r for r in self.runs if r.name == name]

    def children(self, run: Run) -> list[Run]:
        """The runs nested in `run`."""
        return [r for r in self.runs if r.parent == run.id]


@contextmanager
def _sensible(what: str) -> Iterator[None]:
    """Hold an answer that makes no sense against the lab: a crafted file may break an inspector.

    Raises:
        StudentError: it has not the form that our own code gives it.
    """
    try:
        yield
    except (TypeError, KeyError, AttributeError) as error:
        raise StudentError(f"{what} cannot be made sense of", "output") from error


class Lab:
    """One student's lab. `data` is what the lab's fixture made for it; checks that share `answers`
    share what `call_once` was answered."""

    def __init__(
        self, asking: Asking, data: Mapping[str, Any], answers: Answers | None = None
    ) -> None:
        self._ask = asking
        self._answers: Answers = {} if answers is None else answers
        self.data = data

    def call(self, function: str, *args: Any, returns: type[T] | Any, **kwargs: Any) -> T:
        """Call the student's `function` with JSON values; its result must be of form `returns`.

        Tables come back as lists of rows, in the order the student gave them.

        Raises:
            StudentError: it is not defined, raised, or took too long.
            WrongShape: its result has another form; an assertion, so the check is wrong.
        """
        value = self._called(function, args, kwargs)
        return cast("T", self._shaped(value, returns, f"the result of {function}"))

    def call_once(self, function: str, *args: Any, returns: type[T] | Any, **kwargs: Any) -> T:
        """As `call`, but checks that ask the same of a lab have one call's answer, or failure.

        For a function that changes nothing: one that is slow, or never ends, costs its time once.
        """
        key = json.dumps([function, args, kwargs], sort_keys=True)
        if key not in self._answers:
            try:
                self._answers[key] = self._called(function, args, kwargs)
            except StudentError as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, StudentError):
            raise StudentError(str(answer), answer.kind)
        return cast("T", self._shaped(deepcopy(answer), returns, f"the result of {function}"))

    def value(self, name: str, returns: type[T] | Any) -> T:
        """The student's variable `name`, of form `returns`. Raises as `call` does."""
        return cast("T", self._shaped(self._ask.ask("runner", "value", name=name), returns, name))

    def delta(self, table: str) -> DeltaTable:
        """The Delta table `table` (a name, or a path in the workspace).

        Raises:
            StudentError: there is none, or it cannot be read.
        """
        found = self._ask.ask("inspector", "delta", table=table)
        with _sensible(f"the table {table!r}"):
            return DeltaTable(name=table, _ask=self._ask, **found)

    @property
    def mlflow(self) -> Tracking:
        """The tracking store, as it is now."""
        found = self._ask.ask("inspector", "mlflow")
        with _sensible("the tracking store"):
            runs = [
                Run(**{**r, "models": tuple(Model(**m) for m in r["models"])})
                for r in found["runs"]
            ]
            return Tracking(found["experiments"], runs, found["registered"])

    @property
    def features(self) -> Features:
        """The Feature Store, as it is now.

        Raises:
            StudentError: it cannot be read.
        """
        found = self._ask.ask("inspector", "features")
        with _sensible("the feature store"):
            return Features.of(found)

    @property
    def workspace(self) -> Workspace:
        """What the workspace's services have and did, once deliveries and runs are over."""
        settled = self._ask.ask("runner", "settle")
        found = self._ask.ask("inspector", "workspace")
        with _sensible("the journal of the workspace's services"):
            return made_of(found, settled=settled is True)

    def predict(self, model_uri: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """What the model at `model_uri` predicts for `rows`, in a process of its own.

        Raises:
            StudentError: it cannot be loaded, raised, or took too long.
            WrongShape: it did not answer one value per row.
        """
        found = self._ask.ask("scorer", "predict", model_uri=model_uri, rows=list(rows))
        answer: list[Any] = self._shaped(found, list, "the prediction")
        if len(answer) != len(rows):
            raise WrongShape(f"the model answered {len(answer)} values for {len(rows)} rows")
        return answer

    def files(self, pattern: str) -> list[str]:
        """Files of the workspace that match a glob pattern."""
        return cast(list[str], self._ask.ask("inspector", "files", pattern=pattern))

    def text(self, path: str) -> str:
        """A text file of the workspace."""
        return cast(str, self._ask.ask("inspector", "text", path=path))

    @property
    def output(self) -> str:
        """What the student's file printed, cleaned."""
        return clean(self._ask.printed, 100_000)

    def _called(self, function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return self._ask.ask("runner", "call", function=function, args=args, kwargs=kwargs)

    def _shaped(self, value: Any, shape: Any, place: str) -> Any:
        wrong = misfit(value, shape, place)
        if wrong:
            raise WrongShape(wrong)
        return value
