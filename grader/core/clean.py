"""The one door through which foreign text reaches a report, a terminal or a log."""

from __future__ import annotations

import re

#: Control characters (C0 but tab and newline, DEL, C1), surrogates, non-characters, and
#: bidirectional and invisible formatting characters. None of them is needed to read a message;
#: each has been used to break a terminal, an XML parser or a reader's eye.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
#: A whole terminal escape sequence (CSI, OSC, charset, two characters), so that no tail is left.
_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b\n]{0,300}(?:\x07|\x1b\\)"
    r"|\x1b[ -/]+[0-~]|\x1b[0-~]"
)
#: What a CI service would obey: at the start of a line GitHub's `::command` and GitLab's sections,
#: anywhere in it the older `##[command]` and Azure's `##vso[...]`.
_COMMAND = re.compile(r"(?m)^([^\S\n]*)(::|section_(?:start|end):)")
_OLD_COMMAND = re.compile(r"##(?=\[|vso\[)")


def clean(text: str, limit: int = 4000) -> str:
    """`text` without anything but printable characters, tabs and newlines.

    At most `limit` characters are kept, and a cut is said. What a CI log would take for a
    command is broken up.
    """
    if len(text) <= limit and _is_plain(text):
        return text
    cut = text[: limit * 2]
    cut = _UNSAFE.sub("", _ESCAPE.sub("", cut.replace("\r\n", "\n").replace("\r", "\n")))
    cut = _OLD_COMMAND.sub("# #", _COMMAND.sub(r"\1|\2", cut))
    if len(cut) > limit or len(text) > limit * 2:
        return cut[:limit].rstrip() + f" ... (cut: {len(text)} characters)"
    return cut


def _is_plain(text: str) -> bool:
    """Whether there certainly is nothing to clean, as in most of what is said."""
    return (
        text.isascii()
        and text.isprintable()
        and "##" not in text
        and "::" not in text
        and "section_" not in text
    )


def clean_line(text: str, limit: int = 300) -> str:
    """`clean`, folded into one line."""
    return " ".join(clean(text, limit).split())
