"""Grade submissions in a pytest run: collection, verdicts, reports, exit status.

Registered only when `--submission` is given. With pytest-xdist the workers decide verdicts and
attach them to their reports; the controller alone gathers them and writes reports, so a grade is
the same however its items were spread.
"""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from grader.core.clean import clean_line
from grader.core.verdict import Verdict
from grader.grading import Grading, Workshop, load_course
from grader.plugin import cargo
from grader.plugin.gathering import Gathering
from grader.plugin.nodes import (
    Entry,
    GradedItem,
    GraderFaultError,
    NotCorrect,
    Paper,
    SubmissionNode,
)
from grader.plugin.options import Request, known, workers
from grader.plugin.progress import Progress


class GradingPlugin:
    """State of one process of a run."""

    def __init__(self, request: Request, config: pytest.Config, selectors: list[str]) -> None:
        self._request = request
        self._config = config
        self._selectors = selectors
        self._worker = hasattr(config, "workerinput")
        self._progress = Progress(config)
        bank, labs = load_course(request.course)
        known("--exam", request.exams, bank.exams)
        known("--lab", request.labs, labs)
        known("--domain", request.domains, [d.id for d in bank.domains])
        self._shop = Workshop(
            bank,
            labs,
            request.course.schemas,
            request.policy,
            self._progress.say,
            wanted=request.wanted,
            secret=request.secret,
            seed=request.seed,
            root=request.course.root,
            workers=workers(),
            to_come=len(request.submissions) // workers(),
        )
        self._open: Grading | None = None
        #: The labs that will be asked for, by submission and in their order.
        self._labs: dict[Path, dict[str, None]] = {}
        self._gathering = Gathering(request, self._shop, self._opened)
        self._other_failed = False
        self._unkeyed: list[str] = []

    # -- collection

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Put submissions beside whatever else the session collects."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            papers = self._papers()
            report.result += [
                SubmissionNode.from_parent(
                    collector,
                    name=folder.name,
                    nodeid=folder.name,
                    source=folder,
                    papers=papers,
                    opener=self._opened,
                )
                for folder in self._request.submissions
            ]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what node ids on the command line name."""
        if not self._selectors:
            return
        for selector in self._selectors:
            if not any(_selects(selector, i.nodeid) for i in items):
                raise pytest.UsageError(f"not found: {selector}")
        dropped = [
            i
            for i in items
            if isinstance(i, GradedItem) and not any(_selects(s, i.nodeid) for s in self._selectors)
        ]
        if dropped:
            self._config.hook.pytest_deselected(items=dropped)
            items[:] = [i for i in items if i not in set(dropped)]

    def _papers(self) -> list[Paper]:
        bank, wanted = self._shop.bank, self._request
        papers = []
        both = bool(wanted.exams or wanted.labs)
        for exam in bank.exams.values():
            if both and exam.id not in wanted.exams:
                continue
            if not all(i in bank.keys for i in exam.items):
                self._unkeyed.append(exam.id)  # a student's copy: nothing to mark with
                continue
            questions = [bank.questions[i] for i in exam.items]
            one = Fraction(1)
            entries = [
                Entry(q.id, q.domain, q.topic, one) for q in questions if self._wants(q.domain)
            ]
            papers.append(Paper("exam", exam.id, tuple(entries)))
        for lab in self._shop.labs.values():
            if (both and lab.spec.id not in wanted.labs) or not self._wants(lab.spec.domain):
                continue
            entries = [Entry(c.name, lab.spec.domain, c.topic, c.points) for c in lab.spec.checks]
            papers.append(Paper("lab", lab.spec.id, tuple(entries)))
        papers = [p for p in papers if p.entries]
        self._shop.chosen = {p.id for p in papers if p.kind == "lab"}
        return papers

    def _wants(self, domain: str) -> bool:
        return not self._request.domains or domain in self._request.domains

    def _opened(self, folder: Path) -> Grading:
        """The grading of `folder`; one is open at a time, since students come one by one."""
        # `is`, since comparing paths adds up over the items, and these are the request's own.
        if self._open is None or self._open.source is not folder:
            self._shut()
            self._open = Grading(self._shop, folder, list(self._labs.get(folder, ())))
        return self._open

    def _shut(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    # -- verdicts

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the verdict to the report that decides an item."""
        report = yield
        expected = (NotCorrect, GraderFaultError)
        if not isinstance(item, GradedItem):
            return report
        if report.failed and call.excinfo and not isinstance(call.excinfo.value, expected):
            told = clean_line(f"{type(call.excinfo.value).__name__}: {call.excinfo.value}")
            item.result = item.fault(f"while grading: {told}")
            cargo.load(report, item, self._worker)
        elif item.result is not None:
            fault = item.result.verdict is Verdict.GRADER_FAULT
            if report.when == ("setup" if fault else "call"):
                cargo.load(report, item, self._worker)
            if fault and report.failed:
                # pytest shows a traceback for whatever fails in setup; there is nothing to see.
                told = "not the student's doing: this entry has no score"
                report.longrepr = f"grader fault: {item.result.reason}\n{told}"
            if report.skipped:  # a void item is skipped because of its paper, not of our code
                report.longrepr = (item.nodeid, 0, f"Skipped: {item.result.reason}")
        return report

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what will run (the only process)."""
        graded = [i for i in session.items if isinstance(i, GradedItem)]
        self._gathering.expect(i.nodeid for i in graded)
        for item in graded:
            if item.parent.paper.kind == "lab":
                labs = self._labs.setdefault(item.parent.parent.source, {})
                labs[item.parent.paper.id] = None

    @pytest.hookimpl(optionalhook=True)  # there is no such hook without pytest-xdist
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note what will run (the controller)."""
        self._gathering.expect(ids)

    @pytest.hookimpl(trylast=True)  # after those that count reports and write JUnit
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a verdict in (the controller, or the only process)."""
        if self._worker:
            return
        found = cargo.unload(report)
        if found is not None:
            self._gathering.take(*found)
            return
        self._other_failed |= report.failed
        if report.passed and not report.sections and self._gathering.grades(report.nodeid):
            self._forget(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Write a student's reports after their last item (the controller, or the only process)."""
        if not self._worker and self._gathering.done(nodeid):
            self._shut()

    def _forget(self, report: pytest.TestReport) -> None:
        """Let go of a passed setup or teardown that has nothing to show.

        pytest keeps these two a test, and searches all of them for every failure that it shows.
        """
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is None or self._config.getoption("durations") is not None:
            return
        kept = reporter.stats.get("")
        if kept and kept[-1] is report:
            kept.pop()

    @pytest.hookimpl(optionalhook=True)  # there is no such hook without pytest-xdist
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep a paper on one worker, so that a lab runs once, unless the user says otherwise."""
        if config.getoption("dist") != "load":
            return None
        from xdist.scheduler import LoadScopeScheduling

        return LoadScopeScheduling(config, log)

    # -- the end

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write reports and decide the exit status."""
        self._progress.say("")
        quiet = self._worker or self._config.option.collectonly
        broken = (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR)
        if not quiet and exitstatus not in broken:
            self._gathering.finish()
            if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                session.exitstatus = self._status(exitstatus)
        self._shut()
        self._shop.close()

    def _status(self, exitstatus: int) -> int:
        decisions = self._gathering.decisions
        if self._gathering.faults() or "grader-fault" in decisions:
            return int(pytest.ExitCode.INTERNAL_ERROR)
        if self._other_failed or "fail" in decisions:
            return int(pytest.ExitCode.TESTS_FAILED)
        if "partial" in decisions:
            return exitstatus  # nothing was decided: pytest's own meaning stays
        return int(pytest.ExitCode.OK)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print each student's summary."""
        tr = terminalreporter
        written = self._gathering.written()
        for one in written:
            tr.section(f"grade of {one.student}", sep="=")
            tr.write_line(one.summary)
        if self._unkeyed:
            exams = ", ".join(self._unkeyed)
            tr.write_line(f"  not marked, since bank/keys/ holds no keys for them: {exams}")
        if written:
            tr.write_line("")
            here = self._config.invocation_params.dir
            for path in (one.path for one in written):
                shown = path.relative_to(here) if path.is_relative_to(here) else path
                tr.write_line(f"  report: {shown}")
        for fault in self._gathering.faults():
            tr.write_line(f"  grader fault: {fault}", red=True)


def _selects(selector: str, nodeid: str) -> bool:
    return nodeid == selector or nodeid.startswith((f"{selector}::", f"{selector}/"))
