"""What an attack is, and where the attacks are: files in `corpus/`, and those of `builders`.

A file in `corpus/<family>/` is a student's lab file. Its docstring says the attack in a sentence
and ends with lines that are read here; see README.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

#: The places of the scene, by the names that stand for them in attacks: `@ROOT@`.
Places = Mapping[str, str]
#: Builds a submission in the folder it is given.
Build = Callable[[Path, Places], None]
#: How an attack wins against a naive grader, or why that is not tried.
Win = Literal["passes", "steals", "touches", "breaks", "not-tried"]

HERE = Path(__file__).parent
#: A lab file that earns nothing, for attacks that lie beside it.
WRONG = "def answer(n):\n    return None\n\n\ndef order(values):\n    return None\n"
_WINS = ("passes", "steals", "touches", "breaks", "not-tried")
#: Verdicts that an attack can be pinned to; none of them earns anything.
_VERDICTS = ("wrong", "student-error", "unanswered")


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile submission, and what must become of it.

    Every check of `lab` and every item of the quiz earns 0. Each check's verdict is one of
    `verdicts`; `message` is found in what the grade tells: reasons and problems. It all takes at
    most `seconds`. `win` is what it achieves against `naive.py`.
    """

    family: str
    name: str
    lab: str
    summary: str
    verdicts: frozenset[str]
    message: re.Pattern[str]
    build: Build = field(repr=False, compare=False)
    win: Win = "not-tried"
    seconds: float = 30.0
    #: Only root can build it.
    root: bool = False
    #: What of `grader.labs.promises` it tries to break; it may succeed where that is not promised.
    promise: str = ""

    @property
    def id(self) -> str:
        """`family/name`."""
        return f"{self.family}/{self.name}"

    @property
    def student(self) -> str:
        """The name of the submission's folder."""
        return f"{self.family}-{self.name}".replace("_", "-")


def registering(into: list[tuple[str, Build, bool]]) -> Callable[..., Callable[[Build], Build]]:
    """A decorator `attack(family, root=False)` that puts a builder into a list."""

    def attack(family: str, *, root: bool = False) -> Callable[[Build], Build]:
        def register(build: Build) -> Build:
            into.append((family, build, root))
            return build

        return register

    return attack


def fill(text: str, places: Places) -> str:
    """`text` with every `@PLACE@` of the scene put in."""
    return re.sub(r"@([A-Z]+)@", lambda m: places.get(m[1], m[0]), text)


def described(
    family: str, name: str, text: str, build: Build, *, root: bool = False, lab: str = "probe"
) -> Attack:
    """The attack with the docstring `text`.

    Raises:
        ValueError: a line of it is missing or says something unknown.
    """
    said = dict(re.findall(r"^([A-Z][a-z]+): (.*)$", text, re.MULTILINE))
    summary = " ".join(text.partition("\n\n")[0].split())
    unknown = set(said) - {"Lab", "Verdict", "Message", "Naive", "Seconds", "Promise"}
    verdicts = frozenset(re.split(r"\s*\|\s*", said.get("Verdict", "")))
    win = said.get("Naive", "")
    if unknown or not summary or not verdicts <= set(_VERDICTS) or win not in _WINS:
        raise ValueError(f"{family}/{name}: the docstring's lines are not as README.md says")
    return Attack(
        family=family,
        name=name,
        lab=said.get("Lab", lab),
        summary=summary,
        verdicts=verdicts,
        message=re.compile(said.get("Message", ""), re.DOTALL),
        build=build,
        win=cast("Win", win),
        seconds=float(said.get("Seconds", "30")),
        root=root,
        promise=said.get("Promise", ""),
    )


def from_files() -> Iterator[Attack]:
    """The attacks of `corpus/`, by family and name."""
    for path in sorted((HERE / "corpus").glob("*/*.py")):
        source = path.read_text(encoding="utf-8")
        text = ast.get_docstring(ast.parse(source)) or ""
        attack = described(path.parent.name, path.stem, text, lambda *_: None)
        yield described(path.parent.name, path.stem, text, _writing(attack.lab, source))


def _writing(lab: str, source: str) -> Build:
    def build(folder: Path, places: Places) -> None:
        (folder / "labs").mkdir(parents=True)
        (folder / "labs" / f"{lab}.py").write_text(fill(source, places), encoding="utf-8")

    return build
