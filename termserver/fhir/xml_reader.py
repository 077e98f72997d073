"""FHIR XML → FHIR JSON, for any resource that the schema knows; the whole document or one element at a time.

DTDs and entities are refused, depth is bounded, and what is no element of its type is an error that names the place
(or is passed over, where a file's FHIR version is not known). Source: FHIR R4 and R5, XML format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import ParseError

from termserver.errors import BadInput
from termserver.fhir.elements import MAX_DEPTH, Json, fault
from termserver.fhir.primitives import primitive_from_text
from termserver.fhir.schema import ElementDefinition, elements_of, is_resource
from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_writer import escape

_FHIR = "{http://hl7.org/fhir}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_DEEPEST = MAX_DEPTH * 4
_CHUNK = 1 << 20
Sink = Callable[[Json], None]


class MalformedXml(BadInput):
    """A document that is no XML.

    Parameters
    ----------
    line, column
        Where the parser gave up, from 1 and from 0.
    """

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(f"The body is not well-formed XML: {what}, line {line}, column {column}")
        self.what, self.line, self.column = what, line, column


def read_xml(body: bytes, version: FhirVersion, *, strict: bool = True) -> Json:
    """The resource of an XML document.

    Raises
    ------
    BadInput
        Naming the line, or the element at fault.

    >>> read_xml(b'<Basic xmlns="http://hl7.org/fhir"><id value="a"/></Basic>', FhirVersion.R4)
    {'resourceType': 'Basic', 'id': 'a'}
    """
    return read_xml_chunks([body], version, strict=strict)


def read_xml_chunks(
    chunks: Iterable[bytes], version: FhirVersion, *, streamed: Mapping[str, Sink] | None = None, strict: bool = True
) -> Json:
    """The resource of an XML document that comes in pieces.

    Parameters
    ----------
    streamed
        Path without places (`ConceptMap.group.element`) → what is called with each such element; these are not in the
        resource that is returned, and memory does not grow with their number.
    strict
        False: elements that the version does not know are passed over.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import XMLParser

    builder = _Builder(version, streamed or {}, strict=strict)
    parser = XMLParser(target=builder, forbid_dtd=True)
    try:
        for chunk in chunks:
            for start in range(0, len(chunk), _CHUNK):
                parser.feed(chunk[start : start + _CHUNK])
        parser.close()
    except DefusedXmlException:
        raise BadInput("The XML declares entities or a DTD, which are refused; remove the DOCTYPE") from None
    except ParseError as error:
        raise MalformedXml(str(error.msg).split(":")[0], *error.position) from None
    except (LookupError, ValueError) as error:
        raise BadInput(f"The XML cannot be decoded: {error}") from None
    if builder.resource is None:
        raise BadInput("The body holds no FHIR resource")
    return builder.resource


@dataclass(slots=True)
class _Frame:
    """An element that is open. `kind` is its type; `Resource` wraps a resource, `xhtml` a narrative."""

    path: str
    shape: str
    definition: ElementDefinition
    kind: str
    elements: Mapping[str, ElementDefinition]
    value: Json = field(default_factory=dict)
    text: str | None = None
    counts: dict[str, int] = field(default_factory=dict)


_ROOT = ElementDefinition("", "Resource")


