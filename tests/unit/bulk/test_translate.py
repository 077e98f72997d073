"""Files in, files out: the same answers in every format, nothing half-written."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import orjson
import polars as pl
import pytest

from termserver.bulk.codes import CodeTranslator
from termserver.bulk.lock import PinnedMap, read_lock, write_lock
from termserver.bulk.order import BulkOrder, Multiple, Unmapped
from termserver.bulk.report import write_report
from termserver.bulk.translate import translate_file
from termserver.errors import BadFile, BadInput, Conflict, NotFound
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from termserver.terminology.service import Terminology
from tests.unit.bulk.conftest import ICD, LOCAL, URL, a_map

ORDER = BulkOrder("code", system=LOCAL)
ROWS = [
    ("1", "HI", ""),
    ("2", "HYP", ""),
    ("3", "MISC", ""),
    ("4", "NEW", ""),
    ("5", "NOT", ""),
    ("6", "SEX", "female"),
    ("7", "HI", ""),
]


def write_source(path: Path, rows: list[tuple[str, ...]] = ROWS) -> Path:
    columns = ("patient", "code", "sex")
    if path.suffix in {".parquet", ".arrow"}:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
        if path.suffix == ".arrow":
            frame.write_ipc(path)
        else:
            frame.write_parquet(path)
    elif path.suffix == ".ndjson":
        path.write_bytes(b"".join(orjson.dumps(dict(zip(columns, row, strict=True))) + b"\n" for row in rows))
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows([columns, *rows])
    return path


def read_target(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".parquet":
        found = pl.read_parquet(path).to_dicts()
    elif path.suffix == ".arrow":
        found = pl.read_ipc(path).to_dicts()
    elif path.suffix == ".ndjson":
        found = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    else:
        text = path.read_text(encoding="utf-8")
        found = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix == ".tsv" else ","))
    return [{key: value or "" for key, value in row.items()} for row in found]


def run(
    terminology: Terminology, tmp_path: Path, order: BulkOrder = ORDER, suffix: str = ".csv", **options: object
) -> list[dict[str, str]]:
    source = write_source(tmp_path / f"in{suffix}")
    target = tmp_path / f"out{suffix}"
    translate_file(source, target, order, CodeTranslator(terminology, order), **options)  # type: ignore[arg-type]
    return read_target(target)


def shown(rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(row["patient"], row["target_code"], row["status"]) for row in rows]


FORMATS = [".csv", ".tsv", ".ndjson", ".parquet", ".arrow"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_rows(terminology: Terminology, tmp_path: Path, suffix: str) -> None:
    rows = run(terminology, tmp_path, suffix=suffix)
    assert shown(rows) == [
        ("1", "I21.9", "mapped"),
        ("2", "N85.0", "mapped"),
        ("2", "N40", "mapped"),
        ("3", "", "no-map"),
        ("4", "", "unmapped"),
        ("5", "", "no-map"),
        ("6", "", "conditional"),
        ("7", "I21.9", "mapped"),
    ]
    assert rows[0] == {
        "patient": "1", "code": "HI", "sex": "", "target_code": "I21.9", "target_display": "Infarction",
        "target_system": ICD, "relationship": "equivalent", "map": f"{URL}|1", "status": "mapped",
    }  # fmt: skip


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"multiple": Multiple.FIRST}, ("N85.0", "mapped")),
        ({"multiple": Multiple.LIST}, ("N85.0|N40", "mapped")),
    ],
)
def test_one_row_for_several_targets(
    terminology: Terminology, tmp_path: Path, suffix: str, changes: dict[str, Multiple], expected: tuple[str, str]
) -> None:
    rows = run(terminology, tmp_path, replace(ORDER, **changes), suffix)  # type: ignore[arg-type]
    assert [found[1:] for found in shown(rows) if found[0] == "2"] == [expected]


@pytest.mark.parametrize("suffix", FORMATS)
def test_rows_without_a_target_can_be_dropped_or_keep_their_code(
    terminology: Terminology, tmp_path: Path, suffix: str
) -> None:
    dropped = run(terminology, tmp_path, replace(ORDER, unmapped=Unmapped.DROP), suffix)
    assert [row["patient"] for row in dropped] == ["1", "2", "2", "7"]
    kept = run(terminology, tmp_path, replace(ORDER, unmapped=Unmapped.SOURCE), suffix)
    assert ("4", "NEW", "unmapped") in shown(kept)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"multiple": Multiple.ERROR}, "The code 'HYP' has 2 targets"),
        ({"unmapped": Unmapped.ERROR}, "has no target"),
    ],
)
def test_an_error_writes_nothing(
    terminology: Terminology, tmp_path: Path, suffix: str, changes: dict[str, object], message: str
) -> None:
    (tmp_path / f"out{suffix}").write_text("before")
    with pytest.raises(BadInput, match=message):
        run(terminology, tmp_path, replace(ORDER, **changes), suffix)  # type: ignore[arg-type]
    assert (tmp_path / f"out{suffix}").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir() if "part" in path.name) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_conditional_targets_are_chosen_by_the_rows_own_value(
    terminology: Terminology, tmp_path: Path, suffix: str
) -> None:
    rows = run(terminology, tmp_path, replace(ORDER, dependencies=(("sex", "sex"),)), suffix)
    assert ("6", "N72", "mapped") in shown(rows)


def test_systems_may_differ_from_row_to_row(terminology: Terminology, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f"patient,code,cs\n1,HI,{LOCAL}\n2,HI,https://example.org/other\n3,HI,\n")
    order = BulkOrder("code", system_column="cs")
    translate_file(source, tmp_path / "out.csv", order, CodeTranslator(terminology, order))
    assert [row[1:] for row in shown(read_target(tmp_path / "out.csv"))] == [
        ("I21.9", "mapped"),
        ("", "unmapped"),
        ("", "unmapped"),
    ]


def test_whole_numbers_in_parquet_are_codes(terminology: Terminology, tmp_path: Path) -> None:
    pl.DataFrame({"code": [7, 8, None]}).write_parquet(tmp_path / "in.parquet")
    translate_file(tmp_path / "in.parquet", tmp_path / "out.parquet", ORDER, CodeTranslator(terminology, ORDER))
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found["target_code"].to_list() == ["R07", None, None]
    assert found.schema["code"] == pl.Int64


# ------------------------------------------------------------------ bad input


def test_a_broken_quote_is_named_by_its_line_and_nothing_is_written(terminology: Terminology, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text('patient,code\n1,HI\n2,"HI\n' + "".join(f"{n},HI\n" for n in range(3, 300)))
    with pytest.raises(BadFile, match=r"in.csv line 3: a quote is opened and not closed; nothing was written"):
        translate_file(source, tmp_path / "out.csv", ORDER, CodeTranslator(terminology, ORDER))
    assert not (tmp_path / "out.csv").exists()
    result = translate_file(source, tmp_path / "out.csv", ORDER, CodeTranslator(terminology, ORDER), goes_on=True)
    assert [line for line, _ in result.broken] == [3]
    assert result.counts.total == 298


def test_ragged_rows_and_bad_json_are_named(terminology: Terminology, tmp_path: Path) -> None:
    ragged = tmp_path / "in.csv"
    ragged.write_text("patient,code\n1\n")
    with pytest.raises(BadFile, match="line 2: 1 cells, the header names 2"):
        translate_file(ragged, tmp_path / "out.csv", ORDER, CodeTranslator(terminology, ORDER))
    bad = tmp_path / "in.ndjson"
    bad.write_text('{"code": "HI"}\n{"code": }\n[1]\n')
    with pytest.raises(BadFile, match="line 2: this is no JSON"):
        translate_file(bad, tmp_path / "out.ndjson", ORDER, CodeTranslator(terminology, ORDER))
    result = translate_file(bad, tmp_path / "out.ndjson", ORDER, CodeTranslator(terminology, ORDER), goes_on=True)
    assert [line for line, _ in result.broken] == [2, 3]


@pytest.mark.parametrize("suffix", FORMATS[:2] + FORMATS[3:])
def test_columns_are_checked_first(terminology: Terminology, tmp_path: Path, suffix: str) -> None:
    with pytest.raises(BadFile, match="the column 'kod' is missing; there are: patient, code, sex"):
        run(terminology, tmp_path, replace(ORDER, code_column="kod"), suffix)


def test_our_columns_never_cover_those_of_the_file(terminology: Terminology, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("code,status\nHI,x\n")
    with pytest.raises(BadFile, match="status stand in the file already"):
        translate_file(source, tmp_path / "out.csv", ORDER, CodeTranslator(terminology, ORDER))
    order = replace(ORDER, prefix="icd_")
    translate_file(source, tmp_path / "out.csv", order, CodeTranslator(terminology, order))
    assert read_target(tmp_path / "out.csv")[0]["icd_target_code"] == "I21.9"


def test_bytes_that_are_no_utf_8_are_told(terminology: Terminology, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes("code\nHjärta\n".encode("cp1252"))
    with pytest.raises(BadFile, match="is no UTF-8"):
        translate_file(tmp_path / "in.csv", tmp_path / "out.csv", ORDER, CodeTranslator(terminology, ORDER))


def test_no_map_for_the_system_is_told_before_anything_else(terminology: Terminology, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"No active map translates from https://example.org/other"):
        run(terminology, tmp_path, BulkOrder("code", system="https://example.org/other"))
    with pytest.raises(NotFound, match=r"versions here: 1"):
        run(terminology, tmp_path, replace(ORDER, map_url=f"{URL}|7"))


def test_a_parquet_file_that_is_none_is_told(terminology: Terminology, tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(BadFile, match="no Parquet or Arrow file"):
        translate_file(tmp_path / "in.parquet", tmp_path / "out.parquet", ORDER, CodeTranslator(terminology, ORDER))


# ------------------------------------------------------------------ report and lock


def test_the_report_lists_codes_without_a_target_by_frequency(terminology: Terminology, tmp_path: Path) -> None:
    rows = [("1", "NEW", ""), ("2", "MISC", ""), ("3", "NEW", ""), ("4", "HI", "")]
    for suffix in (".csv", ".parquet"):
        source = write_source(tmp_path / f"in{suffix}", rows)
        translator = CodeTranslator(terminology, ORDER)
        result = translate_file(source, tmp_path / f"out{suffix}", ORDER, translator)
        write_report(tmp_path / "report.csv", ORDER, translator, result)
        assert (tmp_path / "report.csv").read_text() == "code,status,rows\nNEW,unmapped,2\nMISC,no-map,1\n"
        assert result.counts.unmapped_share == 0.75


def test_a_lock_keeps_the_version_when_a_newer_one_is_published(
    terminology: Terminology, database: Database, tmp_path: Path
) -> None:
    source = write_source(tmp_path / "in.csv", [("1", "HI", "")])
    first = CodeTranslator(terminology, ORDER)
    translate_file(source, tmp_path / "out.csv", ORDER, first)
    write_lock(tmp_path / "maps.lock", first.maps_used)
    with database.session(write=True) as session:
        add_concept_map(session, a_map("2", target_of_hi="I21.4"))
    targets = []
    for locked in (None, read_lock(tmp_path / "maps.lock")):
        translate_file(source, tmp_path / "out.csv", ORDER, CodeTranslator(terminology, ORDER, locked))
        targets.append(read_target(tmp_path / "out.csv")[0]["target_code"])
    assert targets == ["I21.4", "I21.9"]


def test_a_lock_that_does_not_hold_refuses_to_run(terminology: Terminology, tmp_path: Path) -> None:
    write_lock(tmp_path / "maps.lock", [PinnedMap(URL, "1", "0" * 64), PinnedMap(URL, "9", "0" * 64)])
    with pytest.raises(Conflict, match=r"\|1 has other content here .*\|9 is not loaded here. Nothing was translated"):
        CodeTranslator(terminology, ORDER, read_lock(tmp_path / "maps.lock"), "maps.lock")


def test_a_file_that_is_no_lock_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("{}")
    with pytest.raises(BadFile, match="this is no lock"):
        read_lock(tmp_path / "x")
