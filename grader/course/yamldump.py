"""Write YAML as authors of a course would: lists indented, text of several lines as a block."""

from __future__ import annotations

from typing import Any

import yaml

_WIDTH = 96


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    if not all(c == "\n" or c.isprintable() for c in value):
        style = '"'  # YAML has more line breaks than Python, and would take them for "\n"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump_yaml(value: dict[str, Any]) -> str:
    """Return `value` as YAML, keys in their order; `read_yaml` reads it back."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return str(text)
