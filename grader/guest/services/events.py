"""What happens in a registry, under the names that Databricks' webhooks know.

One happening has up to two names: a transition to Staging is a transition of a stage, too. MLflow's
own webhooks are another thing; MLflow's handlers send those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STAGES = ("None", "Staging", "Production", "Archived")
_NAMED = ("Staging", "Production", "Archived")  # `None` has no event of its own

EVENTS = (
    "MODEL_VERSION_CREATED",
    "MODEL_VERSION_TRANSITIONED_STAGE",
    "TRANSITION_REQUEST_CREATED",
    "COMMENT_CREATED",
    "REGISTERED_MODEL_CREATED",
    "MODEL_VERSION_TAG_SET",
    *(f"MODEL_VERSION_TRANSITIONED_TO_{stage.upper()}" for stage in _NAMED),
    *(f"TRANSITION_REQUEST_TO_{stage.upper()}_CREATED" for stage in _NAMED),
)
#: The paths after `/mlflow/` that make something happen.
WATCHED = frozenset(
    {
        "registered-models/create",
        "model-versions/create",
        "model-versions/set-tag",
        "model-versions/transition-stage",
    }
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a registered model, by the events' `names`."""

    names: tuple[str, ...]
    model: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


def model_created(model: str) -> Happening:
    """A new registered model."""
    return Happening(("REGISTERED_MODEL_CREATED",), model, f"Registered model '{model}' created.")


def version_created(model: str, version: str) -> Happening:
    """A new version of a model."""
    told = f"Version {version} of registered model '{model}' created."
    return Happening(("MODEL_VERSION_CREATED",), model, told, {"version": version})


def transitioned(model: str, version: str, before: str, after: str) -> Happening:
    """A version went from one stage to another."""
    names = ["MODEL_VERSION_TRANSITIONED_STAGE"]
    if after in _NAMED:
        names.append(f"MODEL_VERSION_TRANSITIONED_TO_{after.upper()}")
    told = f"Registered model '{model}' version {version} transitioned from {before} to {after}."
    details = {"version": version, "from_stage": before, "to_stage": after}
    return Happening(tuple(names), model, told, details)


def requested(model: str, version: str, before: str, after: str, comment: str) -> Happening:
    """Somebody asked for a transition."""
    names = ["TRANSITION_REQUEST_CREATED"]
    if after in _NAMED:
        names.append(f"TRANSITION_REQUEST_TO_{after.upper()}_CREATED")
    told = (
        f"A transition of registered model '{model}' version {version} from {before} to {after} "
        "was requested."
    )
    details = {"version": version, "from_stage": before, "to_stage": after, "comment": comment}
    return Happening(tuple(names), model, told, details)


def commented(model: str, version: str, comment: str) -> Happening:
    """Somebody wrote a comment on a version."""
    told = f"Registered model '{model}' version {version} was commented on."
    details = {"version": version, "comment": comment}
    return Happening(("COMMENT_CREATED",), model, told, details)


def tagged(model: str, version: str, key: str, value: str) -> Happening:
    """A version got a tag."""
    told = f"Registered model '{model}' version {version} was tagged with {key}."
    details = {"version": version, "tags": [{"key": key, "value": value}]}
    return Happening(("MODEL_VERSION_TAG_SET",), model, told, details)


def of_request(
    path: str, asked: Mapping[str, Any], answer: Mapping[str, Any], stages: Mapping[str, str]
) -> Sequence[Happening]:
    """What a request of MLflow's registry made happen, once it was answered with success.

    `path` begins after `/mlflow/`. `stages` are those of the model's versions before it.
    """
    if path == "registered-models/create":
        return [model_created(str(answer["registered_model"]["name"]))]
    if path == "model-versions/create":
        made = answer["model_version"]
        return [version_created(str(made["name"]), str(made["version"]))]
    if path == "model-versions/set-tag":
        fields = (str(asked.get(name, "")) for name in ("name", "version", "key", "value"))
        return [tagged(*fields)]
    if path == "model-versions/transition-stage":
        return list(of_transition(asked, answer["model_version"], stages))
    return []


def of_transition(
    asked: Mapping[str, Any], now: Mapping[str, Any], stages: Mapping[str, str]
) -> Iterator[Happening]:
    """What a transition made happen: its own, and those of versions that it archived."""
    model, version, stage = str(now["name"]), str(now["version"]), str(now["current_stage"])
    before = stages.get(version, "None")
    if before != stage:
        yield transitioned(model, version, before, stage)
    if str(asked.get("archive_existing_versions", False)).lower() == "true":
        for other in sorted(stages, key=int):
            if other != version and stages[other] == stage:
                yield transitioned(model, other, stage, "Archived")
