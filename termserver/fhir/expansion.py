"""ValueSet.expansion. R4 carries R5's `property` as HL7's cross-version extension. Source: FHIR R4 and R5 ValueSet."""

from __future__ import annotations

from termserver.fhir.coding import write_designations, write_value
from termserver.fhir.elements import Json, without_empty
from termserver.fhir.value_set import write_value_set_head
from termserver.fhir.versions import FhirVersion
from termserver.model.code_system import ConceptProperty
from termserver.model.results import Expansion, ExpansionEntry
from termserver.model.value_set import ValueSet

_PROPERTY = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.property"
_CONTAINS_PROPERTY = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property"
_URI_PARAMETERS = {"used-codesystem", "used-valueset", "system-version", "check-system-version", "force-system-version"}
_CODE_PARAMETERS = {"displayLanguage"}
_STANDARD = "http://hl7.org/fhir/concept-properties#"
_STANDARD_PROPERTIES = {"status", "inactive", "definition", "notSelectable", "parent", "child", "deprecated"}


def write_expansion(expansion: Expansion, version: FhirVersion) -> Json:
    """The value set's head with the expansion in it."""
    value_set = expansion.value_set or ValueSet("", "", "")
    written = write_value_set_head(value_set, version)
    codes = dict.fromkeys(item.code for entry in expansion.entries for item in entry.properties)
    if any(entry.definition for entry in expansion.entries):
        codes["definition"] = None
    body: Json = {
        "identifier": expansion.identifier,
        "timestamp": expansion.timestamp,
        "total": expansion.total,
    }
    if any(name in ("offset", "count") for name, _ in expansion.parameters):
        body["offset"] = expansion.offset  # FHIR: only where there are pages
    if codes and version.is_r5:
        body["property"] = [_declared(code) for code in codes]
    elif codes:
        body["extension"] = [
            {"url": _PROPERTY, "extension": [_part(name, value) for name, value in _declared(code).items()]}
            for code in codes
        ]
    body["parameter"] = [_parameter(name, value) for name, value in expansion.parameters]
    body["contains"] = [_write_entry(entry, version) for entry in expansion.entries]
    written["expansion"] = without_empty(body)
    return written


def _declared(code: str) -> Json:
    return {"code": code, "uri": _STANDARD + code} if code in _STANDARD_PROPERTIES else {"code": code}


def _part(name: str, value: str) -> Json:
    return {"url": name, "valueUri" if name == "uri" else "valueCode": value}


def _parameter(name: str, value: str | int | bool) -> Json:
    if isinstance(value, bool):
        return {"name": name, "valueBoolean": value}
    if isinstance(value, int):
        return {"name": name, "valueInteger": value}
    if name in _URI_PARAMETERS:
        return {"name": name, "valueUri": value}
    return {"name": name, "valueCode" if name in _CODE_PARAMETERS else "valueString": value}


def _write_entry(entry: ExpansionEntry, version: FhirVersion) -> Json:
    properties = entry.properties
    if entry.definition:
        properties = (*properties, ConceptProperty("definition", entry.definition))
    written: Json = {"system": entry.system}
    if entry.abstract:
        written["abstract"] = True
    if entry.inactive:
        written["inactive"] = True
    written |= without_empty(
        {"code": entry.code, "display": entry.display, "designation": write_designations(entry.designations)}
    )
    if properties and version.is_r5:
        written["property"] = [{"code": item.code, **write_value(item.value, item.kind)} for item in properties]
    elif properties:
        written["extension"] = [
            {
                "url": _CONTAINS_PROPERTY,
                "extension": [
                    {"url": "code", "valueCode": item.code},
                    {"url": "value", **write_value(item.value, item.kind)},
                ],
            }
            for item in properties
        ]
    return written
