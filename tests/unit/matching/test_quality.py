"""The shipped weights on rows they have not seen, where the shared data folder is present. The floor may only rise."""

import os
from pathlib import Path

import pytest

from termserver.matching.engine import MatchingEngine
from termserver.matching.evaluation import GoldRow, figures
from termserver.matching.training.held_out import ICD, TEST, held_out_titles
from termserver.matching.training.rows import pool
from termserver.model.candidate import SourceTerm

DATA = Path(os.environ.get("TERMSERVER_DATA_SOURCES", Path(__file__).parents[4] / "shared/data"))
FLOOR = {"sv": (0.94, 0.99), "nb": (0.96, 0.99), "da": (0.89, 0.975), "fi": (0.895, 0.975), "et": (0.91, 0.98)}


@pytest.fixture(scope="module")
def who_engine() -> MatchingEngine:
    if not (DATA / "targets").is_dir():
        pytest.skip(f"no data folder at {DATA}; name it with TERMSERVER_DATA_SOURCES")
    return MatchingEngine.build(pool(DATA, [ICD]))


@pytest.mark.shared
@pytest.mark.parametrize("language", sorted(FLOOR))
def test_national_titles_of_unseen_codes_find_their_english_code(language: str, who_engine: MatchingEngine) -> None:
    rows = held_out_titles(DATA, TEST)[language]
    gold = [GoldRow(SourceTerm(row["source_term"], language), frozenset({(ICD, row["target_code"])})) for row in rows]
    terms = [row.term for row in gold]
    found = figures(gold, who_engine.suggest(terms, limit=25, profile=who_engine.profile(terms)))
    assert len(gold) > 800
    assert (found["recall@1"] >= FLOOR[language][0], found["recall@10"] >= FLOOR[language][1]) == (True, True), found
