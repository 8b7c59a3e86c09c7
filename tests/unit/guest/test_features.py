"""The Feature Store where it needs no engine: names, lookups, specifications, what is online."""

from __future__ import annotations

import datetime
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grader.guest import features
from grader.guest.features import catalog, engineering, names, online, online_store_spec, packaging
from grader.guest.features.complete import Incomplete, complete
from grader.guest.features.online import NoOnlineTable, OnlineTable
from grader.guest.features.spec import FeatureSpec, LookupSpec
from tests.builders import ROOT

SNAPSHOT = json.loads((ROOT / "tests/data/feature_store_signatures.json").read_text("utf-8"))
RIDERS = LookupSpec(
    table="default.riders",
    primary_keys=("rider",),
    lookup_key=("who",),
    outputs={"trips": "rides", "score": "score"},
    defaults={"score": -1.0},
)
PRICES = LookupSpec(
    table="default.prices",
    primary_keys=("zone",),
    lookup_key=("zone",),
    outputs={"price": "price"},
    timestamp_key="at",
    timestamp_lookup_key="asked",
    lookback_seconds=3600.0,
)
SPEC = FeatureSpec(("km", "rides", "score"), (RIDERS,), ("late",))


def documented(name: str) -> Any:
    """What a name of the documentation stands for here."""
    module, _, thing = name.rpartition(".")
    return getattr(features if module == "databricks.feature_store" else engineering, thing)


def signature(function: Any) -> str:
    """Names, order, kinds and defaults of a method's arguments."""
    parameters = [
        p.replace(annotation=p.empty)
        for p in inspect.signature(function).parameters.values()
        if p.name != "self"
    ]
    return str(inspect.Signature(parameters))


@pytest.mark.parametrize(
    ("name", "method"), [(name, method) for name in SNAPSHOT for method in SNAPSHOT[name]]
)
def test_signatures_are_as_recorded(name: str, method: str) -> None:
    """Arguments have the names, order, kinds and defaults that are documented."""
    thing = documented(name)
    if name.endswith("feature_table"):
        thing = thing(lambda: None)
    assert signature(getattr(thing, method)) == SNAPSHOT[name][method]


def test_importing_loads_no_engine() -> None:
    """A lab that imports the Feature Store and does nothing pays nothing for it."""
    code = (
        "import sys, grader.guest.features.engineering, grader.guest.features.mlflow_model,"
        " grader.guest.features.complete; print(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {"pyspark", "mlflow", "pandas", "numpy"}.isdisjoint(done.stdout.split())


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("riders", "now.riders"),
        ("Shop.Riders", "shop.riders"),
        ("main.shop.riders", "shop.riders"),
        ("hive_metastore.shop.riders", "shop.riders"),
        ("`shop`.`riders`", "shop.riders"),
    ],
)
def test_names_have_up_to_three_parts(name: str, full: str) -> None:
    """One part is in the current schema; the catalog is the lab's, whatever it is called."""
    assert names.table(name, "now") == full


