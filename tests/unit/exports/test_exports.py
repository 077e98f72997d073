"""Exports against golden files: what is written for a working project and for a published map."""

import json
from pathlib import Path

import pytest

from termserver.cli.export import FORMAT_NAMES
from termserver.errors import BadInput
from termserver.exports.registry import FORMATS, find_format, write_map
from termserver.exports.rows import rows_from_map
from termserver.fhir.concept_map import read_concept_map
from termserver.fhir.versions import FhirVersion
from termserver.model.candidate import Candidate
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.export_row import ExportRow
from termserver.model.map_export import ExportOptions, OmopConcept
from termserver.model.relationship import Relationship
from termserver.model.usagi_line import OMOP
from tests.unit.fhir.builders import ICD, example_map

GOLDEN = Path(__file__).parents[2] / "golden"
AT = "2026-11-20T09:30:00.000Z"

ROWS = (
    ExportRow(
        "HI",
        "Hjärtinf",
        120,
        {"clinic": "medicine"},
        (ChosenTarget(ICD, "I21", "Acute myocardial infarction"),),
        RowStatus.APPROVED,
        decided_by="maja",
        decided_at=AT,
        reviewer="pirkko",
        probability=0.9712,
    ),
    ExportRow(
        "HYP",
        "Hyperplasi, prostata eller livmoder",
        7,
        {"clinic": "urology, gynaecology"},
        (
            ChosenTarget(ICD, "N40", "Hyperplasia of prostate", Relationship.BROADER),
            ChosenTarget(ICD, "N85.0", "Endometrial glandular hyperplasia", Relationship.BROADER),
        ),
        RowStatus.DECIDED,
        decided_by="maja",
        decided_at=AT,
        comment='two targets; "sex" decides',
        flagged=True,
    ),
    ExportRow(
        "MISC",
        '=HYPERLINK("http://evil.example")',
        None,
        {},
        (),
        RowStatus.APPROVED,
        NoMapReason.TOO_VAGUE,
        "maja",
        AT,
        "pirkko",
        "@nobody knows",
    ),
    ExportRow(
        "OPN",
        "Öppen rad",
        3,
        {"clinic": "medicine"},
        suggestion=Candidate(ICD, "I22", "Subsequent myocardial infarction", 1, 0.4, 0.41),
        probability=0.41,
    ),
    ExportRow(
        "OMOP",
        "Internmedicin",
        1,
        {},
        (ChosenTarget(OMOP, "38004456", "Internal Medicine"),),
        RowStatus.APPROVED,
    ),
)


SNOMED = "http://snomed.info/sct"
OPTIONS = ExportOptions(
    licence="https://creativecommons.org/licenses/by/4.0/",
    source_vocabulary="EX_DIAG",
    omop_concepts={
        (OMOP, "38004456"): OmopConcept(38004456, "NUCC", "38004456", "Internal Medicine", "Provider"),
        (ICD, "I21"): OmopConcept(45533461, "ICD10", "I21", "Acute myocardial infarction", "Condition"),
        (ICD, "N40"): OmopConcept(45586859, "ICD10", "N40", "Hyperplasia of prostate", "Condition"),
        (ICD, "N85.0"): OmopConcept(45586904, "ICD10", "N85.0", "Endometrial glandular hyperplasia", "Condition"),
    },
    refset_id="999000041000000102",
    module_id="999000011000000103",
    effective_time="20261122",
)


def _written(format_name: str, *, rows: bool) -> bytes:
    return b"".join(write_map(example_map(), format_name, rows=iter(ROWS) if rows else None, options=OPTIONS))


@pytest.mark.parametrize(
    ("format_name", "rows", "file"),
    [
        ("fhir-r4", False, "map.r4.json"),
        ("fhir-r4b", False, "map.r4.json"),
        ("fhir-r5", False, "map.r5.json"),
        ("csv", True, "rows.csv"),
        ("csv", False, "map.csv"),
        ("usagi", True, "rows.usagi.csv"),
        ("usagi", False, "map.usagi.csv"),
        ("omop", True, "rows.stcm.csv"),
        ("omop-extended", True, "rows.stcm-extended.csv"),
        ("sssom", True, "rows.sssom.tsv"),
        ("snap2snomed", True, "rows.snap2snomed.csv"),
    ],
)
def test_export_equals_its_golden_file(format_name: str, rows: bool, file: str) -> None:
    assert _written(format_name, rows=rows) == (GOLDEN / file).read_bytes()


@pytest.mark.parametrize("version", list(FhirVersion))
def test_fhir_export_is_read_back_as_the_same_map(version: FhirVersion) -> None:
    assert read_concept_map(json.loads(_written(f"fhir-{version.path}", rows=False)), version) == example_map()


@pytest.mark.parametrize("version", ["r4b", "r5"])
def test_fhir_export_is_valid_for_fhir_resources(version: str) -> None:
    import importlib

    package = "fhir.resources.conceptmap" if version == "r5" else "fhir.resources.R4B.conceptmap"
    module = importlib.import_module(package)
    assert module.ConceptMap.model_validate_json(_written(f"fhir-{version}", rows=False))


def test_formulas_are_neutralised() -> None:
    cells = _written("csv", rows=True).decode("utf-8-sig")
    assert "'=HYPERLINK" in cells
    assert "'@nobody" in cells


def test_usagi_columns_stand_in_usagis_order() -> None:
    header = _written("usagi", rows=True).decode().splitlines()[0].split(",")
    assert header == [
        "sourceCode",
        "sourceName",
        "sourceFrequency",
        "sourceAutoAssignedConceptIds",
        "ADD_INFO:clinic",
        "ADD_INFO:targetCode",
        "matchScore",
        "mappingStatus",
        "equivalence",
        "statusSetBy",
        "statusSetOn",
        "conceptId",
        "conceptName",
        "domainId",
        "mappingType",
        "comment",
        "createdBy",
        "createdOn",
        "assignedReviewer",
    ]


def test_rows_of_a_map_hold_every_target_and_reason() -> None:
    rows = {row.source_code: row for row in rows_from_map(example_map())}
    assert [target.code for target in rows["HIU"].targets] == ["I21.9", "I21", "I22"]
    assert (rows["MISC"].no_map_reason, rows["MISC"].comment) == (NoMapReason.NO_TARGET, "too vague")


def test_unknown_format_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="fhir-r4, fhir-r4b, fhir-r5, csv, xlsx, parquet, usagi, omop, "):
        find_format("xls")
    assert tuple(FORMATS) == FORMAT_NAMES
