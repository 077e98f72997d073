"""Words to write cases in, and the files that HL7's runner reads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
ONLY_R4 = {"$optional$": "version:5"}
ONLY_R5 = {"$optional$": "version:4"}
EQUIVALENCE_OF = {
    "equivalent": "equivalent",
    "source-is-narrower-than-target": "wider",
    "source-is-broader-than-target": "narrower",
    "related-to": "relatedto",
    "not-related-to": "disjoint",
}
INVERSE = {"wider": "narrower", "narrower": "wider"}
_KINDS = {
    "url": "Uri",
    "conceptMapVersion": "String",
    "version": "String",
    "targetVersion": "String",
    "system": "Uri",
    "sourceSystem": "Uri",
    "targetSystem": "Uri",
    "targetsystem": "Uri",
    "source": "Uri",
    "target": "Uri",
    "sourceScope": "Uri",
    "targetScope": "Uri",
    "code": "Code",
    "sourceCode": "Code",
    "targetCode": "Code",
    "coding": "Coding",
    "sourceCoding": "Coding",
    "targetCoding": "Coding",
    "codeableConcept": "CodeableConcept",
    "sourceCodeableConcept": "CodeableConcept",
    "targetCodeableConcept": "CodeableConcept",
    "reverse": "Boolean",
    "displayLanguage": "Code",
    "mapHash": "Boolean",
}


@dataclass(frozen=True)
class Case:
    """One question and the answer that is right.

    Parameters
    ----------
    version
        `4` or `5` where the case is about one FHIR version alone.
    """

    name: str
    description: str
    request: Json
    response: Json
    status: str = "2xx"
    version: str | None = None
    accept_language: str | None = None


@dataclass(frozen=True)
class Suite:
    """Cases over the same resources.

    Parameters
    ----------
    setup
        File name → R5 resource.
    storable
        True if the answers are the same where the resources are loaded instead of sent with each request.
    """

    name: str
    description: str
    setup: dict[str, Json]
    storable: bool = True
    cases: list[Case] = field(default_factory=list)

    def ask(self, name: str, description: str, request: Json | list[Json], response: Json, **more: Any) -> None:
        """Add a case. A request is {name: value}, or a list of parameters as FHIR writes them."""
        status = "4xx" if response["resourceType"] == "OperationOutcome" else "2xx"
        listed = request if isinstance(request, list) else asked(**request)
        body = {"resourceType": "Parameters", "parameter": listed}
        self.cases.append(Case(name, description, body, response, status, **more))


def asked(**values: Any) -> list[Json]:
    """Parameters; a list repeats one."""
    listed: list[Json] = []
    for name, given in values.items():
        for value in given if isinstance(given, list) else [given]:
            if name in ("conceptMap", "tx-resource"):
                listed.append({"name": name, "resource": value})
            elif name == "dependency":
                listed.append({"name": name, "part": value["part"]})
            else:
                listed.append({"name": name, f"value{_KINDS[name]}": value})
    return listed


def dependency(attribute: str, *, r4: bool = False, **value: Any) -> Json:
    """A dependency of a request, in the words of R5 or of R4."""
    names = ("element", "concept") if r4 else ("attribute", "value")
    return {"part": [{"name": names[0], "valueUri": attribute}, {"name": names[1], **value}]}


# ------------------------------------------------------------------ answers


def found(*matches: Json, message: str | None = None) -> Json:
    """An answer whose result is true."""
    return _answer(list(matches), True, message)


def not_found(*matches: Json, message: str = "No translations found") -> Json:
    """An answer whose result is false."""
    return _answer(list(matches), False, message)


def _answer(matches: list[Json], result: bool, message: str | None) -> Json:
    listed = list(matches)
    if message is not None:
        listed.append({"name": "message", "valueString": message})
    listed.append({"name": "result", "valueBoolean": result})
    return {"resourceType": "Parameters", "parameter": listed}


def match(
    coding: Json | None,
    relationship: str,
    origin: str | None,
    *parts: Json,
    equivalence: str | None = None,
    r4_names: bool = False,
    source: Json | None = None,
) -> Json:
    """A match.

    Parameters
    ----------
    equivalence
        R4's word where it is not that of the relationship.
    r4_names
        True if the request is spelled as R4 does: an R4 answer names the map in `source` too.
    source
        In reverse: the code that was found.
    """
    listed = [
        {**ONLY_R4, "name": "equivalence", "valueCode": equivalence or EQUIVALENCE_OF[relationship]},
        {**ONLY_R5, "name": "relationship", "valueCode": relationship},
        *parts,
    ]
    if coding is not None:
        listed.append({"name": "concept", "valueCoding": coding})
    if origin is not None:
        listed.append({"name": "originMap", "valueCanonical": origin})
        if r4_names:
            listed.append({**ONLY_R4, "name": "source", "valueUri": origin.partition("|")[0]})
    if source is not None:
        listed.append({"name": "source", "valueCoding": source})
    return {"name": "match", "part": sorted(listed, key=lambda part: str(part["name"]))}


def unmatched(origin: str, *, r4_names: bool = False) -> Json:
    """R4 shows a code without a map as a match; R5 says it in the message alone."""
    parts: list[Json] = [
        {"name": "equivalence", "valueCode": "unmatched"},
        {"name": "originMap", "valueCanonical": origin},
    ]
    if r4_names:
        parts.append({"name": "source", "valueUri": origin.partition("|")[0]})
    return {**ONLY_R4, "name": "match", "part": parts}


def wrong(code: str, *said: str) -> Json:
    """An OperationOutcome whose first issue says these things."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "$optional-properties$": ["expression", "diagnostics", "location"],
                "severity": "error",
                "code": code,
                "details": {"$optional-properties$": ["coding"], "text": f"$fragments:{'|'.join(said)}$"},
            }
        ],
    }


