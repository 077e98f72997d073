"""FHIR JSON ↔ XML: what one says the other says; bad XML names its place."""

from __future__ import annotations

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from termserver.errors import BadInput
from termserver.fhir.conformity import check_resource
from termserver.fhir.primitives import plain_json
from termserver.fhir.schema import ElementDefinition, elements_of
from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_reader import read_xml, read_xml_chunks
from termserver.fhir.xml_writer import write_xml, xml_chunks
from termserver.model.decimals import DecimalText

VERSIONS = (FhirVersion.R4, FhirVersion.R5)
KINDS = ("CodeSystem", "ValueSet", "ConceptMap", "NamingSystem", "Parameters", "Bundle", "OperationOutcome")
_DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p class="a">x &lt; y<br/>"z"</p></div>'
_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=8
)
_STRINGS = st.one_of(
    _TEXT.filter(lambda text: bool(text.strip())), st.sampled_from(['a "b" <c> & d', "line\n\ttwo\r", "ö ’ 𝄞"])
)
_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "unsignedInt": st.integers(0, 2**31 - 1),
    "positiveInt": st.integers(1, 2**31 - 1),
    "decimal": st.sampled_from(["1.50", "-0.0010", "3", "1E+2", "0.1234567890123456789"]).map(DecimalText),
    "integer64": st.integers(-(2**63), 2**63 - 1).map(str),
    "id": st.sampled_from(["a-1.B", "x"]),
    "code": st.sampled_from(["a", "two words"]),
    "date": st.sampled_from(["2024", "2024-02-29"]),
    "dateTime": st.sampled_from(["2024-05", "2024-05-06T07:08:09+03:00"]),
    "instant": st.just("2024-05-06T07:08:09.123Z"),
    "time": st.just("07:08:09"),
    "base64Binary": st.just("QUJD"),
    "oid": st.just("urn:oid:1.2.3"),
    "uuid": st.just("urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
    "string": _STRINGS,
    "markdown": _STRINGS,
    "xhtml": st.just(_DIV),
}
_URIS = st.sampled_from(["http://a.example/b?c=d&e=<f>", "urn:oid:1.2"])


@st.composite
def _elements(draw: st.DrawFn, kind: str, version: FhirVersion, depth: int) -> dict[str, Any]:
    known = dict(elements_of(kind, version) or {})
    wanted = draw(st.sets(st.sampled_from(sorted(known)), max_size=4))
    wanted |= {name for name, definition in known.items() if definition.is_required}
    made: dict[str, Any] = {}
    chosen: set[str] = set()
    for name, definition in known.items():
        is_open = definition.choice_required and definition.choice not in chosen
        if (name not in wanted and not is_open) or definition.choice in chosen:
            continue
        if depth > 3 and not definition.is_required and not definition.choice_required:
            continue
        if definition.choice:
            chosen.add(definition.choice)
        value = draw(_value(definition, version, depth))
        made[name] = [value, draw(_value(definition, version, depth))] if definition.is_list else value
        if definition.is_primitive and name not in ("id", "url") and draw(st.integers(0, 5)) == 0:
            extra = {"id": "e", "extension": [{"url": "http://x.example", "valueString": "y"}]}
            made[f"_{name}"] = [None, extra] if definition.is_list else extra
            if definition.is_list:
                made[name][1] = None
            elif draw(st.booleans()) and not definition.is_required:
                del made[name]
    if not made:
        made["id"] = "i"
    return made


@st.composite
def _value(draw: st.DrawFn, definition: ElementDefinition, version: FhirVersion, depth: int) -> Any:
    if definition.kind == "Resource":
        return {"resourceType": "Basic", **draw(_elements("Basic", version, depth + 2))}
    if definition.codes:
        return draw(st.sampled_from(sorted(definition.codes)))
    if definition.is_primitive or definition.kind == "xhtml":
        return draw(_PRIMITIVES.get(definition.kind, _URIS))
    return draw(_elements(definition.kind, version, depth + 1))


@st.composite
def resources(draw: st.DrawFn, version: FhirVersion) -> dict[str, Any]:
    """Any resource that conforms."""
    kind = draw(st.sampled_from(KINDS))
    return {"resourceType": kind, **draw(_elements(kind, version, 0))}


def _dumped(resource: object) -> bytes:
    return orjson.dumps(resource, default=plain_json, option=orjson.OPT_SORT_KEYS)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.path)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_json_to_xml_to_json_is_identity(version: FhirVersion, data: st.DataObject) -> None:
    resource = data.draw(resources(version))
    check_resource(resource, version)
    assert _dumped(read_xml(write_xml(resource, version), version)) == _dumped(resource)


