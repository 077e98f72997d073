"""The law of the hot path: a plan gives the bytes of the common writer, or nothing."""

from collections.abc import Sequence

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.fhir.translate_parameters import TranslateStyle, write_translate
from termserver.fhir.versions import FhirVersion
from termserver.index.translation_table import TranslationTable, table_from_map
from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, Dependency, MapElement, MapGroup, MapTarget, Unmapped
from termserver.model.relationship import R4_EQUIVALENCES, Relationship
from termserver.model.requests import TranslateRequest
from termserver.terminology.languages import Languages
from termserver.terminology.translate import translate
from termserver.terminology.translate_plan import TranslatePlan, plan_translation

_CODE = st.sampled_from(["A", "B", "C1", 'quo"te', "å%b", "tab\tnull\0", "100%", "\x1a0"])
_SYSTEM = st.sampled_from(["http://s.example", "http://t.example", "urn:oid:1.2.3"])
_VERSION = st.none() | st.sampled_from(["1", "2"])
_TEXT = st.none() | st.sampled_from(["Hjärtinfarkt", 'with "quotes"', "5 % of \\ it", ""])
_TARGET = st.builds(
    MapTarget,
    _CODE,
    st.sampled_from(Relationship),
    _TEXT,
    _TEXT,
    st.none() | st.sampled_from([*R4_EQUIVALENCES, "of no version"]),
    st.just(()) | st.just((Dependency("sex", Coding("http://x.example", "f")),)),
    st.just(()) | st.just((Dependency("side", "left"),)),
    st.just(()) | st.just((("priority", "1"),)),
)
_PLAIN = st.builds(MapTarget, _CODE, st.sampled_from(Relationship), _TEXT, _TEXT)
_ELEMENT = st.one_of(
    st.builds(MapElement, _CODE, _TEXT, st.lists(_PLAIN, max_size=3).map(tuple)),
    st.builds(MapElement, _CODE, _TEXT, st.lists(_TARGET, max_size=3).map(tuple)),
    st.builds(MapElement, _CODE, _TEXT, st.just(()), st.just(True), _TEXT),
    st.builds(MapElement, st.just(""), _TEXT, st.lists(_PLAIN, max_size=2).map(tuple), value_set=st.just("http://v")),
    st.just(MapElement("A", None, (MapTarget("", Relationship.EQUIVALENT, value_set="http://v"),))),
)
_UNMAPPED = st.none() | st.sampled_from([Unmapped("fixed", "X"), Unmapped("use-source-code")])
_ELEMENTS = st.lists(_ELEMENT, max_size=6).map(tuple)
_GROUP = st.builds(MapGroup, _SYSTEM, _SYSTEM, _VERSION, _VERSION, _ELEMENTS, _UNMAPPED)
_MAP = st.builds(
    ConceptMap,
    st.sampled_from(["http://m.example/1", "http://m.example/2"]),
    st.sampled_from(["", "1.0"]),
    st.just("M"),
    status=st.sampled_from(["active", "active", "active", "retired", "draft"]),
    source_scope=st.none() | st.just("http://v.example"),
    groups=st.lists(_GROUP, max_size=3).map(tuple),
)
_REQUEST = st.builds(
    TranslateRequest,
    st.builds(Coding, _SYSTEM, st.just("?"), _VERSION).map(lambda coding: (coding,)),
    st.booleans(),
    source_scope=st.none() | st.sampled_from(["http://v.example", "http://w.example"]),
    source_systems=st.lists(_SYSTEM, max_size=1).map(tuple),
    target_systems=st.lists(_SYSTEM, max_size=1).map(tuple),
)
_STYLE = st.builds(TranslateStyle, st.sampled_from(FhirVersion), st.booleans(), st.booleans()).filter(
    lambda style: not (style.version.is_r5 and style.r4_names)
)


class _Surroundings:
    """No code systems, no other maps."""

    def canonical_system(self, url: str) -> str:
        return "http://s.example" if url == "urn:oid:1.2.3" else url

    def other_map(self, url: str, version: str | None) -> TranslationTable | None:
        return None

    def display(self, coding: Coding, languages: Languages) -> str | None:
        return None

    def own_display(self, coding: Coding) -> str | None:
        return None

    def codes_of_value_set(self, canonical: str) -> Sequence[Coding] | None:
        return [Coding("http://s.example", "A"), Coding("http://t.example", "B")]

    def knows_value_set(self, canonical: str) -> bool:
        return canonical != "http://w.example"

    def value_set_holds(self, canonical: str, coding: Coding) -> bool | None:
        return coding.code in ("A", "B") if self.knows_value_set(canonical) else None


def _tables(maps: list[ConceptMap]) -> list[TranslationTable]:
    tables = [table_from_map(item) for item in maps]
    return [TranslationTable(table.head, table.groups, "0123") for table in tables]


def _plan(request: TranslateRequest, style: TranslateStyle, maps: list[ConceptMap]) -> TranslatePlan | None:
    return plan_translation(request, style, _tables(maps), _Surroundings())


def _commonly(request: TranslateRequest, style: TranslateStyle, maps: list[ConceptMap], code: str) -> bytes:
    (coding,) = request.codings
    asked = TranslateRequest(
        (Coding(coding.system, code, coding.version),),
        request.reverse,
        source_scope=request.source_scope,
        source_systems=request.source_systems,
        target_systems=request.target_systems,
    )
    result = translate(asked, _tables(maps), _Surroundings())
    return orjson.dumps(write_translate(result, style, reverse=asked.reverse))


@settings(deadline=None, max_examples=400)
@given(_REQUEST, _STYLE, st.lists(_MAP, max_size=3), _CODE)
def test_a_plan_gives_the_bytes_of_the_common_writer_or_nothing(
    request: TranslateRequest, style: TranslateStyle, maps: list[ConceptMap], code: str
) -> None:
    plan = _plan(request, style, maps)
    answer = plan.answer(code) if plan else None
    assert answer is None or answer == _commonly(request, style, maps, code)


@settings(deadline=None, max_examples=100)
@given(_STYLE, st.booleans(), st.lists(_PLAIN, min_size=1, max_size=4))
def test_what_is_plain_is_answered_by_the_plan(style: TranslateStyle, reverse: bool, targets: list[MapTarget]) -> None:
    element = MapElement("A", "Source", tuple(targets))
    maps = [ConceptMap("http://m.example", "1", "M", groups=(MapGroup("s", "t", None, "7", (element,)),))]
    request = TranslateRequest((Coding("t" if reverse else "s", "?"),), reverse)
    plan = _plan(request, style, maps)
    assert plan is not None
    code = targets[0].code if reverse else "A"
    told = [target for target in targets if not reverse or target.code == code]
    counts = any(target.relationship is not Relationship.NOT_RELATED for target in told)
    assert plan.answer(code) == (_commonly(request, style, maps, code) if counts else None)
