"""Errors as the Graph API words them on the wire."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class GraphError(Exception):
    """Answered as `{"error": {…}}` with `status`; codes from Meta's error reference for the Marketing API."""

    code: int
    message: str
    status: int = 400
    subcode: int | None = None
    kind: str = "OAuthException"
    transient: bool = False

    def payload(self, trace_id: str) -> dict[str, object]:
        """The JSON body."""
        error: dict[str, object] = {
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "is_transient": self.transient,
            "fbtrace_id": trace_id,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error}


def no_token() -> GraphError:
    """No token was sent at all."""
    return GraphError(104, "An access token is required to request this resource.")


def bad_token() -> GraphError:
    """The token is not one this server knows."""
    return GraphError(190, "Invalid OAuth access token - Cannot parse access token", 401)


def unknown_object(object_id: str) -> GraphError:
    """No such node, or one the token may not see; Meta does not tell which."""
    return GraphError(
        100,
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def unknown_field(field: str, node_type: str) -> GraphError:
    """A field or edge that the node does not have."""
    return GraphError(100, f"(#100) Tried accessing nonexisting field ({field}) on node type ({node_type})")


def invalid_parameter(detail: str) -> GraphError:
    """A parameter that cannot be read."""
    return GraphError(100, f"(#100) {detail}")


def too_much_data() -> GraphError:
    """The direct insights call was asked for more than it computes at once."""
    return GraphError(
        100, "(#100) Please reduce the amount of data you're asking for, then retry your request", 500, 1487534
    )


def rate_limited() -> GraphError:
    """The ad account's call budget is used up."""
    return GraphError(17, "(#17) User request limit reached", 400, 2446079)
