"""What an answer says where the map says little: unmapped rules, noMap, displays, provenance."""

from __future__ import annotations

from tests.conformance.translate_cases.writing import (
    Json,
    Suite,
    asked,
    code_system,
    codes_of,
    concept_map,
    element,
    found,
    group,
    match,
    not_found,
    to,
    unmatched,
    value_set,
)

BASE = "http://translate.example"
TARGET = f"{BASE}/filling/target"


def _c(code: str, system: str = TARGET, **more: str) -> Json:
    return {"system": system, "code": code, **more}


_R5_UNMAPPED = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ConceptMap.group.unmapped"


def _in_r4(rule: Json) -> list[Json]:
    """R4 has no relationship and no value set in a rule: both travel in extensions, which runners pass on."""
    kinds = {"relationship": "valueCode", "valueSet": "valueCanonical"}
    return [{"url": f"{_R5_UNMAPPED}.{name}", kind: rule[name]} for name, kind in kinds.items() if name in rule]


def unmapped() -> Suite:
    """group.unmapped."""
    rules: dict[str, Json] = {
        "fixed": {"mode": "fixed", "code": "OTHER", "display": "Other", "relationship": "related-to"},
        "fixed-narrower": {"mode": "fixed", "code": "TOP", "relationship": "source-is-narrower-than-target"},
        "fixed-set": {"mode": "fixed", "valueSet": f"{BASE}/ValueSet/rest", "relationship": "related-to"},
        "same": {"mode": "use-source-code", "relationship": "equivalent"},
        "same-related": {"mode": "use-source-code", "relationship": "related-to"},
        "on": {"mode": "other-map", "otherMap": f"{BASE}/ConceptMap/unmapped-fixed"},
        "on-version": {"mode": "other-map", "otherMap": f"{BASE}/ConceptMap/unmapped-fixed|1.0"},
        "missing": {"mode": "other-map", "otherMap": f"{BASE}/ConceptMap/nowhere"},
        "circle-a": {"mode": "other-map", "otherMap": f"{BASE}/ConceptMap/unmapped-circle-b"},
        "circle-b": {"mode": "other-map", "otherMap": f"{BASE}/ConceptMap/unmapped-circle-a"},
        "itself": {"mode": "other-map", "otherMap": f"{BASE}/ConceptMap/unmapped-itself"},
    }
    setup = {
        f"map-{name}": concept_map(
            f"{BASE}/ConceptMap/unmapped-{name}",
            [
                group(
                    f"{BASE}/filling/source",
                    TARGET,
                    element("A", to(f"A-{name}")),
                    element("NO", noMap=True),
                    element("NR", to("x", "not-related-to")),
                    unmapped={**rule, "extension": _in_r4(rule)} if _in_r4(rule) else rule,
                )
            ],
        )
        for name, rule in rules.items()
    }
    setup["rest"] = value_set(f"{BASE}/ValueSet/rest", codes_of(f"{BASE}/filling/rest", "R1", "R2"))
    setup["rest-system"] = code_system(f"{BASE}/filling/rest", {"R1": "Rest 1", "R2": "Rest 2"})
    suite = Suite("unmapped", "Codes that a group does not list", setup)

    def ask(name: str, rule: str, description: str, answer: Json, code: str = "ZZ", **more: object) -> None:
        request = {"url": f"{BASE}/ConceptMap/unmapped-{rule}", "sourceCode": code, "system": f"{BASE}/filling/source"}
        suite.ask(name, description, {**request, **more}, answer)

    def of(rule: str) -> str:
        return f"{BASE}/ConceptMap/unmapped-{rule}|1.0"

    other = match(_c("OTHER", display="Other"), "related-to", of("fixed"))
    ask("fixed", "fixed", "A fixed code", found(other))
    ask("fixed-relationship", "fixed-narrower", "The rule's relationship",
        found(match(_c("TOP"), "source-is-narrower-than-target", of("fixed-narrower"))), )  # fmt: skip
    rest = f"{BASE}/filling/rest"
    ask("fixed-value-set", "fixed-set", "Each code of a value set", found(
        match(_c("R1", rest, display="Rest 1"), "related-to", of("fixed-set")),
        match(_c("R2", rest, display="Rest 2"), "related-to", of("fixed-set"))))  # fmt: skip
    ask("use-source-code", "same", "The same code in the target", found(match(_c("ZZ"), "equivalent", of("same"))))
    ask("use-source-code-related", "same-related", "With the rule's relationship",
        found(match(_c("ZZ"), "related-to", of("same-related"))))  # fmt: skip
    ask("other-map", "on", "Another map is asked", found(other))
    ask(
        "other-map-lists-it",
        "on",
        "A listed code never goes there",
        found(match(_c("A-on"), "equivalent", of("on"))),
        "A",
    )
    ask("other-map-version", "on-version", "Another map, by version", found(other))
    ask("other-map-missing", "missing", "One that is not there: said, no error",
        not_found(message=f"$fragments:{BASE}/ConceptMap/nowhere$"))  # fmt: skip
    ask("circle", "circle-a", "Two that name each other: said, no loop", not_found(message="$fragments:circle$"))
    ask("circle-of-one", "itself", "One that names itself", not_found(message="$fragments:circle$"))
    for rule in ("fixed", "same", "on"):
        listed = found(match(_c(f"A-{rule}"), "equivalent", of(rule)))
        ask(f"listed-{rule}", rule, "A listed code takes no rule", listed, "A")
        no_map = unmatched(of(rule))
        ask(f"no-map-{rule}", rule, "Nor one that has no map", not_found(no_map, message="$fragments:'NO'$"), "NO")
        not_related = match(_c("x"), "not-related-to", of(rule))
        ask(f"not-related-{rule}", rule, "Nor one that is not related", not_found(not_related), "NR")
        ask(
            f"other-system-{rule}",
            rule,
            "Nor a code of another system",
            not_found(),
            system=f"{BASE}/filling/elsewhere",
        )
    ask(
        "other-target",
        "fixed",
        "Nor where another target is wanted",
        not_found(),
        targetSystem=f"{BASE}/filling/elsewhere",
    )
    ask("same-target", "fixed", "The target that is wanted", found(other), targetSystem=TARGET)
    suite.ask("reverse", "In reverse there is no rule",
              {"url": f"{BASE}/ConceptMap/unmapped-fixed", "targetCoding": _c("OTHER")}, not_found())  # fmt: skip
    concept = {"coding": [_c("A", f"{BASE}/filling/source"), _c("ZZ", f"{BASE}/filling/source")]}
    suite.ask("concept", "Coding by coding",
              {"url": f"{BASE}/ConceptMap/unmapped-fixed", "sourceCodeableConcept": concept},
              found(match(_c("A-fixed"), "equivalent", of("fixed")), other))  # fmt: skip
    return suite


