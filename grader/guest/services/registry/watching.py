"""Watch MLflow's registry handlers, and tell what a request of theirs made happen.

MLflow's handlers themselves stay as they are: what is told comes from the request and its answer.
Aliases, and tags of models, have no event of Databricks'.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, request

from grader.guest.services import events
from grader.guest.services.context import Context

_API = "/api/2.0/mlflow/"
_TRANSITION = f"{_API}model-versions/transition-stage"


def blueprint(context: Context) -> Blueprint:
    """No paths of its own: it looks at those of MLflow."""
    part = Blueprint("registry", __name__)

    @part.before_app_request
    def before() -> None:
        g.stages = {}
        if request.path == _TRANSITION:
            asked = request.get_json(force=True, silent=True)
            name = asked.get("name") if isinstance(asked, dict) else None
            g.stages = stages_of(context, str(name))

    @part.after_app_request
    def after(response: Response) -> Response:
        path = request.path.removeprefix(_API)
        if path in events.WATCHED and request.path != path and response.status_code == 200:
            asked = request.get_json(force=True, silent=True)
            answer = response.get_json(force=True, silent=True)
            if isinstance(asked, dict) and isinstance(answer, dict):
                for happening in events.of_request(path, asked, answer, g.stages):
                    context.announce(happening)
        return response

    return part


def stages_of(context: Context, model: str) -> dict[str, str]:
    """The stage of each version of a model; nothing if there is no such model."""
    from mlflow.exceptions import MlflowException

    try:
        found: list[Any] = context.registry.search_model_versions(f"name = '{model}'")
    except MlflowException:  # a name that no filter can hold; the request itself is answered
        return {}
    return {str(v.version): str(v.current_stage) for v in found}
