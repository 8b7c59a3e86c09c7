"""What happens in a registry, which webhooks hear of it, and how it is signed and sent."""

from __future__ import annotations

from typing import Any

import pytest

from grader.guest.services import events
from grader.guest.services.errors import ApiError
from grader.guest.services.registry import deliveries
from grader.guest.services.registry.webhooks import events_in, public, target_in


def test_there_are_twelve_events() -> None:
    """Six plain ones, and three each for transitions and for requests."""
    assert len(set(events.EVENTS)) == 12


@pytest.mark.parametrize(
    ("stage", "named"),
    [
        ("Staging", ["MODEL_VERSION_TRANSITIONED_TO_STAGING"]),
        ("Production", ["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"]),
        ("Archived", ["MODEL_VERSION_TRANSITIONED_TO_ARCHIVED"]),
    ],
)
def test_a_transition_has_two_names(stage: str, named: list[str]) -> None:
    """That of all transitions, and that of its stage."""
    (found,) = events.of_request(
        "model-versions/transition-stage",
        {"name": "m"},
        {"model_version": {"name": "m", "version": "3", "current_stage": stage}},
        {"3": "None"},
    )
    assert found.names == ("MODEL_VERSION_TRANSITIONED_STAGE", *named)
    assert found.details == {"version": "3", "from_stage": "None", "to_stage": stage}
    assert set(found.names) <= set(events.EVENTS)


def test_back_to_none_has_one_name() -> None:
    """There is no event for that stage alone."""
    assert events.transitioned("m", "1", "Staging", "None").names == (
        "MODEL_VERSION_TRANSITIONED_STAGE",
    )


def test_what_a_transition_archives_happens_too() -> None:
    """Versions that were in the stage before go to Archived; a version that stays is silent."""
    asked = {"archive_existing_versions": True}
    now = {"name": "m", "version": "10", "current_stage": "Production"}
    stages = {"10": "Staging", "9": "Production", "2": "Production", "1": "Archived"}
    found = list(events.of_transition(asked, now, stages))
    assert [(f.details["version"], f.details["to_stage"]) for f in found] == [
        ("10", "Production"),
        ("2", "Archived"),
        ("9", "Archived"),
    ]
    assert list(events.of_transition({}, now, {"10": "Production", "9": "Production"})) == []


@pytest.mark.parametrize(
    ("path", "asked", "answer", "name"),
    [
        (
            "registered-models/create",
            {},
            {"registered_model": {"name": "m"}},
            "REGISTERED_MODEL_CREATED",
        ),
        (
            "model-versions/create",
            {},
            {"model_version": {"name": "m", "version": "1"}},
            "MODEL_VERSION_CREATED",
        ),
        (
            "model-versions/set-tag",
            {"name": "m", "version": "1", "key": "k", "value": "v"},
            {},
            "MODEL_VERSION_TAG_SET",
        ),
    ],
)
def test_requests_of_mlflow_make_events(
    path: str, asked: dict[str, str], answer: dict[str, Any], name: str
) -> None:
    """Each of the watched paths makes one; all that do are watched."""
    (found,) = events.of_request(path, asked, answer, {})
    assert (found.names, found.model) == ((name,), "m")
    assert path in events.WATCHED


def test_a_signature_is_the_hexadecimal_hmac() -> None:
    """A value that other tools give, too."""
    assert deliveries.signature("key", b"The quick brown fox jumps over the lazy dog") == (
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )


def test_a_url_gets_what_its_spec_says() -> None:
    """Signature and authorization where they are given."""
    spec = {"url": "http://127.0.0.1/x", "enable_ssl_verification": True}
    bare = deliveries.post({"http_url_spec": spec}, {"event": "E"}, "")
    assert bare.headers == {"Content-Type": "application/json; charset=utf-8"}
    full = deliveries.post(
        {"http_url_spec": {**spec, "secret": "s", "authorization": "Basic x"}}, {"event": "E"}, ""
    )
    assert full.body == b'{"event": "E"}'
    assert full.headers["Authorization"] == "Basic x"
    assert full.headers[deliveries.SIGNATURE] == deliveries.signature("s", full.body)


def test_a_job_is_run_with_the_message() -> None:
    """By the jobs API of its workspace, or of this one, with the webhook's token."""
    spec = {"job_id": "7", "access_token": "t", "workspace_url": ""}
    sent = deliveries.post({"job_spec": spec}, {"event": "E"}, "http://127.0.0.1:1")
    assert (sent.target, sent.url) == ("job 7", "http://127.0.0.1:1/api/2.1/jobs/run-now")
    assert sent.headers["Authorization"] == "Bearer t"
    assert sent.body == (
        b'{"job_id": 7, "notebook_params": {"event_message": "{\\"event\\": \\"E\\"}"}}'
    )


@pytest.mark.parametrize(
    "url",
    ["https://example.com/x", "http://127.0.0.1.example.com/", "ftp://localhost/", "nonsense"],
)
def test_nothing_but_loopback_is_written_to(url: str) -> None:
    """No attempt is made."""
    outcome = deliveries.send(deliveries.Post(url, url, {}, b""))
    assert (outcome.status, outcome.attempts) == (None, 0)
    assert "127.0.0.1" in outcome.error


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"http_url_spec": {"url": "https://a"}, "job_spec": {"job_id": 1}}, "not both"),
        ({"http_url_spec": {"url": "http://example.com"}}, "must begin with https"),
        ({"http_url_spec": {"secret": "s"}}, "'url' is missing"),
        ({"job_spec": {"job_id": "x", "access_token": "t"}}, "must be a whole number"),
        ({"job_spec": {"job_id": 1}}, "'access_token' is missing"),
        ({"job_spec": "x"}, "must be an object"),
    ],
)
def test_a_target_that_cannot_be_right_is_told(asked: dict[str, Any], told: str) -> None:
    """With the field that is wrong."""
    with pytest.raises(ApiError, match=told):
        target_in(asked)


@pytest.mark.parametrize("asked", [None, [], ["SOMETHING"], 7])
def test_events_must_be_known(asked: Any) -> None:
    """At least one, and none of somebody else's."""
    with pytest.raises(ApiError, match="event"):
        events_in(asked, None)


def test_secrets_are_never_told() -> None:
    """Neither of a URL nor of a job."""
    shown = public(
        {
            "id": "1",
            "model_name": None,
            **target_in(
                {"http_url_spec": {"url": "https://a", "secret": "s3", "authorization": "b"}}
            ),
        }
    )
    assert shown == {
        "id": "1",
        "http_url_spec": {"url": "https://a", "enable_ssl_verification": True},
    }
    assert "t0" not in str(public(target_in({"job_spec": {"job_id": 1, "access_token": "t0"}})))