@pytest.mark.parametrize("name", ["", "a.b.c.d", "a..b", "my table", "/tmp/t", "other.shop.t"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """Paths, blanks, too many parts, catalogs that there are not."""
    with pytest.raises(ValueError, match=r"no name of a feature table|no catalog"):
        names.table(name)


def test_columns_come_alone_or_in_a_list() -> None:
    """A list without twins, whatever was given; anything else is refused by its name."""
    assert names.columns("a", "label") == ["a"]
    assert names.columns(("a", "b"), "label") == ["a", "b"]
    with pytest.raises(TypeError, match="label must be a column's name or a list of them"):
        names.columns(7, "label")
    with pytest.raises(ValueError, match="label has 'a' twice"):
        names.columns(["a", "a"], "label")


@pytest.mark.parametrize("name", ["t", "shop.t", "a.b.c.d", "a b.c.d", None])
def test_an_online_table_is_named_by_three_parts(name: Any) -> None:
    """No part of it is taken from where one happens to be."""
    with pytest.raises(ValueError, match=r"online_table_name must be catalog\.schema\.table"):
        names.three_parts(name)
    assert names.three_parts("Main.shop.T") == "main.shop.t"


def test_a_lookup_keeps_what_it_is_given() -> None:
    """Single names become lists; without feature_names all features are meant."""
    window = datetime.timedelta(days=7)
    lookup = engineering.FeatureLookup(
        "riders",
        "rider",
        feature_names="trips",
        rename_outputs={"trips": "rides"},
        timestamp_lookup_key="asked",
        lookback_window=window,
        default_values={"rides": 0},
    )
    assert (lookup.lookup_key, lookup.feature_names) == (["rider"], ["trips"])
    assert (lookup.timestamp_lookup_key, lookup.lookback_window) == ("asked", window)
    assert lookup.default_values == {"rides": 0}
    assert features.FeatureLookup("riders", ["a", "b"]).feature_names is None
    assert repr(lookup) == "<FeatureLookup: trips of riders by ['rider']>"
    old = features.FeatureLookup("riders", "rider", feature_name="trips", output_name="rides")
    assert (old.feature_names, old.rename_outputs) == (["trips"], {"trips": "rides"})


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"lookback_window": datetime.timedelta(1)}, "lookback_window needs a timestamp_lookup"),
        (
            {"lookback_window": 7, "timestamp_lookup_key": "t"},
            r"must be a datetime\.timedelta \(got 7\)",
        ),
        (
            {"lookback_window": -datetime.timedelta(1), "timestamp_lookup_key": "t"},
            "must not be negative",
        ),
        ({"timestamp_lookup_key": ["t", "u"]}, "timestamp_lookup_key must be one column"),
        ({"lookup_key": []}, "at least one column"),
        ({"table_name": None}, "table_name must be the name of a feature table"),
        ({"rename_outputs": ["a"]}, "rename_outputs must be a dictionary"),
        ({"features": "a"}, "FeatureLookup has no argument 'features'"),
        ({"default_values": {}}, "FeatureLookup has no argument 'default_values'"),
        ({"feature_names": "a", "feature_name": "a"}, "not both"),
        ({"output_name": "b"}, "output_name renames feature_name"),
    ],
)
def test_a_lookup_that_makes_no_sense_is_refused(changed: dict[str, Any], told: str) -> None:
    """When it is made: the line of the mistake is the line of the error."""
    with pytest.raises((TypeError, ValueError), match=told):
        features.FeatureLookup(**{"table_name": "t", "lookup_key": "k", **changed})


