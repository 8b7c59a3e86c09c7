"""Checks of the custom-flavors lab."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median, pstdev
from typing import Any

from grader.labs import Lab, points
from grader.labs.lab import Model, Run

READINGS = ["distance_nm", "barge_tonnes", "head_wind_kn", "tide_kn"]
TARGET = "fuel_l"
NEIGHBOURS = 5
HIDDEN = "/workspace/hidden"
FLAVORS = {
    "neighbours": ["python_function", "sklearn"],
    "scaler": ["sklearn"],  # what cannot predict is no function
    "python": ["python_function"],
}
Tow = Mapping[str, Any]


@points(1, hint="A model's MLmodel file lists its flavors; nothing has to be loaded to read it.")
def test_flavors_are_those_of_the_model(lab: Lab) -> None:
    """Models of three kinds, of which one cannot be loaded as pyfunc."""
    for name, other in lab.data["others"].items():
        expected = FLAVORS[other["kind"]]
        got: list[str] = lab.call("flavors_of", _others_uri(lab, name), returns=list[str])
        assert sorted(got) == expected, (
            f"the model {name!r} has the flavors {_told(expected)}; got {_told(got)}"
        )


@points(1, hint="The sklearn flavor gives back the estimator itself; the pyfunc one wraps it.")
def test_settings_come_from_the_estimator(lab: Lab) -> None:
    """Regressors and a scaler, each with settings that are not the defaults."""
    for name, other in lab.data["others"].items():
        if other["kind"] == "python":
            continue
        uri = _others_uri(lab, name)
        got: dict[str, Any] = lab.call("settings_of", uri, returns=dict[str, Any])
        for setting, value in other["settings"].items():
            found = got.get(setting)
            assert found == value, f"{setting} of the model {name!r} is {value!r}, not {found!r}"


@points(2, hint="mlflow.sklearn has a log_model of its own; which rows is the regressor fitted on?")
def test_plain_model_has_the_sklearn_flavor(lab: Lab) -> None:
    """The run's model forecasts from raw readings as it should, for tows never seen."""
    run = _run(lab, "plain")
    models = [m for m in run.models if "sklearn" in m.flavors]
    assert models, "the run 'plain' has no model with the sklearn flavor"
    tows = lab.data["hidden"]["north"]["whole"]
    _assert_forecasts(_predict(lab, models[-1], tows), _plain(lab, tows), "the plain model")


@points(1, hint="Load the model by its URI, and give it the readings in the order of training.")
def test_plain_model_is_loaded_and_used(lab: Lab) -> None:
    """The variable that holds its forecasts of the planned tows."""
    got: list[float] = lab.value("plain_litres", returns=list[float])
    expected = _plain(lab, lab.data["planned"])
    assert len(got) == len(expected), (
        f"plain_litres must have {len(expected)} forecasts, one a planned tow (got {len(got)})"
    )
    _assert_forecasts(got, expected, "plain_litres")


@points(1, hint="A CSV file of the planned tows with one more column, and no index.")
def test_the_plan_is_written(lab: Lab) -> None:
    """The planned tows as they came, with the forecasts of the run's own model."""
    planned = lab.data["planned"]
    table = csv.DictReader(io.StringIO(lab.text("plan.csv")))
    columns = [*READINGS, "litres"]
    assert sorted(table.fieldnames or []) == sorted(columns), (
        f"the columns of plan.csv must be {_told(columns)} (got {_told(table.fieldnames or [])})"
    )
    rows = [{name: _number(cell) for name, cell in row.items()} for row in table]
    assert len(rows) == len(planned), f"plan.csv must have {len(planned)} rows (got {len(rows)})"
    for number, (row, tow) in enumerate(zip(rows, planned, strict=True), 1):
        _assert_reading(row, tow, f"row {number} of plan.csv")
    run = _run(lab, "tow-model")
    assert run.models, "the run 'tow-model' has no model"
    due = _numbers(_predict(lab, run.models[-1], planned), "the model of the run 'tow-model'")
    _assert_forecasts([row["litres"] for row in rows], due, "plan.csv")


