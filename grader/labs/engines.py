"""Bring together what labs run on: sandbox, Java, jars, and a migrated MLflow store."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from importlib import metadata
from pathlib import Path

from grader.labs.station import Engines, Station
from grader.provision.jars import Group, cache_folder, ensure_jars
from grader.provision.java import find_java
from grader.provision.java_cache import find_cache
from grader.sandbox.interface import Limits, Sandbox

#: Told what is being done, in a few words.
Say = Callable[[str], None]
#: Everything that a lab can ask for.
RUNTIME = ("spark", "mlflow", "feature-store", "workspace", "kafka")
#: The engines whose versions a grade records; none of them is imported for it.
ENGINES = ("pyspark", "delta-spark", "mlflow", "deltalake", "scikit-learn", "pandas")


def engine_versions() -> dict[str, str]:
    """Installed versions of the engines."""
    return {name: metadata.version(name) for name in ENGINES}


def prepare(sandbox: Sandbox, runtime: Collection[str], say: Say) -> Engines:
    """Fetch or make whatever `runtime` needs and is missing.

    Raises:
        ProvisionError: something cannot be had.
        SandboxFault: the store could not be made.
    """

    def jars(group: Group, service: str) -> list[Path]:
        if service not in runtime:
            return []
        return ensure_jars(lambda name, i, n: say(f"fetching {name} ({i} of {n})"), group)

    spark, broker = jars("spark", "spark"), jars("kafka-broker", "kafka")
    store = store_template(sandbox, say) if "mlflow" in runtime else None
    return Engines(
        find_java().home,
        spark,
        store,
        find_cache() if spark else None,
        broker=broker,
        broker_cache=find_cache("kafka-broker") if broker else None,
    )


def store_path() -> Path:
    """Where the migrated store is kept; another MLflow has another schema."""
    return cache_folder() / f"mlflow-store-{metadata.version('mlflow')}.db"


def store_template(sandbox: Sandbox, say: Say) -> Path:
    """The migrated store, made once."""
    path = store_path()
    if path.is_file():
        return path
    say("preparing an empty MLflow store (once)")
    path.parent.mkdir(parents=True, exist_ok=True)
    station = Station(sandbox, Engines(find_java().home, (), None), ["store"], [], Limits())
    try:
        workspace = station.enter("store")
        station.keeper("migrator").ready()
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as out:
            out.write((workspace / "mlflow.db").read_bytes())
        made = Path(out.name)
        made.chmod(0o644)
        made.replace(path)
    finally:
        station.close()
    return path
