"""Errors become OperationOutcomes here, and nowhere else. What the house did not foresee is logged, never shown."""

from __future__ import annotations

import logging
import secrets

from termserver.errors import NotSupported, TermserverError
from termserver.fhir.elements import Json
from termserver.fhir.operation_outcome import outcome_of_error, write_outcome
from termserver.model.issue import Issue

_log = logging.getLogger(__name__)


class MethodNotAllowed(NotSupported):
    """The path exists; the method does not."""

    http_status = 405


def outcome_for(error: Exception) -> tuple[int, Json]:
    """HTTP status and OperationOutcome of any exception.

    An unforeseen one gets a number that stands in the log beside its trace.
    """
    if isinstance(error, TermserverError):
        if error.http_status >= 500:
            _log.error("%s", error.message)
        return error.http_status, outcome_of_error(error)
    if isinstance(error, RecursionError):
        return 400, write_outcome([Issue("error", "too-long", "The request nests too deep")])
    number = secrets.token_hex(4)
    _log.error("Unforeseen error %s", number, exc_info=error)
    text = f"The server failed in a way that it did not foresee; its log has the reason under {number}"
    return 500, write_outcome([Issue("fatal", "exception", text)])
