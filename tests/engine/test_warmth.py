"""Warm engines stay warm: walls, JVMs and Spark jobs are counted, for verdicts do not show them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.course.course import Course
from grader.labs import proof
from grader.labs.engines import RUNTIME
from grader.labs.load import load_labs
from grader.labs.pool import runtime_of, widest
from grader.labs.session import LabSession, limits_of
from grader.labs.station import Engines, Station
from grader.sandbox.interface import Sandbox

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

COURSE = Course(Path(__file__).parents[2])
LABS = load_labs(COURSE.labs_folder, COURSE.schemas)
#: At most so many jobs does Spark run for a lab's fixture and its reference's file.
JOBS = {
    "batch-deployment": 38,
    "delta-lake-operations": 24,
    "feature-store-operations": 39,
    "real-time-serving": 27,
    "streaming-deployment": 24,
}

#: Runs a lab's reference at the one station.
Run = Callable[[str], LabSession]


def station_for(engines: tuple[Sandbox, Engines], labs: list[str]) -> Station:
    """One station for these labs."""
    specs = [LABS[lab].spec for lab in labs]
    limits = widest([limits_of(spec) for spec in specs])
    return Station(*engines, labs, runtime_of(specs), limits)


@pytest.mark.smoke
def test_every_engine_is_tried_by_a_lab() -> None:
    """The quick run knows engines by the proofs of labs; one that no lab asks for needs a test."""
    assert set(runtime_of([lab.spec for lab in LABS.values()])) == set(RUNTIME)


def test_a_submissions_labs_share_one_wall_and_one_jvm(
    engines: tuple[Sandbox, Engines], tmp_path: Path
) -> None:
    """Twelve labs, one after the other: nothing is put up or started twice, and nothing replaced.

    A lab's start is cold if it is the first with its set of imports.
    """
    tmp_path.chmod(0o755)
    (tmp_path / "labs").mkdir()
    for id_, lab in LABS.items():
        shutil.copyfile(lab.folder / "solution.py", tmp_path / "labs" / f"{id_}.py")
    station = station_for(engines, list(LABS))
    jobs = {}
    try:
        station.admit(tmp_path)
        for id_, lab in LABS.items():
            with LabSession(lab, f"labs/{id_}.py", station, "seed") as session:
                session.run()
                assert session.stopped == ""
                assert session.ask("inspector", "files", pattern="no such file") == []
                if "spark" in lab.spec.runtime:
                    jobs[id_] = session.ask("runner", "jobs")
    finally:
        station.close()
    warmth = station.warmth
    assert warmth.replaced == []
    assert warmth.walls == {"runner": 1, "inspector": 1, "scorer": 1}
    assert warmth.jvms == 1
    assert set(warmth.started.values()) == {1}
    assert [cost.lab for cost in warmth.labs if not cost.warm] == [
        "batch-deployment",
        "delta-lake-operations",
        "drift-tests",
    ]
    assert {id_: n for id_, n in jobs.items() if n > JOBS[id_]} == {}


def test_a_labs_variants_share_one_wall_and_one_jvm(engines: tuple[Sandbox, Engines]) -> None:
    """As proofs run them: reference, stub and two wrong solutions."""
    lab = LABS["delta-lake-operations"]
    station = station_for(engines, [lab.spec.id])
    try:
        for variant in proof.few(proof.variants(lab, COURSE.schemas)):
            proof.grade_text(lab, variant.text, station, "seed")
            assert station.damage == []
    finally:
        station.close()
    assert station.warmth.replaced == []
    assert station.warmth.walls["runner"] == station.warmth.walls["inspector"] == 1
    assert station.warmth.jvms == 1
    assert [cost.warm for cost in station.warmth.labs] == [False, True, True, True]


@pytest.mark.smoke
def test_a_lab_without_engines_waits_for_none(
    engines: tuple[Sandbox, Engines], tmp_path: Path
) -> None:
    """Whatever other labs of the course need: no JVM, no imports."""
    tmp_path.chmod(0o755)
    (tmp_path / "labs").mkdir()
    shutil.copyfile(LABS["drift-tests"].folder / "solution.py", tmp_path / "labs/drift-tests.py")
    station = station_for(engines, list(LABS))
    try:
        station.admit(tmp_path)
        with LabSession(LABS["drift-tests"], "labs/drift-tests.py", station, "seed") as session:
            session.run()
            assert session.stopped == ""
    finally:
        station.close()
    assert station.warmth.jvms == 0
    assert station.warmth.started == {"runner: imports: none": 1}
