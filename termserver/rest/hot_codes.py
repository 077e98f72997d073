"""GET $lookup, $validate-code and $subsumes on the event loop, from memory: the operations' own code, without HTTP's cost.

What the common way does in a thread, with a session, is done here by the same readers, engine and writers over an engine
that has no database (`Terminology.in_memory`); what memory cannot answer, and every error, goes the common way. Content
does not change, so an answer holds until the catalogue does: answers are kept, by the bytes of the question.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic

import orjson
from starlette.types import Scope

from termserver.errors import TermserverError
from termserver.fhir.elements import Json
from termserver.fhir.lookup_parameters import read_lookup
from termserver.fhir.primitives import plain_json
from termserver.fhir.terminology_parameters import read_subsumes
from termserver.fhir.versions import FhirVersion
from termserver.model.requests import LookupRequest, SubsumesRequest, ValidateCodeRequest
from termserver.rest.hot_plans import Plan, Plans
from termserver.rest.hot_questions import Question, is_general, pairs_with_placeholders, split_query, with_codes
from termserver.rest.kept_answers import KeptAnswers
from termserver.rest.negotiation import accepts
from termserver.rest.operations import answer_lookup, answer_subsumes, answer_validation, read_validation
from termserver.rest.request import FhirRequest, read_query
from termserver.terminology.map_access import NeedsStoreError
from termserver.terminology.service import Terminology

_log = logging.getLogger(__name__)
# Questions that may need all concepts of a system, or bring much with them, are no questions for the event loop
_COLD_NAMES = frozenset({"inferSystem", "implySystem", "valueSet", "codeSystem", "codeableConcept", "tx-resource"})
_COLD_URL = "fhir_vs=ecl"
_LONGEST_QUERY = 1_000
_MOST_KEPT_BYTES = 32 * 1024 * 1024
_MOST_PREPARED = 512
_SLOW_S = 0.005
_SLOW_TIMES = 3


@dataclass(frozen=True, slots=True)
class HotOperation(Generic[Question]):
    """An operation in one FHIR version: the common reader and answerer. `name` is of this one alone."""

    name: str
    version: FhirVersion
    path: tuple[str, str]
    read: Callable[[FhirRequest], Question]
    answer: Callable[[Terminology, Question], Json]


AnyOperation = HotOperation[LookupRequest] | HotOperation[SubsumesRequest] | HotOperation[ValidateCodeRequest]


def _lookup_question(asked: FhirRequest) -> LookupRequest:
    return read_lookup(asked.parameters(), asked.body_version, language=asked.language)


def _subsumes_question(asked: FhirRequest) -> SubsumesRequest:
    return read_subsumes(asked.parameters(), asked.body_version)


def _operations(version: FhirVersion) -> tuple[AnyOperation, ...]:
    return (
        HotOperation(f"{version.path}/$lookup", version, ("CodeSystem", "$lookup"), _lookup_question, answer_lookup),
        HotOperation(
            f"{version.path}/$subsumes", version, ("CodeSystem", "$subsumes"), _subsumes_question, answer_subsumes
        ),
        *(
            HotOperation(
                f"{version.path}/$validate-code/{in_value_set}",
                version,
                ("ValueSet" if in_value_set else "CodeSystem", "$validate-code"),
                partial(read_validation, resource_id=None, in_value_set=in_value_set),
                partial(answer_validation, in_value_set=in_value_set),
            )
            for in_value_set in (False, True)
        ),
    )


# Below /fhir the version is R4 unless the client names another one, and then it goes the common way
HOT_OPERATIONS: dict[str, AnyOperation] = {
    f"/{base}/{'/'.join(operation.path)}": operation
    for base, version in [*((version.path, version) for version in FhirVersion), ("fhir", FhirVersion.R4)]
    for operation in _operations(version)
}


@dataclass(slots=True)
class _Prepared:
    """What all questions of the same form share.

    Parameters
    ----------
    question
        With placeholders for codes; None if it must be read whole each time.
    is_hot
        False where it has taken long several times in a row: such a question is not for the event loop.
    planned_at
        The catalogue revision that the plan was made for.
    """

    question: Any
    is_hot: bool
    slow_in_a_row: int = 0
    plan: Plan | None = None
    planned_at: int = -1

    def took(self, seconds: float) -> None:
        """Judge by how long an answer took; once is chance (files read for the first time)."""
        self.slow_in_a_row = self.slow_in_a_row + 1 if seconds > _SLOW_S else 0
        self.is_hot = self.slow_in_a_row < _SLOW_TIMES


class HotCodes:
    """Answers from memory, and keeps answers."""

    def __init__(self, terminology: Terminology) -> None:
        self._terminology = terminology.in_memory()
        self._plans = Plans(self._terminology)
        self._kept = KeptAnswers(_MOST_KEPT_BYTES)
        self._prepared: dict[object, _Prepared] = {}

    def answer(self, operation: AnyOperation, scope: Scope) -> bytes | None:
        """The answer's JSON; None if the common way must answer (errors too are told there)."""
        language = b""
        for name, value in scope["headers"]:
            if name == b"accept" and not accepts(operation.version, value):
                return None
            if name == b"content-type" or (name == b"accept-language" and language):
                return None
            if name == b"accept-language":
                language = value
        query: bytes = scope["query_string"]
        question = (operation.name, language, query)
        try:
            revision = self._terminology.catalogue().revision
            body = self._kept.get(revision, question)
            if body is None:
                body = self._answered(operation, language, query, revision)
                if body is not None:
                    self._kept.put(revision, question, body)
        except (TermserverError, UnicodeDecodeError, NeedsStoreError):
            return None
        except Exception:  # noqa: BLE001  a fault of the fast way must not cost an answer: the common way gives it
            _log.exception("The hot path failed at %s?%r", "/".join(operation.path), query)
            return None
        return body

    def _answered(self, operation: HotOperation[Any], language: bytes, query: bytes, revision: int) -> bytes | None:
        if len(query) > _LONGEST_QUERY:
            return None
        rest, codes = split_query(query) or (query, {})
        key = (operation.name, language, rest, bool(codes))
        prepared = self._prepared.get(key)
        if prepared is None:
            if len(self._prepared) >= _MOST_PREPARED:
                self._prepared.clear()
            prepared = self._prepared[key] = _prepare(operation, language, rest, codes)
        if not prepared.is_hot:
            return None
        if prepared.question is not None:
            if prepared.planned_at != revision:
                prepared.plan, prepared.planned_at = self._plans.plan_for(prepared.question), revision
            body = None if prepared.plan is None else prepared.plan.answer(codes)
            if body is not None:
                return body
            begun = _used_s()
            question = with_codes(prepared.question, codes)
        else:
            begun = _used_s()
            question = operation.read(_request(operation, language, read_query(query.decode("ascii"))))
        answer = orjson.dumps(operation.answer(self._terminology, question), default=plain_json)
        prepared.took(_used_s() - begun)
        return answer


def _used_s() -> float:
    """Seconds that this thread has worked; not the clock's: a busy machine makes no question slow."""
    return time.thread_time()


def _prepare(operation: HotOperation[Question], language: bytes, rest: bytes, codes: Mapping[str, str]) -> _Prepared:
    pairs = pairs_with_placeholders(rest) if codes else read_query(rest.decode("ascii"))
    if any(_is_cold(name, value) for name, value in pairs):
        return _Prepared(None, is_hot=False)
    try:
        question = operation.read(_request(operation, language, pairs))
    except TermserverError:
        return _Prepared(None, is_hot=True)
    return _Prepared(question if codes and is_general(question, codes) else None, is_hot=True)


def _is_cold(name: str, value: str) -> bool:
    return name.startswith("_") or name in _COLD_NAMES or (name == "url" and _COLD_URL in value)


def _request(operation: HotOperation[Question], language: bytes, pairs: list[tuple[str, str]]) -> FhirRequest:
    return FhirRequest(
        method="GET",
        version=operation.version,
        path=operation.path,
        query=pairs,
        body_version=operation.version,
        language=language.decode("latin-1") or None,
    )
