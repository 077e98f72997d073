"""Which map, which group, which target: systems, versions, value sets, dependencies."""

from __future__ import annotations

from tests.conformance.translate_cases.writing import (
    Json,
    Suite,
    asked,
    code_system,
    codes_of,
    concept_map,
    dependency,
    element,
    found,
    group,
    match,
    not_found,
    to,
    value_set,
    wrong,
)

BASE = "http://translate.example"


def _c(system: str, code: str, **more: str) -> Json:
    return {"system": system, "code": code, **more}


def target_systems() -> Suite:
    """Target systems."""
    source, one, two = f"{BASE}/choose/source", f"{BASE}/choose/one", f"{BASE}/choose/two"
    url = f"{BASE}/ConceptMap/two-targets"
    origin = f"{url}|1.0"
    groups = [
        group(source, one, element("A", to("1"))),
        group(source, two, element("A", to("I"), to("II", "related-to"))),
    ]
    suite = Suite("target-system", "Only groups that lead to the system asked for", {"map": concept_map(url, groups)})
    in_one = match(_c(one, "1"), "equivalent", origin)
    in_two = (match(_c(two, "I"), "equivalent", origin), match(_c(two, "II"), "related-to", origin))
    ask = {"sourceCode": "A", "system": source}
    for mode, named in (("", {"url": url}), ("-without-url", {})):
        suite.ask(f"none{mode}", "No system named: all groups", {**named, **ask}, found(in_one, *in_two))
        for spelling in ("targetSystem", "targetsystem"):
            first, second = {**named, **ask, spelling: one}, {**named, **ask, spelling: two}
            suite.ask(f"{spelling.lower()}-{spelling[6]}-first{mode}", spelling, first, found(in_one))
            suite.ask(f"{spelling.lower()}-{spelling[6]}-second{mode}", spelling, second, found(*in_two))
            unknown = {**named, **ask, spelling: f"{BASE}/choose/none"}
            suite.ask(
                f"{spelling.lower()}-{spelling[6]}-unknown{mode}", f"{spelling} that no map has", unknown, not_found()
            )
    suite.ask("r4-words", "R4's words", {"code": "A", "system": source, "targetsystem": one},
              found(match(_c(one, "1"), "equivalent", origin, r4_names=True)))  # fmt: skip
    suite.ask(
        "source-is-no-target", "The source's own system is no target", {**ask, "targetSystem": source}, not_found()
    )
    reverse = {"targetCode": "1", "targetSystem": one}
    suite.ask("reverse-in-one", "In reverse the target's system chooses the group", reverse,
              found(match(_c(one, "1"), "equivalent", origin, source=_c(source, "A"))))  # fmt: skip
    other = {"targetCode": "1", "targetSystem": two}
    suite.ask("reverse-in-two", "The same code of the other system is another", other, not_found())
    return suite


