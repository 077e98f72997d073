"""What each operation does: parameters in, one call of the engine, the answer out."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from termserver.fhir.changes_parameters import read_changes, write_changes
from termserver.fhir.closure_parameters import read_closure, write_closure
from termserver.fhir.compare_parameters import read_compare, write_comparison
from termserver.fhir.elements import Json
from termserver.fhir.expand_parameters import read_expand
from termserver.fhir.expansion import write_expansion
from termserver.fhir.lookup_parameters import read_lookup, write_lookup
from termserver.fhir.parameters import ParameterList
from termserver.fhir.terminology_parameters import (
    read_subsumes,
    write_subsumes,
)
from termserver.fhir.translate_parameters import read_translate, write_translate
from termserver.fhir.validate_parameters import read_validate_code, write_validate_code
from termserver.model.requests import LookupRequest, SubsumesRequest, ValidateCodeRequest
from termserver.rest.batch_validation import batch_validate_code
from termserver.rest.errors import MethodNotAllowed
from termserver.rest.preferred_id import preferred_id
from termserver.rest.request import FhirRequest
from termserver.terminology.service import Terminology

Operation = Callable[[Terminology, FhirRequest, str | None], Json]
"""(engine, request, id of the instance or None) → resource."""


def translate(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """ConceptMap/$translate."""
    question, style = read_translate(
        request.parameters(), request.version, map_id=resource_id, language=request.language
    )
    planned = terminology.planned_answer(question, style)
    if planned is not None:
        answer: Json = orjson.loads(planned)
        return answer
    return write_translate(terminology.translate(question), style, reverse=question.reverse)


def changes(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """ConceptMap/$changes: an operation of this server."""
    canonical = None if resource_id is None else terminology.map_by_id(resource_id).header.canonical
    return write_changes(terminology.changes(read_changes(request.parameters(), canonical)))


def _of_code_system(terminology: Terminology, parameters: ParameterList, resource_id: str | None) -> ParameterList:
    """The parameters at instance level: `system` is the instance, unless they name one."""
    if resource_id is None or parameters.has("system"):
        return parameters
    with terminology.library() as library:
        header = library.code_system_by_id(resource_id).header
    return parameters.with_text("system", header.canonical)


def lookup(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """CodeSystem/$lookup."""
    parameters = _of_code_system(terminology, request.parameters(), resource_id)
    return answer_lookup(terminology, read_lookup(parameters, request.body_version, language=request.language))


def answer_lookup(terminology: Terminology, question: LookupRequest) -> Json:
    """CodeSystem/$lookup of a question that is read."""
    return write_lookup(terminology.lookup(question))


def subsumes(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """CodeSystem/$subsumes."""
    parameters = _of_code_system(terminology, request.parameters(), resource_id)
    return answer_subsumes(terminology, read_subsumes(parameters, request.body_version))


def answer_subsumes(terminology: Terminology, question: SubsumesRequest) -> Json:
    """CodeSystem/$subsumes of a question that is read."""
    return write_subsumes(terminology.subsumes(question))


def read_validation(request: FhirRequest, resource_id: str | None, *, in_value_set: bool) -> ValidateCodeRequest:
    """The question of $validate-code."""
    alone = ("ValueSet", "valueSet") if in_value_set else ("CodeSystem", "codeSystem")
    return read_validate_code(
        request.parameters(alone=alone),
        request.body_version,
        in_value_set=in_value_set,
        resource_id=resource_id,
        language=request.language,
    )


def answer_validation(terminology: Terminology, question: ValidateCodeRequest, *, in_value_set: bool) -> Json:
    """$validate-code of a question that is read."""
    ask = terminology.validate_code_in_value_set if in_value_set else terminology.validate_code
    return write_validate_code(ask(question), question)


def validate_code_in_code_system(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """CodeSystem/$validate-code."""
    return answer_validation(terminology, read_validation(request, resource_id, in_value_set=False), in_value_set=False)


def validate_code_in_value_set(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """ValueSet/$validate-code."""
    return answer_validation(terminology, read_validation(request, resource_id, in_value_set=True), in_value_set=True)


def expand(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """ValueSet/$expand."""
    question = read_expand(
        request.parameters(alone=("ValueSet", "valueSet")),
        request.body_version,
        resource_id=resource_id,
        language=request.language,
    )
    return write_expansion(terminology.expand(question), request.version)


def compare(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """ValueSet/$compare."""
    question = read_compare(request.parameters(), request.body_version, resource_id=resource_id)
    return write_comparison(terminology.compare(question))


def batch_validate_in_code_system(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """CodeSystem/$batch-validate-code."""
    return batch_validate_code(terminology, request, resource_id, in_value_set=False)


def batch_validate_in_value_set(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """ValueSet/$batch-validate-code."""
    return batch_validate_code(terminology, request, resource_id, in_value_set=True)


def closure(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """$closure: it changes what the server keeps, so that only POST will do."""
    if request.method != "POST":
        raise MethodNotAllowed("GET is not served here; POST")
    return write_closure(terminology.closure(read_closure(request.parameters())), request.version)


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("NamingSystem", "$preferred-id"): preferred_id,
    ("ConceptMap", "$translate"): translate,
    ("ConceptMap", "$changes"): changes,
    ("ConceptMap", "$closure"): closure,
    ("CodeSystem", "$lookup"): lookup,
    ("CodeSystem", "$subsumes"): subsumes,
    ("CodeSystem", "$validate-code"): validate_code_in_code_system,
    ("ValueSet", "$validate-code"): validate_code_in_value_set,
    ("CodeSystem", "$batch-validate-code"): batch_validate_in_code_system,
    ("ValueSet", "$batch-validate-code"): batch_validate_in_value_set,
    ("ValueSet", "$expand"): expand,
    ("ValueSet", "$compare"): compare,
    ("ValueSet", "$related"): compare,
}