def test_a_specification_is_written_and_read(tmp_path: Path) -> None:
    """What comes out of a model is what went in."""
    folder = tmp_path / packaging.DATA
    folder.mkdir(parents=True)
    spec = FeatureSpec(("km", "price"), (RIDERS, PRICES))
    packaging.write(folder, spec)
    assert packaging.feature_spec(tmp_path) == spec
    assert packaging.raw_model_path(tmp_path) == folder / "raw_model"
    assert packaging.feature_spec(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{lookups: 1}", "{inputs: [1], label: [], lookups: []}", "{", "&a [*a]"]
)
def test_a_crafted_specification_is_told(tmp_path: Path, text: str) -> None:
    """Whatever a student's file holds, it is a ValueError."""
    folder = tmp_path / packaging.DATA
    folder.mkdir(parents=True)
    (folder / packaging.SPEC).write_text(text)
    with pytest.raises(ValueError, match="feature specification"):
        packaging.feature_spec(tmp_path)


def riders(workspace: Path, *rows: dict[str, Any], replace: bool = False, **changed: Any) -> None:
    """Publish some riders."""
    fields: dict[str, Any] = {
        "store": "fast",
        "name": "riders",
        "source": "default.riders",
        "keys": ("rider",),
        "columns": {"rider": "int", "trips": "int", "score": "double"},
        **changed,
    }
    online.publish(workspace, OnlineTable(**fields), rows, replace=replace)


def test_published_rows_are_found_by_key(tmp_path: Path) -> None:
    """Whole floats are the same key as integers; unknown keys give None."""
    riders(tmp_path, {"rider": 1, "trips": 10}, {"rider": 2, "trips": 20})
    found = online.lookup(tmp_path, "default.riders", [[2.0], [3], [1], ["1"]])
    assert found == [{"rider": 2, "trips": 20}, None, {"rider": 1, "trips": 10}, None]


def test_a_merge_keeps_what_is_online_and_an_overwrite_does_not(tmp_path: Path) -> None:
    """Merged rows keep the columns that the new ones lack."""
    riders(tmp_path, {"rider": 1, "trips": 10}, {"rider": 2, "trips": 20})
    riders(tmp_path, {"rider": 2, "score": 0.5}, columns={"rider": "int", "score": "double"})
    (table,) = online.tables(tmp_path)
    assert online.rows(tmp_path, table)[1] == {"rider": 2, "trips": 20, "score": 0.5}
    assert list(table.columns) == ["rider", "trips", "score"]
    riders(tmp_path, {"rider": 3}, replace=True, columns={"rider": "int"})
    (table,) = online.tables(tmp_path)
    assert (online.rows(tmp_path, table), list(table.columns)) == ([{"rider": 3}], ["rider"])


def test_the_newest_publication_counts(tmp_path: Path) -> None:
    """If a table is in two stores, also when the older one was there first."""
    riders(tmp_path, {"rider": 1, "trips": 1})
    riders(tmp_path, {"rider": 1, "trips": 2}, store="slow")
    assert online.lookup(tmp_path, "default.riders", [[1]]) == [{"rider": 1, "trips": 2}]
    riders(tmp_path, {"rider": 1, "trips": 3})
    assert online.lookup(tmp_path, "default.riders", [[1]]) == [{"rider": 1, "trips": 3}]


def test_what_is_not_online_is_told_and_dropped_once(tmp_path: Path) -> None:
    """Before any publication, after a drop, and after the drop of its store."""
    with pytest.raises(NoOnlineTable, match=r"'default\.riders' is not published"):
        online.lookup(tmp_path, "default.riders", [[1]])
    assert online.tables(tmp_path) == []
    riders(tmp_path, {"rider": 1})
    assert [online.drop(tmp_path, "fast", "riders") for _ in range(2)] == [True, False]
    assert [online.create_store(tmp_path, "fast", "CU_1") for _ in range(2)] == [True, False]
    riders(tmp_path, {"rider": 1})
    assert online.stores(tmp_path) == {"fast": "CU_1"}
    assert [online.drop_store(tmp_path, "fast") for _ in range(2)] == [True, False]
    with pytest.raises(NoOnlineTable):
        online.lookup(tmp_path, "default.riders", [[1]])


def test_records_are_completed(tmp_path: Path) -> None:
    """Keys bring features, defaults and nulls; a feature that is given counts, None too."""
    riders(tmp_path, {"rider": 1, "trips": 10, "score": None}, {"rider": 2, "trips": 5, "score": 2})
    records: list[dict[str, Any]] = [
        {"who": 1, "km": 1.0},
        {"who": 2, "km": 2.0, "rides": None},
        {"who": 9, "km": 3.0},
        {"km": 4.0, "rides": 7, "score": 8, "other": 1},
    ]
    assert complete(tmp_path, SPEC, records) == [
        {"km": 1.0, "rides": 10, "score": -1.0},
        {"km": 2.0, "rides": None, "score": 2},
        {"km": 3.0, "rides": None, "score": -1.0},
        {"km": 4.0, "rides": 7, "score": 8},
    ]
    with pytest.raises(Incomplete, match="the input lacks 'km', 'who'"):
        complete(tmp_path, SPEC, [{"rides": 1}])


@pytest.mark.parametrize(
    ("asked", "price"),
    [
        ("2024-01-01T12:00:00", 3.0),
        ("2024-01-01T13:00:00", 3.0),
        (datetime.datetime(2024, 1, 1, 12, 30), 3.0),
        ("2024-01-01T13:30:00+01:00", 3.0),
        ("2024-01-01T13:00:01", None),
        ("2024-01-01T11:59:59", None),
        (datetime.date(2024, 1, 1), None),
        ("noon", None),
        (None, None),
    ],
)
def test_what_is_online_counts_if_it_was_known_in_time(
    tmp_path: Path, asked: Any, price: float | None
) -> None:
    """Not before its time, and not after the lookback window, whose end counts."""
    row = {"zone": "a", "at": datetime.datetime(2024, 1, 1, 12), "price": 3.0}
    fields: dict[str, Any] = {"name": "prices", "source": "default.prices", "keys": ("zone",)}
    riders(tmp_path, row, **fields)
    spec = FeatureSpec(("price",), (PRICES,))
    assert complete(tmp_path, spec, [{"zone": "a", "asked": asked}]) == [{"price": price}]


def test_the_catalog_keeps_keys_and_tags(tmp_path: Path) -> None:
    """Put, changed, replaced and forgotten, with the tags of each table apart."""
    assert catalog.entries(tmp_path) == []
    catalog.put(tmp_path, "s.a", ["k"], ["at"], None, {"x": "1"})
    catalog.put(tmp_path, "s.b", ["k"], [], "B", None)
    catalog.set_tag(tmp_path, "s.b", "y", "2")
    catalog.set_tag(tmp_path, "s.a", "x", "3")
    a, b = catalog.entries(tmp_path)
    assert (a.keys, a.description, a.tags) == (("k", "at"), "", {"x": "3"})
    assert (b.keys, b.description, b.tags) == (("k",), "B", {"y": "2"})
    assert [catalog.delete_tag(tmp_path, "s.a", "x") for _ in range(2)] == [True, False]
    catalog.put(tmp_path, "s.b", ["j"], [], "C", None)
    catalog.forget(tmp_path, "s.a")
    (b,) = catalog.entries(tmp_path)
    assert (b.primary_keys, b.tags) == (("j",), {})
    assert catalog.get(tmp_path, "s.a") is None


def test_stores_are_told_apart_by_kind_and_place() -> None:
    """Credentials make no difference; each kind takes the arguments of its own service."""
    spec = online_store_spec
    dynamo = spec.AmazonDynamoDBSpec("eu", access_key_id="a", table_name="t")
    assert (dynamo.store, dynamo.table_name) == ("amazon-dynamodb/eu", "t")
    assert spec.AmazonDynamoDBSpec(region="eu", read_secret_prefix="p").store == dynamo.store
    assert spec.AzureMySqlSpec("host", 3306, database_name="d").store == "azure-mysql/host/3306/d"
    assert spec.AmazonRdsMySqlSpec("host", 3306, "u", "p").store == "amazon-rds-mysql/host/3306"
    cosmos = spec.AzureCosmosDBSpec("https://c", container_name="t")
    assert (cosmos.store, cosmos.table_name) == ("azure-cosmosdb/https://c", "t")
    assert repr(dynamo) == "<AmazonDynamoDBSpec: amazon-dynamodb/eu>"


def test_only_functions_are_marked() -> None:
    """The decorator keeps a function's name and is refused elsewhere."""

    @features.feature_table
    def trips(rides: int) -> int:
        """How many."""
        return rides + 1

    assert (trips(1), trips.__name__, trips.__doc__) == (2, "trips", "How many.")
    with pytest.raises(TypeError, match="@feature_table marks a function"):
        features.feature_table("riders")  # type: ignore[arg-type] # a student may
