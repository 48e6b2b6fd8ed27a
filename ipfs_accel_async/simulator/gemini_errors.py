"""Errors as the Gemini API tells them.

Source: Google API design guide: google.rpc.Status, ErrorInfo, QuotaFailure, RetryInfo; Gemini API: rate limits.
"""

from typing import Any

from .twin import RejectError

_CODES = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "The caller does not have permission."),
    404: ("NOT_FOUND", "Requested entity was not found."),
    408: ("DEADLINE_EXCEEDED", "The request took too long to arrive."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    500: ("INTERNAL", "An internal error has occurred."),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
_TYPE = "type.googleapis.com/google.rpc."
_METRIC = "generativelanguage.googleapis.com/generate_content_free_tier_requests"


def failed(reject: RejectError) -> dict[str, Any]:
    """The error as a body."""
    kind, message = _CODES.get(reject.status, _CODES[400] if reject.status < 500 else _CODES[503])
    error: dict[str, Any] = {"code": reject.status, "message": reject.message or message, "status": kind}
    details = _details(reject)
    return {"error": error | ({"details": details} if details else {})}


def _details(reject: RejectError) -> list[dict[str, Any]]:
    details: list[dict[str, Any]] = []
    if reject.code:
        details.append({"@type": f"{_TYPE}ErrorInfo", "reason": reject.code, "domain": "googleapis.com"})
    if reject.status == 429:
        window = "PerDay" if reject.quota else "PerMinute"
        violation = {"quotaMetric": _METRIC, "quotaId": f"GenerateRequests{window}PerProjectPerModel-FreeTier"}
        if reject.param:
            violation["quotaValue"] = reject.param
        details.append({"@type": f"{_TYPE}QuotaFailure", "violations": [violation]})
    if reject.wait:
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{reject.wait:.9f}".rstrip("0").rstrip(".") + "s"})
    return details