_NO_MAP_COMMENT = "http://hl7.org/fhir/4.0/StructureDefinition/extension-ConceptMap.group.element.target.comment"


def no_map() -> Suite:
    """noMap."""
    source, url = f"{BASE}/nomap/source", f"{BASE}/ConceptMap/no-map"
    second = f"{BASE}/ConceptMap/no-map-r4"
    reason = {"extension": [{"url": _NO_MAP_COMMENT, "valueString": "too vague"}]}
    groups = [
        group(
            source, TARGET, element("VAGUE", noMap=True, **reason), element("NONE", noMap=True), element("A", to("1"))
        )
    ]
    r4_element = {"code": "R4", "target": [{"equivalence": "unmatched", "comment": "nothing fits"}]}
    suite = Suite(
        "no-map",
        "A code that has no map is told with its reason",
        {"map": concept_map(url, groups), "r4": concept_map(second, [group(f"{source}-r4", TARGET, r4_element)])},
    )
    origin = f"{url}|1.0"
    r4_origin = f"{second}|1.0"

    def ask(name: str, description: str, code: str, answer: Json, **more: str) -> None:
        suite.ask(name, description, {"url": url, "sourceCode": code, "system": source}, answer, **more)

    vague = not_found(unmatched(origin), message="$fragments:'VAGUE'|has no map$")
    ask("without-reason", "No reason", "NONE", not_found(unmatched(origin), message="$fragments:'NONE'|has no map$"))
    ask("with-reason-r5", "The reason is told", "VAGUE",
        not_found(message="$fragments:'VAGUE'|has no map|too vague$"), version="5")  # fmt: skip
    ask("found", "Others are found", "A", found(match(_c("1"), "equivalent", origin)))
    ask("in-both", "Told in every version", "VAGUE", vague)
    suite.ask("r4-unmatched", "R4's unmatched is the same", {"url": second, "sourceCode": "R4", "system": f"{source}-r4"},
              not_found(unmatched(r4_origin), message="$fragments:'R4'|has no map|nothing fits$"))  # fmt: skip
    concept = {"coding": [_c("NONE", source), _c("A", source)]}
    suite.ask("beside-another", "A CodeableConcept of which one coding has a map",
              {"url": url, "sourceCodeableConcept": concept},
              found(unmatched(origin), match(_c("1"), "equivalent", origin), message="$fragments:'NONE'$"))  # fmt: skip
    return suite


