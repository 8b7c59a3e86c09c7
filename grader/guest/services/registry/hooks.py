"""A listener for whoever wants to be told: `/hooks/NAME` takes anything and notes it.

So a lab needs no server of its own to see what a webhook sends. With `?status=503` it answers so,
which shows what a sender does then.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from grader.guest.services.context import Context
from grader.guest.services.errors import invalid

#: The kind in the journal, and how much of a body is kept, in characters.
KIND = "received"
MAX_BODY = 1 << 16


def blueprint(context: Context) -> Blueprint:
    """The listener."""
    part = Blueprint("hooks", __name__)

    @part.route("/hooks/<path:name>", methods=["GET", "POST", "PUT", "PATCH"])
    def receive(name: str) -> Response:
        status = request.args.get("status", "200")
        if not (status.isdecimal() and 200 <= int(status) <= 599):
            raise invalid(f"'status' must be an HTTP status from 200 to 599 (got {status!r})")
        context.journal.add(
            KIND,
            {
                "hook": name,
                "method": request.method,
                "headers": dict(request.headers),
                "body": request.get_data(as_text=True)[:MAX_BODY],
                "status": int(status),
            },
        )
        return Response("{}", int(status), mimetype="application/json")

    return part
