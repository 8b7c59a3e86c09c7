"""Checks of the experiment-tracking lab."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from grader.labs import Lab, points
from grader.labs.lab import Run

READINGS = ["vibration_mm_s", "discharge_temp_c", "duty_ratio", "frost_mm", "days_since_service"]
LABEL = "needs_service"
DEPTHS = (1, 4, 12)
THRESHOLDS = ("30", "50", "70")


@points(1, hint="A setting chosen before training is a parameter of the run, not a metric.")
def test_baseline_logs_its_parameters(lab: Lab) -> None:
    """Both settings of the forest are parameters of the run."""
    params = _run(lab, "baseline").params
    for name, value in (("n_estimators", 60), ("max_depth", 6)):
        assert name in params, f"the run 'baseline' has no parameter {name!r}"
        assert _number(params[name]) == value, f"the parameter {name!r} must be {value}"


@points(2, hint="mlflow.sklearn.log_model needs the fitted forest and the name 'model'.")
def test_baseline_keeps_a_model_that_predicts(lab: Lab) -> None:
    """The model can be loaded by its run and knows more than the majority."""
    predicted = _predictions(lab)
    assert all(p in (0, 1) for p in predicted), "the model must predict the labels 0 and 1"
    right = _share(p == t for p, t in zip(predicted, _truth(lab), strict=True))
    assert right > 0.7, f"the model is right on {right:.0%} of the validation rows: is it fitted?"


@points(2, hint="Which rows is each metric measured on, and which predictions go into it?")
def test_baseline_metrics_are_those_of_its_model(lab: Lab) -> None:
    """Accuracy and recall are what the logged model reaches on the validation rows."""
    metrics = _run(lab, "baseline").metrics
    pairs = list(zip(_predictions(lab), _truth(lab), strict=True))
    expected = {
        "accuracy": _share(p == t for p, t in pairs),
        "recall": _share(p == t for p, t in pairs if t == 1),
    }
    for name, value in expected.items():
        assert name in metrics, f"the run 'baseline' has no metric {name!r}"
        # Three digits are enough: one row more or less is worth over 0.003.
        assert _near(metrics[name], value, 0.001), (
            f"{name} is logged as {metrics[name]:.4f}, but the logged model has {value:.4f} "
            "on the validation rows"
        )


@points(2, hint="log_metric takes a step; the client's get_metric_history gives the steps back.")
def test_values_of_a_metric_are_told_apart_by_step(lab: Lab) -> None:
    """History is read right from archived runs, and written right in the baseline."""
    for experiment, name in (("retired-fans", "trial-2"), ("retired-pumps", "trial-5")):
        run_id, logged = _archived(lab, experiment, name)
        found: dict[str, float] = lab.call(
            "metric_by_step", run_id, "loss", returns=dict[str, float]
        )
        told = f"metric_by_step(<{name} of {experiment}>, 'loss')"
        _assert_same(found, logged["loss"], told)
    baseline = _run(lab, "baseline").id
    curve: dict[str, float] = lab.call(
        "metric_by_step", baseline, "recall_at", returns=dict[str, float]
    )
    missing = [step for step in THRESHOLDS if step not in curve]
    assert not missing, f"'recall_at' of 'baseline' has no value at step {', '.join(missing)}"
    low, middle, high = (curve[step] for step in THRESHOLDS)
    assert 1 >= low > high >= 0, "'recall_at' at 30 must be above that at 70, both from 0 to 1"
    assert low >= middle >= high, "recall can only fall when the threshold of an alarm rises"


@points(1, hint="A dictionary can be logged as a JSON file; rows of a matrix are true labels.")
def test_baseline_keeps_its_confusion_counts(lab: Lab) -> None:
    """The finished run has the counts, and they add up to the labels of the validation rows."""
    run = _run(lab, "baseline")
    counts = _counts(_json_artifact(lab, run, "confusion.json"))
    tn, fp, fn, tp = (counts[key] for key in ("tn", "fp", "fn", "tp"))
    positive = sum(_truth(lab))
    assert fn + tp == positive, (
        f"fn + tp must be the {positive} validation rows that needed service"
    )
    negative = len(_truth(lab)) - positive
    assert tn + fp == negative, f"tn + fp must be the {negative} validation rows that needed none"
    assert run.status == "FINISHED", f"the run 'baseline' is {run.status}, not FINISHED"


@points(2, hint="log_model has arguments for both; see infer_signature and a few training rows.")
def test_model_with_contract_has_signature_and_example(lab: Lab) -> None:
    """The second model says what goes in and out, and shows an example."""
    models = _run(lab, "with-contract").models
    assert models, "the run 'with-contract' has no logged model"
    signed = [m for m in models if sorted(str(c.get("name")) for c in m.inputs) == sorted(READINGS)]
    assert signed, "the signature must name the five readings, and nothing else, as inputs"
    signed = [m for m in signed if m.outputs]
    assert signed, "the signature must also say what the model puts out"
    assert any(m.example for m in signed), "the model has no input example"


@points(2, hint="A run started inside another is its child only if you say so; end what you open.")
def test_sweep_holds_three_nested_runs(lab: Lab) -> None:
    """Parent and children are linked and finished."""
    parent = _run(lab, "depth-sweep")
    for run in (_run(lab, f"depth-{depth}") for depth in DEPTHS):
        assert run.parent == parent.id, f"{run.name!r} is not nested in 'depth-sweep'"
        assert run.status == "FINISHED", f"{run.name!r} is {run.status}, not FINISHED"
    assert parent.status == "FINISHED", f"'depth-sweep' is {parent.status}, not FINISHED"


@points(1, hint="Each run of the sweep has a forest, a parameter and a metric of its own.")
def test_each_depth_has_its_own_parameter_and_accuracy(lab: Lab) -> None:
    """The runs of the sweep differ as their forests do, on rows that these have not seen."""
    accuracies = []
    for depth in DEPTHS:
        run = _run(lab, f"depth-{depth}")
        assert _number(run.params.get("max_depth", "")) == depth, (
            f"{run.name!r} must have the parameter 'max_depth' with value {depth}"
        )
        assert "accuracy" in run.metrics, f"{run.name!r} has no metric 'accuracy'"
        accuracies.append(run.metrics["accuracy"])
    # Whatever the seed: about 0.73 and 0.84 on validation rows, 0.72 and 1.00 on training rows.
    shallow, deep = accuracies[0], accuracies[-1]
    assert 0.6 < shallow < deep - 0.02, "a forest of depth 12 must beat one of depth 1"
    assert deep < 0.95, f"{deep:.2f} at depth 12 looks like a measure of the training rows"


@points(1, hint="A run can be fetched by its id alone; its data has the metrics as a mapping.")
def test_run_metrics_are_those_of_the_run_asked_for(lab: Lab) -> None:
    """Metrics of archived runs come back, the latest value of each, and only theirs."""
    for experiment, name in (
        ("retired-pumps", "trial-1"),
        ("retired-fans", "trial-3"),
        ("retired-fans", "empty"),
    ):
        run_id, logged = _archived(lab, experiment, name)
        expected = dict(logged["metrics"])
        if logged["loss"]:
            expected["loss"] = logged["loss"][max(logged["loss"], key=int)]
        found: dict[str, float] = lab.call("run_metrics", run_id, returns=dict[str, float])
        _assert_same(found, expected, f"run_metrics(<{name} of {experiment}>)")


@points(2, hint="Search the named experiment: filter by status, order by the metric, take one.")
def test_best_run_is_the_highest_finished_one(lab: Lab) -> None:
    """The best run is found by either metric, in either experiment."""
    for experiment, metric in (
        ("retired-fans", "accuracy"),
        ("retired-fans", "recall"),
        ("retired-pumps", "recall"),
    ):
        finished = [
            run
            for run in lab.data["archive"][experiment]
            if run["status"] == "FINISHED" and metric in run["metrics"]
        ]
        best = max(finished, key=lambda run: run["metrics"][metric])
        run_id, _ = _archived(lab, experiment, best["name"])
        found: str = lab.call("best_run", experiment, metric, returns=str)
        names = [run.name for run in lab.mlflow.runs if run.id == found]
        got = f"that of {names[0]!r}" if names else repr(found[:40])
        assert found == run_id, (
            f"best_run({experiment!r}, {metric!r}) must be the id of {best['name']!r} (got {got})"
        )


def _run(lab: Lab, name: str) -> Run:
    """The newest run with this name."""
    found = lab.mlflow.named(name)
    assert found, f"there is no run named {name!r}"
    return found[-1]


def _archived(lab: Lab, experiment: str, name: str) -> tuple[str, Mapping[str, Any]]:
    """The id of an archived run, and what it has logged."""
    ids = [r.id for r in lab.mlflow.named(name) if r.experiment == experiment]
    assert ids, f"the run {name!r} of the experiment {experiment!r} was removed"
    return ids[0], next(run for run in lab.data["archive"][experiment] if run["name"] == name)


def _truth(lab: Lab) -> list[int]:
    return [row[LABEL] for row in lab.data["validation"]]


def _predictions(lab: Lab) -> list[Any]:
    """What the baseline's model says about the validation rows."""
    rows = [{name: row[name] for name in READINGS} for row in lab.data["validation"]]
    return lab.predict(f"runs:/{_run(lab, 'baseline').id}/model", rows)


