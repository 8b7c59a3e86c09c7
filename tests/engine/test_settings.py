"""Our settings of Spark and Delta change how long a lab takes, and nothing that it can see."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.course.course import Course
from grader.errors import StudentError
from grader.labs.checking import run_check
from grader.labs.engines import prepare
from grader.labs.load import LoadedLab, load_labs
from grader.labs.pool import runtime_of
from grader.labs.session import LabSession, limits_of
from grader.labs.station import Station
from grader.labs.training import roomy
from grader.labs.walls import open_sandbox
from grader.sandbox.interface import RoleName

COURSE = Course(Path(__file__).parents[2])
LABS = {
    id_: roomy(lab)
    for id_, lab in load_labs(COURSE.labs_folder, COURSE.schemas).items()
    if "spark" in lab.spec.runtime
}
#: What differs from Spark's and Delta's defaults, 200, 50 and 200 tasks: several times as many as
#: with our settings show all that a number of tasks can change, and do not take minutes.
FEWER = {
    "spark.sql.shuffle.partitions": "7",
    "spark.databricks.delta.snapshotPartitions": "4",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "5",
}
#: Minutes under such settings on two busy cores.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

#: What differs between any two runs: ids, and the file names that are made of them.
_RANDOM = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b"
    r"|^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"  # when a line was logged
    r"|(?<=127\.0\.0\.1:)\d+|(?<=\w#)\d+",  # ports, and columns as Spark counts them
    re.MULTILINE,
)
#: Likewise: moments, how long something took, and what a served model does after idle seconds.
_TIMES = re.compile(r".*timestamp|.*(TimeMs|_time_ms)|seconds|cold|deployment_state_message")

#: A stream that aggregates writes one file for each partition of its state, whose number is a
#: setting that Spark does not adapt: how many files, and of what size.
_STATE = re.compile(r"num(Added|Output)(Files|Bytes)|active_files|files_on_disk")

#: The requests of a lab's checks, in their order, with what came of each.
Observations = list[tuple[str, Any]]


class Observed(LabSession):
    """A lab whose every answer is noted."""

    def __init__(self, lab: LoadedLab, file: str, station: Station) -> None:
        super().__init__(lab, file, station, "conformance")
        self.seen: Observations = []

    def ask(self, role: RoleName, op: str, **fields: Any) -> Any:
        """See `LabSession.ask`."""
        request = _RANDOM.sub("...", json.dumps([role, op, fields], sort_keys=True))
        try:
            value = super().ask(role, op, **fields)
        except StudentError as error:
            self.seen.append((request, f"{error.kind}: {error}"))
            raise
        self.seen.append((request, _lasting(value)))
        return value


def _lasting(value: Any) -> Any:
    """`value` without what may differ."""
    if isinstance(value, str):
        return _RANDOM.sub("...", value)
    if isinstance(value, list):
        return [_lasting(v) for v in value]
    if isinstance(value, dict):
        told = {k: "..." if _TIMES.fullmatch(k) else _lasting(v) for k, v in value.items()}
        streamed = any(h["operation"] == "STREAMING UPDATE" for h in value.get("history", []))
        return _stateless(told) if streamed else told
    return value


def _stateless(value: Any) -> Any:
    """`value`, of a table that a stream has written, without numbers and sizes of files."""
    if isinstance(value, list):
        return [_stateless(v) for v in value]
    if isinstance(value, dict):
        return {k: "..." if _STATE.fullmatch(k) else _stateless(v) for k, v in value.items()}
    return value


@pytest.fixture(scope="module")
def stations() -> Iterator[tuple[Station, Station]]:
    """One with our settings, one without; each runs one lab after the other."""
    sandbox = open_sandbox()
    specs = [lab.spec for lab in LABS.values()]
    runtime = runtime_of(specs)
    engines = prepare(sandbox, runtime, lambda _: None)
    limits = limits_of(specs[0])  # those of all: they are roomy
    with ExitStack() as stack:
        made = []
        for tuning in (None, FEWER):
            station = Station(sandbox, replace(engines, tuning=tuning), list(LABS), runtime, limits)
            stack.callback(station.close)
            made.append(station)
        yield made[0], made[1]


def observe(station: Station, lab: LoadedLab, folder: Path) -> Observations:
    """All that the lab's checks see of its reference, which must be right."""
    (folder / "labs").mkdir(parents=True)
    name = f"labs/{lab.spec.id}.py"
    shutil.copyfile(lab.folder / "solution.py", folder / name)
    station.admit(folder)
    with Observed(lab, name, station) as session:
        session.run()
        assert session.stopped == ""
        results = [run_check(lab, check, session) for check in lab.spec.checks]
        assert [r.reason for r in results if r.verdict.value != "correct"] == []
        return [*session.seen, ('["printed"]', _lasting(session.printed))]


@pytest.mark.parametrize("lab_id", LABS)
def test_a_lab_sees_the_same_without_our_settings(
    lab_id: str, stations: tuple[Station, Station], tmp_path: Path
) -> None:
    """Every answer that a reference's checks get is the same with our settings and without.

    Of partitions and tasks there are several times as many as ours, not a hundred times.
    """
    lab = LABS[lab_id]
    tmp_path.chmod(0o755)
    ours = observe(stations[0], lab, tmp_path / "ours")
    theirs = observe(stations[1], lab, tmp_path / "defaults")
    assert [request for request, _ in ours] == [request for request, _ in theirs]
    different = [
        (request, mine, default)
        for (request, mine), (_, default) in zip(ours, theirs, strict=True)
        if _unordered(request, mine) != _unordered(request, default)
    ]
    told = [
        f"{request}\n  ours: {mine}\n  defaults: {default}" for request, mine, default in different
    ]
    assert not told, "\n".join(told)


def _unordered(request: str, value: Any) -> Any:
    """Rows of a table that is read back have no order to compare."""
    if json.loads(request)[1:2] == ["rows"] and isinstance(value, list):
        return sorted(value, key=lambda row: json.dumps(row, sort_keys=True))
    return value
