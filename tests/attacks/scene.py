"""The place where attacks happen: a course worth robbing, canaries, a neighbour, a witness.

Everything that an attack could want is really there and, but for one file, readable by anybody
on the machine, so that only the wall keeps it. Every secret is a canary: a word that is searched
for in whatever leaves the grader.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from grader.core.grade import Grade, Policy
from grader.core.verdict import Result
from grader.course.course import Course
from grader.grading import Grading, Workshop, load_course
from grader.labs.walls import Wanted
from grader.report import files, terminal
from grader.sandbox.interface import Tier
from tests.attacks.catalogue import HERE, Attack, fill
from tests.attacks.props import (
    decoy,
    remember,
    remove,
    tagged,
    unclean,
    write_right_table,
)
from tests.attacks.witness import Witness

#: Reports tell everything here: what a check saw is in its reason, where a canary would show.
POLICY = Policy("source", "full", Fraction(7, 10))
#: The variable of the grader's environment that nobody may read.
VARIABLE = "GRADER_ATTACK_SECRET"
NEIGHBOUR = "neighbour"
ANSWERS = "exam: quiz-1\nanswers: {q1-01: B, q1-02: [A, C]}\n"


@dataclass(slots=True)
class Outcome:
    """What became of one attack: its grade, every text of it that left, how long it took."""

    grade: Grade
    results: list[Result]
    texts: dict[str, str]
    observed: str
    seconds: float

    @property
    def told(self) -> str:
        """Reasons and problems, as a student reads them."""
        problems = (f"{p.where}: {p.message}" for p in self.grade.problems)
        return "\n".join([*(r.reason for r in self.grade.results), *problems])


class Scene:
    """The scene below the new folder `root`, with submissions, reports and the course."""

    def __init__(self, root: Path, tier: Tier) -> None:
        self.root = root
        self.tier = tier
        self.course = root / "course"
        self.submissions = self.course / "submissions"
        self.reports = root / "reports"
        names = ("env", "public", "private", "keys", "checks", "solution", "neighbour", "keyring")
        self.canaries = {n: f"canary-{n}-{secrets.token_hex(6)}" for n in names}
        self.tag = f"tag{secrets.token_hex(5)}"
        self.witness = Witness(root, self.tag)
        self.witness.open()
        self.places = {
            "ROOT": str(root),
            "COURSE": str(self.course),
            "SUBMISSIONS": str(self.submissions),
            "REPORTS": str(self.reports),
            "PORT": str(self.witness.ports["tcp"]),
            "UDP": str(self.witness.ports["udp"]),
            "PID": str(os.getpid()),
            "TAG": self.tag,
            "KEYS": self.canaries["keys"],
            "CHECKS": self.canaries["checks"],
            "SOLUTION": self.canaries["solution"],
        }
        self._lay_out()
        os.environ[VARIABLE] = self.canaries["env"]
        course = Course(self.course)
        bank, self.labs = load_course(course)
        # One workshop a lab: a lab without an engine does not wait for those of the others.
        self.shops = {
            name: Workshop(bank, {name: lab}, course.schemas, POLICY, wanted=Wanted(tier))
            for name, lab in self.labs.items()
        }
        # A process of the same user outside, for attacks that would kill or trace one.
        self._decoy = decoy()
        self.places["DECOY"] = str(self._decoy.pid)
        self._protected = self.protected()
        self._honest: dict[str, list[Result]] = {}

    def close(self) -> None:
        """Take everything away."""
        del os.environ[VARIABLE]
        for shop in self.shops.values():
            shop.close()
        self._decoy.communicate()
        self.witness.close()
        remove(self.root)

    def _lay_out(self) -> None:
        self.root.chmod(0o755)
        for source in sorted((HERE / "course").rglob("*")):
            target = self.course / source.relative_to(HERE / "course")
            kept = source.is_file() and source.suffix != ".pyc"
            if kept and not any(p.startswith(".") for p in source.relative_to(HERE).parts):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(fill(source.read_text(encoding="utf-8"), self.places))
        for name, mode in (("public", 0o644), ("private", 0o600)):
            path = self.root / f"{name}.txt"
            path.write_text(self.canaries[name])
            path.chmod(mode)
        write_right_table(self.root / "right.parquet")
        remember(self.tag, self.canaries["keyring"])
        # What a careless administrator leaves open to everybody.
        (self.root / "drop").mkdir()
        (self.root / "drop").chmod(0o777)
        self.tripwire.write_text("untouched")
        self.tripwire.chmod(0o666)
        neighbour = self.submissions / NEIGHBOUR
        for lab in sorted((self.course / "labs").iterdir()):
            target = neighbour / "labs" / f"{lab.name}.py"
            target.parent.mkdir(parents=True, exist_ok=True)
            mine = f"# {self.canaries['neighbour']}\n"
            target.write_text(mine + (lab / "solution.py").read_text(encoding="utf-8"))
        (neighbour / "answers").mkdir()
        (neighbour / "answers" / "quiz-1.yaml").write_text(ANSWERS)

    @property
    def tripwire(self) -> Path:
        """A file that everybody may write, and nobody does."""
        return self.root / "drop" / "tripwire.txt"

    def protected(self) -> dict[Path, bytes]:
        """Everything that no attack may change: the course, the neighbour, canary files."""
        folders = (self.course / "bank", self.course / "labs", self.root / "drop")
        neighbours = (self.submissions / NEIGHBOUR, self.reports / NEIGHBOUR)
        return {
            p: p.read_bytes()
            for folder in (*folders, *neighbours)
            for p in sorted(folder.rglob("*"))
            if p.is_file() and "__pycache__" not in p.parts
        }

    @contextmanager
    def submission(self, attack: Attack) -> Iterator[Path]:
        """The attack's submission; it is gone afterwards."""
        folder = self.submissions / attack.student
        folder.mkdir()
        try:
            attack.build(folder, {**self.places, "ME": attack.student})
            yield folder
        finally:
            remove(folder)

    def grade(self, folder: Path, lab: str) -> Outcome:
        """Grade the quiz and `lab` of a submission, and write its reports."""
        begun = time.monotonic()
        shop = self.shops[lab]
        checks = shop.labs[lab].checks
        observed: list[str] = next(iter(checks.values())).__globals__["OBSERVED"]
        observed.clear()
        results: dict[tuple[str, str], Result] = {}
        with closing(Grading(shop, folder, [lab])) as grading:
            for exam in shop.bank.exams.values():
                results.update({(exam.id, i): grading.item(exam.id, i) for i in exam.items})
            results.update({(lab, name): grading.check(lab, name) for name in checks})
            grade = grading.grade(results, {})
        seconds = time.monotonic() - begun
        titles = {k: v.spec.title for k, v in shop.labs.items()}
        schema = shop.schemas.validator("grade")
        where = files.write(grade, self.reports / folder.name, schema, shop.bank, titles)
        texts = {p.name: p.read_text(encoding="utf-8") for p in where.parent.iterdir()}
        texts["terminal"] = "\n".join(terminal.render(grade, shop.bank, titles))
        of_lab = [results[lab, name] for name in checks]
        return Outcome(grade, of_lab, texts, "\n".join(observed), seconds)

    def complaints(self, attack: Attack, outcome: Outcome) -> list[str]:
        """What of the attack's outcome is not as pinned; empty for a wall that held."""
        found = []
        for r in outcome.grade.results:
            if r.points:
                found.append(f"{r.paper}/{r.name} earned {r.points}")
        for r in outcome.results:
            if r.verdict.value not in attack.verdicts:
                found.append(f"{r.name} is {r.verdict.value}: {r.reason}")
        if not attack.message.search(outcome.told):
            told = [r.reason for r in outcome.results]
            found.append(f"nothing told matches {attack.message.pattern!r}: {told}")
        if outcome.seconds > attack.seconds:
            found.append(f"took {outcome.seconds:.1f} s, and may take {attack.seconds:g}")
        found += self.leaks({**outcome.texts, "observed": outcome.observed})
        for name, text in outcome.texts.items():
            found += unclean(name, text)
        return found + self.damage()

    def leaks(self, texts: Mapping[str, str]) -> list[str]:
        """Canaries that show in texts."""
        return [
            f"{place} shows the canary {name}"
            for place, text in texts.items()
            for name, canary in self.canaries.items()
            if canary in text
        ]

    def damage(self) -> list[str]:
        """What changed around the attack that nothing may change; it is put right again."""
        found = []
        then, now = self._protected, self.protected()
        for path in sorted(p for p in then | now if then.get(p) != now.get(p)):
            found.append(f"{path} was touched")
            if path in then:
                path.write_bytes(then[path])
            else:
                path.unlink()
        found += [f"somebody came by {way}: {said[:80]!r}" for way, said in self.witness.words]
        self.witness.words.clear()
        if self._decoy.poll() is not None:
            found.append("a process outside was killed")
            self._decoy.communicate()
            self._decoy = decoy()
            self.places["DECOY"] = str(self._decoy.pid)
        survivors = tagged(self.tag)
        found += [f"process {pid} survived: {line}" for pid, line in survivors.items()]
        return found

    def honest(self, lab: str) -> list[str]:
        """Why the neighbour, who solved `lab` and the quiz, is not graded full, as ever before."""
        before = self.damage()
        outcome = self.grade(self.submissions / NEIGHBOUR, lab)
        quiz = [r for r in outcome.grade.items if r.paper == "quiz-1"]
        got = [*quiz, *outcome.results]
        self._protected = self.protected()  # with this report of the neighbour's
        same = self._honest.setdefault(lab, got) == got
        missed = [f"the neighbour's {r.name}: {r.reason}" for r in got if r.points != r.maximum]
        return before + missed + ([] if same else ["the neighbour's grade has changed"])


def new_scene(tier: Tier) -> Scene:
    """A scene in a folder that every user of the machine can enter, graded on `tier`."""
    return Scene(Path(tempfile.mkdtemp(prefix="attacked-")), tier)
