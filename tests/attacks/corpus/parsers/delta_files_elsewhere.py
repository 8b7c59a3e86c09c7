"""Leave a table whose log names files outside, where a right one lies.

Lab: table
Verdict: wrong|student-error
Message: cannot be read
Naive: not-tried
"""

import json
import os

os.makedirs("warehouse/t/_delta_log")
SCHEMA = {
    "type": "struct",
    "fields": [{"name": "n", "type": "long", "nullable": True, "metadata": {}}],
}


def adding(path):
    """A commit's entry for one file."""
    return {
        "add": {
            "path": path,
            "partitionValues": {},
            "size": 500,
            "modificationTime": 0,
            "dataChange": True,
        }
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
    adding("file://@ROOT@/right.parquet"),
]
with open("warehouse/t/_delta_log/00000000000000000000.json", "w") as file:
    file.write("\n".join(json.dumps(a) for a in ACTIONS))
with open("warehouse/t/_delta_log/00000000000000000001.json", "w") as file:
    file.write(json.dumps({"commitInfo": {"operation": "WRITE"}}))
