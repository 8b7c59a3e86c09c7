"""What the Feature Store must hold, and what the functions answer for visits of ours."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from grader.labs import Lab, points

HIDDEN = "/workspace/hidden"
COLUMNS = {"strokes_per_day", "ph", "level_m", "yield_lph"}
WINDOW = datetime.timedelta(days=30)
ROW = dict[str, Any]


@points(2, hint="create_table takes primary_keys, df and description.")
def test_pumps_are_a_feature_table(lab: Lab) -> None:
    """It is known to the Feature Store with its key, and says what it is for."""
    table = lab.features.table("pump_features")
    keys = [*table.primary_keys, *table.timestamp_keys]
    assert keys == ["pump_id"], f"the key of pump_features must be pump_id alone, not {keys}"
    assert table.description.strip(), "pump_features has no description"


@points(1, hint="Tags may be given when a table is created, or later.")
def test_the_table_tells_its_team(lab: Lab) -> None:
    """The tag `team` is `field`."""
    tags = dict(lab.features.table("pump_features").tags)
    assert tags.get("team") == "field", f"pump_features must have the tag team=field; it has {tags}"


@points(1, hint="Which rows did the table have before anything was merged into it?")
def test_the_table_begins_with_the_survey(lab: Lab) -> None:
    """The first rows that `pump_features` ever had."""
    table = lab.delta("pump_features")
    versions = (table.rows(version) for version in range(table.version + 1))
    first: list[ROW] = next((rows for rows in versions if rows), [])
    survey = lab.data["pumps"]
    assert _by(first, "pump_id").keys() == _by(survey, "pump_id").keys(), (
        f"the first rows must be the {len(survey)} pumps of SURVEY; there were {len(first)} rows"
    )
    for pump in survey:
        row = _by(first, "pump_id")[pump["pump_id"]]
        for name, value in pump.items():
            assert _same(row.get(name), value), (
                f"{name} of {pump['pump_id']} was {value} in SURVEY, and {row.get(name)} in the"
                " first version of pump_features"
            )


@points(2, hint="One mode of write_table leaves all else alone, also columns that df lacks.")
def test_the_resurvey_is_merged(lab: Lab) -> None:
    """New values of old pumps, new pumps, and everything else as it was."""
    rows = lab.delta("pump_features").rows()
    due = {pump["pump_id"]: dict(pump) for pump in lab.data["pumps"]}
    for pump in lab.data["resurvey"]:
        due.setdefault(pump["pump_id"], {"age_years": None}).update(pump)
    got = _by(rows, "pump_id")
    assert len(rows) == len(got), f"{len(rows) - len(got)} pumps are in pump_features twice"
    assert got.keys() == due.keys(), (
        f"after the merge there must be {len(due)} pumps in pump_features; there are {len(got)}"
    )
    for pump_id, pump in due.items():
        for name, value in pump.items():
            assert _same(got[pump_id].get(name), value), (
                f"{name} of {pump_id} must be {value} after the merge, not {got[pump_id].get(name)}"
            )


@points(1, hint="Read the feature table after the merge, and count in it.")
def test_busy_pumps_are_counted(lab: Lab) -> None:
    """The number belongs to the table as it is now."""
    due = sum((r["strokes_per_day"] or 0) > 500 for r in lab.delta("pump_features").rows())
    got: int = lab.value("busy_pumps", returns=int)
    assert got == due, f"{due} pumps of pump_features have more than 500 strokes a day, not {got}"


@points(1, hint="A time series needs to be told which of its columns is the time.")
def test_levels_are_a_time_series(lab: Lab) -> None:
    """Key, time, and all measurements."""
    table = lab.features.table("district_levels")
    keys, times = list(table.primary_keys), list(table.timestamp_keys)
    assert keys == ["district"], f"the key of district_levels must be district, not {keys}"
    assert times == ["measured_at"], f"its time must be measured_at; timestamp keys are {times}"
    count, due = len(lab.delta("district_levels").rows()), len(lab.data["levels"])
    assert count == due, f"district_levels must have all {due} measurements; it has {count}"


@points(1, hint="A training set can leave out columns, and keeps every row that it is given.")
def test_every_visit_is_one_row(lab: Lab) -> None:
    """Columns as asked for; unknown pumps do not cost a row."""
    rows = _training(lab)
    columns = set().union(*rows)
    assert columns == COLUMNS, f"columns must be {_told(COLUMNS)}; got {_told(columns)}"
    due = sorted(v["yield_lph"] for v in [*lab.data["odd_visits"], *lab.data["asked"]])
    got = sorted(r["yield_lph"] for r in rows)
    assert got == due, (
        f"{len(due)} visits must give a row each, with their yield_lph; got {len(got)} rows"
    )


@points(2, hint="One lookup by pump_id finds both features; one of them gets another name.")
def test_pump_features_are_looked_up(lab: Lab) -> None:
    """Strokes and pH are those of the visited pump, null for one that is unknown."""
    pumps = _by(lab.delta("pump_features").rows(), "pump_id")
    got = _by(_training(lab), "yield_lph")
    for visit in _answered(lab.data["odd_visits"], got):
        row, pump = got[visit["yield_lph"]], pumps.get(visit["pump_id"], {})
        for name, feature in (("strokes_per_day", "strokes_per_day"), ("ph", "water_ph")):
            assert name in row, f"training rows have no column {name!r}"
            due = pump.get(feature)
            assert _same(row[name], due), (
                f"{name} of a visit to {visit['pump_id']} must be {due}, not {row[name]}"
            )


@points(2, hint="The time of the label goes into the lookup, and so does how far it may look back.")
def test_levels_are_those_of_the_time(lab: Lab) -> None:
    """At, just before and long after measurements, and where one has no value."""
    got = _by(_training(lab), "yield_lph")
    for visit in _answered(lab.data["odd_visits"], got):
        row = got[visit["yield_lph"]]
        assert "level_m" in row, "training rows have no column 'level_m'"
        due, why = _level(lab.data["levels"], visit)
        assert _same(row["level_m"], due), (
            f"{visit['district']} at {visit['visited_at']}: {why}, so level_m must be {due}, not"
            f" {row['level_m']}"
        )


@points(2, hint="log_model of the Feature Store's client takes the training set along.")
def test_the_model_takes_its_features_along(lab: Lab) -> None:
    """The model of the run reads both tables, and has learned from its rows."""
    run = _run(lab)
    models = [m for m in lab.features.models if m.run == run.id and m.name == "model"]
    assert models, "the run 'yield' has no model 'model' that was logged with its features"
    model = models[-1]
    due = {"pump_features": {"strokes_per_day", "water_ph"}, "district_levels": {"level_m"}}
    for table, features in due.items():
        missing = features - set(model.reads(table))
        assert not missing, f"the model does not look up {_told(missing)} in {table}"
    assert list(model.label) == ["yield_lph"], f"its label is {model.label}, not yield_lph"
    asked = {visit["yield_lph"] for visit in lab.data["asked"]}
    rows = [r for r in _training(lab) if r["yield_lph"] in asked and None not in r.values()]
    assert rows, "all training rows have unknown features, so that the model cannot be tried"
    predicted = _predictions(lab, rows)
    found = [r["yield_lph"] for r in rows]
    middle = sum(found) / len(found)
    error = sum(abs(p - f) for p, f in zip(predicted, found, strict=True))
    # A good model has a fifth of it; trained on wrong levels two thirds, which is not for here.
    assert error < 0.9 * sum(abs(middle - f) for f in found), (
        "the model predicts yields hardly better than their mean would"
    )


@points(2, hint="score_batch needs the model's address and rows with keys; it finds the features.")
def test_keys_are_scored_as_in_training(lab: Lab) -> None:
    """For each row of keys what the model says to the features of a visit then and there."""
    scored: list[ROW] = lab.call("scores", f"{HIDDEN}/keys", returns=list[ROW])
    rows = _by(_training(lab), "yield_lph")
    visits = _answered(lab.data["asked"], rows)
    predicted = _predictions(lab, [rows[v["yield_lph"]] for v in visits])
    assert len(scored) == len(lab.data["asked"]), (
        f"{len(lab.data['asked'])} rows of keys must give as many scores; got {len(scored)}"
    )
    for name in ("pump_id", "prediction"):
        assert all(name in row for row in scored), f"the scores have no column {name!r}"
    got = _by(scored, "pump_id")
    for visit, due in zip(visits, predicted, strict=True):
        pump_id = visit["pump_id"]
        assert pump_id in got, f"there is no score of {pump_id}"
        score = got[pump_id]["prediction"]
        assert isinstance(score, int | float) and abs(score - due) < 1e-6 * max(1.0, abs(due)), (
            f"the logged model says {due:.2f} to the features of {pump_id} in training; scores"
            f" says {score}"
        )


def _training(lab: Lab) -> list[ROW]:
    """Training rows of the hidden visits, each with its label."""
    rows: list[ROW] = lab.call_once("training_rows", f"{HIDDEN}/visits", returns=list[ROW])
    assert rows, "training_rows gives no rows"
    assert all(isinstance(r.get("yield_lph"), int | float) for r in rows), (
        "training rows must have their label, yield_lph, as a number"
    )
    return rows


def _run(lab: Lab) -> Any:
    runs = lab.mlflow.named("yield")
    assert runs, "there is no MLflow run named 'yield'"
    return runs[-1]


def _predictions(lab: Lab, rows: list[ROW]) -> list[float]:
    """What the logged model says to training rows."""
    features = [{k: v for k, v in row.items() if k != "yield_lph"} for row in rows]
    predicted = lab.predict(f"runs:/{_run(lab).id}/model", features)
    assert all(isinstance(p, int | float) for p in predicted), "the model must predict numbers"
    return predicted


def _level(levels: list[ROW], visit: ROW) -> tuple[float | None, str]:
    """The level as of a visit, and why."""
    asked = datetime.datetime.fromisoformat(visit["visited_at"])
    known = [
        (datetime.datetime.fromisoformat(row["measured_at"]), row["level_m"])
        for row in levels
        if row["district"] == visit["district"]
    ]
    known = [(at, level) for at, level in known if at <= asked]
    if not known:
        return None, "nothing was measured before"
    at, level = max(known, key=lambda pair: pair[0])
    if asked - at > WINDOW:
        return None, f"the latest measurement, of {at}, is older than 30 days"
    return level, f"the latest measurement is of {at}"


def _answered(visits: Iterable[ROW], rows: Mapping[Any, ROW]) -> list[ROW]:
    """The visits that have a row; that all have one is for another check."""
    found = [v for v in visits if v["yield_lph"] in rows]
    assert found, "no training row has the yield_lph of a visit"
    return found


def _by(rows: Iterable[ROW], key: str) -> dict[Any, ROW]:
    return {row.get(key): row for row in rows}


def _same(got: Any, due: Any) -> bool:
    """Whether two values are the same; NaN is how pandas writes what is unknown."""
    got = None if isinstance(got, float) and got != got else got
    if got is None or due is None or isinstance(due, str):
        return bool(got == due)
    return isinstance(got, int | float) and abs(got - due) < 1e-6


def _told(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
