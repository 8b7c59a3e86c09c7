"""What checks see of a Feature Store, from the files of the lab to the words of a check."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from grader.errors import StudentError
from grader.guest import features_view, mlflow_engine
from grader.guest.features import catalog, online, packaging
from grader.guest.features.spec import FeatureSpec, LookupSpec
from grader.guest.places import Places
from grader.guest.refusal import Refused
from grader.labs.features import Features
from grader.labs.lab import Lab

COLUMNS = {"rider": "integer", "trips": "integer", "at": "timestamp"}
SPEC = FeatureSpec(
    ("km", "rides"),
    (LookupSpec("default.riders", ("rider",), ("who",), {"trips": "rides"}),),
    ("late",),
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A lab's folders, with nothing in them."""
    folders = [tmp_path / name for name in ("workspace", "submission", "tmp")]
    for folder in folders:
        folder.mkdir()
    return Places(*folders)


def schema(name: str) -> dict[str, str]:
    """The columns of every Delta table but one."""
    if name == "default.gone":
        raise Refused("there is no Delta table 'gone'", "missing")
    if name == "default.torn":
        raise Refused("the table cannot be read")
    return COLUMNS


def seen(places: Places) -> Features:
    """What a check sees."""
    return Features.of(features_view.view(places, schema))


def logged(places: Places) -> None:
    """A tracking store with a model that has features, registered twice, and one without."""
    with closing(sqlite3.connect(mlflow_engine.store(places))) as db, db:
        db.execute(
            "CREATE TABLE logged_models"
            " (model_id, name, source_run_id, experiment_id, creation_timestamp_ms)"
        )
        db.execute("CREATE TABLE model_versions (source, name, version)")
        models = [("m-2", "bare", "r", 1, 5), ("m-1", "late", "r", 1, 7)]
        db.executemany("INSERT INTO logged_models VALUES (?, ?, ?, ?, ?)", models)
        versions = [("models:/m-1", "x", 2), ("/files/m-1/artifacts", "x", 1), ("m-11", "y", 1)]
        db.executemany("INSERT INTO model_versions VALUES (?, ?, ?)", versions)
    folder = mlflow_engine.artifacts(places) / "1" / "models" / "m-1" / "artifacts"
    folder /= packaging.DATA
    folder.mkdir(parents=True)
    packaging.write(folder, SPEC)


def test_a_lab_without_a_feature_store_shows_nothing(places: Places) -> None:
    """And what a check asks for by name is missing, not wrong."""
    found = seen(places)
    assert (found.tables, found.online_tables, found.models) == ([], [], [])
    for ask in (found.table, found.online):
        with pytest.raises(StudentError, match="feature table 'x'") as error:
            ask("x")
        assert error.value.kind == "missing"


def test_tables_are_shown_with_their_keys(places: Places) -> None:
    """By short and full names; one that Spark has dropped is none."""
    for name in ("default.riders", "shop.prices", "default.gone"):
        catalog.put(places.workspace, name, ["rider"], ["at"], "D", {"a": "b"})
    found = seen(places)
    assert [t.name for t in found.tables] == ["default.riders", "shop.prices"]
    riders = found.table("riders")
    assert (riders.primary_keys, riders.timestamp_keys) == (["rider"], ["at"])
    assert (riders.features, riders.description, riders.tags) == (["trips"], "D", {"a": "b"})
    assert found.table("main.Shop.prices").name == "shop.prices"


def test_published_rows_are_shown(places: Places) -> None:
    """Of several publications of a table the newest; the lab's own file stays as it is."""
    for store in ("fast", "slow"):
        table = online.OnlineTable(store, "r", "default.riders", ("rider",), {"rider": "int"})
        online.publish(places.workspace, table, [{"rider": 1}], replace=True)
    before = online.path(places.workspace).read_bytes()
    found = seen(places).online("default.riders")
    assert (found.store, found.keys, found.rows) == ("slow", ["rider"], [{"rider": 1}])
    assert online.path(places.workspace).read_bytes() == before


def test_models_tell_what_they_read(places: Places) -> None:
    """Which features of which table, by which columns, and what is registered of them."""
    logged(places)
    (model,) = seen(places).readers("riders")
    assert (model.id, model.name, model.run) == ("m-1", "late", "r")
    assert model.registered == ["x/1", "x/2"]
    assert (model.inputs, model.label) == (["km", "rides"], ["late"])
    assert (model.reads("riders"), model.reads("zones")) == (["trips"], [])
    (lookup,) = model.lookups
    assert (lookup.lookup_key, lookup.outputs) == (["who"], {"trips": "rides"})
    assert seen(places).readers("zones") == []


@pytest.mark.parametrize("path", [catalog.path, online.path])
def test_a_file_that_is_no_store_is_refused(places: Places, path: Any) -> None:
    """Whatever a student wrote there, it is told in a sentence."""
    target = path(places.workspace)
    target.parent.mkdir()
    target.write_bytes(b"not a database, but long enough to be read as one" * 30)
    with pytest.raises(Refused, match="the feature store cannot be read"):
        features_view.view(places, schema)


def test_a_table_that_cannot_be_read_is_told(places: Places) -> None:
    """Damage is not the same as a table that is not there."""
    catalog.put(places.workspace, "default.torn", ["rider"], [], None, None)
    with pytest.raises(Refused, match="cannot be read"):
        features_view.view(places, schema)


def test_an_answer_of_another_form_is_held_against_the_lab() -> None:
    """A crafted file may make the inspector answer strangely."""

    class Strange:
        printed = ""

        def ask(self, role: str, op: str, **fields: Any) -> Any:
            return {"tables": [{"name": "t"}], "online_tables": [], "models": []}

    with pytest.raises(StudentError, match="the feature store cannot be made sense of"):
        Lab(Strange(), {}).features  # noqa: B018 - a property that asks
