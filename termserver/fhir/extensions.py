"""Extensions of elements ↔ model. Source: FHIR R4 and R5 Extension."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from termserver.fhir.elements import Json, objects, required_text
from termserver.model.extension import Extension


def read_extensions(element: Mapping[str, object], path: str) -> tuple[Extension, ...]:
    """The extensions of an element.

    >>> read_extensions({"extension": [{"url": "http://a.b", "valueCode": "x"}]}, "concept")[0].kind
    'Code'
    """
    return tuple(
        _read_extension(item, f"{path}.extension[{place}]")
        for place, item in enumerate(objects(element, "extension", path))
    )


def _read_extension(item: Json, path: str) -> Extension:
    named = next((name for name in item if name.startswith("value")), None)
    url = required_text(item, "url", path)
    if named is None:
        return Extension(url, parts=read_extensions(item, path))
    return Extension(url, named.removeprefix("value"), item[named])


def write_extensions(extensions: Iterable[Extension]) -> list[Json]:
    """Extensions as FHIR writes them.

    >>> write_extensions([Extension("http://a.b", "Code", "x")])
    [{'url': 'http://a.b', 'valueCode': 'x'}]
    """
    return [
        {"url": item.url, f"value{item.kind}": item.value}
        if item.kind
        else {"url": item.url, "extension": write_extensions(item.parts)}
        for item in extensions
    ]
