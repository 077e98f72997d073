"""Ready answers to questions that differ in their codes alone: what the engine found for one code is filled with another.

A plan holds for one catalogue revision. It answers only what it is sure of (a code that stands in the index as it is
written, a concept against which nothing stands) and gives None for all else, which the engine answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import orjson

from termserver.errors import TermserverError
from termserver.fhir.elements import split_canonical
from termserver.fhir.terminology_parameters import write_subsumes
from termserver.model.requests import LookupRequest, SubsumesRequest, ValidateCodeRequest
from termserver.model.results import SubsumesResult
from termserver.rest.hot_membership import MembershipPlan
from termserver.rest.hot_questions import with_codes
from termserver.rest.learnt_form import LearntForm
from termserver.rest.operations import answer_validation
from termserver.terminology.loaded_concepts import loaded_concepts
from termserver.terminology.lookup import content_or_error
from termserver.terminology.lookup_plan import LookupPlan
from termserver.terminology.plain_concepts import PlainConcepts, Standing
from termserver.terminology.service import Terminology
from termserver.terminology.subsumes import OUTCOMES, content_of_both, outcome_of
from termserver.terminology.validation_answer import display_rules
from termserver.terminology.versions import rules_of


class Plan(Protocol):
    """How to answer at once."""

    def answer(self, codes: Mapping[str, str]) -> bytes | None:
        """The answer for the codes in the places of their placeholders; None if the engine must be asked."""
        ...


class Plans:
    """Makes plans of the engine in memory."""

    def __init__(self, terminology: Terminology) -> None:
        self._terminology = terminology

    def plan_for(self, question: object) -> Plan | None:
        """A plan for a question with placeholders; None if there is none for its kind.

        Raises
        ------
        NeedsStoreError
            If something is not in memory yet.
        """
        try:
            if isinstance(question, SubsumesRequest):
                return SubsumesPlan(self._terminology, question)
            if isinstance(question, LookupRequest):
                return self._lookup_plan(question)
            if isinstance(question, ValidateCodeRequest) and question.value_set_url is not None:
                return MembershipPlan.of(self._terminology, question)
            if isinstance(question, ValidateCodeRequest):
                return ValidationPlan.of(self._terminology, question)
        except (TermserverError, ValueError):
            pass
        return None

    def _lookup_plan(self, question: LookupRequest) -> Plan | None:
        with self._terminology.library(question.overlay, question.supplements) as library:
            library.use_supplements(question.supplements)
            content = content_or_error(library, question.coding.system, question.coding.version)
            concepts = loaded_concepts(library, content, self._terminology.open_index)
        if concepts is None:
            return None
        return PlanOfOneCode(question.coding.code, LookupPlan(question, content, concepts))


class PlanOfOneCode:
    """A plan for the code in the place of one placeholder."""

    def __init__(self, placeholder: str, plan: LookupPlan) -> None:
        self._placeholder, self._plan = placeholder, plan

    def answer(self, codes: Mapping[str, str]) -> bytes | None:
        """See `Plan`."""
        return self._plan.answer(codes.get(self._placeholder, self._placeholder))


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


class ValidationPlan:
    """CodeSystem/$validate-code of a concept of which nothing is said but whether it is active: one form of answer each."""

    def __init__(self, terminology: Terminology, question: ValidateCodeRequest, concepts: PlainConcepts) -> None:
        self._terminology = terminology
        self._question = question
        self._code, self._display = question.codings[0].code, question.codings[0].display
        self._languages = display_rules(question).languages
        self._concepts = concepts
        self.forms: dict[Standing, LearntForm] = {}

    @classmethod
    def of(cls, terminology: Terminology, question: ValidateCodeRequest) -> ValidationPlan | None:
        """A plan for questions about one code of one loaded code system; else None."""
        if question.code_system_url is None or question.code_system_id is not None or len(question.codings) != 1:
            return None
        url, version = split_canonical(question.code_system_url)
        coding = question.codings[0]
        system = coding.system or url
        own = coding.version or version if system == url else coding.version
        with terminology.library(question.overlay, question.supplements) as library:
            library.use_supplements(question.supplements)
            content = library.code_system(system, rules_of(question).version_of_code(system, own))
            concepts = None if content is None else loaded_concepts(library, content, terminology.open_index)
        return None if concepts is None else cls(terminology, question, PlainConcepts(concepts))

    def answer(self, codes: Mapping[str, str]) -> bytes | None:
        """See `Plan`."""
        code = codes.get(self._code, self._code)
        found = self._concepts.named(code)
        if found is None:
            return None
        _, written, display, standing = found
        if self._display is not None and (
            self._languages.tags or orjson.dumps(codes.get(self._display, self._display)) != display
        ):
            return None
        form = self.forms.get(standing)
        if form is None:
            form = self.forms[standing] = LearntForm()
        if form.is_hopeless:
            return None
        shown = self._concepts.shown(found, self._languages) if self._languages.tags else display
        if form.is_ready:
            return form.filled(written[1:-1], shown[1:-1])
        answer = answer_validation(self._terminology, with_codes(self._question, codes), in_value_set=False)
        body = orjson.dumps(answer)
        form.learn(written[1:-1], shown[1:-1], body)
        return body
