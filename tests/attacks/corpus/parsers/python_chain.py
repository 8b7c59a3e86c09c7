"""Compile a chain of 300,000 operators, which overruns a compiler's stack.

Lab: probe
Verdict: student-error
Message: Recursion|Memory|memory|Syntax|ended by itself|was killed
Naive: not-tried
"""

compile("x" + ".y" * 300_000, "chain", "eval")
compile("-" * 300_000 + "1", "chain", "eval")
