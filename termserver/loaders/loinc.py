"""Read a LOINC release (folder or zip) as a code system: terms, parts, answer lists, answers and groups.

Display: LONG_COMMON_NAME, a part's PartName; designations: short, display and consumer names, and every linguistic
variant; parents: the component hierarchy; properties: the axes as Codings of their parts, document ontology and radiology
parts, every other filled column, answer lists, groups. Deprecated and discouraged terms are inactive.

Memory: bounded by `SortedRows`, whatever the size of the release.

Source: LOINC Users' Guide 2.8x, appendix A; FHIR R5 "Using LOINC with HL7 Standards" (property names).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.loinc_concept import (
    AXES,
    LOINC_URL,
    answer_concept,
    answer_list_concept,
    group_concept,
    part_concept,
    term_concept,
)
from termserver.loaders.release_files import ReleaseFile, list_release
from termserver.loaders.sorted_rows import Groups, SortedRows
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.code_system import CodeSystem, Concept, PropertyDefinition
from termserver.model.source_list import RowProblem

_LANGUAGE_FILE = re.compile(r"^(?P<language>[a-z]{2,3})(?P<country>[A-Z]{2})\d+LinguisticVariant\.csv$")
_VERSION = re.compile(r"(?:^|[_\- /])(2\.\d{1,3})(?:$|[_\- /.])")
_PART_LINKS = ("LoincPartLink_Primary.csv", "LoincPartLink_Supplementary.csv")
# Other ways to say the axes (detailed model, search…) would stand beside the axes themselves
_LINK_TYPES = {"Primary", "DocumentOntology", "Radiology", "Metadata", ""}
_NUMBER = re.compile(r"^\d{1,7}-\d$")
_VARIANT_NAMES = ("LONG_COMMON_NAME", "LinguisticVariantDisplayName")
_WIDE_ROWS_IN_MEMORY = 20_000


@dataclass(slots=True)
class LoincFiles:
    """The files that are read; only the table itself must be there."""

    table: ReleaseFile
    parts: ReleaseFile | None = None
    part_links: tuple[ReleaseFile, ...] = ()
    answers: ReleaseFile | None = None
    answer_links: ReleaseFile | None = None
    hierarchy: ReleaseFile | None = None
    consumer_names: ReleaseFile | None = None
    groups: ReleaseFile | None = None
    group_terms: ReleaseFile | None = None
    variants: list[tuple[str, ReleaseFile]] = field(default_factory=list)


def find_loinc_files(path: Path) -> LoincFiles | None:
    """Recognise a LOINC release by its file names; None where there is no Loinc.csv."""
    files = list_release(path)
    by_name = {file.base_name: file for file in reversed(files)}
    table = by_name.get("Loinc.csv")
    if table is None:
        return None
    found = LoincFiles(
        table=table,
        parts=by_name.get("Part.csv"),
        part_links=tuple(by_name[name] for name in _PART_LINKS if name in by_name),
        answers=by_name.get("AnswerList.csv"),
        answer_links=by_name.get("LoincAnswerListLink.csv"),
        hierarchy=by_name.get("ComponentHierarchyBySystem.csv"),
        consumer_names=by_name.get("ConsumerName.csv"),
        groups=by_name.get("Group.csv"),
        group_terms=by_name.get("GroupLoincTerms.csv"),
    )
    for file in files:
        match = _LANGUAGE_FILE.match(file.base_name)
        if match:
            found.variants.append((f"{match['language']}-{match['country']}", file))
    return found


def read_loinc(path: Path, *, version: str | None = None, name: str | None = None) -> LoadedCodeSystem:
    """Read a LOINC release.

    Parameters
    ----------
    version
        By default that in the name of the release's folder, else the newest version named in the table.

    Returns
    -------
    A stream of concepts by ascending code. `counts.rows` counts rows of the table, parts, answers, answer lists and
    hierarchy nodes that make a concept; several rows of one code are merged.

    Raises
    ------
    BadFile
        If there is no Loinc.csv, or a column is missing.
    """
    name = name or path.name
    files = find_loinc_files(path)
    if files is None:
        raise BadFile("there is no Loinc.csv in it; give the folder of a LOINC release", file=name)
    found = _VERSION.search(path.name)
    header = CodeSystem(
        url=LOINC_URL,
        version=version or (found[1] if found else _newest_version(files.table)),
        name="LOINC",
        title="LOINC",
        language="en",
        case_sensitive=False,
        hierarchy_meaning="is-a",
        publisher="Regenstrief Institute, Inc.",
        copyright="This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief Institute,"
        " Inc. and the LOINC Committee and is available at no cost under the license at http://loinc.org/license.",
        licence="LicenseRef-LOINC",
        value_set="http://loinc.org/vs",
        properties=(
            *(PropertyDefinition(axis, "Coding", uri=f"http://loinc.org/property/{axis}") for axis in AXES),
            PropertyDefinition("STATUS", "string", uri="http://hl7.org/fhir/concept-properties#status"),
            PropertyDefinition("CLASS", "string", uri="http://loinc.org/property/CLASS"),
            PropertyDefinition("CLASSTYPE", "string", uri="http://loinc.org/property/CLASSTYPE"),
            PropertyDefinition("ORDER_OBS", "string", uri="http://loinc.org/property/ORDER_OBS"),
            PropertyDefinition("document-kind", "Coding", uri="http://loinc.org/property/document-kind"),
            PropertyDefinition("EXAMPLE_UCUM_UNITS", "string", uri="http://loinc.org/property/EXAMPLE_UCUM_UNITS"),
            PropertyDefinition("answer-list", "code", uri="http://loinc.org/property/answer-list"),
            PropertyDefinition("Answer", "code", description="An answer of the list; on answer lists"),
            PropertyDefinition("AnswerList", "code", description="A list that has the answer; on answers"),
            PropertyDefinition("answers-for", "code", description="A term that uses the list; on answer lists"),
            PropertyDefinition("GROUP", "code", description="A group that the term is a member of"),
            PropertyDefinition("PartTypeName", "string"),
        ),
        aliases=("urn:oid:2.16.840.1.113883.6.1",),
    )
    loaded = LoadedCodeSystem(header=header, concepts=iter(()), file_name=name)
    loaded.concepts = _read_concepts(files, loaded)
    return loaded


def has_right_check_digit(number: str) -> bool:
    """Check the digit behind the hyphen (Luhn, mod 10).

    >>> has_right_check_digit("2160-0"), has_right_check_digit("2160-1"), has_right_check_digit("Jan-60")
    (True, False, False)
    """
    if not _NUMBER.match(number):
        return False
    total = 0
    for position, digit in enumerate(reversed(number.replace("-", ""))):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _read_concepts(files: LoincFiles, loaded: LoadedCodeSystem) -> Iterator[Concept]:
    with ExitStack() as stack:
        terms = stack.enter_context(SortedRows(rows_in_memory=_WIDE_ROWS_IN_MEMORY))
        others = stack.enter_context(SortedRows())
        links = stack.enter_context(SortedRows())
        columns = _collect_terms(files.table, terms, loaded)
        _collect_parts_and_answers(files, others, loaded)
        _collect_links(files, links)
        linked = Groups(links)
        loaded.expected = loaded.counts.rows
        for code, rows in terms.groups():
            for repeated in rows[1:]:
                loaded.counts.refused += 1
                _problem(loaded, int(repeated[1]), code, "duplicate-code", f"{code} stands twice; the first is kept")
            yield term_concept(dict(zip(columns, rows[0][2:], strict=False)), linked.of(code))
        for code, rows in others.groups():
            loaded.counts.merged += len(rows) - 1
            own = linked.of(code)
            if code.startswith("LA"):
                yield answer_concept(code, rows)
            elif code.startswith("LL"):
                yield answer_list_concept(code, rows, own)
            elif code.startswith("LG"):
                yield group_concept(code, rows)
            else:
                yield part_concept(code, rows, own)


def _collect_terms(table: ReleaseFile, terms: SortedRows, loaded: LoadedCodeSystem) -> tuple[str, ...]:
    """Rows (code, line, cells in the order of the columns returned)."""
    columns: tuple[str, ...] = ()
    for line, row in _rows(table, ("LOINC_NUM", "LONG_COMMON_NAME", "STATUS", *AXES)):
        columns = columns or tuple(row)
        loaded.counts.rows += 1
        code = row["LOINC_NUM"]
        if not has_right_check_digit(code):
            loaded.counts.refused += 1
            _problem(
                loaded, line, code, "check-digit",
                f"LOINC_NUM '{code}' fails its check digit; was the file opened in a spreadsheet?",
            )  # fmt: skip
            continue
        terms.add((code, str(line), *(row[column] or "" for column in columns)))
    return columns


def _collect_parts_and_answers(files: LoincFiles, others: SortedRows, loaded: LoadedCodeSystem) -> None:
    def add(*fields: str) -> None:
        loaded.counts.rows += 1
        others.add(fields)

    if files.parts is not None:
        for _, row in _rows(files.parts, ("PartNumber", "PartTypeName", "PartName")):
            add(
                row["PartNumber"],
                "part",
                row["PartTypeName"],
                row["PartName"] or row.get("PartDisplayName") or "",
                row.get("Status") or "",
                row.get("PartDisplayName") or "",
            )
    if files.groups is not None:
        for _, row in _rows(files.groups, ("GroupId", "Group")):
            add(row["GroupId"], "group", "", row["Group"], row.get("Status") or "")
    if files.hierarchy is not None:
        for _, row in _rows(files.hierarchy, ("IMMEDIATE_PARENT", "CODE", "CODE_TEXT")):
            if row["CODE"].startswith("LP"):
                add(row["CODE"], "node", "", row["CODE_TEXT"], "ACTIVE")
    if files.answers is not None:
        for _, row in _rows(files.answers, ("AnswerListId", "AnswerListName", "AnswerStringId", "DisplayText")):
            answer = row["AnswerStringId"]
            add(row["AnswerListId"], "list", answer, row["AnswerListName"])
            if answer:
                add(answer, "answer", row["AnswerListId"], row["DisplayText"])


def _collect_links(files: LoincFiles, links: SortedRows) -> None:
    """Everything that hangs on a code, as rows (code, sort of link, first, second)."""
    for part_file in files.part_links:
        for _, row in _rows(part_file, ("LoincNumber", "PartNumber", "PartName", "Property")):
            if (row.get("LinkTypeName") or "") in _LINK_TYPES:
                name = row["Property"].rsplit("/", 1)[-1]
                links.add((row["LoincNumber"], "part", name, row["PartNumber"], row["PartName"]))
    if files.group_terms is not None:
        for _, row in _rows(files.group_terms, ("GroupId", "LoincNumber")):
            links.add((row["LoincNumber"], "group", row["GroupId"], ""))
    if files.answer_links is not None:
        for _, row in _rows(files.answer_links, ("LoincNumber", "AnswerListId")):
            links.add((row["LoincNumber"], "answer-list", row["AnswerListId"], ""))
            links.add((row["AnswerListId"], "answers-for", row["LoincNumber"], ""))
    if files.hierarchy is not None:
        for _, row in _rows(files.hierarchy, ("IMMEDIATE_PARENT", "CODE")):
            if row["IMMEDIATE_PARENT"]:
                links.add((row["CODE"], "parent", row["IMMEDIATE_PARENT"], ""))
    if files.consumer_names is not None:
        for _, row in _rows(files.consumer_names, ("LoincNumber", "ConsumerName")):
            links.add((row["LoincNumber"], "consumer-name", row["ConsumerName"], ""))
    for language, file in files.variants:
        for _, row in _rows(file, ("LOINC_NUM", *AXES)):
            full = ":".join(row[axis] or "" for axis in AXES).rstrip(":")
            names = (
                *((row.get(column), column) for column in _VARIANT_NAMES),
                (full, "FULLY_SPECIFIED_NAME"),
                (row.get("SHORTNAME"), "SHORTNAME"),
            )
            seen: set[str] = set()
            for value, use in names:
                if value and value.strip(":") and value not in seen:
                    seen.add(value)
                    links.add((row["LOINC_NUM"], "variant", language, value, use))


def _rows(file: ReleaseFile, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    with file.open() as lines:
        reader = csv.DictReader(lines)
        there = reader.fieldnames or ()
        for column in needed:
            if column not in there:
                raise BadFile(
                    f"the column '{column}' is missing; the columns there are: {', '.join(there)}",
                    file=file.base_name,
                    line=1,
                )
        try:
            for row in reader:
                row.pop(None, None)
                yield reader.line_num, {column: (value or "").strip() for column, value in row.items()}
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadFile(f"the file cannot be read ({error})", file=file.base_name, line=reader.line_num) from None


def _newest_version(table: ReleaseFile) -> str:
    newest = (0, 0)
    for _, row in _rows(table, ("LOINC_NUM",)):
        for column in ("VersionLastChanged", "VersionFirstReleased"):
            match = re.fullmatch(r"(\d+)\.(\d+)[a-z]?", row.get(column) or "")
            if match:
                newest = max(newest, (int(match[1]), int(match[2])))
    return f"{newest[0]}.{newest[1]}" if newest != (0, 0) else "unknown"


def _problem(loaded: LoadedCodeSystem, line: int, code: str, rule: str, message: str) -> None:
    loaded.problems.append(RowProblem(line, "LOINC_NUM", code, "error", rule, message))