@points(2, hint="What does predict really get from MLflow: a DataFrame, or something else?")
def test_readings_are_prepared_when_the_loaded_model_predicts(lab: Lab) -> None:
    """A harbour never seen: tows without gaps are scaled as in training."""
    harbour = lab.data["hidden"]["north"]
    uri: str = lab.call("log_tow_model", f"{HIDDEN}/north.csv", "north", returns=str)
    got = lab.predict(uri, harbour["whole"])
    _assert_forecasts(got, _tow_model(harbour["tows"], harbour["whole"]), "the loaded model")


@points(2, hint="A gap is filled with what the training rows said, before anything is scaled.")
def test_gaps_are_filled_with_the_medians_of_training(lab: Lab) -> None:
    """Tows with a gap each, in every one of the three columns."""
    harbour = lab.data["hidden"]["north"]
    got = _predict(lab, _model(lab, "north"), harbour["gapped"])
    expected = _tow_model(harbour["tows"], harbour["gapped"])
    _assert_forecasts(got, expected, "the loaded model")


@points(2, hint="Whose mean is subtracted when the model is asked for one tow alone?")
def test_a_tow_alone_is_forecast_as_among_others(lab: Lab) -> None:
    """The same tows in one table, in another order, and one by one."""
    tows = lab.data["hidden"]["north"]["whole"]
    model = _model(lab, "north")
    together = _numbers(_predict(lab, model, tows), "the loaded model")
    turned = _numbers(_predict(lab, model, tows[:5][::-1]), "the loaded model")
    _assert_forecasts(turned[::-1], together[:5], "a table of five tows of these")
    for tow, among in list(zip(tows, together, strict=True))[:3]:
        _assert_forecasts(_predict(lab, model, [tow]), [among], "a table of one tow of these")


@points(2, hint="infer_signature writes down what it is shown: show it columns that have names.")
def test_signature_names_the_readings(lab: Lab) -> None:
    """Four named inputs, and an output."""
    inputs = [m.inputs for m in _run_of(lab, "north").models]
    assert any(inputs), "the model of log_tow_model has no signature"
    named = [m for m in _run_of(lab, "north").models if _names(m) == sorted(READINGS)]
    assert named, f"the signature must name {_told(READINGS)}, and nothing else, as inputs"
    assert any(m.outputs for m in named), "the signature must also say what the model puts out"


@points(1, hint="log_model takes a few rows that show what a caller should send.")
def test_model_has_an_input_example(lab: Lab) -> None:
    """An example lies beside the model."""
    models = _run_of(lab, "north").models
    assert any(m.example for m in models), "the model of log_tow_model has no input example"


@points(1, hint="Assigning to columns of a DataFrame changes it for whoever else holds it.")
def test_predict_leaves_the_readings_alone(lab: Lab) -> None:
    """The class, without MLflow around it, gets a frame and gives it back unchanged."""
    harbour = lab.data["hidden"]["north"]
    tows = [*harbour["whole"][:6], *harbour["gapped"][:6]]
    uri = f"models:/{_model(lab, 'north').id}"
    rows: list[dict[str, Any]] = lab.call("dry_run", uri, tows, returns=list[dict[str, Any]])
    assert len(rows) == len(tows), f"dry_run must return {len(tows)} rows (got {len(rows)})"
    for number, (row, tow) in enumerate(zip(rows, tows, strict=True), 1):
        _assert_reading(row, tow, f"row {number} of dry_run")
    _numbers([row.get("litres") for row in rows], "the column 'litres' of dry_run")


@points(1, hint="What the model needs must lie in the model, not in the folder where it was made.")
def test_models_live_side_by_side(lab: Lab) -> None:
    """A model loaded after another one was logged forecasts what it did before."""
    tows = lab.data["hidden"]["south"]["whole"]
    uri: str = lab.call("log_tow_model", f"{HIDDEN}/south.csv", "south", returns=str)
    before = _numbers(lab.predict(uri, tows), "the loaded model")
    lab.call("log_tow_model", f"{HIDDEN}/north.csv", "north once more", returns=str)
    # The store has changed, so the model is loaded once more.
    after = lab.predict(uri, tows)
    _assert_forecasts(after, before, "a model, after another harbour's was logged,")


def _run(lab: Lab, name: str) -> Run:
    """The newest run with this name."""
    found = lab.mlflow.named(name)
    assert found, f"there is no run named {name!r}"
    return found[-1]


def _run_of(lab: Lab, harbour: str) -> Run:
    """The run in which `log_tow_model` has logged a harbour; it is asked to if there is none."""
    if not lab.mlflow.named(harbour):
        lab.call("log_tow_model", f"{HIDDEN}/{harbour}.csv", harbour, returns=str)
    return _run(lab, harbour)


