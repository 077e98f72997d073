"""Write termserver/fhir/schema_{r4b,r5}.json: the elements of FHIR's types, from the models of fhir.resources.

    python scripts/build_fhir_schema.py

The service reads these small files instead of importing a hundred pydantic models at start. R4 has no file of its own:
R4B is the same for all resources served here.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).resolve().parent.parent / "termserver" / "fhir"
PACKAGES = {"r4b": "fhir.resources.R4B", "r5": "fhir.resources"}
# Served, sent by clients as tx-resource, or contained in such a resource
RESOURCES = (
    "Basic", "Binary", "Bundle", "CapabilityStatement", "CodeSystem", "ConceptMap", "Device", "Library", "Location",
    "NamingSystem", "OperationDefinition", "OperationOutcome", "Organization", "Parameters", "Patient", "Practitioner",
    "PractitionerRole", "Questionnaire", "SearchParameter", "StructureDefinition", "TerminologyCapabilities", "ValueSet",
)  # fmt: skip
_TYPE = re.compile(r"fhirtypes\.(\w+)|\b(bool|int)\b")
_PRIMITIVES = {
    "Base64Binary", "Boolean", "Canonical", "Code", "Date", "DateTime", "Decimal", "Id", "Instant", "Integer", "Integer64",
    "Markdown", "Oid", "PositiveInt", "String", "Time", "UnsignedInt", "Uri", "Url", "Uuid", "Xhtml",
}  # fmt: skip


def type_of(annotation: str) -> str:
    """The FHIR type's name in an annotation of fhir.resources.

    >>> type_of("typing.List[fhirtypes.CodeType | None] | None"), type_of("bool | None")
    ('code', 'boolean')
    """
    found = _TYPE.search(annotation)
    if found is None:
        raise ValueError(f"no FHIR type in {annotation!r}")
    if found[2]:
        return {"bool": "boolean", "int": "integer"}[found[2]]
    name = found[1].removesuffix("Type")
    return name[0].lower() + name[1:] if name in _PRIMITIVES else name


def elements_of(model: Any) -> list[list[Any]]:
    """Each element as [name, type, flags, choice, codes]; flags of `*` list, `!` required, `s` in a summary."""
    annotations: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        annotations |= {name: str(text) for name, text in vars(kind).get("__annotations__", {}).items()}
    by_alias = {field.alias or name: (name, field) for name, field in model.model_fields.items()}
    listed = []
    for alias in model.elements_sequence():
        name, field = by_alias[alias]
        facts = field.json_schema_extra or {}
        annotation = annotations[name]
        flags = ("*" if "List[" in annotation else "") + ("s" if facts.get("summary_element_property") else "")
        if facts.get("element_required") or field.is_required():
            flags += "!"
        choice = facts.get("one_of_many", "") + ("!" if facts.get("one_of_many_required") else "")
        listed.append([alias, type_of(annotation), flags, choice, facts.get("enum_values", [])])
    return listed


def schema_of(package: str) -> dict[str, list[list[Any]]]:
    """All types that the resources reach, by name."""
    find = importlib.import_module(package).get_fhir_model_class
    types: dict[str, list[list[Any]]] = {}
    waiting = [*RESOURCES, "Element"]
    while waiting:
        name = waiting.pop()
        if name in types or name[0].islower() or name in ("Resource", "FHIRPrimitiveExtension"):
            continue
        types[name] = elements_of(find(name))
        waiting += [element[1] for element in types[name]]
    return dict(sorted(types.items()))


def main() -> None:
    """Write both files."""
    for version, package in PACKAGES.items():
        types = schema_of(package)
        lines = [f"{orjson.dumps(name).decode()}:{orjson.dumps(elements).decode()}" for name, elements in types.items()]
        path = FOLDER / f"schema_{version}.json"
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(f"{path.name}: {len(types)} types, {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
