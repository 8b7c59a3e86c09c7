"""Which lab goes where: Spark labs follow each other on one JVM, the others run beside.

A lab on a JVM that another lab has used takes some 0.6 of what the first one took, and a JVM takes
seconds of two cores to start. So at first one station has a JVM, and the others run what needs
none; when that is done, they take from the first what is worth a JVM of their own. Otherwise labs
keep their order, in which their verdicts are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.core.model import LabSpec

#: Seconds of a lab on warm engines of a quiet machine, by what it asks for: what is assumed where
#: its author does not say.
_BASE = 1.5
_MORE: Mapping[str, float] = {
    "spark": 6.0,
    "mlflow": 1.0,
    "feature-store": 1.0,
    "workspace": 1.0,
    "kafka": 1.0,
}
#: Seconds that a JVM takes to start, and its first lab longer than it would on a used one.
NEW_JVM = 10.0


def wants_java(spec: LabSpec) -> bool:
    """Whether a lab asks for a JVM."""
    return "spark" in spec.runtime


def expected(spec: LabSpec) -> float:
    """Seconds that a lab takes on warm engines, as its author says or as labs of its kind do."""
    return spec.seconds or _BASE + sum(_MORE.get(name, 0.0) for name in spec.runtime)


def worth_a_jvm(left: float, costs: Sequence[float]) -> int | None:
    """Which of the labs with `costs`, in seconds, is to be run on a new JVM; None if none is.

    `left` are the seconds until those that have a JVM are through with all of them. That is the
    lab with which both sides are done first.
    """

    def seconds(n: int) -> float:
        return max(left - costs[n], NEW_JVM + costs[n])

    best = min(range(len(costs)), key=seconds, default=None)
    return best if best is not None and seconds(best) < left else None
