"""ValueSet.expansion. R4 carries R5's `property` as HL7's cross-version extension. Source: FHIR R4 and R5 ValueSet."""

from __future__ import annotations

from termserver.fhir.coding import write_designations, write_value
from termserver.fhir.elements import Json, without_empty
from termserver.fhir.extensions import write_extensions
from termserver.fhir.value_set import write_compose, write_value_set_head
from termserver.fhir.versions import FhirVersion
from termserver.model.code_system import ConceptProperty
from termserver.model.results import Expansion, ExpansionEntry
from termserver.model.value_set import ValueSet

_PROPERTY = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.property"
_CONTAINS_PROPERTY = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property"
_UNCLOSED = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed"
_CODE_PARAMETERS = {"displayLanguage"}
_TEXT_PARAMETERS = {"filter", "designation"}
# What of a value set's own elements an expansion has; with its definition it has all
_HEAD = frozenset(
    [
        "resourceType",
        "id",
        "implicitRules",
        "language",
        "contained",
        "url",
        "identifier",
        "version",
        "name",
        "title",
        "status",
        "experimental",
        "date",
        "publisher",
        "copyright",
        "copyrightLabel",
    ]
)


def write_expansion(expansion: Expansion, version: FhirVersion) -> Json:
    """The value set with the expansion in it; its definition goes with it only where it is asked for."""
    value_set = expansion.value_set or ValueSet("", "", "")
    written = write_value_set_head(value_set, version)
    if expansion.with_definition:
        compose = write_compose(value_set, version)
        if compose:
            written["compose"] = compose
    else:
        written = {name: value for name, value in written.items() if name in _HEAD}
    written["expansion"] = without_empty(_write_body(expansion, version))
    return written


def _write_body(expansion: Expansion, version: FhirVersion) -> Json:
    extensions: list[Json] = [{"url": _UNCLOSED, "valueBoolean": True}] if expansion.unclosed else []
    extensions += [{"url": f"{_UNCLOSED}-reason", "valueString": reason} for reason in expansion.unclosed if reason]
    declared = [without_empty({"code": code, "uri": uri}) for code, uri in expansion.properties]
    if not version.is_r5:
        extensions += [
            {"url": _PROPERTY, "extension": [_part(name, value) for name, value in item.items()]} for item in declared
        ]
    body: Json = {
        "extension": extensions,
        "identifier": expansion.identifier,
        "timestamp": expansion.timestamp,
        "total": expansion.total,
    }
    if any(name in ("offset", "count") for name, _ in expansion.parameters):
        body["offset"] = expansion.offset  # FHIR: only where there are pages
    body["parameter"] = [_parameter(name, value) for name, value in expansion.parameters]
    if version.is_r5:
        body["property"] = declared
    body["contains"] = [_write_entry(entry, version) for entry in expansion.entries]
    return body


def _part(name: str, value: str) -> Json:
    return {"url": name, "valueUri" if name == "uri" else "valueCode": value}


def _parameter(name: str, value: str | int | bool) -> Json:
    if isinstance(value, bool):
        return {"name": name, "valueBoolean": value}
    if isinstance(value, int):
        return {"name": name, "valueInteger": value}
    if name in _TEXT_PARAMETERS:
        return {"name": name, "valueString": value}
    return {"name": name, "valueCode" if name in _CODE_PARAMETERS else "valueUri": value}


def _write_entry(entry: ExpansionEntry, version: FhirVersion) -> Json:
    written: Json = {}
    extensions = write_extensions(entry.extensions)
    if not version.is_r5:
        extensions += [_property_extension(item) for item in entry.properties]
    if extensions:
        written["extension"] = extensions
    written["system"] = entry.system
    if entry.abstract:
        written["abstract"] = True
    if entry.inactive:
        written["inactive"] = True
    if entry.version:
        written["version"] = entry.version
    written["code"] = entry.code
    if entry.display:
        written["display"] = entry.display
    if entry.designations:
        written["designation"] = write_designations(entry.designations)
    if entry.properties and version.is_r5:
        written["property"] = [{"code": item.code, **write_value(item.value, item.kind)} for item in entry.properties]
    if entry.contains:
        written["contains"] = [_write_entry(inner, version) for inner in entry.contains]
    return written


def _property_extension(item: ConceptProperty) -> Json:
    parts = [{"url": "code", "valueCode": item.code}, {"url": "value", **write_value(item.value, item.kind)}]
    return {"url": _CONTAINS_PROPERTY, "extension": parts}
