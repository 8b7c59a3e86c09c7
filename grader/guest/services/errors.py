"""How the services refuse a request: with a status and Databricks' two fields, code and message."""

from __future__ import annotations


class ApiError(Exception):
    """A request that is refused; the services answer it as JSON with this HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def as_json(self) -> dict[str, str]:
        """The body of the answer."""
        return {"error_code": self.code, "message": self.message}


def invalid(message: str) -> ApiError:
    """What was asked for cannot be."""
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)


def missing(message: str) -> ApiError:
    """What was asked for is not there."""
    return ApiError(404, "RESOURCE_DOES_NOT_EXIST", message)