def _json_artifact(lab: Lab, run: Run, name: str) -> dict[str, Any]:
    """An artefact of a run that holds a JSON object."""
    paths = lab.files(f"mlruns/*/{run.id}/artifacts/**/{name}")
    assert paths, f"the run {run.name!r} has no artefact {name!r}"
    try:
        found = json.loads(lab.text(paths[0]))
    except (ValueError, RecursionError) as error:
        raise AssertionError(f"{name!r} is not valid JSON") from error
    assert isinstance(found, dict), f"{name!r} must hold a JSON object"
    return found


def _counts(found: Mapping[str, Any]) -> dict[str, float]:
    """The four counts. MLflow writes NumPy integers as texts, so a text will do."""
    counts = {}
    for key in ("tn", "fp", "fn", "tp"):
        value = _number(str(found.get(key)))
        assert value is not None, f"'confusion.json' must have a count {key!r}"
        assert value >= 0, f"{key!r} in 'confusion.json' must be 0 or more"
        counts[key] = value
    return counts


def _assert_same(found: Mapping[str, float], expected: Mapping[str, float], told: str) -> None:
    assert set(found) == set(expected), (
        f"{told} must have the keys {sorted(expected)} (got {sorted(found)})"
    )
    for key, value in expected.items():
        assert _near(found[key], value, 1e-6), f"{told}: {key!r} must be {value} (got {found[key]})"


def _share(marks: Iterable[bool]) -> float:
    """The share of true marks."""
    all_marks = list(marks)
    return sum(all_marks) / len(all_marks)


def _near(a: float, b: float, tolerance: float) -> bool:
    return abs(a - b) <= tolerance


def _number(text: str) -> float | None:
    """A parameter as a number, if it is one."""
    try:
        return float(text)
    except ValueError:
        return None