def displays() -> Suite:
    """Displays."""
    source, url = f"{BASE}/names/source", f"{BASE}/ConceptMap/names"
    target = f"{BASE}/names/target"
    designations = [
        {"language": "sv", "value": "Akut hjärtinfarkt"},
        {"language": "nb", "value": "Akutt hjerteinfarkt"},
    ]
    suite = Suite(
        "displays",
        "Displays, in the language asked for where the target code system has them",
        {
            "target": code_system(
                target,
                {"1": {"display": "Acute infarction", "designation": designations}, "2": "Angina"},
                language="en",
                version="1",
            ),
            "map": concept_map(
                url,
                [
                    group(
                        source,
                        target,
                        element("A", to("1", display="Acute infarction")),
                        element("B", to("2", display="Angina")),
                    )
                ],
            ),
        },
    )
    ask = {"url": url, "sourceCode": "A", "system": source}

    def named(display: str, code: str = "1") -> Json:
        return found(match({"system": target, "code": code, "display": display}, "equivalent", f"{url}|1.0"))

    suite.ask("default", "No language asked for", ask, named("Acute infarction"))
    suite.ask("swedish", "displayLanguage", {**ask, "displayLanguage": "sv"}, named("Akut hjärtinfarkt"))
    suite.ask("norwegian", "Another one", {**ask, "displayLanguage": "nb"}, named("Akutt hjerteinfarkt"))
    suite.ask(
        "region",
        "A region of a language that is there",
        {**ask, "displayLanguage": "sv-SE"},
        named("Akut hjärtinfarkt"),
    )
    suite.ask("english", "The system's own", {**ask, "displayLanguage": "en"}, named("Acute infarction"))
    suite.ask("not-there", "One that is not there", {**ask, "displayLanguage": "is"}, named("Acute infarction"))
    suite.ask("code-without", "A code without designations", {**ask, "sourceCode": "B", "displayLanguage": "sv"},
              named("Angina", "2"))  # fmt: skip
    suite.ask("header", "Accept-Language", ask, named("Akut hjärtinfarkt"), accept_language="sv")
    suite.ask(
        "header-weights", "The weights count", ask, named("Akutt hjerteinfarkt"), accept_language="sv;q=0.2, nb;q=0.9"
    )
    suite.ask("parameter-is-stronger", "The parameter is stronger than the header", {**ask, "displayLanguage": "nb"},
              named("Akutt hjerteinfarkt"), accept_language="sv")  # fmt: skip
    back = {"url": url, "targetCoding": {"system": target, "code": "1"}, "displayLanguage": "sv"}
    suite.ask("reverse", "In reverse", back, found(match(
        {"system": target, "code": "1", "display": "Akut hjärtinfarkt"}, "equivalent", f"{url}|1.0",
        source=_c("A", source))))  # fmt: skip
    return suite


def many() -> Suite:
    """Size."""
    source, url = f"{BASE}/many/source", f"{BASE}/ConceptMap/many"
    elements = [element(f"S{n}", to(f"T{n}"), to("ALL", "source-is-narrower-than-target")) for n in range(300)]
    suite = Suite(
        "many", "Many elements, one target of all", {"map": concept_map(url, [group(source, TARGET, *elements)])}
    )
    origin = f"{url}|1.0"
    for number in (0, 150, 299):
        suite.ask(f"forth-{number}", "One of many", asked(url=url, sourceCode=f"S{number}", system=source), found(
            match(_c(f"T{number}"), "equivalent", origin),
            match(_c("ALL"), "source-is-narrower-than-target", origin)))  # fmt: skip
    suite.ask("back", "All sources of one target", asked(url=url, targetCoding=_c("ALL")), found(*(
        match(_c("ALL"), "source-is-narrower-than-target", origin, source=_c(f"S{n}", source)) for n in range(300)
    )))  # fmt: skip
    return suite


def suites() -> list[Suite]:
    """All of this file."""
    return [unmapped(), no_map(), displays(), many()]
