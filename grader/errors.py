"""Every exception this package raises on purpose.

    GraderError
     +-- CourseError      the course's own files are wrong (bank, labs, policy)
     +-- SubmissionError  a submission cannot be found or used at all
     +-- ProvisionError   a piece of the machine is missing: Java, jars, bwrap
     +-- SandboxFault     the wall could not be put up, or broke: never the student's doing
     +-- StudentError     the student's code raised, hung, ran out of something or answered nonsense

Messages are for the person who meets them: where, what is wrong, what to do. `CourseError`,
`ProvisionError` and `SandboxFault` never cost a student points; `StudentError` costs the check
that met it.
"""

from __future__ import annotations


class GraderError(Exception):
    """Base of all errors of this package."""

    #: Exit status of the `grader` command when this error ends it.
    exit_code = 3


class CourseError(GraderError):
    """The course repository is not usable as it is."""


class SubmissionError(GraderError):
    """A submission cannot be found or used at all."""

    exit_code = 4


class ProvisionError(GraderError):
    """Something that grading needs is not on this machine and could not be fetched."""


class SandboxFault(GraderError):
    """The sandbox failed, not the code in it."""


class StudentError(GraderError):
    """The student's code failed.

    `kind` says how: `raised`, `timeout`, `memory`, `ended`, `missing`, `output`.
    """

    def __init__(self, message: str, kind: str = "raised") -> None:
        super().__init__(message)
        self.kind = kind
