"""What single formats keep, refuse and promise."""

import csv
import io
import zipfile
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from termserver.errors import BadInput
from termserver.exports.registry import write_map
from termserver.model.concept_map import Unmapped
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.export_row import ExportRow
from termserver.model.map_export import ExportOptions
from termserver.model.relationship import Relationship
from termserver.model.usagi_line import OMOP, UsagiLine
from tests.unit.exports.test_exports import OPTIONS, ROWS, SNOMED
from tests.unit.fhir.builders import example_map

ALTERNATIVES = ExportRow(
    "HI",
    "Hjärtinfarkt",
    targets=(
        ChosenTarget(SNOMED, "22298006", "Myocardial infarction"),
        ChosenTarget(SNOMED, "57054005", "Acute myocardial infarction", Relationship.BROADER),
    ),
    status=RowStatus.APPROVED,
)


def written(format_name: str, *rows: ExportRow, options: ExportOptions = OPTIONS) -> bytes:
    return b"".join(write_map(example_map(), format_name, rows=iter(rows), options=options))


def table(raw: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=delimiter))


# ------------------------------------------------------------------ OMOP


@pytest.mark.parametrize("format_name", ["omop", "omop-extended", "omop-concepts"])
def test_a_source_code_of_51_characters_is_named_and_not_cut(format_name: str) -> None:
    row = replace(ROWS[0], source_code="X" * 51)
    with pytest.raises(BadInput, match=r"The source code of 'X+' has 51 characters; OMOP allows 50"):
        written(format_name, row)


def test_a_vocabulary_of_21_characters_is_refused() -> None:
    with pytest.raises(BadInput, match="source_vocabulary_id"):
        written("omop", options=replace(OPTIONS, source_vocabulary="V" * 21))


def test_strict_omop_names_targets_without_a_concept_id() -> None:
    with pytest.raises(BadInput, match=r"http://snomed.info/sct\|22298006"):
        written("omop", ALTERNATIVES)


def test_extended_omop_keeps_system_code_and_relationship() -> None:
    lines = table(written("omop-extended", ALTERNATIVES))
    assert [(line["target_concept_id"], line["target_code"], line["relationship"]) for line in lines] == [
        ("0", "22298006", "equivalent"),
        ("0", "57054005", "source-is-broader-than-target"),
    ]


def test_a_target_that_is_not_related_is_no_omop_mapping() -> None:
    row = replace(ROWS[0], targets=(replace(ROWS[0].targets[0], relationship=Relationship.NOT_RELATED),))
    assert table(written("omop", row)) == []


def test_local_concepts_have_ids_above_two_billion_and_both_relationships() -> None:
    archive = zipfile.ZipFile(io.BytesIO(written("omop-concepts", *ROWS)))
    concepts = table(archive.read("CONCEPT.csv"), "\t")
    relationships = table(archive.read("CONCEPT_RELATIONSHIP.csv"), "\t")
    assert [line["concept_code"] for line in concepts] == [row.source_code for row in ROWS]
    assert concepts[0]["concept_id"] == "2000000001"
    assert [(line["concept_id_1"], line["concept_id_2"], line["relationship_id"]) for line in relationships[:2]] == [
        ("2000000001", "45533461", "Maps to"),
        ("45533461", "2000000001", "Mapped from"),
    ]
    assert len(relationships) == 8


def test_the_same_map_gives_the_same_bytes() -> None:
    for name in ("omop-concepts", "xlsx", "transcoding", "rf2-simple"):
        rows = (ALTERNATIVES,) if name == "rf2-simple" else ROWS
        assert written(name, *rows) == written(name, *rows)


# ------------------------------------------------------------------ RF2


def test_alternatives_are_priorities_of_one_group() -> None:
    lines = table(written("rf2-extended", ALTERNATIVES), "\t")
    assert [(line["mapGroup"], line["mapPriority"], line["correlationId"]) for line in lines] == [
        ("1", "1", "1193548004"),
        ("1", "2", "1193547009"),
    ]
    assert {line["mapTarget"] for line in lines} == {"HI"}
    assert {line["effectiveTime"] for line in lines} == {"20261122"}


def test_targets_that_together_say_the_code_are_groups() -> None:
    lines = table(written("rf2-extended", replace(ALTERNATIVES, combination="and")), "\t")
    assert [(line["mapGroup"], line["mapPriority"]) for line in lines] == [("1", "1"), ("2", "1")]


