"""FHIR JSON → FHIR XML, for any resource that the schema knows. Source: FHIR R4 and R5, XML and JSON formats.

XML needs the order of elements and knows no arrays: both come from `schema`. What the schema does not know is not
written, because XML readers refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from termserver.fhir.elements import Json
from termserver.fhir.primitives import text_from_primitive
from termserver.fhir.schema import ElementDefinition, elements_of
from termserver.fhir.versions import FhirVersion

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACE = ' xmlns="http://hl7.org/fhir"'
_XHTML = "http://www.w3.org/1999/xhtml"
_ESCAPED = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;",
}  # fmt: skip
_TO_ESCAPE = re.compile(r'[&<>"\n\r\t]')
# XML 1.0 has no way to write these at all
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_xml(resource: Json, version: FhirVersion, *, pretty: bool = False) -> bytes:
    """A resource as XML, whole.

    Parameters
    ----------
    pretty
        A line an element, indented; narratives stay as they are.

    >>> write_xml({"resourceType": "Basic", "id": "a"}, FhirVersion.R4)[38:]
    b'<Basic xmlns="http://hl7.org/fhir"><id value="a"/></Basic>'
    """
    parts = [_DECLARATION]
    _write_resource(parts, resource, version, _NAMESPACE)
    return ("\n".join(_indented(parts)) if pretty else "".join(parts)).encode()


def _indented(parts: Iterable[str]) -> Iterator[str]:
    depth = 0
    for part in parts:
        depth -= part.startswith("</")
        yield "  " * depth + part
        depth += not part.startswith(("</", "<?", "<div")) and not part.endswith("/>")


def xml_chunks(
    head: Json, name: str, items: Iterable[tuple[Json, str, Iterable[Json]]], version: FhirVersion
) -> Iterator[bytes]:
    """A large resource as a stream of XML: its last element repeats, and each has a long list in its middle.

    Parameters
    ----------
    head
        The resource without that element.
    name
        The element: `group`.
    items
        Each (the element without its list, the list's name, the list).
    """
    kind = str(head["resourceType"])
    parts = [_DECLARATION]
    _write_resource(parts, head, version, _NAMESPACE)
    closing = parts.pop()
    elements = elements_of(kind, version) or {}
    inner = elements[name].kind
    for item, list_name, listed in items:
        names = list(elements_of(inner, version) or {})
        place = names.index(list_name)
        parts.append(f"<{name}>")
        _write_elements(parts, _only(item, names[:place]), inner, version)
        definition = (elements_of(inner, version) or {})[list_name]
        for one in listed:
            _write_complex(parts, one, definition, version)
            if len(parts) > 20_000:
                yield "".join(parts).encode()
                parts.clear()
        _write_elements(parts, _only(item, names[place + 1 :]), inner, version)
        parts.append(f"</{name}>")
    yield "".join([*parts, closing]).encode()


def _only(element: Json, names: Sequence[str]) -> Json:
    wanted = {*names, *(f"_{name}" for name in names)}
    return {name: value for name, value in element.items() if name in wanted}


def _write_resource(parts: list[str], resource: Json, version: FhirVersion, namespace: str = "") -> None:
    kind = str(resource.get("resourceType"))
    if elements_of(kind, version) is None:
        return
    parts.append(f"<{kind}{namespace}>")
    _write_elements(parts, resource, kind, version, in_resource=True)
    parts.append(f"</{kind}>")


def _write_elements(
    parts: list[str], element: Json, kind: str, version: FhirVersion, *, in_resource: bool = False
) -> None:
    for name, definition in (elements_of(kind, version) or {}).items():
        if name == "id" and not in_resource:
            continue
        if kind == "Extension" and name == "url":
            continue
        value, extras = element.get(name), element.get(f"_{name}")
        if value is None and extras is None:
            continue
        values = value if isinstance(value, list) else [value]
        beside = extras if isinstance(extras, list) else [extras]
        for place in range(max(len(values), len(beside))):
            one = values[place] if place < len(values) else None
            extra = beside[place] if place < len(beside) else None
            _write_one(parts, one, extra, definition, version)


def _write_one(
    parts: list[str], value: Any, extra: Json | None, definition: ElementDefinition, version: FhirVersion
) -> None:
    name = definition.name
    if definition.kind == "xhtml":
        if isinstance(value, str):
            parts.append(_narrative(value))
    elif definition.kind == "Resource":
        if isinstance(value, dict):
            parts.append(f"<{name}>")
            _write_resource(parts, value, version)
            parts.append(f"</{name}>")
    elif isinstance(value, dict):
        _write_complex(parts, value, definition, version)
    elif definition.is_primitive:
        _write_primitive(parts, value, extra, name, version)


def _write_complex(parts: list[str], value: Json, definition: ElementDefinition, version: FhirVersion) -> None:
    attributes = _attribute("id", value.get("id"))
    if definition.kind == "Extension":
        attributes += _attribute("url", value.get("url"))
    parts.append(f"<{definition.name}{attributes}>")
    before = len(parts)
    _write_elements(parts, value, definition.kind, version)
    if len(parts) == before:
        parts[-1] = f"<{definition.name}{attributes}/>"
    else:
        parts.append(f"</{definition.name}>")


def _write_primitive(parts: list[str], value: Any, extra: Json | None, name: str, version: FhirVersion) -> None:
    attributes = _attribute("id", extra.get("id")) if isinstance(extra, dict) else ""
    if value is not None and not isinstance(value, dict | list):
        attributes += _attribute("value", text_from_primitive(value))
    inner: list[str] = []
    if isinstance(extra, dict):
        _write_elements(inner, extra, "Element", version)
    if inner:
        parts += [f"<{name}{attributes}>", *inner, f"</{name}>"]
    elif attributes:
        parts.append(f"<{name}{attributes}/>")


def _attribute(name: str, value: object) -> str:
    return f' {name}="{escape(value)}"' if isinstance(value, str) else ""


def escape(text: str) -> str:
    """Text inside an attribute; line ends as references, or a parser would make blanks of them.

    >>> escape('a < "b"')
    'a &lt; &quot;b&quot;'
    """
    if _TO_ESCAPE.search(text):
        text = _TO_ESCAPE.sub(lambda found: _ESCAPED[found[0]], text)
    return _IMPOSSIBLE.sub("\ufffd", text)


def _narrative(div: str) -> str:
    """The narrative as it stands if it is XML; else its text, escaped: one bad narrative must not spoil the document."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    cleaned = _IMPOSSIBLE.sub("\ufffd", div)
    try:
        root = fromstring(cleaned, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        root = None
    if root is not None and root.tag == f"{{{_XHTML}}}div":
        return re.sub(r"^<\?xml[^>]*\?>\s*", "", cleaned.strip())
    return f'<div xmlns="{_XHTML}">{escape(cleaned)}</div>'
