"""What pipelines get wrong, by the real commands: named with its place, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from termserver.cli.export import export
from termserver.cli.load_map import load_map
from termserver.cli.translate import translate

MAP = ("--url", "http://m.example/x", "--version", "1", "--source-system", "http://s.example", "--target-system", "http://t.example")  # fmt: skip  # noqa: E501
RF2 = "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tmapTarget\n"
SSSOM = (
    "#curie_map:\n#  L: http://l.example/\n#mapping_set_id: http://m.example/s\n#license: http://x.example\n"
    "subject_id\tpredicate_id\tobject_id\tmapping_justification\nL:A\tskos:exactMatch\tNOPE:1\tsemapv:ManualMappingCuration\n"
)


def run(command: object, data: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, [*arguments, "--data", str(data)])  # type: ignore[arg-type]
    return result.exit_code, result.output + (str(result.exception) if result.exception else "")


def loaded(tmp_path: Path, text: str, *options: str, name: str = "map.csv") -> tuple[int, str]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return run(load_map, tmp_path / "data", str(tmp_path / name), *options)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    code, said = loaded(tmp_path, "source_code,target_code,relationship\nA,1,equivalent\nB,2,wider\n", *MAP)
    assert code == 0, said
    return tmp_path / "data"


def test_a_broken_quote_far_down_is_named_by_its_row(data: Path, tmp_path: Path) -> None:
    rows, broken = 60_000, 50_000
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    lines = [f'{number},"A' if number == broken else f"{number},A" for number in range(2, rows + 1)]
    source.write_text("\n".join(["id,dx", *lines]) + "\n")
    target.write_text("as it was")
    arguments = (str(source), "-o", str(target), "--code", "dx", "--system", "http://s.example")
    code, said = run(translate, data, *arguments)
    assert code == 1
    assert f"in.csv line {broken}: " in said
    assert "nothing was written" in said
    assert target.read_text() == "as it was"
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv", "map.csv", "data"}
    code, said = run(translate, data, *arguments, "--on-error", "continue")
    assert code == 0
    assert f"left out: line {broken}" in said
    assert len(target.read_text().splitlines()) == rows - 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--code", "nope", "--system", "http://s.example"), "the column 'nope' is missing; there are: id, dx"),
        (("--code", "dx"), "Name the code system"),
        (("--code", "dx", "--system", "http://z.example"), "No active map translates from http://z.example"),
        (("--code", "dx", "--system", "http://s.example", "--map", "http://no.example"), "no concept map"),
        (("--code", "dx", "--system", "http://s.example", "--map", "http://m.example/x|9"), "versions here: 1"),
        (("--code", "dx", "--system", "http://s.example", "--delimiter", ",,"), "must be one character"),
        (("--code", "dx", "--system", "http://s.example", "--dependency", "x"), "write ATTRIBUTE=COLUMN"),
        (("--code", "dx", "--system", "http://s.example", "--format", "parquet"), "no Parquet or Arrow file"),
    ],
)
def test_a_wrong_option_is_named(data: Path, tmp_path: Path, options: tuple[str, ...], says: str) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("id,dx\n1,A\n")
    code, said = run(translate, data, str(source), "-o", str(target), *options)
    assert code == 1
    assert says in said
    assert not target.exists()


@pytest.mark.parametrize(
    ("name", "text", "options", "says"),
    [
        (
            "self.csv",
            "source_code,target_code\nA,A\nB,C\n",
            (
                "--url",
                "http://m.example/s",
                "--source-system",
                "http://s.example",
                "--target-system",
                "http://s.example",
            ),
            "line 2: the code 'A' is mapped to itself",
        ),
        ("x.sssom.tsv", SSSOM, (), "line 6, column object_id: the prefix 'NOPE' is not declared"),
        (
            "der2_sRefset_SimpleMapSnapshot.txt",
            f"{RF2}6b5d4d3a-0000-0000-0000-000000000000\t20260101\t1\t900000000000207008\t446608001\t22298007\tA1\n",
            ("--url", "http://m.example/r", "--target-system", "http://t.example"),
            "column referencedComponentId: '22298007' fails its check digit",
        ),
    ],
)
def test_a_map_with_a_fault_is_not_stored(
    data: Path, tmp_path: Path, name: str, text: str, options: tuple[str, ...], says: str
) -> None:
    code, said = loaded(tmp_path, text, *options, name=name)
    assert code == 1
    assert says in said
    code, said = run(export, data, "http://m.example/s", "--format", "csv", "-o", str(tmp_path / "o.csv"))
    assert code == 1
    assert not (tmp_path / "o.csv").exists()


def test_a_source_code_too_long_for_omop_is_named_and_not_cut(data: Path, tmp_path: Path) -> None:
    long = "x" * 51
    named = ("--url", "http://m.example/long", *MAP[2:])
    assert loaded(tmp_path, f"source_code,target_code,relationship\n{long},1,equivalent\n", *named)[0] == 0
    target = tmp_path / "stcm.csv"
    options = ("--format", "omop-extended", "--source-vocabulary", "LOCAL", "-o", str(target))
    code, said = run(export, data, "http://m.example/long", *options)
    assert code == 1
    assert f"'{long}' has 51 characters; OMOP allows 50" in said
    assert not target.exists()


def test_formulas_are_neutralised_where_spreadsheets_read(data: Path, tmp_path: Path) -> None:
    text = (
        'source code,source term,target code,target term,relationship\n-1,"=HYPERLINK(""x"")",+2,@SUM(1),equivalent\n'
    )
    assert loaded(tmp_path, text, "--url", "http://m.example/f", *MAP[2:])[0] == 0
    for name in ("csv", "snap2snomed"):
        target = tmp_path / f"f.{name}"
        assert run(export, data, "http://m.example/f", "--format", name, "-o", str(target))[0] == 0
        written = target.read_text(encoding="utf-8-sig").splitlines()[1]
        for cell in ("'-1", "'=HYPERLINK(", "'+2", "'@SUM(1)"):
            assert cell in written, name
    # and read again they are what they were
    again = ("--url", "http://m.example/f", "--version", "1", *MAP[4:])
    code, said = run(load_map, data, str(tmp_path / "f.csv"), *again, "--title", "map.csv")
    assert code == 0, said
