"""What stands beside the plain cases: several things at once, other types of values, longer chains, stranger requests."""

from __future__ import annotations

from tests.conformance.translate_cases.writing import (
    ONLY_R4,
    ONLY_R5,
    Json,
    Suite,
    asked,
    codes_of,
    concept_map,
    dependency,
    element,
    found,
    group,
    match,
    not_found,
    to,
    unmatched,
    value_set,
    wrong,
)

BASE = "http://neighbours.example"
SOURCE, TARGET, OTHER, THIRD = (f"{BASE}/{name}" for name in ("source", "target", "other", "third"))


def _c(system: str, code: str, **more: str) -> Json:
    return {"system": system, "code": code, **more}


def _part(name: str, attribute: str, value: Json, concept: Json) -> list[Json]:
    """A product or condition in R4's words and in R5's."""
    r4 = [{"name": "concept", "valueCoding": concept}, {"name": "element", "valueUri": attribute}]
    r5 = [{"name": "attribute", "valueUri": attribute}, {"name": "value", **value}]
    return [{**ONLY_R4, "name": name, "part": r4}, {**ONLY_R5, "name": name, "part": r5}]


def concepts() -> Suite:
    """A CodeableConcept whose codings are in three systems, of one map and of two."""
    url, second = f"{BASE}/ConceptMap/three", f"{BASE}/ConceptMap/three-more"
    origin = f"{url}|1.0"
    systems = [f"{SOURCE}-{number}" for number in (1, 2, 3)]
    groups = [group(system, TARGET, element("A", to(f"T{number}"))) for number, system in enumerate(systems)]
    setup = {
        "map": concept_map(url, [*groups, group(systems[2], OTHER, element("A", to("O")))]),
        "second": concept_map(second, [group(systems[0], TARGET, element("A", to("S")))]),
    }
    suite = Suite("three-systems", "A CodeableConcept with codings in three systems", setup)
    concept = {"coding": [_c(system, "A") for system in systems]}
    every = [match(_c(TARGET, f"T{number}"), "equivalent", origin) for number in range(3)]
    leads_on = match(_c(OTHER, "O"), "equivalent", origin)
    beside = match(_c(TARGET, "S"), "equivalent", f"{second}|1.0")
    ask = suite.ask
    ask("all", "Every coding of every system", {"url": url, "sourceCodeableConcept": concept}, found(*every, leads_on))
    ask("two-maps", "Of two maps", {"sourceCodeableConcept": concept}, found(*every, leads_on, beside))
    ask(
        "target-system",
        "Only into one system",
        {"sourceCodeableConcept": concept, "targetSystem": OTHER},
        found(leads_on),
    )
    both = {"sourceCodeableConcept": concept, "targetSystem": [TARGET, OTHER], "url": url}
    ask("two-target-systems", "Into either of two", both, found(*every, leads_on))
    either = asked(sourceCodeableConcept=concept, url=url, targetsystem=TARGET, targetSystem=OTHER)
    ask("two-spellings", "Both spellings are read", either, found(*every, leads_on))
    stranger = {"text": "A", "coding": [_c(f"{BASE}/nowhere", "A"), {"code": "A"}, _c(systems[1], "A")]}
    ask("one-known", "One known among strangers", {"sourceCodeableConcept": stranger}, found(every[1]))
    back = {"coding": [_c(TARGET, "T1"), _c(OTHER, "O"), _c(TARGET, "none")]}
    ask(
        "reverse",
        "Back from two systems",
        {"targetCodeableConcept": back},
        found(
            match(_c(TARGET, "T1"), "equivalent", origin, source=_c(systems[1], "A")),
            match(_c(OTHER, "O"), "equivalent", origin, source=_c(systems[2], "A")),
        ),
    )
    back_from = {"targetCodeableConcept": back, "sourceSystem": systems[2]}
    wanted = match(_c(OTHER, "O"), "equivalent", origin, source=_c(systems[2], "A"))
    ask("reverse-from-one", "Back to one system", back_from, found(wanted))
    return suite


