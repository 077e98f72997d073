"""Value sets that exist by their URL alone: `system?fhir_vs…`, and the value set of all codes that a system names.

Source: FHIR R5 "Using SNOMED CT with HL7 Standards", "Using LOINC with HL7 Standards", CodeSystem.valueSet.
"""

from __future__ import annotations

from termserver.fhir.elements import split_canonical
from termserver.model.value_set import Filter, Include, ValueSet
from termserver.terminology.content import Content
from termserver.terminology.library import Library


def implicit_value_set(library: Library, url: str, version: str | None = None) -> ValueSet | None:
    """The value set that a code system implies: `system?fhir_vs`, `?fhir_vs=isa/CODE`, or the system's `valueSet`."""
    system, mark, query = url.partition("?")
    if mark and query.startswith("fhir_vs"):
        content = library.code_system(system, version)
        if content is None:
            return None
        kind, _, code = query.removeprefix("fhir_vs").removeprefix("=").partition("/")
        if not kind:
            return _all_of(url, content, ())
        if kind == "isa" and code:
            return _all_of(url, content, (Filter("concept", "is-a", code),))
        return None
    for own in library.every_code_system_header():
        if own.value_set and split_canonical(own.value_set)[0] == url and (version in (None, own.version)):
            content = library.code_system(own.url, own.version)
            return _all_of(url, content, ()) if content else None
    return None


def _all_of(url: str, content: Content, filters: tuple[Filter, ...]) -> ValueSet:
    header = content.header
    return ValueSet(
        url,
        header.version,
        header.name,
        header.title,
        header.status,
        f"All codes of {header.url}" if not filters else f"{filters[0].value} and what is below it in {header.url}",
        includes=(Include(header.url, header.version, filters=filters),),
    )
