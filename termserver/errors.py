"""Every error of the house, one tree. Each class carries its HTTP status and its FHIR `issue.code`.

    TermserverError                 500 exception
    ├── BadInput                    400 invalid        a client or a file said something that cannot be used
    │   ├── BadFile                 400 structure      … a file: names file, line, column, code
    │   └── TooLarge                413 too-long       … beyond a bound that a setting names
    ├── NotFound                    404 not-found
    │   └── Gone                    410 deleted
    ├── NotSignedIn                 401 login
    ├── Forbidden                   403 forbidden
    ├── Conflict                    409 conflict       somebody else was faster; nothing was overwritten
    ├── PreconditionFailed          412 conflict
    ├── BusinessRule                422 business-rule  understood, and against a rule of the house that the text names
    ├── NotSupported                422 not-supported
    ├── NotAcceptable               406 not-supported  / UnsupportedMediaType 415
    ├── TooCostly                   422 too-costly
    ├── TooManyRequests             429 throttled
    ├── MatchingError               500 exception      the matching engine or its weights
    ├── IndexUnavailable            503 transient      a derived index is being built, or cannot be
    ├── StoreBusy                   503 transient      another program has SQLite's one write lock
    ├── StoreError                  500 exception      the database is absent, old or newer than the program
    └── SettingsError               500 exception      a setting that cannot be used, found at start

A message says what was wrong, where, and what to do. `rest.errors` and `ui` turn them into HTTP; `cli` prints them.
"""

from __future__ import annotations


class TermserverError(Exception):
    """The root. `message` is written for the reader who can act on it.

    Parameters
    ----------
    expression
        FHIRPath of what is at fault.
    issue_code
        FHIR issue type, where it is another than the class has.
    tx_issue, message_id
        As `model.issue.Issue` has them: terminology clients tell errors apart by these.
    diagnostics
        What to do, where terminology clients compare `message` word for word.
    """

    http_status = 500
    issue_code = "exception"

    def __init__(
        self,
        message: str,
        *,
        expression: str | None = None,
        issue_code: str | None = None,
        tx_issue: str | None = None,
        message_id: str | None = None,
        diagnostics: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.expression = expression
        self.issue_code = issue_code or self.issue_code
        self.tx_issue = tx_issue
        self.message_id = message_id
        self.diagnostics = diagnostics


class BadInput(TermserverError):
    """A parameter, a form field or a resource that cannot be used as it is."""

    http_status = 400
    issue_code = "invalid"


class BadFile(BadInput):
    """A file that cannot be read, with the place.

    >>> str(BadFile("the column 'kod' is missing", file="list.csv", line=1))
    "list.csv line 1: the column 'kod' is missing"
    """

    issue_code = "structure"

    def __init__(
        self,
        message: str,
        *,
        file: str,
        line: int | None = None,
        column: str | None = None,
        code: str | None = None,
    ) -> None:
        self.file, self.line, self.column, self.code = file, line, column, code
        place = file
        if line is not None:
            place += f" line {line}"
        if column is not None:
            place += f", column {column}"
        if code is not None:
            place += f", code {code}"
        super().__init__(f"{place}: {message}")


class TooLarge(BadInput):
    """Beyond a bound; the message names the bound and its setting."""

    http_status = 413
    issue_code = "too-long"


class NotFound(TermserverError):
    """The thing named does not exist, or the actor may not know that it does."""

    http_status = 404
    issue_code = "not-found"


class Gone(NotFound):
    """The thing named was there and was deleted."""

    http_status = 410
    issue_code = "deleted"


class NotSignedIn(TermserverError):
    """No person, or no longer one."""

    http_status = 401
    issue_code = "login"


class Forbidden(TermserverError):
    """The person is known and lacks the permission, which the message names."""

    http_status = 403
    issue_code = "forbidden"


class Conflict(TermserverError):
    """The object changed since the client read it; nothing was overwritten."""

    http_status = 409
    issue_code = "conflict"


class PreconditionFailed(TermserverError):
    """If-Match or If-None-Exist did not hold."""

    http_status = 412
    issue_code = "conflict"


class BusinessRule(TermserverError):
    """Understood, and against a rule of the house; the message says which, and what to do."""

    http_status = 422
    issue_code = "business-rule"


class NotSupported(TermserverError):
    """Understood, and not offered."""

    http_status = 422
    issue_code = "not-supported"


class NotAcceptable(TermserverError):
    """The answer cannot be given in the format or version asked for."""

    http_status = 406
    issue_code = "not-supported"


class UnsupportedMediaType(TermserverError):
    """The body's format or version is unknown."""

    http_status = 415
    issue_code = "not-supported"


class TooCostly(TermserverError):
    """The answer would be larger than the server gives; the message says how to ask for less."""

    http_status = 422
    issue_code = "too-costly"


class TooManyRequests(TermserverError):
    """The person has as much under way as the server gives one person."""

    http_status = 429
    issue_code = "throttled"


class MatchingError(TermserverError):
    """The matching engine cannot work: weights absent or damaged, an extra not installed."""


class IndexUnavailable(TermserverError):
    """A derived index is not there yet, or cannot be built; the message says why. Asking again later may help."""

    http_status = 503
    issue_code = "transient"


class StoreBusy(TermserverError):
    """Another program writes to the same SQLite file for longer than a writer waits; nothing was changed. Ask again."""

    http_status = 503
    issue_code = "transient"


class StoreError(TermserverError):
    """The database cannot be used as it is."""


class SettingsError(TermserverError):
    """A setting that cannot be used; found when the program starts."""
