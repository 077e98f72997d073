"""$batch-validate-code: many validations in one request, answered in their order, each with an answer of its own.

What they share (`tx-resource`, `valueSet`) is read once. Source: HL7's terminology ecosystem IG, batch-validate-code.
"""

from __future__ import annotations

from termserver.errors import TooLarge
from termserver.fhir.elements import Json
from termserver.fhir.parameters import ParameterList, read_overlay
from termserver.fhir.validate_parameters import (
    MOST_CODINGS_OF_BATCH,
    read_batch_validations,
    read_validate_code,
    write_batch_validations,
    write_validate_code,
)
from termserver.fhir.value_set import read_value_set
from termserver.model.requests import Overlay
from termserver.rest.errors import outcome_for
from termserver.rest.request import FhirRequest
from termserver.terminology.service import Terminology
from termserver.terminology.validate_code import validate_code
from termserver.terminology.validate_in_value_set import validate_code_in_value_set


def batch_validate_code(
    terminology: Terminology, request: FhirRequest, resource_id: str | None, *, in_value_set: bool
) -> Json:
    """The answers to all validations of a batch; whatever is wrong with one is its own answer.

    Raises
    ------
    BadInput
        If the batch itself cannot be read.
    """
    parameters = request.parameters()
    validations = read_batch_validations(parameters)
    overlay = read_overlay(parameters, request.body_version)
    given = parameters.resource("valueSet")
    value_set = read_value_set(given, request.body_version) if given is not None and in_value_set else None
    validate = validate_code_in_value_set if in_value_set else validate_code
    left = MOST_CODINGS_OF_BATCH

    def answer(own: ParameterList) -> Json:
        nonlocal left
        brought = own.has("tx-resource")
        question = read_validate_code(
            own,
            request.body_version,
            in_value_set=in_value_set,
            resource_id=resource_id,
            language=request.language,
            overlay=_joined(overlay, read_overlay(own, request.body_version)) if brought else overlay,
            inline=value_set,
        )
        left -= len(question.codings)
        if left < 0:
            raise TooLarge(
                f"A batch is answered up to {MOST_CODINGS_OF_BATCH} codings; ask for the rest in another one"
            )
        if brought:
            with terminology.library(question.overlay) as library:
                return write_validate_code(validate(library, question), question)
        return write_validate_code(validate(new_library(), question), question)

    answers = []
    with terminology.libraries(overlay) as new_library:
        for own in validations:
            try:
                answers.append(answer(own))
            except Exception as error:  # noqa: BLE001  one failing validation must not fail the others
                answers.append(outcome_for(error)[1])
    return write_batch_validations(answers)


def _joined(common: Overlay, own: Overlay) -> Overlay:
    return Overlay(
        common.code_systems + own.code_systems,
        common.value_sets + own.value_sets,
        common.concept_maps + own.concept_maps,
        common.fhir_release,
    )