def test_elements_are_written_in_fhirs_order_and_with_their_attributes() -> None:
    resource = {
        "status": "active",
        "resourceType": "ConceptMap",
        "url": "http://a.example",
        "_url": {"id": "u"},
        "extension": [{"url": "http://e.example", "valueDecimal": DecimalText("1.50")}],
        "text": {"status": "generated", "div": _DIV},
        "contained": [{"resourceType": "ValueSet", "id": "v", "status": "draft"}],
    }
    assert write_xml(resource, FhirVersion.R4).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?><ConceptMap xmlns="http://hl7.org/fhir">'
        f'<text><status value="generated"/>{_DIV}</text>'
        '<contained><ValueSet><id value="v"/><status value="draft"/></ValueSet></contained>'
        '<extension url="http://e.example"><valueDecimal value="1.50"/></extension>'
        '<url id="u" value="http://a.example"/><status value="active"/></ConceptMap>'
    )


def test_a_narrative_that_is_no_xml_becomes_text() -> None:
    written = write_xml(
        {"resourceType": "Basic", "text": {"status": "generated", "div": "<div>a & b"}}, FhirVersion.R4
    ).decode()
    assert '<div xmlns="http://www.w3.org/1999/xhtml">&lt;div&gt;a &amp; b</div>' in written
    assert read_xml(written.encode(), FhirVersion.R4)["text"]["div"].count("<div") == 1


def test_control_characters_cannot_break_a_document() -> None:
    written = write_xml({"resourceType": "Basic", "language": "a\x00b\x1f"}, FhirVersion.R4)
    assert read_xml(written, FhirVersion.R4)["language"] == "a\ufffdb\ufffd"


def _basic(inner: str) -> bytes:
    return f'<Basic xmlns="http://hl7.org/fhir">{inner}</Basic>'.encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not well-formed"),
        (b"<", "not well-formed"),
        (_basic("<id>"), "mismatched tag, line 1"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DOCTYPE"),
        (b"<Basic/>", "namespace"),
        (b'<Nonsense xmlns="http://hl7.org/fhir"/>', "<Nonsense> is no FHIR resource"),
        (b'<Coding xmlns="http://hl7.org/fhir"/>', "<Coding> is no FHIR resource"),
        (_basic('<ids value="a"/>'), "Basic.ids: is no element of Basic in FHIR 4.0.1"),
        (_basic('<id value="a"/><id value="b"/>'), "Basic.id: may be there only once"),
        (_basic("<id/>"), "Basic.id: has neither"),
        (_basic('<id val="a"/>'), "attribute 'val'"),
        (_basic("words"), "Basic: text ('words')"),
        (_basic('<meta><tag><userSelected value="yes"/></tag></meta>'), "Basic.meta.tag[0].userSelected: must be true"),
        (_basic('<code><coding><id value="a"/></coding></code>'), "Basic.code.coding[0].id: is no element"),
        (_basic('<text><div><p/></div></text>'), "Basic.text.div"),
        (_basic("<extension>" * 300 + "</extension>" * 300), "deeper than"),
        (_basic("<text><div xmlns='http://www.w3.org/1999/xhtml'>" + "<p>" * 300 + "</p>" * 300 + "</div></text>"), "deeper"),
        ("<Basic xmlns='http://hl7.org/fhir'>ä</Basic>".encode("latin-1"), "not well-formed"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "XML"),
        (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "XML"),
    ],
)  # fmt: skip
def test_bad_xml_is_refused_and_named(body: bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_xml(body, FhirVersion.R4)
    assert said in caught.value.message


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.text(alphabet="<>/=\"' &;abxmlns:!?[]", max_size=60))
def test_nonsense_is_bad_input(noise: bytes, marks: str) -> None:
    for body in (noise, marks.encode(), _basic(marks), _basic("<id value='") + noise):
        with contextlib.suppress(BadInput):
            assert "resourceType" in read_xml(body, FhirVersion.R5)


def test_unknown_elements_of_a_file_are_passed_over() -> None:
    body = b'<Basic xmlns="http://hl7.org/fhir"><odd><id value="b"/></odd><id value="a"/></Basic>'
    assert read_xml(body, FhirVersion.R5, strict=False) == {"resourceType": "Basic", "id": "a"}


def test_a_large_document_streams_both_ways() -> None:
    head = {"resourceType": "ConceptMap", "status": "active"}
    elements = [
        {"code": f"c{number}", "target": [{"code": "t", "relationship": "equivalent"}]} for number in range(3000)
    ]
    group = {"source": "http://s", "target": "http://t", "unmapped": {"mode": "fixed", "code": "u"}}
    chunks = list(xml_chunks(head, "group", [(group, "element", elements), (group, "element", [])], FhirVersion.R5))
    assert len(chunks) > 1
    found: list[dict[str, Any]] = []
    read = read_xml_chunks(chunks, FhirVersion.R5, streamed={"ConceptMap.group.element": found.append})
    assert found == elements
    assert read == head | {"group": [group, group]}