def system_versions() -> Suite:
    """Versions of code systems."""
    source, target = f"{BASE}/versioned/source", f"{BASE}/versioned/target"
    url = f"{BASE}/ConceptMap/versioned"
    origin = f"{url}|1.0"
    groups = [group(f"{source}|2", f"{target}|2019", element("A", to("1")))]
    suite = Suite("system-version", "Versions of the source and target system", {"map": concept_map(url, groups)})
    answer = found(match(_c(target, "1", version="2019"), "equivalent", origin))
    cases: dict[str, tuple[str, Json, Json]] = {
        "none": ("No version: the map's will do", {"sourceCode": "A", "system": source}, answer),
        "same": ("The map's version", {"sourceCode": "A", "system": source, "version": "2"}, answer),
        "same-in-system": ("system|version", {"sourceCode": "A", "system": f"{source}|2"}, answer),
        "other": ("Another version", {"sourceCode": "A", "system": source, "version": "3"}, not_found()),
        "other-in-system": ("system|version, another", {"sourceCode": "A", "system": f"{source}|3"}, not_found()),
        "same-in-coding": ("In a Coding", {"sourceCoding": _c(source, "A", version="2")}, answer),
        "other-in-coding": ("In a Coding, another", {"sourceCoding": _c(source, "A", version="3")}, not_found()),
        "bar-in-coding": ("system|version in a Coding", {"sourceCoding": _c(f"{source}|2", "A")}, answer),
        "target-same": (
            "The target's version",
            {"sourceCode": "A", "system": source, "targetSystem": f"{target}|2019"},
            answer,
        ),
        "target-other": (
            "Another version of the target",
            {"sourceCode": "A", "system": source, "targetSystem": f"{target}|2025"},
            not_found(),
        ),
    }
    for name, (description, request, response) in cases.items():
        suite.ask(name, description, {"url": url, **request}, response)
    back = match(_c(target, "1", version="2019"), "equivalent", origin, source=_c(source, "A", version="2"))
    suite.ask(
        "reverse",
        "Both versions stand in the answer, never in the system",
        {"targetCoding": _c(target, "1")},
        found(back),
    )
    return suite


def map_versions() -> Suite:
    """Versions of the map."""
    source, target = f"{BASE}/history/source", f"{BASE}/history/target"
    url = f"{BASE}/ConceptMap/history"

    def version(number: str, code: str, status: str = "active") -> Json:
        return concept_map(url, [group(source, target, element("A", to(code)))], version=number, status=status)

    suite = Suite(
        "map-version",
        "The newest active version of a map, by the natural order of versions; a version pins",
        {
            "v10": version("10.0", "10"),
            "v2": version("2.0", "2"),
            "v9": version("9.0", "9"),
            "v11": version("11.0-draft", "11", "draft"),
            "v1": version("1.0", "1", "retired"),
        },
        storable=False,
    )
    ask = {"sourceCode": "A", "system": source}

    def answer(code: str, number: str) -> Json:
        return found(match(_c(target, code), "equivalent", f"{url}|{number}"))

    suite.ask(
        "newest-active", "10.0 is newer than 9.0; the draft is not active", {"url": url, **ask}, answer("10", "10.0")
    )
    for number, code in (("2.0", "2"), ("9.0", "9"), ("1.0", "1"), ("11.0-draft", "11")):
        suite.ask(f"pinned-{number}", "url|version", {"url": f"{url}|{number}", **ask}, answer(code, number))
        pinned = {"url": url, "conceptMapVersion": number, **ask}
        suite.ask(f"parameter-{number}", "conceptMapVersion", pinned, answer(code, number))
    return suite


def several_maps() -> Suite:
    """Several maps."""
    source, one, two = f"{BASE}/several/source", f"{BASE}/several/one", f"{BASE}/several/two"
    first, second = f"{BASE}/ConceptMap/first", f"{BASE}/ConceptMap/second"
    suite = Suite(
        "several-maps",
        "Without a url every map that fits answers, each match with its originMap",
        {
            "first": concept_map(first, [group(source, one, element("A", to("1")), element("B", to("2")))]),
            "second": concept_map(second, [group(source, two, element("A", to("I", "related-to")))], version="7"),
            "third": concept_map(f"{BASE}/ConceptMap/third", [group(one, two, element("A", to("no")))]),
        },
    )
    in_first = match(_c(one, "1"), "equivalent", f"{first}|1.0")
    in_second = match(_c(two, "I"), "related-to", f"{second}|7")
    ask = {"sourceCode": "A", "system": source}
    suite.ask("both", "Two maps", ask, found(in_first, in_second))
    suite.ask("first-by-url", "One by its url", {"url": first, **ask}, found(in_first))
    suite.ask("second-by-url", "The other by its url", {"url": second, **ask}, found(in_second))
    suite.ask("by-target-system", "One by its target system", {**ask, "targetSystem": two}, found(in_second))
    suite.ask("only-one-lists-it", "A code that one of both lists", {**ask, "sourceCode": "B"},
              found(match(_c(one, "2"), "equivalent", f"{first}|1.0")))  # fmt: skip
    suite.ask(
        "wrong-url", "A map that does not have the system", {"url": f"{BASE}/ConceptMap/third", **ask}, not_found()
    )
    two_codings = {"sourceCodeableConcept": {"coding": [_c(source, "A"), _c(one, "A")]}}
    suite.ask("codings-of-two-systems", "Each coding finds its maps", two_codings,
              found(in_first, in_second, match(_c(two, "no"), "equivalent", f"{BASE}/ConceptMap/third|1.0")))  # fmt: skip
    back = {"targetCoding": _c(two, "I")}
    suite.ask("reverse", "In reverse the maps into the system", back,
              found(match(_c(two, "I"), "related-to", f"{second}|7", source=_c(source, "A"))))  # fmt: skip
    return suite


