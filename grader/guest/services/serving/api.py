"""Model serving over REST, as Databricks' API and its clients have it.

Endpoints are created, read, updated and deleted under `/api/2.0/serving-endpoints`, and queried at
`/serving-endpoints/NAME/invocations`. A `/` at the end makes no difference, and neither does a
content type that a client forgot.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request

from grader.guest.services.context import Context
from grader.guest.services.errors import ApiError
from grader.guest.services.serving.deployment import Deployments, Pace
from grader.guest.services.serving.hosting import Hosting
from grader.guest.services.serving.scoring import Scorers

#: Relative to the lab's folder: what models print, and how long an idle entity stays up, as
#: `{"idle_seconds": 2}`, where a lab's fixture says so.
LOGS = ".services/serving"
SETTINGS = ".services/serving.json"
_API = "/api/2.0/serving-endpoints"
_JSON = "application/json"
_OTHER_KINDS = ("text/csv", "application/vnd.apache.parquet")


def blueprint(context: Context) -> Blueprint:
    """Serving, with nothing served yet."""
    deployments = Deployments(
        Scorers(context.workspace),
        lambda model, version: _folder(context, model, version),
        context.workspace / LOGS,
        lambda: _pace(context.workspace / SETTINGS),
    )
    return routes(Hosting(deployments, context.journal, context.pending))


def routes(hosting: Hosting) -> Blueprint:
    """The REST part of `hosting`."""
    part = Blueprint("serving", __name__)

    def at(path: str, *methods: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return part.route(path, methods=list(methods), strict_slashes=False)

    @at(f"{_API}/", "GET")
    def _all() -> Response:
        return jsonify({"endpoints": hosting.all()})

    @at(f"{_API}/", "POST")
    def _create() -> Response:
        return jsonify(hosting.create(_body()))

    @at(f"{_API}/<name>/", "GET")
    def _get(name: str) -> Response:
        return jsonify(hosting.get(name))

    @at(f"{_API}/<name>/", "DELETE")
    def _delete(name: str) -> Response:
        hosting.delete(name)
        return jsonify({})

    @at(f"{_API}/<name>/config/", "PUT")
    def _update(name: str) -> Response:
        return jsonify(hosting.update(name, _body()))

    @at(f"{_API}/<name>/tags/", "PATCH")
    def _tag(name: str) -> Response:
        return jsonify({"tags": hosting.tag(name, _body())})

    @at(f"{_API}/<name>/served-models/<entity>/logs/", "GET")
    def _log(name: str, entity: str) -> Response:
        return jsonify({"logs": hosting.log(name, entity)})

    @at("/serving-endpoints/<name>/invocations/", "POST")
    @at(f"{_API}/<name>/invocations/", "POST")
    @at("/serving-endpoints/<name>/served-models/<entity>/invocations/", "POST")
    def _invoke(name: str, entity: str | None = None) -> Response:
        return _query(hosting, name, entity)

    return part


def _query(hosting: Hosting, name: str, entity: str | None) -> Response:
    kind = (request.content_type or _JSON).partition(";")[0]
    answer, served = hosting.invoke(
        name, entity, request.get_data(), kind if kind in _OTHER_KINDS else _JSON
    )
    if answer.content_type.startswith(_JSON) and answer.body.lstrip()[:1] in (b"{", b"["):
        response = Response(answer.body, answer.status, content_type=_JSON)
    else:  # MLflow's server says some of its refusals as plain text
        message = answer.body.decode("utf-8", "replace")
        response = jsonify(ApiError(answer.status, "BAD_REQUEST", message).as_json())
        response.status_code = answer.status
    response.headers["served-model-name"] = served
    return response


def _body() -> Any:
    """The request's JSON, whatever its content type says."""
    try:
        return json.loads(request.get_data())
    except ValueError as error:
        raise ApiError(400, "MALFORMED_REQUEST", f"the body is not JSON: {error}") from error


def _folder(context: Context, model: str, version: str) -> Path:
    """Where the files of a model version are.

    Raises:
        LookupError: there is no such version, or its files are not here.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.utils.file_utils import local_file_uri_to_path

    try:
        uri = context.registry.get_model_version_download_uri(model, version)
        if uri.startswith("models:/"):
            logged = context.tracking.get_logged_model(uri.removeprefix("models:/"))
            uri = logged.artifact_location
    except MlflowException as error:
        raise LookupError(error.message) from error
    folder = Path(local_file_uri_to_path(uri))  # type: ignore[no-untyped-call]  # MLflow's
    if not (folder / "MLmodel").is_file():
        raise LookupError(f"the files of {model!r}, version {version}, are not there")
    return folder


def _pace(settings: Path) -> Pace:
    """How fast things go in this lab."""
    try:
        return Pace(idle=float(json.loads(settings.read_text("utf-8"))["idle_seconds"]))
    except (OSError, ValueError, TypeError, KeyError):
        return Pace()
