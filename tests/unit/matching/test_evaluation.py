"""Figures, CSV files with mistakes, and the command `termserver evaluate`."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from termserver.cli.evaluate import evaluate
from termserver.errors import BadFile, BadInput
from termserver.matching.evaluation import (
    GoldRow,
    expected_calibration_error,
    figures,
    read_gold,
    read_targets,
    right_ranks,
)
from termserver.model.candidate import Candidate, SourceTerm, Suggestions, Target

GOLD = "source_code,source_term,language,context,frequency,target_system,target_code,target_display,relationship\n"


def suggestions(*codes_and_scores: tuple[str, float]) -> Suggestions:
    return Suggestions(
        tuple(
            Candidate("s", code, code, rank, score, 0.5) for rank, (code, score) in enumerate(codes_and_scores, start=1)
        ),
        0.0,
        "test",
    )


def gold_row(*codes: str) -> GoldRow:
    return GoldRow(SourceTerm("x"), frozenset(("s", code) for code in codes))


def test_any_right_target_counts() -> None:
    found = [suggestions(("a", 3), ("b", 2), ("c", 1))]
    assert right_ranks([gold_row("c", "b")], found).tolist() == [2]


def test_ties_count_pessimistically() -> None:
    found = [suggestions(("right", 1), ("wrong", 1), ("wrong2", 1))]
    assert right_ranks([gold_row("right")], found).tolist() == [3]


def test_a_target_not_proposed_has_no_rank() -> None:
    assert right_ranks([gold_row("z")], [suggestions(("a", 1))]).tolist() == [0]


def test_figures_of_a_perfect_ranking() -> None:
    found = figures([gold_row("a")] * 4, [suggestions(("a", 2), ("b", 1))] * 4)
    assert found["n"] == 4
    assert found["recall@1"] == found["recall@25"] == found["mrr"] == found["auto_accept"] == 1
    assert found["ece"] == 0.5


def test_calibration_error_of_honest_probabilities_is_nothing() -> None:
    probabilities = np.array([0.75] * 4)
    assert expected_calibration_error(probabilities, np.array([True, True, True, False])) == 0


def test_rows_of_one_source_code_are_one_row(tmp_path: Path) -> None:
    path = tmp_path / "gold.csv"
    path.write_text(
        GOLD + "r1,Astma,sv,unit=g/L; system=Plasma,,s,A,,\nr1,Astma,sv,unit=g/L; system=Plasma,,s,B,,\n", "utf-8"
    )
    rows = read_gold(path)
    assert len(rows) == 1
    assert rows[0].right == {("s", "A"), ("s", "B")}
    assert rows[0].term.code is None
    assert dict(rows[0].term.context) == {"unit": "g/L", "system": "Plasma"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"source_code,source_term\n1,x\n", "column target_code: the column is missing"),
        (GOLD.encode() + b"r1,,sv,,,s,A,,\n", "line 2, column source_term: the cell is empty"),
        (GOLD.encode() + b"r1,x,sv\n", "line 2: there are fewer cells"),
        (GOLD.encode() + b"r1,x,sv,,,s,A,,,more\n", "line 2: there are more cells"),
        (GOLD.encode() + b"r1,H\xe4lsa,sv,,,s,A,,\n", "is not UTF-8"),
        (GOLD.encode(), "there is a header but no row"),
        (GOLD.encode() + b'r1,"x,sv,,,s,A,,\n', "is not CSV"),
    ],
)
def test_a_malformed_gold_file_is_named_with_its_place(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "gold.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=message):
        read_gold(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"absent\.csv: cannot be opened"):
        list(read_targets(tmp_path / "absent.csv"))


def test_targets_carry_their_kind(tmp_path: Path) -> None:
    path = tmp_path / "targets.csv"
    path.write_text("code,display,semantic_tag\n1,Asthma,disorder\n", "utf-8")
    assert list(read_targets(path, default_system="s")) == [Target("s", "1", "Asthma", kind="disorder")]


@pytest.fixture
def files(tmp_path: Path, icd_targets: Callable[..., list[Target]]) -> list[str]:
    gold, first, second = tmp_path / "gold.csv", tmp_path / "first.csv", tmp_path / "second.csv"
    gold.write_text(GOLD + "r1,Astma,sv,,,icd,J45,,\nr2,S-Järn,sv,umol/L,,loinc,14798-3,,\n", "utf-8")
    first.write_text("code,display\n" + "".join(f'{one.code},"{one.display}"\n' for one in icd_targets()), "utf-8")
    second.write_text("code,display\n14798-3,Iron [Moles/volume] in Serum or Plasma\n", "utf-8")
    return [str(gold), "--targets", str(first), "--targets", str(second)]


def test_evaluate_prints_one_json_object(files: list[str]) -> None:
    result = CliRunner().invoke(evaluate, [*files, "--json"], catch_exceptions=False)
    found = json.loads(result.output)
    assert set(found) == {"n", "recall@1", "recall@5", "recall@10", "recall@25", "mrr", "auto_accept", "ece"}
    assert (found["n"], found["recall@1"]) == (2, 1)


def test_evaluate_prints_a_table_without_json(files: list[str]) -> None:
    result = CliRunner().invoke(evaluate, files, catch_exceptions=False)
    assert "recall@10    1.0" in result.output
    assert "termserver" in result.output


def test_evaluate_without_targets_says_what_to_name(files: list[str]) -> None:
    with pytest.raises(BadInput, match="--targets"):
        CliRunner().invoke(evaluate, files[:1], catch_exceptions=False)


def test_rows_that_say_there_is_no_target_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "gold.csv"
    path.write_text(
        "source_code,source_term,language,context,frequency,target_system,target_code,target_display,relationship\n"
        "1,Uteblivet besök,sv,,,,,,not-mapped\n2,Astma,sv,,,,J45,Asthma,equivalent\n",
        encoding="utf-8",
    )
    assert [row.term.term for row in read_gold(path)] == ["Astma"]