def inline_maps() -> Suite:
    """Maps in the request."""
    source, target = f"{BASE}/inline/source", f"{BASE}/inline/target"
    suite = Suite("inline", "A map that comes in the request", {}, storable=False)
    plain = {
        "resourceType": "ConceptMap",
        "status": "draft",
        "group": [group(source, target, element("A", to("1", display="One")), element("B"))],
    }
    named = {**plain, "url": f"{BASE}/ConceptMap/inline", "version": "3"}
    ask = {"sourceCode": "A", "system": source}
    one = _c(target, "1", display="One")
    suite.ask("nameless", "Without a url there is no originMap", {"conceptMap": plain, **ask},
              found(match(one, "equivalent", None)))  # fmt: skip
    with_origin = match(one, "equivalent", f"{BASE}/ConceptMap/inline|3")
    suite.ask("named", "With one there is", {"conceptMap": named, **ask}, found(with_origin))
    suite.ask(
        "url-agrees", "Its own url beside it", {"conceptMap": named, "url": named["url"], **ask}, found(with_origin)
    )
    suite.ask("other-url", "Another url beside it", {"conceptMap": named, "url": f"{BASE}/ConceptMap/x", **ask},
              wrong("$$", "url"))  # fmt: skip
    suite.ask("nothing", "A code that it does not list", {"conceptMap": plain, **ask, "sourceCode": "C"}, not_found())
    suite.ask("no-target", "A code without targets", {"conceptMap": plain, **ask, "sourceCode": "B"}, not_found())
    suite.ask("reverse", "In reverse", {"conceptMap": named, "targetCoding": _c(target, "1")},
              found(match(one, "equivalent", f"{BASE}/ConceptMap/inline|3", source=_c(source, "A"))))  # fmt: skip
    suite.ask("brought-beside", "tx-resource: found by its url", {"tx-resource": named, "url": named["url"], **ask},
              found(with_origin))  # fmt: skip
    suite.ask(
        "brought-without-url", "tx-resource: found by its system", {"tx-resource": named, **ask}, found(with_origin)
    )
    itself = {**named, "group": [group(source, source, element("A", to("B")), element("B", to("A")))]}
    suite.ask("into-itself", "A map of a system into itself is no circle", {"conceptMap": itself, **ask},
              found(match(_c(source, "B"), "equivalent", f"{BASE}/ConceptMap/inline|3")))  # fmt: skip
    bad = {
        **plain,
        "group": [{"source": source, "target": target, "element": [{"code": "A", "target": [{"code": 5}]}]}],
    }
    suite.ask(
        "malformed", "A number where a code belongs", {"conceptMap": bad, **ask}, wrong("$$", "group[0].element[0]")
    )
    return suite


