"""Checks of the drift-monitoring lab."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from grader.labs import Lab, points
from grader.labs.lab import Run, Tracking

# SciPy is imported where it is used: a run that grades no lab should not wait for it.

HIDDEN = "/workspace/hidden"
BUS = {
    "numeric": ["passengers", "stops", "visibility_km", "wind_kmh"],
    "categorical": ["route", "ticket"],
}
QUEUE = "queue_min"
DELAY = "delay_min"


@points(1, hint="Text has more than one type in pandas; ask what is numeric instead.")
def test_features_are_told_by_their_type(lab: Lab) -> None:
    """Numeric and categorical columns of two files, whatever pandas calls their types."""
    for path, target, expected in (
        (f"{HIDDEN}/bus_reference.parquet", DELAY, BUS),
        (
            f"{HIDDEN}/calm.parquet",
            QUEUE,
            {
                "numeric": ["fresh_snow_cm", "skiers", "temperature_c"],
                "categorical": ["lift", "sky"],
            },
        ),
    ):
        got: dict[str, list[str]] = lab.call(
            "feature_columns", path, target, returns=dict[str, list[str]]
        )
        for kind, names in expected.items():
            # The target is asked for below.
            found = sorted(set(got.get(kind, [])) - {target})
            assert found == names, f"the {kind} features are {names}, not {found}"


@points(
    1, hint="What is predicted is no input: it may change with nothing wrong with the features."
)
def test_the_target_is_no_feature(lab: Lab) -> None:
    """It is not listed, not tested, and no reason to retrain."""
    path = f"{HIDDEN}/bus_reference.parquet"
    got: dict[str, list[str]] = lab.call(
        "feature_columns", path, DELAY, returns=dict[str, list[str]]
    )
    listed = [kind for kind, names in got.items() if DELAY in names]
    assert not listed, f"the target {DELAY!r} is among the features: {listed}"
    answer = _detected(lab, "bus_late")
    run = _run_of(lab, answer)
    tested = [name for name in run.metrics if name.endswith(DELAY)]
    assert not tested, f"the target is tested: the run has the metrics {tested}"
    assert answer["retrain"] is False, "only the target has moved, and 'retrain' is not False"


@points(1, hint="Compare shares of missing values, feature by feature, and mind the direction.")
def test_degraded_features_are_found(lab: Lab) -> None:
    """Gaps that grow and gaps that are closed, with the same values in between."""
    answer = _detected(lab, "bus_gaps")
    run = _run_of(lab, answer)
    before, after = _bus(lab, "bus_reference"), _bus(lab, "bus_gaps")
    for feature in BUS["numeric"] + BUS["categorical"]:
        shift = abs(_missing(after[feature]) - _missing(before[feature]))
        _assert_metric(run, f"missing_shift_{feature}", [shift])
    degraded = ["passengers", "visibility_km"]
    found = _names(answer, "degraded")
    assert found == degraded, f"'degraded' must be {degraded}, not {found}"
    assert answer["retrain"] is True, "features have degraded, and 'retrain' is not True"


@points(2, hint="Which test fits which type, and do new and lost categories count?")
def test_every_feature_gets_its_p_value(lab: Lab) -> None:
    """Kolmogorov-Smirnov for numbers, chi-square for texts, for files of different length."""
    run = _run_of(lab, _detected(lab, "bus_moved"))
    before, after = _bus(lab, "bus_reference"), _bus(lab, "bus_moved")
    for feature in BUS["numeric"]:
        _assert_metric(run, f"p_value_{feature}", _ks(before[feature], after[feature]))
    for feature in BUS["categorical"]:
        _assert_metric(run, f"p_value_{feature}", _chi_square(before[feature], after[feature]))


@points(1, hint="A numeric and a categorical feature have moved, and nothing else has.")
def test_drifted_features_are_named(lab: Lab) -> None:
    """The wind and the routes."""
    answer = _detected(lab, "bus_moved")
    drifted, found = ["route", "wind_kmh"], _names(answer, "drifted")
    assert found == drifted, f"'drifted' must be {drifted}, not {found}"
    assert answer["retrain"] is True, "features have drifted, and 'retrain' is not True"


@points(1, hint="The level of a single test is the one for all of them, divided.")
def test_one_odd_feature_among_many_is_no_drift(lab: Lab) -> None:
    """A p-value between the level and its share for one of six features."""
    answer = _detected(lab, "bus_doubtful")
    found = _names(answer, "drifted")
    p_value = _chi_square(_bus(lab, "bus_reference")["route"], _bus(lab, "bus_doubtful")["route"])
    assert not found, (
        f"the smallest of six p-values is {p_value[0]:.4f}, which is no drift: "
        f"'drifted' must be empty, not {found}"
    )
    assert answer["retrain"] is False, "no feature has drifted, and 'retrain' is not False"


@points(1, hint="Parameters say what was compared, metrics what came out, and the run ends.")
def test_the_detection_is_on_record(lab: Lab) -> None:
    """Name, status, paths and verdict of the run that the answer names."""
    run = _run_of(lab, _detected(lab, "bus_moved"))
    assert run.name == "drift-check", f"the run must be named 'drift-check', not {run.name!r}"
    assert run.status == "FINISHED", f"the run 'drift-check' is {run.status}, not FINISHED"
    for side, name in (("reference", "bus_reference"), ("current", "bus_moved")):
        found = run.params.get(side)
        # Only the file's name: a student may resolve the path.
        assert found and found.endswith(f"{name}.parquet"), (
            f"the parameter {side!r} must be the path of {name}.parquet, not {found!r}"
        )
    _assert_metric(run, "retraining_needed", [1.0])
    logged = run.params.get("drifted_features", "")
    listed = sorted(name.strip() for name in logged.split(","))
    drifted = ["route", "wind_kmh"]
    assert listed == drifted, (
        f"the parameter 'drifted_features' must name {drifted}; got {logged!r}"
    )


@points(1, hint="Fit on the older rows, log the fitted model, and register it under the same name.")
def test_drift_leads_to_a_new_version(lab: Lab) -> None:
    """Version 2 comes from a finished run `retraining`."""
    store = lab.mlflow
    versions = _versions(store, "queue-minutes")
    numbers = sorted(versions)
    assert numbers == [1, 2], f"'queue-minutes' must have the versions [1, 2], not {numbers}"
    runs = [run for run in store.named("retraining") if run.id == versions[2]["run"]]
    assert runs, "version 2 of 'queue-minutes' must come from a run named 'retraining'"
    assert runs[0].status == "FINISHED", f"the run 'retraining' is {runs[0].status}, not FINISHED"


@points(1, hint="Rows from which a model has learned say little about what it is worth now.")
def test_models_are_compared_on_the_most_recent_rows(lab: Lab) -> None:
    """A run holds the errors that both versions have on the last 30 % of the rows."""
    current = lab.data["inputs"]["current"]
    recent = _from(current, int(0.7 * len(current[QUEUE])))
    versions = (f"models:/queue-minutes/{version}" for version in (1, 2))
    errors = [_mae(_predicted(lab, uri, recent), recent[QUEUE]) for uri in versions]
    logged = [
        [run.metrics[key] for key in ("old_mae", "new_mae")]
        for run in lab.mlflow.named("model-comparison")
        if {"old_mae", "new_mae"} <= set(run.metrics)
    ]
    assert any(all(map(_near, pair, errors)) for pair in logged), (
        f"on the {len(recent[QUEUE])} most recent rows 'old_mae' and 'new_mae' are "
        f"{_rounded(errors)}; runs named 'model-comparison' hold {[_rounded(p) for p in logged]}"
    )


@points(1, hint="An alias moves when it is set for another version.")
def test_the_better_version_is_promoted(lab: Lab) -> None:
    """The alias has moved, and the answer says so."""
    champion = _champion(lab.mlflow, "queue-minutes")
    assert champion == 2, f"the champion of 'queue-minutes' must be version 2, not {champion}"
    outcome: dict[str, object] = lab.value("outcome", returns=dict[str, object])
    _assert_outcome(outcome, retrained=True, promoted=True, champion=2)


@points(1, hint="If nothing has drifted, the loop ends after the detection.")
def test_without_drift_nothing_is_retrained(lab: Lab) -> None:
    """The same mountain a week later."""
    got = _monitored(lab, "queue-calm", "calm")
    store = lab.mlflow
    numbers = sorted(_versions(store, "queue-calm"))
    assert numbers == [1], f"nothing has drifted, and 'queue-calm' has the versions {numbers}"
    champion = _champion(store, "queue-calm")
    assert champion == 1, f"the champion of 'queue-calm' must stay version 1; it is {champion}"
    _assert_outcome(got, retrained=False, promoted=False, champion=1)


@points(2, hint="Compare the champion, not the newest version, on rows that the new one never saw.")
def test_a_version_that_is_no_better_is_not_promoted(lab: Lab) -> None:
    """Features have drifted, but the older rows carry wrong queues: retraining makes it worse."""
    got = _monitored(lab, "queue-faulty", "faulty")
    store = lab.mlflow
    numbers = sorted(_versions(store, "queue-faulty"))
    assert numbers == [1, 2, 3], f"'queue-faulty' must have the versions [1, 2, 3], not {numbers}"
    champion = _champion(store, "queue-faulty")
    assert champion == 1, (
        "version 3 is worse than the champion on the most recent rows: "
        f"the champion of 'queue-faulty' must stay version 1; it is {champion}"
    )
    _assert_outcome(got, retrained=True, promoted=False, champion=1)


@points(2, hint="Both models predict the same rows; the row number begins to count at 0.")
def test_compare_measures_both_models(lab: Lab) -> None:
    """A better and a worse model, on all rows and on the last ones."""
    judged = lab.data["hidden"]["judged"]
    predicted = {uri: _predicted(lab, uri, judged) for uri in (GOOD, BAD)}
    for old, new, first in ((GOOD, BAD, 25), (BAD, GOOD, 0)):
        answer = _compared(lab, old, new, first)
        errors = {
            key: _mae(predicted[uri][first:], judged[QUEUE][first:])
            for key, uri in (("old_mae", old), ("new_mae", new))
        }
        for key, error in errors.items():
            found: Any = answer.get(key)
            assert type(found) in (int, float) and _near(found, error), (
                f"compare, from row {first} on: {key!r} must be {error:.4f}, not {found!r}"
            )
        improved = errors["new_mae"] < errors["old_mae"]
        assert answer.get("improved") is improved, (
            f"{_rounded(errors.values())}: 'improved' must be {improved}, "
            f"not {answer.get('improved')!r}"
        )


@points(1, hint="Five metrics: two for each model, and the verdict as a number.")
def test_the_comparison_is_on_record(lab: Lab) -> None:
    """Errors, coefficients of determination and verdict, in a finished run."""
    judged = lab.data["hidden"]["judged"]
    _compared(lab, BAD, GOOD, 0)
    runs = lab.mlflow.named("model-comparison")
    assert runs, "compare leaves no run named 'model-comparison'"
    run = runs[-1]
    assert run.status == "FINISHED", f"the run 'model-comparison' is {run.status}, not FINISHED"
    for side, uri in (("old", BAD), ("new", GOOD)):
        predicted = _predicted(lab, uri, judged)
        _assert_metric(run, f"{side}_mae", [_mae(predicted, judged[QUEUE])])
        _assert_metric(run, f"{side}_r2", [_r2(predicted, judged[QUEUE])])
    _assert_metric(run, "improved", [1.0])


#: The models that `compare` is asked about: a sensible one, and one that always says an hour.
GOOD, BAD = "models:/queue-calm/1", "models:/queue-faulty/2"

Table = Mapping[str, Sequence[Any]]


def _bus(lab: Lab, name: str) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = lab.data["hidden"][name]
    return table


def _detected(lab: Lab, name: str) -> dict[str, Any]:
    """What `detect` answers about trips of the bus."""
    files = [f"{HIDDEN}/{file}.parquet" for file in ("bus_reference", name)]
    answer: dict[str, Any] = lab.call("detect", *files, DELAY, returns=dict[str, object])
    for key in ("run_id", "degraded", "drifted", "retrain"):
        assert key in answer, f"the answer of detect must have the key {key!r}"
    return answer


def _run_of(lab: Lab, answer: Mapping[str, Any]) -> Run:
    """The run that an answer of `detect` names."""
    runs = [run for run in lab.mlflow.runs if run.id == answer["run_id"]]
    assert runs, "'run_id' of the answer of detect must be the id of a run"
    return runs[0]


def _compared(lab: Lab, old: str, new: str, first: int) -> dict[str, Any]:
    """What `compare` answers about the rows from number `first` on."""
    path = f"{HIDDEN}/judged.parquet"
    # 0 is the default, and left to the function.
    options = {"first_row": first} if first else {}
    answer: dict[str, Any] = lab.call(
        "compare", old, new, path, QUEUE, returns=dict[str, object], **options
    )
    return answer


def _monitored(lab: Lab, model: str, name: str) -> dict[str, Any]:
    files = ["/workspace/inputs/reference.parquet", f"{HIDDEN}/{name}.parquet"]
    got: dict[str, Any] = lab.call("monitor", model, *files, QUEUE, returns=dict[str, object])
    return got


def _assert_outcome(got: Mapping[str, Any], **expected: int | bool) -> None:
    for key, value in expected.items():
        found = got.get(key)
        assert type(found) is type(value) and found == value, (
            f"the answer of monitor: {key!r} must be {value}, not {found!r}"
        )


def _names(answer: Mapping[str, Any], key: str) -> list[str]:
    found = answer[key]
    assert isinstance(found, list), f"{key!r} of the answer of detect must be a list"
    return sorted(map(str, found))


def _registered(store: Tracking, name: str) -> Mapping[str, Any]:
    found = [model for model in store.registered if model["name"] == name]
    assert found, f"there is no registered model {name!r}"
    return found[0]


def _versions(store: Tracking, name: str) -> dict[int, Mapping[str, Any]]:
    return {v["version"]: v for v in _registered(store, name)["versions"]}


def _champion(store: Tracking, name: str) -> int | None:
    champion: int | None = _registered(store, name)["aliases"].get("champion")
    return champion


def _assert_metric(run: Run, name: str, expected: Sequence[float]) -> None:
    """Any of the values that are right."""
    assert name in run.metrics, f"the run {run.name!r} has no metric {name!r}"
    value = run.metrics[name]
    assert any(_near(value, due) for due in expected), (
        f"the metric {name!r} of {run.name!r} must be {expected[0]:.6g}, not {value:.6g}"
    )


def _from(table: Table, first: int) -> Table:
    """The rows from number `first` on."""
    return {name: column[first:] for name, column in table.items()}


def _predicted(lab: Lab, uri: str, table: Table) -> list[float]:
    features = [name for name in table if name != QUEUE]
    columns = zip(*(table[name] for name in features), strict=True)
    rows = [dict(zip(features, values, strict=True)) for values in columns]
    predicted = lab.predict(uri, rows)
    wrong = [p for p in predicted if type(p) not in (int, float)]
    assert not wrong, f"the model predicts {wrong[0]!r}, which is no number"
    return predicted


def _mae(predicted: Sequence[float], truth: Sequence[float]) -> float:
    return statistics.fmean(abs(p - t) for p, t in zip(predicted, truth, strict=True))


def _r2(predicted: Sequence[float], truth: Sequence[float]) -> float:
    middle = statistics.fmean(truth)
    left = sum((p - t) ** 2 for p, t in zip(predicted, truth, strict=True))
    return 1 - left / sum((t - middle) ** 2 for t in truth)


def _missing(column: Sequence[Any]) -> float:
    return list(column).count(None) / len(column)


def _ks(before: Sequence[Any], after: Sequence[Any]) -> list[float]:
    """The exact p-value, and the asymptotic one."""
    from scipy import stats

    a, b = ([v for v in column if v is not None] for column in (before, after))
    return [float(stats.ks_2samp(a, b, method=m).pvalue) for m in ("auto", "asymp")]


def _chi_square(before: Sequence[Any], after: Sequence[Any]) -> list[float]:
    """The p-value without a continuity correction, and with it."""
    from scipy import stats

    names = sorted({*before, *after})
    table = [[Counter(column)[name] for name in names] for column in (before, after)]
    return [float(stats.chi2_contingency(table, correction=c).pvalue) for c in (False, True)]


def _rounded(values: Any) -> list[float]:
    return [round(value, 3) for value in values]


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-6 * max(1.0, abs(b))
