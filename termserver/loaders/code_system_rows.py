"""A code system read as a source list: its concepts become rows to be mapped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from termserver.loaders.fhir_json import looks_like_fhir_json, read_fhir_json
from termserver.loaders.fhir_xml import read_fhir_xml
from termserver.loaders.row_checks import clean_text
from termserver.loaders.source import LoadedCodeSystem, LoadedList
from termserver.model.code_system import Concept
from termserver.model.coding import Coding
from termserver.model.source_list import RowProblem, SourceList, SourceRow


def read_fhir_as_list(path: Path, *, name: str | None = None, header: SourceList | None = None) -> LoadedList:
    """Read a FHIR CodeSystem (JSON or XML) as a source list.

    Raises
    ------
    BadFile
        As `read_fhir_json` and `read_fhir_xml`.
    """
    name = name or path.name
    loaded = read_fhir_json(path, name=name) if looks_like_fhir_json(path) else read_fhir_xml(path, name=name)
    return list_from_code_system(loaded, header=header)


def list_from_code_system(loaded: LoadedCodeSystem, *, header: SourceList | None = None) -> LoadedList:
    """Make a source list of a code system: inactive and abstract concepts are left out, with a warning that counts them.

    The row's line is the concept's place in the file, from 1; properties become context.
    """
    system = loaded.header
    as_list = LoadedList(
        header=header
        or SourceList(
            name=system.name,
            title=system.title or system.name,
            url=system.url,
            version=system.version,
            language=system.language,
            file_name=loaded.file_name,
            licence=system.licence,
            copyright=system.copyright,
        ),
        rows=iter(()),
        problems=loaded.problems,
        counts=loaded.counts,
    )
    as_list.rows = _rows(loaded, as_list)
    return as_list


def _rows(loaded: LoadedCodeSystem, as_list: LoadedList) -> Iterator[SourceRow]:
    left_out = 0
    line = 0
    for concept in loaded.concepts:
        line += 1
        term = concept.display or next((one.value for one in concept.designations), "")
        if not concept.active or concept.abstract or not term:
            left_out += 1
            continue
        yield _row(line, concept, clean_text(term), as_list.header.language)
    if left_out:
        as_list.counts.refused += left_out
        as_list.problems.append(
            RowProblem(
                None,
                None,
                None,
                "warning",
                "left-out",
                f"{left_out:,} concepts that are inactive, abstract or without a name were left out",
            )
        )


def _row(line: int, concept: Concept, term: str, language: str | None) -> SourceRow:
    if not concept.display and concept.designations:
        language = concept.designations[0].language
    context: dict[str, str] = {}
    for one in concept.properties:
        value = one.value.display or one.value.code if isinstance(one.value, Coding) else str(one.value)
        context[one.code] = f"{context[one.code]}; {value}" if one.code in context else value
    return SourceRow(
        line=line,
        code=concept.code,
        term=term,
        language=language,
        context=context,
        other_terms=tuple(one for one in concept.designations if one.value != term),
    )