def scopes() -> Suite:
    """Value sets of source and target."""
    source, target = f"{BASE}/scoped/source", f"{BASE}/scoped/target"
    cardiology, chronic = f"{BASE}/ValueSet/cardiology", f"{BASE}/ValueSet/chronic"
    declared, unknown = f"{BASE}/ValueSet/declared", f"{BASE}/ValueSet/unknown"
    url, scoped = f"{BASE}/ConceptMap/scope-free", f"{BASE}/ConceptMap/scoped"
    suite = Suite(
        "scopes",
        "Source codes are members of the source value set, target codes of the target value set",
        {
            "source": code_system(source, {"A": "Alpha", "B": "Beta", "C": "Gamma"}),
            "cardiology": value_set(cardiology, codes_of(source, "A")),
            "chronic": value_set(chronic, codes_of(target, "1", "3"), version="2"),
            "map": concept_map(
                url,
                [
                    group(
                        source,
                        target,
                        element("A", to("1"), to("2", "related-to"), display="Alpha"),
                        element("B", to("3"), to("4"), display="Beta"),
                    )
                ],
            ),
            "scoped": concept_map(
                scoped,
                [group(source, target, element("C", to("5"), display="Gamma"))],
                sourceScopeUri=declared,
                targetScopeCanonical=f"{declared}-target|1",
            ),
        },
    )
    origin = f"{url}|1.0"
    one = match(_c(target, "1"), "equivalent", origin)
    two = match(_c(target, "2"), "related-to", origin)
    three = match(_c(target, "3"), "equivalent", origin)
    four = match(_c(target, "4"), "equivalent", origin)
    a, b, c = ({"sourceCode": code, "system": source} for code in "ABC")

    def ask(name: str, description: str, request: Json, answer: Json) -> None:
        suite.ask(name, description, {"url": url, **request}, answer)

    outside = f"$fragments:'B'|{cardiology}$"
    ask("source-member", "A member of the source value set", {**a, "sourceScope": cardiology}, found(one, two))
    ask("source-no-member", "No member", {**b, "sourceScope": cardiology}, not_found(message=outside))
    ask("target-some", "Only the targets that are members", {**a, "targetScope": chronic}, found(one))
    ask("target-one-of-two", "The other code", {**b, "targetScope": chronic}, found(three))
    ask("target-version", "url|version of the value set", {**a, "targetScope": f"{chronic}|2"}, found(one))
    ask("both", "Both", {**a, "sourceScope": cardiology, "targetScope": chronic}, found(one))
    ask("r4-source", "R4's source", {**b, "source": cardiology}, not_found(message=outside))
    ask("r4-target", "R4's target", {**a, "target": chronic}, found(one))
    for name, said in (("source", "sourceScope"), ("target", "targetScope")):
        ask(f"unknown-{name}", "A value set that nobody knows", {**a, said: unknown},
            not_found(message=f"$fragments:{unknown}$"))  # fmt: skip
    ask("no-scope", "No scope: all", b, found(three, four))
    five = found(match(_c(target, "5"), "equivalent", f"{scoped}|1.0"))
    own: dict[str, tuple[str, Json, Json]] = {
        "declared-source": ("The value set that the map declares", {"sourceScope": declared}, five),
        "declared-target": ("The same for the target", {"targetScope": f"{declared}-target"}, five),
        "declared-target-version": ("With its version", {"targetScope": f"{declared}-target|1"}, five),
        "declared-target-other-version": (
            "With another version",
            {"targetScope": f"{declared}-target|2"},
            not_found(message="$$"),
        ),
        "declared-other": ("Another one than it declares", {"sourceScope": unknown}, not_found(message="$$")),
        "declared-but-no-member": (
            "A known value set decides by its members, whatever the map declares",
            {"sourceScope": cardiology},
            not_found(message="$$"),
        ),
    }
    for name, (description, limits, answer) in own.items():
        suite.ask(name, description, {"url": scoped, **c, **limits}, answer)
    back = {"targetCoding": _c(target, "1"), "url": url}
    alpha = match(_c(target, "1"), "equivalent", origin, source=_c(source, "A", display="Alpha"))
    suite.ask("reverse-source", "In reverse the sources are members", {**back, "sourceScope": cardiology}, found(alpha))
    suite.ask("reverse-source-no-member", "Or are not returned",
              {"url": url, "targetCoding": _c(target, "3"), "sourceScope": cardiology},
              not_found(message=outside))  # fmt: skip
    suite.ask("reverse-target-no-member", "In reverse the target is a member",
              {"url": url, "targetCoding": _c(target, "2"), "targetScope": chronic},
              not_found(message=f"$fragments:'2'|{chronic}$"))  # fmt: skip
    return suite


