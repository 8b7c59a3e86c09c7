"""Make the table's data file a FIFO, so that whoever opens it waits (20 s here, then it ends).

Lab: table
Verdict: student-error
Message: the workspace holds a FIFO
Naive: not-tried
Seconds: 15
"""

import json
import os
import threading
import time

os.makedirs("warehouse/t/_delta_log")
SCHEMA = {
    "type": "struct",
    "fields": [{"name": "n", "type": "long", "nullable": True, "metadata": {}}],
}
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
            "size": 500,
            "modificationTime": 0,
            "dataChange": True,
        }
    },
]
with open("warehouse/t/_delta_log/00000000000000000000.json", "w") as file:
    file.write("\n".join(json.dumps(a) for a in ACTIONS))
os.mkfifo("warehouse/t/a.parquet")


def release():
    """Let a reader go after a while, so that this ends by itself."""
    time.sleep(20)
    for _ in range(50):
        with open("warehouse/t/a.parquet", "wb") as pipe:
            pipe.write(b"PAR1" * 200)
        time.sleep(0.05)


threading.Thread(target=release, daemon=True).start()
