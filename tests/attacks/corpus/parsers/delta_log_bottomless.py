"""Leave a Delta log of deeply nested JSON, with numbers and keys out of any bounds.

Lab: table
Verdict: student-error
Message: cannot be read|ended by itself|was killed
Naive: not-tried
"""

import os

os.makedirs("warehouse/t/_delta_log")
with open("warehouse/t/_delta_log/00000000000000000000.json", "w") as file:
    file.write('{"protocol":{"minReaderVersion":1e999,"minWriterVersion":-1}}\n')
    file.write('{"metaData":{"id":"x","schemaString":"' + "[" * 200_000 + '"}}\n')
    file.write('{"add":' * 100_000 + "1" + "}" * 100_000 + "\n")