def value_sets_in_maps() -> Suite:
    """R5: an element or a target that is a value set."""
    source, target = f"{BASE}/sets/source", f"{BASE}/sets/target"
    from_set, to_set = f"{BASE}/ValueSet/from", f"{BASE}/ValueSet/to"
    url = f"{BASE}/ConceptMap/of-sets"
    origin = f"{url}|1.0"
    elements = (
        {"valueSet": from_set, "target": [to("1")]},
        element("X", {"valueSet": to_set, "relationship": "related-to"}),
        element("A", to("2", "related-to"), display="Alpha"),
    )
    suite = Suite(
        "value-sets",
        "Elements and targets that are value sets (R5)",
        {
            "source": code_system(source, {"A": "Alpha", "B": "Beta", "X": "Xi", "Z": "Zeta"}),
            "target": code_system(target, {"1": "One", "2": "Two", "8": "Eight", "9": "Nine"}),
            "from": value_set(from_set, codes_of(source, "A", "B")),
            "to": value_set(to_set, codes_of(target, "8", "9")),
            "map": concept_map(url, [group(source, target, *elements)]),
        },
        storable=False,
    )
    one = match(_c(target, "1"), "equivalent", origin)
    eight = match(_c(target, "8", display="Eight"), "related-to", origin)
    nine = match(_c(target, "9", display="Nine"), "related-to", origin)

    def ask(name: str, description: str, request: Json, answer: Json) -> None:
        suite.ask(name, description, {"url": url, **request}, answer)

    ask("member", "A member of the element's value set", {"sourceCode": "B", "system": source}, found(one))
    ask("member-and-code", "A code that is listed by itself too", {"sourceCode": "A", "system": source},
        found(match(_c(target, "2"), "related-to", origin), one))  # fmt: skip
    ask("no-member", "Neither", {"sourceCode": "Z", "system": source}, not_found())
    ask("target-set", "Each code of the target's value set", {"sourceCode": "X", "system": source}, found(eight, nine))
    ask("reverse-from-set", "In reverse every member is a source", {"targetCoding": _c(target, "1")},
        found(
            match(_c(target, "1"), "equivalent", origin, source=_c(source, "A", display="Alpha")),
            match(_c(target, "1"), "equivalent", origin, source=_c(source, "B", display="Beta")),
        ))  # fmt: skip
    ask("reverse-to-set", "In reverse from a member of the target's value set", {"targetCoding": _c(target, "9")},
        found(match(_c(target, "9"), "related-to", origin, source=_c(source, "X"))))  # fmt: skip
    return suite


