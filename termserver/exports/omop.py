"""A map for the OMOP Common Data Model: source_to_concept_map, strict and extended, and local concepts.

OMOP knows targets by concept id. A target of the OMOP vocabularies has it as its code; others are looked up
(`ExportOptions.omop_concepts`, from CONCEPT.csv). Nothing is cut to fit a column: what is too long is an error
that names the row. Source: OMOP CDM 5.4, SOURCE_TO_CONCEPT_MAP, CONCEPT, CONCEPT_RELATIONSHIP.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from termserver.errors import BadInput
from termserver.exports.table_writer import delimited_chunks
from termserver.model.decision import ChosenTarget
from termserver.model.export_row import ExportRow
from termserver.model.map_export import MapExport, OmopConcept
from termserver.model.relationship import Relationship
from termserver.model.usagi_line import OMOP

STRICT_COLUMNS = (
    "source_code", "source_concept_id", "source_vocabulary_id", "source_code_description", "target_concept_id",
    "target_vocabulary_id", "valid_start_date", "valid_end_date", "invalid_reason",
)  # fmt: skip
_EXTENDED_COLUMNS = (
    *STRICT_COLUMNS, "target_system", "target_code", "target_name", "relationship", "combination", "mapping_status",
    "no_map_reason", "frequency", "decided_by", "decided_at", "reviewer", "comment",
)  # fmt: skip
_CONCEPT_COLUMNS = (
    "concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id", "standard_concept", "concept_code",
    "valid_start_date", "valid_end_date", "invalid_reason",
)  # fmt: skip
_RELATIONSHIP_COLUMNS = (
    "concept_id_1", "concept_id_2", "relationship_id", "valid_start_date", "valid_end_date", "invalid_reason",
)  # fmt: skip
FIRST_LOCAL_CONCEPT_ID = 2_000_000_001
_NO_CONCEPT = OmopConcept(0, "None", "", "No matching concept")
_END = "2099-12-31"
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Line:
    row: ExportRow
    target: ChosenTarget | None
    concept: OmopConcept | None


def write_source_to_concept_map(export: MapExport) -> Iterator[bytes]:
    """The table as OMOP has it: the columns of the standard and no others; undecided rows are left out.

    Raises
    ------
    BadInput
        If a code or a vocabulary name is too long, or a decided target has no OMOP concept id.
    """
    vocabulary = _vocabulary(export)

    def strict() -> Iterator[Sequence[str]]:
        for line in _lines(export):
            if line.target is not None and (line.concept is None or not line.concept.vocabulary_id):
                raise _unknown([line.target])
            if line.target is not None or line.row.no_map_reason is not None:
                yield _strict_cells(export, vocabulary, line)

    return delimited_chunks(STRICT_COLUMNS, strict())


def write_extended_source_to_concept_map(export: MapExport) -> Iterator[bytes]:
    """The same with what Usagi's export drops: status, relationship, people, target codes. Every row, decided or not.

    A target without an OMOP concept id has 0 there, and stands by system and code in the further columns.
    """
    vocabulary = _vocabulary(export)
    return delimited_chunks(
        _EXTENDED_COLUMNS, ((*_strict_cells(export, vocabulary, line), *_further(line)) for line in _lines(export))
    )


def write_local_concepts(export: MapExport) -> Iterator[bytes]:
    """A zip of CONCEPT.csv (a local concept a source code, from id 2,000,000,001) and CONCEPT_RELATIONSHIP.csv.

    Relationships are `Maps to` and `Mapped from`, for decided targets only. Ids follow the order of the rows.

    Raises
    ------
    BadInput
        As `write_source_to_concept_map`.
    """
    vocabulary, start = _vocabulary(export), _start_date(export)
    concepts: list[Sequence[str]] = []
    relationships: list[Sequence[str]] = []
    unknown: list[ChosenTarget] = []
    previous: ExportRow | None = None
    for line in _lines(export):
        if line.row is not previous:
            previous = line.row
            _check_length(line.row)
            number = FIRST_LOCAL_CONCEPT_ID + len(concepts)
            concepts.append(
                (
                    str(number), line.row.source_name, _domain(line), vocabulary, "Local code", "", line.row.source_code,
                    start, _END, "",
                )
            )  # fmt: skip
        if line.target is not None and line.concept is None:
            unknown.append(line.target)
        elif line.target is not None and line.concept is not None:
            own, other = str(FIRST_LOCAL_CONCEPT_ID + len(concepts) - 1), str(line.concept.concept_id)
            relationships.append((own, other, "Maps to", start, _END, ""))
            relationships.append((other, own, "Mapped from", start, _END, ""))
    if unknown:
        raise _unknown(unknown)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, columns, lines in (
            ("CONCEPT.csv", _CONCEPT_COLUMNS, concepts),
            ("CONCEPT_RELATIONSHIP.csv", _RELATIONSHIP_COLUMNS, relationships),
        ):
            # A fixed time, so that the same map gives the same bytes
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, b"".join(delimited_chunks(columns, lines, delimiter="\t", quoted=False)))
    yield buffer.getvalue()


def _lines(export: MapExport) -> Iterator[_Line]:
    """One line a target, with its OMOP concept; one line for a row without."""
    known = export.options.omop_concepts
    for row in export.rows:
        targets = [target for target in row.targets if target.relationship is not Relationship.NOT_RELATED]
        for target in targets:
            concept = known.get((target.system, target.code))
            if concept is None and _has_id(target):
                concept = OmopConcept(int(target.code), "", target.code, target.display)
            yield _Line(row, target, concept)
        if not targets:
            yield _Line(row, None, None)


def _has_id(target: ChosenTarget) -> bool:
    return target.system == OMOP and target.code.isdecimal()


def _strict_cells(export: MapExport, vocabulary: str, line: _Line) -> tuple[str, ...]:
    _check_length(line.row)
    concept = line.concept or _NO_CONCEPT
    return (
        line.row.source_code, "0", vocabulary, line.row.source_name, str(concept.concept_id), concept.vocabulary_id,
        _start_date(export), _END, "",
    )  # fmt: skip


def _further(line: _Line) -> tuple[str, ...]:
    row, target = line.row, line.target
    return (
        target.system if target else "",
        target.code if target else "",
        target.display if target else "",
        target.relationship.value if target else "",
        row.combination if target else "",
        row.status.value,
        row.no_map_reason.value if row.no_map_reason else "",
        "" if row.frequency is None else str(row.frequency),
        row.decided_by or "",
        row.decided_at or "",
        row.reviewer or "",
        row.comment or "",
    )


def _check_length(row: ExportRow) -> None:
    for what, text, most in (("source code", row.source_code, 50), ("source term", row.source_name, 255)):
        if len(text) > most:
            raise BadInput(
                f"The {what} of '{row.source_code[:80]}' has {len(text)} characters; OMOP allows {most}. "
                "Shorten it in the list; nothing was written."
            )


def _vocabulary(export: MapExport) -> str:
    vocabulary = export.options.source_vocabulary or export.concept_map.name
    if len(vocabulary) > 20:
        raise BadInput(
            f"The source_vocabulary_id '{vocabulary[:60]}' has {len(vocabulary)} characters; OMOP allows 20. "
            "Name a shorter one (--source-vocabulary)."
        )
    return vocabulary


def _start_date(export: MapExport) -> str:
    return (export.concept_map.date or "1970-01-01")[:10]


def _domain(line: _Line) -> str:
    return (line.concept.domain_id if line.concept else "") or "Metadata"


def _unknown(targets: Iterable[ChosenTarget]) -> BadInput:
    listed = list(dict.fromkeys(f"{target.system}|{target.code}" for target in targets))
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return BadInput(
        f"No OMOP concept and vocabulary is known for {', '.join(listed[:_MOST_NAMED])}{more}. Give the "
        "vocabularies' CONCEPT.csv (--omop-concepts), or take the format omop-extended, which keeps system and code."
    )
