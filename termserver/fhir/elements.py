"""Typed reading of FHIR JSON: what has the wrong type is an error that names the element.

`Json` is FHIR JSON as orjson reads it; outside this package nobody looks into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from termserver.errors import BadInput

Json = dict[str, Any]

MAX_DEPTH = 60


def fault(path: str, what: str) -> BadInput:
    """An error about one element.

    >>> fault("ConceptMap.group[0].source", "must be a string").message
    'ConceptMap.group[0].source: must be a string'
    """
    return BadInput(f"{path}: {what}", expression=path)


def kind_of(value: object) -> str:
    """The JSON type's name, for a message.

    >>> kind_of([])
    'an array'
    """
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "a string", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return names.get(type(value), "null")


def text(element: Mapping[str, Any], name: str, path: str) -> str | None:
    """A string element, or None if absent.

    >>> text({"code": "A"}, "code", "Coding")
    'A'
    """
    value = element.get(name)
    if value is None or isinstance(value, str):
        return value
    raise fault(f"{path}.{name}", f"must be a string, not {kind_of(value)}")


def required_text(element: Mapping[str, Any], name: str, path: str) -> str:
    """A string element that must be there and not be empty."""
    value = text(element, name, path)
    if not value:
        raise fault(f"{path}.{name}", "is missing")
    return value


def flag(element: Mapping[str, Any], name: str, path: str) -> bool | None:
    """A boolean element, or None if absent."""
    value = element.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise fault(f"{path}.{name}", f"must be a boolean, not {kind_of(value)}")


def objects(element: Mapping[str, Any], name: str, path: str) -> list[Json]:
    """An array of objects; empty if absent."""
    value = element.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise fault(f"{path}.{name}", f"must be an array, not {kind_of(value)}")
    for place, item in enumerate(value):
        if not isinstance(item, dict):
            raise fault(f"{path}.{name}[{place}]", f"must be an object, not {kind_of(item)}")
    return value


def one_object(element: Mapping[str, Any], name: str, path: str) -> Json | None:
    """An object element, or None if absent."""
    value = element.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise fault(f"{path}.{name}", f"must be an object, not {kind_of(value)}")


def texts(element: Mapping[str, Any], name: str, path: str) -> tuple[str, ...]:
    """An array of strings; empty if absent."""
    value = element.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise fault(f"{path}.{name}", f"must be an array, not {kind_of(value)}")
    for place, item in enumerate(value):
        if not isinstance(item, str):
            raise fault(f"{path}.{name}[{place}]", f"must be a string, not {kind_of(item)}")
    return tuple(value)


def resource_of_type(body: object, kind: str) -> Json:
    """The body, if it is a resource of that type.

    Raises
    ------
    BadInput
        If it is no JSON object, or another resource.
    """
    if not isinstance(body, dict):
        raise BadInput(f"The body must be a {kind} resource, not {kind_of(body)}", expression=kind)
    if body.get("resourceType") != kind:
        raise BadInput(f"The body must be a {kind}, not '{body.get('resourceType')}'", expression="resourceType")
    return body


def without_empty(element: Json) -> Json:
    """The element without absent and empty members, which FHIR JSON forbids.

    >>> without_empty({"code": "A", "display": None, "designation": []})
    {'code': 'A'}
    """
    return {name: value for name, value in element.items() if value is not None and value != [] and value != ""}


def unread(element: Mapping[str, Any], read: Iterable[str]) -> Json:
    """The members that the house does not read, verbatim: the model's `other`."""
    known = set(read)
    return {name: value for name, value in element.items() if name not in known}


def take_extensions(element: Json, url: str) -> tuple[list[Json], Json]:
    """The element's extensions of that url, and the element without them."""
    every = element.get("extension")
    if not isinstance(every, list):
        return [], element
    mine = [item for item in every if isinstance(item, dict) and item.get("url") == url]
    if not mine:
        return [], element
    rest = [item for item in every if item not in mine]
    kept = {name: value for name, value in element.items() if name != "extension"}
    return mine, {**kept, "extension": rest} if rest else kept


def split_canonical(canonical: str) -> tuple[str, str | None]:
    """The url and the version of a canonical.

    >>> split_canonical("http://loinc.org|2.78")
    ('http://loinc.org', '2.78')
    """
    url, _, version = canonical.partition("|")
    return url, version or None


def join_canonical(url: str, version: str | None) -> str:
    """`url|version`, or the url alone.

    >>> join_canonical("http://loinc.org", None)
    'http://loinc.org'
    """
    return f"{url}|{version}" if version else url


def depth_of(body: object) -> int:
    """How deep a JSON value nests: 0 for a primitive."""
    level, depth = [body], 0
    while True:
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(value for value in item.values() if isinstance(value, dict | list))
            elif isinstance(item, list):
                below.extend(value for value in item if isinstance(value, dict | list))
        if not below:
            return depth + (1 if isinstance(body, dict | list) else 0)
        level, depth = below, depth + 1
