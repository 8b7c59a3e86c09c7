"""How a request fails, and how an exception is told."""

from __future__ import annotations

import traceback
from pathlib import Path


class Refused(Exception):
    """A request that failed for a reason worth telling; `kind` as in `StudentError`."""

    def __init__(self, message: str, kind: str = "raised") -> None:
        super().__init__(message)
        self.kind = kind


def describe(error: BaseException) -> str:
    """An exception in a line or two, with the last line of the student's file it passed.

    Only the beginning of its message: Spark's go on with a whole query plan.
    """
    try:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        text = " ".join(lines[:2])
    except BaseException:  # an exception class of the student's whose __str__ raises
        text = "(its message cannot be shown)"
    where = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith("/submission/"):
            where = f" (line {frame.lineno} of {Path(frame.filename).name})"
    return f"{type(error).__name__}: {text[:400]}{where}"