def reverse_with_scopes() -> Suite:
    """Reverse through several maps and value sets."""
    first, second, scope = f"{BASE}/ConceptMap/r1", f"{BASE}/ConceptMap/r2", f"{BASE}/ValueSet/some"
    setup = {
        "first": concept_map(first, [group(SOURCE, TARGET, element("A", to("X")), element("B", to("X"), to("Y")))]),
        "second": concept_map(second, [group(OTHER, TARGET, element("C", to("X", "source-is-narrower-than-target")))]),
        "scope": value_set(scope, codes_of(SOURCE, "B"), codes_of(OTHER, "C")),
    }
    suite = Suite("reverse-scopes", "Reverse through several maps, with value sets", setup)

    def back(code: str, system: str, url: str, relationship: str = "equivalent") -> Json:
        return match(_c(TARGET, "X"), relationship, f"{url}|1.0", source=_c(system, code))

    a, b = back("A", SOURCE, first), back("B", SOURCE, first)
    c = back("C", OTHER, second, "source-is-narrower-than-target")
    given = {"targetCode": "X", "targetSystem": TARGET}
    suite.ask("all", "All sources of all maps", given, found(a, b, c))
    suite.ask("scope", "Only sources in a value set", {**given, "sourceScope": scope}, found(b, c))
    suite.ask("scope-and-url", "And of one map", {**given, "sourceScope": scope, "url": first}, found(b))
    suite.ask("scope-and-system", "And of one system", {**given, "sourceScope": scope, "sourceSystem": OTHER}, found(c))
    # R4: reverse turns the meaning of source and target round
    r4 = {"code": "X", "system": TARGET, "reverse": True}
    seen = [
        match(_c(SOURCE, "B"), "equivalent", f"{first}|1.0", source=_c(SOURCE, "B")),
        match(
            _c(OTHER, "C"),
            "source-is-broader-than-target",
            f"{second}|1.0",
            source=_c(OTHER, "C"),
        ),
    ]
    suite.ask(
        "r4-target-scope",
        "R4's target is then the sources' value set",
        {**r4, "target": scope},
        found(*seen),
        version="4",
    )
    return suite


_AGE, _SMOKES, _SIDE, _KIND, _SEX = (f"{BASE}/attributes/{name}" for name in ("age", "smokes", "side", "kind", "sex"))


