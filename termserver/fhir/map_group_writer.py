"""Writing ConceptMap.group in R4's words and in R5's: the mirror of `map_groups`.

R4 invariant cmd-1 wants a comment beside `narrower` and `inexact`, R5's cmd-9 a relationship beside most unmapped
rules: both are supplied where the curator left none. Sources: FHIR R4 and R5 ConceptMap.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from termserver.fhir.coding import write_value
from termserver.fhir.elements import Json, join_canonical
from termserver.fhir.map_groups import (
    COMMENT_FOR,
    ELEMENT_VALUE_SET_EXTENSION,
    EQUIVALENCE_EXTENSION,
    MODE_TO_R4,
    NO_MAP_COMMENT_EXTENSION,
    TARGET_PROPERTY_EXTENSION,
    TARGET_VALUE_SET_EXTENSION,
    UNMAPPED_RELATIONSHIP_EXTENSION,
    UNMAPPED_VALUE_SET_EXTENSION,
    Declarations,
    dependency_extension,
)
from termserver.fhir.unmatched_targets import split_unmatched
from termserver.model.coding import Coding
from termserver.model.concept_map import Dependency, DependencyValue, MapElement, MapGroup, MapTarget, Other, Unmapped
from termserver.model.relationship import Relationship, r4_equivalence_from_relationship


def write_group_head(group: MapGroup, *, r5: bool) -> Json:
    """A group without its elements and its unmapped."""
    written: Json = dict(group.other or {})
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


def _with_extensions(other: Other, *carried: Json) -> Json:
    """What was kept of an element, and extensions in which something travels."""
    written = dict(other or {})
    if carried:
        kept = written.get("extension")
        written["extension"] = [*(kept if isinstance(kept, list) else ()), *carried]
    return written


def write_element(element: MapElement, declared: Declarations, *, r5: bool) -> Json:
    """One source code and its targets."""
    carried: list[Json] = []
    if element.value_set and not r5:
        carried.append({"url": ELEMENT_VALUE_SET_EXTENSION, "valueCanonical": element.value_set})
    if element.no_map and element.comment and r5:
        carried.append({"url": NO_MAP_COMMENT_EXTENSION, "valueString": element.comment})
    other, unmatched = (element.other, []) if r5 else split_unmatched(element.other)
    written = _with_extensions(other, *carried)
    if element.value_set and r5:
        written["valueSet"] = element.value_set
    if element.code:
        written["code"] = element.code
    if element.display:
        written["display"] = element.display
    if element.no_map and r5:
        written["noMap"] = True
    elif element.no_map:
        reason = {"comment": element.comment} if element.comment else {}
        written["target"] = unmatched or [{"equivalence": "unmatched"} | reason]
    elif element.targets:
        write_target = _write_target_r5 if r5 else _write_target_r4
        written["target"] = [*(write_target(target, declared) for target in element.targets), *unmatched]
    return written


def equivalence_of(target: MapTarget) -> str:
    """The R4 code of a target: as R4 once said it, or that of the relationship.

    >>> equivalence_of(MapTarget("A", Relationship.NARROWER))
    'wider'
    """
    return target.r4_equivalence or r4_equivalence_from_relationship(target.relationship)


def _write_target_r5(target: MapTarget, declared: Declarations) -> Json:
    original = [{"url": EQUIVALENCE_EXTENSION, "valueCode": target.r4_equivalence}] if target.r4_equivalence else []
    written = _with_extensions(target.other, *original)
    if target.value_set:
        written["valueSet"] = target.value_set
    else:
        written["code"] = target.code
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
            written[name] = [_write_dependency_r5(item, name, declared) for item in dependencies]
    return written


def _write_target_r4(target: MapTarget, declared: Declarations) -> Json:
    equivalence = equivalence_of(target)
    carried: list[Json] = [
        {
            "url": TARGET_PROPERTY_EXTENSION,
            "extension": [
                {"url": "code", "valueCode": code},
                {"url": "value", **write_dependency_value(value, declared.type_of.get(code))},
            ],
        }
        for code, value in target.properties
    ]
    if target.value_set:
        carried.append({"url": TARGET_VALUE_SET_EXTENSION, "valueCanonical": target.value_set})
    written = _with_extensions(target.other, *carried)
    if target.code:
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
            written[name] = [_write_dependency_r4(item, name, declared) for item in dependencies]
    return written


def write_dependency_value(value: DependencyValue, declared_type: str | None) -> Json:
    """A value[x] of a dependency or property: of the declared type, or of the value's own.

    >>> write_dependency_value(Coding("", "A"), None)
    {'valueCode': 'A'}
    """
    if isinstance(value, Coding) and not value.system and not value.display:
        return {"valueCode": value.code}
    return write_value(value, declared_type or "string")


def _write_dependency_r5(item: Dependency, name: str, declared: Declarations) -> Json:
    carried: list[Json] = []
    if item.display and not isinstance(item.value, Coding):
        carried.append({"url": dependency_extension("4.0", name, "display"), "valueString": item.display})
    written = _with_extensions(item.other, *carried) | {"attribute": item.attribute}
    if item.value is not None:
        written |= write_dependency_value(item.value, declared.type_of.get(item.attribute))
    if item.value_set:
        written["valueSet"] = item.value_set
    return written


def _write_dependency_r4(item: Dependency, name: str, declared: Declarations) -> Json:
    """R4 says a string, or a coding with a system; what is neither travels in R5's words beside it."""
    other = dict(item.other or {})
    quantity = other.pop("valueQuantity", None)
    carried: list[Json] = []
    value_url = dependency_extension("5.0", name, "value")
    if quantity is not None:
        carried.append({"url": value_url, "valueQuantity": quantity})
    elif item.value is not None and not _r4_can_say(item.value):
        kind = declared.type_of.get(item.attribute)
        carried.append({"url": value_url, **write_dependency_value(item.value, kind)})
    if item.value_set:
        carried.append({"url": dependency_extension("5.0", name, "valueSet"), "valueCanonical": item.value_set})
    written = _with_extensions(other, *carried)
    written["property"] = declared.uri_of_attribute.get(item.attribute, item.attribute)
    return written | _value_r4(item, quantity)


