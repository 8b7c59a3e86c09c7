"""Leave thirty million rows that take a few KiB, to be unpacked by whoever reads them.

Lab: table
Verdict: wrong|student-error
Message: has 30000000 rows|larger than|memory
Naive: not-tried
"""

import pyarrow as pa
from deltalake import write_deltalake

rows = pa.table({"n": pa.repeat(pa.scalar(11, pa.int64()), 30_000_000)})
write_deltalake("warehouse/t", rows)
