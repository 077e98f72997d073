"""Ready answers to questions that differ in their codes alone: what the engine found for one code is filled with another.

A plan holds for one catalogue revision. It answers only what it is sure of (a code that stands in the index as it is
written, a concept against which nothing stands) and gives None for all else, which the engine answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import orjson

from termserver.errors import TermserverError
from termserver.fhir.elements import Json, split_canonical
from termserver.fhir.terminology_parameters import write_subsumes
from termserver.model.requests import SubsumesRequest, ValidateCodeRequest
from termserver.model.results import SubsumesResult
from termserver.rest.hot_questions import with_codes
from termserver.rest.operations import answer_validation
from termserver.terminology.content import SupplementedContent
from termserver.terminology.map_access import NeedsStoreError
from termserver.terminology.plain_concepts import PlainConcepts
from termserver.terminology.service import Terminology
from termserver.terminology.subsumes import OUTCOMES, content_of_both, outcome_of
from termserver.terminology.versions import rules_of

_MARK = "\u27e6\u27e7"


class Plan(Protocol):
    """How to answer at once."""

    def answer(self, codes: Mapping[str, str]) -> bytes | None:
        """The answer for the codes in the places of their placeholders; None if the engine must be asked."""
        ...


def plan_for(terminology: Terminology, question: object) -> Plan | None:
    """A plan for a question with placeholders, of the engine in memory; None if there is none for its kind."""
    try:
        if isinstance(question, SubsumesRequest):
            return SubsumesPlan(terminology, question)
        if isinstance(question, ValidateCodeRequest) and _is_simple(question):
            return ValidationPlan(terminology, question)
    except (TermserverError, NeedsStoreError):
        pass
    return None


class SubsumesPlan:
    """$subsumes: two ordinals, four possible answers."""

    def __init__(self, terminology: Terminology, question: SubsumesRequest) -> None:
        with terminology.library() as library:
            content = content_of_both(library, question)
        self._table, self._hierarchy = content.table, content.hierarchy
        self._first, self._second = question.first.code, question.second.code
        self._answers = {one: orjson.dumps(write_subsumes(SubsumesResult(one))) for one in OUTCOMES}

    def answer(self, codes: Mapping[str, str]) -> bytes | None:
        """See `Plan`."""
        first = self._table.ordinal_of(codes.get(self._first, self._first))
        second = self._table.ordinal_of(codes.get(self._second, self._second))
        if first < 0 or second < 0:
            return None
        return self._answers[outcome_of(self._hierarchy, first, second)]


def _is_simple(question: ValidateCodeRequest) -> bool:
    """One code of one code system, in no language but its own."""
    return (
        question.code_system_url is not None
        and question.code_system_id is None
        and len(question.codings) == 1
        and question.language is None
        and not question.supplements
        and not question.overlay
    )


class ValidationPlan:
    """CodeSystem/$validate-code of a concept against which nothing stands: the same for all, but for code and display.

    The form of the answer is learnt from the engine's answer for the first such concept that is asked for, and tried on
    the second; where the two do not fit, there is no plan.
    """

    def __init__(self, terminology: Terminology, question: ValidateCodeRequest) -> None:
        self._terminology = terminology
        self._question = question
        self._code, self._display = question.codings[0].code, question.codings[0].display
        self._concepts = _plain_concepts(terminology, question)
        self._form: tuple[bytes, bytes, bytes] | None = None
        self._learnt_from = ""
        self._is_tried = False

    def answer(self, codes: Mapping[str, str]) -> bytes | None:
        """See `Plan`."""
        if self._concepts is None:
            return None
        code = codes.get(self._code, self._code)
        display = self._concepts.display_of(code)
        if display is None or (self._display is not None and codes.get(self._display, self._display) != display):
            return None
        if self._form is None or not self._is_tried:
            return self._learn(codes, code, display)
        return _filled(self._form, code, display)

    def _learn(self, codes: Mapping[str, str], code: str, display: str) -> bytes:
        answer = answer_validation(self._terminology, with_codes(self._question, codes), in_value_set=False)
        body = orjson.dumps(answer)
        if self._form is None:
            self._form, self._learnt_from = _form_of(answer, code, display), code
            fits = self._form is not None
        else:
            fits = _filled(self._form, code, display) == body
            self._is_tried = code != self._learnt_from
        if not fits:
            self._concepts = None
        return body


def _plain_concepts(terminology: Terminology, question: ValidateCodeRequest) -> PlainConcepts | None:
    """The concepts of the code system that the question is about; None if supplements or several sources have a say."""
    url, version = split_canonical(question.code_system_url or "")
    coding = question.codings[0]
    system = coding.system or url
    with terminology.library() as library:
        wanted = rules_of(question).version_of_code(
            system, coding.version or version if system == url else coding.version
        )
        content = library.code_system(system, wanted)
        if content is None or isinstance(content, SupplementedContent):
            return None
        loaded = library.catalogue.code_systems.get(library.canonical_system(system), ())
    stored = next((one for one in loaded if one.header is content.header), None)
    index = None if stored is None else terminology.open_index(stored)
    return None if index is None else PlainConcepts(index, content.header)


def _form_of(answer: Json, code: str, display: str) -> tuple[bytes, bytes, bytes] | None:
    """The answer's bytes before, between and after code and display; None if these do not stand there once each."""
    of_concept = {"code": {"name": "code", "valueCode": code}, "display": {"name": "display", "valueString": display}}
    parameters = answer["parameter"]
    assert isinstance(parameters, list)
    found, marked = [], []
    for item in parameters:
        name = item["name"]
        if of_concept.get(name) == item:
            found.append(name)
            item = {key: _MARK if key.startswith("value") else value for key, value in item.items()}
        marked.append(item)
    pieces = orjson.dumps({**answer, "parameter": marked}).split(f'"{_MARK}"'.encode())
    return (pieces[0], pieces[1], pieces[2]) if found == ["code", "display"] and len(pieces) == 3 else None


def _filled(form: tuple[bytes, bytes, bytes], code: str, display: str) -> bytes:
    return b"".join((form[0], orjson.dumps(code), form[1], orjson.dumps(display), form[2]))
