"""$translate: R4's and R5's names meet here; the answer is written in the version (and the habit) of the request.

Source: `ConceptMap-operation-translate` of R4 and R5; HL7's tests for `sourceSystem`. The table of spellings is in
`docs/translate.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

from termserver.errors import BadInput
from termserver.fhir.coding import read_codeable_concept, read_coding, write_coding
from termserver.fhir.concept_map import read_concept_map
from termserver.fhir.elements import Json, objects, split_canonical, text
from termserver.fhir.map_group_writer import quantity_text, write_dependency_value
from termserver.fhir.parameters import Parameter, ParameterList, parameter, read_overlay
from termserver.fhir.versions import FhirVersion
from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, Dependency, DependencyValue
from termserver.model.relationship import inverse, r4_equivalence_from_relationship
from termserver.model.requests import Overlay, TranslateRequest
from termserver.model.results import TranslateMatch, TranslateResult

_SOURCE_WAYS = ("code", "coding", "codeableConcept", "sourceCode", "sourceCoding", "sourceCodeableConcept")
_TARGET_WAYS = ("targetCode", "targetCoding", "targetCodeableConcept")
_WAYS = (*_SOURCE_WAYS, *_TARGET_WAYS)
_NO_OVERLAY = Overlay()


@dataclass(frozen=True, slots=True)
class TranslateStyle:
    """How the answer is to be written.

    Parameters
    ----------
    r4_names
        True if the request spelled the concept as R4 does: an R4 client expects R4's parts (`source` is the map's
        uri; in reverse, `concept` is the found source code).
    map_hash
        True if each match is to name the content of its map (`mapHash=true`, an addition of this server).
    """

    version: FhirVersion
    r4_names: bool
    map_hash: bool = False


def read_translate(
    parameters: ParameterList, version: FhirVersion, *, map_id: str | None = None, language: str | None = None
) -> tuple[TranslateRequest, TranslateStyle]:
    """The request, whatever its spelling.

    Parameters
    ----------
    language
        The Accept-Language header; `displayLanguage` is stronger.

    Raises
    ------
    BadInput
        If no concept is named, or in two ways, or without its system.
    """
    way = _way(parameters)
    by_target = way in _TARGET_WAYS
    reverse = by_target or parameters.flag("reverse")
    codings = _codings(parameters, way)
    map_url, map_version = _map_named(parameters)
    inline = parameters.resource("conceptMap")
    # R4: reverse=true "reverses the meaning of the source and target parameters"
    swapped = reverse and not by_target
    targets = parameters.texts("targetSystem", "targetsystem")
    sources = _source_systems(parameters, way) if by_target else ()
    scopes = (parameters.text("source", "sourceScope"), parameters.text("target", "targetScope"))
    request = TranslateRequest(
        codings=codings,
        reverse=reverse,
        map_url=map_url,
        map_version=map_version,
        map_id=map_id,
        inline_map=_inline_map(inline, version) if inline is not None else None,
        source_scope=scopes[1] if swapped else scopes[0],
        target_scope=scopes[0] if swapped else scopes[1],
        source_systems=targets if swapped else sources,
        target_systems=() if reverse else targets,
        dependencies=_dependencies(parameters) if parameters.has("dependency") else (),
        language=parameters.text("displayLanguage") or language,
        overlay=read_overlay(parameters, version) if parameters.has("tx-resource") else _NO_OVERLAY,
    )
    r4_names = not version.is_r5 and way in _SOURCE_WAYS[:3]
    return request, TranslateStyle(version, r4_names, parameters.flag("mapHash"))


def _way(parameters: ParameterList) -> str:
    given = parameters.given(_WAYS)
    if len(given) == 1:
        return given[0]
    if not given:
        raise BadInput(
            "No concept to translate: give one of code + system, coding, codeableConcept (R4), sourceCode + system, "
            "sourceCoding, sourceCodeableConcept, targetCode + targetSystem, targetCoding, targetCodeableConcept (R5)",
            expression="code",
        )
    raise BadInput(f"The concept is named in {len(given)} ways ({', '.join(given)}); give one", expression=given[1])


def _codings(parameters: ParameterList, way: str) -> tuple[Coding, ...]:
    if way.lower().endswith("concept"):
        return _codings_of_concept(parameters, way)
    if way.lower().endswith("coding"):
        coding = parameters.coding(way)
        if coding is None or not coding.system:
            raise BadInput(f"Parameter '{way}': the Coding has no system", expression=way)
        return (coding,)
    code = parameters.text(way)
    names = ("targetSystem", "targetsystem") if way == "targetCode" else ("system", "sourceSystem")
    system = parameters.text(*names)
    if system is None and way == "targetCode":
        system = parameters.text("system")  # R5 5.0.0 names no other parameter for it
    if code is None:
        raise BadInput(f"Parameter '{way}' is empty", expression=way)
    if system is None:
        raise BadInput(f"Parameter '{names[0]}': '{way}' needs the system that the code is from", expression=names[0])
    url, version = split_canonical(system)
    version_names = ("targetVersion", "version") if way == "targetCode" else ("version", "sourceVersion")
    return (Coding(url, code, parameters.text(*version_names) or version),)


def _codings_of_concept(parameters: ParameterList, way: str) -> tuple[Coding, ...]:
    """Each coding once; one without a code or system says nothing that could be translated."""
    item = parameters.one(way)
    if item is None or item.kind != "CodeableConcept" or not isinstance(item.value, dict):
        parameters.codeable_concept(way)  # says what is wrong
    value = item.value if item is not None and isinstance(item.value, dict) else {}
    found: dict[tuple[str, str, str | None], Coding] = {}
    for place, element in enumerate(objects(value, "coding", way)):
        coding = read_coding(element, f"{way}.coding[{place}]", code_required=False)
        if coding.system and coding.code:
            found.setdefault((coding.system, coding.code, coding.version), coding)
    if not found:
        raise BadInput(f"Parameter '{way}': the CodeableConcept has no coding with system and code", expression=way)
    return tuple(found.values())


def _source_systems(parameters: ParameterList, way: str) -> tuple[str, ...]:
    """In reverse: the systems that sources are wanted from; `system` is not one where it qualifies the target code."""
    if way == "targetCode" and not parameters.has("targetSystem", "targetsystem"):
        return parameters.texts("sourceSystem")
    return parameters.texts("sourceSystem", "system")


def _map_named(parameters: ParameterList) -> tuple[str | None, str | None]:
    url = parameters.text("url")
    version = parameters.text("conceptMapVersion")
    if url is None:
        return None, version
    url, pinned = split_canonical(url)
    if pinned and version and pinned != version:
        raise BadInput(
            f"Parameter 'conceptMapVersion': '{version}' contradicts the version '{pinned}' in 'url'",
            expression="conceptMapVersion",
        )
    return url, pinned or version


def _inline_map(resource: Json, version: FhirVersion) -> ConceptMap:
    try:
        return read_concept_map(resource, version)
    except BadInput as error:
        raise BadInput(f"Parameter 'conceptMap': {error.message}", expression=error.expression) from None


def _dependencies(parameters: ParameterList) -> tuple[tuple[str, tuple[DependencyValue, ...]], ...]:
    found = []
    for item in parameters.every("dependency"):
        parts = {part.name: part for part in item.parts}
        attribute = parts.get("attribute") or parts.get("element")
        value = parts.get("value") or parts.get("concept")
        if attribute is None or not isinstance(attribute.value, str) or value is None:
            raise BadInput(
                "Parameter 'dependency': needs the parts attribute and value (R5), or element and concept (R4)",
                expression="dependency",
            )
        found.append((attribute.value, _dependency_values(value)))
    return tuple(found)


def _dependency_values(part: Parameter) -> tuple[DependencyValue, ...]:
    if part.kind == "CodeableConcept" and isinstance(part.value, dict):
        # R4 has no other type for a condition: a text is one as well
        words = text(part.value, "text", "dependency.concept")
        values = (*read_codeable_concept(part.value, "dependency.concept"), *((words,) if words else ()))
        if values:
            return values
        raise BadInput("Parameter 'dependency': the concept has neither coding nor text", expression="dependency")
    if part.kind == "Coding" and isinstance(part.value, dict):
        return (read_coding(part.value, "dependency.value"),)
    if part.kind == "Quantity" and isinstance(part.value, dict):
        return (quantity_text(part.value),)
    if part.kind == "Code" and isinstance(part.value, str):
        return (Coding("", part.value),)
    if isinstance(part.value, str | bool | int | float):
        return (part.value,)
    raise BadInput(f"Parameter 'dependency': value{part.kind} is no type of a dependency", expression="dependency")


# ------------------------------------------------------------------ writing


def write_translate(result: TranslateResult, style: TranslateStyle, *, reverse: bool) -> Json:
    """The answer as a Parameters resource."""
    parameters: list[Json] = [{"name": "result", "valueBoolean": result.result}]
    if result.message is not None:
        parameters.append({"name": "message", "valueString": result.message})
    for match in result.matches:
        if style.version.is_r5 and match.target is None and not reverse:
            continue  # R4's unmatched has no R5 relationship: the message says it
        parameters.append({"name": "match", "part": _write_match(match, style, reverse=reverse)})
    return {"resourceType": "Parameters", "parameter": parameters}


def _write_match(match: TranslateMatch, style: TranslateStyle, *, reverse: bool) -> list[Json]:
    found_is_concept = reverse and style.r4_names
    concept = match.source if found_is_concept else match.target
    parts: list[Json] = [_write_relationship(match, style, inverted=found_is_concept)]
    if concept is not None:
        parts.append({"name": "concept", "valueCoding": write_coding(concept)})
    if match.properties and style.version.is_r5:
        parts += [_write_property(code, value) for code, value in match.properties]
    if match.products:
        parts += [_write_dependency("product", item, style) for item in match.products]
    if match.depends_on:
        parts += [_write_dependency("dependsOn", item, style) for item in match.depends_on]
    if reverse:
        parts.append({"name": "source", "valueCoding": write_coding(match.source)})
    elif style.r4_names and match.origin_map:
        parts.append({"name": "source", "valueUri": match.origin_map.partition("|")[0]})
    if match.origin_map:  # an inline map may have no url
        parts.append({"name": "originMap", "valueCanonical": match.origin_map})
    if style.map_hash and match.origin_hash:
        parts.append({"name": "originMapHash", "valueString": f"sha256:{match.origin_hash}"})
    return parts


def _write_relationship(match: TranslateMatch, style: TranslateStyle, *, inverted: bool) -> Json:
    relationship = match.relationship
    if style.version.is_r5:
        return {"name": "relationship", "valueCode": relationship.value if relationship else "not-related-to"}
    if relationship is None:
        return {"name": "equivalence", "valueCode": "unmatched"}
    if inverted:
        # `concept` is the source: seen from the code that was asked for, wider is narrower
        code = r4_equivalence_from_relationship(inverse(relationship))
        return {"name": "equivalence", "valueCode": "equal" if match.r4_equivalence == "equal" else code}
    return {
        "name": "equivalence",
        "valueCode": match.r4_equivalence or r4_equivalence_from_relationship(relationship),
    }


def _write_property(code: str, value: DependencyValue) -> Json:
    return {
        "name": "property",
        "part": [{"name": "uri", "valueUri": code}, {"name": "value", **write_dependency_value(value, None)}],
    }


def _write_dependency(name: str, item: Dependency, style: TranslateStyle) -> Json:
    quantity = (item.other or {}).get("valueQuantity")
    if style.version.is_r5:
        parts: list[Json] = [{"name": "attribute", "valueUri": item.attribute}]
        if quantity is not None:
            parts.append({"name": "value", "valueQuantity": quantity})
        elif item.value is not None:
            parts.append({"name": "value", **write_dependency_value(item.value, None)})
        elif item.value_set:
            parts.append(parameter("value", "Uri", item.value_set))
        return {"name": name, "part": parts}
    if isinstance(item.value, Coding):
        coding = write_coding(item.value)
    else:
        coding = write_coding(Coding("", _text_r4(item, quantity), None, item.display))
    return {
        "name": name,
        "part": [{"name": "element", "valueUri": item.attribute}, {"name": "concept", "valueCoding": coding}],
    }


def _text_r4(item: Dependency, quantity: object) -> str:
    if isinstance(quantity, dict):
        return quantity_text(quantity)
    if isinstance(item.value, bool):
        return str(item.value).lower()
    return str(item.value_set if item.value is None else item.value)