def dependencies() -> Suite:
    """dependsOn."""
    source, target, sexes = f"{BASE}/conditional/source", f"{BASE}/conditional/target", f"{BASE}/sex"
    uri, age, side = f"{BASE}/attributes/sex", f"{BASE}/attributes/age", f"{BASE}/attributes/side"
    url = f"{BASE}/ConceptMap/conditional"
    origin = f"{url}|1.0"

    def coding(code: str) -> Json:
        return {"attribute": "sex", "valueCoding": {"system": sexes, "code": code}}

    setup = concept_map(
        url,
        [
            group(
                source,
                target,
                element("H", to("male", dependsOn=[coding("m")]), to("female", dependsOn=[coding("f")]), to("any")),
                element("T", to("left", dependsOn=[{"attribute": "side", "valueString": "left"}])),
                element("Y", to("young", dependsOn=[coding("f"), {"attribute": "adult", "valueBoolean": False}])),
                unmapped={"mode": "fixed", "code": "other", "relationship": "related-to"},
            )
        ],
        additionalAttribute=[
            {"code": "sex", "uri": uri, "type": "Coding"},
            {"code": "adult", "uri": age, "type": "boolean"},
            {"code": "side", "uri": side, "type": "string"},
        ],
    )
    suite = Suite("dependencies", "dependsOn is filtered by what the request says, and shown", {"map": setup})

    def on(*conditions: tuple[str, Json, Json]) -> list[Json]:
        """The part in R4's words and in R5's: (attribute, R5 value, R4 concept)."""
        return [
            part
            for attribute, value, concept in conditions
            for part in (
                _part_r4("dependsOn", attribute, concept),
                _part_r5("dependsOn", attribute, value),
            )
        ]

    def sex(code: str) -> tuple[str, Json, Json]:
        told = {"system": sexes, "code": code}
        return uri, {"valueCoding": told}, told

    male = match(_c(target, "male"), "equivalent", origin, *on(sex("m")))
    female = match(_c(target, "female"), "equivalent", origin, *on(sex("f")))
    every = match(_c(target, "any"), "equivalent", origin)
    base = {"url": url, "sourceCode": "H", "system": source}
    f, m, other = ({"valueCoding": {"system": sexes, "code": code}} for code in ("f", "m", "x"))

    def ask(name: str, description: str, answer: Json, *given: Json, **request: str) -> None:
        listed = asked(**{**base, **request})
        suite.ask(name, description, [*listed, *({"name": "dependency", **one} for one in given)], answer)

    ask("none-given", "Nothing given: all, each with its dependsOn", found(male, female, every))
    ask("male", "One given", found(male, every), dependency(uri, **m))
    ask("female", "The other", found(female, every), dependency(uri, **f))
    ask("no-value-fits", "A value that none has", found(every), dependency(uri, **other))
    ask("by-code", "The attribute by its declared code", found(female, every), dependency("sex", **f))
    ask("value-code", "The value as a code", found(female, every), dependency(uri, valueCode="f"))
    ask("other-attribute", "An attribute that no target depends on", found(male, female, every),
        dependency(side, valueString="left"))  # fmt: skip
    ask("r4-words", "R4's element and concept", found(male, every),
        dependency(uri, r4=True, valueCodeableConcept={"coding": [m["valueCoding"]]}))  # fmt: skip
    ask("r4-two-codings", "Any coding of the concept will do", found(male, every),
        dependency(uri, r4=True, valueCodeableConcept={"coding": [other["valueCoding"], m["valueCoding"]]}))  # fmt: skip
    ask(
        "two-values",
        "Two values of one attribute",
        found(male, female, every),
        dependency(uri, **m),
        dependency(uri, **f),
    )
    left = match(_c(target, "left"), "equivalent", origin, *on((side, {"valueString": "left"}, {"code": "left"})))
    ask("string", "A text", found(left), dependency(side, valueString="left"), sourceCode="T")
    ask("string-other", "Another text: the code is listed, so unmapped does not apply", not_found(),
        dependency(side, valueString="right"), sourceCode="T")  # fmt: skip
    young = match(_c(target, "young"), "equivalent", origin,
                  *on(sex("f"), (age, {"valueBoolean": False}, {"code": "false"})))  # fmt: skip
    shown = found(young)
    ask("two-conditions-one-given", "One of two given", shown, dependency(uri, **f), sourceCode="Y")
    ask(
        "two-conditions-both",
        "Both given",
        shown,
        dependency(uri, **f),
        dependency(age, valueBoolean=False),
        sourceCode="Y",
    )
    ask("two-conditions-one-fails", "One of both fails", not_found(), dependency(uri, **f),
        dependency(age, valueBoolean=True), sourceCode="Y")  # fmt: skip
    suite.ask(
        "reverse",
        "In reverse too",
        [*asked(url=url, targetCoding=_c(target, "male")), {"name": "dependency", **dependency(uri, **f)}],
        not_found(),
    )
    suite.ask(
        "reverse-fits",
        "In reverse, and it fits",
        [*asked(url=url, targetCoding=_c(target, "male")), {"name": "dependency", **dependency(uri, **m)}],
        found(match(_c(target, "male"), "equivalent", origin, *on(sex("m")), source=_c(source, "H"))),
    )
    return suite


