"""$closure: parameters in, a ConceptMap out. Source: FHIR R4 and R5 `ConceptMap-closure`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from termserver.errors import BadInput
from termserver.fhir.concept_map import write_concept_map
from termserver.fhir.elements import Json
from termserver.fhir.parameters import ParameterList
from termserver.fhir.versions import FhirVersion
from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.relationship import Relationship
from termserver.model.requests import ClosureRequest
from termserver.model.results import ClosureResult

_KNOWN = frozenset(["name", "concept", "version"])
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-._~:/]{0,199}")
_MOST_ADDED = 1_000


def read_closure(parameters: ParameterList) -> ClosureRequest:
    """`name`, with `concept`s to add, or a `version` to repeat from.

    Raises
    ------
    BadInput
        If the name is missing or no name, a concept has no system, or the version is no number.
    """
    parameters.refuse_unknown(_KNOWN, "$closure")
    name = parameters.text("name")
    if name is None:
        raise BadInput("Parameter 'name': the closure table needs a name", expression="name")
    if not _NAME.fullmatch(name):
        raise BadInput(
            "Parameter 'name': up to 200 letters, digits and -._~:/, beginning with a letter or digit",
            expression="name",
        )
    concepts = parameters.codings("concept")
    if len(concepts) > _MOST_ADDED:
        raise BadInput(f"Parameter 'concept': at most {_MOST_ADDED} at once", expression="concept")
    if any(not concept.system for concept in concepts):
        raise BadInput("Parameter 'concept': a code needs the system that it is from", expression="concept")
    since = parameters.text("version")
    if since is not None and not (since.isascii() and since.isdigit() and len(since) < 10):
        raise BadInput("Parameter 'version': must be a version that an answer had", expression="version")
    return ClosureRequest(name, concepts, None if since is None else int(since))


def write_closure(result: ClosureResult, version: FhirVersion) -> Json:
    """The answer: each pair as an element whose target subsumes it; concepts that are not known as elements without one."""
    said = None if version.is_r5 else "subsumes"  # R4 has a word of its own for it
    elements: dict[str, dict[str, list[MapTarget]]] = {}
    for below, above in result.pairs:
        target = MapTarget(above.code, Relationship.NARROWER, r4_equivalence=said)
        elements.setdefault(below.system, {}).setdefault(below.code, []).append(target)
    groups = [
        MapGroup(
            system, system, elements=tuple(MapElement(code, targets=tuple(found)) for code, found in by_code.items())
        )
        for system, by_code in elements.items()
    ]
    groups += [_unknown(coding) for coding in result.unknown]
    return write_concept_map(
        ConceptMap(
            "",
            str(result.version),
            result.name,
            f"Closure table {result.name}",
            experimental=True,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            groups=tuple(groups),
        ),
        version,
    )


def _unknown(coding: Coding) -> MapGroup:
    return MapGroup(coding.system, coding.system, elements=(MapElement(coding.code, no_map=True),))
