"""Writing ConceptMap.group in R4's words and in R5's: the mirror of `map_groups`.

R4 invariant cmd-1 wants a comment beside `narrower` and `inexact`, R5's cmd-9 a relationship beside most unmapped
rules: both are supplied where the curator left none. Sources: FHIR R4 and R5 ConceptMap.
"""

from __future__ import annotations

from collections.abc import Mapping

from termserver.fhir.coding import write_coding, write_value
from termserver.fhir.elements import Json, join_canonical
from termserver.fhir.map_groups import (
    COMMENT_FOR,
    EQUIVALENCE_EXTENSION,
    MODE_TO_R4,
    NO_MAP_COMMENT_EXTENSION,
    TARGET_PROPERTY_EXTENSION,
    UNMAPPED_RELATIONSHIP_EXTENSION,
    UNMAPPED_VALUE_SET_EXTENSION,
    Declarations,
)
from termserver.model.coding import Coding
from termserver.model.concept_map import Dependency, DependencyValue, MapElement, MapGroup, MapTarget, Unmapped
from termserver.model.relationship import Relationship, r4_equivalence_from_relationship


def write_group_head(group: MapGroup, *, r5: bool) -> Json:
    """A group without its elements and its unmapped."""
    written: Json = {}
    for end, url, version in (
        ("source", group.source, group.source_version),
        ("target", group.target, group.target_version),
    ):
        if not url:
            continue
        written[end] = join_canonical(url, version) if r5 else url
        if version and not r5:
            written[f"{end}Version"] = version
    return written


def write_element(element: MapElement, declared: Declarations, *, r5: bool) -> Json:
    """One source code and its targets."""
    written: Json = {"code": element.code}
    if element.display:
        written["display"] = element.display
    if element.no_map:
        if r5:
            if element.comment:
                written["extension"] = [{"url": NO_MAP_COMMENT_EXTENSION, "valueString": element.comment}]
            written["noMap"] = True
        else:
            unmatched: Json = {"equivalence": "unmatched"}
            if element.comment:
                unmatched["comment"] = element.comment
            written["target"] = [unmatched]
    elif element.targets:
        write_target = _write_target_r5 if r5 else _write_target_r4
        written["target"] = [write_target(target, declared) for target in element.targets]
    return written


def equivalence_of(target: MapTarget) -> str:
    """The R4 code of a target: as R4 once said it, or that of the relationship.

    >>> equivalence_of(MapTarget("A", Relationship.NARROWER))
    'wider'
    """
    return target.r4_equivalence or r4_equivalence_from_relationship(target.relationship)


def _write_target_r5(target: MapTarget, declared: Declarations) -> Json:
    written: Json = {"code": target.code}
    if target.r4_equivalence:
        written["extension"] = [{"url": EQUIVALENCE_EXTENSION, "valueCode": target.r4_equivalence}]
    if target.display:
        written["display"] = target.display
    written["relationship"] = target.relationship.value
    if target.comment:
        written["comment"] = target.comment
    if target.properties:
        written["property"] = [
            {"code": code, **write_dependency_value(value, declared.type_of.get(code))}
            for code, value in target.properties
        ]
    for name, dependencies in (("dependsOn", target.depends_on), ("product", target.products)):
        if dependencies:
            written[name] = [_write_dependency_r5(item, declared) for item in dependencies]
    return written


def _write_target_r4(target: MapTarget, declared: Declarations) -> Json:
    equivalence = equivalence_of(target)
    written: Json = {}
    if target.properties:
        written["extension"] = [
            {
                "url": TARGET_PROPERTY_EXTENSION,
                "extension": [
                    {"url": "code", "valueCode": code},
                    {"url": "value", **write_dependency_value(value, declared.type_of.get(code))},
                ],
            }
            for code, value in target.properties
        ]
    written["code"] = target.code
    if target.display:
        written["display"] = target.display
    written["equivalence"] = equivalence
    # R4 invariant cmd-1: narrower and inexact need a comment
    comment = target.comment or COMMENT_FOR.get(equivalence)
    if comment:
        written["comment"] = comment
    for name, dependencies in (("dependsOn", target.depends_on), ("product", target.products)):
        if dependencies:
            written[name] = [_write_dependency_r4(item, declared.uri_of_attribute) for item in dependencies]
    return written


def write_dependency_value(value: DependencyValue, declared_type: str | None) -> Json:
    """A value[x] of a dependency or property: of the declared type, or of the value's own.

    >>> write_dependency_value(Coding("", "A"), None)
    {'valueCode': 'A'}
    """
    if isinstance(value, Coding) and not value.system and not value.display:
        return {"valueCode": value.code}
    return write_value(value, declared_type or "string")


def _write_dependency_r5(item: Dependency, declared: Declarations) -> Json:
    written: Json = {"attribute": item.attribute}
    if item.value is not None:
        written |= write_dependency_value(item.value, declared.type_of.get(item.attribute))
    if item.value_set:
        written["valueSet"] = item.value_set
    return written


def _write_dependency_r4(item: Dependency, uri_of_attribute: Mapping[str, str]) -> Json:
    written: Json = {"property": uri_of_attribute.get(item.attribute, item.attribute)}
    if isinstance(item.value, Coding):
        coding = write_coding(item.value)
        written |= {"system": coding["system"]} if "system" in coding else {}
        written["value"] = item.value.code
        if item.value.display:
            written["display"] = item.value.display
    elif item.value is not None:
        written["value"] = str(item.value).lower() if isinstance(item.value, bool) else str(item.value)
    else:
        written["value"] = item.value_set or ""
    if item.display:
        written["display"] = item.display
    return written


def unmapped_relationship(unmapped: Unmapped) -> Relationship:
    """The relationship of a code that an unmapped rule supplies.

    R5's cmd-9 wants one with `fixed` and `use-source-code`, and R4 has none: the same code in another system means
    the same (`equivalent`), a fixed code only something near it (`related-to`).
    """
    if unmapped.relationship is not None:
        return unmapped.relationship
    return Relationship.EQUIVALENT if unmapped.mode == "use-source-code" else Relationship.RELATED_TO


def write_unmapped(unmapped: Unmapped, *, r5: bool) -> Json:
    """ConceptMap.group.unmapped."""
    written: Json = {"mode": unmapped.mode if r5 else MODE_TO_R4[unmapped.mode]}
    carried: list[Json] = []
    if not r5 and unmapped.relationship is not None:
        carried.append({"url": UNMAPPED_RELATIONSHIP_EXTENSION, "valueCode": unmapped.relationship.value})
    if not r5 and unmapped.value_set:
        carried.append({"url": UNMAPPED_VALUE_SET_EXTENSION, "valueCanonical": unmapped.value_set})
    if carried:
        written["extension"] = carried
    if unmapped.code:
        written["code"] = unmapped.code
    if unmapped.display:
        written["display"] = unmapped.display
    if r5 and unmapped.value_set:
        written["valueSet"] = unmapped.value_set
    if r5 and unmapped.mode != "other-map":
        written["relationship"] = unmapped_relationship(unmapped).value
    if unmapped.other_map:
        written["otherMap" if r5 else "url"] = unmapped.other_map
    return written