def _part_r4(name: str, attribute: str, concept: Json) -> Json:
    return {
        "$optional$": "version:5",
        "name": name,
        "part": [{"name": "concept", "valueCoding": concept}, {"name": "element", "valueUri": attribute}],
    }


def _part_r5(name: str, attribute: str, value: Json) -> Json:
    return {
        "$optional$": "version:4",
        "name": name,
        "part": [{"name": "attribute", "valueUri": attribute}, {"name": "value", **value}],
    }


def products() -> Suite:
    """product and property."""
    source, target, sides = f"{BASE}/products/source", f"{BASE}/products/target", f"{BASE}/sides"
    side, count, priority, advice = (f"{BASE}/attributes/{name}" for name in ("side", "count", "priority", "advice"))
    url = f"{BASE}/ConceptMap/products"
    origin = f"{url}|1.0"
    left = {"system": sides, "code": "L", "display": "left"}
    setup = concept_map(
        url,
        [
            group(
                source,
                target,
                element("P", to("hip", product=[{"attribute": "side", "valueCoding": left}])),
                element("T", to("two", product=[{"attribute": "count", "valueString": "2"}])),
                element(
                    "M",
                    to(
                        "x",
                        property=[{"code": "priority", "valueInteger": 1}, {"code": "advice", "valueString": "always"}],
                    ),
                ),
            )
        ],
        property=[
            {"code": "priority", "uri": priority, "type": "integer"},
            {"code": "advice", "uri": advice, "type": "string"},
        ],
        additionalAttribute=[
            {"code": "side", "uri": side, "type": "Coding"},
            {"code": "count", "uri": count, "type": "string"},
        ],
    )
    suite = Suite("products", "Products and properties of a match", {"map": setup})

    def ask(name: str, description: str, code: str, answer: Json, **more: str) -> None:
        suite.ask(name, description, {"url": url, "sourceCode": code, "system": source}, answer, **more)

    ask("coding", "A product with a Coding", "P", found(match(_c(target, "hip"), "equivalent", origin,
        _part_r4("product", side, left), _part_r5("product", side, {"valueCoding": left}))))  # fmt: skip
    ask("text", "A product with a text", "T", found(match(_c(target, "two"), "equivalent", origin,
        _part_r4("product", count, {"code": "2"}), _part_r5("product", count, {"valueString": "2"}))))  # fmt: skip

    def said(uri: str, value: Json) -> Json:
        return {"name": "property", "part": [{"name": "uri", "valueUri": uri}, {"name": "value", **value}]}

    properties = [said(priority, {"valueInteger": 1}), said(advice, {"valueString": "always"})]
    ask(
        "properties-r5",
        "R5 has properties",
        "M",
        found(match(_c(target, "x"), "equivalent", origin, *properties)),
        version="5",
    )
    ask("properties-r4", "R4 has none", "M", found(match(_c(target, "x"), "equivalent", origin)), version="4")
    return suite


def suites() -> list[Suite]:
    """All of this file."""
    return [
        target_systems(),
        system_versions(),
        map_versions(),
        several_maps(),
        inline_maps(),
        scopes(),
        value_sets_in_maps(),
        dependencies(),
        products(),
    ]
