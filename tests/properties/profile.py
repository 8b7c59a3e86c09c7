"""How Hypothesis runs here: the same examples every time, and no database."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def quick(examples: int) -> settings:
    """For a test: `examples` of them, fixed. The hang guard is pytest-timeout's and our own."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
