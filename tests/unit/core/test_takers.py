"""`grader.core.takers`: what an exam yields to those who do not read it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from grader.core.model import Key, Question
from grader.core.takers import Habit, Paper, always, longest, paper, shortest
from tests.builders import bank, exam, key, question


def sized(*lengths: int) -> Question:
    """An item whose options A, B, ... are texts of these lengths."""
    return question(options={x: "x" * n for x, n in zip("ABCDEFGH", lengths, strict=False)})


def single(item: Question, keyed: Key) -> Paper:
    """A paper of one item."""
    return Paper(((item, keyed),))


@pytest.mark.parametrize(
    ("lengths", "long", "short"),
    [
        ([1, 2, 3, 4], "D", "A"),
        ([4, 3, 2, 1], "A", "D"),
        ([1, 3, 3, 2], "BC", "A"),
        ([2, 1, 1, 1], "A", "BCD"),
        ([5, 5, 5, 5], "ABCD", "ABCD"),
        ([7, 8], "B", "A"),
    ],
)
def test_length_picks_all_that_tie(lengths: list[int], long: str, short: str) -> None:
    """The longest and the shortest option, or all of them that are."""
    assert longest(sized(*lengths)) == set(long)
    assert shortest(sized(*lengths)) == set(short)


def test_length_is_that_of_the_text_alone() -> None:
    """White space around an option makes it no longer; within, it counts."""
    item = question(options={"A": "abc", "B": "  ab \n", "C": "a b c"})
    assert (longest(item), shortest(item)) == ({"C"}, {"B"})


@pytest.mark.parametrize(
    ("lengths", "answer", "long", "short"),
    [
        ([1, 2, 3, 4], "D", "1", "0"),
        ([1, 2, 3, 4], "A", "0", "1"),
        ([1, 2, 3, 4], "B", "0", "0"),
        ([1, 3, 3, 2], "B", "1/2", "0"),
        ([2, 1, 1, 1], "D", "0", "1/3"),
        ([5, 5, 5, 5], "C", "1/4", "1/4"),
        ([5, 5, 5, 5, 5, 5, 5], "G", "1/7", "1/7"),
    ],
)
def test_a_tie_is_broken_at_random(lengths: list[int], answer: str, long: str, short: str) -> None:
    """Among n letters the expected score is exactly 1/n where the key is one, else nothing."""
    one = single(sized(*lengths), key(answer))
    assert (one.score(longest), one.score(shortest)) == (Fraction(long), Fraction(short))


def test_scores_add_up_exactly() -> None:
    """Halves and thirds and fourths of items are no floats."""
    of = Paper(
        (
            (sized(1, 3, 3, 2), key("B")),
            (sized(3, 3, 3), key("A")),
            (sized(5, 5, 5, 5), key("D")),
            (sized(1, 9), key("A")),
        )
    )
    assert of.score(longest) == Fraction(1, 2) + Fraction(1, 3) + Fraction(1, 4)
    assert of.score(shortest) == Fraction(1, 3) + Fraction(1, 4) + 1
    assert of.chance == Fraction(1, 4) + Fraction(1, 3) + Fraction(1, 4) + Fraction(1, 2)


def test_chance_is_blind() -> None:
    """Three items of three options are worth one point to a coin, whatever their keys."""
    items = tuple((question(options="ABC"), key(x)) for x in "AAB")
    assert Paper(items).chance == 1
    assert Paper(()).chance == 0
    assert isinstance(Paper(()).chance, Fraction)


@pytest.mark.parametrize(("letter", "score"), [("A", "2"), ("B", "1"), ("C", "0"), ("Z", "0")])
def test_the_same_letter_everywhere(letter: str, score: str) -> None:
    """It earns as many points as there are items keyed with it."""
    of = Paper(tuple((question(), key(x)) for x in "ABA"))
    assert of.score(always(letter)) == Fraction(score)


def test_a_letter_that_an_item_lacks_is_not_ticked() -> None:
    """Always E leaves an item of four options out."""
    assert always("E")(question(options="ABCD")) == set()
    assert always("E")(question(options="ABCDE")) == {"E"}


@pytest.mark.parametrize("habit", [longest, always("D")])
def test_only_the_sources_letter_counts(habit: Habit) -> None:
    """A second letter that is accepted would flatter every habit."""
    item = sized(1, 2, 3, 4)
    assert single(item, key("B", "D")).score(habit) == 0
    assert single(item, key("D", "B")).score(habit) == 1


def test_letters_are_counted_in_order() -> None:
    """How often each is the source's; those that never are do not appear."""
    of = Paper(tuple((question(), key(x)) for x in ("D", "B", "D", "A", "D")))
    assert list(of.letters().items()) == [("A", 1), ("B", 1), ("D", 3)]
    assert Paper(()).letters() == {}


def test_a_paper_is_the_single_answer_items_with_a_key() -> None:
    """In the order of the exams; sets, unkeyed and unwritten items are left out."""
    of = bank(
        [
            question("q1-01"),
            question("q1-02", kind="multiple"),
            question("q1-03"),
            question("q2-01"),
        ],
        [exam("quiz-1", ["q1-03", "q1-01", "q1-02", "q1-09"]), exam("quiz-2", ["q2-01"])],
        [key("A", id_="q1-01"), key("AB", id_="q1-02"), key("C", id_="q2-01")],
    )
    assert [q.id for q, _ in paper(of, ["quiz-1"]).items] == ["q1-01"]
    assert [(q.id, k.id) for q, k in paper(of, ["quiz-2", "quiz-1"]).items] == [
        ("q2-01", "q2-01"),
        ("q1-01", "q1-01"),
    ]
    assert paper(of, []).items == ()


def test_an_exam_that_does_not_exist_is_no_paper() -> None:
    """A misspelt exam is not an empty one."""
    with pytest.raises(KeyError):
        paper(bank(), ["quiz-9"])
