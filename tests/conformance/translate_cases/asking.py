"""Naming the concept and the map: every spelling, every coding, every direction."""

from __future__ import annotations

from tests.conformance.translate_cases.writing import (
    Json,
    Suite,
    concept_map,
    element,
    found,
    group,
    match,
    not_found,
    to,
    wrong,
)

BASE = "http://translate.example"
SOURCE, TARGET, OTHER = f"{BASE}/source", f"{BASE}/target", f"{BASE}/other"
MAP = f"{BASE}/ConceptMap/asking"
ORIGIN = f"{MAP}|1.0"
WIDER, NARROWER = "source-is-narrower-than-target", "source-is-broader-than-target"

_MAP = concept_map(
    MAP,
    [
        group(
            SOURCE,
            TARGET,
            element("A", to("1", display="One"), display="Alpha"),
            element("B", to("1", NARROWER), to("2", WIDER), to("3", "not-related-to")),
            element("C", to("4", "not-related-to")),
            element("D", to("5", "related-to")),
            element("E"),
            element("a b+c%/ä&=?", to('quo"te\\')),
            element("a", to("6")),
        )
    ],
)


def _c(code: str, system: str = TARGET, display: str | None = None) -> Json:
    return {"system": system, "code": code} | ({"display": display} if display else {})


ONE = _c("1", display="One")


def spelling() -> Suite:
    """Each way to name the concept, in each version."""
    suite = Suite("spelling", "Every spelling of R4 and of R5 is read in every version", {"map": _MAP})
    r4_ways: dict[str, Json] = {
        "r4-code": {"code": "A", "system": SOURCE},
        "r4-coding": {"coding": _c("A", SOURCE)},
        "r4-codeable-concept": {"codeableConcept": {"coding": [_c("A", SOURCE)]}},
        "r4-code-source-system": {"code": "A", "sourceSystem": SOURCE},
    }
    r5_ways: dict[str, Json] = {
        "r5-code": {"sourceCode": "A", "system": SOURCE},
        "r5-code-source-system": {"sourceCode": "A", "sourceSystem": SOURCE},
        "r5-coding": {"sourceCoding": _c("A", SOURCE)},
        "r5-codeable-concept": {"sourceCodeableConcept": {"coding": [_c("A", SOURCE)]}},
    }
    for name, way in r4_ways.items():
        answer = found(match(ONE, "equivalent", ORIGIN, r4_names=True))
        suite.ask(name, f"The source as {', '.join(way)}, and the map", {"url": MAP, **way}, answer)
        suite.ask(f"{name}-without-url", f"The source as {', '.join(way)}, no map", way, answer)
    for name, way in r5_ways.items():
        answer = found(match(ONE, "equivalent", ORIGIN))
        suite.ask(name, f"The source as {', '.join(way)}, and the map", {"url": MAP, **way}, answer)
        suite.ask(f"{name}-without-url", f"The source as {', '.join(way)}, no map", way, answer)
    r5 = {"sourceCode": "A", "system": SOURCE}
    plain = found(match(ONE, "equivalent", ORIGIN))
    suite.ask("url-with-version", "url|version pins the map", {"url": ORIGIN, **r5}, plain)
    suite.ask("concept-map-version", "conceptMapVersion pins it", {"url": MAP, "conceptMapVersion": "1.0", **r5}, plain)
    both = {"url": ORIGIN, "conceptMapVersion": "1.0", **r5}
    suite.ask("url-and-concept-map-version", "Both, and they agree", both, plain)
    suite.ask("both-system-spellings-agree", "Twice the same is once", {"sourceSystem": SOURCE, **r5}, plain)
    special = {"url": MAP, "sourceCode": "a b+c%/ä&=?", "system": SOURCE}
    quoted = found(match(_c('quo"te\\'), "equivalent", ORIGIN))
    suite.ask("special-characters", "Codes are compared as they are, whatever they hold", special, quoted)
    lower = {"url": MAP, "sourceCode": "a", "system": SOURCE}
    suite.ask("case-counts", "a is not A", lower, found(match(_c("6"), "equivalent", ORIGIN)))
    suite.ask(
        "coding-with-display", "A display is no part of the question", {"sourceCoding": _c("A", SOURCE, "x")}, plain
    )
    suite.ask("unknown-parameter", "A parameter that no version has is passed over", _with_unknown(r5), plain)
    return suite


def _with_unknown(request: Json) -> list[Json]:
    listed = [{"name": "nobodyKnows", "valueString": "x"}]
    listed += [{"name": "sourceCode", "valueCode": request["sourceCode"]}]
    return [*listed, {"name": "system", "valueUri": request["system"]}]