def test_members_keep_their_ids_from_release_to_release() -> None:
    later = replace(OPTIONS, effective_time="20270401")
    first, second = written("rf2-simple", ALTERNATIVES), written("rf2-simple", ALTERNATIVES, options=later)
    assert [line["id"] for line in table(first, "\t")] == [line["id"] for line in table(second, "\t")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (replace(OPTIONS, refset_id=None), "--refset-id and --module-id"),
        (
            replace(OPTIONS, module_id="999000011000000104"),
            "--module-id: '999000011000000104' is no SNOMED CT identifier",
        ),
        (replace(OPTIONS, effective_time="2026-11-22"), "YYYYMMDD"),
    ],
)
def test_rf2_asks_for_what_it_needs(options: ExportOptions, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        written("rf2-simple", ALTERNATIVES, options=options)


def test_a_target_with_a_wrong_check_digit_is_named() -> None:
    row = replace(ALTERNATIVES, targets=(ChosenTarget(SNOMED, "22298007", ""),))
    with pytest.raises(BadInput, match=r"The target of 'HI': '22298007' is no SNOMED CT identifier"):
        written("rf2-simple", row)


def test_a_map_without_snomed_has_no_rf2() -> None:
    with pytest.raises(BadInput, match="no code in SNOMED CT"):
        written("rf2-extended", *ROWS)


# ------------------------------------------------------------------ people and exchange


def test_a_spreadsheet_holds_text_only() -> None:
    sheet = load_workbook(io.BytesIO(written("xlsx", *ROWS))).active
    assert sheet is not None
    cells = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert cells[0][:3] == ["source code", "source term", "frequency"]
    assert '=HYPERLINK("http://evil.example")' in cells[4]
    assert {cell.data_type for line in sheet.iter_rows() for cell in line if cell.value is not None} == {"s"}


def test_transcoding_tables_point_at_each_other() -> None:
    archive = zipfile.ZipFile(io.BytesIO(written("transcoding", *ROWS)))
    concepts = {line["id"]: line for line in table(archive.read("code_system_concept.csv"))}
    first = table(archive.read("transcoding_association.csv"))[0]
    assert concepts[first["source_concept_id"]]["code"] == "HI"
    assert concepts[first["target_concept_id"]]["code"] == "I21"
    assert (first["relationship"], first["status"], first["status_date"]) == ("equivalent", "VALID", "2026-11-20")


def test_sssom_declares_every_prefix_it_uses() -> None:
    text = written("sssom", *ROWS, ALTERNATIVES).decode()
    declared = {line.split(":")[0].strip("# ") for line in text.splitlines() if line.startswith("#  ")}
    used = {
        cell.split(":")[0]
        for line in table("\n".join(line for line in text.splitlines() if line[0] != "#").encode(), "\t")
        for cell in (line["subject_id"], line["predicate_id"], line["object_id"], line["mapping_justification"])
    }
    assert used <= declared


# ------------------------------------------------------------------ Usagi


def usagi_row(**changes: object) -> ExportRow:
    cells = {
        "sourceCode": "A",
        "sourceName": "Haemoglobin",
        "ADD_INFO:unit": "g/l",
        "mappingStatus": "UNCHECKED",
        "equivalence": "UNREVIEWED",
        "conceptId": "3000963",
        "conceptName": "Hemoglobin",
        "domainId": "Measurement",
        "matchScore": "0.5",
    }
    row = ExportRow("A", "Haemoglobin", context={"unit": "g/l"}, usagi_lines=(UsagiLine(2, cells),), untouched=True)
    return replace(row, **changes)  # type: ignore[arg-type]


def test_an_untouched_row_is_written_as_it_was_read() -> None:
    line = table(written("usagi", usagi_row()))[0]
    assert {column: line[column] for column in usagi_row().usagi_lines[0].cells} == usagi_row().usagi_lines[0].cells


def test_a_decided_row_keeps_what_we_do_not_know() -> None:
    decided = usagi_row(
        untouched=False,
        targets=(ChosenTarget(OMOP, "3000963", "Hemoglobin"),),
        status=RowStatus.APPROVED,
        decided_by="maja",
        decided_at="2026-11-20T09:30:00.000Z",
    )
    line = table(written("usagi", decided))[0]
    assert (line["mappingStatus"], line["equivalence"], line["domainId"]) == ("APPROVED", "EQUIVALENT", "Measurement")


def test_another_target_does_not_keep_the_domain_of_the_first() -> None:
    decided = usagi_row(untouched=False, targets=(ChosenTarget(OMOP, "7", "x"),), status=RowStatus.DECIDED)
    assert table(written("usagi", decided))[0]["domainId"] == ""


def test_lines_come_back_in_the_files_order() -> None:
    def lines(*numbers: int, code: str) -> ExportRow:
        kept = tuple(UsagiLine(n, {"sourceCode": code, "sourceName": f"{code}{n}", "conceptId": "0"}) for n in numbers)
        return ExportRow(code, code, usagi_lines=kept, untouched=True)

    names = [
        line["sourceName"]
        for line in table(written("usagi", lines(2, 5, code="A"), lines(3, code="B"), lines(4, 6, code="C")))
    ]
    assert names == ["A2", "B3", "C4", "A5", "C6"]


def test_no_map_has_no_concept() -> None:
    line = table(
        written("usagi", usagi_row(untouched=False, no_map_reason=NoMapReason.NO_TARGET, status=RowStatus.APPROVED))
    )[0]
    assert (line["conceptId"], line["conceptName"], line["equivalence"]) == ("0", "", "UNMATCHED")


# ------------------------------------------------------------------ Parquet


def test_parquet_has_a_line_a_target() -> None:
    import polars as pl

    from tests.unit.bulk.conftest import a_map

    frame = pl.read_parquet(io.BytesIO(b"".join(write_map(a_map("1"), "parquet"))))
    rows = frame.select("source_code", "target_code", "closeness", "conditional", "no_map").rows()
    assert rows[:4] == [
        ("HI", "I21.9", 0, False, False),
        ("HYP", "N40", 2, False, False),
        ("HYP", "N85.0", 0, False, False),
        ("MISC", None, 9, False, True),
    ]
    assert ("SEX", "N41", 0, True, False) in rows


def test_a_rule_for_unmapped_codes_is_no_table() -> None:
    from tests.unit.bulk.conftest import a_map

    plain = a_map("1")
    with_rule = replace(plain, groups=(replace(plain.groups[0], unmapped=Unmapped("use-source-code")),))
    with pytest.raises(BadInput, match="a rule for unmapped codes"):
        b"".join(write_map(with_rule, "parquet"))
