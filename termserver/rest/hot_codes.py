"""GET $lookup, $validate-code and $subsumes on the event loop, from memory: the operations' own code, without HTTP's cost.

What the common way does in a thread, with a session, is done here by the same readers, engine and writers over an engine
that has no database (`Terminology.in_memory`); what memory cannot answer, and every error, goes the common way. Content
does not change, so an answer holds until the catalogue does: answers are kept, by the bytes of the question.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from starlette.types import Scope

from termserver.errors import TermserverError
from termserver.fhir.versions import FhirVersion
from termserver.rest.negotiation import accepts
from termserver.rest.operations import OPERATIONS
from termserver.rest.request import FhirRequest, read_query
from termserver.terminology.map_access import NeedsStoreError
from termserver.terminology.service import Terminology

_OPERATIONS = (
    ("CodeSystem", "$lookup"), ("CodeSystem", "$validate-code"), ("CodeSystem", "$subsumes"),
    ("ValueSet", "$validate-code"),
)  # fmt: skip
# Questions that may need all concepts of a system, or bring much with them, are no questions for the event loop
_COLD_NAMES = frozenset({"inferSystem", "valueSet", "codeSystem", "codeableConcept", "tx-resource"})
_COLD_URL = "fhir_vs=ecl"
_LONGEST_QUERY = 4_000
_MOST_KEPT_BYTES = 32 * 1024 * 1024
_MOST_SLOW = 1_000
_SLOW_S = 0.005


@dataclass(frozen=True, slots=True)
class HotOperation:
    """An operation at a path; below /fhir the version is R4 unless the client names another, and then it is not hot."""

    version: FhirVersion
    path: tuple[str, str]


HOT_OPERATIONS = {
    f"/{base}/{kind}/{name}": HotOperation(version, (kind, name))
    for base, version in [*((version.path, version) for version in FhirVersion), ("fhir", FhirVersion.R4)]
    for kind, name in _OPERATIONS
}
_Question = tuple[HotOperation, bytes, bytes]
"""Operation, Accept-Language, query."""


class HotCodes:
    """Answers from memory, and keeps answers."""

    def __init__(self, terminology: Terminology) -> None:
        self._terminology = terminology.in_memory()
        self._kept = KeptAnswers(_MOST_KEPT_BYTES)
        self._slow: set[tuple[tuple[str, str], str]] = set()

    def answer(self, operation: HotOperation, scope: Scope) -> bytes | None:
        """The answer's JSON; None if the common way must answer (errors too are told there)."""
        language = b""
        for name, value in scope["headers"]:
            if name == b"accept" and not accepts(operation.version, value):
                return None
            if name == b"accept-language":
                if language:
                    return None
                language = value
        try:
            revision = self._terminology.catalogue().revision
        except NeedsStoreError:
            return None
        question = (operation, language, scope["query_string"])
        body = self._kept.get(revision, question)
        if body is None:
            body = self._answered(question)
            if body is not None:
                self._kept.put(revision, question, body)
        return body

    def _answered(self, question: _Question) -> bytes | None:
        operation, language, query = question
        if len(query) > _LONGEST_QUERY:
            return None
        begun = time.thread_time()  # not the clock's: a busy machine makes no question slow
        try:
            pairs = read_query(query.decode("ascii"))
            topic = (operation.path, _about(pairs))
            if topic in self._slow or any(_is_cold(name, value) for name, value in pairs):
                return None
            request = FhirRequest(
                method="GET",
                version=operation.version,
                path=operation.path,
                query=pairs,
                body_version=operation.version,
                language=language.decode("latin-1") or None,
            )
            answer = OPERATIONS[operation.path](self._terminology, request, None)
        except (TermserverError, UnicodeDecodeError, NeedsStoreError):
            return None
        if time.thread_time() - begun > _SLOW_S:
            if len(self._slow) >= _MOST_SLOW:
                self._slow.clear()
            self._slow.add(topic)
        return orjson.dumps(answer)


def _about(pairs: Sequence[tuple[str, str]]) -> str:
    """The value set or code system that a question is about: one slow question tells of the next."""
    return next((value for name, value in pairs if name in ("url", "system")), "")


def _is_cold(name: str, value: str) -> bool:
    return name.startswith("_") or name in _COLD_NAMES or (name == "url" and _COLD_URL in value)


class KeptAnswers:
    """Answers of one catalogue revision within a budget of bytes, the least recently used leaving first.

    >>> kept = KeptAnswers(1000)
    >>> kept.put(1, "question", b"answer")
    >>> kept.get(1, "question"), kept.get(2, "question")
    (b'answer', None)
    """

    _BYTES_AN_ENTRY = 400

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._answers: OrderedDict[object, bytes] = OrderedDict()
        self._revision = -1
        self._bytes = 0

    def get(self, revision: int, question: object) -> bytes | None:
        """The answer, if it is kept."""
        self._begin(revision)
        body = self._answers.get(question)
        if body is not None:
            self._answers.move_to_end(question)
        return body

    def put(self, revision: int, question: object, body: bytes) -> None:
        """Keep an answer; others leave until the budget holds."""
        self._begin(revision)
        replaced = self._answers.pop(question, None)
        if replaced is not None:
            self._bytes -= len(replaced) + self._BYTES_AN_ENTRY
        self._answers[question] = body
        self._bytes += len(body) + self._BYTES_AN_ENTRY
        while self._bytes > self._budget_bytes:
            _, gone = self._answers.popitem(last=False)
            self._bytes -= len(gone) + self._BYTES_AN_ENTRY

    def _begin(self, revision: int) -> None:
        """Forget what was answered at another revision."""
        if revision != self._revision:
            self._answers.clear()
            self._bytes, self._revision = 0, revision
