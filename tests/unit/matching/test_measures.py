"""Figures of a list, on ranks that can be counted by hand."""

import numpy as np
import pytest

from termserver.matching.evaluation import GoldRow
from termserver.matching.measures import interval, list_figures, mean_by, ranks_of_scores, recall_figures
from termserver.model.candidate import Candidate, SourceTerm, Suggestions, Target


def suggestions(*codes: str, probability: float = 0.9) -> Suggestions:
    return Suggestions(
        tuple(
            Candidate("s", code, code, rank, 1.0 / rank, probability if rank == 1 else 0.01)
            for rank, code in enumerate(codes, start=1)
        ),
        0.1,
        "test",
    )


def gold(code: str, frequency: float = 0.0) -> GoldRow:
    return GoldRow(SourceTerm(code), frozenset({("s", code)}), frequency)


def test_recall_counts_ranks() -> None:
    assert recall_figures(np.array([1, 2, 0, 6])) == {
        "recall@1": 0.25,
        "recall@5": 0.5,
        "recall@10": 0.75,
        "recall@25": 0.75,
        "mrr": round((1 + 0.5 + 1 / 6) / 4, 4),
    }


def test_figures_weigh_by_frequency_and_know_the_category() -> None:
    rows = [gold("A00.1", 9), gold("A00.2", 1)]
    found = list_figures(rows, [suggestions("A00.1"), suggestions("A00.9", "A00.2")])
    assert (found["recall@1"], found["recall@5"]) == (0.5, 1.0)
    assert found["recall@1 weighted"] == 0.9
    assert found["recall@1 of three characters"] == 1.0
    assert found["ece"] == pytest.approx(0.4)


def test_ties_count_against_the_scorer_and_zero_is_no_answer() -> None:
    targets = [Target("s", code, code) for code in ("A", "B", "C")]
    scores = np.array([[0.5, 0.5, 0.1], [0.0, 0.0, 0.0]], np.float32)
    assert ranks_of_scores([gold("A"), gold("A")], targets, scores).tolist() == [2, 0]


def test_the_interval_narrows_with_rows() -> None:
    few, many = (interval(np.arange(count) % 2 == 0) for count in (20, 2000))
    assert few[0] < many[0] < 0.5 < many[1] < few[1]


def test_means_are_by_group() -> None:
    lists = {"a": {"recall@1": 0.5, "recall@10": 1.0, "ece": 0.1}, "b": {"recall@1": 0.7, "recall@10": 0.8, "ece": 0.3}}
    assert mean_by(lists, {"a": "sv", "b": "sv"}) == {"sv": {"recall@1": 0.6, "recall@10": 0.9, "ece": 0.2}}
