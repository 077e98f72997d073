"""FHIRPath Patch: a Parameters resource of operations, as a JSON Patch. Source: FHIR R4 and R5, FHIRPath Patch.

Paths are plain: names and places (`ConceptMap.group[0].element[3].display`), which name one element each; functions are
refused by name.
"""

from __future__ import annotations

import re
from typing import Any

from termserver.errors import BadInput
from termserver.fhir.elements import Json, objects, resource_of_type
from termserver.fhir.schema import elements_of
from termserver.fhir.versions import FhirVersion

_STEP = re.compile(r"([A-Za-z][A-Za-z0-9]*)(?:\[(\d{1,9})\])?")


def json_patch_from_parameters(body: object, resource: Json, version: FhirVersion) -> list[Json]:
    """The operations of a FHIRPath Patch as JSON Patch operations.

    Parameters
    ----------
    resource
        What is patched: whether an element is there, and how many, decides between adding and appending.

    Raises
    ------
    BadInput
        Naming the operation at fault.
    """
    operations = []
    for place, item in enumerate(objects(resource_of_type(body, "Parameters"), "parameter", "Parameters")):
        where = f"Parameters.parameter[{place}]"
        if item.get("name") != "operation":
            raise BadInput(f"{where}: a FHIRPath Patch has parameters named operation only", expression=where)
        parts = {str(part.get("name")): part for part in objects(item, "part", where)}
        operations.append(_operation(parts, resource, version, where))
    return operations


def _operation(parts: dict[str, Json], resource: Json, version: FhirVersion, where: str) -> Json:
    kind = _text(parts, "type", where)
    steps = _steps(_text(parts, "path", where), str(resource.get("resourceType")), version, where)
    pointer = "".join(f"/{step}" for step in steps)
    if kind == "delete":
        return {"op": "remove", "path": pointer}
    if kind == "replace":
        return {"op": "replace", "path": pointer, "value": _value(parts, where)}
    if kind == "add":
        name = _text(parts, "name", where)
        target = f"{pointer}/{name}"
        if not _is_list([*steps, name], str(resource.get("resourceType")), version):
            return {"op": "add", "path": target, "value": _value(parts, where)}
        if _there(resource, [*steps, name]):
            return {"op": "add", "path": f"{target}/-", "value": _value(parts, where)}
        return {"op": "add", "path": target, "value": [_value(parts, where)]}
    if kind == "insert":
        return {"op": "add", "path": f"{pointer}/{_number(parts, 'index', where)}", "value": _value(parts, where)}
    if kind == "move":
        source, destination = _number(parts, "source", where), _number(parts, "destination", where)
        return {"op": "move", "from": f"{pointer}/{source}", "path": f"{pointer}/{destination}"}
    raise BadInput(f"{where}: type must be add, insert, delete, replace or move, not '{kind[:40]}'", expression=where)


def _text(parts: dict[str, Json], name: str, where: str) -> str:
    value = next((value for key, value in parts.get(name, {}).items() if key.startswith("value")), None)
    if not isinstance(value, str) or not value:
        raise BadInput(f"{where}: the part '{name}' is missing", expression=where)
    return value


def _number(parts: dict[str, Json], name: str, where: str) -> int:
    value = next((value for key, value in parts.get(name, {}).items() if key.startswith("value")), None)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadInput(f"{where}: the part '{name}' must be a whole number", expression=where)
    return value


def _value(parts: dict[str, Json], where: str) -> Any:
    part = parts.get("value")
    if part is None:
        raise BadInput(f"{where}: the part 'value' is missing", expression=where)
    for name, value in part.items():
        if name.startswith("value"):
            return value
    made: Json = {}
    for inner in objects(part, "part", where):
        value = _value({"value": inner}, where)
        name = str(inner.get("name"))
        made[name] = [*made[name], value] if isinstance(made.get(name), list) else value
    return made


def _steps(path: str, kind: str, version: FhirVersion, where: str) -> list[str]:
    names = path.split(".")
    if names[0] in (kind, "Resource", "DomainResource"):
        names = names[1:]
    steps: list[str] = []
    for name in names:
        found = _STEP.fullmatch(name)
        if found is None:
            raise BadInput(
                f"{where}: path '{path[:80]}': names and places only, as ConceptMap.group[0].element[3]; use JSON Patch "
                "or PUT for more",
                expression=where,
            )
        steps.append(found[1])
        if found[2] is not None:
            if not _is_list(steps, kind, version):
                raise BadInput(f"{where}: path '{path[:80]}': {found[1]} is no list", expression=where)
            steps.append(found[2])
    return steps


def _is_list(steps: list[str], kind: str, version: FhirVersion) -> bool:
    """True if the last name is an element that repeats."""
    is_list = False
    for step in steps:
        if step.isdigit():
            continue
        definition = (elements_of(kind, version) or {}).get(step)
        if definition is None:
            return False
        kind, is_list = definition.kind, definition.is_list
    return is_list


def _there(resource: Any, steps: list[str]) -> bool:
    value = resource
    for step in steps:
        if isinstance(value, list):
            if not step.isdigit() or int(step) >= len(value):
                return False
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return False
    return True
