"""Records give back what they were made of, whatever stands in names and values."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.index.brief_concepts import (
    ABSTRACT,
    ACTIVE,
    CODE,
    DEFINITION,
    DISPLAY,
    EXTENDED,
    FIRST_NAME,
    NAME_KINDS,
    TAB,
    VALUE_KINDS,
    BriefBuilder,
    kinds_of,
    open_brief,
    values_of,
)
from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.coding import Coding, Designation
from termserver.model.decimals import DecimalText
from termserver.model.extension import Extension

_CODES = ("A", "b\tc", "line\nbreak", 'quo"te', "é", "no name", "elsewhere")
_TEXTS = st.sampled_from(("", "heart", "a\tb", "a\nb", '"', "\\", "å", "\x1a0", "1,2+"))
_CODE_VALUES = st.tuples(st.sampled_from(("kind", "part")), st.sampled_from(_CODES), st.just("code"))
_OTHER_VALUES = st.one_of(
    st.tuples(st.just("note"), _TEXTS, st.just("string")),
    st.tuples(st.just("size"), st.sampled_from((1, 0.5, DecimalText("1.50"), True, -3)), st.just("decimal")),
    st.tuples(st.just("site"), st.just(Coding("http://s", "hand", None, "a\tb")), st.just("Coding")),
)


@st.composite
def concepts(draw: st.DrawFn) -> list[Concept]:
    found = []
    for code in _CODES[:-1]:
        names = draw(st.lists(st.tuples(_TEXTS, st.sampled_from((None, "sv", "et"))), max_size=3))
        values = draw(st.lists(st.one_of(_CODE_VALUES, _OTHER_VALUES), max_size=4))
        found.append(
            Concept(
                code,
                "" if code == "no name" else draw(_TEXTS),
                tuple(Designation(*name) for name in names),
                tuple(ConceptProperty(*value) for value in values),
                tuple(draw(st.lists(st.sampled_from(_CODES), max_size=2))),
                definition=draw(st.one_of(st.none(), _TEXTS)),
                active=draw(st.booleans()),
                abstract=draw(st.booleans()),
                extensions=draw(st.sampled_from(((), (Extension("http://e", "Code", "x"),)))),
            )
        )
    return found


@given(concepts())
@settings(max_examples=60, deadline=None)
def test_a_record_is_its_concept(given_concepts: list[Concept]) -> None:
    by_code = {concept.code: concept for concept in given_concepts}

    def label(code: str) -> list[bytes]:
        concept = by_code[code]
        return [orjson.dumps(code), *([orjson.dumps(concept.display)] if concept.display else [])]

    with TemporaryDirectory() as folder:
        builder = BriefBuilder(Path(folder))
        for concept in given_concepts:
            builder.add(concept)
        builder.finish()
        brief = open_brief(Path(folder))
        for ordinal, concept in enumerate(given_concepts):
            lines = brief.lines(ordinal)
            assert brief.label(ordinal).split(TAB) == label(concept.code)
            assert orjson.loads(lines[CODE]) == concept.code
            assert orjson.loads(lines[DISPLAY]) == concept.display
            assert (orjson.loads(lines[DEFINITION]) if lines[DEFINITION] else "") == (concept.definition or "")
            names, values = kinds_of(lines[NAME_KINDS]), kinds_of(lines[VALUE_KINDS])
            first_value = FIRST_NAME + len(names)
            shown = zip(names, lines[FIRST_NAME:first_value], strict=True)
            assert [(orjson.loads(line), brief.designations[int(kind)].language) for kind, line in shown] == [
                (name.value, name.language) for name in concept.designations
            ]
            found = [(brief.properties[kind].code, value) for kind, value in values_of(lines)]
            assert [(code, Coding(**value) if isinstance(value, dict) else value) for code, value in found] == [
                (item.code, item.value) for item in concept.properties
            ]
            for kind, line, item in zip(values, lines[first_value:], concept.properties, strict=False):
                is_label = item.kind == "code" and item.value in by_code and bool(by_code[str(item.value)].display)
                assert kind.endswith(b"+") == is_label
                assert not is_label or line.split(TAB) == label(str(item.value))
            parents = [label(code) for code in concept.parents if code in by_code]
            assert [line.split(TAB) for line in lines[first_value + len(values) :]] == parents
            flags = ACTIVE * concept.active | ABSTRACT * concept.abstract | EXTENDED * bool(concept.extensions)
            assert brief.flags[ordinal] == flags