def relationships() -> Suite:
    """What a relationship is called, and what it means for `result`."""
    r4_map = concept_map(
        f"{BASE}/ConceptMap/equivalences",
        [
            group(
                f"{SOURCE}-r4",
                TARGET,
                *(
                    {"code": word, "target": [{"code": f"T-{word}", "equivalence": word, "comment": "said so"}]}
                    for word in _MEANING
                ),
                {"code": "mislabelled", "target": [{"code": "M", "equivalence": WIDER}]},
            )
        ],
    )
    suite = Suite("relationships", "The codes of R4 and R5, and result", {"map": _MAP, "r4-map": r4_map})
    for word, relationship in _MEANING.items():
        answer = match(_c(f"T-{word}"), relationship, f"{BASE}/ConceptMap/equivalences|1.0", equivalence=word)
        suite.ask(
            f"r4-{word}",
            f"R4's {word} is {relationship} in R5 and stays {word} in R4",
            {"sourceCode": word, "system": f"{SOURCE}-r4"},
            not_found(answer) if word == "disjoint" else found(answer),
        )
    suite.ask(
        "r5-code-under-equivalence",
        "A map that says equivalence and means R5's relationship is understood",
        {"sourceCode": "mislabelled", "system": f"{SOURCE}-r4"},
        found(match(_c("M"), WIDER, f"{BASE}/ConceptMap/equivalences|1.0")),
    )
    suite.ask(
        "all-matches",
        "All matches are returned, those that are not equivalent too; result is true if one relates",
        {"url": MAP, "sourceCode": "B", "system": SOURCE},
        found(
            match(_c("1"), NARROWER, ORIGIN),
            match(_c("2"), WIDER, ORIGIN),
            match(_c("3"), "not-related-to", ORIGIN),
        ),
    )
    suite.ask(
        "only-not-related",
        "A match that says not-related-to alone is returned, and result is false",
        {"url": MAP, "sourceCode": "C", "system": SOURCE},
        not_found(match(_c("4"), "not-related-to", ORIGIN)),
    )
    suite.ask(
        "related-counts",
        "related-to makes result true",
        {"url": MAP, "sourceCode": "D", "system": SOURCE},
        found(match(_c("5"), "related-to", ORIGIN)),
    )
    return suite


_MEANING = {
    "equal": "equivalent",
    "equivalent": "equivalent",
    "wider": WIDER,
    "subsumes": WIDER,
    "narrower": NARROWER,
    "specializes": NARROWER,
    "relatedto": "related-to",
    "inexact": "related-to",
    "disjoint": "not-related-to",
}


def nothing() -> Suite:
    """Nothing found is an answer."""
    suite = Suite("nothing", "Nothing found is an answer, not an error", {"map": _MAP})
    cases: dict[str, tuple[str, Json]] = {
        "unknown-code": ("A code that the map does not list", {"sourceCode": "ZZ", "system": SOURCE}),
        "unknown-system": ("A system that no map knows", {"sourceCode": "A", "system": OTHER}),
        "code-of-the-target": ("A target code is no source code", {"sourceCode": "1", "system": TARGET}),
        "element-without-target": ("An element that says nothing", {"sourceCode": "E", "system": SOURCE}),
        "unknown-target-code": ("In reverse", {"targetCode": "99", "targetSystem": TARGET}),
    }
    for name, (description, request) in cases.items():
        suite.ask(name, description, {"url": MAP, **request}, not_found())
        suite.ask(f"{name}-without-url", f"{description}; no map is named", request, not_found())
    return suite


