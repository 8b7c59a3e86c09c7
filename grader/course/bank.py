"""Load the question bank: domains, items, exams and keys.

A broken file costs that file only: the bank holds everything that could be read, and the
documents keep what is wrong with the rest. Rules that look across files are in `grader.lint`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.core.model import Band, Bank, Domain, Exam, Focus, Key, Question, Topic
from grader.core.suggest import suggest
from grader.course.schemas import Schemas
from grader.course.yamldoc import Document, Flaw, Place, read_yaml


@dataclass(frozen=True, slots=True)
class LoadedBank:
    """A bank and the documents it came from, by subject: `("question", "q1-01")` and so on."""

    bank: Bank
    documents: Mapping[Path, Document]
    subjects: Mapping[tuple[str, str], tuple[Document, Place]]

    @property
    def flaws(self) -> list[Flaw]:
        """Everything wrong with single files, in the order of paths and lines."""
        return sorted(
            (f for d in self.documents.values() for f in d.flaws), key=lambda f: (f.path, f.mark)
        )

    def place(self, subject: str, id_: str, part: Sequence[str | int]) -> tuple[Path, int, int]:
        """File, line and column of `part` of a subject, for `grader.lint`."""
        doc, base = self.subjects[subject, id_]
        mark = doc.mark((*base, *part)) if part else doc.key_marks.get(base) or doc.mark(base)
        return doc.path, mark.line, mark.column


def letters(value: str | Iterable[str]) -> frozenset[str]:
    """An answer as the core knows it."""
    return frozenset([value] if isinstance(value, str) else value)


def load_bank(folder: Path, schemas: Schemas) -> LoadedBank:
    """Load `folder` (`bank/`). Raises nothing for bad content: see `LoadedBank.flaws`."""
    documents: dict[Path, Document] = {}
    subjects: dict[tuple[str, str], tuple[Document, Place]] = {}

    def read(path: Path, schema: str) -> Any:
        doc = documents[path] = read_yaml(path)
        sound = schemas.check(doc, schema) and not doc.flaws
        return doc, (doc.value if sound else None)

    doc, raw = read(folder / "domains.yaml", "domains")
    domains = tuple(_domain(d) for d in raw or ())
    for i, d in enumerate(domains):
        subjects["domain", d.id] = (doc, (i,))

    questions: dict[str, Question] = {}
    for path in sorted((folder / "questions").rglob("*.yaml")):
        doc, raw = read(path, "question")
        if raw is None:
            continue
        question = _question(raw)
        _named_after(doc, question.id, path.stem)
        if path.parent.name != question.domain:
            message = f"the item lies in the folder {path.parent.name}/ but names the domain"
            doc.flaw(("domain",), f"{question.id}: {message} {question.domain}; make them agree")
        if question.id in questions:
            first, _ = subjects["question", question.id]
            where = first.path.relative_to(folder.parent).as_posix()
            doc.flaw(("id",), f"{question.id}: this id is taken by {where}; rename one")
            continue
        questions[question.id] = question
        subjects["question", question.id] = (doc, ())

    exams: dict[str, Exam] = {}
    for path in sorted((folder / "exams").glob("*.yaml")):
        doc, raw = read(path, "exam")
        if raw is None:
            continue
        exam = _exam(raw)
        _named_after(doc, exam.id, path.stem)
        exams[path.stem] = exam
        subjects["exam", exam.id] = (doc, ())

    keys: dict[str, Key] = {}
    for path in sorted((folder / "keys").glob("*.yaml")):
        doc, raw = read(path, "key")
        for id_, entry in (raw or {}).items():
            if id_ in keys:
                first, _ = subjects["key", id_]
                where = first.path.relative_to(folder.parent).as_posix()
                doc.flaw((id_,), f"{id_}: has a key in {where} already; keep one", at_key=True)
                continue
            keys[id_] = _key(id_, entry, path.stem)
            subjects["key", id_] = (doc, (id_,))

    for path in sorted((folder / "blueprints").glob("*.yaml")):
        doc, raw = read(path, "blueprint")
        if raw is not None:
            _named_after(doc, raw["id"], path.stem)
            _weigh(doc, raw, {t.id for d in domains for t in d.topics})
    return LoadedBank(Bank(domains, questions, exams, keys), documents, subjects)


def _named_after(doc: Document, id_: str, stem: str) -> None:
    if id_ != stem:
        message = f"the id must be the file's name without .yaml ({stem}){suggest(id_, [stem])}"
        doc.flaw(("id",), f"{id_}: {message}")


def _weigh(doc: Document, raw: dict[str, Any], topics: Set[str]) -> None:
    total = sum(d["weight"] for d in raw["domains"])
    if total != 100:
        doc.flaw(("domains",), f"{raw['id']}: the weights add up to {total}, not to 100")
    for i, domain in enumerate(raw["domains"]):
        for j, topic in enumerate(domain.get("covers", [])):
            if topic not in topics:
                message = f"{raw['id']}: there is no topic {topic!r}{suggest(topic, topics)}"
                doc.flaw(("domains", i, "covers", j), message)


def _domain(raw: dict[str, Any]) -> Domain:
    return Domain(raw["id"], raw["title"], tuple(Topic(t["id"], t["title"]) for t in raw["topics"]))


def _question(raw: dict[str, Any]) -> Question:
    return Question(
        id=raw["id"],
        domain=raw["domain"],
        topic=raw["topic"],
        kind=raw["kind"],
        stem=raw["stem"],
        options=raw["options"],
        tags=tuple(raw["tags"]),
        references=tuple(raw["references"]),
    )


def _exam(raw: dict[str, Any]) -> Exam:
    return Exam(
        id=raw["id"],
        title=raw["title"],
        minutes=raw["minutes"],
        pass_mark=Fraction(raw["pass_mark"]),
        credit=raw.get("credit", "all-or-nothing"),
        bands=tuple(Band(Fraction(b["from"]), b["label"], b["advice"]) for b in raw["bands"]),
        focus=tuple(Focus(f["topic"], f["title"], f["advice"]) for f in raw["focus"]),
        items=tuple(raw["items"]),
    )


def _key(id_: str, raw: dict[str, Any], exam: str) -> Key:
    return Key(
        id=id_,
        answer=letters(raw["answer"]),
        accepted=tuple(letters(a) for a in raw["accepted"]),
        status=raw["status"],
        reason=raw.get("reason", ""),
        explanation=raw["explanation"],
        exam=exam,
    )
