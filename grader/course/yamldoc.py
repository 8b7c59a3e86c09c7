"""Read one YAML file safely and remember where everything stands.

The accepted language is the part of YAML that people mean: mappings, sequences and plain values.
Tags, anchors, aliases, merge keys, duplicate keys and several documents in one file are refused
with their place; so an alias bomb is refused at its first anchor. Only `true` and `false` are
booleans and only JSON's spellings are numbers: `no`, `on`, `1_000` and `2026-01-01` are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from grader.core.clean import clean_line

#: Files are sheets and items, not data: nothing legitimate comes near this many bytes.
MAX_BYTES = 1 << 20
MAX_DEPTH = 20
#: Flaws of one file that are told.
MAX_FLAWS = 50

#: A place inside a document: the keys and indexes that lead to it.
Place = tuple[str | int, ...]

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})$")
_REAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}$")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A position for people: lines and columns from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong at a place of a file; `owner` is the id of the thing it belongs to."""

    path: Path
    mark: Mark
    message: str
    owner: str = ""

    def render(self, root: Path | None = None) -> str:
        """`file:line:column: id: message`, the file relative to `root` where it can be."""
        where = f"{shown(self.path, root)}:{self.mark.line}:{self.mark.column}"
        return f"{where}: {self.text}"

    @property
    def text(self) -> str:
        """The message, led by the id of what it is about unless it says so itself."""
        named = not self.owner or self.message.startswith((self.owner, f"`{self.owner}`"))
        return self.message if named else f"{self.owner}: {self.message}"


@dataclass(slots=True)
class Document:
    """The value of a file and the marks of its parts. `value` is None if it could not be read."""

    path: Path
    value: Any = None
    flaws: list[Flaw] = field(default_factory=list)
    marks: dict[Place, Mark] = field(default_factory=dict)
    key_marks: dict[Place, Mark] = field(default_factory=dict)

    def mark(self, place: Place) -> Mark:
        """Where `place` stands, or the nearest thing around it that exists."""
        while place and place not in self.marks:
            place = place[:-1]
        return self.marks.get(place, Mark(1, 1))

    def flaw(self, place: Place, message: str, *, at_key: bool = False) -> None:
        """Note what is wrong at `place` (at its key rather than its value, if so asked)."""
        mark = self.key_marks.get(place) if at_key else None
        self.add(Flaw(self.path, mark or self.mark(place), message, self._owner(place)))

    def _owner(self, place: Place) -> str:
        """The file's own id, or the entry of a file that maps ids to entries."""
        if not isinstance(self.value, dict):
            return ""
        own = self.value.get("id")
        if isinstance(own, str):
            return clean_line(own, 60)
        entry = place[0] if len(place) > 1 and isinstance(place[0], str) else ""
        return clean_line(entry, 60) if re.fullmatch(r"[a-z][a-z0-9]*-[0-9]{2,3}", entry) else ""

    def add(self, flaw: Flaw) -> None:
        """Note a flaw; beyond MAX_FLAWS only that there are more."""
        if not self.full:
            self.flaws.append(flaw)
            if self.full:
                more = "has more flaws than are worth telling; these are the first"
                self.flaws.append(Flaw(self.path, flaw.mark, more))

    @property
    def full(self) -> bool:
        """Whether no further flaw will be told."""
        return len(self.flaws) >= MAX_FLAWS


def shown(path: Path, root: Path | None) -> str:
    """`path` for people: relative to `root` where it lies below it."""
    if root is not None:
        try:
            return clean_line(path.relative_to(root).as_posix())
        except ValueError:
            pass
    return clean_line(str(path))


def read_yaml(path: Path, limit: int = MAX_BYTES) -> Document:
    """Read `path`, of at most `limit` bytes.

    Whatever is wrong with it is in `flaws`; nothing is raised for bad content.
    """
    doc = Document(path)
    try:
        with path.open("rb") as handle:
            raw = handle.read(limit + 1)
    except OSError as error:
        doc.flaw((), f"cannot be read: {error.strerror or error}")
        return doc
    if len(raw) > limit:
        doc.flaw((), f"is larger than {limit // 1024} KiB; a file of this kind is a few KiB")
        return doc
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        doc.add(Flaw(path, Mark(line, 1), "is not UTF-8 text; save the file as UTF-8"))
        return doc
    parse(text, doc)
    return doc


def parse(text: str, doc: Document) -> None:
    """Parse `text` into `doc`."""
    try:
        # Depth first, by events: composing a deep document would exhaust the C stack.
        if not _shallow(text, doc):
            return
        nodes = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(at.line + 1, at.column + 1) if at else Mark(1, 1)
        problem = clean_line(error.problem or "this is not YAML")
        doc.add(Flaw(doc.path, mark, f"not valid YAML: {problem}"))
        return
    except yaml.reader.ReaderError as error:
        # The position counts bytes of UTF-8.
        before = text.encode()[: error.position].decode(errors="ignore")
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        told = f"holds a character that YAML forbids: {clean_line(error.reason)}"
        doc.add(Flaw(doc.path, mark, told))
        return
    except (yaml.YAMLError, ValueError) as error:
        doc.flaw((), f"not valid YAML: {clean_line(str(error))}")
        return
    if len(nodes) > 1:
        doc.flaw((), "holds several YAML documents; keep the first and drop the `---` lines")
        return
    if not nodes:
        doc.marks[()] = Mark(1, 1)
        return
    doc.value = _build(nodes[0], (), doc)


def _shallow(text: str, doc: Document) -> bool:
    depth = 0
    events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
    for event in events:
        at = _mark(event)
        refused = ""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            refused = "anchors (&) and aliases (*) are not used here; write the value out"
        elif getattr(event, "tag", None):
            refused = "tags (!) are not used here; remove the tag"
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                refused = f"is nested more than {MAX_DEPTH} levels deep"
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if refused:
            doc.add(Flaw(doc.path, at, refused))
            return False
    return True


def _mark(thing: Any) -> Mark:
    """Where a node or an event of PyYAML begins; it counts from 0."""
    return Mark(thing.start_mark.line + 1, thing.start_mark.column + 1)


def _build(node: Any, place: Place, doc: Document) -> Any:
    mark = _mark(node)
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        # A block begins where its first entry does; people look for it where its name stands.
        mark = doc.key_marks.get(place, mark)
    doc.marks[place] = mark
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key, key_node, value_node in _pairs(node, place, doc):
            doc.key_marks[(*place, key)] = _mark(key_node)
            result[key] = _build(value_node, (*place, key), doc)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(n, (*place, i), doc) for i, n in enumerate(node.value)]
    return _scalar(node)


def _pairs(node: Any, place: Place, doc: Document) -> Iterator[tuple[str, Any, Any]]:
    seen: dict[str, int] = {}
    for key_node, value_node in node.value:
        at = _mark(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            doc.add(Flaw(doc.path, at, "a key must be plain text"))
            continue
        key = str(key_node.value)
        if key == "<<" and not key_node.style:
            doc.add(Flaw(doc.path, at, "merge keys (<<) are not used here; write it out"))
            continue
        if key in seen:
            name = clean_line(key, 60)
            message = f"`{name}` stands here and already in line {seen[key]}; keep one"
            doc.add(Flaw(doc.path, at, message))
            continue
        seen[key] = at.line
        yield key, key_node, value_node


def _scalar(node: Any) -> Any:
    text = str(node.value)
    if node.style in ("'", '"', "|", ">"):  # quoted or block text is text, whatever it looks like
        return text
    if text in ("", "null", "~"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.match(text):
        return int(text)
    if _REAL.match(text):
        return float(text)
    return text
