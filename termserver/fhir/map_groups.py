"""Reading ConceptMap.group: elements, targets, dependencies and unmapped, in R4's words and in R5's.

The differences, and where each goes, are in `docs/translate.md`. Sources: FHIR R4 and R5 ConceptMap; the names of the
cross-version extensions are those of https://hl7.org/fhir/R5/versions.html#extensions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from termserver.fhir.coding import read_value
from termserver.fhir.elements import (
    Json,
    fault,
    flag,
    objects,
    one_object,
    required_text,
    split_canonical,
    take_extensions,
    text,
)
from termserver.fhir.unmatched_targets import carried_unmatched, with_unmatched
from termserver.model.coding import Coding
from termserver.model.concept_map import Dependency, DependencyValue, MapElement, MapGroup, MapTarget, Unmapped
from termserver.model.relationship import (
    Relationship,
    r4_equivalence_from_relationship,
    relationship_from_r4_equivalence,
)

EQUIVALENCE_EXTENSION = "http://hl7.org/fhir/1.0/StructureDefinition/extension-ConceptMap.element.target.equivalence"
NO_MAP_COMMENT_EXTENSION = (
    "http://hl7.org/fhir/4.0/StructureDefinition/extension-ConceptMap.group.element.target.comment"
)
_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ConceptMap."
ELEMENT_VALUE_SET_EXTENSION = _R5 + "group.element.valueSet"
TARGET_VALUE_SET_EXTENSION = _R5 + "group.element.target.valueSet"
TARGET_PROPERTY_EXTENSION = _R5 + "group.element.target.property"
UNMAPPED_RELATIONSHIP_EXTENSION = _R5 + "group.unmapped.relationship"
UNMAPPED_VALUE_SET_EXTENSION = _R5 + "group.unmapped.valueSet"

_KEPT = frozenset(["id", "extension", "modifierExtension"])
_MODE_FROM_R4 = {"provided": "use-source-code", "fixed": "fixed", "other-map": "other-map"}
MODE_TO_R4 = {mode: r4 for r4, mode in _MODE_FROM_R4.items()}
COMMENT_FOR = {
    "narrower": "The target is narrower than the source.",
    "inexact": "The target overlaps with the source; neither holds the other.",
}


@dataclass(slots=True)
class Declarations:
    """What the map's head declares for its groups: attributes (code ↔ uri) and the types of properties."""

    uri_of_attribute: dict[str, str] = field(default_factory=dict)
    type_of: dict[str, str] = field(default_factory=dict)

    def attribute_for_uri(self, uri: str, kind: str) -> str:
        """The code declared for an R4 property uri; declared here and now if it is new."""
        for code, known in self.uri_of_attribute.items():
            if known == uri:
                return code
        last = uri.rstrip("/").replace("#", "/").rsplit("/", 1)[-1].rsplit(":", 1)[-1] or "attribute"
        code, number = last, 2
        while code in self.uri_of_attribute:
            code, number = f"{last}-{number}", number + 1
        self.uri_of_attribute[code] = uri
        self.type_of[code] = kind
        return code


def read_group(element: Json, path: str, declared: Declarations, *, r5: bool) -> MapGroup:
    """One group, of either shape."""
    elements = tuple(
        read_element(item, f"{path}.element[{place}]", declared, r5=r5)
        for place, item in enumerate(objects(element, "element", path))
    )
    return replace(read_group_head(element, path, r5=r5), elements=elements)


def read_group_head(element: Json, path: str, *, r5: bool) -> MapGroup:
    """A group without its elements."""
    source, source_version = split_canonical(text(element, "source", path) or "")
    target, target_version = split_canonical(text(element, "target", path) or "")
    unmapped = one_object(element, "unmapped", path)
    return MapGroup(
        source,
        target,
        source_version or text(element, "sourceVersion", path),
        target_version or text(element, "targetVersion", path),
        (),
        _read_unmapped(unmapped, f"{path}.unmapped", r5=r5) if unmapped else None,
        _kept(element),
    )


def _kept(element: Json, *read: str) -> Json | None:
    """What the house does not read but keeps: `id`, extensions (but those it read), primitives' extensions."""
    kept = {name: value for name, value in element.items() if name in _KEPT or name.startswith("_")}
    extensions = kept.get("extension")
    if isinstance(extensions, list):
        rest = [item for item in extensions if not (isinstance(item, dict) and item.get("url") in read)]
        kept["extension"] = rest
        if not rest:
            del kept["extension"]
    return kept or None


