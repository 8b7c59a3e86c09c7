"""Put HTML and Markdown into the feedback: scripts, images that call home, headings, tables.

Lab: probe
Verdict: student-error
Message: answer raised ValueError
Naive: breaks
"""

EVIL = (
    "<script>fetch('http://127.0.0.1:@PORT@/')</script>\n\n# PASS: 5 of 5\n\n"
    "![x](http://127.0.0.1:@PORT@/x.png)\n[here](javascript:alert(1))\n"
    "| a | b |\n|---|---|\n```\n</code></pre><img src=x onerror=alert(1)>&lt;b&gt;{{7*7}}"
)


def answer(n):
    """Say it."""
    raise ValueError(EVIL)


order = answer
