"""`grader.core.marking`: one answer against one key."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, combinations

import pytest

from grader.core.marking import Given, complaint, credit, mark, spell
from grader.core.model import Credit, Status
from grader.core.verdict import Verdict
from tests.builders import key, question

ZERO, ONE = Fraction(0), Fraction(1)
RULES: tuple[Credit, ...] = ("all-or-nothing", "per-option", "per-option-penalty")


def subsets(letters: str) -> list[frozenset[str]]:
    """Every subset of `letters` but the empty one."""
    sizes = range(1, len(letters) + 1)
    return [frozenset(c) for c in chain.from_iterable(combinations(letters, n) for n in sizes)]


@pytest.mark.parametrize(
    ("ticked", "all_or_nothing", "per_option", "penalty"),
    [
        ("ACE", "1", "1", "1"),
        ("AC", "0", "4/5", "2/3"),
        ("A", "0", "3/5", "1/3"),
        ("ABC", "0", "3/5", "1/3"),
        ("ABCE", "0", "4/5", "2/3"),
        ("ABCDE", "0", "3/5", "1/3"),
        ("AB", "0", "2/5", "0"),
        ("ABD", "0", "1/5", "0"),
        ("BD", "0", "0", "0"),
        ("B", "0", "1/5", "0"),
    ],
)
def test_credit_is_an_exact_fraction(
    ticked: str, all_or_nothing: str, per_option: str, penalty: str
) -> None:
    """Of five options with the key A, C, E, each rule gives the share that its formula says."""
    options, keyed = frozenset("ABCDE"), frozenset("ACE")
    got = [credit(rule, options, keyed, frozenset(ticked)) for rule in RULES]
    assert got == [Fraction(all_or_nothing), Fraction(per_option), Fraction(penalty)]


@pytest.mark.parametrize("rule", RULES)
def test_credit_is_whole_exactly_for_the_key(rule: Credit) -> None:
    """Over all keys and answers of four options: from 0 to 1, and 1 for the key alone."""
    options = frozenset("ABCD")
    for keyed in subsets("ABCD"):
        for ticked in subsets("ABCD"):
            share = credit(rule, options, keyed, ticked)
            assert 0 <= share <= 1
            assert (share == 1) is (ticked == keyed)


def test_ticking_everything_never_pays_with_a_penalty() -> None:
    """All letters ticked earn nothing once wrong options are as many as right ones."""
    options = frozenset("ABCD")
    assert credit("per-option-penalty", options, frozenset("AB"), options) == 0


@pytest.mark.parametrize(
    ("given", "rule", "verdict", "points"),
    [
        (["A", "C"], "all-or-nothing", Verdict.CORRECT, "1"),
        (["C", "A"], "all-or-nothing", Verdict.CORRECT, "1"),
        (["A"], "all-or-nothing", Verdict.WRONG, "0"),
        (["A"], "per-option", Verdict.PARTIAL, "3/4"),
        ("A", "per-option", Verdict.PARTIAL, "3/4"),
        (["A"], "per-option-penalty", Verdict.PARTIAL, "1/2"),
        (["B", "D"], "per-option", Verdict.WRONG, "0"),
        (["A", "B"], "per-option-penalty", Verdict.WRONG, "0"),
    ],
)
def test_a_multiple_select_answer_earns_its_share(
    given: Given, rule: Credit, verdict: Verdict, points: str
) -> None:
    """The verdict follows from the share: none is wrong, all is correct, else partial."""
    got = mark(question(kind="multiple"), key("AC"), given, rule, "source")
    assert (got.verdict, got.points, got.maximum) == (verdict, Fraction(points), ONE)


def test_the_best_accepted_answer_counts() -> None:
    """Where several sets are accepted, the share is that of the nearest one."""
    item, keys = question(kind="multiple"), key("AB", "CD")
    assert mark(item, keys, ["C", "D"], "all-or-nothing", "source").points == 1
    assert mark(item, keys, ["C"], "per-option-penalty", "source").points == Fraction(1, 2)
    assert mark(item, keys, ["A", "C", "D"], "per-option", "source").points == Fraction(3, 4)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ("B", Verdict.CORRECT),
        ("D", Verdict.CORRECT),
        (["B"], Verdict.CORRECT),
        ("A", Verdict.WRONG),
    ],
)
def test_a_single_answer_is_right_or_wrong_under_every_rule(
    rule: Credit, given: Given, verdict: Verdict
) -> None:
    """An accepted letter earns the point, any other none; a list of one letter is that letter."""
    got = mark(question(), key("B", "D"), given, rule, "source")
    assert (got.verdict, got.points) == (verdict, Fraction(int(verdict is Verdict.CORRECT)))


@pytest.mark.parametrize("given", ["b", " B ", "B\n", ["b"]])
def test_letters_count_in_either_case_and_with_space_around(given: Given) -> None:
    """A small letter, or one with white space around it, is the letter; it is shown plainly."""
    got = mark(question(), key("B"), given, "all-or-nothing", "source")
    assert (got.verdict, got.given, got.reason) == (Verdict.CORRECT, "B", "answered B")


def test_the_letters_of_an_answer_are_shown_in_order() -> None:
    """Whatever their order on the sheet, letters are recorded from A on."""
    got = mark(question(kind="multiple"), key("AC"), ["d", "A"], "all-or-nothing", "source")
    assert (got.given, got.reason) == (("A", "D"), "answered A and D")


@pytest.mark.parametrize("given", [None, "", []])
def test_no_answer_is_unanswered_and_not_wrong(given: Given) -> None:
    """Nothing given earns nothing, keeps the maximum, and has a verdict of its own."""
    got = mark(question(), key("B"), given, "all-or-nothing", "source")
    assert (got.verdict, got.points, got.maximum) == (Verdict.UNANSWERED, ZERO, ONE)
    assert (got.reason, got.given) == ("not answered", None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("E", "'E' is not an option of this item; its options are A, B, C, D"),
        ("no", "'no' is not an option of this item; its options are A, B, C, D"),
        ("yes", "'yes' is not an option of this item; its options are A, B, C, D"),
        ("2", "'2' is not an option of this item; its options are A, B, C, D"),
        ("A, B", "'A, B' is not an option of this item; its options are A, B, C, D"),
        (" ", "'' is not an option of this item; its options are A, B, C, D"),
        ([""], "'' is not an option of this item; its options are A, B, C, D"),
        (["A", "B"], "2 options were given; this item takes one of A, B, C, D"),
        (["A", "B", "C"], "3 options were given; this item takes one of A, B, C, D"),
        (["A", "a"], "an option is named twice"),
    ],
)
def test_what_is_no_answer_is_the_students_error(given: Given, message: str) -> None:
    """A strange letter, or several for a single item, earns nothing and says why."""
    got = mark(question(), key("B"), given, "all-or-nothing", "source")
    assert (got.verdict, got.points, got.maximum) == (Verdict.STUDENT_ERROR, ZERO, ONE)
    assert got.reason == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["A", "E"], "'E' is not an option of this item; its options are A, B, C, D"),
        (["C", "C"], "an option is named twice"),
        (
            ["E", "F", "G", "H"],
            "'E', 'F', 'G' is not an option of this item; its options are A, B, C, D",
        ),
    ],
)
def test_one_strange_letter_spoils_a_multiple_select_answer(given: Given, message: str) -> None:
    """A set with a letter that is no option is no answer, however right the rest of it is."""
    got = mark(question(kind="multiple"), key("AC"), given, "per-option", "source")
    assert (got.verdict, got.points, got.reason) == (Verdict.STUDENT_ERROR, ZERO, message)


def test_a_complaint_quotes_little_and_nothing_unprintable() -> None:
    """A long or hostile answer is quoted by its first characters, cleaned."""
    told = complaint(question(), "\x1b[31m\u202e" + "x" * 5000)
    assert told == (
        "'xxxxxxxxxxxxxxxxxxxx ... (cut: 5006 characters)' is not an option of this item; "
        "its options are A, B, C, D"
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("E", "E"),
        ("\x1b[31mE\u202e\n", "E"),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 40 + " ... (cut: 41 characters)"),
        ("a\n::error::b", "a |::error::b"),
        ("##vso[task.complete]", "# #vso[task.complete]"),
        (["\x1b[31mE", "y" * 41], ("E", "y" * 40 + " ... (cut: 41 characters)")),
        ([str(i) for i in range(1000)], tuple(str(i) for i in range(26))),
        ([], None),
    ],
)
def test_what_is_no_answer_is_recorded_clean_and_short(
    given: Given, told: str | tuple[str, ...] | None
) -> None:
    """Whatever a sheet held, the record holds little of it, and nothing that could do harm."""
    assert mark(question(), key("B"), given, "all-or-nothing", "source").given == told


@pytest.mark.parametrize(
    ("given", "told"),
    [(None, None), ("b", "b"), ("\x1b[31mE", "E"), (["A"] * 30, ("A",) * 26)],
)
def test_the_answer_to_a_void_item_is_recorded_alike(
    given: Given, told: str | tuple[str, ...] | None
) -> None:
    """It was not looked at, and is cleaned and capped all the same."""
    flawed = key("B", status="flawed", reason="no")
    assert mark(question(), flawed, given, "all-or-nothing", "verified").given == told


@pytest.mark.parametrize("given", [None, "B", "A", "Z", ["A", "B"]])
def test_a_flawed_key_is_void_under_the_verified_policy(given: Given) -> None:
    """Nothing to earn and nothing to lose, whatever was answered or not."""
    flawed = key("B", status="flawed", reason="COMPACT does not exist")
    got = mark(question(), flawed, given, "all-or-nothing", "verified")
    assert (got.verdict, got.points, got.maximum) == (Verdict.VOID, ZERO, ZERO)
    assert got.reason == "void: COMPACT does not exist"


def test_a_flawed_key_counts_under_the_source_policy() -> None:
    """The source's answer earns the point, as the source says."""
    flawed = key("B", status="flawed", reason="false")
    assert mark(question(), flawed, "B", "all-or-nothing", "source").verdict is Verdict.CORRECT
    assert mark(question(), flawed, "A", "all-or-nothing", "source").verdict is Verdict.WRONG


@pytest.mark.parametrize("status", ["sound", "disputed", "dated"])
def test_other_keys_count_under_both_policies(status: Status) -> None:
    """Only a flawed key is ever void; a disputed or dated one is marked by what it accepts."""
    keyed = key("B", "C", status=status, reason="arguable")
    source = [mark(question(), keyed, x, "all-or-nothing", "source") for x in "ABCD"]
    verified = [mark(question(), keyed, x, "all-or-nothing", "verified") for x in "ABCD"]
    assert source == verified
    assert [m.points for m in source] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("letters", "told"), [("B", "B"), ("CA", "A and C"), ("DBA", "A, B and D")]
)
def test_letters_are_spelled_for_people(letters: str, told: str) -> None:
    """One letter alone, two joined, more with commas; always in order."""
    assert spell(frozenset(letters)) == told
