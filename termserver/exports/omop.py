"""A map for the OMOP Common Data Model: source_to_concept_map, strict and extended. Local concepts: `omop_concepts`.

OMOP knows targets by concept id. A target of the OMOP vocabularies has it as its code; others are looked up
(`ExportOptions.omop_concepts`, from CONCEPT.csv). Nothing is cut to fit a column: what is too long is an error
that names the row. What was read from such a table (dates, concept ids) is
written as it was. Source: OMOP CDM 5.4, SOURCE_TO_CONCEPT_MAP.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from termserver.errors import BadInput
from termserver.exports.table_writer import delimited_chunks
from termserver.model.decision import ChosenTarget
from termserver.model.export_row import ExportRow, TargetDetail
from termserver.model.map_export import MapExport, OmopConcept
from termserver.model.omop import LONGEST_CODE, LONGEST_NAME, LONGEST_VOCABULARY
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
_NO_CONCEPT = OmopConcept(0, "None", "", "No matching concept")
_NO_DETAIL = TargetDetail()
END = "2099-12-31"
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class OmopLine:
    """A row with one of its targets, and the OMOP concept of that."""

    row: ExportRow
    target: ChosenTarget | None = None
    concept: OmopConcept | None = None
    detail: TargetDetail = _NO_DETAIL

    def kept(self, column: str, otherwise: str) -> str:
        """A cell as an imported table had it."""
        return self.detail.properties.get(column) or otherwise


def write_source_to_concept_map(export: MapExport) -> Iterator[bytes]:
    """The table as OMOP has it: the columns of the standard and no others; undecided rows are left out.

    Raises
    ------
    BadInput
        If a code or a vocabulary name is too long, or a decided target has no OMOP concept id.
    """
    vocabulary_of(export)

    def strict() -> Iterator[Sequence[str]]:
        for line in omop_lines(export):
            if line.target is not None and (line.concept is None or not line.concept.vocabulary_id):
                raise unknown_targets([line.target])
            if line.target is not None or line.row.no_map_reason is not None:
                yield _strict_cells(export, line)

    return delimited_chunks(STRICT_COLUMNS, strict())


def write_extended_source_to_concept_map(export: MapExport) -> Iterator[bytes]:
    """The same with what Usagi's export drops: status, relationship, people, target codes. Every row, decided or not.

    A target without an OMOP concept id has 0 there, and stands by system and code in the further columns.
    """
    vocabulary_of(export)
    return delimited_chunks(
        _EXTENDED_COLUMNS, ((*_strict_cells(export, line), *_further(line)) for line in omop_lines(export))
    )


def omop_lines(export: MapExport) -> Iterator[OmopLine]:
    """One line a target, with its OMOP concept; one line for a row without."""
    known = export.options.omop_concepts
    for row in export.rows:
        found = False
        for target, detail in row.detailed_targets:
            if target.relationship is not Relationship.NOT_RELATED:
                found = True
                concept = known.get((target.system, target.code)) or _concept_as_read(target, detail)
                yield OmopLine(row, target, concept, detail)
        if not found:
            yield OmopLine(row)


def _concept_as_read(target: ChosenTarget, detail: TargetDetail) -> OmopConcept | None:
    """The concept that an imported table named, or that is the target itself."""
    number = detail.properties.get("target_concept_id", "")
    if not number and target.system == OMOP:
        number = target.code
    if not number.isascii() or not number.isdecimal():
        return None
    vocabulary, domain = (detail.properties.get(f"target_{part}_id", "") for part in ("vocabulary", "domain"))
    return OmopConcept(int(number), vocabulary, target.code, target.display, domain)


def _strict_cells(export: MapExport, line: OmopLine) -> tuple[str, ...]:
    check_length(line.row)
    concept = line.concept or _NO_CONCEPT
    return (
        line.row.source_code, line.row.kept.get("source_concept_id", "0"),
        vocabulary_of(export, line.row), line.row.source_name, str(concept.concept_id),
        concept.vocabulary_id, line.kept("valid_start_date", line.row.kept.get("valid_start_date", start_date(export))),
        line.kept("valid_end_date", line.row.kept.get("valid_end_date", END)), "",
    )  # fmt: skip


def _further(line: OmopLine) -> tuple[str, ...]:
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
        line.detail.comment or row.comment or "",
    )


def check_length(row: ExportRow) -> None:
    """Refuse what OMOP's columns cannot hold.

    Raises
    ------
    BadInput
        Naming the row.
    """
    for what, text, most in (
        ("source code", row.source_code, LONGEST_CODE),
        ("source term", row.source_name, LONGEST_NAME),
    ):
        if len(text) > most:
            raise BadInput(
                f"The {what} of '{row.source_code[:80]}' has {len(text)} characters; OMOP allows {most}. "
                "Shorten it in the list; nothing was written."
            )


def vocabulary_of(export: MapExport, row: ExportRow | None = None) -> str:
    """The vocabulary_id of a row's source code: as it was read, as the caller named it, or the name of the map.

    Parameters
    ----------
    row
        None checks what the caller named, if anything.

    Raises
    ------
    BadInput
        If it is longer than OMOP allows.
    """
    kept = {} if row is None else row.kept
    vocabulary = kept.get("source_vocabulary_id") or kept.get("vocabulary_id") or export.options.source_vocabulary
    if vocabulary is None:
        vocabulary = "" if row is None else export.concept_map.name
    if len(vocabulary) > LONGEST_VOCABULARY:
        raise BadInput(
            f"The source_vocabulary_id '{vocabulary[:60]}' has {len(vocabulary)} characters; OMOP allows {LONGEST_VOCABULARY}. "
            "Name a shorter one (--source-vocabulary)."
        )
    return vocabulary


def start_date(export: MapExport) -> str:
    """Since when the mappings hold: the date of the map."""
    return (export.concept_map.date or "1970-01-01")[:10]


def unknown_targets(targets: Iterable[ChosenTarget]) -> BadInput:
    """The error that names targets without an OMOP concept."""
    listed = list(dict.fromkeys(f"{target.system}|{target.code}" for target in targets))
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return BadInput(
        f"No OMOP concept and vocabulary is known for {', '.join(listed[:_MOST_NAMED])}{more}. Give the "
        "vocabularies' CONCEPT.csv (--omop-concepts), or take the format omop-extended, which keeps system and code."
    )