def concepts() -> Suite:
    """CodeableConcepts."""
    suite = Suite("concepts", "Every coding of a CodeableConcept is translated", {"map": _MAP})
    a, b, d = _c("A", SOURCE), _c("B", SOURCE), _c("D", SOURCE)
    a_answer, d_answer = match(ONE, "equivalent", ORIGIN), match(_c("5"), "related-to", ORIGIN)
    b_answers = (
        match(_c("1"), NARROWER, ORIGIN),
        match(_c("2"), WIDER, ORIGIN),
        match(_c("3"), "not-related-to", ORIGIN),
    )

    def ask(name: str, description: str, codings: list[Json], answer: Json) -> None:
        suite.ask(name, description, {"url": MAP, "sourceCodeableConcept": {"coding": codings}}, answer)

    ask("two-codings", "The matches of each, in the order of the codings", [a, b], found(a_answer, *b_answers))
    ask("order", "The other order", [b, a], found(*b_answers, a_answer))
    ask("second-only", "The first coding is unknown, the second is not", [_c("ZZ", SOURCE), d], found(d_answer))
    ask("other-system", "A coding of a system that the map does not know", [_c("A", OTHER), d], found(d_answer))
    ask("none-known", "No coding is known", [_c("ZZ", SOURCE), _c("A", OTHER)], not_found())
    ask("the-same-twice", "A coding that stands there twice is translated once", [a, a], found(a_answer))
    ask("coding-without-system", "A coding without a system cannot be meant", [{"code": "A"}, d], found(d_answer))
    ask("coding-without-code", "Nor one without a code", [{"system": SOURCE}, d], found(d_answer))
    ask("with-text", "The display of a coding does not matter", [a | {"display": "Alpha"}], found(a_answer))
    r4 = {"codeableConcept": {"coding": [a, d], "text": "both"}}
    suite.ask(
        "r4-name",
        "R4's name of the parameter, no map named",
        r4,
        found(match(ONE, "equivalent", ORIGIN, r4_names=True), match(_c("5"), "related-to", ORIGIN, r4_names=True)),
    )
    return suite


def reverse() -> Suite:
    """From target to source."""
    suite = Suite("reverse", "From a target code to all its source codes", {"map": _MAP})
    alpha, b = _c("A", SOURCE, "Alpha"), _c("B", SOURCE)

    def both(**more: str) -> Json:
        return found(match(ONE, "equivalent", ORIGIN, source=alpha), match(_c("1"), NARROWER, ORIGIN, source=b), **more)

    ways: dict[str, Json] = {
        "code": {"targetCode": "1", "targetSystem": TARGET},
        "code-r4-target-system": {"targetCode": "1", "targetsystem": TARGET},
        "code-by-system": {"targetCode": "1", "system": TARGET},
        "coding": {"targetCoding": _c("1")},
        "codeable-concept": {"targetCodeableConcept": {"coding": [_c("1")]}},
        "code-and-reverse": {"targetCode": "1", "targetSystem": TARGET, "reverse": True},
        "code-and-source-system": {"targetCode": "1", "targetSystem": TARGET, "sourceSystem": SOURCE},
        "code-and-source-system-as-system": {"targetCode": "1", "targetSystem": TARGET, "system": SOURCE},
        "coding-and-source-system": {"targetCoding": _c("1"), "sourceSystem": SOURCE},
    }
    for name, way in ways.items():
        suite.ask(name, f"All sources, by {', '.join(way)}", {"url": MAP, **way}, both())
        suite.ask(f"{name}-without-url", f"All sources, by {', '.join(way)}, no map", way, both())
    suite.ask(
        "other-source-system",
        "Sources are wanted from a system that the map does not have",
        {"targetCode": "1", "targetSystem": TARGET, "sourceSystem": OTHER},
        not_found(),
    )
    suite.ask(
        "not-related",
        "A source that is not related is returned, and result is false",
        {"url": MAP, "targetCoding": _c("4")},
        not_found(match(_c("4"), "not-related-to", ORIGIN, source=_c("C", SOURCE))),
    )
    suite.ask(
        "two-target-codings",
        "Every coding of the CodeableConcept",
        {"url": MAP, "targetCodeableConcept": {"coding": [_c("5"), _c("4")]}},
        found(
            match(_c("5"), "related-to", ORIGIN, source=_c("D", SOURCE)),
            match(_c("4"), "not-related-to", ORIGIN, source=_c("C", SOURCE)),
        ),
    )
    r4_ways: dict[str, Json] = {
        "r4-code": {"code": "1", "system": TARGET, "reverse": True},
        "r4-coding": {"coding": _c("1"), "reverse": True},
        "r4-codeable-concept": {"codeableConcept": {"coding": [_c("1")]}, "reverse": True},
        "r4-code-and-targetsystem": {"code": "1", "system": TARGET, "targetsystem": SOURCE, "reverse": True},
    }
    for name, way in r4_ways.items():
        # An R4 client reads what it looked for in `concept`, and how that relates to what it gave
        answer = found(
            match(alpha, "equivalent", ORIGIN, source=alpha),
            match(b, NARROWER, ORIGIN, source=b, equivalence="wider"),
        )
        suite.ask(name, f"R4: {', '.join(way)}", {"url": MAP, **way}, answer, version="4")
        suite.ask(f"{name}-in-r5", f"The same in R5: {', '.join(way)}", {"url": MAP, **way}, both(), version="5")
    suite.ask(
        "reverse-false",
        "reverse=false is no reverse",
        {"url": MAP, "code": "A", "system": SOURCE, "reverse": False},
        found(match(ONE, "equivalent", ORIGIN, r4_names=True)),
    )
    return suite


