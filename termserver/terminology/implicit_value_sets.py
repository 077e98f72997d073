"""Value sets that exist by their URL alone: `system?fhir_vs…`, LOINC's `http://loinc.org/vs…`, and the value set of all
codes that a code system names.

Source: FHIR R5 "Using SNOMED CT with HL7 Standards", "Using LOINC with HL7 Standards", CodeSystem.valueSet.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from termserver.fhir.elements import split_canonical
from termserver.model.value_set import Filter, Include, ValueSet
from termserver.terminology.content import Content
from termserver.terminology.library import Library
from termserver.terminology.providers.snomed import is_reference_set
from termserver.terminology.providers.snomed_editions import SNOMED_URL

_SNOMED = re.compile(r"http://snomed\.info/(?:x?sct)(?:/\d+(?:/version/\d{8})?)?")
_LOINC_URL = "http://loinc.org"
_LOINC_VALUE_SET = f"{_LOINC_URL}/vs"
_LOINC_KINDS = {"LL": ("LIST", "="), "LG": ("GROUP", "="), "LP": ("ancestor", "=")}


def implicit_value_set(library: Library, url: str, version: str | None = None) -> ValueSet | None:
    """The value set that a URL implies; None if it implies none, or what it names does not exist.

    `?fhir_vs`, `?fhir_vs=isa/CODE`, and for SNOMED CT `=refset`, `=refset/CODE`, `=ecl/CONSTRAINT`, all of the edition or
    version that the URL begins with; `http://loinc.org/vs`, `/LL…` (an answer list), `/LG…` (a group), `/LP…` (a part and
    what is below it); a system's `valueSet`.
    """
    system, mark, query = url.partition("?")
    if mark and query.partition("=")[0] == "fhir_vs":
        return _of_query(library, url, system, query.partition("=")[2], version)
    if url.startswith(f"{_LOINC_VALUE_SET}/"):
        return _of_loinc(library, url, version)
    for own in library.every_code_system_header():
        if own.value_set and split_canonical(own.value_set)[0] == url and (version in (None, own.version)):
            content = library.code_system(own.url, own.version)
            return _value_set(url, content, own.version, (), f"All codes of {own.url}") if content else None
    return None


def _of_query(library: Library, url: str, system: str, query: str, version: str | None) -> ValueSet | None:
    """`?fhir_vs…`. Without a version the code system's is chosen when the value set is opened."""
    if _SNOMED.fullmatch(system) and system != SNOMED_URL:
        named = system
        system, version = SNOMED_URL, version or (None if named == "http://snomed.info/xsct" else named)
    content = library.code_system(system, version)
    if content is None:
        return None
    kind, _, argument = query.partition("/")
    argument = unquote(argument)
    if not query:
        return _value_set(url, content, version, (), f"All codes of {content.header.url}")
    if kind == "isa" and argument:
        below = Filter("concept", "is-a", argument)
        return _value_set(url, content, version, (below,), f"{argument} and what is below it in {content.header.url}")
    if content.header.url != SNOMED_URL:
        return None
    found = _snomed_filter(content, kind, argument)
    return None if found is None else _value_set(url, content, version, (found[0],), found[1])


def _snomed_filter(content: Content, kind: str, argument: str) -> tuple[Filter, str] | None:
    if kind == "ecl" and argument:
        return Filter("constraint", "=", argument), f"What the constraint {argument} selects"
    if kind == "refset" and not argument:
        return Filter("concept", "in", "*"), "All reference sets"
    if kind == "refset" and is_reference_set(content, argument):
        return Filter("concept", "in", argument), f"The members of the reference set {argument}"
    return None


def _of_loinc(library: Library, url: str, version: str | None) -> ValueSet | None:
    """An answer list, a group or a part."""
    content = library.code_system(_LOINC_URL, version)
    code = url.removeprefix(f"{_LOINC_VALUE_SET}/")
    kind = _LOINC_KINDS.get(code[:2])
    if content is None or kind is None:
        return None
    concept = content.concept(code)
    if concept is None:
        return None
    name, operator = kind
    return _value_set(url, content, version, (Filter(name, operator, concept.code),), concept.display)


def _value_set(
    url: str, content: Content, version: str | None, filters: tuple[Filter, ...], description: str
) -> ValueSet:
    header = content.header
    return ValueSet(
        url,
        version or "",
        header.name,
        header.title,
        header.status,
        description,
        includes=(Include(header.url, version, filters=filters),),
    )
