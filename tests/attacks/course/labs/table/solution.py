"""The reference, worth stealing: @SOLUTION@."""

import pyarrow as pa
from deltalake import write_deltalake

write_deltalake("warehouse/t", pa.table({"n": [11]}))
write_deltalake("warehouse/t", pa.table({"n": [22, 33]}), mode="append")
