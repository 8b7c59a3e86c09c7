"""Leave a table whose files end like Parquet and hold nonsense.

Lab: table
Verdict: wrong|student-error
Message: cannot be read
Naive: not-tried
"""

import json
import os
import struct

os.makedirs("warehouse/t/_delta_log")
SCHEMA = {
    "type": "struct",
    "fields": [{"name": "n", "type": "long", "nullable": True, "metadata": {}}],
}
BODY = b"PAR1" + b"\xff" * 5000 + struct.pack("<I", 0x7FFFFFF0) + b"PAR1"
with open("warehouse/t/a.parquet", "wb") as file:
    file.write(BODY)
ACTIONS = [
    {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
    {
        "metaData": {
            "id": "x",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps(SCHEMA),
            "partitionColumns": [],
            "configuration": {},
        }
    },
    {
        "add": {
            "path": "a.parquet",
            "partitionValues": {},
            "size": len(BODY),
            "modificationTime": 0,
            "dataChange": True,
        }
    },
]
with open("warehouse/t/_delta_log/00000000000000000000.json", "w") as file:
    file.write("\n".join(json.dumps(a) for a in ACTIONS))
