"""Load lab definitions: `labs/<id>/lab.yaml` to `LabSpec`, without its checks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.core.model import Budgets, LabSpec
from grader.course.schemas import Schemas
from grader.course.yamldoc import Document, read_yaml


def lab_folders(folder: Path) -> list[Path]:
    """The folders of `labs/` that hold a lab, in the order of their names."""
    return sorted(p.parent for p in folder.glob("*/lab.yaml"))


def load_lab(folder: Path, schemas: Schemas) -> tuple[LabSpec | None, Document]:
    """Load one lab's definition; None if it has flaws, which the document then holds."""
    doc = read_yaml(folder / "lab.yaml")
    if not schemas.check(doc, "lab") or doc.flaws:
        return None, doc
    raw: dict[str, Any] = doc.value
    if raw["id"] != folder.name:
        doc.flaw(("id",), f"{raw['id']}: the id must be the folder's name ({folder.name})")
        return None, doc
    spec = LabSpec(
        id=raw["id"],
        title=raw["title"],
        domain=raw["domain"],
        topics=tuple(raw["topics"]),
        points=Fraction(raw["points"]),
        summary=raw["summary"],
        runtime=tuple(raw["runtime"]),
        seconds=raw.get("seconds"),
        budgets=Budgets(**raw.get("budgets", {})),
    )
    return spec, doc
