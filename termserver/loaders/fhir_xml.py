"""Read a FHIR CodeSystem in XML, through the same reader as JSON; entities and DTDs are refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from termserver.errors import BadFile
from termserver.loaders.fhir_code_system import code_system_from_resource
from termserver.loaders.source import LoadedCodeSystem

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_FHIR = "{http://hl7.org/fhir}"
_REPEATING = {
    "concept", "designation", "property", "filter", "identifier", "contact", "useContext", "jurisdiction", "extension",
    "modifierExtension", "coding", "telecom", "topic", "author", "editor", "reviewer", "endorser", "relatedArtifact", "entry",
    "operator", "profile", "contained",
}  # fmt: skip
_BOOLEAN = {"valueBoolean", "caseSensitive", "experimental", "compositional", "versionNeeded"}
_INTEGER = {"valueInteger", "count"}


def looks_like_fhir_xml(path: Path) -> bool:
    """True where the file begins as XML does."""
    with path.open("rb") as file:
        start = file.read(400)
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        start = start[2:].replace(b"\x00", b"")
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def read_fhir_xml(path: Path, *, name: str | None = None) -> LoadedCodeSystem:
    """Read a CodeSystem resource in XML.

    Raises
    ------
    BadFile
        If the XML is damaged (names the line), declares entities or a DTD, or holds no CodeSystem.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import parse

    from termserver.loaders.table_rows import sha256_of_file

    name = name or path.name
    try:
        root = parse(path, forbid_dtd=True).getroot()
    except DefusedXmlException:
        raise BadFile(
            "the XML declares entities or a DTD, which can blow up memory or read other files; remove the DOCTYPE",
            file=name,
        ) from None
    except ParseError as error:
        line, column = error.position
        raise BadFile(f"the XML is damaged: {error.msg} (character {column})", file=name, line=line) from None
    except (LookupError, ValueError) as error:
        raise BadFile(f"the XML cannot be decoded: {error}", file=name) from None
    if root is None or not root.tag.startswith(_FHIR):
        raise BadFile("this XML is no FHIR resource; save the list as CSV or XLSX", file=name)
    resource = _object_from_element(root)
    resource["resourceType"] = root.tag.removeprefix(_FHIR)
    return code_system_from_resource(resource, name=name, fallback_version=sha256_of_file(path)[:12])


def _object_from_element(element: Element) -> dict[str, object]:
    result: dict[str, object] = {}
    if "url" in element.attrib:
        result["url"] = element.attrib["url"]
    for child in element:
        if not child.tag.startswith(_FHIR):
            continue
        tag = child.tag.removeprefix(_FHIR)
        value = _value_from_element(child, tag)
        if tag in _REPEATING:
            present = result.setdefault(tag, [])
            if isinstance(present, list):
                present.append(value)
        else:
            result[tag] = value
    return result


def _value_from_element(element: Element, tag: str) -> object:
    if tag == "resource" and len(element):
        inner = _object_from_element(element[0])
        inner["resourceType"] = element[0].tag.removeprefix(_FHIR)
        return inner
    text = element.attrib.get("value")
    if text is None:
        return _object_from_element(element)
    if tag in _BOOLEAN:
        return text == "true"
    if tag in _INTEGER:
        return int(text)
    return float(text) if tag == "valueDecimal" else text