def read_element(element: Json, path: str, declared: Declarations, *, r5: bool) -> MapElement:
    """One source code and its targets. Where a client mixes the words of R4 and R5, the meaning is plain.

    Raises
    ------
    BadInput
        If a code is missing, a relationship is none of FHIR's, or `noMap` stands beside targets.
    """
    targets: list[MapTarget] = []
    unmatched: list[Json] = []
    no_map = bool(flag(element, "noMap", path))
    comment = _extension_text(element, NO_MAP_COMMENT_EXTENSION, "valueString", path)
    code, value_set = _code_or_value_set(element, ELEMENT_VALUE_SET_EXTENSION, path, r5=r5)
    for place, item in enumerate(objects(element, "target", path)):
        here = f"{path}.target[{place}]"
        if not text(item, "code", here) and item.get("equivalence") == "unmatched":
            # R4 "unmatched" without a code has no R5 relationship: it becomes element.noMap
            no_map, comment = True, text(item, "comment", here) or comment
            unmatched.append(carried_unmatched(item, here))
            continue
        targets.append(_read_target(item, here, declared, r5=r5))
    if no_map and targets and "noMap" in element:
        raise fault(f"{path}.noMap", "an element with noMap = true has no target")
    return MapElement(
        code,
        text(element, "display", path),
        tuple(targets),
        no_map and not targets,
        None if unmatched and targets else comment,
        value_set,
        with_unmatched(
            _kept(element, NO_MAP_COMMENT_EXTENSION, ELEMENT_VALUE_SET_EXTENSION),
            unmatched,
            beside_targets=bool(targets),
        ),
    )


def _code_or_value_set(element: Json, extension: str, path: str, *, r5: bool) -> tuple[str, str | None]:
    """R5: a code or the canonical of a value set; R4 carries the latter in an extension."""
    value_set = text(element, "valueSet", path)
    if value_set is None and not r5:
        value_set = _extension_text(element, extension, "valueCanonical", path)
    code = text(element, "code", path)
    if value_set and code:
        raise fault(f"{path}.valueSet", "stands beside a code; an element has one of both")
    return ("", value_set) if value_set else (required_text(element, "code", path), None)


def _read_target(element: Json, path: str, declared: Declarations, *, r5: bool) -> MapTarget:
    relationship, r4_equivalence = (_relationship_r5 if r5 else _relationship_r4)(element, path)
    comment = text(element, "comment", path)  # one that this house generated for R4 says nothing: it is dropped
    code, value_set = _code_or_value_set(element, TARGET_VALUE_SET_EXTENSION, path, r5=r5)
    return MapTarget(
        code,
        relationship,
        text(element, "display", path),
        None if comment == COMMENT_FOR.get(r4_equivalence or "narrower") else comment,
        r4_equivalence,
        tuple(_read_dependencies(element, "dependsOn", path, declared, r5=r5)),
        tuple(_read_dependencies(element, "product", path, declared, r5=r5)),
        tuple(_read_properties(element, path, r5=r5)),
        value_set,
        _kept(element, EQUIVALENCE_EXTENSION, TARGET_PROPERTY_EXTENSION, TARGET_VALUE_SET_EXTENSION),
    )


def _relationship_r4(element: Json, path: str) -> tuple[Relationship, str | None]:
    if "relationship" in element and "equivalence" not in element:
        return _relationship_r5(element, path)
    equivalence = text(element, "equivalence", path) or "relatedto"
    try:
        relationship = relationship_from_r4_equivalence(equivalence)
    except KeyError:
        # Maps that call it equivalence and mean R5's codes occur in the wild; the meaning is plain
        try:
            return Relationship(equivalence), None
        except ValueError:
            raise fault(f"{path}.equivalence", f"'{equivalence}' is no ConceptMap equivalence") from None
    if relationship is None:
        return Relationship.NOT_RELATED, equivalence
    kept = equivalence if r4_equivalence_from_relationship(relationship) != equivalence else None
    return relationship, kept


def _relationship_r5(element: Json, path: str) -> tuple[Relationship, str | None]:
    given = text(element, "relationship", path)
    if given is None and "equivalence" in element:
        return _relationship_r4(element, path)
    try:
        relationship = Relationship(given or "related-to")
    except ValueError:
        raise fault(f"{path}.relationship", f"'{given}' is no ConceptMap relationship") from None
    original, _ = take_extensions(element, EQUIVALENCE_EXTENSION)
    return relationship, text(original[0], "valueCode", f"{path}.extension") if original else None


def _read_dependencies(element: Json, name: str, path: str, declared: Declarations, *, r5: bool) -> list[Dependency]:
    found = []
    for place, item in enumerate(objects(element, name, path)):
        shaped_as_r5 = "attribute" in item or (r5 and "property" not in item)
        read = _read_dependency_r5 if shaped_as_r5 else _read_dependency_r4
        found.append(read(item, name, f"{path}.{name}[{place}]", declared))
    return found