def _model(lab: Lab, harbour: str) -> Model:
    """The model in it."""
    models = _run_of(lab, harbour).models
    assert models, "log_tow_model leaves no model in the run of the name that it was given"
    return models[-1]


def _others_uri(lab: Lab, name: str) -> str:
    """The URI of a model that the fixture has logged."""
    ids = [m.id for run in lab.mlflow.named("collection") for m in run.models if m.name == name]
    assert ids, f"the model {name!r} of the experiment 'other-harbours' was removed"
    return f"models:/{ids[0]}"


def _predict(lab: Lab, model: Model, tows: Sequence[Tow]) -> list[Any]:
    return lab.predict(f"models:/{model.id}", tows)


def _plain(lab: Lab, tows: Sequence[Tow]) -> list[float]:
    """What the regressor of step 5 forecasts."""
    whole = [tow for tow in lab.data["home"] if None not in tow.values()]
    return _nearest(whole, tows)


def _tow_model(training: Sequence[Tow], tows: Sequence[Tow]) -> list[float]:
    """What a `TowModel` of `training` forecasts."""
    prepare: dict[str, tuple[float, float, float]] = {}
    for name in READINGS:
        middle = median(tow[name] for tow in training if tow[name] is not None)
        filled = [middle if tow[name] is None else tow[name] for tow in training]
        prepare[name] = middle, fmean(filled), pstdev(filled)

    def prepared(tow: Tow) -> dict[str, float]:
        result = {TARGET: tow.get(TARGET, 0.0)}
        for name, (middle, mean, deviation) in prepare.items():
            value = middle if tow[name] is None else tow[name]
            result[name] = (value - mean) / deviation
        return result

    return _nearest([prepared(tow) for tow in training], [prepared(tow) for tow in tows])


def _nearest(training: Sequence[Tow], tows: Sequence[Tow]) -> list[float]:
    """The mean fuel of the nearest tows of `training`, for each tow."""

    def forecast(tow: Tow) -> float:
        here = [tow[name] for name in READINGS]
        near = sorted(training, key=lambda t: math.dist(here, [t[name] for name in READINGS]))
        return fmean(t[TARGET] for t in near[:NEIGHBOURS])

    return [forecast(tow) for tow in tows]


def _assert_forecasts(got: Sequence[Any], expected: Sequence[float], whose: str) -> None:
    """All forecasts are those that are due, to a hundredth of a litre."""
    found = _numbers(got, whose)
    wrong = [n for n, e in enumerate(expected) if abs(found[n] - e) > 0.01]
    if wrong:
        first = wrong[0]
        raise AssertionError(
            f"{whose} must forecast {expected[first]:.2f} l for tow {first + 1}, not "
            f"{found[first]:.2f} ({len(wrong)} of {len(expected)} are wrong)"
        )


def _assert_reading(row: Mapping[str, Any], tow: Tow, place: str) -> None:
    """A row still has the readings of its tow, gaps included."""
    for name in READINGS:
        assert name in row, f"{place} has no column {name!r}"
        found, due = row[name], tow[name]
        gap = found is None or found != found  # NaN, which differs from itself
        if due is None:
            assert gap, f"{name} in {place} must stay a gap (got {found})"
        else:
            same = not gap and isinstance(found, int | float) and abs(found - due) < 1e-6
            assert same, f"{name} in {place} must stay {due} (got {found})"


def _numbers(values: Sequence[Any], whose: str) -> list[float]:
    """`values`, all of them finite numbers. A list of one counts as what is in it."""
    flat = [v[0] if isinstance(v, list) and len(v) == 1 else v for v in values]
    flat = [next(iter(v.values())) if isinstance(v, dict) and len(v) == 1 else v for v in flat]
    for value in flat:
        sound = isinstance(value, int | float) and math.isfinite(value)
        assert sound, f"{whose} must give a number a tow (got {value!r})"
    return flat


def _names(model: Model) -> list[str]:
    return sorted(str(column.get("name")) for column in model.inputs)


def _number(cell: Any) -> float | None:
    """A cell as a number, if it is one; a row that is too long has a list of cells, too."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def _told(names: Sequence[str]) -> str:
    return ", ".join(map(str, names)) or "none"
