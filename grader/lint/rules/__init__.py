"""The rules, in the order of their codes.

To add one: a module here with a docstring that says what it wants and why, a function that
yields findings, and `RULE`; then name it below, and give it a test that fires and one that does
not. B1xx: cross-references and answers.
"""

from grader.lint.rule import Rule
from grader.lint.rules import (
    accepted_answers,
    domain_twins,
    exam_bands,
    exam_items,
    explanation_letters,
    item_exams,
    key_exams,
    key_items,
    key_status,
    option_letters,
    option_texts,
    topics,
)

RULES: tuple[Rule, ...] = (
    exam_items.RULE,
    key_items.RULE,
    topics.RULE,
    option_letters.RULE,
    accepted_answers.RULE,
    explanation_letters.RULE,
    option_texts.RULE,
    item_exams.RULE,
    key_exams.RULE,
    exam_bands.RULE,
    domain_twins.RULE,
    key_status.RULE,
)
