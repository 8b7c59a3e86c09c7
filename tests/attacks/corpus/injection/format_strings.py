"""Feed template engines, loggers, spreadsheets and printf with what each of them obeys.

Lab: probe
Verdict: student-error
Message: answer raised ValueError
Naive: not-tried
"""

EVIL = "=cmd|' /C calc'!A0 {0.__class__} {{7*7}} ${jndi:ldap://127.0.0.1/} %s%s%n %(x)s `id` $(id)"


def answer(n):
    """Say it."""
    raise ValueError(EVIL)


order = answer
