"""Start a lab's services on a folder, without a wall: `python -m tests.conformance.serve FOLDER`.

Prints one line of JSON with the clients' settings, and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mlflow.server  # noqa: F401 - made before the fork, as a lab's process has it

from grader.guest import mlflow_engine
from grader.guest.places import Places
from grader.guest.services import server


def main() -> None:
    """Serve until nobody listens any more."""
    folder = Path(sys.argv[1])
    (folder / "tmp").mkdir()
    places = Places(folder, folder, folder / "tmp")
    mlflow_engine.set_environment(places)
    services = server.start(places, folder / "lab.py")
    print(json.dumps({"url": services.url, "token": services.token}), flush=True)
    sys.stdin.read()
    services.stop()


if __name__ == "__main__":
    main()
