"""What newcomers and GitHub read first: pages, their links, and workflows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import ROOT

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(p for f in (".github", "benchmarks", "docs", "tests") for p in (ROOT / f).rglob("*.md")),
    ]
)
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_USES = re.compile(r"^\s*(?:- )?uses: (.*)$", re.MULTILINE)
_PINNED = re.compile(r"([\w./-]+@[0-9a-f]{40}) # v\d+\.\d+\.\d+")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return [m[2] for m in _FENCED.finditer(page.read_text(encoding="utf-8")) if m[1] == language]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    plain = (re.sub(r"[^\w\- ]", "", m[1]) for m in _HEADING.finditer(prose(page)))
    return {heading.strip().lower().replace(" ", "-") for heading in plain}


def workflows() -> Iterator[tuple[str, str]]:
    """Every workflow, also those that a page shows, under a name."""
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        yield path.name, path.read_text(encoding="utf-8")
    for page in PAGES:
        for n, text in enumerate(t for t in blocks(page, "yaml") if "\njobs:" in t):
            yield f"{page.name} {n}", text


WORKFLOWS = dict(workflows())


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file or folder here, and each anchor a heading of that page."""
    broken = []
    for link in _LINK.findall(prose(page)):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_readme_begins_with_the_two_commands() -> None:
    """Grade, then test: `.ci/run` reads the second."""
    grade, test = (text.strip() for text in blocks(ROOT / "README.md", "sh"))
    assert grade.startswith("python3 -m venv .venv && ")
    assert grade.endswith("&& .venv/bin/pytest --submission=alice/")
    assert test.startswith("python3 -m venv .venv && ")
    assert "\n" not in grade + test


def test_first_pages_are_short() -> None:
    """A transcript that fits on a screen, and an overview of two."""
    (transcript,) = blocks(ROOT / "README.md", "console")
    assert len(transcript.splitlines()) <= 25
    overview = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(overview.splitlines()) <= 80


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_by_hash(name: str) -> None:
    """A tag can be moved by whoever owns the action. The comment names the version for people."""
    used = _USES.findall(WORKFLOWS[name])
    assert used
    assert [u for u in used if not _PINNED.fullmatch(u)] == []


def test_an_action_has_one_version_everywhere() -> None:
    """Examples in the docs use what our own workflows use."""
    used = {u for text in WORKFLOWS.values() for u in _USES.findall(text)}
    actions = [u.partition("@")[0] for u in used]
    assert len(actions) == len(set(actions)), sorted(used)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_have_few_rights(name: str) -> None:
    """Reading the repository and no more, no token left on disk, and an end to every job."""
    workflow: dict[str, Any] = yaml.safe_load(WORKFLOWS[name])
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for job in workflow["jobs"].values():
        assert job.get("permissions", {}) in ({}, {"contents": "read"})
        assert job["timeout-minutes"] <= 360
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
