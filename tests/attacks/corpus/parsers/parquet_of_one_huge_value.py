"""Leave one row of 60 MB that compresses to nothing.

Lab: table
Verdict: wrong|student-error
Message: larger than|memory|cannot
Naive: not-tried
"""

import pyarrow as pa
from deltalake import write_deltalake

write_deltalake("warehouse/t", pa.table({"n": [b"0" * 60_000_000]}))
