"""`pytest labs/`: every lab proved against its own right and wrong solutions.

One item per variant (`labs/delta-lake-operations/lab.yaml::mutants/plain_parquet`), and `twice`,
which grades the reference again and compares. Alternatives, most mutants and `twice` are deep: they
run with `--deep`, or when they are named.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.core.model import LabSpec
from grader.core.verdict import Result
from grader.course.course import Course
from grader.course.yamldoc import shown
from grader.errors import CourseError, GraderError
from grader.labs import proof
from grader.labs.engines import prepare
from grader.labs.load import LoadedLab, load_one, misplaced
from grader.labs.pool import runtime_of, widest
from grader.labs.session import limits_of, seed_of
from grader.labs.station import Station
from grader.labs.walls import open_sandbox
from grader.plugin import options
from grader.plugin.progress import Progress


class LabsPlugin:
    """Collects `labs/` of a course."""

    def __init__(self, course: Course, config: pytest.Config) -> None:
        self._course = course
        self._config = config
        self._progress = Progress(config)
        self._station: Station | None = None
        #: The labs that have been collected.
        self.specs: list[LabSpec] = []

    def grade(self, lab: LoadedLab, text: str) -> tuple[list[Result], str]:
        """Grade one variant of a lab, as `proof.grade_text` does.

        Raises:
            AssertionError: it, or one before it, has cost the next lab its warm engines.
        """
        seed = seed_of(self._course.secret, lab.spec.id)
        station = self._open()
        found = proof.grade_text(lab, text, station, seed)
        if station.damage:
            told = "; ".join(station.damage)
            self._close()  # so that it is told once
            raise AssertionError(f"no other lab could use the engines after it: {told}")
        return found

    def _open(self) -> Station:
        """Return the station where all variants run, one after the other as a submission's labs.

        So a proof also says that no wrong solution spoils what comes after it.
        """
        if self._station is not None and self._station.spoilt:
            self._close()
        if self._station is None:
            sandbox = open_sandbox(options.containment(self._config))
            runtime = runtime_of(self.specs)
            engines = prepare(sandbox, runtime, self._progress.say)
            self._progress.say("")
            # Without a trained cache, Java takes longer to learn than it would then save.
            lasting = engines.cache is not None and options.deep(self._config)
            self._station = Station(
                sandbox,
                replace(engines, lasting=lasting),
                [spec.id for spec in self.specs],
                runtime,
                widest([limits_of(spec) for spec in self.specs]),
            )
        return self._station

    def _close(self) -> None:
        if self._station is not None:
            self._station.close()
            self._station = None

    def pytest_unconfigure(self) -> None:
        """End the station."""
        self._close()

    @pytest.hookimpl(optionalhook=True)  # there is no such hook without pytest-xdist
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Give workers neighbours, unless the user says otherwise.

        Variants of a lab share a station, as tests of a module share their fixtures.
        """
        if config.getoption("dist") != "load":
            return None
        from xdist.scheduler import WorkStealingScheduling

        return WorkStealingScheduling(config, log)

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Modules of labs are no test modules, whatever they are called (`mutants/no_test.py`)."""
        inside = self._course.labs_folder in collection_path.parents
        return True if inside and collection_path.suffix == ".py" else None

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """A `lab.yaml` below `labs/`."""
        if file_path.name == "lab.yaml" and file_path.parent.parent == self._course.labs_folder:
            return LabFile.from_parent(parent, path=file_path, plugin=self, course=self._course)
        return None


class LabFile(pytest.File):
    """One lab."""

    def __init__(self, *, plugin: LabsPlugin, course: Course, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plugin = plugin
        self._course = course
        self.first: list[Result] | None = None
        self.add_marker(pytest.mark.engine)

    def collect(self) -> Iterator[pytest.Item]:
        """`complete`, one item per variant, and `twice`."""
        try:
            lab = load_one(self.path.parent, self._course.schemas)
            variants = proof.variants(lab, self._course.schemas)
        except CourseError as error:
            raise self.CollectError(str(error)) from error
        self.plugin.specs.append(lab.spec)
        told = misplaced(lab.spec, self._course.bank().bank)
        yield CompleteItem.from_parent(self, name="complete", variants=variants, told=told)
        few = {v.name for v in proof.few(variants)}
        for variant in variants:
            item = VariantItem.from_parent(self, name=variant.name, lab=lab, variant=variant)
            if variant.name not in few:
                item.add_marker(pytest.mark.deep)
            yield item
        twice = TwiceItem.from_parent(self, name="twice", lab=lab, variant=variants[0])
        twice.add_marker(pytest.mark.deep)
        yield twice


class ProofItem(pytest.Item):
    """An item that fails with sentences."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is not proved, a line each."""
        if isinstance(excinfo.value, AssertionError | GraderError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Headline of a failure."""
        return self.path, 0, f"{self.path.parent.name}: {self.name}"


class CompleteItem(ProofItem):
    """There are enough variants to trust the checks."""

    def __init__(self, *, variants: list[proof.Variant], told: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._variants = variants
        self._told = told

    def runtest(self) -> None:
        """Count mutants and alternatives; every check must be failed by some mutant."""
        mutants = [v for v in self._variants if v.mutant]
        alternatives = [v for v in self._variants if v.name.startswith("alternatives/")]
        checks = next(v.fails for v in self._variants if v.stub) or frozenset()
        missed = checks - frozenset().union(*(v.fails or frozenset() for v in mutants))
        told = list(self._told)
        if len(mutants) < proof.MIN_MUTANTS:
            told.append(f"{len(mutants)} mutants; {proof.MIN_MUTANTS} are needed")
        if len(alternatives) < proof.MIN_ALTERNATIVES:
            told.append(f"{len(alternatives)} alternatives; {proof.MIN_ALTERNATIVES} are needed")
        if missed:
            told.append(f"no mutant fails {', '.join(sorted(missed))}")
        if told:
            raise AssertionError("\n".join(told))


class VariantItem(ProofItem):
    """One variant earns what it must."""

    parent: LabFile

    def __init__(self, *, lab: LoadedLab, variant: proof.Variant, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lab = lab
        self._variant = variant

    def grade(self) -> tuple[list[Result], str]:
        """Grade the variant."""
        return self.parent.plugin.grade(self.lab, self._variant.text)

    def runtest(self) -> None:
        """Grade and compare."""
        results, stopped = self.grade()
        if self._variant.name == "solution":
            self.parent.first = results
        told = proof.complaints(self._variant, results, stopped)
        if told:
            where = f"{shown(self._variant.path, self.config.rootpath)}:{self._variant.line}"
            raise AssertionError("\n".join([f"{where}: {self._variant.name}", *told]))

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Headline of a failure, and where the variant is written."""
        line = self._variant.line - 1
        return self._variant.path, line, f"{self.path.parent.name}: {self.name}"


class TwiceItem(VariantItem):
    """The reference graded again gives the same, word for word."""

    def runtest(self) -> None:
        """Grade (twice, if the reference was not graded in this run) and compare."""
        first = self.parent.first or self.grade()[0]
        again = self.grade()[0]
        if first != again:
            raise AssertionError(
                "\n".join(f"{a} != {b}" for a, b in zip(first, again, strict=True))
            )
