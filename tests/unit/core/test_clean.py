"""`grader.core.clean`: the one door for foreign text."""

from __future__ import annotations

import sys
from itertools import chain

import pytest

from grader.core.clean import clean, clean_line


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain text, ümläut 😀", "plain text, ümläut 😀"),
        ("tab\tand\nnewline", "tab\tand\nnewline"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;196mred\x1b[m", "red"),
        ("\x1b[38:5:1mred", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x1b[?25lhidden cursor", "hidden cursor"),
        ("\x1b]0;new title\x07text", "text"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]1337;File=x\x1b[31mred", "1337;File=xred"),
        ("\x1b]0;never ends\nnext line", "0;never ends\nnext line"),
        ("\x1b]0;title\nkept\x07", "0;title\nkept"),
        ("\x1b]0;" + "t" * 298 + "\x07kept", "kept"),
        ("\x1b]0;" + "t" * 299 + "\x07kept", "0;" + "t" * 299 + "kept"),
        ("\x1bMup", "up"),
        ("\x1b7saved\x1b8 \x1bcreset\x1b=", "saved reset"),
        ("\x1b(Bplain\x1b)0 \x1b*A", "plain "),
        ("\x1b#8filled \x1b%Gutf-8", "filled utf-8"),
        ("cut off \x1b", "cut off "),
        ("cut off \x1b[31", "cut off 31"),
        ("\x1b[\x1b[31m31mnested", "31mnested"),
        ("\x00\x07\x08\x0b\x0c\x0e\x1f\x7f", ""),
        ("\x80\x85\x9b\x9d\x9f", ""),
        ("right\u202eto left\u202c", "rightto left"),
        ("\u2066isolate\u2069\u200e\u200f\u061c", "isolate"),
        ("zero\u200bwidth\u200d\ufeff\u2060", "zerowidth"),
        ("line\u2028and paragraph\u2029", "lineand paragraph"),
        ("\ud800lone\udfff", "lone"),
        ("\ufdd0\ufdef\ufffe\uffffnon-characters", "non-characters"),
        ("\U000e0041\U000e007ftags", "tags"),
        ("\ufff9annotated\ufffb", "annotated"),
    ],
)
def test_only_what_can_be_read_is_kept(text: str, cleaned: str) -> None:
    """Escape sequences, controls, surrogates and invisible characters go; the rest stays."""
    assert clean(text) == cleaned


def test_no_code_point_gets_through_that_could_do_harm() -> None:
    """Of all characters, no control, no surrogate, no bidirectional one and no tag stays."""
    points = (range(0x1FFFF), range(0xE0000, 0xE0200), [sys.maxunicode])
    every = "".join(map(chr, chain.from_iterable(points)))
    kept = set(clean(every, len(every)))
    bidi = {*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x61C}
    controls = {*range(0x20), *range(0x7F, 0xA0)} - {0x09, 0x0A}
    banned = (
        bidi
        | controls
        | {*range(0xD800, 0xE000), *range(0xE0000, 0xE0080)}
        | {0x2028, 0x2029, 0xFEFF}
    )
    assert kept.isdisjoint(chr(c) for c in banned)
    assert {"\t", "\n", " ", "~", "é", "漢", "😀", chr(sys.maxunicode)} <= kept


@pytest.mark.parametrize(
    "command",
    [
        "::error file=a,line=1::boom",
        "::set-output name=x::y",
        "::add-mask::secret",
        "section_start:1:name",
        "section_end:1:name",
    ],
)
@pytest.mark.parametrize("before", ["", "  ", "\t", "\u00a0", "first line\n", "\n\n"])
def test_a_line_that_ci_would_obey_is_prefixed(before: str, command: str) -> None:
    """A command at the start of any line, indented or not, is shown behind a `|`."""
    assert clean(before + command) == f"{before}|{command}"


@pytest.mark.parametrize(
    ("command", "broken"),
    [
        ("##[group]name", "# #[group]name"),
        ("##[error]boom", "# #[error]boom"),
        ("##vso[task.setvariable variable=a]b", "# #vso[task.setvariable variable=a]b"),
        ("###[error]boom", "## #[error]boom"),
        ("##[error]##[error]", "# #[error]# #[error]"),
    ],
)
@pytest.mark.parametrize("before", ["", "  ", "first line\n", "see ", "a::"])
def test_an_old_command_is_broken_up_anywhere(before: str, command: str, broken: str) -> None:
    """These are obeyed wherever they stand in a line, so a blank parts them wherever they do."""
    assert clean(before + command) == before + broken


@pytest.mark.parametrize("hidden", ["\u200b", "\x1b[0m", "\x00", "\u202e", "\x1b(B", "\ufeff"])
def test_an_old_command_cannot_hide_behind_what_is_removed(hidden: str) -> None:
    """It is looked for after invisible characters are gone from within it."""
    assert clean(f"#{hidden}#[error]boom") == "# #[error]boom"
    assert clean(f"##{hidden}vso[task.complete]") == "# #vso[task.complete]"


@pytest.mark.parametrize("harmless", ["## heading", "a##b", "## [x]", "#[x]", "##vso", "##(a)"])
def test_two_hashes_alone_stay(harmless: str) -> None:
    """Only the bracket makes a command of them."""
    assert clean(harmless) == harmless


@pytest.mark.parametrize("hidden", ["\u200b", "\x1b[0m", "\x00", "\u202e", "\x1b[0K", "\ufeff"])
def test_a_command_cannot_hide_behind_what_is_removed(hidden: str) -> None:
    """Commands are looked for after invisible characters are gone, before and within them."""
    assert clean(f"{hidden}::error::boom") == "|::error::boom"
    assert clean(f":{hidden}:error::boom") == "|::error::boom"


@pytest.mark.parametrize("harmless", ["a::b", "std::vector", "see ::error", "x section_start:1"])
def test_two_colons_within_a_line_stay(harmless: str) -> None:
    """Only the start of a line matters for these."""
    assert clean(harmless) == harmless


def test_a_text_within_the_limit_is_kept_whole() -> None:
    """A text of exactly the limit is not cut."""
    assert clean("x" * 50, 50) == "x" * 50


def test_a_cut_is_said() -> None:
    """Beyond the limit a text ends with how long it was."""
    assert clean("x" * 51, 50) == "x" * 50 + " ... (cut: 51 characters)"
    assert clean("abc   def", 5) == "abc ... (cut: 9 characters)"


def test_a_text_of_invisible_characters_is_said_to_be_cut() -> None:
    """What lies so far behind noise that it is not looked at is not silently lost."""
    assert clean("\x00" * 100 + "tail", 10) == " ... (cut: 104 characters)"


def test_a_huge_text_is_cut_before_it_is_worked_on() -> None:
    """Ten million characters cost no more than the limit."""
    assert clean("\x1b]" * 5_000_000, 100).endswith("(cut: 10000000 characters)")


def test_a_line_is_one_line() -> None:
    """White space of every kind is folded, also the newline that a cut leaves."""
    assert clean_line("  a\tb\r\n\n c\x1b[0m ") == "a b c"
    assert clean_line("a\n::error::b") == "a |::error::b"
    assert clean_line("a\n##[error]b") == "a # #[error]b"
    assert clean_line("ab " * 10, 6) == "ab ab ... (cut: 30 characters)"
    assert clean_line("") == ""