class _Builder:
    """The parser's target: one frame an open element."""

    def __init__(self, version: FhirVersion, streamed: Mapping[str, Sink], *, strict: bool) -> None:
        self.resource: Json | None = None
        self._version = version
        self._streamed = streamed
        self._strict = strict
        self._frames: list[_Frame] = [_Frame("", "", _ROOT, "Resource", {})]
        self._skipping = 0
        self._markup: list[str] = []
        self._markup_depth = 0

    # -------------------------------------------------------------- what the parser calls

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        if self._skipping:
            self._skipping += 1
            return
        if self._markup_depth:
            self._open_markup(tag, attributes)
            return
        parent = self._frames[-1]
        if len(self._frames) > _DEEPEST:
            raise BadInput(f"The XML nests deeper than {_DEEPEST} levels")
        if parent.kind == "Resource":
            self._open_resource(parent, tag)
            return
        name = tag.rpartition("}")[2]
        definition = parent.elements.get(name)
        if definition is not None and definition.kind == "xhtml" and tag.startswith(_XHTML):
            self._open_markup(tag, attributes)
            return
        is_attribute = name == "id" and "resourceType" not in parent.value
        if definition is None or not tag.startswith(_FHIR) or is_attribute:
            if self._strict:
                raise fault(f"{parent.path}.{name}", f"is no element of {parent.kind} in FHIR {self._version.number}")
            self._skipping = 1
            return
        self._frames.append(self._frame(parent, definition, attributes))

    def end(self, tag: str) -> None:
        """An element closes."""
        if self._skipping:
            self._skipping -= 1
            return
        if self._markup_depth:
            self._close_markup(tag)
            return
        frame = self._frames.pop()
        if frame.definition.is_primitive:
            self._attach_primitive(frame)
            return
        _drop_empty_lists(frame)
        if frame.kind == "Resource":
            return  # its resource has attached itself
        if frame.value.get("resourceType") and self._frames[-1].kind == "Resource":
            self._attach_resource(frame)
            return
        sink = self._streamed.get(frame.shape)
        if sink is not None:
            sink(frame.value)
        else:
            _attach(self._frames[-1], frame.definition, frame.value)

    def data(self, text: str) -> None:
        """Text: part of a narrative, or blanks between elements."""
        if self._skipping:
            return
        if self._markup_depth:
            self._markup.append(escape(text).replace("&#xA;", "\n").replace("&#x9;", "\t").replace("&quot;", '"'))
        elif not text.isspace():
            path = self._frames[-1].path or "the document"
            raise fault(path, f"text ('{text.strip()[:40]}') stands where FHIR has none; values are in value=\"…\"")

    def close(self) -> None:
        """The document ends."""

    # -------------------------------------------------------------- frames

    def _open_resource(self, parent: _Frame, tag: str) -> None:
        kind = tag.removeprefix(_FHIR)
        if not tag.startswith(_FHIR) or not is_resource(kind, self._version):
            name = tag.rpartition("}")[2]
            raise BadInput(
                f"<{name}> is no FHIR resource that this server reads; the namespace must be http://hl7.org/fhir",
                expression=parent.path or name,
            )
        elements = elements_of(kind, self._version) or {}
        path = f"{parent.path}.{kind}" if parent.path else kind
        self._frames.append(_Frame(path, kind, parent.definition, kind, elements, {"resourceType": kind}))

    def _frame(self, parent: _Frame, definition: ElementDefinition, attributes: dict[str, str]) -> _Frame:
        name = definition.name
        place = parent.counts.get(name, 0)
        parent.counts[name] = place + 1
        path = f"{parent.path}.{name}[{place}]" if definition.is_list else f"{parent.path}.{name}"
        if place and not definition.is_list:
            raise fault(path, "may be there only once")
        kind = "Element" if definition.is_primitive else definition.kind
        elements = elements_of(kind, self._version) or {}
        frame = _Frame(path, f"{parent.shape}.{name}", definition, kind, elements)
        for attribute, text in attributes.items():
            if attribute == "value" and definition.is_primitive:
                frame.text = text
            elif attribute == "id" or (attribute == "url" and kind == "Extension"):
                frame.value[attribute] = text
            elif self._strict and not attribute.startswith("{"):
                raise fault(path, f"has an attribute '{attribute}', which FHIR does not know")
        return frame

    def _attach_resource(self, frame: _Frame) -> None:
        wrapper = self._frames[-1]
        if wrapper.definition is _ROOT:
            self.resource = frame.value
        else:
            _attach(self._frames[-2], wrapper.definition, frame.value)

    def _attach_primitive(self, frame: _Frame) -> None:
        _drop_empty_lists(frame)
        parent, definition = self._frames[-1], frame.definition
        value: object = None
        if frame.text is not None:
            try:
                value = primitive_from_text(frame.text, definition.kind)
            except ValueError as error:
                raise fault(frame.path, str(error)) from None
        if value is None and not frame.value:
            raise fault(frame.path, "has neither a value nor an extension")
        extra = frame.value or None
        if not definition.is_list:
            if value is not None:
                parent.value[definition.name] = value
            if extra:
                parent.value[f"_{definition.name}"] = extra
            return
        parent.value.setdefault(definition.name, []).append(value)
        parent.value.setdefault(f"_{definition.name}", []).append(extra)

    # -------------------------------------------------------------- narrative

    def _open_markup(self, tag: str, attributes: dict[str, str]) -> None:
        if not tag.startswith(_XHTML):
            raise fault(f"{self._frames[-1].path}.div", f"<{tag.rpartition('}')[2]}> is not XHTML")
        written = "".join(f' {_attribute_name(name)}="{escape(text)}"' for name, text in attributes.items())
        namespace = "" if self._markup_depth else f' xmlns="{_XHTML[1:-1]}"'
        self._markup.append(f"<{tag[len(_XHTML) :]}{namespace}{written}>")
        self._markup_depth += 1
        if self._markup_depth > _DEEPEST:
            raise BadInput(f"The XML nests deeper than {_DEEPEST} levels")

    def _close_markup(self, tag: str) -> None:
        name = tag[len(_XHTML) :]
        if self._markup[-1].startswith(f"<{name}") and not self._markup[-1].startswith("</"):
            self._markup[-1] = self._markup[-1][:-1] + "/>"
        else:
            self._markup.append(f"</{name}>")
        self._markup_depth -= 1
        if not self._markup_depth:
            self._frames[-1].value["div"] = "".join(self._markup)
            self._markup.clear()


def _attribute_name(name: str) -> str:
    return f"xml:{name[len(_XML) :]}" if name.startswith(_XML) else name.rpartition("}")[2]


def _attach(parent: _Frame, definition: ElementDefinition, value: Any) -> None:
    if definition.is_list:
        parent.value.setdefault(definition.name, []).append(value)
    else:
        parent.value[definition.name] = value


def _drop_empty_lists(frame: _Frame) -> None:
    """A list of primitives and the list of their extensions stand beside each other; one without content goes."""
    for name in frame.counts:
        definition = frame.elements.get(name)
        if definition is None or not definition.is_list or not definition.is_primitive:
            continue
        for member in (name, f"_{name}"):
            if all(item is None for item in frame.value.get(member, ())):
                frame.value.pop(member, None)
