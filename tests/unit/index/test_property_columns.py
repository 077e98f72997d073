"""Columns of property values: what they hold, how they are merged, and that they are read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from termserver.index.brief_concepts import BriefBuilder, open_brief
from termserver.index.concept_table import concept_arrays
from termserver.index.property_columns import (
    PropertyColumn,
    PropertyColumns,
    column_of,
    column_of_records,
    merged_columns,
)
from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.coding import Coding, Designation

CONCEPTS = (
    Concept("A", "a", properties=(ConceptProperty("kind", "x", "code"), ConceptProperty("kind", "y", "code"))),
    Concept("B", "b", (Designation("bee"),), (ConceptProperty("kind", "x", "code"),), active=False),
    Concept(
        "C", "c", properties=(ConceptProperty("site", Coding("http://s", "hand"), "Coding"),), definition="the third"
    ),
    Concept(
        "D",
        "d",
        properties=(
            ConceptProperty("flag", True, "boolean"),
            ConceptProperty("size", 2, "integer"),
            ConceptProperty("part-of", "B", "code"),
        ),
        abstract=True,
    ),
)


@pytest.mark.parametrize(
    ("name", "values", "ordinals"),
    [
        ("kind", ["x"], [0, 1]),
        ("kind", ["y", "x"], [0, 1]),
        ("kind", ["z"], []),
        ("site", ["hand"], [2]),
        ("flag", ["true"], [3]),
        ("size", ["2"], [3]),
        ("part-of", ["B"], [3]),
        ("display", ["b"], [1]),
        ("designation", ["bee"], [1]),
        ("definition", ["the third"], [2]),
        ("code", ["D"], [3]),
        ("inactive", ["true"], [1]),
        ("inactive", ["false"], [0, 2, 3]),
        ("notSelectable", ["true"], [3]),
        ("notSelectable", ["false"], []),
    ],
)
def test_concepts_are_found_by_value(name: str, values: list[str], ordinals: list[int]) -> None:
    assert column_of(CONCEPTS, name).having(values).tolist() == ordinals


@pytest.mark.parametrize("name", ["kind", "site", "flag", "size", "part-of", "inactive", "notSelectable", "nothing"])
def test_records_give_the_column_that_concepts_give(name: str, tmp_path: Path) -> None:
    builder = BriefBuilder(tmp_path)
    for concept in CONCEPTS:
        builder.add(concept)
    builder.finish()
    found = column_of_records(concept_arrays(CONCEPTS).table, open_brief(tmp_path), name)
    expected = column_of(CONCEPTS, name)
    assert found is not None
    assert found.places == expected.places
    assert found.starts.tolist() == expected.starts.tolist()
    assert found.ordinals.tolist() == expected.ordinals.tolist()


@pytest.mark.parametrize("name", ["code", "display", "definition", "designation"])
def test_what_a_concept_has_itself_is_in_no_record(name: str, tmp_path: Path) -> None:
    builder = BriefBuilder(tmp_path)
    builder.finish()
    assert column_of_records(concept_arrays(()).table, open_brief(tmp_path), name) is None


def test_values_are_tested_once_each() -> None:
    asked: list[str] = []
    column = column_of(CONCEPTS, "kind")
    assert column.where(lambda value: bool(asked.append(value)) or value == "x").tolist() == [0, 1]
    assert asked == ["x", "y"]
    assert column.any_value().tolist() == [0, 1]


def test_merged_columns_know_both() -> None:
    added = column_of([Concept("C", "", properties=(ConceptProperty("kind", "y"),)), Concept("Z", "")], "kind")
    merged = merged_columns([(column_of(CONCEPTS, "kind"), None), (added, np.array([2, -1], np.int32))])
    assert merged.having(["y"]).tolist() == [0, 2]
    assert merged.having(["x"]).tolist() == [0, 1]


def test_a_column_is_read_once_and_the_oldest_goes_first() -> None:
    read: list[str] = []

    columns = PropertyColumns(most_pairs=5)
    for name in ("kind", "kind", "site", "kind", "inactive", "kind"):

        def column(name: str = name) -> PropertyColumn:
            read.append(name)
            return column_of(CONCEPTS, name)

        columns.column("content", name, column)
    assert len(read) == 4  # `inactive` has four pairs: it drives out the others, and `kind` is read again
