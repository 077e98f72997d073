import zipfile
from pathlib import Path

from click.testing import CliRunner

from termserver.cli.export import export
from termserver.cli.load_map import load_map

COMMON = (
    "--url", "https://example.org/ConceptMap/editions", "--version", "1", "--source-system", "https://example.org/cs|1",
    "--target-system", "https://example.org/cs|2",
)  # fmt: skip


def run(data: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(load_map, [*arguments, "--data", str(data)])
    return result.exit_code, result.output + (str(result.exception) if result.exception else "")


def test_a_map_is_stored_once(tmp_path: Path) -> None:
    file = tmp_path / "editions.csv"
    file.write_text("old,new\nA,B\nC,D\n")
    for _ in range(2):
        code, output = run(tmp_path / "data", str(file), *COMMON)
        assert code == 0, output
        assert "https://example.org/ConceptMap/editions|1: 2 source codes stored" in output


def test_one_bad_line_keeps_the_map_out_unless_told_to_go_on(tmp_path: Path) -> None:
    file = tmp_path / "editions.csv"
    file.write_text("old,new,relationship\nA,B,equivalent\nC,D,perhaps\n")
    code, output = run(tmp_path / "data", str(file), *COMMON)
    assert code == 1
    assert "line 3, column relationship" in output
    assert "nothing was stored" in output
    code, output = run(tmp_path / "data", str(file), *COMMON, "--on-error", "continue")
    assert code == 0, output
    assert "1 source codes stored" in output
    assert "1 refused" in output


def test_a_column_option_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n")
    code, output = run(tmp_path / "data", str(file), *COMMON, "--column", "kind=a")
    assert code == 1
    assert "write KIND=NAME" in output


def test_local_omop_concepts_are_loaded_and_exported_again(tmp_path: Path) -> None:
    golden = Path(__file__).parents[2] / "golden" / "both_ways" / "omop"
    url = "https://example.org/ConceptMap/omop"
    common = ("--url", url, "--version", "1")
    code, output = run(tmp_path / "data", str(golden / "CONCEPT_RELATIONSHIP.csv"), *common)
    assert code == 1
    assert "vocabulary 'EX_DIAG'" in output
    named = ("--vocabulary", "EX_DIAG=https://example.org/cs")
    code, output = run(tmp_path / "data", str(golden / "CONCEPT_RELATIONSHIP.csv"), *common, *named)
    assert code == 0, output
    assert "4 source codes stored" in output
    out = tmp_path / "out.zip"
    arguments = [url, "--format", "omop-concepts", "-o", str(out), "--data", str(tmp_path / "data")]
    assert CliRunner().invoke(export, arguments).exit_code == 0
    with zipfile.ZipFile(out) as archive:
        for name in archive.namelist():
            assert archive.read(name) == (golden / name).read_bytes()


def test_a_vocabulary_option_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n")
    code, output = run(tmp_path / "data", str(file), *COMMON, "--vocabulary", "EX_DIAG")
    assert code == 1
    assert "write NAME=URL" in output
