"""JSON Patch: changes of a JSON document, all or none. Source: RFC 6902 and RFC 6901 (JSON Pointer)."""

from __future__ import annotations

import copy
from typing import Any, NoReturn

from termserver.errors import BadInput, BusinessRule
from termserver.fhir.elements import Json, kind_of

_MOST_OPERATIONS = 1_000
_MEMBERS = {
    "add": ("value",), "remove": (), "replace": ("value",), "move": ("from",), "copy": ("from",), "test": ("value",),
}  # fmt: skip


def apply_json_patch(document: Json, patch: object) -> Json:
    """The document after all changes; the one given stays as it is.

    Raises
    ------
    BadInput
        If the patch is none, or points where nothing is.
    BusinessRule
        If a `test` fails.

    >>> apply_json_patch({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}])
    {'a': [1, 2]}
    """
    if not isinstance(patch, list):
        raise BadInput(f"A JSON Patch is an array of operations, not {kind_of(patch)}")
    if len(patch) > _MOST_OPERATIONS:
        raise BadInput(f"A JSON Patch has at most {_MOST_OPERATIONS} operations, not {len(patch)}")
    changed: Any = copy.deepcopy(document)
    for place, operation in enumerate(patch):
        changed = _apply(changed, operation, f"operation {place + 1}")
    if not isinstance(changed, dict):
        raise BadInput("The patch leaves no resource")
    return changed


def _apply(document: Any, operation: object, where: str) -> Any:
    if not isinstance(operation, dict) or operation.get("op") not in _MEMBERS:
        raise BadInput(f"JSON Patch, {where}: op must be one of {', '.join(_MEMBERS)}")
    op = operation["op"]
    steps = _steps(operation.get("path"), where, "path")
    missing = [name for name in _MEMBERS[op] if name not in operation]
    if missing:
        raise BadInput(f"JSON Patch, {where} ({op}): needs '{missing[0]}'")
    if op == "test":
        if _value_at(document, steps, where) != operation["value"]:
            raise BusinessRule(f"JSON Patch, {where}: the test of {operation['path']} failed; nothing was changed")
        return document
    if op in ("move", "copy"):
        source = _steps(operation["from"], where, "from")
        if op == "move" and steps[: len(source)] == source and steps != source:
            raise BadInput(f"JSON Patch, {where}: cannot move a value into itself")
        value = copy.deepcopy(_value_at(document, source, where))
        if op == "move":
            document = _removed(document, source, where)
        return _added(document, steps, value, where)
    if op == "remove":
        return _removed(document, steps, where)
    value = copy.deepcopy(operation["value"])
    if op == "replace":
        _value_at(document, steps, where)
        return _replaced(document, steps, value, where)
    return _added(document, steps, value, where)


def _steps(pointer: object, where: str, name: str) -> list[str]:
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise BadInput(f"JSON Patch, {where}: {name} must be a JSON Pointer, as /title or /group/0/element")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _value_at(document: Any, steps: list[str], where: str) -> Any:
    value = document
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list):
            value = value[_index(value, step, where, last=len(value) - 1)]
        else:
            _refuse(steps, where)
    return value


def _parent(document: Any, steps: list[str], where: str) -> tuple[Any, str]:
    parent = _value_at(document, steps[:-1], where)
    if not isinstance(parent, dict | list):
        _refuse(steps, where)
    return parent, steps[-1]


def _added(document: Any, steps: list[str], value: Any, where: str) -> Any:
    if not steps:
        return value
    parent, name = _parent(document, steps, where)
    if isinstance(parent, dict):
        parent[name] = value
    else:
        parent.insert(len(parent) if name == "-" else _index(parent, name, where, last=len(parent)), value)
    return document


def _replaced(document: Any, steps: list[str], value: Any, where: str) -> Any:
    if not steps:
        return value
    parent, name = _parent(document, steps, where)
    parent[name if isinstance(parent, dict) else _index(parent, name, where, last=len(parent) - 1)] = value
    return document


def _removed(document: Any, steps: list[str], where: str) -> Any:
    _value_at(document, steps, where)
    if not steps:
        return None
    parent, name = _parent(document, steps, where)
    del parent[name if isinstance(parent, dict) else _index(parent, name, where, last=len(parent) - 1)]
    return document


def _index(items: list[Any], step: str, where: str, *, last: int) -> int:
    is_number = step.isascii() and step.isdigit() and len(step) < 10 and (step == "0" or step[0] != "0")
    if not is_number or int(step) > last:
        raise BadInput(f"JSON Patch, {where}: '{step[:40]}' is no place in an array of {len(items)}")
    return int(step)


def _refuse(steps: list[str], where: str) -> NoReturn:
    raise BadInput(f"JSON Patch, {where}: there is nothing at /{'/'.join(steps)[:120]}")