def errors() -> Suite:
    """What is wrong is named."""
    suite = Suite("errors", "What is wrong is named", {"map": _MAP})
    a, coding = {"sourceCode": "A", "system": SOURCE}, _c("A", SOURCE)
    cases: dict[str, tuple[str, Json | list[Json], Json]] = {
        "no-concept": ("No concept is named", {"url": MAP}, wrong("$$", "code")),
        "nothing-at-all": ("No parameter at all", [], wrong("$$", "code")),
        "code-without-system": ("A code without a system", {"code": "A"}, wrong("$$", "system")),
        "source-code-without-system": ("The same in R5's words", {"sourceCode": "A"}, wrong("$$", "system")),
        "target-code-without-system": ("In reverse", {"targetCode": "1"}, wrong("$$", "targetSystem")),
        "system-without-code": ("A system without a code", {"system": SOURCE}, wrong("$$", "code")),
        "code-and-coding": ("Two ways", {"code": "A", "system": SOURCE, "coding": coding}, wrong("$$", "coding")),
        "two-versions-words": ("Two versions' words", {"code": "A", **a}, wrong("$$", "code", "sourceCode")),
        "source-and-target": ("Source and target", {"targetCode": "1", **a}, wrong("$$", "sourceCode", "targetCode")),
        "code-twice": ("Two codes", {"sourceCode": ["A", "B"], "system": SOURCE}, wrong("$$", "sourceCode")),
        "two-systems": ("Two systems", {"sourceSystem": OTHER, **a}, wrong("$$", "ystem")),
        "coding-without-system": ("A Coding without a system", {"coding": {"code": "A"}}, wrong("$$", "coding")),
        "coding-without-code": ("A Coding without a code", {"coding": {"system": SOURCE}}, wrong("$$", "coding")),
        "concept-without-coding": ("No coding", {"codeableConcept": {"text": "A"}}, wrong("$$", "codeableConcept")),
        "concept-without-systems": (
            "No coding with a system",
            {"codeableConcept": {"coding": [{"code": "A"}]}},
            wrong("$$", "codeableConcept"),
        ),
        "coding-is-text": ("The wrong type", [{"name": "coding", "valueString": "A"}], wrong("$$", "coding")),
        "code-is-number": ("The wrong type", [{"name": "code", "valueInteger": 5}], wrong("$$", "code")),
        "concept-is-coding": (
            "The wrong type",
            [{"name": "codeableConcept", "valueCoding": coding}],
            wrong("$$", "codeableConcept"),
        ),
        "reverse-is-text": (
            "The wrong type",
            [
                {"name": "code", "valueCode": "A"},
                {"name": "system", "valueUri": SOURCE},
                {"name": "reverse", "valueString": "yes"},
            ],
            wrong("$$", "reverse"),
        ),
        "unknown-map": ("A map that is not there", {"url": f"{MAP}-no", **a}, wrong("not-found", f"{MAP}-no")),
        "unknown-map-version": ("A version that is not there", {"url": f"{MAP}|9", **a}, wrong("not-found", "9")),
        "unknown-concept-map-version": (
            "The same by the parameter",
            {"url": MAP, "conceptMapVersion": "9", **a},
            wrong("not-found", "9"),
        ),
        "versions-contradict": (
            "url|version and conceptMapVersion contradict",
            {"url": f"{MAP}|1.0", "conceptMapVersion": "2.0", **a},
            wrong("$$", "conceptMapVersion"),
        ),
        "dependency-without-value": (
            "A dependency without a value",
            {"url": MAP, **a, "dependency": {"part": [{"name": "attribute", "valueUri": "http://x.example"}]}},
            wrong("$$", "dependency"),
        ),
        "inline-map-is-no-map": (
            "Another resource in place of the map",
            {**a, "conceptMap": {"resourceType": "Patient"}},
            wrong("$$", "ConceptMap"),
        ),
        "inline-map-is-text": (
            "A text in place of the map",
            [{"name": "conceptMap", "valueString": MAP}, {"name": "sourceCoding", "valueCoding": coding}],
            wrong("$$", "conceptMap"),
        ),
    }
    for name, (description, request, answer) in cases.items():
        suite.ask(name, description, request, answer)
    return suite


def suites() -> list[Suite]:
    """All of this file."""
    return [spelling(), relationships(), nothing(), concepts(), reverse(), errors()]
