"""Spark's daemon of Python workers, begun in the lab's folder.

The JVM is shared by labs and so has no folder of one of them; a worker that opens a file by a
relative name must find it all the same.
"""

from __future__ import annotations

import os

from pyspark.daemon import manager

if __name__ == "__main__":
    os.chdir(os.environ["GRADER_WORKSPACE"])
    manager()
