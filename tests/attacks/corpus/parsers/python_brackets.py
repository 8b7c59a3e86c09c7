"""Hand in a file that is one expression of 200,000 brackets.

Lab: probe
Verdict: unanswered|student-error
Message: nested parentheses|not valid Python|Recursion|memory|ended by itself
Naive: not-tried
"""

exec("x = " + "(" * 200_000 + ")" * 200_000)