def conditions() -> Suite:
    """Conditions of every type of value."""
    url = f"{BASE}/ConceptMap/typed"
    origin = f"{url}|1.0"
    years = {"value": 18, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"}
    sexes = f"{BASE}/sexes"
    typed: dict[str, tuple[str, Json, Json]] = {
        "Q": (_AGE, {"valueQuantity": years}, {"code": "18 a"}),
        "B": (_SMOKES, {"valueBoolean": True}, {"code": "true"}),
        "S": (_SIDE, {"valueString": "left"}, {"code": "left"}),
        "K": (_KIND, {"valueCode": "acute"}, {"code": "acute"}),
        "C": (_SEX, {"valueCoding": _c(sexes, "f")}, _c(sexes, "f")),
    }
    names = {_AGE: "age", _SMOKES: "smokes", _SIDE: "side", _KIND: "kind", _SEX: "sex"}
    kinds = {_AGE: "Quantity", _SMOKES: "boolean", _SIDE: "string", _KIND: "code", _SEX: "Coding"}
    elements = [
        element(code, to(f"T-{code}", dependsOn=[{"attribute": names[uri], **value}]))
        for code, (uri, value, _) in typed.items()
    ]
    declared = [{"code": names[uri], "uri": uri, "type": kind} for uri, kind in kinds.items()]
    setup = concept_map(url, [group(SOURCE, TARGET, *elements)], additionalAttribute=declared)
    suite = Suite("condition-types", "Conditions of every type", {"map": setup})

    def answer(code: str) -> Json:
        uri, value, concept = typed[code]
        return found(match(_c(TARGET, f"T-{code}"), "equivalent", origin, *_part("dependsOn", uri, value, concept)))

    def ask(name: str, code: str, description: str, given: Json, *, fits: bool) -> None:
        listed = [*asked(url=url, sourceCode=code, system=SOURCE), {"name": "dependency", **given}]
        suite.ask(name, description, listed, answer(code) if fits else not_found())

    ask("quantity", "Q", "A Quantity", dependency(_AGE, valueQuantity=years), fits=True)
    ask("quantity-decimal", "Q", "18.0 is 18", dependency(_AGE, valueQuantity={**years, "value": 18.0}), fits=True)
    ask("quantity-other", "Q", "19 is not", dependency(_AGE, valueQuantity={**years, "value": 19}), fits=False)
    ask("quantity-unit", "Q", "Nor 18 months", dependency(_AGE, valueQuantity={**years, "code": "mo"}), fits=False)
    ask("boolean", "B", "A boolean", dependency(_SMOKES, valueBoolean=True), fits=True)
    ask("boolean-other", "B", "The other one", dependency(_SMOKES, valueBoolean=False), fits=False)
    ask("boolean-as-text", "B", "A boolean as a text", dependency(_SMOKES, valueString="true"), fits=True)
    ask("code", "K", "A code", dependency(_KIND, valueCode="acute"), fits=True)
    ask("code-as-coding", "K", "A code as a Coding", dependency("kind", valueCoding={"code": "acute"}), fits=True)
    ask("coding-as-code", "C", "A Coding by its code", dependency(_SEX, valueCode="f"), fits=True)
    other = {"valueCoding": _c(f"{BASE}/others", "f")}
    ask("coding-of-other-system", "C", "The same code of another system", dependency(_SEX, **other), fits=False)
    text, codings = {"text": "left"}, {"coding": [{"code": "left"}]}
    ask(
        "r4-text",
        "S",
        "R4 has a CodeableConcept: its text",
        dependency(_SIDE, r4=True, valueCodeableConcept=text),
        fits=True,
    )
    right = {"text": "right"}
    ask("r4-other-text", "S", "Another text", dependency(_SIDE, r4=True, valueCodeableConcept=right), fits=False)
    ask("r4-code", "S", "Or a code", dependency(_SIDE, r4=True, valueCodeableConcept=codings), fits=True)
    ask("other-attribute", "S", "Of an attribute nobody asks for", dependency(_AGE, valueString="left"), fits=True)
    empty = [
        *asked(url=url, sourceCode="S", system=SOURCE),
        {"name": "dependency", **dependency(_SIDE, valuePeriod={"start": "2020"})},
    ]
    suite.ask("no-type-of-a-condition", "A Period is no value of a condition", empty, wrong("$$", "dependency"))
    return suite


def products() -> Suite:
    """Products of every type, several of one target."""
    url = f"{BASE}/ConceptMap/makes"
    declared = [
        {"code": "age", "uri": _AGE, "type": "Quantity"},
        {"code": "smokes", "uri": _SMOKES, "type": "boolean"},
        {"code": "kind", "uri": _KIND, "type": "code"},
    ]
    dose = {"value": 2.5, "unit": "mg"}
    values = [
        {"attribute": "age", "valueQuantity": dose},
        {"attribute": "smokes", "valueBoolean": False},
        {"attribute": "kind", "valueCode": "acute"},
    ]
    setup = concept_map(
        url, [group(SOURCE, TARGET, element("P", to("1", product=values), to("2")))], additionalAttribute=declared
    )
    suite = Suite("product-types", "Products of every type", {"map": setup})
    parts = [
        *_part("product", _AGE, {"valueQuantity": dose}, {"code": "2.5 mg"}),
        *_part("product", _SMOKES, {"valueBoolean": False}, {"code": "false"}),
        *_part("product", _KIND, {"valueCode": "acute"}, {"code": "acute"}),
    ]
    answer = found(
        match(_c(TARGET, "1"), "equivalent", f"{url}|1.0", *parts), match(_c(TARGET, "2"), "equivalent", f"{url}|1.0")
    )
    suite.ask(
        "three", "Three of one target, none of the other", {"url": url, "sourceCode": "P", "system": SOURCE}, answer
    )
    return suite


def chains() -> Suite:
    """Maps for unmapped codes that lead from one to the next."""
    first, second, third = (f"{BASE}/ConceptMap/{name}" for name in ("c1", "c2", "c3"))

    def to_map(url: str) -> Json:
        return {"mode": "other-map", "otherMap": url}

    setup = {
        "first": concept_map(first, [group(SOURCE, TARGET, element("1", to("T1")), unmapped=to_map(second))]),
        "second": concept_map(second, [group(SOURCE, OTHER, element("2", to("T2")), unmapped=to_map(f"{third}|2.0"))]),
        "third": concept_map(
            third,
            [group(SOURCE, TARGET, element("3", to("T3")), {"code": "N", "noMap": True}, unmapped=to_map(first))],
            version="2.0",
        ),
    }
    suite = Suite("chains", "Maps for unmapped codes, one after the other", setup)

    def ask(name: str, description: str, code: str, answer: Json, **more: str) -> None:
        suite.ask(name, description, {"url": first, "sourceCode": code, "system": SOURCE, **more}, answer)

    ask("own", "The first lists it", "1", found(match(_c(TARGET, "T1"), "equivalent", f"{first}|1.0")))
    ask("second", "The second lists it", "2", found(match(_c(OTHER, "T2"), "equivalent", f"{second}|1.0")))
    ask("third", "The third, by its version", "3", found(match(_c(TARGET, "T3"), "equivalent", f"{third}|2.0")))
    ask("none", "None lists it: a circle of three, said and not followed", "9", not_found(message="$fragments:circle$"))
    ask(
        "no-map-at-the-end",
        "The last one says that there is no map",
        "N",
        not_found(unmatched(f"{third}|2.0"), message="$fragments:'N' has no map$"),
    )
    ask("other-target", "On the way into another system", "3", not_found(), targetSystem=OTHER)
    return suite


def standing() -> Suite:
    """Which version stands for a url, and what is said of one that is not in force."""
    retired, mixed, draft = (f"{BASE}/ConceptMap/{name}" for name in ("gone", "mixed", "planned"))
    old, bad = f"{BASE}/ConceptMap/c-old", f"{BASE}/ConceptMap/c-bad"
    to_old = {"mode": "other-map", "otherMap": old}

    def one(url: str, target: str, version: str, status: str) -> Json:
        return concept_map(url, [group(f"{url}/s", TARGET, element("A", to(target)))], version=version, status=status)

    setup = {
        "gone": one(retired, "R", "1.0", "retired"),
        "mixed-1": one(mixed, "old", "1.0", "active"),
        "mixed-2": one(mixed, "new", "2.0", "retired"),
        "planned": one(draft, "D", "1.0", "draft"),
        "old": concept_map(old, [group(THIRD, TARGET, element("O", to("TO")))], status="retired"),
        "bad": concept_map(bad, [group(THIRD, TARGET, element("B", to("TB")), unmapped=to_old)]),
    }
    suite = Suite("standing", "Maps that are not in force", setup, storable=False)

    def ask(name: str, description: str, of_map: str, answer: Json, **more: str) -> None:
        suite.ask(name, description, {"sourceCode": "A", "system": f"{of_map}/s", **more}, answer)

    ask("newest-retired", "The newest one is retired: the one in force answers", mixed,
        found(match(_c(TARGET, "old"), "equivalent", f"{mixed}|1.0")), url=mixed)  # fmt: skip
    for word, url, code in (("retired", retired, "R"), ("draft", draft, "D")):
        wanted = found(match(_c(TARGET, code), "equivalent", f"{url}|1.0"))
        ask(f"{word}-by-url", f"A map that is {word} answers where it is named", url, wanted, url=url)
        ask(f"{word}-by-version", "By its version too", url, wanted, url=f"{url}|1.0")
    onward = {"url": bad, "sourceCode": "O", "system": THIRD}
    answer = found(match(_c(TARGET, "TO"), "equivalent", f"{old}|1.0"))
    suite.ask("unmapped-into-retired", "A rule for unmapped codes names a retired map: it answers", onward, answer)
    return suite


def no_map() -> Suite:
    """No map, in one of several maps and groups."""
    first, second = f"{BASE}/ConceptMap/n1", f"{BASE}/ConceptMap/n2"
    because = {
        "extension": [
            {
                "url": "http://hl7.org/fhir/4.0/StructureDefinition/extension-ConceptMap.group.element.target.comment",
                "valueString": "nothing fits",
            }
        ]
    }
    setup = {
        "first": concept_map(
            first,
            [
                group(SOURCE, TARGET, {"code": "N", "noMap": True, **because}, {"code": "M", "noMap": True}),
                group(SOURCE, OTHER, element("M", to("O"))),
            ],
        ),
        "second": concept_map(second, [group(SOURCE, TARGET, element("N", to("T")))]),
    }
    suite = Suite("no-map-beside", "No map here, a target there", setup)
    base = {"system": SOURCE}
    suite.ask(
        "reason",
        "The reason is the message",
        {**base, "url": first, "sourceCode": "N"},
        not_found(unmatched(f"{first}|1.0"), message="$fragments:nothing fits$"),
    )
    suite.ask(
        "other-group",
        "Another group has a target: both are said",
        {**base, "url": first, "sourceCode": "M"},
        found(
            unmatched(f"{first}|1.0"),
            match(_c(OTHER, "O"), "equivalent", f"{first}|1.0"),
            message="$fragments:'M' has no map$",
        ),
    )
    suite.ask(
        "other-map",
        "Another map has a target: both are said",
        {**base, "sourceCode": "N"},
        found(
            unmatched(f"{first}|1.0"),
            match(_c(TARGET, "T"), "equivalent", f"{second}|1.0"),
            message="$fragments:nothing fits$",
        ),
    )
    return suite


def errors() -> Suite:
    """Requests that are damaged: the parameter is named."""
    suite = Suite("damaged", "Damaged requests are refused, and the parameter is named", {})
    right = asked(sourceCode="A", system=SOURCE)
    inline = concept_map(f"{BASE}/ConceptMap/i", [group(SOURCE, TARGET, element("A", to("1")))])

    def ask(name: str, description: str, *parameters: Json, named: str) -> None:
        suite.ask(name, description, [*right, *parameters], wrong("$$", named))

    def brought(**change: object) -> Json:
        return {"name": "conceptMap", "resource": {**inline, **change}}

    other = {"name": "conceptMap", "resource": {**inline, "url": f"{BASE}/ConceptMap/j"}}
    ask("two-inline-maps", "Two maps where one may be", brought(), other, named="conceptMap")
    ask("inline-group", "A group that is none", brought(group="x"), named="conceptMap")
    strange = [group(SOURCE, TARGET, element("A", to("1", "perhaps")))]
    ask("inline-relationship", "A relationship that is none", brought(group=strange), named="conceptMap")
    nameless = [group(SOURCE, TARGET, {"target": [to("1")]})]
    ask("inline-without-code", "An element without a code", brought(group=nameless), named="conceptMap")
    torn = [group(SOURCE, TARGET, {"code": "A", "noMap": True, "target": [to("1")]})]
    ask("inline-no-map-with-target", "No map, and a target", brought(group=torn), named="conceptMap")
    ask("two-values", "Two values of one parameter", {"name": "url", "valueUri": "a", "valueString": "b"}, named="url")
    ask("value-is-list", "A value that is a list", {"name": "url", "valueUri": ["a"]}, named="url")
    ask("url-is-boolean", "A value of the wrong type", {"name": "url", "valueBoolean": True}, named="url")
    ask("two-urls", "Two maps by url", *asked(url=["http://a.example", "http://b.example"]), named="url")
    ask("two-versions", "Two versions", *asked(version=["1", "2"]), named="version")
    ask("empty-dependency", "A dependency without parts", {"name": "dependency"}, named="dependency")
    bare = dependency(_SIDE, r4=True, valueCodeableConcept={"id": "x"})
    ask(
        "concept-without-value",
        "A concept with neither coding nor text",
        {"name": "dependency", **bare},
        named="dependency",
    )
    return suite


def suites() -> list[Suite]:
    """All of this file."""
    return [concepts(), reverse_with_scopes(), conditions(), products(), chains(), standing(), no_map(), errors()]