# ------------------------------------------------------------------ resources


def concept_map(url: str, groups: list[Json], *, version: str = "1.0", status: str = "active", **more: Any) -> Json:
    """An R5 ConceptMap."""
    return {
        "resourceType": "ConceptMap",
        "url": url,
        "version": version,
        "name": "M" + "".join(part.title() for part in url.rsplit("/", 1)[-1].split("-")),
        "status": status,
        **more,
        "group": groups,
    }


def group(source: str, target: str, *elements: Json, unmapped: Json | None = None) -> Json:
    """A group."""
    written: Json = {"source": source, "target": target}
    if elements:
        written["element"] = list(elements)
    if unmapped is not None:
        written["unmapped"] = unmapped
    return written


def element(code: str, *targets: Json, **more: Any) -> Json:
    """An element."""
    return {"code": code, **more, **({"target": list(targets)} if targets else {})}


def to(code: str, relationship: str = "equivalent", **more: Any) -> Json:
    """A target."""
    return {"code": code, "relationship": relationship, **more}


def code_system(url: str, concepts: dict[str, Json | str], **more: Any) -> Json:
    """A CodeSystem; a concept is its display, or its members."""
    return {
        "resourceType": "CodeSystem",
        "url": url,
        "name": "C" + url.rsplit("/", 1)[-1].title().replace("-", ""),
        "status": "active",
        "content": "complete",
        "caseSensitive": True,
        **more,
        "concept": [
            {"code": code, **({"display": said} if isinstance(said, str) else said)} for code, said in concepts.items()
        ],
    }


def value_set(url: str, *includes: Json, **more: Any) -> Json:
    """A ValueSet."""
    return {
        "resourceType": "ValueSet",
        "url": url,
        "name": "V" + url.rsplit("/", 1)[-1].title().replace("-", ""),
        "status": "active",
        **more,
        "compose": {"include": list(includes)},
    }


def codes_of(system: str, *codes: str) -> Json:
    """An include of some codes, or of the whole system."""
    return {"system": system, **({"concept": [{"code": code} for code in codes]} if codes else {})}


# ------------------------------------------------------------------ files


def files_of(suites: list[Suite]) -> dict[str, Json]:
    """Every file of the published suite, by its path."""
    files: dict[str, Json] = {"parameters-default.json": {"resourceType": "Parameters", "parameter": []}}
    listed = []
    for suite in suites:
        setup = {f"{suite.name}/{name}.json": resource for name, resource in suite.setup.items()}
        tests = []
        for case in suite.cases:
            request, response = (f"{suite.name}/{case.name}-{kind}.json" for kind in ("request", "response"))
            files[request], files[response] = case.request, case.response
            test: Json = {"name": case.name, "description": case.description, "operation": "translate"}
            test |= {"request": request, "response": response}
            if case.status != "2xx":
                test["http-code"] = case.status
            if case.version is not None:
                test["version"] = case.version
            if case.accept_language is not None:
                test["Accept-Language"] = case.accept_language
            tests.append(test)
        files |= setup
        listed.append(
            {
                "name": f"translate-{suite.name}",
                "mode": "general",
                "description": suite.description,
                "setup": list(setup),
                "tests": tests,
            }
        )
    files["test-cases.json"] = {"introduction": INTRODUCTION, "suites": listed}
    return files


INTRODUCTION = (
    "Cases for ConceptMap/$translate, in the format of HL7's terminology ecosystem tests. Resources are R5; runners "
    "convert them for R4 and R4B. All content is invented."
)


def write_files(folder: Path, files: dict[str, Json]) -> None:
    """Write the files; what stood there before and is no longer a case goes away."""
    for path in folder.rglob("*.json"):
        if str(path.relative_to(folder)) not in files:
            path.unlink()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(content), encoding="utf-8")


def text_of(content: Json) -> str:
    """A file's text."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
