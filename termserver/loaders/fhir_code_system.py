"""A FHIR CodeSystem resource (R4, R4B or R5, parsed) into header and concepts of the house."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from termserver.errors import BadFile
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty, PropertyDefinition, PropertyValue
from termserver.model.coding import Coding, Designation
from termserver.model.source_list import RowProblem

Json = Mapping[str, object]

_VALUE_KINDS = {
    "valueCode": "code",
    "valueCoding": "Coding",
    "valueString": "string",
    "valueInteger": "integer",
    "valueBoolean": "boolean",
    "valueDateTime": "dateTime",
    "valueDecimal": "decimal",
}
_READ_ELEMENTS = {
    "resourceType", "id", "meta", "text", "url", "version", "name", "title", "status", "language", "content", "supplements",
    "caseSensitive", "hierarchyMeaning", "experimental", "publisher", "copyright", "description", "date", "valueSet",
    "property", "concept", "count",
}  # fmt: skip
_CONCEPT_PROPERTIES = "http://hl7.org/fhir/concept-properties#"
_DEEPEST = 200


def code_system_from_resource(resource: Json, *, name: str, fallback_version: str) -> LoadedCodeSystem:
    """Read a parsed CodeSystem (or a Bundle that holds exactly one).

    Parameters
    ----------
    fallback_version
        Version where the resource says none and has no date.

    Returns
    -------
    A stream; concepts that are refused (no code, a code twice) are among its problems.

    Raises
    ------
    BadFile
        If the resource is of another type or has neither url nor concepts.
    """
    resource = _code_system_in(resource, name=name)
    url = _text(resource, "url") or _oid(resource)
    if not url:
        raise BadFile("CodeSystem.url is missing; a code system needs a canonical URL", file=name)
    header = _header(resource, url, fallback_version)
    loaded = LoadedCodeSystem(header=header, concepts=iter(()), file_name=name)
    if not _text(resource, "version"):
        loaded.problems.append(
            RowProblem(
                None,
                "version",
                None,
                "warning",
                "no-version",
                f"CodeSystem.version is missing; stored as {header.version}",
            )
        )
    concepts = _objects(resource, "concept")
    if not concepts:
        raise BadFile("the CodeSystem has no concepts; load the file that holds them", file=name)
    loaded.concepts = _read_concepts(concepts, header, loaded)
    return loaded


def _code_system_in(resource: Json, *, name: str) -> Json:
    kind = _text(resource, "resourceType")
    if kind == "CodeSystem":
        return resource
    if kind == "Bundle":
        inside = [
            inner
            for entry in _objects(resource, "entry")
            if isinstance(inner := entry.get("resource"), Mapping) and inner.get("resourceType") == "CodeSystem"
        ]
        if len(inside) == 1:
            return cast(Json, inside[0])
        raise BadFile(f"the Bundle holds {len(inside)} CodeSystems; give each in a file of its own", file=name)
    raise BadFile(
        f"the file holds {'a ' + kind if kind else 'JSON without resourceType'}; a CodeSystem is needed here", file=name
    )


def _oid(resource: Json) -> str | None:
    for identifier in _objects(resource, "identifier"):
        value = _text(identifier, "value")
        if value and value.startswith("urn:oid:"):
            return value
    return None


def _header(resource: Json, url: str, fallback_version: str) -> CodeSystem:
    aliases = tuple(
        value
        for identifier in _objects(resource, "identifier")
        if (value := _text(identifier, "value")) and value.startswith(("urn:", "http")) and value != url
    )
    return CodeSystem(
        url=url,
        version=_text(resource, "version") or (_text(resource, "date") or "")[:10] or fallback_version,
        name=_text(resource, "name") or _text(resource, "id") or url.rsplit("/", 1)[-1],
        title=_text(resource, "title"),
        status=_text(resource, "status") or "active",
        language=_text(resource, "language"),
        content=_text(resource, "content") or "complete",
        supplements=_text(resource, "supplements"),
        case_sensitive=resource.get("caseSensitive") is not False,
        hierarchy_meaning=_text(resource, "hierarchyMeaning"),
        experimental=resource.get("experimental") is True,
        publisher=_text(resource, "publisher"),
        copyright=_text(resource, "copyright"),
        description=_text(resource, "description"),
        date=_text(resource, "date"),
        value_set=_text(resource, "valueSet"),
        properties=tuple(
            PropertyDefinition(
                code=_text(definition, "code") or "",
                kind=_text(definition, "type") or "string",
                uri=_text(definition, "uri"),
                description=_text(definition, "description"),
            )
            for definition in _objects(resource, "property")
        ),
        aliases=aliases,
        other={key: value for key, value in resource.items() if key not in _READ_ELEMENTS},
    )


def _read_concepts(concepts: Sequence[Json], header: CodeSystem, loaded: LoadedCodeSystem) -> Iterator[Concept]:
    parent_codes = _property_codes(header, "parent")
    child_codes = _property_codes(header, "child")
    parents_by_child = _parents_by_child(concepts, child_codes) if child_codes & _used_properties(concepts) else {}
    loaded.expected = sum(1 for _ in _walk(concepts, ()))
    seen: set[str] = set()
    is_supplement = header.content == "supplement"
    for resource, nested_in in _walk(concepts, ()):
        loaded.counts.rows += 1
        code = resource.get("code")
        if not isinstance(code, str) or not code:
            _refuse(loaded, None, "empty-code", f"concept {loaded.counts.rows:,} has no code")
            continue
        if code in seen:
            _refuse(loaded, code, "duplicate-code", f"the code '{code}' is defined twice; the first is kept")
            continue
        seen.add(code)
        properties = tuple(_properties(resource))
        parents = dict.fromkeys(
            (
                *nested_in,
                *(str(one.value) for one in properties if one.code in parent_codes),
                *parents_by_child.get(code, ()),
            )
        )
        yield Concept(
            code=code,
            display=_text(resource, "display") or ("" if is_supplement else code),
            designations=tuple(_designations(resource)),
            properties=tuple(one for one in properties if one.code not in parent_codes | child_codes),
            parents=tuple(parents),
            active=not _says(properties, header, "inactive") and not _is_retired(properties, header),
            abstract=_says(properties, header, "notSelectable") or _says(properties, header, "abstract"),
            definition=_text(resource, "definition"),
        )


def _walk(
    concepts: Sequence[Json], nested_in: tuple[str, ...], depth: int = 0
) -> Iterator[tuple[Json, tuple[str, ...]]]:
    for concept in concepts:
        yield concept, nested_in
        inner = _objects(concept, "concept")
        if inner and depth < _DEEPEST:
            code = concept.get("code")
            yield from _walk(inner, (code,) if isinstance(code, str) else nested_in, depth + 1)


def _property_codes(header: CodeSystem, standard: str) -> set[str]:
    """Codes under which this system states a standard property; by its URI, else by its plain name."""
    by_uri = {definition.code for definition in header.properties if definition.uri == _CONCEPT_PROPERTIES + standard}
    return by_uri | {standard}


def _used_properties(concepts: Sequence[Json]) -> set[str]:
    return {
        code
        for concept, _ in _walk(concepts, ())
        for one in _objects(concept, "property")
        if (code := _text(one, "code"))
    }


def _parents_by_child(concepts: Sequence[Json], child_codes: set[str]) -> dict[str, list[str]]:
    parents: dict[str, list[str]] = {}
    for concept, _ in _walk(concepts, ()):
        for one in _objects(concept, "property"):
            child = _text(one, "valueCode")
            code = _text(concept, "code")
            if child and code and _text(one, "code") in child_codes:
                parents.setdefault(child, []).append(code)
    return parents


def _says(properties: tuple[ConceptProperty, ...], header: CodeSystem, standard: str) -> bool:
    codes = _property_codes(header, standard)
    return any(one.value is True for one in properties if one.code in codes)


def _is_retired(properties: tuple[ConceptProperty, ...], header: CodeSystem) -> bool:
    codes = _property_codes(header, "status")
    return any(one.value in {"retired", "inactive"} for one in properties if one.code in codes)


def _properties(concept: Json) -> Iterator[ConceptProperty]:
    for one in _objects(concept, "property"):
        code = _text(one, "code")
        for element, kind in _VALUE_KINDS.items():
            if code and element in one:
                yield ConceptProperty(code, _value(one[element]), kind)


def _value(value: object) -> PropertyValue:
    if isinstance(value, Mapping):
        return _coding(value)
    return value if isinstance(value, str | int | float | bool) else str(value)


def _designations(concept: Json) -> Iterator[Designation]:
    for one in _objects(concept, "designation"):
        value = _text(one, "value")
        if value:
            use = one.get("use")
            yield Designation(value, _text(one, "language"), _coding(use) if isinstance(use, Mapping) else None)


def _coding(value: Json) -> Coding:
    return Coding(
        _text(value, "system") or "", _text(value, "code") or "", _text(value, "version"), _text(value, "display")
    )


def _refuse(loaded: LoadedCodeSystem, code: str | None, rule: str, message: str) -> None:
    loaded.counts.refused += 1
    loaded.problems.append(RowProblem(None, "code", code, "error", rule, message))


def _text(resource: Json, element: str) -> str | None:
    value = resource.get(element)
    return value if isinstance(value, str) and value else None


def _objects(resource: Json, element: str) -> list[Json]:
    value = resource.get(element)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
