"""What a lab's fixture may do with the engines, and what the student's file finds of it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from grader.core.model import Budgets, LabSpec
from grader.labs.lab import Lab
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession
from grader.labs.station import Engines
from grader.sandbox.interface import Sandbox
from tests.stage import Stage

pytestmark = pytest.mark.engine

RUNTIME = ("spark", "mlflow")
FIXTURE = """
def prepare(data, inputs):
    import mlflow
    import mlflow.sklearn
    import pandas as pd
    from deltalake import write_deltalake
    from pyspark.sql import SparkSession
    from sklearn.linear_model import LinearRegression

    spark = SparkSession.builder.getOrCreate()
    spark.sql("CREATE DATABASE works")
    spark.range(3).write.saveAsTable("pipes")
    folder = inputs.parent / "warehouse" / "works.db" / "valves"
    write_deltalake(folder, pd.DataFrame({"x": [1.0, 2.0, 3.0]}))
    spark.sql(f"CREATE TABLE works.valves USING DELTA LOCATION '{folder}'")
    rows = pd.DataFrame({"x": [0.0, 1.0, 2.0]})
    with mlflow.start_run():
        mlflow.sklearn.log_model(
            LinearRegression().fit(rows, [1.0, 3.0, 5.0]),
            name="model",
            registered_model_name="double",
            pip_requirements=["scikit-learn"],
            signature=mlflow.models.infer_signature(rows, pd.Series([1.0])),
        )
"""
FILE = """
import mlflow
import pandas as pd
from pyspark.sql.functions import pandas_udf, struct

pipes = spark.table("pipes").count()
same = spark.table("default.pipes").count()
valves = spark.table("works.valves")

@pandas_udf("double")
def loaded_there(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(mlflow.pyfunc.load_model("models:/double/1").predict(rows))

def predictions():
    by_model = mlflow.pyfunc.spark_udf(spark, "models:/double/1")
    model = mlflow.pyfunc.load_model("models:/double/1")

    @pandas_udf("double")
    def taken_along(rows: pd.DataFrame) -> pd.Series:
        return pd.Series(model.predict(rows))

    x = struct("x")
    found = valves.select("x", by_model(x), taken_along(x), loaded_there(x)).orderBy("x")
    return [[round(value, 6) for value in row] for row in found.collect()]
"""


@pytest.fixture(scope="module")
def session(
    engines: tuple[Sandbox, Engines], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabSession]:
    """A lab whose fixture has written tables and registered a model."""
    folder: Path = tmp_path_factory.mktemp("probe")
    (folder / "fixture.py").write_text(FIXTURE)
    spec = LabSpec("probe", "P", "d", ("t",), Fraction(1), "s", RUNTIME, Budgets())
    sandbox, made = engines
    with Stage(sandbox, RUNTIME, engines=made) as stage:
        file = stage.station.home / "submission" / "labs" / "probe.py"
        file.parent.mkdir(mode=0o755)
        file.write_text(FILE)
        file.chmod(0o644)
        lab = LoadedLab(spec, folder, {}, lambda _: {})
        with LabSession(lab, "labs/probe.py", stage.station, "seed") as opened:
            opened.run()
            yield opened


def test_tables_of_a_fixture_are_found_by_name(session: LabSession) -> None:
    """One part is the lab's own database, two parts name one that the fixture made."""
    assert session.stopped == ""
    lab = Lab(session, {})
    assert lab.value("pipes", int) == lab.value("same", int) == 3
    assert len(lab.delta("works.valves").rows()) == 3


def test_a_registered_model_predicts_in_sparks_workers(session: LabSession) -> None:
    """As its own UDF, taken along in a UDF, and loaded in a worker by its name."""
    rows: list[list[float]] = Lab(session, {}).call("predictions", returns=list[list[float]])
    assert rows == [[x, y, y, y] for x, y in ((1.0, 3.0), (2.0, 5.0), (3.0, 7.0))]