def _read_dependency_r5(item: Json, name: str, path: str, declared: Declarations) -> Dependency:
    display_extension = dependency_extension("4.0", name, "display")
    return Dependency(
        required_text(item, "attribute", path),
        _plain(read_value(item, path)),
        text(item, "valueSet", path),
        _extension_text(item, display_extension, "valueString", path),
        _with_quantity(_kept(item, display_extension), item),
    )


def _read_dependency_r4(item: Json, name: str, path: str, declared: Declarations) -> Dependency:
    system, version = split_canonical(text(item, "system", path) or "")
    value_r4, display = text(item, "value", path), text(item, "display", path)
    attribute = declared.attribute_for_uri(required_text(item, "property", path), "Coding" if system else "string")
    value_extension, set_extension = (dependency_extension("5.0", name, part) for part in ("value", "valueSet"))
    kept = _kept(item, value_extension, set_extension)
    value_set = _extension_text(item, set_extension, "valueCanonical", path)
    carried, _ = take_extensions(item, value_extension)
    if carried or value_set:
        value = _plain(read_value(carried[0], path)) if carried else None
        shown = None if isinstance(value, Coding) else display
        return Dependency(attribute, value, value_set, shown, _with_quantity(kept, *carried))
    if system and value_r4:
        return Dependency(attribute, Coding(system, value_r4, version, display), None, None, kept)
    return Dependency(attribute, value_r4, None, display, kept)


def dependency_extension(release: str, name: str, part: str) -> str:
    """Cross-version extension of a part of dependsOn or product.

    >>> dependency_extension("5.0", "product", "value").rsplit("/", 1)[-1]
    'extension-ConceptMap.group.element.target.product.value'
    """
    return f"http://hl7.org/fhir/{release}/StructureDefinition/extension-ConceptMap.group.element.target.{name}.{part}"


def _with_quantity(kept: Json | None, *elements: Json) -> Json | None:
    """A Quantity is passed on verbatim."""
    for element in elements:
        if isinstance(element.get("valueQuantity"), dict):
            return {**(kept or {}), "valueQuantity": element["valueQuantity"]}
    return kept


def _read_properties(element: Json, path: str, *, r5: bool) -> list[tuple[str, DependencyValue]]:
    found: list[tuple[str, DependencyValue]] = []
    if r5 or "property" in element:
        for place, item in enumerate(objects(element, "property", path)):
            here = f"{path}.property[{place}]"
            value = _plain(read_value(item, here))
            if value is not None:
                found.append((required_text(item, "code", here), value))
        return found
    carried, _ = take_extensions(element, TARGET_PROPERTY_EXTENSION)
    for item in carried:
        parts = {part.get("url"): part for part in objects(item, "extension", path)}
        code, value_part = parts.get("code"), parts.get("value")
        if code is not None and value_part is not None:
            value = _plain(read_value(value_part, path))
            if value is not None:
                found.append((required_text(code, "valueCode", path), value))
    return found


def _plain(found: tuple[object, str] | None) -> DependencyValue | None:
    """The value as the model holds it: a FHIR code is a Coding without a system."""
    if found is None:
        return None
    value, kind = found
    if kind == "code" and isinstance(value, str):
        return Coding("", value)
    return value if isinstance(value, str | bool | int | float | Coding) else None


def _read_unmapped(element: Json, path: str, *, r5: bool) -> Unmapped:
    mode = required_text(element, "mode", path)
    known = _MODE_FROM_R4.get(mode, mode)
    if known not in MODE_TO_R4:
        raise fault(f"{path}.mode", f"'{mode}' is no mode of ConceptMap.group.unmapped")
    named, value_set = text(element, "relationship", path), text(element, "valueSet", path)
    if not r5:
        named = named or _extension_text(element, UNMAPPED_RELATIONSHIP_EXTENSION, "valueCode", path)
        value_set = value_set or _extension_text(element, UNMAPPED_VALUE_SET_EXTENSION, "valueCanonical", path)
    try:
        relationship = Relationship(named) if named else None
    except ValueError:
        raise fault(f"{path}.relationship", f"'{named}' is no ConceptMap relationship") from None
    return Unmapped(
        known,
        text(element, "code", path),
        text(element, "display", path),
        value_set,
        relationship,
        text(element, "otherMap", path) or text(element, "url", path),
        _kept(element, UNMAPPED_RELATIONSHIP_EXTENSION, UNMAPPED_VALUE_SET_EXTENSION),
    )


def _extension_text(element: Json, url: str, name: str, path: str) -> str | None:
    found, _ = take_extensions(element, url)
    return text(found[0], name, f"{path}.extension") if found else None