def _r4_can_say(value: DependencyValue) -> bool:
    return bool(value.system) if isinstance(value, Coding) else isinstance(value, str)


def _value_r4(item: Dependency, quantity: object) -> Json:
    value = item.value
    if isinstance(value, Coding):
        system = {"system": join_canonical(value.system, value.version)} if value.system else {}
        display = value.display or item.display
        return {**system, "value": value.code, **({"display": display} if display else {})}
    shown = {"display": item.display} if item.display else {}
    if isinstance(quantity, dict):
        return {"value": quantity_text(quantity) or "a quantity", **shown}
    if value is None:
        return {"value": item.value_set or "", **shown}
    return {"value": str(value).lower() if isinstance(value, bool) else str(value), **shown}


def quantity_text(quantity: Mapping[str, object]) -> str:
    """A Quantity as text: R4 has no other word for it, and two that mean the same have the same.

    >>> quantity_text({"value": 18.0, "unit": "years", "code": "a"})
    '18 a'
    """
    value = quantity.get("value", "")
    if isinstance(value, int | float):
        value = f"{Decimal(str(value)).normalize():f}"
    return f"{value} {quantity.get('code') or quantity.get('unit') or ''}".strip()


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
    carried: list[Json] = []
    if not r5 and unmapped.relationship is not None:
        carried.append({"url": UNMAPPED_RELATIONSHIP_EXTENSION, "valueCode": unmapped.relationship.value})
    if not r5 and unmapped.value_set:
        carried.append({"url": UNMAPPED_VALUE_SET_EXTENSION, "valueCanonical": unmapped.value_set})
    written = _with_extensions(unmapped.other, *carried)
    written["mode"] = unmapped.mode if r5 else MODE_TO_R4[unmapped.mode]
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
